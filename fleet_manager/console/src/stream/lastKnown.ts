import type { Live } from './store';

/** The fleet as this browser saw it last, for when the page is opened without a network; always shown with its age. */
const STORED = 'wardfleet.fleet';
const EVERY_MS = 5_000;

export function lastKnown(): Pick<Live, 'fleet' | 'heardAt' | 'aheadMs'> | null {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? 'null') as Pick<Live, 'fleet' | 'heardAt' | 'aheadMs'> | null;
  } catch {
    return null;
  }
}

/** Keep what is live, now and then. A browser without room for it goes without. */
export function keepLast(current: () => Live): () => void {
  const keep = () => {
    const { phase, fleet, heardAt, aheadMs } = current();
    if (phase !== 'live' || fleet === null) return;
    try {
      localStorage.setItem(STORED, JSON.stringify({ fleet, heardAt, aheadMs }));
    } catch {
      localStorage.removeItem(STORED);
    }
  };
  const timer = setInterval(keep, EVERY_MS);
  return () => clearInterval(timer);
}
