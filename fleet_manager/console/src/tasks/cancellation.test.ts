import { describe, expect, it } from 'vitest';
import type { ItemClassView } from '../api/types';
import { anItem } from '../testing/views';
import { onCancel } from './cancellation';

const nothing = { needs: [], flow: 'clean', maximum_carry_time: null, signatures: 1, right: null };
const CLASSES: ItemClassView[] = [
  { ...nothing, id: 'medicine', name: 'Medicine', on_cancel: 'return' },
  { ...nothing, id: 'blood', name: 'Blood', on_cancel: 'quarantine' },
  { ...nothing, id: 'specimen', name: 'Specimen', on_cancel: 'continue' },
];

describe('goods of a cancelled delivery', () => {
  it('go where the strictest of their classes says', () => {
    expect(onCancel([anItem(null)], CLASSES)).toBe('return');
    expect(onCancel([anItem('medicine'), anItem('specimen')], CLASSES)).toBe('continue');
    expect(onCancel([anItem('blood'), anItem('specimen'), anItem(null)], CLASSES)).toBe('quarantine');
  });

  it('stay on board when their class is unknown', () => {
    expect(onCancel([anItem('medicine'), anItem('unheard of')], CLASSES)).toBe('hold');
  });
});
