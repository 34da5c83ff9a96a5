import { describe, expect, it } from 'vitest';
import type { ScheduleView } from '../api/types';
import { dateAt, entriesOn, localAt, movedTo, weekFrom } from './week';

const schedule = { id: 'S1', name: 'night run' } as ScheduleView;
const now = new Date(2026, 2, 1, 15, 30).getTime();

describe('the week', () => {
  it('begins today, and goes on where it is turned over', () => {
    expect(weekFrom(now, 0).map((day) => day.getDate())).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(weekFrom(now, 1)[0]?.getDate()).toBe(8);
  });

  it('shows on each day what falls due on it', () => {
    const at = new Date(2026, 2, 2, 6, 30).toISOString();
    const days = weekFrom(now, 0).map((day) => entriesOn(day, [{ schedule: 'S1', at }], [schedule]).length);
    expect(days).toEqual([0, 1, 0, 0, 0, 0, 0]);
  });
});

describe('an entry', () => {
  it('keeps its time of day when it is moved', () => {
    const moved = movedTo(new Date(2026, 2, 2, 6, 30), new Date(2026, 2, 2), new Date(2026, 2, 5));
    expect([moved.getDate(), moved.getHours(), moved.getMinutes()]).toEqual([5, 6, 30]);
  });

  it('is written in the time of the site', () => {
    const moment = new Date('2026-03-01T22:30:00Z');
    expect(dateAt(moment, 'Asia/Shanghai')).toBe('2026-03-02');
    expect(localAt(moment, 'Asia/Shanghai')).toBe('2026-03-02T06:30:00');
  });
});
