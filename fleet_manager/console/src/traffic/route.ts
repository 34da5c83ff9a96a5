import type { RobotView } from '../api/types';
import type { Spot } from './resource';

type Route = RobotView['route'];

/** The lines of a route on one level: what is the robot's alone, and what is only claimed. */
export interface Pieces {
  readonly allocated: Spot[][];
  readonly claimed: Spot[][];
}

export function piecesOf(route: Route, level: string): Pieces {
  const pieces: Pieces = { allocated: [], claimed: [] };
  let line: Spot[] | null = null;
  let allocated = true;
  route.forEach((node, index) => {
    const before = route[index - 1];
    if (before === undefined || before.level !== level || node.level !== level) {
      line = null;
      return;
    }
    if (line === null || allocated !== node.allocated) {
      line = [[before.x, before.y]];
      allocated = node.allocated;
      (allocated ? pieces.allocated : pieces.claimed).push(line);
    }
    line.push([node.x, node.y]);
  });
  return pieces;
}
