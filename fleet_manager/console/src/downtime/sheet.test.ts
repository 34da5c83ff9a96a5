import { describe, expect, it } from 'vitest';
import type { SiteView } from '../api/types';
import type { Fleet } from '../stream/fleet';
import { anItem, aRobot, aTask } from '../testing/views';
import { sheetOf } from './sheet';

const SITE = {
  fleets: [{ id: 'carriers', by_hand: 'key no. 3' }],
  places: [
    { id: 'pharmacy', level: 'L1', x: 0, y: 0 },
    { id: 'ward_2a', level: 'L1', x: 30, y: 0 },
    { id: 'ward_3a', level: 'L2', x: 20, y: 0 },
  ],
} as unknown as SiteView;

function fleetOf(...tasks: ReturnType<typeof aTask>[]): Fleet {
  const robots = { 'robot-1': aRobot('robot-1'), 'robot-2': aRobot('robot-2') };
  return {
    seq: 1,
    tasks: Object.fromEntries(tasks.map((task) => [task.id, task])),
    robots,
    alerts: {},
    doors: {},
    lifts: {},
    etas: {},
  };
}

describe('the downtime sheet', () => {
  it('says who has what on board, where it goes and how it is opened', () => {
    const item = { ...anItem('medicine'), compartment: 'main' };
    const task = { ...aTask('T1', 'underway'), robot: 'robot-2', items: [item], destination: 'pharmacy' };
    const { carriers, waiting } = sheetOf(fleetOf(task), SITE);
    expect(carriers).toHaveLength(1);
    expect(carriers[0]?.robot.id).toBe('robot-2');
    expect(carriers[0]?.byHand).toBe('key no. 3');
    expect(carriers[0]?.loads[0]).toMatchObject({ items: [item], to: 'pharmacy' });
    expect(waiting).toHaveLength(0);
  });

  it('names the place that a robot is nearest to, on its level', () => {
    const task = { ...aTask('T1', 'underway'), robot: 'robot-1', items: [anItem(null)] };
    const fleet = fleetOf(task);
    const pose = { level: 'L1', x: 19, y: 0, yaw: 0, speed: 0, time: '2026-03-01T08:00:00Z' };
    const robot = { ...aRobot('robot-1'), waypoint: 'spine_20', pose };
    const [carrier] = sheetOf({ ...fleet, robots: { 'robot-1': robot } }, SITE).carriers;
    expect(carrier).toMatchObject({ place: 'ward_2a', level: 'L1', there: false });
  });

  it('lists what nobody has fetched yet, the most urgent first', () => {
    const goods = [{ ...anItem(null), state: 'waiting' as const }];
    const routine = { ...aTask('T1'), items: goods };
    const stat = { ...aTask('T2'), items: goods, priority: 'stat' as const };
    expect(sheetOf(fleetOf(routine, stat), SITE).waiting.map(({ task }) => task.id)).toEqual(['T2', 'T1']);
  });

  it('leaves out what has ended, and warns of a disinfection under way', () => {
    const over = { ...aTask('T1', 'completed'), robot: 'robot-1', items: [anItem(null)] };
    const lamp = { ...aTask('T2', 'underway'), zone: 'room-12' };
    const sheet = sheetOf(fleetOf(over, lamp), SITE);
    expect(sheet.carriers).toHaveLength(0);
    expect(sheet.treatments).toEqual([lamp]);
  });
});
