import { Alert, Button, Group, Loader, Paper, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { TaskView } from '../api/types';
import { clock } from '../i18n/time';
import { loads } from '../robots/state';
import { usePlaceName } from '../shell/site';
import { useFleet, useNow } from '../stream/context';
import { CancelDialog } from '../tasks/CancelDialog';
import { moveOf } from '../tasks/eta';
import { HandoverDialog } from '../tasks/HandoverDialog';
import { PorterDialog } from '../tasks/PorterDialog';
import { useTrafficWords } from '../traffic/words';
import { rangeOf } from './range';

interface Props {
  title: string;
  none: string;
  tasks: readonly TaskView[];
  known: boolean;
  testid: string;
}

/** Deliveries to the ward, or from it. */
export function WardTasks({ title, none, tasks, known, testid }: Props) {
  return (
    <Stack gap="xs" data-testid={testid}>
      <Title order={2} size="h5">
        {title}
      </Title>
      {!known && <Loader />}
      {known && tasks.length === 0 && (
        <Text size="sm" c="dimmed">
          {none}
        </Text>
      )}
      {tasks.map((task) => (
        <WardTask key={task.id} task={task} />
      ))}
    </Stack>
  );
}

function WardTask({ task }: { task: TaskView }) {
  const { t, i18n } = useTranslation();
  const placeName = usePlaceName();
  const words = useTrafficWords();
  const now = useNow(5_000);
  const history = useFleet((fleet) => fleet.etas[task.id]);
  const carried = useFleet((fleet) => fleet.robots[task.robot ?? '']?.kind === 'person');
  const [handing, handover] = useDisclosure();
  const [cancelling, cancel] = useDisclosure();
  const [sending, send] = useDisclosure();
  const [waited, setWaited] = useState<string | null>(null);
  const move = moveOf(task, history, now);
  const late = move !== null && task.eta !== null && Date.parse(task.eta) > Date.parse(move.was);
  const range = rangeOf(task, now);
  return (
    <Paper withBorder p="md" data-testid={`ward-${task.id}`} data-status={task.status}>
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Text fw={600}>{task.items.map((item) => `${item.quantity} × ${item.name}`).join(', ')}</Text>
          <Text fw={700} style={{ flex: 'none' }} data-testid="ward-eta">
            {range === null
              ? t('task.noEta')
              : range.map((moment) => clock(i18n.language, moment, now)).join(' – ')}
          </Text>
        </Group>
        <Text size="sm" c="dimmed">
          {placeName(task.pickup)} → {placeName(task.dropoff)} · {t(`status.${task.status}`)}
          {task.robot !== null && ` · ${task.robot}`}
        </Text>
        {task.waiting_for !== null && <Text size="sm">{words.waiting(task.waiting_for, task)}</Text>}
        {late && waited !== move.was && (
          <Alert color="orange" title={t('ward.slips', { was: clock(i18n.language, move.was, now) })} role="status" data-testid="slip">
            <Stack gap="xs">
              <Text size="sm">{words.eta(move)}</Text>
              <Group gap="xs">
                <Button variant="default" onClick={() => setWaited(move.was)} data-testid="slip-wait">
                  {t('ward.wait')}
                </Button>
                {!carried && (
                  <Button variant="default" onClick={send.open}>
                    {t('ward.sendPorter')}
                  </Button>
                )}
                <Button variant="default" onClick={cancel.open}>
                  {t('task.cancel')}
                </Button>
              </Group>
            </Stack>
          </Alert>
        )}
        <Group gap="xs">
          {task.handover_step !== null && (
            <Button onClick={handover.open} data-testid="handover">
              {t(loads(task) ? 'handover.load' : 'handover.receive')}
            </Button>
          )}
          {task.status !== 'cancelling' && !late && (
            <Button variant="default" onClick={cancel.open} data-testid="cancel">
              {t('task.cancel')}
            </Button>
          )}
        </Group>
        {handing && <HandoverDialog task={task} onClose={handover.close} />}
        {cancelling && <CancelDialog task={task} onClose={cancel.close} />}
        {sending && <PorterDialog task={task} onClose={send.close} />}
      </Stack>
    </Paper>
  );
}
