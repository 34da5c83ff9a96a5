import { Badge, Button, CloseButton, Group, Paper, Progress, Stack, Table, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RobotView, TaskView } from '../api/types';
import { withoutIds } from '../i18n/places';
import { clock } from '../i18n/time';
import { HelpDialog } from '../operator/HelpDialog';
import { usePlaceName } from '../shell/site';
import { useNow, usePose } from '../stream/context';
import { HandoverDialog } from '../tasks/HandoverDialog';
import { robotColour } from './colours';
import { chargeText, robotState } from './state';
import { ServiceButtons } from './ServiceButtons';
import { Waiting } from './Waiting';

interface Props {
  robot: RobotView;
  onRobot: (robot: string) => void;
  onClose: () => void;
  /** In the past nothing can be changed. */
  past?: boolean;
}

export function RobotDetails({ robot, onRobot, onClose, past = false }: Props) {
  const { t, i18n } = useTranslation();
  const now = useNow(1_000);
  const placeName = usePlaceName();
  const pose = usePose(robot);
  const [helping, help] = useDisclosure();
  const [handing, handOver] = useState<TaskView | null>(null);
  const rows: [string, string][] = [
    [t('robot.task'), robot.task ?? t('robot.noTask')],
    [t('robot.destination'), robot.destination === null ? '–' : placeName(robot.destination)],
    [t('robot.position'), position(pose, robot.waypoint, placeName) ?? t('robot.unknownPlace')],
    ...(past ? [] : [[t('robot.lastSeen'), robot.last_seen === null ? '–' : clock(i18n.language, robot.last_seen, now)] as [string, string]]),
  ];
  return (
    <Paper shadow="md" p="md" withBorder data-testid="robot-details">
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap">
          <Text fw={700} size="lg">
            {robot.id}
          </Text>
          <CloseButton onClick={onClose} aria-label={t('app.close')} />
        </Group>
        <Group gap="xs">
          <Badge variant="dot" color={robotColour(robot)} data-testid="robot-state">
            {robotState(t, robot)}
          </Badge>
          {!robot.connected && <Badge color="red">{t('robot.notConnected')}</Badge>}
        </Group>
        <Charge robot={robot} />
        <Waiting robot={robot} onRobot={onRobot} />
        {robot.note !== '' && <Text size="sm">{withoutIds(t, robot.note)}</Text>}
        <Table withRowBorders={false} verticalSpacing={2} horizontalSpacing={0}>
          <Table.Tbody>
            {rows.map(([name, value]) => (
              <Table.Tr key={name}>
                <Table.Th fw={400} c="dimmed" w="40%">
                  {name}
                </Table.Th>
                <Table.Td data-testid={name === t('robot.position') ? 'robot-position' : undefined}>{value}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        {!past && (
          <>
            <ServiceButtons robot={robot} place="robot" />
            {robot.kind !== 'person' && (
              <Button variant="light" onClick={help.open} data-testid="robot-help">
                {t('operator.help')}
              </Button>
            )}
          </>
        )}
      </Stack>
      {helping && (
        <HelpDialog
          robot={robot}
          onRobot={onRobot}
          onHandOver={(task) => {
            help.close();
            handOver(task);
          }}
          onClose={help.close}
        />
      )}
      {handing !== null && <HandoverDialog task={handing} onClose={() => handOver(null)} />}
    </Paper>
  );
}

function position(
  pose: ReturnType<typeof usePose>,
  waypoint: string | null,
  placeName: (place: string) => string,
): string | null {
  if (pose === null) return waypoint === null ? null : placeName(waypoint);
  return `${pose.level} · ${pose.x.toFixed(1)}, ${pose.y.toFixed(1)} m · ${pose.speed.toFixed(1)} m/s`;
}

function Charge({ robot }: { robot: RobotView }) {
  const { t } = useTranslation();
  const text = chargeText(robot);
  if (text === null) return null;
  const share = robot.state_of_charge ?? 0;
  return (
    <Group gap="xs" wrap="nowrap">
      <Text size="sm" c="dimmed">
        {t('robot.battery')}
      </Text>
      <Progress
        value={share * 100}
        color={share < 0.2 ? 'red' : share < 0.35 ? 'orange' : 'green'}
        size="lg"
        style={{ flex: 1 }}
        aria-label={t('robot.battery')}
      />
      <Text size="sm" fw={600} data-testid="robot-battery">
        {text}
      </Text>
    </Group>
  );
}
