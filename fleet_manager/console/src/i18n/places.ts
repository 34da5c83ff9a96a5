import type { TFunction } from 'i18next';

const ACRONYMS: ReadonlySet<string> = new Set(['cssd', 'ct', 'ed', 'icu', 'mri', 'nicu', 'uav']);
const ID = /^[a-z0-9]+(_[a-z0-9]+)*$/i;
const IDS_IN_TEXT = /\b(?:w:)?[a-z0-9]+(?:_[a-z0-9]+)+\b/gi;

/** Words and the number after them: `ward_1a_room_01` is ward 1A and room 01. */
interface Part {
  readonly words: readonly string[];
  readonly number: string;
}

function partsOf(id: string): Part[] {
  const parts: { words: string[]; number: string }[] = [];
  for (const word of id.split('_')) {
    const isNumber = /\d/.test(word);
    let last = parts.at(-1);
    if (last === undefined || (last.number !== '' && !isNumber)) parts.push((last = { words: [], number: '' }));
    if (!isNumber) last.words.push(word.toLowerCase());
    else last.number += (last.number === '' ? '' : '-') + word.toUpperCase();
  }
  return parts;
}

function partText(t: TFunction, { words, number }: Part): string {
  const english = words.map((word) => (ACRONYMS.has(word) ? word.toUpperCase() : word)).join(' ');
  const known = t(`place.${words.join('_')}` as 'app.name', { number, defaultValue: '' }).trim();
  if (known === '') return [english, number].filter((part) => part !== '').join(' ');
  return number === '' || known.includes(number) ? known : `${known} ${number}`;
}

/** What people call a place or lift that has only an id: `ward_1a_room_01` is “Ward 1A · room 01”. Names stay as is. */
export function placeText(t: TFunction, name: string): string {
  if (!ID.test(name)) return name;
  const text = partsOf(name)
    .map((part) => partText(t, part))
    .join(' · ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The last part of a place's name, for where the rest is seen: “Room 01”, or “01” when `brief`. */
export function shortPlaceText(t: TFunction, name: string, brief: boolean): string {
  const parts = ID.test(name) ? partsOf(name) : [];
  const last = parts.at(-1);
  if (last === undefined || parts.length === 1) return placeText(t, name);
  if (brief && last.number !== '') return last.number;
  const text = partText(t, last);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A sentence of the fleet manager's, with the ids in it as people say them. */
export function withoutIds(t: TFunction, text: string): string {
  return text
    .replace(/\b(lift|door) (?=\1_)/g, '')
    .replace(IDS_IN_TEXT, (id) => placeText(t, id.replace(/^w:/, '')));
}
