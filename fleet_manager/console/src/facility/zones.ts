import type { ZoneView } from '../api/types';

/** How urgent a zone's disinfection is: it is being done, overdue, due within a day, or nothing to do. */
export type Standing = 'underway' | 'overdue' | 'soon' | 'fine' | 'none';

const SOON_MS = 24 * 3_600_000;
const ORDER: readonly Standing[] = ['underway', 'overdue', 'soon', 'fine', 'none'];

export function standing(zone: ZoneView, now: number): Standing {
  if (zone.task !== null) return 'underway';
  if (zone.due_because !== null) {
    if (zone.due_at === null || Date.parse(zone.due_at) <= now) return 'overdue';
    return Date.parse(zone.due_at) - now < SOON_MS ? 'soon' : 'fine';
  }
  return zone.treated_at === null ? 'none' : 'fine';
}

/** What there is to do first, then by name; `text` finds zones by any parts of their name. */
export function sorted(zones: readonly ZoneView[], now: number, text: string, name: (zone: ZoneView) => string): ZoneView[] {
  const wanted = text.toLowerCase().split(/\s+/).filter((part) => part !== '');
  return zones
    .map((zone) => ({ zone, rank: ORDER.indexOf(standing(zone, now)), name: name(zone) }))
    .filter((entry) => wanted.every((part) => `${entry.name} ${entry.zone.id}`.toLowerCase().includes(part)))
    .sort((a, b) => a.rank - b.rank || a.name.localeCompare(b.name, undefined, { numeric: true }))
    .map((entry) => entry.zone);
}
