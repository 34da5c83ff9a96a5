import type { StepView } from '../api/types';

export interface Line {
  readonly step: StepView;
  /** The lift rides that are left of the way to this step's place. */
  readonly rides: readonly StepView[];
}

/** The steps as people read them: rides belong to the `go_to` they are listed before. */
export function lines(steps: readonly StepView[]): Line[] {
  const found: Line[] = [];
  let rides: StepView[] = [];
  for (const step of steps) {
    if (step.kind === 'ride_lift') rides.push(step);
    else {
      found.push({ step, rides });
      rides = [];
    }
  }
  return [...found, ...rides.map((step) => ({ step, rides: [] }))];
}
