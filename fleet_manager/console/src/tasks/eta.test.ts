import { describe, expect, it } from 'vitest';
import type { TaskView, WaitingFor } from '../api/types';
import { aTask, aWait } from '../testing/views';
import { kept, moveOf, watched, type EtaHistories } from './eta';

const at = (minute: number) => `2026-03-01T08:${String(minute).padStart(2, '0')}:00Z`;
const task = (eta: number | null, more: Partial<TaskView> = {}): TaskView => ({
  ...aTask('T1', 'underway'),
  robot: 'amber',
  eta: eta === null ? null : at(eta),
  ...more,
});

/** The history after these tasks came one after the other, a minute apart. */
function after(...tasks: TaskView[]): EtaHistories {
  let histories: EtaHistories = {};
  tasks.forEach((one, minute) => {
    histories = watched(histories, [one], at(minute));
  });
  return histories;
}

const move = (present: TaskView, histories: EtaHistories, minute = 20) => moveOf(present, histories['T1'], Date.parse(at(minute)));

describe('an ETA that moved', () => {
  it('is compared with the first one that was seen', () => {
    const histories = after(task(null), task(30), task(33));
    expect(histories['T1']?.first).toBe(at(30));
    expect(move(task(33), histories)).toEqual({ was: at(30), why: 'later' });
    expect(move(task(28), histories)).toEqual({ was: at(30), why: 'sooner' });
  });

  it('is not worth a word below a minute, or without a first one', () => {
    expect(move(task(30), after(task(30)))).toBeNull();
    expect(move(task(30), after(task(null)))).toBeNull();
    expect(move(task(null), after(task(30)))).toBeNull();
  });

  it('is blamed on the longest wait, also when that is over', () => {
    const lift = aWait('lift', 'lift_5', null, at(1));
    const door = aWait('door', 'door', null, at(4));
    const waiting = (waiting_for: WaitingFor | null) => task(30, { waiting_for });
    const histories = after(task(30), waiting(lift), waiting(lift), waiting(null), waiting(door), task(32));
    expect(move(task(32), histories)?.why).toEqual({ wait: lift, ms: 120_000 });
  });

  it('is blamed on the way when that was blocked again and again, whoever stood there', () => {
    const way = (holder: string) => task(30, { waiting_for: aWait('way', `w:${holder}`, holder, at(1)) });
    const lift = task(30, { waiting_for: aWait('lift', 'lift_5', null, at(1)) });
    const histories = after(task(30), way('blue'), way('coral'), lift, way('coral'), task(33));
    expect(move(task(33), histories)?.why).toMatchObject({ wait: { held_by: 'coral' }, ms: 180_000 });
  });

  it('is blamed on the present wait while that grows', () => {
    const here = task(33, { waiting_for: aWait('person', 'ward_2a', null, at(18)), handover_step: 's1' });
    const histories = watched(after(task(30)), [here], at(19));
    expect(move(here, histories)?.why).toMatchObject({ wait: { kind: 'person' }, ms: 120_000 });
  });

  it('is not blamed on a wait that was far too short', () => {
    const here = task(40, { waiting_for: aWait('door', 'door', null, at(19)) });
    expect(move(here, watched(after(task(30)), [here], at(19)))?.why).toBe('later');
  });

  it('is another carrier’s, when it is', () => {
    expect(move(task(35, { robot: 'blue' }), after(task(30)))?.why).toBe('carrier');
  });

  it('is forgotten with its task', () => {
    expect(kept(after(task(30)), {})).toEqual({});
    expect(Object.keys(kept(after(task(30)), { T1: 1 }))).toEqual(['T1']);
  });
});
