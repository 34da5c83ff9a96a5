import type { OccurrenceView, ScheduleView } from '../api/types';

const DAY_MS = 86_400_000;

/** The seven days from the one in which `now` falls on, by their beginning in local time. */
export function weekFrom(now: number, weeks: number): Date[] {
  const today = new Date(now);
  return Array.from({ length: 7 }, (_, i) => new Date(today.getFullYear(), today.getMonth(), today.getDate() + 7 * weeks + i));
}

export interface Entry {
  readonly schedule: ScheduleView;
  readonly at: Date;
}

/** What falls due on a day, in order of time. */
export function entriesOn(day: Date, occurrences: readonly OccurrenceView[], schedules: readonly ScheduleView[]): Entry[] {
  const known = new Map(schedules.map((schedule) => [schedule.id, schedule]));
  const end = new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1);
  return occurrences.flatMap((occurrence) => {
    const schedule = known.get(occurrence.schedule);
    const at = new Date(occurrence.at);
    return schedule !== undefined && at >= day && at < end ? [{ schedule, at }] : [];
  });
}

/** The date (YYYY-MM-DD) of a moment at the site, as exceptions are written. */
export function dateAt(moment: Date, timezone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: timezone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(moment);
}

/** The local time (YYYY-MM-DDTHH:MM:SS) of a moment at the site, as a schedule's beginning is written. */
export function localAt(moment: Date, timezone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(moment);
  return `${dateAt(moment, timezone)}T${parts}:00`;
}

/** The same time of day on another day. */
export function movedTo(at: Date, from: Date, to: Date): Date {
  const days = Math.round((to.getTime() - from.getTime()) / DAY_MS);
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days, at.getHours(), at.getMinutes());
}

export const REPEATS = ['once', 'daily', 'weekdays', 'weekly'] as const;
export type Repeat = (typeof REPEATS)[number];

export const RULES: Readonly<Record<Repeat, string>> = {
  once: 'FREQ=DAILY;COUNT=1',
  daily: 'FREQ=DAILY',
  weekdays: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR',
  weekly: 'FREQ=WEEKLY',
};
