import { Alert, Badge, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { acknowledgeShift, getShift } from '../api/client';
import type { ShiftView } from '../api/types';
import { clock } from '../i18n/time';
import { usePerson } from '../people/person';
import { PersonDialog } from '../people/PersonDialog';
import { ErrorNote } from '../shell/ErrorNote';
import { usePlaceName } from '../shell/site';
import { useNow } from '../stream/context';

const RENEW_MS = 10_000;
const COLOURS = { open: 'blue', late: 'red', uncollected: 'orange' } as const;

/** What the next shift takes over: open, late and uncollected; the incoming nurse says that they have read it. */
export function ShiftList({ ward }: { ward: string }) {
  const { t, i18n } = useTranslation();
  const queries = useQueryClient();
  const now = useNow(30_000);
  const person = usePerson();
  const [asking, ask] = useDisclosure();
  const shift = useQuery({ queryKey: ['shift', ward], queryFn: () => getShift(ward), refetchInterval: RENEW_MS });
  const acknowledge = useMutation({
    mutationFn: (tasks: string[]) => acknowledgeShift(ward, tasks),
    onSettled: () => queries.invalidateQueries({ queryKey: ['shift', ward] }),
  });
  if (shift.data === undefined) return null;
  const { entries, acknowledged_by: by, acknowledged_at: at } = shift.data;
  const named = person !== null && person.id !== 'ward-station';
  return (
    <Stack gap="xs" data-testid="shift">
      <Title order={2} size="h5">
        {t('shift.title')}
      </Title>
      {entries.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('shift.none')}
        </Text>
      )}
      {entries.map((entry) => (
        <Entry key={entry.task} entry={entry} />
      ))}
      {by !== null && at !== null && (
        <Alert color="teal" data-testid="shift-acknowledged">
          {t('shift.acknowledged', { who: by, time: clock(i18n.language, at, now) })}
        </Alert>
      )}
      <ErrorNote error={acknowledge.error} />
      <Button
        variant="default"
        onClick={() => (named ? acknowledge.mutate(entries.map((entry) => entry.task)) : ask.open())}
        loading={acknowledge.isPending}
        data-testid="shift-acknowledge"
      >
        {t(named ? 'shift.acknowledge' : 'shift.who')}
      </Button>
      {asking && <PersonDialog onClose={ask.close} />}
    </Stack>
  );
}

function Entry({ entry }: { entry: ShiftView['entries'][number] }) {
  const { t } = useTranslation();
  const placeName = usePlaceName();
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">
          {entry.task} · {entry.items} · {placeName(entry.pickup)} → {placeName(entry.dropoff)}
        </Text>
        <Badge color={COLOURS[entry.state as keyof typeof COLOURS]}>{t(`shift.${entry.state as keyof typeof COLOURS}`)}</Badge>
      </Group>
    </Paper>
  );
}
