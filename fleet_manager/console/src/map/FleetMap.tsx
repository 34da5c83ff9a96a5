import { ActionIcon, Paper, SegmentedControl, useComputedColorScheme } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ClosureView, LiftView, RobotView } from '../api/types';
import { placeText, shortPlaceText } from '../i18n/places';
import { RobotDetails } from '../robots/RobotDetails';
import { Icon } from '../shell/icons';
import { useSite } from '../shell/site';
import { useFleet, useLive, useStore } from '../stream/context';
import { DARK, LIGHT } from './colours';
import { Legend } from './Legend';
import { MapScene } from './scene';

interface Props {
  robot: string | null;
  onRobot: (robot: string | null) => void;
  closures: readonly ClosureView[];
  /** Whether what is shown is over, so that nothing can be changed. */
  past?: boolean;
}

/** The map, one level at a time; it follows the chosen robot from level to level. */
export const FleetMap = memo(function FleetMap({ robot, onRobot, closures, past = false }: Props) {
  const { t } = useTranslation();
  const { levels } = useSite();
  const robots = useFleet((fleet) => fleet.robots);
  const stale = useLive().phase !== (past ? 'past' : 'live');
  const chosen = robot === null ? undefined : robots[robot];
  const [traffic, setTraffic] = useLocalStorage({ key: 'wardfleet.traffic', defaultValue: false });
  const [levelId, setLevelId] = useState(levels[0]?.id ?? '');
  const [followed, setFollowed] = useState<string | undefined>();
  const fitRef = useRef<() => void>(() => undefined);
  const robotLevel = chosen?.pose?.level;
  if (robotLevel !== followed) {
    setFollowed(robotLevel);
    if (robotLevel !== undefined) setLevelId(robotLevel);
  }
  return (
    <>
      <Canvas levelId={levelId} robot={robot} traffic={traffic} closures={closures} onRobot={onRobot} stale={stale} fitRef={fitRef} />
      <Paper className="map-levels" withBorder>
        <SegmentedControl
          orientation="vertical"
          aria-label={t('map.level')}
          data={levels.map(({ id }) => ({ value: id, label: <LevelName id={id} robots={robotsOn(robots, id)} /> })).reverse()}
          value={levelId}
          onChange={setLevelId}
          styles={{ label: { minWidth: 44, minHeight: 44, display: 'grid', placeContent: 'center' } }}
          data-testid="levels"
        />
      </Paper>
      <div className="map-legend">
        <Legend traffic={traffic} onTraffic={setTraffic} />
        <ActionIcon onClick={() => fitRef.current()} aria-label={t('map.fit')} title={t('map.fit')}>
          <Icon shape="fit" />
        </ActionIcon>
      </div>
      {chosen !== undefined && (
        <div className="map-robot">
          <RobotDetails robot={chosen} onRobot={onRobot} onClose={() => onRobot(null)} past={past} />
        </div>
      )}
    </>
  );
});

function robotsOn(robots: Readonly<Record<string, RobotView>>, level: string): number {
  return Object.values(robots).filter(({ kind, pose }) => kind !== 'person' && pose?.level === level).length;
}

/** A level, and how many robots are on it. */
function LevelName({ id, robots }: { id: string; robots: number }) {
  return (
    <span>
      {id}
      {robots > 0 && <sup> {robots}</sup>}
    </span>
  );
}

interface CanvasProps extends Omit<Props, 'past'> {
  levelId: string;
  traffic: boolean;
  stale: boolean;
  fitRef: React.RefObject<() => void>;
}

function Canvas({ levelId, robot, traffic, closures, onRobot, stale, fitRef }: CanvasProps) {
  const { t } = useTranslation();
  const { levels } = useSite();
  const store = useStore();
  const target = useRef<HTMLDivElement>(null);
  const [scene, setScene] = useState<MapScene | null>(null);
  const robots = useFleet((fleet) => fleet.robots);
  const doors = useFleet((fleet) => fleet.doors);
  const lifts = useFleet((fleet) => fleet.lifts);
  const dark = useComputedColorScheme('light') === 'dark';
  const level = levels.find(({ id }) => id === levelId);
  const here = robotsOn(robots, levelId);

  useEffect(() => {
    if (target.current === null) return undefined;
    const made = new MapScene(target.current, LIGHT, onRobot);
    const silence = store.onPoses((poses) => made.move(poses));
    fitRef.current = () => made.fit();
    setScene(made);
    return () => {
      silence();
      made.dispose();
    };
  }, [store, onRobot, fitRef]);

  useEffect(() => scene?.paint(dark ? DARK : LIGHT), [scene, dark]);

  useEffect(() => {
    if (level !== undefined) scene?.draw(level);
  }, [scene, level]);

  const words = useMemo(() => {
    const lift = (view: LiftView | undefined, id: string, at: string): string => {
      const name = placeText(t, id);
      if (view?.available === false) return t('map.liftOut', { lift: name });
      if (view?.level == null) return t('map.liftMoving', { lift: name });
      return view.level === at ? t('map.liftHere', { lift: name }) : t('map.liftAt', { lift: name, level: view.level });
    };
    const place = (name: string) => placeText(t, name);
    const room = (name: string, brief: boolean) => shortPlaceText(t, name, brief);
    return { place, room, lift };
  }, [t]);

  useEffect(() => {
    scene?.show({ robots, doors, lifts, closures, selected: robot, traffic, words });
  }, [scene, robots, doors, lifts, closures, robot, traffic, level, words]);

  useEffect(() => {
    if (robot !== null) scene?.reveal(robot);
  }, [scene, robot, level]);

  return (
    <div
      ref={target}
      className="map"
      data-stale={stale}
      data-testid="map"
      role="application"
      tabIndex={0}
      aria-label={`${t('map.label', { level: levelId })}: ${t('map.robotsHere', { count: here, level: levelId })}`}
    />
  );
}
