import { ActionIcon, Badge, Button, Group, Loader, Paper, Stack, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { changeSchedule, endSchedule, getCalendar, getSchedules, moveOccurrence } from '../api/client';
import type { ScheduleView } from '../api/types';
import { withoutIds } from '../i18n/places';
import { clock } from '../i18n/time';
import { Empty } from '../shell/Empty';
import { ErrorNote } from '../shell/ErrorNote';
import { Icon } from '../shell/icons';
import { useNow } from '../stream/context';
import { Dialog } from '../tasks/Dialog';
import { ScheduleDialog } from './ScheduleDialog';
import { dateAt, entriesOn, movedTo, weekFrom, type Entry } from './week';

const EVERY_MS = 10_000;

/** A week of what is done by itself; an entry is dragged to another day, or left out on its own. */
export function Schedules() {
  const { t, i18n } = useTranslation();
  const now = useNow(60_000);
  const queries = useQueryClient();
  const [weeks, setWeeks] = useState(0);
  const [adding, add] = useDisclosure();
  const [opened, setOpened] = useState<{ entry: Entry; day: Date } | null>(null);
  const days = weekFrom(now, weeks);
  const since = days[0]?.toISOString() ?? '';
  const until = new Date((days[6]?.getTime() ?? 0) + 86_400_000).toISOString();
  const schedules = useQuery({ queryKey: ['schedules'], queryFn: getSchedules, refetchInterval: EVERY_MS });
  const calendar = useQuery({
    queryKey: ['calendar', since, until],
    queryFn: () => getCalendar(since, until),
    refetchInterval: EVERY_MS,
  });
  const renew = () =>
    Promise.all([queries.invalidateQueries({ queryKey: ['schedules'] }), queries.invalidateQueries({ queryKey: ['calendar'] })]);
  const move = useMutation({
    mutationFn: ({ entry, day, to }: { entry: Entry; day: Date; to: Date }) =>
      moveOccurrence(entry.schedule.id, { at: entry.at.toISOString(), to: movedTo(entry.at, day, to).toISOString() }),
    onSettled: renew,
  });
  if (schedules.data === undefined || calendar.data === undefined) return <Loader m="md" />;
  const known = schedules.data;
  const found = calendar.data;
  const drop = (to: Date) => (event: DragEvent) => {
    event.preventDefault();
    const [schedule, moment] = event.dataTransfer.getData('text/plain').split(' ');
    const from = days.find((day) => entriesOn(day, found, known).some((one) => is(one, schedule, moment)));
    const entry = from && entriesOn(from, found, known).find((one) => is(one, schedule, moment));
    if (from !== undefined && entry !== undefined && from.getTime() !== to.getTime()) move.mutate({ entry, day: from, to });
  };
  return (
    <Stack p="md">
      <Group justify="space-between">
        <Group gap="xs">
          <ActionIcon onClick={() => setWeeks(weeks - 1)} disabled={weeks === 0} aria-label={t('schedule.before')}>
            <Icon shape="left" />
          </ActionIcon>
          <ActionIcon onClick={() => setWeeks(weeks + 1)} disabled={weeks === 11} aria-label={t('schedule.after')}>
            <Icon shape="right" />
          </ActionIcon>
        </Group>
        <Button onClick={add.open} data-testid="add-schedule">
          {t('schedule.add')}
        </Button>
      </Group>
      <ErrorNote error={move.error} />
      <div className="week" data-testid="week">
        {days.map((day) => (
          <div
            key={day.getTime()}
            className="week-day"
            onDragOver={(event) => event.preventDefault()}
            onDrop={drop(day)}
            data-testid={`day-${dateAt(day, Intl.DateTimeFormat().resolvedOptions().timeZone)}`}
          >
            <Text fw={600} size="sm">
              {new Intl.DateTimeFormat(i18n.language, { weekday: 'short', day: 'numeric', month: 'short' }).format(day)}
            </Text>
            {entriesOn(day, found, known).map((entry) => (
              <UnstyledButton
                key={entry.schedule.id + entry.at.toISOString()}
                className="week-entry"
                draggable
                onDragStart={(event) => event.dataTransfer.setData('text/plain', `${entry.schedule.id} ${entry.at.toISOString()}`)}
                onClick={() => setOpened({ entry, day })}
                data-testid={`entry-${entry.schedule.id}`}
              >
                <Text size="sm" fw={600}>
                  {clock(i18n.language, entry.at.toISOString(), entry.at.getTime())}
                </Text>
                <Text size="sm">{entry.schedule.name}</Text>
              </UnstyledButton>
            ))}
          </div>
        ))}
      </div>
      {known.length === 0 ? (
        <Empty title={t('schedule.none')}>{t('schedule.noneText')}</Empty>
      ) : (
        known.map((schedule) => <ScheduleCard key={schedule.id} schedule={schedule} now={now} onChanged={renew} />)
      )}
      {adding && <ScheduleDialog onClose={add.close} onAdded={renew} />}
      {opened !== null && (
        <EntryDialog entry={opened.entry} day={opened.day} onClose={() => setOpened(null)} onChanged={renew} move={move.mutateAsync} />
      )}
    </Stack>
  );
}

const is = (entry: Entry, schedule: string | undefined, moment: string | undefined): boolean =>
  entry.schedule.id === schedule && entry.at.toISOString() === moment;

interface CardProps {
  schedule: ScheduleView;
  now: number;
  onChanged: () => Promise<unknown>;
}

function ScheduleCard({ schedule, now, onChanged }: CardProps) {
  const { t, i18n } = useTranslation();
  const pause = useMutation({
    mutationFn: () => changeSchedule(schedule.id, { paused: !schedule.paused }),
    onSettled: onChanged,
  });
  const end = useMutation({ mutationFn: () => endSchedule(schedule.id), onSettled: onChanged });
  return (
    <Paper withBorder p="md" data-testid={`schedule-${schedule.id}`}>
      <Group justify="space-between">
        <Stack gap={2}>
          <Group gap="xs">
            <Text fw={600}>{schedule.name}</Text>
            {schedule.paused && <Badge color="gray">{t('schedule.paused')}</Badge>}
          </Group>
          <Text size="sm" c="dimmed">
            {schedule.next_at === null
              ? t('schedule.noMore')
              : t('schedule.next', { time: clock(i18n.language, schedule.next_at, now) })}
          </Text>
          {schedule.last_refusal !== '' && (
            <Text size="sm" c="red">
              {withoutIds(t, schedule.last_refusal)}
            </Text>
          )}
        </Stack>
        <Group gap="xs">
          <Button variant="default" onClick={() => pause.mutate()} loading={pause.isPending} data-testid="schedule-pause">
            {t(schedule.paused ? 'schedule.resume' : 'schedule.pause')}
          </Button>
          <Button variant="default" onClick={() => end.mutate()} loading={end.isPending} data-testid="schedule-end">
            {t('schedule.end')}
          </Button>
        </Group>
      </Group>
      <ErrorNote error={pause.error ?? end.error} />
    </Paper>
  );
}

interface EntryProps {
  entry: Entry;
  day: Date;
  onClose: () => void;
  onChanged: () => Promise<unknown>;
  move: (change: { entry: Entry; day: Date; to: Date }) => Promise<unknown>;
}

/** What dragging does, for those who use keyboard or touch; and leaving out one day. */
function EntryDialog({ entry, day, onClose, onChanged, move }: EntryProps) {
  const { t, i18n } = useTranslation();
  const now = useNow(60_000);
  const { schedule, at } = entry;
  const skip = useMutation({
    mutationFn: () => changeSchedule(schedule.id, { exceptions: [...schedule.exceptions, dateAt(at, schedule.timezone)] }),
    onSuccess: async () => {
      await onChanged();
      onClose();
    },
  });
  const shift = useMutation({
    mutationFn: (days: number) =>
      move({ entry, day, to: new Date(day.getFullYear(), day.getMonth(), day.getDate() + days) }),
    onSuccess: onClose,
  });
  return (
    <Dialog title={`${schedule.name} · ${clock(i18n.language, at.toISOString(), 0)}`} onClose={onClose}>
      <Stack>
        <ErrorNote error={skip.error ?? shift.error} />
        <Button variant="default" onClick={() => shift.mutate(1)} loading={shift.isPending} data-testid="entry-later">
          {t('schedule.dayLater')}
        </Button>
        {at.getTime() - 86_400_000 > now && (
          <Button variant="default" onClick={() => shift.mutate(-1)} loading={shift.isPending}>
            {t('schedule.dayEarlier')}
          </Button>
        )}
        <Button onClick={() => skip.mutate()} loading={skip.isPending} data-testid="entry-skip">
          {t('schedule.skip')}
        </Button>
      </Stack>
    </Dialog>
  );
}
