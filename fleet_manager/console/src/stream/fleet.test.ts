import { describe, expect, it } from 'vitest';
import { aChange, anAlert, aRobot, aSnapshot, aTask } from '../testing/views';
import { applied, type Fleet } from './fleet';

function fleetAt(seq: number, views: Parameters<typeof aSnapshot>[1] = {}): Fleet {
  const fleet = applied(null, aSnapshot(seq, views));
  if (fleet === null) throw new Error('a snapshot always applies');
  return fleet;
}

describe('what the console knows of the fleet', () => {
  it('changes by the views of the next event and keeps all others as they were', () => {
    const before = fleetAt(4, { tasks: [aTask('t1')], robots: [aRobot('amber')] });
    const after = applied(before, aChange(5, { tasks: [aTask('t1', 'underway'), aTask('t2')] }));
    expect(after?.seq).toBe(5);
    expect(Object.values(after?.tasks ?? {}).map((task) => task.status)).toEqual(['underway', 'queued']);
    expect(after?.robots).toBe(before.robots);
  });

  it('does not change by an event that it has already', () => {
    const fleet = fleetAt(4);
    expect(applied(fleet, aChange(4, { tasks: [aTask('t1')] }))).toBe(fleet);
  });

  it('is unknown when an event is missing, or when there was no snapshot', () => {
    expect(applied(fleetAt(4), aChange(6))).toBeNull();
    expect(applied(null, aChange(1))).toBeNull();
  });

  it('forgets open tasks that a complete view no longer has, and keeps those that ended', () => {
    const before = fleetAt(4, { tasks: [aTask('gone'), aTask('done', 'completed', '2026-03-01T08:10:00Z')] });
    const views = { tasks: [aTask('new')], robots: [aRobot('birch')] };
    const after = applied(before, aChange(5, { complete: true, ...views }));
    expect(Object.keys(after?.tasks ?? {})).toEqual(['done', 'new']);
    expect(Object.keys(after?.robots ?? {})).toEqual(['birch']);
  });

  it('shows an alert until it is closed', () => {
    const open = fleetAt(1, { alerts: [anAlert('a1'), anAlert('a2', 'taken')] });
    expect(Object.keys(open.alerts)).toEqual(['a1', 'a2']);
    const after = applied(open, aChange(2, { alerts: [anAlert('a1', 'closed')] }));
    expect(Object.keys(after?.alerts ?? {})).toEqual(['a2']);
  });

  it('keeps only the tasks that ended last', () => {
    const minute = (n: number) => `2026-03-01T08:${String(n).padStart(2, '0')}:00Z`;
    const ended = Array.from({ length: 55 }, (_, n) => aTask(`t${n}`, 'completed', minute(n)));
    const fleet = fleetAt(1, { tasks: [aTask('open'), ...ended] });
    expect(Object.keys(fleet.tasks)).toHaveLength(51);
    expect(fleet.tasks['t4']).toBeUndefined();
    expect(fleet.tasks['t5']).toBeDefined();
  });
});
