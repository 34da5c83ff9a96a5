import { Group, Stack, Text, UnstyledButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { RobotView } from '../api/types';
import { Empty } from '../shell/Empty';
import { usePlaceName } from '../shell/site';
import { useFleet } from '../stream/context';
import { useTrafficWords } from '../traffic/words';
import { robotColour } from './colours';
import { chargeText, robotState } from './state';
import classes from './RobotList.module.css';

interface Props {
  selected: string | null;
  onRobot: (robot: string) => void;
}

/** All robots in words: the map for those who can't see it. */
export function RobotList({ selected, onRobot }: Props) {
  const { t } = useTranslation();
  const robots = Object.values(useFleet((fleet) => fleet.robots));
  if (robots.length === 0) return <Empty title={t('robot.none')}>{t('robot.noneText')}</Empty>;
  return (
    <Stack gap={4}>
      {robots.map((robot) => (
        <UnstyledButton
          key={robot.id}
          className={classes.row}
          data-selected={robot.id === selected}
          data-testid={`robot-${robot.id}`}
          onClick={() => onRobot(robot.id)}
        >
          <RobotRow robot={robot} />
        </UnstyledButton>
      ))}
    </Stack>
  );
}

function RobotRow({ robot }: { robot: RobotView }) {
  const { t } = useTranslation();
  const placeName = usePlaceName();
  const words = useTrafficWords();
  const task = useFleet((fleet) => (robot.task === null ? undefined : fleet.tasks[robot.task]));
  const heading = robot.destination === null ? null : `→ ${placeName(robot.destination)}`;
  const whither = robot.waiting_for === null ? heading : words.waiting(robot.waiting_for, task);
  return (
    <>
      <Group gap="sm" wrap="nowrap">
        <span className={classes.dot} style={{ background: robotColour(robot) }} />
        <Text fw={600} flex={1}>
          {robot.id}
        </Text>
        <Text size="sm">{robotState(t, robot)}</Text>
        <Text size="sm" c="dimmed" w={52} ta="right">
          {chargeText(robot)}
        </Text>
      </Group>
      {whither !== null && (
        <Text size="sm" c="dimmed" pl={24}>
          {whither}
        </Text>
      )}
    </>
  );
}
