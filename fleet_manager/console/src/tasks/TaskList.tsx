import { Button, Divider, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { getRecentTasks } from '../api/client';
import type { Priority, TaskView } from '../api/types';
import { Empty } from '../shell/Empty';
import { useFleet } from '../stream/context';
import { hasEnded } from '../stream/fleet';
import { TaskCard } from './TaskCard';

const ORDER: Record<Priority, number> = { stat: 0, urgent: 1, routine: 2, background: 3 };
const ENDED_SHOWN = 20;
/** More at once would hold up the page of a large fleet, and nobody reads them. */
const SHOWN_AT_ONCE = 25;

/** Open deliveries, those that wait for a person first, then the most urgent; below, what ended lately. */
export function TaskList({ onRobot }: { onRobot: (robot: string) => void }) {
  const { t } = useTranslation();
  const [shown, setShown] = useState(SHOWN_AT_ONCE);
  const known = useFleet((fleet) => fleet.tasks);
  const earlier = useQuery({ queryKey: ['recent-tasks'], queryFn: getRecentTasks });
  const open = Object.values(known).filter((task) => !hasEnded(task));
  const ended = endedTasks(known, earlier.data ?? []);
  open.sort(
    (a, b) =>
      Number(b.handover_step !== null) - Number(a.handover_step !== null) ||
      ORDER[a.priority] - ORDER[b.priority] ||
      a.requested_at.localeCompare(b.requested_at),
  );
  return (
    <Stack data-testid="tasks">
      {open.length === 0 && <Empty title={t('task.none')}>{t('task.noneText')}</Empty>}
      {open.slice(0, shown).map((task) => (
        <TaskCard key={task.id} task={task} onRobot={onRobot} />
      ))}
      {open.length > shown && (
        <Button variant="default" onClick={() => setShown(shown + SHOWN_AT_ONCE)} data-testid="more-tasks">
          {t('task.more', { count: open.length - shown })}
        </Button>
      )}
      <Divider label={t('task.ended')} />
      {ended.length === 0 && (
        <Text c="dimmed" size="sm" ta="center">
          {t('task.noneEnded')}
        </Text>
      )}
      {ended.map((task) => (
        <TaskCard key={task.id} task={task} onRobot={onRobot} />
      ))}
    </Stack>
  );
}

/** Newest first; the stream knows more of a task than the list fetched before. */
function endedTasks(known: Readonly<Record<string, TaskView>>, earlier: TaskView[]): TaskView[] {
  const all = { ...Object.fromEntries(earlier.map((task) => [task.id, task])), ...known };
  return Object.values(all)
    .filter(hasEnded)
    .sort((a, b) => (b.ended_at ?? '').localeCompare(a.ended_at ?? ''))
    .slice(0, ENDED_SHOWN);
}
