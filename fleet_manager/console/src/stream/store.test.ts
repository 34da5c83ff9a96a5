import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MovingPose, StreamMessage } from '../api/types';
import { aChange, aSnapshot, aTask } from '../testing/views';
import { applied } from './fleet';
import { FleetStore, SILENCE_MS, TELL_MS, type Socket } from './store';

/** The fleet manager's side of each connection, in the order they were opened. */
class Line implements Socket {
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  closed = false;

  constructor(readonly after: number | null) {}

  say(message: StreamMessage): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  close(): void {
    this.closed = true;
  }
}

let lines: Line[];
let store: FleetStore;
let stop: () => void;

const line = (): Line => {
  const last = lines.at(-1);
  if (last === undefined) throw new Error('nothing was opened');
  return last;
};

beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  store = new FleetStore((after) => {
    lines.push(new Line(after));
    return line();
  });
  stop = store.start();
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

describe('the live connection', () => {
  it('is live from the first snapshot on and tells its listeners of each change', () => {
    const told = vi.fn();
    store.subscribe(told);
    expect(store.current().phase).toBe('connecting');
    line().say(aSnapshot(7));
    vi.advanceTimersByTime(TELL_MS);
    line().say(aChange(8, { tasks: [aTask('t1')] }));
    expect(store.current().phase).toBe('live');
    expect(store.current().fleet?.tasks['t1']?.status).toBe('queued');
    expect(told).toHaveBeenCalledTimes(2);
  });

  it('tells what comes in quick succession together, and shows the same until then', () => {
    const told = vi.fn();
    line().say(aSnapshot(7));
    store.subscribe(told);
    const before = store.current();
    for (let seq = 8; seq < 20; seq += 1) line().say(aChange(seq, { tasks: [aTask(`t${seq}`)] }));
    expect(store.current()).toBe(before);
    expect(store.newest().fleet?.seq).toBe(19);
    vi.advanceTimersByTime(TELL_MS);
    expect(told).toHaveBeenCalledTimes(1);
    expect(store.current().fleet?.seq).toBe(19);
    line().say(aChange(20));
    line().onclose?.();
    expect(store.current()).toMatchObject({ phase: 'lost', fleet: { seq: 20 } });
  });

  it('is not live any more when nothing is heard, and says since when', () => {
    line().say(aSnapshot(7));
    const heardAt = Date.now();
    vi.advanceTimersByTime(SILENCE_MS - 2_000);
    line().say({ type: 'alive', seq: 7 });
    vi.advanceTimersByTime(SILENCE_MS - 1_000);
    expect(store.current().phase).toBe('live');
    vi.advanceTimersByTime(2_000);
    expect(store.current().phase).toBe('lost');
    expect(store.current().heardAt).toBe(heardAt + SILENCE_MS - 2_000);
    expect(lines[0]?.closed).toBe(true);
  });

  it('shows what this browser saw last as old, and takes a snapshot instead of going on from it', () => {
    stop();
    const heardAt = Date.now() - 3_600_000;
    const kept = applied(null, aSnapshot(7, { tasks: [aTask('task-1')] }));
    store.restore({ fleet: kept, heardAt, aheadMs: 0 });
    stop = store.start();
    expect(store.current()).toMatchObject({ phase: 'lost', heardAt });
    expect(Object.keys(store.current().fleet?.tasks ?? {})).toEqual(['task-1']);
    expect(line().after).toBeNull();
    line().say(aSnapshot(9));
    expect(store.current()).toMatchObject({ phase: 'live' });
  });

  it('goes on after the last event it has', () => {
    line().say(aSnapshot(7));
    line().say(aChange(8));
    line().onclose?.();
    expect(store.current().phase).toBe('lost');
    vi.advanceTimersByTime(1_000);
    expect(lines.map(({ after }) => after)).toEqual([null, 8]);
    line().say({ type: 'alive', seq: 8 });
    expect(store.current().phase).toBe('live');
  });

  it('learns the fleet manager’s clock from what happens now, not from what was missed', () => {
    const now = Date.parse('2026-03-01T08:00:00Z');
    vi.setSystemTime(now - 60_000);
    line().say(aSnapshot(7));
    expect(store.now() - Date.now()).toBe(60_000);
    line().onclose?.();
    vi.advanceTimersByTime(1_000);
    line().say(aChange(8));
    line().say(aChange(9, { complete: true }));
    expect(store.now() - Date.now()).toBe(60_000);
    vi.setSystemTime(now - 30_000);
    line().say(aChange(10));
    expect(store.now() - Date.now()).toBe(30_000);
  });

  it('takes a snapshot when an event is missing, and shows nothing in between', () => {
    line().say(aSnapshot(7));
    line().say(aChange(9));
    expect(store.current()).toMatchObject({ phase: 'lost', fleet: null });
    vi.advanceTimersByTime(1_000);
    expect(line().after).toBeNull();
    line().say(aSnapshot(9));
    expect(store.current().phase).toBe('live');
  });

  it('tries again ever more slowly, at least every seven seconds', () => {
    for (let tries = 0; tries < 8; tries += 1) {
      line().onclose?.();
      vi.advanceTimersByTime(7_000);
    }
    expect(lines).toHaveLength(9);
    line().onclose?.();
    vi.advanceTimersByTime(3_000);
    expect(lines).toHaveLength(9);
  });

  it('tells poses to those who draw them, without waking all others', () => {
    const told = vi.fn();
    const drawn: MovingPose[] = [];
    line().say(aSnapshot(7));
    store.subscribe(told);
    store.onPoses((poses) => drawn.push(...poses));
    const pose = { robot: 'amber', level: 'L1', x: 1, y: 2, yaw: 0, speed: 1 };
    line().say({ type: 'poses', time: '2026-03-01T08:00:00Z', poses: [pose] });
    expect(drawn).toEqual([pose]);
    expect(told).not.toHaveBeenCalled();
  });

  it('opens nothing more once it is stopped', () => {
    line().say(aSnapshot(7));
    stop();
    vi.advanceTimersByTime(60_000);
    expect(lines).toHaveLength(1);
    expect(line().closed).toBe(true);
  });
});
