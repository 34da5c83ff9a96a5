import { describe, expect, it } from 'vitest';
import { sidesOf } from './labels';

const at = (x: number, y: number) => ({ x, y, radius: 12, width: 50 });

describe('the names of robots', () => {
  it('stand below while nothing is in the way', () => {
    expect(sidesOf([at(0, 0), at(200, 0)], [])).toEqual(['below', 'below']);
  });

  it('do not lie on each other or on another robot', () => {
    expect(sidesOf([at(0, 0), at(26, 0)], [])).toEqual(['below', 'above']);
    expect(sidesOf([at(0, 0), at(0, 26)], [])).toEqual(['above', 'below']);
  });

  it('stay where they are while they can', () => {
    expect(sidesOf([at(0, 0)], ['left'])).toEqual(['left']);
    expect(sidesOf([at(0, 0), at(-40, 0)], ['left', null])).toEqual(['below', 'above']);
  });

  it('are left out in a crowd', () => {
    const crowd = [-26, 0, 26].flatMap((x) => [-20, 0, 20].map((y) => at(x, y)));
    expect(sidesOf(crowd, [])[4]).toBeNull();
  });
});
