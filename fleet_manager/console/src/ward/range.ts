import type { TaskView } from '../api/types';

const LEAST_MS = 60_000;
/** Estimates err in proportion to the way that is left: lifts and hand-overs on it are not ours to time. */
const SHARE = 0.2;

/** When it is expected: from the estimate on, as late as estimates usually err; null without one. */
export function rangeOf(task: TaskView, now: number): [string, string] | null {
  if (task.eta === null) return null;
  const eta = Date.parse(task.eta);
  const late = Math.max(LEAST_MS, (eta - now) * SHARE);
  return [task.eta, new Date(eta + late).toISOString()];
}
