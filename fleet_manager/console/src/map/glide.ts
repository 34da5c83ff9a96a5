/** Where a robot is drawn: metres and rad of the site frame. */
export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly yaw: number;
}

const SHORTEST_MS = 80;
const LONGEST_MS = 1_200;
const FARTHEST = 5;

/**
 * Smooth motion between the poses that arrive: each is reached after as long as the last two were apart, so a robot
 * that tells its pose every second moves as evenly as one that tells ten. A jump of more than 5 m is not glided over.
 */
export class Glide {
  private from: Spot;
  private to: Spot;
  private started: number;
  private lasting = 0;

  constructor(spot: Spot, now: number) {
    this.from = this.to = spot;
    this.started = now;
  }

  toward(spot: Spot, now: number): void {
    const here = this.at(now);
    const far = Math.hypot(spot.x - here.x, spot.y - here.y) > FARTHEST;
    this.lasting = far ? 0 : Math.min(Math.max(now - this.started, SHORTEST_MS), LONGEST_MS);
    this.from = far ? spot : here;
    this.to = spot;
    this.started = now;
  }

  at(now: number): Spot {
    const share = this.lasting === 0 ? 1 : Math.min((now - this.started) / this.lasting, 1);
    return {
      x: this.from.x + (this.to.x - this.from.x) * share,
      y: this.from.y + (this.to.y - this.from.y) * share,
      yaw: this.from.yaw + turn(this.from.yaw, this.to.yaw) * share,
    };
  }

  moves(now: number): boolean {
    return now < this.started + this.lasting;
  }
}

/** The shorter way round from one yaw to the other, in −π…π. */
export function turn(from: number, to: number): number {
  const around = (to - from) % (2 * Math.PI);
  if (around > Math.PI) return around - 2 * Math.PI;
  return around < -Math.PI ? around + 2 * Math.PI : around;
}
