import { describe, expect, it, vi } from 'vitest';
import type { Happening, MovingPose, Replay, ReplayFrame } from '../api/types';
import { aRobot, aRoute, aTask, anAlert } from '../testing/views';
import { Player } from './player';
import { markOf } from './words';

const BEGIN = Date.parse('2026-03-01T08:00:00Z');
const at = (seconds: number) => BEGIN + seconds * 1000;

function aFrame(seconds: number, told: Partial<ReplayFrame> = {}): ReplayFrame {
  return { time: new Date(at(seconds)).toISOString(), ...told };
}

function anAnswer(frames: ReplayFrame[]): Replay {
  return { begin: '', end: '', recorded_since: null, next: null, frames };
}

function aHappening(seq: number, seconds: number, kind: string, about: Partial<Happening> = {}): Happening {
  return { seq, time: new Date(at(seconds)).toISOString(), kind, ...about };
}

const seen = (view: object) => view as Record<string, unknown>;
const pose = (robot: string, x: number, level = 'L1', yaw = 0): [string, string, number, number, number] => [robot, level, x, 0, yaw];

/** Half a minute that begins before the span: amber drives four metres in it, then takes a lift. */
function aRecording(): Player {
  const player = new Player(BEGIN, at(30));
  player.add(
    anAnswer([
      aFrame(-5, { whole: true, robots: [seen({ ...aRobot('amber'), route: aRoute(['a', 'b', 'c'], 1) })], poses: [pose('amber', 0)], closures: [] }),
      aFrame(9),
      aFrame(10, { robots: [{ id: 'amber', passed: 1, allocated: 2 }], poses: [pose('amber', 1)] }),
      aFrame(11, { tasks: [seen(aTask('t1', 'underway'))], alerts: [seen(anAlert('a1'))], poses: [pose('amber', 2, 'L1', Math.PI / 2)] }),
      aFrame(20, { robots: [{ id: 'amber', status: 'charging' }], alerts: [{ id: 'a1', state: 'closed' }], poses: [pose('amber', 2, 'L2')] }),
      aFrame(30),
    ]),
  );
  return player;
}

function posesOf(player: Player, moment: number): Readonly<Record<string, MovingPose>> {
  let told: readonly MovingPose[] = [];
  const stop = player.onPoses((poses) => (told = poses));
  player.seek(moment);
  stop();
  return Object.fromEntries(told.map((one) => [one.robot, one]));
}

describe('a recording', () => {
  it('shows what was known at its begin, and what changed by each moment', () => {
    const player = aRecording();
    const amber = () => player.current().fleet?.robots['amber'];
    expect(amber()?.route.map(({ waypoint }) => waypoint)).toEqual(['a', 'b', 'c']);
    player.seek(at(15));
    expect(amber()?.route).toMatchObject([{ waypoint: 'b', allocated: true }, { waypoint: 'c', allocated: true }]);
    expect(player.current()).toMatchObject({ phase: 'past', fleet: { tasks: { t1: { status: 'underway' } } } });
    expect(Object.keys(player.current().fleet?.alerts ?? {})).toEqual(['a1']);
    player.seek(at(25));
    expect(amber()?.status).toBe('charging');
    expect(player.current().fleet?.alerts).toEqual({});
  });

  it('goes back as well as on, to the same pictures', () => {
    const player = aRecording();
    player.seek(at(12));
    const before = player.current().fleet;
    player.seek(at(29));
    player.seek(at(12));
    expect(player.current().fleet).toEqual(before);
  });

  it('keeps robots where they stood until the last second before they are elsewhere', () => {
    const player = aRecording();
    expect(posesOf(player, at(5))['amber']).toMatchObject({ x: 0, speed: 0 });
    expect(posesOf(player, at(9.5))['amber']).toMatchObject({ x: 0.5, speed: 1 });
    expect(posesOf(player, at(10.5))['amber']).toMatchObject({ x: 1.5, yaw: Math.PI / 4 });
    expect(posesOf(player, at(19.9))['amber']).toMatchObject({ x: 2, level: 'L1' });
    expect(posesOf(player, at(20))['amber']).toMatchObject({ x: 2, level: 'L2' });
    expect(player.current().fleet?.robots['amber']?.pose?.level).toBe('L2');
  });

  it('says that nothing was recorded while the fleet manager was down', () => {
    const player = new Player(BEGIN, at(600));
    player.add(anAnswer([aFrame(0, { whole: true }), aFrame(10), aFrame(300, { whole: true })]));
    const phases = [5, 15, 100, 299, 305].map((seconds) => {
      player.seek(at(seconds));
      return player.current().phase;
    });
    expect(phases).toEqual(['past', 'past', 'lost', 'lost', 'past']);
    expect(player.empty).toBe(false);
    expect(new Player(BEGIN, at(600)).empty).toBe(true);
  });

  it('is empty when all that was recorded is long before the span', () => {
    const player = new Player(BEGIN, at(600));
    player.add(anAnswer([aFrame(-4000, { whole: true })]));
    expect(player.empty).toBe(true);
  });

  it('takes what two answers have in common once, and forgets at a whole frame what is gone', () => {
    const player = new Player(BEGIN, at(30));
    const raised = aHappening(7, 5, 'alert_raised', { alert: 'a1' });
    const early = aHappening(3, -2, 'task_submitted');
    const first = [aFrame(0, { whole: true, robots: [seen(aRobot('amber'))], events: [early] }), aFrame(5, { events: [raised] })];
    player.add(anAnswer(first));
    player.add(anAnswer([...first, aFrame(10, { whole: true, robots: [seen(aRobot('birch'))] })]));
    expect(player.happenings).toEqual([raised]);
    player.seek(at(30));
    expect(Object.keys(player.current().fleet?.robots ?? {})).toEqual(['birch']);
  });

  it('wakes those who show the fleet only when it differs', () => {
    const player = aRecording();
    player.seek(at(12));
    const told = vi.fn();
    player.subscribe(told);
    player.seek(at(13));
    expect(told).not.toHaveBeenCalled();
    player.seek(at(21));
    expect(told).toHaveBeenCalledTimes(1);
  });

  it('stays within its span', () => {
    const player = aRecording();
    player.seek(at(-100));
    expect(player.now()).toBe(BEGIN);
    player.seek(at(100));
    expect(player.now()).toBe(at(30));
  });
});

describe('the time line', () => {
  it('marks alerts and the ends of tasks', () => {
    const kinds = ['alert_raised', 'task_ended', 'robot_paused'].map((kind) => aHappening(1, 1, kind, { status: 'failed' }));
    expect(kinds.map(markOf)).toEqual(['alert', 'undone', null]);
    expect(markOf(aHappening(1, 1, 'task_ended', { status: 'completed' }))).toBe('done');
  });
});
