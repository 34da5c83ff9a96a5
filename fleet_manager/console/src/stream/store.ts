import type { MovingPose, StreamMessage } from '../api/types';
import { applied, type Fleet } from './fleet';

/** `past` is what was recorded, shown again. */
export type Phase = 'connecting' | 'live' | 'lost' | 'past';

/**
 * `heardAt` is when the fleet manager was last heard (ms, the browser's clock); the data shown are that old. Its own
 * clock is `aheadMs` ahead of the browser's: phones' clocks are often wrong.
 */
export interface Live {
  readonly phase: Phase;
  readonly heardAt: number | null;
  readonly aheadMs: number;
  readonly fleet: Fleet | null;
}

/** Where the fleet on a page comes from: live, or from a recording. */
export interface FleetSource {
  readonly subscribe: (listener: () => void) => () => void;
  readonly current: () => Live;
  /** The moment that is shown (ms), by the fleet manager's clock. */
  readonly now: () => number;
  onPoses(listener: PosesListener): () => void;
}

/** What of a WebSocket is needed; tests bring their own. */
export interface Socket {
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  close(): void;
}

export const SILENCE_MS = 6_000;
const WATCH_MS = 1_000;

/** A busy fleet changes many times a second; pages are drawn anew this often at most. */
export const TELL_MS = 200;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 5_000;

export type PosesListener = (poses: readonly MovingPose[]) => void;

/**
 * The one live connection of the page. It resumes after the last event it has, takes a snapshot when events are
 * missing, and calls itself live only while it hears something: the fleet manager gives a sign of life every 2 s.
 */
export class FleetStore implements FleetSource {
  /** What was heard last, and what of it the listeners were told: that stays the same while a page is being drawn. */
  private live: Live = { phase: 'connecting', heardAt: null, aheadMs: 0, fleet: null };
  private told: Live = this.live;
  private toldAt = -Infinity;
  private telling: ReturnType<typeof setTimeout> | undefined;
  private socket: Socket | null = null;
  private caughtUp = false;
  /** What is known was heard since the page was opened; what was kept from before is too old to go on from. */
  private heardHere = false;
  private retryMs = FIRST_RETRY_MS;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;
  private readonly listeners = new Set<() => void>();
  private readonly posesListeners = new Set<PosesListener>();

  constructor(private readonly open: (after: number | null) => Socket) {}

  /** What was seen before this page was opened: old, and said to be. The stream brings all of it anew. */
  restore({ fleet, heardAt, aheadMs }: Pick<Live, 'fleet' | 'heardAt' | 'aheadMs'>): void {
    this.live = this.told = { phase: 'lost', fleet, heardAt, aheadMs };
  }

  start(): () => void {
    this.connect();
    this.watch = setInterval(this.checkSilence, WATCH_MS);
    return () => {
      clearInterval(this.watch);
      clearTimeout(this.retry);
      clearTimeout(this.telling);
      this.drop();
    };
  }

  /** Look at once whether the connection still lives, as after the browser slept. */
  readonly checkSilence = (): void => {
    const { phase, heardAt } = this.live;
    if (phase === 'live' && heardAt !== null && Date.now() - heardAt > SILENCE_MS) this.lose();
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly current = (): Live => this.told;

  /** What was heard last, told to the listeners or not yet. */
  readonly newest = (): Live => this.live;

  readonly now = (): number => Date.now() + this.live.aheadMs;

  onPoses(listener: PosesListener): () => void {
    this.posesListeners.add(listener);
    return () => this.posesListeners.delete(listener);
  }

  private connect(): void {
    const socket = this.open(this.heardHere ? (this.live.fleet?.seq ?? null) : null);
    this.socket = socket;
    this.caughtUp = false;
    socket.onmessage = (event) => this.hear(JSON.parse(String(event.data)) as StreamMessage);
    socket.onclose = () => this.lose();
  }

  private hear(message: StreamMessage): void {
    this.retryMs = FIRST_RETRY_MS;
    let fleet = this.live.fleet;
    if (message.type === 'snapshot' || message.type === 'change') {
      fleet = applied(fleet, message);
      if (fleet === null) {
        this.startOver();
        return;
      }
    } else if (message.type === 'poses') {
      for (const listener of this.posesListeners) listener(message.poses);
    }
    this.heardHere ||= message.type === 'snapshot';
    const wasLive = this.live.phase === 'live';
    const changed = fleet !== this.live.fleet;
    this.live = { phase: 'live', heardAt: Date.now(), aheadMs: this.aheadAfter(message), fleet };
    if (!wasLive) this.tell();
    else if (changed) this.tellSoon();
  }

  /** Only what is told as it happens shows the fleet manager's clock; events that were missed are older. */
  private aheadAfter(message: StreamMessage): number {
    const fresh = message.type === 'snapshot' || (message.type === 'change' && this.caughtUp);
    this.caughtUp ||= message.type !== 'change' || message.complete;
    return fresh ? Date.parse(message.time) - Date.now() : this.live.aheadMs;
  }

  /** Events are missing: forget what is known and take a snapshot. */
  private startOver(): void {
    this.live = { ...this.live, fleet: null };
    this.lose();
  }

  private lose(): void {
    this.drop();
    this.live = { ...this.live, phase: this.live.heardAt === null ? 'connecting' : 'lost' };
    this.tell();
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.connect(), this.retryMs * (0.75 + Math.random() / 2));
    this.retryMs = Math.min(this.retryMs * 2, LONGEST_RETRY_MS);
  }

  private drop(): void {
    if (this.socket === null) return;
    this.socket.onmessage = null;
    this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }

  /** At once after a quiet time, otherwise with what else comes meanwhile. */
  private tellSoon(): void {
    const wait = this.toldAt + TELL_MS - performance.now();
    if (wait <= 0) this.tell();
    else this.telling ??= setTimeout(() => this.tell(), wait);
  }

  private tell(): void {
    clearTimeout(this.telling);
    this.telling = undefined;
    this.toldAt = performance.now();
    this.told = this.live;
    for (const listener of this.listeners) listener();
  }
}

export function openStream(after: number | null): Socket {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const query = after === null ? '' : `?after=${after}`;
  return new WebSocket(`${scheme}://${location.host}/api/v1/stream${query}`) as Socket;
}
