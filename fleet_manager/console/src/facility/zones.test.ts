import { describe, expect, it } from 'vitest';
import { aZone } from '../testing/views';
import { sorted, standing } from './zones';

const NOW = Date.parse('2026-03-01T08:00:00Z');
const at = (hours: number) => new Date(NOW + hours * 3_600_000).toISOString();

describe('a zone', () => {
  it('is overdue when its time has come, or when it was never disinfected and should be', () => {
    expect(standing(aZone('a', { due_because: 'daily', due_at: at(-1) }), NOW)).toBe('overdue');
    expect(standing(aZone('a', { due_because: 'never', due_at: null }), NOW)).toBe('overdue');
    expect(standing(aZone('a', { due_because: 'daily', due_at: at(3) }), NOW)).toBe('soon');
    expect(standing(aZone('a', { due_because: 'daily', due_at: at(40) }), NOW)).toBe('fine');
    expect(standing(aZone('a', {}), NOW)).toBe('none');
  });

  it('that is being disinfected is not overdue', () => {
    expect(standing(aZone('a', { task: 'T1', due_because: 'daily', due_at: at(-1) }), NOW)).toBe('underway');
  });

  it('stands before those for which there is less to do, and is found by any part of its name', () => {
    const zones = [aZone('room_10', {}), aZone('room_9', {}), aZone('icu', { due_because: 'never' })];
    expect(sorted(zones, NOW, '', (zone) => zone.id).map(({ id }) => id)).toEqual(['icu', 'room_9', 'room_10']);
    expect(sorted(zones, NOW, '10', (zone) => zone.id).map(({ id }) => id)).toEqual(['room_10']);
  });
});
