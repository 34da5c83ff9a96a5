import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { withoutIds } from '../i18n/places';
import { alertText } from '../i18n/words';
import { robotState } from '../robots/state';
import { usePlaceName } from '../shell/site';
import { useFleet } from '../stream/context';
import { useTrafficWords } from '../traffic/words';
import { alertsOf, type Row } from './rows';

/** All robots as the table shows them, in the language of the page. */
export function useRows(): Row[] {
  const { t } = useTranslation();
  const placeName = usePlaceName();
  const words = useTrafficWords();
  const robots = useFleet((fleet) => fleet.robots);
  const tasks = useFleet((fleet) => fleet.tasks);
  const alerts = useFleet((fleet) => fleet.alerts);
  return useMemo(() => {
    const open = alertsOf(Object.values(alerts));
    return Object.values(robots).map((robot) => {
      const wait = robot.waiting_for;
      const waits = wait === null ? null : words.waiting(wait, tasks[robot.task ?? '']);
      return {
        robot,
        state: robotState(t, robot),
        reason: waits ?? (robot.note === '' ? null : withoutIds(t, robot.note)),
        where: robot.waypoint === null ? t('robot.unknownPlace') : placeName(robot.waypoint),
        errors: (open.get(robot.id) ?? []).map((alert) => alertText(t, alert)),
      };
    });
  }, [robots, tasks, alerts, t, placeName, words]);
}
