import { describe, expect, it } from 'vitest';
import { draftErrors, EMPTY_DRAFT, localTime, newKey, requestOf, type Draft } from './draft';

const NOW = new Date('2026-03-01T08:00:00Z');
const FILLED: Draft = {
  ...EMPTY_DRAFT,
  pickup: 'pharmacy',
  dropoff: 'ward_2a',
  items: [{ name: ' cefazolin 1 g ', quantity: 10, itemClass: 'medicine' }],
};

describe('the request form', () => {
  it('names every field that is empty or wrong', () => {
    expect(draftErrors(EMPTY_DRAFT, NOW)).toEqual({ pickup: 'pickup', dropoff: 'dropoff', 'items.0.name': 'itemName' });
    const wrong: Draft = { ...FILLED, dropoff: 'pharmacy', items: [{ name: 'gauze', quantity: '', itemClass: null }] };
    expect(draftErrors(wrong, NOW)).toEqual({ dropoff: 'samePlace', 'items.0.quantity': 'itemQuantity' });
    expect(draftErrors({ ...FILLED, due: '2020-01-01T00:00' }, NOW)).toEqual({ due: 'due' });
  });

  it('becomes a request with trimmed words and a due time in UTC', () => {
    const due = localTime(NOW, 30);
    expect(draftErrors({ ...FILLED, due }, NOW)).toEqual({});
    expect(requestOf({ ...FILLED, due, note: ' soon ' })).toEqual({
      kind: 'delivery',
      pickup: 'pharmacy',
      dropoff: 'ward_2a',
      items: [{ name: 'cefazolin 1 g', quantity: 10, item_class: 'medicine' }],
      priority: 'routine',
      due: '2026-03-01T08:30:00.000Z',
      note: 'soon',
    });
  });

  it('has a key of its own for each submission', () => {
    expect(newKey()).toMatch(/^[0-9a-f]{32}$/);
    expect(newKey()).not.toBe(newKey());
  });
});
