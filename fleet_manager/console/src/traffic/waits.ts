import type { RobotView, WaitingFor } from '../api/types';
import { spotOf, thingOf, waitsForPerson, type Spot } from './resource';

type Robots = Readonly<Record<string, RobotView>>;

/** One robot's wait as a link of a chain. */
export interface Link {
  readonly robot: string;
  readonly wait: WaitingFor;
}

/**
 * Why a robot waits, all the way: its own wait, then that of the robot which holds what it wants, and so on. `circle`
 * tells that the last one waits for one of the chain.
 */
export function chainOf(robots: Robots, first: string): { links: Link[]; circle: boolean } {
  const links: Link[] = [];
  let next: string | null = first;
  while (next !== null) {
    const wait: WaitingFor | null | undefined = robots[next]?.waiting_for;
    if (wait == null) break;
    if (links.some(({ robot }) => robot === next)) return { links, circle: true };
    links.push({ robot: next, wait });
    next = wait.held_by;
  }
  return { links, circle: false };
}

/** Where on its route a robot waits for something of another level: that level; null when it is on its own. */
export function levelOfWait(robot: RobotView): string | null {
  if (robot.waiting_for === null) return null;
  const id = thingOf(robot.waiting_for).split('>').at(-1);
  const level = robot.route.find(({ waypoint }) => waypoint === id)?.level;
  return level === undefined || level === robot.pose?.level ? null : level;
}

/** A line from a robot to what it waits for: another robot, or a spot on the map. */
export interface WaitLine {
  readonly from: string;
  readonly to: string | Spot;
}

/** What is drawn between those that wait here and what they wait for here. Whoever waits for a person needs no line. */
export function waitLines(
  robots: Robots,
  isHere: (robot: string) => boolean,
  spots: ReadonlyMap<string, Spot>,
): WaitLine[] {
  return Object.values(robots).flatMap((robot): WaitLine[] => {
    const wait = robot.waiting_for;
    if (wait === null || !isHere(robot.id) || waitsForPerson(robot)) return [];
    if (wait.held_by !== null && isHere(wait.held_by)) return [{ from: robot.id, to: wait.held_by }];
    const to = spotOf(wait, spots);
    return to === undefined ? [] : [{ from: robot.id, to }];
  });
}
