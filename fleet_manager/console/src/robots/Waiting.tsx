import { Stack, Text, UnstyledButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { RobotView } from '../api/types';
import { clock, lasting } from '../i18n/time';
import { useFleet, useNow } from '../stream/context';
import { waitsForPerson } from '../traffic/resource';
import { chainOf, levelOfWait, type Link } from '../traffic/waits';
import { useTrafficWords } from '../traffic/words';

const SHOWN = 4;

interface Props {
  robot: RobotView;
  onRobot: (robot: string) => void;
}

/** What a robot waits for, since when and until when, and why: robot after robot up to where the reason lies. */
export function Waiting({ robot, onRobot }: Props) {
  const { t, i18n } = useTranslation();
  const now = useNow(1_000);
  const robots = useFleet((fleet) => fleet.robots);
  const { links, circle } = chainOf(robots, robot.id);
  const [own, ...others] = links;
  if (own === undefined) return null;
  const { since, until } = own.wait;
  const person = waitsForPerson(robot);
  const times = [
    since === null ? null : t('wait.lasting', { time: lasting(i18n.language, now - Date.parse(since)) }),
    until !== null ? t('wait.until', { time: clock(i18n.language, until, now) }) : person ? null : t('wait.noEnd'),
  ];
  const between = others.length > SHOWN ? others.length - 2 : 0;
  const shown = between > 0 ? others.filter((_, index) => index === 0 || index === others.length - 1) : others;
  return (
    <Stack gap={2} className="waiting" data-person={person} data-testid="robot-waiting">
      <WaitText link={own} bold />
      <Text size="sm" c="dimmed">
        {times.filter((time) => time !== null).join(' · ')}
      </Text>
      {others[0] !== undefined && (
        <Text size="sm" mt={4}>
          {t('wait.because', { robot: others[0].robot })}
        </Text>
      )}
      {shown.map((link, index) => (
        <div key={link.robot}>
          {between > 0 && index === 1 && (
            <Text size="sm" c="dimmed">
              {t('wait.more', { count: between })}
            </Text>
          )}
          <Because link={link} onRobot={onRobot} />
        </div>
      ))}
      {circle && (
        <Text size="sm" c="red" fw={600}>
          {t('wait.circle')}
        </Text>
      )}
    </Stack>
  );
}

/** Another robot and what it waits for; it leads to that robot. */
export function Because({ link, onRobot }: { link: Link; onRobot: (robot: string) => void }) {
  return (
    <UnstyledButton className="waiting-link" onClick={() => onRobot(link.robot)} data-testid="waiting-because">
      <WaitText link={link} named />
    </UnstyledButton>
  );
}

function WaitText({ link, bold = false, named = false }: { link: Link; bold?: boolean; named?: boolean }) {
  const { t } = useTranslation();
  const words = useTrafficWords();
  const robot = useFleet((fleet) => fleet.robots[link.robot]);
  const task = useFleet((fleet) => fleet.tasks[robot?.task ?? '']);
  const level = robot === undefined ? null : levelOfWait(robot);
  return (
    <Text size="sm" {...(bold && { fw: 600 })}>
      {named && <b>{link.robot}: </b>}
      {words.waiting(link.wait, task)}
      {level !== null && ` · ${t('wait.onLevel', { level })}`}
    </Text>
  );
}
