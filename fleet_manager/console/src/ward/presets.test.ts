import { describe, expect, it } from 'vitest';
import type { ItemClassView, PlaceView } from '../api/types';
import { keyOf, ranked, requestOf, usualPresets } from './presets';

const places = ['pharmacy', 'laboratory', 'ward_1a'].map((id) => ({ id, name: id, level: 'L1', charger: false }) as PlaceView);
const classes = [{ id: 'medicine' }, { id: 'specimen' }] as ItemClassView[];

describe('the presets of a ward', () => {
  it('lead to places that the site has, with goods that it knows', () => {
    const presets = usualPresets(places, classes, 'ward_1a');
    expect(presets.map(({ way, place }) => `${way} ${place}`)).toEqual([
      'fetch pharmacy',
      'fetch laboratory',
      'send laboratory',
      'send pharmacy',
      'return pharmacy',
    ]);
    expect(presets.map(({ itemClass }) => itemClass)).toEqual(['medicine', null, 'specimen', null, 'medicine']);
  });

  it('stand in the order of their use', () => {
    const presets = usualPresets(places, classes, 'ward_1a');
    const last = presets.at(-1);
    if (last === undefined) throw new Error('no presets');
    expect(ranked(presets, { [keyOf(last)]: 3 })[0]).toEqual(last);
  });

  it('bring goods to the ward or away from it', () => {
    const [fetch, , send] = usualPresets(places, classes, 'ward_1a');
    if (fetch === undefined || send === undefined) throw new Error('no presets');
    expect(requestOf(fetch, 'ward_1a', 'medicine', 'stat', '', '')).toMatchObject({ pickup: 'pharmacy', dropoff: 'ward_1a' });
    expect(requestOf(send, 'ward_1a', 'tubes', 'routine', '', ' cool ')).toMatchObject({
      pickup: 'ward_1a',
      dropoff: 'laboratory',
      note: 'cool',
    });
  });
});
