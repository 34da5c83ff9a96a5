import type { RobotView, SiteView, TaskView } from '../api/types';
import { hasEnded, type Fleet } from '../stream/fleet';

/** Goods of one task that a carrier has on board, and where they shall go. */
export interface Load {
  readonly task: TaskView;
  readonly items: TaskView['items'];
  readonly to: string;
}

/** A carrier with goods on board: the named place it is at or nearest to, and how people get at the goods. */
export interface Carrier {
  readonly robot: RobotView;
  readonly place: string | null;
  readonly level: string | null;
  readonly there: boolean;
  readonly byHand: string;
  readonly loads: readonly Load[];
}

/** All that people need to go on by hand when the system is down. */
export interface Sheet {
  readonly carriers: readonly Carrier[];
  /** Goods that nobody has fetched yet, the most urgent first. */
  readonly waiting: readonly Load[];
  /** Disinfections that have begun: a lamp may be on, an area may be wet. */
  readonly treatments: readonly TaskView[];
}

const URGENCY: Record<TaskView['priority'], number> = { stat: 0, urgent: 1, routine: 2, background: 3 };

export function sheetOf(fleet: Fleet, site: SiteView): Sheet {
  const open = Object.values(fleet.tasks).filter((task) => !hasEnded(task));
  const byHand = new Map(site.fleets.map((one) => [one.id, one.by_hand]));
  const carriers = new Map<string, Load[]>();
  const waiting: Load[] = [];
  for (const task of open) {
    const onBoard = task.items.filter((item) => item.state === 'on_board');
    const load = { task, to: task.destination ?? task.dropoff };
    if (task.robot !== null && onBoard.length > 0) {
      carriers.set(task.robot, [...(carriers.get(task.robot) ?? []), { ...load, items: onBoard }]);
    }
    const left = task.items.filter((item) => item.state === 'waiting');
    if (left.length > 0) waiting.push({ ...load, items: left });
  }
  return {
    carriers: [...carriers]
      .flatMap(([id, loads]) => {
        const robot = fleet.robots[id];
        return robot === undefined ? [] : [{ robot, loads, byHand: byHand.get(robot.fleet) ?? '', ...whereabouts(robot, site) }];
      })
      .sort((a, b) => a.robot.id.localeCompare(b.robot.id, undefined, { numeric: true })),
    waiting: waiting.sort(
      (a, b) =>
        URGENCY[a.task.priority] - URGENCY[b.task.priority] || a.task.requested_at.localeCompare(b.task.requested_at),
    ),
    treatments: open.filter((task) => task.zone !== null && task.status === 'underway'),
  };
}

function whereabouts(robot: RobotView, site: SiteView): Pick<Carrier, 'place' | 'level' | 'there'> {
  const at = site.places.find(({ id }) => id === robot.waypoint);
  if (at !== undefined) return { place: at.id, level: at.level, there: true };
  const { pose } = robot;
  if (pose === null) return { place: robot.waypoint, level: null, there: robot.waypoint !== null };
  const far = ({ x, y }: { x: number; y: number }) => Math.hypot(x - pose.x, y - pose.y);
  const [nearest] = site.places.filter(({ level }) => level === pose.level).sort((a, b) => far(a) - far(b));
  return { place: nearest?.id ?? null, level: pose.level, there: false };
}
