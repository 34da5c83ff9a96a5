import { useSyncExternalStore } from 'react';

/** Who uses this console; the fleet manager writes it down beside all that they do. */
export interface Person {
  readonly id: string;
  readonly role: Role;
  readonly ward: string | null;
}

export const ROLES = ['nurse', 'facility', 'operator', 'technician', 'security'] as const;
export type Role = (typeof ROLES)[number];

const STORED = 'wardfleet.person';

function stored(): Person | null {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? 'null') as Person | null;
  } catch {
    return null;
  }
}

let current: Person | null = typeof localStorage === 'undefined' ? null : stored();
const listeners = new Set<() => void>();

export const thePerson = (): Person | null => current;

export function setPerson(person: Person | null): void {
  current = person;
  localStorage.setItem(STORED, JSON.stringify(person));
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePerson(): Person | null {
  return useSyncExternalStore(subscribe, thePerson);
}
