import { describe, expect, it } from 'vitest';
import { aStep } from '../testing/views';
import { lines } from './steps';

describe('the steps of a mission', () => {
  it('hold each lift ride as a part of the way that it is ridden on', () => {
    const ride = aStep('ride_lift', 'pending');
    const found = lines([aStep('go_to', 'done'), aStep('pick_up', 'done'), ride, aStep('go_to', 'active')]);
    expect(found.map(({ step, rides }) => [step.kind, rides.length])).toEqual([
      ['go_to', 0],
      ['pick_up', 0],
      ['go_to', 1],
    ]);
  });
});
