import { Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { retryTask } from '../api/client';
import type { TaskView } from '../api/types';
import { clock } from '../i18n/time';
import { reasonText } from '../i18n/words';
import { Empty } from '../shell/Empty';
import { ErrorNote } from '../shell/ErrorNote';
import { usePlaceName } from '../shell/site';
import { useFleet, useNow } from '../stream/context';
import { CancelDialog } from '../tasks/CancelDialog';
import { PorterDialog } from '../tasks/PorterDialog';

const REASONS_SHOWN = 3;

/** Tasks that no robot has taken yet: why, and what can be done. */
export function TaskHelps() {
  const { t } = useTranslation();
  const tasks = useFleet((fleet) => fleet.tasks);
  const queued = Object.values(tasks).filter((task) => task.status === 'queued');
  if (queued.length === 0) return <Empty title={t('operator.queueNone')}>{t('operator.queueNoneText')}</Empty>;
  return (
    <Stack>
      {queued.map((task) => (
        <Queued key={task.id} task={task} />
      ))}
    </Stack>
  );
}

function Queued({ task }: { task: TaskView }) {
  const { t, i18n } = useTranslation();
  const now = useNow(10_000);
  const placeName = usePlaceName();
  const retry = useMutation({ mutationFn: () => retryTask(task.id) });
  const [sending, send] = useDisclosure();
  const [cancelling, cancel] = useDisclosure();
  return (
    <Paper withBorder p="md" data-testid={`queued-${task.id}`}>
      <Stack gap="xs">
        <Group justify="space-between">
          <Text fw={600}>
            {task.id} · {placeName(task.pickup)} → {placeName(task.dropoff)}
          </Text>
          <Text size="sm" c="dimmed">
            {t('alert.since', { time: clock(i18n.language, task.requested_at, now) })}
          </Text>
        </Group>
        {task.reasons.slice(0, REASONS_SHOWN).map((reason) => (
          <Text key={reason.subject} size="sm">
            {reason.subject === task.id ? '' : `${reason.subject}: `}
            {reasonText(t, reason)}
          </Text>
        ))}
        <Text size="sm" c="dimmed">
          {t('operator.retryText')}
        </Text>
        <ErrorNote error={retry.error} />
        <Group gap="xs">
          <Button variant="default" onClick={() => retry.mutate()} loading={retry.isPending} data-testid="queued-retry">
            {t('operator.retry')}
          </Button>
          <Button variant="default" onClick={send.open} data-testid="queued-porter">
            {t('task.porter')}
          </Button>
          <Button variant="default" onClick={cancel.open} data-testid="queued-cancel">
            {t('task.cancel')}
          </Button>
        </Group>
        {sending && <PorterDialog task={task} onClose={send.close} />}
        {cancelling && <CancelDialog task={task} onClose={cancel.close} />}
      </Stack>
    </Paper>
  );
}
