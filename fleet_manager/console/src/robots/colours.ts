import type { RobotView } from '../api/types';

/** One colour for what a robot is doing, the same on the map and in lists; trouble comes first. */
export function robotColour(robot: RobotView): string {
  if (robot.mode === 'estop' || robot.mode === 'error' || robot.status === 'error') return '#e03131';
  if (!robot.connected || robot.status === 'offline' || robot.status === 'out_of_service') return '#868e96';
  if (robot.paused || robot.mode === 'manual') return '#e8590c';
  if (robot.status === 'charging') return '#2f9e44';
  if (robot.status === 'decontaminating') return '#9c36b5';
  return robot.status === 'working' ? '#1971c2' : '#0c8599';
}
