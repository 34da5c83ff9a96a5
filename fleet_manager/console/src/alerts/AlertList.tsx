import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { changeAlert } from '../api/client';
import type { AlertView } from '../api/types';
import { clock } from '../i18n/time';
import { alertNext, alertText, word } from '../i18n/words';
import { Empty } from '../shell/Empty';
import { ErrorNote } from '../shell/ErrorNote';
import { useFleet, useNow } from '../stream/context';

const COLOURS: Record<string, string> = { info: 'blue', warning: 'orange', critical: 'red' };
const SEVERITIES = ['critical', 'warning', 'info'];

interface Props {
  onRobot: (robot: string) => void;
  /** What that does, where it is not showing the robot on the map. */
  verb?: string;
}

export function AlertList({ onRobot, verb }: Props) {
  const { t } = useTranslation();
  const alerts = Object.values(useFleet((fleet) => fleet.alerts));
  if (alerts.length === 0) return <Empty title={t('alert.none')}>{t('alert.noneText')}</Empty>;
  alerts.sort(
    (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || a.since.localeCompare(b.since),
  );
  return (
    <Stack>
      {alerts.map((alert) => (
        <AlertCard key={alert.id} alert={alert} onRobot={onRobot} verb={verb ?? t('robot.choose')} />
      ))}
    </Stack>
  );
}

function AlertCard({ alert, onRobot, verb }: { alert: AlertView } & Required<Props>) {
  const { t, i18n } = useTranslation();
  const now = useNow(30_000);
  const robots = useFleet((fleet) => fleet.robots);
  const change = useMutation({ mutationFn: (action: 'take' | 'close') => changeAlert(alert.id, action) });
  return (
    <Paper withBorder p="md" data-testid={`alert-${alert.id}`}>
      <Stack gap="xs">
        <Group justify="space-between">
          <Badge color={COLOURS[alert.severity] ?? 'gray'}>{word(t, 'alert', alert.severity)}</Badge>
          <Text size="sm" c="dimmed">
            {t('alert.since', { time: clock(i18n.language, alert.since, now) })}
          </Text>
        </Group>
        <Text fw={600}>{alertText(t, alert)}</Text>
        <Text size="sm">
          <b>{t('alert.next')}: </b>
          {alertNext(t, alert)}
        </Text>
        <ErrorNote error={change.error} />
        <Group gap="xs">
          {alert.state === 'open' ? (
            <Button onClick={() => change.mutate('take')} loading={change.isPending} data-testid="alert-take">
              {t('alert.take')}
            </Button>
          ) : (
            <Text size="sm" data-testid="alert-taken">
              {t('alert.takenBy', { who: alert.taken_by })}
            </Text>
          )}
          <Button
            variant="default"
            onClick={() => change.mutate('close')}
            loading={change.isPending}
            data-testid="alert-close"
          >
            {t('alert.close')}
          </Button>
          {alert.subject in robots && (
            <Button variant="subtle" onClick={() => onRobot(alert.subject)}>
              {verb}
            </Button>
          )}
        </Group>
      </Stack>
    </Paper>
  );
}
