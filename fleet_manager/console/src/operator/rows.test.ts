import { describe, expect, it } from 'vitest';
import type { AlertView, RobotView } from '../api/types';
import { alertsOf, inTrouble, shown, type Row } from './rows';

function row(id: string, robot: Partial<RobotView> = {}, errors: string[] = []): Row {
  const known = { id, fleet: 'carts', status: 'idle', mode: 'automatic', connected: true, paused: false } as RobotView;
  const rest = { state_of_charge: 1, task: null, last_seen: null, waiting_for: null };
  return { robot: { ...known, ...rest, ...robot }, state: 'Idle', reason: null, where: 'Lobby', errors };
}

const ids = (rows: Row[]): string[] => rows.map(({ robot }) => robot.id);
const BY_NAME = { by: 'robot', down: false } as const;

describe('the robots table', () => {
  it('sorts numbers in names as numbers, and ties by name', () => {
    const rows = [row('robot-10'), row('robot-2', { state_of_charge: 0.2 }), row('robot-1')];
    expect(ids(shown(rows, '', 'all', BY_NAME))).toEqual(['robot-1', 'robot-2', 'robot-10']);
    expect(ids(shown(rows, '', 'all', { by: 'battery', down: false }))).toEqual(['robot-2', 'robot-1', 'robot-10']);
    expect(ids(shown(rows, '', 'all', { by: 'robot', down: true }))).toEqual(['robot-10', 'robot-2', 'robot-1']);
  });

  it('puts those in trouble first', () => {
    const rows = [row('robot-1'), row('robot-2', {}, ['blocked']), row('robot-3', { connected: false })];
    expect(ids(shown(rows, '', 'all', { by: 'errors', down: false }))).toEqual(['robot-2', 'robot-3', 'robot-1']);
    expect(ids(shown(rows, '', 'trouble', BY_NAME))).toEqual(['robot-2', 'robot-3']);
    expect(inTrouble(row('robot-4', { mode: 'estop' }))).toBe(true);
  });

  it('finds all the words that were typed, in any order', () => {
    const rows = [row('robot-1', { task: 'T00017' }), row('robot-2', { fleet: 'meals' })];
    expect(ids(shown(rows, 't00017 CARTS', 'all', BY_NAME))).toEqual(['robot-1']);
    expect(ids(shown(rows, 'meals t00017', 'all', BY_NAME))).toEqual([]);
  });

  it('shows what stands still because a person wants it', () => {
    const rows = [row('robot-1', { paused: true }), row('robot-2', { status: 'out_of_service' }), row('robot-3')];
    expect(ids(shown(rows, '', 'still', BY_NAME))).toEqual(['robot-1', 'robot-2']);
  });

  it('knows the open alerts of each robot', () => {
    const alert = (subject: string, state: string) => ({ subject, state }) as AlertView;
    const found = alertsOf([alert('robot-1', 'open'), alert('robot-1', 'taken'), alert('robot-2', 'closed')]);
    expect(found.get('robot-1')).toHaveLength(2);
    expect(found.get('robot-2')).toBeUndefined();
  });
});
