import type { LevelView, RobotView, WaitingFor } from '../api/types';

/** The thing in a resource's name: `ward_1a` in `w:ward_1a`, `lift_5` in `lift:lift_5`, `a>b` in `l:a>b`. */
export function thingOf({ resource }: WaitingFor): string {
  return resource.replace(/^[a-z]+:/, '');
}

/** Whether what is waited for has a name that people know: a room that is entered by one robot at a time. */
export function isRoom({ resource }: WaitingFor): boolean {
  return resource.startsWith('zone:');
}

export function waitsForPerson(robot: RobotView): boolean {
  return robot.waiting_for?.kind === 'person';
}

export type Spot = readonly [x: number, y: number];

interface Drawn {
  readonly geometry: { readonly type: string; readonly coordinates: unknown };
  readonly properties: { readonly feature: string; readonly id?: string };
}

/** Where the waypoints, doors and lifts of a level are. */
export function spotsOf(level: LevelView): ReadonlyMap<string, Spot> {
  const spots = new Map<string, Spot>();
  for (const { geometry, properties } of level.features['features'] as Drawn[]) {
    const { feature, id } = properties;
    if (id === undefined) continue;
    if (feature === 'waypoint' || feature === 'charger') spots.set(id, geometry.coordinates as Spot);
    if (feature === 'door') spots.set(id, middle(geometry.coordinates as Spot[]));
    if (feature === 'lift') spots.set(id, middle((geometry.coordinates as Spot[][])[0]?.slice(0, -1) ?? []));
  }
  return spots;
}

/** Where the thing that is waited for is on the level with these spots, undefined when it is elsewhere. */
export function spotOf(wait: WaitingFor, spots: ReadonlyMap<string, Spot>): Spot | undefined {
  const id = thingOf(wait);
  const ends = id.split('>').map((end) => spots.get(end));
  const known = ends.filter((end) => end !== undefined);
  return spots.get(id) ?? (known.length > 0 && known.length === ends.length ? middle(known) : undefined);
}

function middle(points: readonly Spot[]): Spot {
  const sum = points.reduce<Spot>(([x, y], [dx, dy]) => [x + dx, y + dy], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}
