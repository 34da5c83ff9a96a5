import { Badge, Button, Collapse, Group, Paper, SegmentedControl, Stack, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { changePriority, retryTask } from '../api/client';
import type { Priority, TaskStatus, TaskView } from '../api/types';
import { placeText, withoutIds } from '../i18n/places';
import { away, clock, minutes } from '../i18n/time';
import { reasonText } from '../i18n/words';
import { loads } from '../robots/state';
import { Because } from '../robots/Waiting';
import { ErrorNote } from '../shell/ErrorNote';
import { usePlaceName } from '../shell/site';
import { useFleet, useNow } from '../stream/context';
import { hasEnded } from '../stream/fleet';
import { chainOf } from '../traffic/waits';
import { useTrafficWords } from '../traffic/words';
import { CancelDialog } from './CancelDialog';
import { moveOf } from './eta';
import { HandoverDialog } from './HandoverDialog';
import { PorterDialog } from './PorterDialog';
import { Steps } from './Steps';

const PRIORITY_COLOURS: Record<Priority, string> = { stat: 'red', urgent: 'orange', routine: 'blue', background: 'gray.6' };
const PRIORITIES: readonly Priority[] = ['stat', 'urgent', 'routine', 'background'];
const STATUS_COLOURS: Record<TaskStatus, string> = {
  queued: 'gray',
  assigned: 'blue',
  underway: 'blue',
  cancelling: 'orange',
  completed: 'green',
  cancelled: 'gray',
  failed: 'red',
};

/** Drawn anew only when its own task changes. */
export const TaskCard = memo(function TaskCard({ task, onRobot }: { task: TaskView; onRobot: (robot: string) => void }) {
  const { t } = useTranslation();
  const placeName = usePlaceName();
  const words = useTrafficWords();
  const [explained, explain] = useDisclosure();
  const ended = hasEnded(task);
  return (
    <Paper withBorder p="md" data-testid={`task-${task.id}`} data-status={task.status} {...(ended && { bg: 'var(--ground)' })}>
      <Stack gap="xs">
        <Group justify="space-between" gap="xs">
          <Group gap="xs">
            <Badge color={PRIORITY_COLOURS[task.priority]} data-testid="task-priority">{t(`priority.${task.priority}`)}</Badge>
            <Badge color={STATUS_COLOURS[task.status]} variant="light" data-testid="task-status">
              {t(`status.${task.status}`)}
            </Badge>
          </Group>
          <Text size="sm" c="dimmed">
            {task.id}
          </Text>
        </Group>
        <Text fw={600}>{title(t, task, placeName)}</Text>
        <Text size="sm">{task.items.map((item) => `${item.quantity} × ${item.name}`).join(', ')}</Text>
        {task.note !== '' && (
          <Text size="sm" c="dimmed">
            {t('task.note')}: {task.note}
          </Text>
        )}
        <Times task={task} ended={ended} />
        {!ended && task.waiting_for !== null && (
          <Text size="sm" {...(task.handover_step !== null && { fw: 600, c: 'orange' })} data-testid="task-waiting">
            {words.waiting(task.waiting_for, task)}
          </Text>
        )}
        {!ended && task.waiting_for !== null && <Root task={task} onRobot={onRobot} />}
        {!ended && task.destination !== null && (
          <Text size="sm">{t('task.goesTo', { place: placeName(task.destination) })}</Text>
        )}
        {ended && task.outcome !== null && task.status !== 'completed' && (
          <Text size="sm">{withoutIds(t, task.outcome)}</Text>
        )}
        <Group justify="space-between" my={-10}>
          <Carrier task={task} ended={ended} onRobot={onRobot} />
          {(task.reasons.length > 0 || task.mission !== null) && (
            <UnstyledButton mih={44} onClick={explain.toggle} aria-expanded={explained} data-testid="task-why">
              <Text size="sm" td="underline">
                {t('task.steps')} · {t('task.why')}
              </Text>
            </UnstyledButton>
          )}
        </Group>
        <Collapse expanded={explained}>{explained && <Details task={task} />}</Collapse>
        {!ended && <Actions task={task} />}
      </Stack>
    </Paper>
  );
});

/** Where the reason lies when the carrier waits for robots that wait themselves: often there is something to be done. */
function Root({ task, onRobot }: { task: TaskView; onRobot: (robot: string) => void }) {
  const robots = useFleet((fleet) => fleet.robots);
  const { links, circle } = chainOf(robots, task.robot ?? '');
  const last = links.at(-1);
  return links.length < 2 || circle || last === undefined ? null : <Because link={last} onRobot={onRobot} />;
}

interface CarrierProps {
  task: TaskView;
  ended: boolean;
  onRobot: (robot: string) => void;
}

function Carrier({ task, ended, onRobot }: CarrierProps) {
  const { t } = useTranslation();
  const { robot } = task;
  if (robot === null) return <Text size="sm">{ended ? '' : t('task.noCarrier')}</Text>;
  return (
    <UnstyledButton mih={44} onClick={() => onRobot(robot)} data-testid="task-carrier">
      <Text size="sm">
        {t('task.carrier')}: <b>{robot}</b>
      </Text>
    </UnstyledButton>
  );
}

function Times({ task, ended }: { task: TaskView; ended: boolean }) {
  const { t, i18n } = useTranslation();
  const now = useNow(5_000);
  const at = (moment: string) => clock(i18n.language, moment, now);
  const words = useTrafficWords();
  const history = useFleet((fleet) => fleet.etas[task.id]);
  const move = ended ? null : moveOf(task, history, now);
  const lateBy = task.due === null || task.eta === null ? 0 : Date.parse(task.eta) - Date.parse(task.due);
  return (
    <Stack gap={2}>
      {!ended && (
        <Text size="sm" data-testid="task-eta">
          {task.eta === null ? (
            t('task.noEta')
          ) : (
            <>
              {t('task.eta')} <b>{at(task.eta)}</b> ({away(i18n.language, task.eta, now)})
            </>
          )}
        </Text>
      )}
      {move !== null && (
        <Text size="sm" c="dimmed" data-testid="task-eta-moved">
          {t('task.etaWas', { time: at(move.was), why: words.eta(move) })}
        </Text>
      )}
      {task.due !== null && (
        <Text size="sm" {...(lateBy > 0 && { c: 'red', fw: 600 })}>
          {t('task.due', { time: at(task.due) })}
          {lateBy > 0 && ` · ${t('task.late', { by: minutes(i18n.language, lateBy) })}`}
        </Text>
      )}
      {task.ended_at !== null && (
        <Text size="sm" c="dimmed">
          {t('task.endedAt', { time: at(task.ended_at) })}
        </Text>
      )}
    </Stack>
  );
}

/** How far it is, why this carrier, and what can still be changed. */
function Details({ task }: { task: TaskView }) {
  const { t, i18n } = useTranslation();
  const now = useNow(60_000);
  const waits = task.picked_up_at === null && !hasEnded(task) && task.status !== 'cancelling';
  return (
    <Stack gap="sm" pt="xs">
      <Text size="sm" c="dimmed">
        {t('task.requestedBy', { time: clock(i18n.language, task.requested_at, now), who: task.requested_by.id })}
      </Text>
      {task.mission !== null && <Steps mission={task.mission} />}
      <Stack gap={2} data-testid="task-reasons">
        {task.reasons.map((reason) => (
          <Text size="sm" key={reason.subject + reason.code}>
            <b>{reason.subject}</b>: {reasonText(t, reason)}
          </Text>
        ))}
      </Stack>
      {waits && <PriorityField task={task} />}
    </Stack>
  );
}

/** Robots that have failed with it may try again. */
function Retry({ task }: { task: TaskView }) {
  const { t } = useTranslation();
  const retry = useMutation({ mutationFn: () => retryTask(task.id) });
  return (
    <Button variant="default" onClick={() => retry.mutate()} loading={retry.isPending} px="xs" data-testid="retry">
      {t('task.retry')}
    </Button>
  );
}

/** What is asked for, in a line. */
function title(t: TFunction, task: TaskView, placeName: (place: string) => string): string {
  if (task.zone !== null) return t('task.disinfect', { zone: placeText(t, task.zone.replace(/^L\d+_/, '')) });
  if (task.items.length > 0) return `${placeName(task.pickup)} → ${placeName(task.dropoff)}`;
  return task.stops.map((stop) => placeName(stop.place)).join(' · ');
}

function PriorityField({ task }: { task: TaskView }) {
  const { t } = useTranslation();
  const change = useMutation({ mutationFn: (priority: Priority) => changePriority(task.id, priority) });
  const label = `priority-of-${task.id}`;
  return (
    <Stack gap={4}>
      <Text size="sm" c="dimmed" id={label}>
        {t('task.priority')}
      </Text>
      <SegmentedControl
        aria-labelledby={label}
        data={PRIORITIES.map((priority) => ({ value: priority, label: t(`priority.${priority}`) }))}
        value={change.isPending ? change.variables : task.priority}
        onChange={(priority) => change.mutate(priority)}
        disabled={change.isPending}
        styles={{ label: { minHeight: 44, display: 'grid', placeContent: 'center', paddingInline: 4 } }}
        fullWidth
        data-testid="change-priority"
      />
      <ErrorNote error={change.error} />
    </Stack>
  );
}

function Actions({ task }: { task: TaskView }) {
  const { t } = useTranslation();
  const carried = useFleet((fleet) => fleet.robots[task.robot ?? '']?.kind === 'person');
  const [handing, handover] = useDisclosure();
  const [cancelling, cancel] = useDisclosure();
  const [sending, send] = useDisclosure();
  return (
    <Stack gap="xs">
      {task.handover_step !== null && (
        <Button onClick={handover.open} fullWidth data-testid="handover">
          {t(loads(task) ? 'handover.load' : 'handover.receive')}
        </Button>
      )}
      {task.status !== 'cancelling' && (
        <Group gap="xs" grow>
          {!carried && task.items.length > 0 && (
            <Button variant="default" onClick={send.open} px="xs" data-testid="send-porter">
              {t('task.porter')}
            </Button>
          )}
          {task.reasons.some((reason) => reason.code === 'failed_before') && <Retry task={task} />}
          <Button variant="default" onClick={cancel.open} px="xs" data-testid="cancel">
            {t('task.cancel')}
          </Button>
        </Group>
      )}
      {handing && <HandoverDialog task={task} onClose={handover.close} />}
      {cancelling && <CancelDialog task={task} onClose={cancel.close} />}
      {sending && <PorterDialog task={task} onClose={send.close} />}
    </Stack>
  );
}
