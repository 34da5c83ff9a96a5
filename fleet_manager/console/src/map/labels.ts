/** A marker on the screen and the size of its name, in pixels; y goes down. */
export interface Named {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly width: number;
}

export type Side = 'below' | 'above' | 'right' | 'left';

const HEIGHT = 15;
const GAP = 4;
const SIDES: readonly Side[] = ['below', 'above', 'right', 'left'];

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * For each marker the side of it where its name is free of other markers and names, null when there is none. Earlier
 * markers choose first; a side that was chosen `before` is kept while it is free, so that names do not jump about.
 */
export function sidesOf(markers: readonly Named[], before: readonly (Side | null)[]): (Side | null)[] {
  const bodies = markers.map(({ x, y, radius }) => boxAround(x, y, radius, radius));
  const names: Box[] = [];
  return markers.map((marker, index) => {
    const kept = before[index] ?? null;
    const wanted = kept === null ? SIDES : [kept, ...SIDES];
    const side = wanted.find((one) => {
      const box = nameBox(marker, one);
      return !bodies.some((body, other) => other !== index && meet(body, box)) && !names.some((name) => meet(name, box));
    });
    if (side === undefined) return null;
    names.push(nameBox(marker, side));
    return side;
  });
}

/** Where the middle of a name lies, from the middle of its marker. */
export function nameOffset({ radius, width }: Pick<Named, 'radius' | 'width'>, side: Side): [number, number] {
  const beside = radius + GAP + width / 2;
  const over = radius + GAP + HEIGHT / 2 - 2;
  return { below: [0, over], above: [0, -over], right: [beside, 0], left: [-beside, 0] }[side] as [number, number];
}

function nameBox(marker: Named, side: Side): Box {
  const [dx, dy] = nameOffset(marker, side);
  return boxAround(marker.x + dx, marker.y + dy, marker.width / 2 + 1, HEIGHT / 2);
}

function boxAround(x: number, y: number, halfWidth: number, halfHeight: number): Box {
  return { left: x - halfWidth, top: y - halfHeight, right: x + halfWidth, bottom: y + halfHeight };
}

function meet(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
