import type { DeliveryRequest, Priority } from '../api/types';

export interface DraftItem {
  readonly name: string;
  readonly quantity: number | '';
  readonly itemClass: string | null;
}

/** The request form as filled in. `due` is the text of a local date and time field. */
export interface Draft {
  readonly pickup: string | null;
  readonly dropoff: string | null;
  readonly items: readonly DraftItem[];
  readonly priority: Priority;
  readonly due: string;
  readonly note: string;
}

export type DraftError = 'pickup' | 'dropoff' | 'samePlace' | 'itemName' | 'itemQuantity' | 'due';

export const EMPTY_ITEM: DraftItem = { name: '', quantity: 1, itemClass: null };
export const EMPTY_DRAFT: Draft = {
  pickup: null,
  dropoff: null,
  items: [EMPTY_ITEM],
  priority: 'routine',
  due: '',
  note: '',
};

/** What is wrong with the draft, by form field; items are named `items.0.name`. Empty when it can be sent. */
export function draftErrors(draft: Draft, now: Date): Record<string, DraftError> {
  const errors: Record<string, DraftError> = {};
  if (draft.pickup === null) errors['pickup'] = 'pickup';
  if (draft.dropoff === null) errors['dropoff'] = 'dropoff';
  else if (draft.dropoff === draft.pickup) errors['dropoff'] = 'samePlace';
  draft.items.forEach((item, index) => {
    if (item.name.trim() === '') errors[`items.${index}.name`] = 'itemName';
    if (item.quantity === '' || item.quantity < 1) errors[`items.${index}.quantity`] = 'itemQuantity';
  });
  if (draft.due !== '' && !(new Date(draft.due) > now)) errors['due'] = 'due';
  return errors;
}

/** The request of a draft without errors. */
export function requestOf(draft: Draft): DeliveryRequest {
  return {
    kind: 'delivery',
    pickup: draft.pickup,
    dropoff: draft.dropoff,
    items: draft.items.map((item) => ({
      name: item.name.trim(),
      quantity: Number(item.quantity),
      item_class: item.itemClass,
    })),
    priority: draft.priority,
    due: draft.due === '' ? null : new Date(draft.due).toISOString(),
    note: draft.note.trim(),
  };
}

/** A new key for one submission. `crypto.randomUUID` is missing on plain http, as hospitals' own networks have it. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The text of a local date and time field, `minutes` from now. */
export function localTime(now: Date, minutes: number): string {
  const then = new Date(now.getTime() + minutes * 60_000);
  return new Date(then.getTime() - then.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
