import type { AlertView, DoorView, LiftView, RobotView, StreamMessage, TaskStatus, TaskView } from '../api/types';
import { kept, watched, type EtaHistories } from '../tasks/eta';

type ById<View> = Readonly<Record<string, View>>;

/** What the console knows of the fleet, as of event `seq`. Poses between two events are not here: see FleetStore. */
export interface Fleet {
  readonly seq: number;
  readonly tasks: ById<TaskView>;
  readonly robots: ById<RobotView>;
  readonly alerts: ById<AlertView>;
  readonly doors: ById<DoorView>;
  readonly lifts: ById<LiftView>;
  readonly etas: EtaHistories;
}

type Views = Pick<Extract<StreamMessage, { type: 'snapshot' }>, 'tasks' | 'robots' | 'alerts' | 'doors' | 'lifts'>;

const ENDED: ReadonlySet<TaskStatus> = new Set(['completed', 'cancelled', 'failed']);
const KEPT_ENDED = 50;

export const hasEnded = (task: TaskView): boolean => ENDED.has(task.status);

/** The fleet after `message`, or null when events are missing between: then only a snapshot helps. */
export function applied(
  fleet: Fleet | null,
  message: Extract<StreamMessage, { type: 'snapshot' | 'change' }>,
): Fleet | null {
  if (message.type === 'snapshot') return replaced(fleet, message.seq, message, message.time);
  if (fleet === null || message.seq > fleet.seq + 1) return null;
  if (message.seq <= fleet.seq) return fleet;
  if (message.complete) return replaced(fleet, message.seq, message, message.time);
  return {
    seq: message.seq,
    etas: watched(fleet.etas, message.tasks, message.time),
    tasks: withoutOldest(merged(fleet.tasks, message.tasks)),
    robots: merged(fleet.robots, message.robots),
    alerts: onlyOpen(merged(fleet.alerts, message.alerts)),
    doors: merged(fleet.doors, message.doors),
    lifts: merged(fleet.lifts, message.lifts),
  };
}

/** Everything open is in `views`; of what was known before, only ended tasks stay. */
function replaced(fleet: Fleet | null, seq: number, views: Views, time: string): Fleet {
  const ended = Object.values(fleet?.tasks ?? {}).filter(hasEnded);
  const tasks = withoutOldest(merged(merged({}, ended), views.tasks));
  return {
    seq,
    etas: kept(watched(fleet?.etas ?? {}, views.tasks, time), tasks),
    tasks,
    robots: merged({}, views.robots),
    alerts: onlyOpen(merged({}, views.alerts)),
    doors: merged({}, views.doors),
    lifts: merged({}, views.lifts),
  };
}

function merged<View extends { id: string }>(known: ById<View>, changed: readonly View[]): ById<View> {
  if (changed.length === 0) return known;
  return { ...known, ...Object.fromEntries(changed.map((view) => [view.id, view])) };
}

function onlyOpen(alerts: ById<AlertView>): ById<AlertView> {
  const open = Object.values(alerts).filter((alert) => alert.state !== 'closed');
  return open.length === Object.keys(alerts).length ? alerts : merged({}, open);
}

function withoutOldest(tasks: ById<TaskView>): ById<TaskView> {
  const ended = Object.values(tasks).filter(hasEnded);
  if (ended.length <= KEPT_ENDED) return tasks;
  const old = new Set(
    ended
      .sort((a, b) => (b.ended_at ?? '').localeCompare(a.ended_at ?? ''))
      .slice(KEPT_ENDED)
      .map((task) => task.id),
  );
  return Object.fromEntries(Object.entries(tasks).filter(([id]) => !old.has(id)));
}
