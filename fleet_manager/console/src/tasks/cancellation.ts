import type { ItemClassView, ItemView } from '../api/types';

const STRICTEST_FIRST = ['hold', 'quarantine', 'continue', 'return'] as const;

/**
 * What becomes of goods on board when their delivery is cancelled; the strictest of their classes decides for all.
 * Goods without a class return, those of an unknown class are held.
 */
export function onCancel(
  items: readonly ItemView[],
  classes: readonly ItemClassView[],
): (typeof STRICTEST_FIRST)[number] {
  const said = items.map(({ item_class }) =>
    item_class === null ? 'return' : classes.find(({ id }) => id === item_class)?.on_cancel,
  );
  return STRICTEST_FIRST.find((what) => said.includes(what) || (what === 'hold' && said.includes(undefined))) ?? 'hold';
}
