import { NoAnswer, Refused, requestDelivery, sendPorter } from '../api/client';
import type { DeliveryRequest } from '../api/types';

/**
 * Requests that got no answer: they wait here, in this browser, and are sent once the fleet manager is back. What it
 * refuses then stays with the reason until somebody has read it.
 */
export interface Kept {
  readonly key: string;
  readonly body: DeliveryRequest;
  readonly porter: boolean;
  readonly refused?: string;
}

const STORED = 'wardfleet.outbox';
const listeners = new Set<() => void>();
let kept: readonly Kept[] = read();
let sending = false;

function read(): readonly Kept[] {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? '[]') as Kept[];
  } catch {
    return [];
  }
}

function write(next: readonly Kept[]): void {
  kept = next;
  localStorage.setItem(STORED, JSON.stringify(next));
  for (const listener of listeners) listener();
}

export const waiting = (): readonly Kept[] => kept;

export function onOutbox(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function keep(request: Kept): void {
  if (!kept.some(({ key }) => key === request.key)) write([...kept, request]);
}

export const forget = (key: string): void => write(kept.filter((one) => one.key !== key));

/** Send what waits, in order. The same key goes with each, so nothing is made twice. */
export async function sendKept(): Promise<void> {
  if (sending) return;
  sending = true;
  try {
    for (const one of kept) {
      if (one.refused !== undefined) continue;
      try {
        const task = await requestDelivery(one.body, one.key);
        if (one.porter) await sendPorter(task.id);
        forget(one.key);
      } catch (error) {
        if (error instanceof NoAnswer) return;
        const refused = error instanceof Refused ? error.problem.detail : String(error);
        write(kept.map((other) => (other.key === one.key ? { ...other, refused } : other)));
      }
    }
  } finally {
    sending = false;
  }
}
