import { describe, expect, it } from 'vitest';
import { Glide, turn } from './glide';

describe('a robot on the map', () => {
  it('glides to each pose in the time that lay between the last two', () => {
    const glide = new Glide({ x: 0, y: 0, yaw: 0 }, 0);
    glide.toward({ x: 1, y: 2, yaw: 0 }, 1_000);
    expect(glide.at(1_500)).toEqual({ x: 0.5, y: 1, yaw: 0 });
    expect(glide.moves(1_999)).toBe(true);
    expect(glide.at(2_500)).toEqual({ x: 1, y: 2, yaw: 0 });
    expect(glide.moves(2_000)).toBe(false);
  });

  it('starts from where it is drawn when the next pose comes early', () => {
    const glide = new Glide({ x: 0, y: 0, yaw: 0 }, 0);
    glide.toward({ x: 1, y: 0, yaw: 0 }, 1_000);
    glide.toward({ x: 2, y: 0, yaw: 0 }, 1_500);
    expect(glide.at(1_500).x).toBeCloseTo(0.5);
    expect(glide.at(2_000).x).toBeCloseTo(2);
  });

  it('does not glide through the house when it was carried away', () => {
    const glide = new Glide({ x: 0, y: 0, yaw: 0 }, 0);
    glide.toward({ x: 30, y: 0, yaw: 1 }, 1_000);
    expect(glide.at(1_001)).toEqual({ x: 30, y: 0, yaw: 1 });
    expect(glide.moves(1_001)).toBe(false);
  });

  it('turns the shorter way round', () => {
    expect(turn(3, -3)).toBeCloseTo(2 * Math.PI - 6);
    expect(turn(-3, 3)).toBeCloseTo(6 - 2 * Math.PI);
    expect(turn(0, 1)).toBeCloseTo(1);
  });
});
