/** Making a format takes longer than using it a hundred times. */
function kept<Format>(make: (language: string, options: object) => Format): (language: string, options: object) => Format {
  const formats = new Map<string, Format>();
  return (language, options) => {
    const key = language + JSON.stringify(options);
    let format = formats.get(key);
    if (format === undefined) formats.set(key, (format = make(language, options)));
    return format;
  };
}

const dates = kept((language, options) => new Intl.DateTimeFormat(language, options));
const relative = kept((language, options) => new Intl.RelativeTimeFormat(language, options));
const numbers = kept((language, options) => new Intl.NumberFormat(language, options));

/** Local time of day, with the date when it is not today. */
export function clock(language: string, moment: string, now: number): string {
  const then = new Date(moment);
  const sameDay = then.toDateString() === new Date(now).toDateString();
  const day = sameDay ? {} : ({ month: 'short', day: 'numeric' } as const);
  return dates(language, { ...day, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(then);
}

/** How far away a moment is, such as “in 4 min” or “2 min ago”. */
export function away(language: string, moment: string, now: number): string {
  const seconds = (Date.parse(moment) - now) / 1000;
  const format = relative(language, { numeric: 'always', style: 'short' });
  if (Math.abs(seconds) < 60) return format.format(Math.round(seconds), 'second');
  if (Math.abs(seconds) < 5400) return format.format(Math.round(seconds / 60), 'minute');
  return format.format(Math.round(seconds / 3600), 'hour');
}

/** A length of time in minutes, at least one. */
export function minutes(language: string, milliseconds: number): string {
  const count = Math.max(1, Math.round(milliseconds / 60_000));
  return numbers(language, { style: 'unit', unit: 'minute', unitDisplay: 'short' }).format(count);
}

/** A length of time, in seconds below a minute. */
export function lasting(language: string, milliseconds: number): string {
  if (milliseconds >= 60_000) return minutes(language, milliseconds);
  const count = Math.max(0, Math.round(milliseconds / 1_000));
  return numbers(language, { style: 'unit', unit: 'second', unitDisplay: 'short' }).format(count);
}

/** Local time of day to the second. */
export function clockSeconds(language: string, moment: number): string {
  return dates(language, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(moment);
}
