import { requestDelivery, NoAnswer } from '../api/client';
import type { DeliveryRequest } from '../api/types';

/** Requests that got no answer: they wait here, in this browser, and are sent once the fleet manager is back. */
export interface Kept {
  readonly key: string;
  readonly body: DeliveryRequest;
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

/** Send what waits, in order. The same key goes with each, so nothing is made twice; what is refused is dropped. */
export async function sendKept(): Promise<void> {
  if (sending) return;
  sending = true;
  try {
    for (const { key, body } of kept) {
      try {
        await requestDelivery(body, key);
      } catch (error) {
        if (error instanceof NoAnswer) return;
      }
      forget(key);
    }
  } finally {
    sending = false;
  }
}
