import type { AlertView, ClosureView, Happening, MovingPose, Replay, ReplayFrame, TaskView } from '../api/types';
import type { FleetSource, Live, PosesListener } from '../stream/store';
import { after, lastBefore, NOTHING, Track, type Picture } from './frames';
import { isWorthTelling } from './words';

/** Longer without a frame, and nothing was recorded: the fleet manager was down. */
const GAP_MS = 20_000;

interface Recorded {
  readonly at: number;
  readonly frame: ReplayFrame;
}

/**
 * A recording that shows one moment of itself, as the live connection shows the present: the map and what belongs to it
 * do not know the difference. Moments are in ms.
 */
export class Player implements FleetSource {
  private readonly frames: Recorded[] = [];
  private readonly tracks = new Map<string, Track>();
  private readonly listeners = new Set<() => void>();
  private readonly posesListeners = new Set<PosesListener>();
  private told: readonly Happening[] = [];
  private picture: Picture = NOTHING;
  private shown = -1;
  private moment: number;
  private live: Live = { phase: 'lost', heardAt: null, aheadMs: 0, fleet: null };
  /** All tasks and alerts of the recording, as they were last: for telling what happened. */
  readonly tasks: Record<string, TaskView> = {};
  readonly alerts: Record<string, AlertView> = {};

  constructor(
    readonly begin: number,
    readonly end: number,
  ) {
    this.moment = begin;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly current = (): Live => this.live;

  readonly now = (): number => this.moment;

  /** Whoever begins to listen is told at once where all are. */
  onPoses(listener: PosesListener): () => void {
    this.posesListeners.add(listener);
    listener(this.poses());
    return () => this.posesListeners.delete(listener);
  }

  readonly closures = (): readonly ClosureView[] => this.picture.closures;

  /** Whether anything of the span was recorded. */
  get empty(): boolean {
    return !this.frames.some(({ at }) => at >= this.begin - GAP_MS);
  }

  /** What happened within the span, in order of time. */
  get happenings(): readonly Happening[] {
    return this.told;
  }

  /** Take an answer of the fleet manager's; of what overlaps, the first counts. */
  add(replay: Replay): void {
    const news: Happening[] = [];
    for (const frame of replay.frames) {
      const at = Date.parse(frame.time);
      const last = this.frames.at(-1)?.at ?? -Infinity;
      if (at <= last) continue;
      this.frames.push({ at, frame });
      for (const point of frame.poses ?? []) {
        let track = this.tracks.get(point[0]);
        if (track === undefined) this.tracks.set(point[0], (track = new Track(point[0])));
        track.add(last, at, point);
      }
      for (const task of frame.tasks ?? []) this.tasks[String(task['id'])] = { ...this.tasks[String(task['id'])], ...task } as TaskView;
      for (const alert of frame.alerts ?? []) this.alerts[String(alert['id'])] = { ...this.alerts[String(alert['id'])], ...alert } as AlertView;
      news.push(...(frame.events ?? []));
    }
    const within = news.filter((one) => isWorthTelling(one) && Date.parse(one.time) >= this.begin && Date.parse(one.time) <= this.end);
    this.told = [...this.told, ...within].sort((a, b) => a.seq - b.seq);
    const first = this.frames[0]?.at ?? this.moment;
    this.seek(this.shown === -1 ? Math.max(first, this.moment) : this.moment);
  }

  /** Show another moment. */
  seek(moment: number): void {
    this.moment = Math.min(Math.max(moment, this.begin), this.end);
    const index = lastBefore(this.frames, ({ at }) => at, this.moment);
    if (index < this.shown) {
      this.picture = NOTHING;
      this.shown = this.frames.slice(0, index + 1).findLastIndex(({ frame }) => frame.whole) - 1;
    }
    if (index > this.shown) {
      this.picture = after(this.picture, this.frames.slice(this.shown + 1, index + 1).map(({ frame }) => frame));
      this.shown = index;
    }
    this.tell(index);
  }

  private tell(index: number): void {
    const at = this.frames[index]?.at;
    const phase = at !== undefined && this.moment - at <= GAP_MS ? 'past' : 'lost';
    const fleet = at === undefined ? null : this.picture.fleet;
    if (phase !== this.live.phase || fleet !== this.live.fleet) {
      this.live = { ...this.live, phase, fleet };
      for (const listener of this.listeners) listener();
    }
    const poses = this.poses();
    for (const listener of this.posesListeners) listener(poses);
  }

  private poses(): MovingPose[] {
    const poses: MovingPose[] = [];
    for (const track of this.tracks.values()) {
      const pose = track.at(this.moment);
      if (pose !== null) poses.push(pose);
    }
    return poses;
  }
}
