import { describe, expect, it } from 'vitest';
import { share, spanOf } from './span';

describe('spans', () => {
  it('end with the hour that runs now', () => {
    const now = Date.parse('2026-03-01T08:20:00Z');
    expect(spanOf('shift', now)).toEqual({ from: '2026-03-01T01:00:00.000Z', to: '2026-03-01T09:00:00.000Z' });
    expect(spanOf('week', now).from).toBe('2026-02-22T09:00:00.000Z');
  });

  it('have no share of nothing', () => {
    expect(share(1, 4)).toBe(0.25);
    expect(share(0, 0)).toBeNull();
  });
});
