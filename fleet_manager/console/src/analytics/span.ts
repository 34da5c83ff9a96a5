export const SPANS = ['shift', 'day', 'week'] as const;
export type SpanName = (typeof SPANS)[number];

const HOUR_MS = 3_600_000;
const HOURS: Record<SpanName, number> = { shift: 8, day: 24, week: 168 };

/** The span in whole hours up to and with the one that runs now. */
export function spanOf(name: SpanName, now: number): { from: string; to: string } {
  const to = (Math.floor(now / HOUR_MS) + 1) * HOUR_MS;
  return { from: new Date(to - HOURS[name] * HOUR_MS).toISOString(), to: new Date(to).toISOString() };
}

/** The share of a whole; null of nothing. */
export function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
