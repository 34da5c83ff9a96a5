import i18next from 'i18next';
import { beforeAll, describe, expect, it } from 'vitest';
import { en } from './en';
import { placeText, shortPlaceText, withoutIds } from './places';
import { zh } from './zh';

beforeAll(async () => {
  const resources = { en: { translation: en }, zh: { translation: zh } };
  await i18next.init({ resources, lng: 'en', showSupportNotice: false, interpolation: { escapeValue: false } });
});

describe('the name of a place', () => {
  const t = i18next.getFixedT('en');
  const chinese = i18next.getFixedT('zh');

  it.each([
    ['ward_1a', 'Ward 1A'],
    ['ward_1a_room_01', 'Ward 1A · room 01'],
    ['ward_3b_clean_store', 'Ward 3B · clean store'],
    ['cssd_3', 'CSSD 3'],
    ['dock_1_07', 'Dock 1-07'],
    ['pharmacy', 'Pharmacy'],
    ['L1_spine_02a', 'L1 · spine 02A'],
    ['Operating theatre 2', 'Operating theatre 2'],
    ['药房', '药房'],
  ])('%s is %s', (id, name) => expect(placeText(t, id)).toBe(name));

  it('is short where its ward is seen', () => {
    expect(shortPlaceText(t, 'ward_1a_room_01', false)).toBe('Room 01');
    expect(shortPlaceText(t, 'ward_1a_room_01', true)).toBe('01');
    expect(shortPlaceText(t, 'ward_1a', true)).toBe('Ward 1A');
  });

  it('is Chinese for Chinese readers', () => {
    expect(placeText(chinese, 'ward_1a_room_01')).toBe('1A 病区 · 01 室');
    expect(placeText(chinese, 'pharmacy_2')).toBe('药房 2');
    expect(placeText(chinese, 'dock_1_07')).toBe('充电位 1-07');
    expect(placeText(chinese, 'hydrotherapy_2')).toBe('Hydrotherapy 2');
  });

  it('replaces the id in what the fleet manager says', () => {
    expect(withoutIds(t, 'lift lift_5 is on its way to L1')).toBe('Lift 5 is on its way to L1');
    expect(withoutIds(t, 'robot-3 works for T00002 at ward_1a')).toBe('robot-3 works for T00002 at Ward 1A');
  });
});
