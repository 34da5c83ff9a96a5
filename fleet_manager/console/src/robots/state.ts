import type { TFunction } from 'i18next';
import type { RobotView, TaskView } from '../api/types';
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

/** Whether the hand-over that is due puts goods into the carrier. */
export function loads(task: TaskView): boolean {
  return task.mission?.steps.find((step) => step.step_id === task.handover_step)?.kind === 'pick_up';
}
