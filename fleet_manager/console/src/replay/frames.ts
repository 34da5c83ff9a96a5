import type { AlertView, ClosureView, DoorView, LiftView, MovingPose, ReplayFrame, RobotView, TaskView } from '../api/types';
import { turn } from '../map/glide';
import type { Fleet } from '../stream/fleet';

/** The fleet at a moment of the past, with what was closed. */
export interface Picture {
  readonly fleet: Fleet;
  readonly closures: readonly ClosureView[];
}

const EMPTY: Fleet = { seq: 0, tasks: {}, robots: {}, alerts: {}, doors: {}, lifts: {}, etas: {} };
export const NOTHING: Picture = { fleet: EMPTY, closures: [] };

/** An `id` and the fields that changed; of a robot that only goes on, how its route did. */
type Difference = Readonly<Record<string, unknown>> & { readonly id: string };

/** The picture after more frames; parts that do not change stay the same objects. */
export function after(picture: Picture, frames: readonly ReplayFrame[]): Picture {
  let { fleet, closures } = picture;
  for (const frame of frames) {
    if (frame.whole === true) fleet = EMPTY;
    closures = frame.closures ?? closures;
  }
  const lastWhole = frames.findLastIndex((frame) => frame.whole);
  const told = lastWhole === -1 ? frames : frames.slice(lastWhole);
  return {
    closures,
    fleet: {
      ...fleet,
      tasks: changed<TaskView>(fleet.tasks, told, 'tasks', whole),
      robots: placed(changed<RobotView>(fleet.robots, told, 'robots', driven), told),
      alerts: onlyOpen(changed<AlertView>(fleet.alerts, told, 'alerts', whole)),
      doors: changed<DoorView>(fleet.doors, told, 'doors', whole),
      lifts: changed<LiftView>(fleet.lifts, told, 'lifts', whole),
    },
  };
}

type ById<View> = Readonly<Record<string, View>>;

function changed<View>(
  known: ById<View>,
  frames: readonly ReplayFrame[],
  kind: 'tasks' | 'robots' | 'alerts' | 'doors' | 'lifts',
  become: (view: View | undefined, difference: Difference) => View,
): ById<View> {
  let views: Record<string, View> | null = null;
  for (const frame of frames) {
    for (const difference of (frame[kind] ?? []) as Difference[]) {
      views ??= { ...known };
      views[difference.id] = become(views[difference.id], difference);
    }
  }
  return views ?? known;
}

function whole<View>(view: View | undefined, difference: Difference): View {
  return { ...view, ...difference } as View;
}

function driven(robot: RobotView | undefined, { passed, allocated, ...difference }: Difference): RobotView {
  const known = robot ?? ({ pose: null, last_seen: null, route: [] } as unknown as RobotView);
  if (passed === undefined) return { ...known, ...difference };
  const route = known.route.slice(Number(passed)).map((node, index) => ({ ...node, allocated: index < Number(allocated) }));
  return { ...known, ...difference, route };
}

/** Robots' levels are known with them; where on it they are, their tracks tell. */
function placed(robots: ById<RobotView>, frames: readonly ReplayFrame[]): ById<RobotView> {
  let views: Record<string, RobotView> | null = null;
  for (const frame of frames) {
    for (const [id, level, x, y, yaw] of frame.poses ?? []) {
      const robot = (views ?? robots)[id];
      if (robot === undefined || robot.pose?.level === level) continue;
      views ??= { ...robots };
      views[id] = { ...robot, pose: { level, x, y, yaw, speed: 0, time: frame.time } };
    }
  }
  return views ?? robots;
}

function onlyOpen(alerts: ById<AlertView>): ById<AlertView> {
  const open = Object.entries(alerts).filter(([, alert]) => alert.state !== 'closed');
  return open.length === Object.keys(alerts).length ? alerts : Object.fromEntries(open);
}

/** Where a robot was, from one frame to the next in which it was elsewhere. */
export class Track {
  private readonly spots: { readonly from: number; readonly at: number; readonly pose: Omit<MovingPose, 'speed'> }[] = [];

  constructor(private readonly robot: string) {}

  /** It came to `pose` at a moment (ms); the frame before was taken at `from`, and it was not there yet. */
  add(from: number, at: number, [, level, x, y, yaw]: readonly [string, string, number, number, number]): void {
    this.spots.push({ from: Math.max(from, at - LONGEST_MOVE_MS), at, pose: { robot: this.robot, level, x, y, yaw } });
  }

  /** On the way between two spots in proportion to the time; null before the first. */
  at(moment: number): MovingPose | null {
    const index = lastBefore(this.spots, ({ at }) => at, moment);
    const here = this.spots[index];
    if (here === undefined) return null;
    const next = this.spots[index + 1];
    if (next === undefined || moment <= next.from || next.pose.level !== here.pose.level) return { ...here.pose, speed: 0 };
    const share = (moment - next.from) / (next.at - next.from);
    const [dx, dy] = [next.pose.x - here.pose.x, next.pose.y - here.pose.y];
    const way = Math.hypot(dx, dy);
    if (way > FARTHEST_MOVE) return { ...here.pose, speed: 0 };
    return {
      ...here.pose,
      x: here.pose.x + dx * share,
      y: here.pose.y + dy * share,
      yaw: here.pose.yaw + turn(here.pose.yaw, next.pose.yaw) * share,
      speed: (way / (next.at - next.from)) * 1000,
    };
  }
}

const LONGEST_MOVE_MS = 2_000;
/** Metres: somebody carried it there. */
const FARTHEST_MOVE = 8;

/** The last of those in order of time that are not later than a moment; -1 when all are. */
export function lastBefore<One>(all: readonly One[], timeOf: (one: One) => number, moment: number): number {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const one = all[middle];
    if (one !== undefined && timeOf(one) <= moment) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
