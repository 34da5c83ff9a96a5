import type { TaskView, WaitingFor } from '../api/types';

/** A wait that is over, or as long as it lasts so far. */
export interface PastWait {
  readonly wait: WaitingFor;
  readonly ms: number;
}

/**
 * What has been seen of one task's ETA: the first one, whose it was, the waits since (the pieces of the way as one), and
 * the wait that goes on, seen since `since` (ms).
 */
export interface EtaHistory {
  readonly first: string;
  readonly carrier: string | null;
  readonly waits: Readonly<Record<string, PastWait>>;
  readonly present: { readonly wait: WaitingFor; readonly since: number } | null;
}

export type EtaHistories = Readonly<Record<string, EtaHistory>>;

const NOTABLE_MS = 60_000;

/** The histories after `changed` tasks came at `time`. */
export function watched(histories: EtaHistories, changed: readonly TaskView[], time: string): EtaHistories {
  const now = Date.parse(time);
  const next = changed.flatMap((task): [string, EtaHistory][] => {
    const history = histories[task.id] ?? begun(task);
    return history === null ? [] : [[task.id, seen(history, task, now)]];
  });
  return next.length === 0 ? histories : { ...histories, ...Object.fromEntries(next) };
}

/** Only the histories of these tasks. */
export function kept(histories: EtaHistories, tasks: Readonly<Record<string, unknown>>): EtaHistories {
  return Object.fromEntries(Object.entries(histories).filter(([task]) => task in tasks));
}

export interface EtaMove {
  readonly was: string;
  readonly why: 'carrier' | 'sooner' | 'later' | PastWait;
}

/** How the ETA has moved since it was first seen, and the main reason; null when it has not by a minute. */
export function moveOf(task: TaskView, history: EtaHistory | undefined, now: number): EtaMove | null {
  if (task.eta === null || history === undefined) return null;
  const by = Date.parse(task.eta) - Date.parse(history.first);
  if (Math.abs(by) < NOTABLE_MS) return null;
  if (task.robot !== history.carrier) return { was: history.first, why: 'carrier' };
  if (by < 0) return { was: history.first, why: 'sooner' };
  const [longest] = Object.values(withPresent(history, now)).sort((a, b) => b.ms - a.ms);
  return { was: history.first, why: longest !== undefined && longest.ms * 3 >= by ? longest : 'later' };
}

function begun(task: TaskView): EtaHistory | null {
  return task.eta === null ? null : { first: task.eta, carrier: task.robot, waits: {}, present: null };
}

function seen(history: EtaHistory, task: TaskView, now: number): EtaHistory {
  const wait = task.waiting_for;
  const { present } = history;
  if (wait?.kind === present?.wait.kind && wait?.resource === present?.wait.resource && wait?.held_by === present?.wait.held_by) {
    return history;
  }
  const began = present === null && wait?.since != null ? Date.parse(wait.since) : now;
  return {
    ...history,
    waits: withPresent(history, now),
    present: wait === null ? null : { wait, since: began },
  };
}

function withPresent({ waits, present }: EtaHistory, now: number): EtaHistory['waits'] {
  if (present === null) return waits;
  const { wait, since } = present;
  const of = wait.kind === 'way' ? 'way' : `${wait.kind} ${wait.resource}`;
  return { ...waits, [of]: { wait, ms: (waits[of]?.ms ?? 0) + now - since } };
}
