import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import type { MovingPose, RobotView } from '../api/types';
import type { Fleet } from './fleet';
import type { FleetSource, Live } from './store';

export const StoreContext = createContext<FleetSource | null>(null);

export function useStore(): FleetSource {
  const store = useContext(StoreContext);
  if (store === null) throw new Error('there is no source of the fleet around this component');
  return store;
}

export function useLive(): Live {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, store.current);
}

const NOTHING: Fleet = { seq: 0, tasks: {}, robots: {}, alerts: {}, doors: {}, lifts: {}, etas: {} };

/** One part of the fleet; the component is drawn anew only when that part changes. */
export function useFleet<Part>(part: (fleet: Fleet) => Part): Part {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, () => part(store.current().fleet ?? NOTHING));
}

/** Whether the fleet is known at all; before, an empty list would be a lie. */
export function useKnown(): boolean {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, () => store.current().fleet !== null);
}

const POSE_SHOWN_EVERY_MS = 500;

/** The newest pose of one robot, for reading rather than for drawing. */
export function usePose(robot: RobotView): Omit<MovingPose, 'robot'> | null {
  const store = useStore();
  const [told, setTold] = useState<MovingPose | null>(null);
  useEffect(() => {
    let shownAt = 0;
    return store.onPoses((poses) => {
      const pose = poses.find((one) => one.robot === robot.id);
      if (pose === undefined || Date.now() - shownAt < POSE_SHOWN_EVERY_MS) return;
      shownAt = Date.now();
      setTold(pose);
    });
  }, [store, robot.id]);
  return told?.robot === robot.id ? told : robot.pose;
}

/** The present by the fleet manager's clock (ms), renewed every `everyMs`. */
export function useNow(everyMs: number): number {
  const store = useStore();
  const [now, setNow] = useState(() => presentOf(store));
  useEffect(() => {
    const timer = setInterval(() => setNow(presentOf(store)), everyMs);
    return () => clearInterval(timer);
  }, [store, everyMs]);
  return now;
}

export function presentOf(store: FleetSource): number {
  return store.now();
}
