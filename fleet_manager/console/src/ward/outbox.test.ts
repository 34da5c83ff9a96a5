import { beforeEach, describe, expect, it, vi } from 'vitest';
import { NoAnswer, Refused, requestDelivery, sendPorter } from '../api/client';
import type { DeliveryRequest, Problem } from '../api/types';
import { aTask } from '../testing/views';

vi.mock('../api/client', async (original) => ({
  ...(await original<typeof import('../api/client')>()),
  requestDelivery: vi.fn(),
  sendPorter: vi.fn(),
}));
vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
const { forget, keep, sendKept, waiting } = await import('./outbox');

const body = { kind: 'delivery', pickup: 'pharmacy', dropoff: 'ward_1a', items: [] } as DeliveryRequest;
const ask = vi.mocked(requestDelivery);
const porter = vi.mocked(sendPorter);

beforeEach(() => {
  for (const { key } of waiting()) forget(key);
  ask.mockReset().mockResolvedValue(aTask('task-1'));
  porter.mockReset().mockResolvedValue(aTask('task-1'));
});

describe('requests that got no answer', () => {
  it('wait while there is none, and go with the same key once there is', async () => {
    keep({ key: 'a', body, porter: false });
    ask.mockRejectedValueOnce(new NoAnswer('offline'));
    await sendKept();
    expect(waiting().map(({ key }) => key)).toEqual(['a']);
    await sendKept();
    expect(waiting()).toEqual([]);
    expect(ask.mock.calls.map(([, key]) => key)).toEqual(['a', 'a']);
    expect(porter).not.toHaveBeenCalled();
  });

  it('keep the wish for a person until it is heard', async () => {
    keep({ key: 'a', body, porter: true });
    porter.mockRejectedValueOnce(new NoAnswer('offline'));
    await sendKept();
    expect(waiting()).toHaveLength(1);
    await sendKept();
    expect(porter).toHaveBeenLastCalledWith('task-1');
    expect(waiting()).toEqual([]);
  });

  it('stay with the reason when they are refused, and do not stop the others', async () => {
    keep({ key: 'a', body, porter: false });
    keep({ key: 'b', body, porter: false });
    ask.mockRejectedValueOnce(new Refused({ detail: 'this time has passed' } as Problem));
    await sendKept();
    expect(waiting().map(({ key, refused }) => [key, refused])).toEqual([['a', 'this time has passed']]);
  });
});
