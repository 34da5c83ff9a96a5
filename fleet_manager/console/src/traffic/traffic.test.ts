import i18next from 'i18next';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LevelView, TaskView, WaitingFor } from '../api/types';
import { en } from '../i18n/en';
import { placeText } from '../i18n/places';
import { zh } from '../i18n/zh';
import { aRobot, aRoute, aStep, aTask, aWait } from '../testing/views';
import { spotOf, spotsOf } from './resource';
import { piecesOf } from './route';
import { chainOf, levelOfWait, waitLines } from './waits';
import { etaText, waitingText } from './words';

function level(): LevelView {
  const feature = (kind: string, type: string, coordinates: unknown, id?: string) => ({
    geometry: { type, coordinates },
    properties: { feature: kind, id },
  });
  const features = [
    feature('wall', 'LineString', [[0, 0], [9, 9]]),
    feature('waypoint', 'Point', [1, 2], 'a'),
    feature('charger', 'Point', [3, 2], 'dock_1_01'),
    feature('door', 'LineString', [[4, 0], [6, 0]], 'L1_clinic_b'),
    feature('lift', 'Polygon', [[[10, 10], [12, 10], [12, 12], [10, 12], [10, 10]]], 'lift_5'),
  ];
  return { id: 'L1', elevation: 0, bounds: [0, 0, 12, 12], features: { type: 'FeatureCollection', features } };
}

describe('what is waited for', () => {
  it('is somewhere on the map', () => {
    const spots = spotsOf(level());
    expect(spotOf(aWait('way', 'w:a'), spots)).toEqual([1, 2]);
    expect(spotOf(aWait('way', 'l:a>dock_1_01'), spots)).toEqual([2, 2]);
    expect(spotOf(aWait('lift', 'lift:lift_5'), spots)).toEqual([11, 11]);
    expect(spotOf(aWait('door', 'L1_clinic_b'), spots)).toEqual([5, 0]);
  });

  it('is nowhere when it is on another level', () => {
    expect(spotOf(aWait('way', 'w:ward_2a'), spotsOf(level()))).toBeUndefined();
    expect(spotOf(aWait('way', 'l:a>ward_2a'), spotsOf(level()))).toBeUndefined();
  });
});

describe('why a robot waits', () => {
  const amber = { ...aRobot('amber'), waiting_for: aWait('way', 'w:b', 'blue'), route: aRoute(['a', 'b'], 1) };
  const blue = { ...aRobot('blue'), waiting_for: aWait('lift', 'lift_5'), route: aRoute(['b', 'c'], 1) };

  it('is told robot after robot', () => {
    const { links, circle } = chainOf({ amber, blue }, 'amber');
    expect(links.map(({ robot }) => robot)).toEqual(['amber', 'blue']);
    expect(circle).toBe(false);
    expect(chainOf({ amber, blue: aRobot('blue') }, 'amber').links.map(({ robot }) => robot)).toEqual(['amber']);
    expect(chainOf({ amber }, 'nobody').links).toEqual([]);
  });

  it('ends where they wait for each other', () => {
    const back = { ...blue, waiting_for: aWait('way', 'w:a', 'amber') };
    const { links, circle } = chainOf({ amber, blue: back }, 'amber');
    expect(links.map(({ robot }) => robot)).toEqual(['amber', 'blue']);
    expect(circle).toBe(true);
  });

  it('is a line to the robot, or to the thing where there is no robot', () => {
    const spots = spotsOf(level());
    expect(waitLines({ amber, blue }, () => true, spots)).toEqual([
      { from: 'amber', to: 'blue' },
      { from: 'blue', to: [11, 11] },
    ]);
    expect(waitLines({ amber, blue }, (robot) => robot === 'amber', spots)).toEqual([]);
  });

  it('says on which level, when it is another', () => {
    const pose = { level: 'L1', x: 0, y: 0, yaw: 0, speed: 0, time: '' };
    const up = { ...amber, pose, route: [...aRoute(['a'], 1), ...aRoute(['b'], 0, 'L2')] };
    expect(levelOfWait(up)).toBe('L2');
    expect(levelOfWait({ ...up, waiting_for: aWait('way', 'l:a>b') })).toBe('L2');
    expect(levelOfWait({ ...amber, pose })).toBeNull();
    expect(levelOfWait({ ...amber, pose, waiting_for: aWait('lift', 'lift_5') })).toBeNull();
  });

  it('is no line when a person is waited for', () => {
    expect(waitLines({ amber: { ...amber, waiting_for: aWait('person', 'a') } }, () => true, spotsOf(level()))).toEqual([]);
  });
});

