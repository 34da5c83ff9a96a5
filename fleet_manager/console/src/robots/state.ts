import type { TFunction } from 'i18next';
import type { RobotView, TaskView, WaitingFor } from '../api/types';
import { word } from '../i18n/words';

/** What a robot is doing, in one word; an e-stop is never called a pause. */
export function robotState(t: TFunction, robot: RobotView): string {
  if (robot.mode !== 'automatic') return word(t, 'mode', robot.mode);
  if (!robot.connected) return t('robot.offline');
  if (robot.paused && robot.status !== 'out_of_service') return t('robot.paused');
  return word(t, 'robot', robot.status);
}

/** State of charge in words; people have none worth telling. */
export function chargeText(robot: RobotView): string | null {
  if (robot.kind === 'person' || robot.state_of_charge === null) return null;
  return `${Math.round(robot.state_of_charge * 100)} %`;
}

/** What is waited for; at a hand-over it is a person. */
export function waitingText(
  t: TFunction,
  waiting: WaitingFor,
  task: TaskView | undefined,
  placeName: (place: string) => string,
): string {
  if (task?.handover_step) {
    return t(loads(task) ? 'task.waitingLoad' : 'task.waitingReceive', { place: placeName(waiting.resource) });
  }
  const what = t('task.waiting', { what: resourceText(t, waiting.resource, placeName) });
  return waiting.held_by === null ? what : `${what} (${t('task.heldBy', { who: waiting.held_by })})`;
}

/** A lift by its name; a piece of the way (`w:…`, `l:…`) is nothing that people know by one. */
function resourceText(t: TFunction, resource: string, placeName: (place: string) => string): string {
  if (/^[wl]:/.test(resource)) return t('task.wayAhead');
  return placeName(resource.replace(/^lift:/, ''));
}

/** Whether the hand-over that is due puts goods into the carrier. */
export function loads(task: TaskView): boolean {
  return task.mission?.steps.find((step) => step.step_id === task.handover_step)?.kind === 'pick_up';
}
