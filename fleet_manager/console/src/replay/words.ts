import type { TFunction } from 'i18next';
import type { AlertView, Happening, TaskView } from '../api/types';
import { placeText } from '../i18n/places';
import { alertText, word } from '../i18n/words';

/** What the words of a happening are taken from. */
export interface Known {
  readonly tasks: Readonly<Record<string, TaskView>>;
  readonly alerts: Readonly<Record<string, AlertView>>;
}

/** One happening, in a sentence. */
export function happeningText(t: TFunction, one: Happening, known: Known, placeName: (place: string) => string): string {
  const task = one.task == null ? undefined : known.tasks[one.task];
  const alert = one.alert == null ? undefined : known.alerts[one.alert];
  const said = {
    task: one.task ?? '',
    what: task === undefined ? '' : taskText(t, task, placeName),
    robot: one.robot ?? '',
    who: one.actor ?? '',
    place: one.place == null ? '' : placeName(one.place),
    alert: alert === undefined ? (one.alert ?? '') : alertText(t, alert),
    status: one.status == null ? '' : word(t, one.kind === 'robot_mode_changed' ? 'mode' : 'robot', one.status),
  };
  const kind = one.kind === 'task_ended' ? `task_${one.status ?? 'completed'}` : one.kind;
  return t(`happened.${kind}` as 'happened.task_submitted', said);
}

/** From where to where, or what is treated. */
function taskText(t: TFunction, task: TaskView, placeName: (place: string) => string): string {
  if (task.zone !== null) return t('task.disinfect', { zone: placeText(t, task.zone) });
  if (task.pickup === task.dropoff || task.pickup === '') return placeName(task.dropoff);
  return `${placeName(task.pickup)} → ${placeName(task.dropoff)}`;
}

const DAILY: ReadonlySet<string> = new Set(['charging', 'working', 'decontaminating']);

/** Whether people want to read of it: that a robot charges is seen. */
export function isWorthTelling({ kind, status }: Happening): boolean {
  return kind !== 'robot_status_changed' || !DAILY.has(status ?? '');
}

export type Mark = 'alert' | 'done' | 'undone';

/** What of it is marked on the time line: alerts, and the ends of tasks. */
export function markOf({ kind, status }: Happening): Mark | null {
  if (kind === 'alert_raised' || kind === 'alarm_raised') return 'alert';
  if (kind !== 'task_ended') return null;
  return status === 'completed' ? 'done' : 'undone';
}