describe('a route on a level', () => {
  it('is in two parts, its own and its claimed', () => {
    expect(piecesOf(aRoute(['a', 'b', 'c', 'd'], 2), 'L1')).toEqual({
      allocated: [[[0, 0], [1, 0]]],
      claimed: [[[1, 0], [2, 0], [3, 0]]],
    });
    expect(piecesOf([], 'L1')).toEqual({ allocated: [], claimed: [] });
  });

  it('breaks off where it changes the level', () => {
    const route = [...aRoute(['a', 'b'], 2), ...aRoute(['x', 'y'], 2, 'L2'), ...aRoute(['c', 'd'], 0)];
    expect(piecesOf(route, 'L1')).toEqual({ allocated: [[[0, 0], [1, 0]]], claimed: [[[0, 0], [1, 0]]] });
    expect(piecesOf(route, 'L2').allocated).toEqual([[[0, 0], [1, 0]]]);
  });
});

describe('a wait in words', () => {
  beforeAll(async () => {
    const resources = { en: { translation: en }, zh: { translation: zh } };
    await i18next.init({ resources, lng: 'en', showSupportNotice: false, interpolation: { escapeValue: false } });
  });

  const said = (language: string, wait: WaitingFor, task?: TaskView) => {
    const t = i18next.getFixedT(language);
    return waitingText(t, wait, task, (place) => placeText(t, place));
  };

  it.each([
    [aWait('lift', 'lift_5'), 'Waiting for Lift 5', '正在等待：5 号电梯'],
    [aWait('lift', 'lift:lift_5', 'blue'), 'Waiting for Lift 5, which blue is using', '正在等待：5 号电梯（blue 使用中）'],
    [aWait('door', 'L1_clinic_b'), 'Waiting for a door to open', '正在等待开门'],
    [aWait('way', 'w:L1_v4', 'blue'), 'Waiting for blue to clear the way ahead', '正在等待 blue 让出前方路段'],
    [aWait('way', 'l:a>b'), 'Waiting until the way ahead is free', '正在等待前方路段空出'],
    [aWait('way', 'zone:office_2', 'blue'), 'Waiting until blue has left Office 2', '正在等待 blue 离开办公室 2'],
    [aWait('closure', 'l:a>b'), 'Waiting for a closed way to be opened', '正在等待封闭路段开放'],
  ])('$kind $resource', (wait, english, chinese) => {
    expect(said('en', wait)).toBe(english);
    expect(said('zh', wait)).toBe(chinese);
  });

  it('is about a person at a hand-over', () => {
    const step = { ...aStep('pick_up', 'waiting_for_person'), step_id: 's1' };
    const task = { ...aTask('T1'), handover_step: 's1' };
    const mission = { mission_id: 'M1', robot: 'amber', leg: 1, status: 'running', steps: [step] };
    const wait = aWait('person', 'ward_2a');
    expect(said('en', wait, { ...task, mission })).toBe('Waiting at Ward 2A for somebody to load it');
    expect(said('en', wait, task)).toBe('Waiting at Ward 2A for somebody to receive it');
  });

  it('explains a later ETA', () => {
    const t = i18next.getFixedT('en');
    const place = (name: string) => placeText(t, name);
    const after = (wait: WaitingFor, ms: number) => etaText(t, 'en', { was: '', why: { wait, ms } }, place);
    expect(after(aWait('lift', 'lift:lift_5', 'blue'), 245_000)).toBe('waited 4 min for Lift 5');
    expect(after(aWait('way', 'w:a', 'blue'), 61_000)).toBe('waited 1 min for blue to clear the way');
    expect(after(aWait('person', 'ward_2a'), 300_000)).toBe('waited 5 min at Ward 2A for somebody');
    expect(etaText(t, 'en', { was: '', why: 'carrier' }, place)).toBe('another carrier brings it');
  });
});
