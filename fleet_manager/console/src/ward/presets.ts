import type { DeliveryRequest, ItemClassView, PlaceView } from '../api/types';

/** What a ward asks for again and again: one tap fills the whole request. */
export interface Preset {
  readonly way: Way;
  readonly place: string;
  readonly item: string;
  readonly itemClass: string | null;
}

export const WAYS = ['fetch', 'send', 'return'] as const;
/** Fetch brings goods to the ward, send takes them elsewhere, return gives back what was used. */
export type Way = (typeof WAYS)[number];

/** By the usual name of a department: what wards get from it, send to it and give back to it. */
const USUAL: readonly { way: Way; place: RegExp; itemClass: string; item: string }[] = [
  { way: 'fetch', place: /^pharmacy/, itemClass: 'medicine', item: 'medicine' },
  { way: 'fetch', place: /^(stores|central_store)/, itemClass: 'consumable', item: 'consumables' },
  { way: 'fetch', place: /^cssd/, itemClass: 'sterile', item: 'instruments' },
  { way: 'fetch', place: /^(blood_bank|laboratory)/, itemClass: 'blood', item: 'blood' },
  { way: 'fetch', place: /^kitchen/, itemClass: 'meal', item: 'meals' },
  { way: 'fetch', place: /^laundry/, itemClass: 'linen', item: 'linen' },
  { way: 'send', place: /^laboratory/, itemClass: 'specimen', item: 'specimens' },
  { way: 'send', place: /^pharmacy/, itemClass: 'document', item: 'prescriptions' },
  { way: 'return', place: /^pharmacy/, itemClass: 'medicine', item: 'medicine' },
  { way: 'return', place: /^cssd/, itemClass: 'sterile', item: 'instruments' },
  { way: 'return', place: /^laundry/, itemClass: 'linen', item: 'linen' },
];

/** What this site has of the usual; places and kinds of goods that it does not have are left out. */
export function usualPresets(places: readonly PlaceView[], classes: readonly ItemClassView[], ward: string): Preset[] {
  const known = new Set(classes.map(({ id }) => id));
  return USUAL.flatMap(({ way, place, itemClass, item }) => {
    const found = places.find(({ id, charger }) => !charger && id !== ward && place.test(id));
    return found === undefined ? [] : [{ way, place: found.id, item, itemClass: known.has(itemClass) ? itemClass : null }];
  });
}

export const keyOf = ({ way, place, item }: Preset): string => `${way} ${place} ${item}`;

/** Those used most in this ward first, then as they come. */
export function ranked(presets: readonly Preset[], uses: Readonly<Record<string, number>>): Preset[] {
  return presets
    .map((preset, index) => ({ preset, index, count: uses[keyOf(preset)] ?? 0 }))
    .sort((a, b) => b.count - a.count || a.index - b.index)
    .map(({ preset }) => preset);
}

export function requestOf(
  preset: Preset,
  ward: string,
  itemName: string,
  priority: NonNullable<DeliveryRequest['priority']>,
  due: string,
  note: string,
): DeliveryRequest {
  const [pickup, dropoff] = preset.way === 'fetch' ? [preset.place, ward] : [ward, preset.place];
  return {
    kind: 'delivery',
    pickup,
    dropoff,
    items: [{ name: itemName, quantity: 1, item_class: preset.itemClass }],
    priority,
    due: due === '' ? null : new Date(due).toISOString(),
    note: note.trim(),
  };
}
