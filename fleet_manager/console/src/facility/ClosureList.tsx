import { Alert, Button, Group, Loader, Paper, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { addClosure, endAlarm, endClosure, getAlarms, getClosures, getZones, raiseAlarm } from '../api/client';
import type { AlarmView, ClosureView } from '../api/types';
import { localTime } from '../delivery/draft';
import { placeText, withoutIds } from '../i18n/places';
import { clock } from '../i18n/time';
import { Empty } from '../shell/Empty';
import { ErrorNote } from '../shell/ErrorNote';
import { useSite } from '../shell/site';
import { presentOf, useNow, useStore } from '../stream/context';
import { Dialog } from '../tasks/Dialog';
import { AreaMap, type DrawnArea } from './AreaMap';
import { OFTEN_MS } from './FacilityPage';

/** What is closed to robots now, by people, trouble and alarms; and the fire alarm. */
export function ClosureList() {
  const { t } = useTranslation();
  const closures = useQuery({ queryKey: ['closures'], queryFn: getClosures, refetchInterval: OFTEN_MS });
  const alarms = useQuery({ queryKey: ['alarms'], queryFn: getAlarms, refetchInterval: OFTEN_MS });
  const [closing, close] = useDisclosure();
  const [alarming, alarm] = useDisclosure();
  if (closures.data === undefined || alarms.data === undefined) return <Loader m="md" />;
  return (
    <Stack p="md" maw={820}>
      {alarms.data.map((one) => (
        <Alarm key={one.id} alarm={one} />
      ))}
      <Group>
        <Button onClick={close.open} data-testid="add-closure">
          {t('closure.add')}
        </Button>
        <Button color="red" onClick={alarm.open} data-testid="raise-alarm">
          {t('closure.fire')}
        </Button>
      </Group>
      {closures.data.length === 0 && <Empty title={t('closure.none')}>{t('closure.noneText')}</Empty>}
      {closures.data.map((one) => (
        <Closure key={one.id} closure={one} />
      ))}
      {closing && <ClosureDialog onClose={close.close} />}
      {alarming && <FireDialog onClose={alarm.close} />}
    </Stack>
  );
}

function Alarm({ alarm }: { alarm: AlarmView }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: () => endAlarm(alarm.id),
    onSettled: () => queries.invalidateQueries({ queryKey: ['alarms'] }),
  });
  return (
    <Alert color="red" variant="filled" title={t('closure.fireIn', { where: whereOf(t, alarm) })} data-testid={`alarm-${alarm.id}`}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{t('closure.fireText')}</Text>
        <ErrorNote error={end.error} />
        <Button variant="white" color="red" onClick={() => end.mutate()} loading={end.isPending} data-testid="end-alarm">
          {t('closure.fireOver')}
        </Button>
      </Stack>
    </Alert>
  );
}

function whereOf(t: ReturnType<typeof useTranslation>['t'], alarm: AlarmView): string {
  const parts = [alarm.zone, alarm.building, ...alarm.levels].filter((part) => part !== null);
  return parts.length === 0 ? t('closure.everywhere') : parts.map((part) => placeText(t, part)).join(', ');
}

function Closure({ closure }: { closure: ClosureView }) {
  const { t, i18n } = useTranslation();
  const queries = useQueryClient();
  const now = useNow(10_000);
  const end = useMutation({
    mutationFn: () => endClosure(closure.id),
    onSettled: () => queries.invalidateQueries({ queryKey: ['closures'] }),
  });
  return (
    <Paper withBorder p="md" data-testid={`closure-${closure.id}`}>
      <Group justify="space-between">
        <Stack gap={2}>
          <Text fw={600}>{withoutIds(t, closure.reason)}</Text>
          <Text size="sm" c="dimmed">
            {closure.area !== null ? `${closure.area.level} · ` : ''}
            {t('closure.lanes', { count: closure.lanes.length })} · {clock(i18n.language, closure.since, now)} –{' '}
            {closure.until === null ? t('closure.open') : clock(i18n.language, closure.until, now)} · {closure.actor.id}
          </Text>
        </Stack>
        <Button variant="default" onClick={() => end.mutate()} loading={end.isPending} data-testid="reopen">
          {t('closure.reopen')}
        </Button>
      </Group>
      <ErrorNote error={end.error} />
    </Paper>
  );
}

function ClosureDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [area, setArea] = useState<DrawnArea | null>(null);
  const [reason, setReason] = useState('');
  const store = useStore();
  const [until, setUntil] = useState(() => localTime(new Date(presentOf(store)), 30));
  const send = useMutation({
    mutationFn: () => addClosure({ area, reason: reason.trim(), until: new Date(until).toISOString() }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['closures'] });
      onClose();
    },
  });
  return (
    <Dialog title={t('closure.add')} onClose={onClose} wide>
      <Stack>
        <Text size="sm">{t('closure.draw')}</Text>
        <AreaMap onArea={setArea} />
        <TextInput
          label={t('closure.reason')}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          data-testid="closure-reason"
        />
        <TextInput
          type="datetime-local"
          label={t('closure.until')}
          value={until}
          onChange={(event) => setUntil(event.currentTarget.value)}
        />
        <ErrorNote error={send.error} />
        <Button
          onClick={() => send.mutate()}
          loading={send.isPending}
          disabled={area === null || reason.trim() === '' || until === ''}
          data-testid="closure-confirm"
        >
          {t('closure.close')}
        </Button>
      </Stack>
    </Dialog>
  );
}

/** Robots clear escape routes, lift lobbies and fire doors, and hold: asked twice, since it stops a whole building. */
function FireDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const { buildings, levels } = useSite();
  const zones = useQuery({ queryKey: ['zones'], queryFn: getZones });
  const [where, setWhere] = useState('all');
  const send = useMutation({
    mutationFn: () => {
      const [kind, id] = where.split(':');
      return raiseAlarm({
        kind: 'fire',
        ...(kind === 'building' && { building: id ?? null }),
        ...(kind === 'level' && { levels: [id ?? ''] }),
        ...(kind === 'zone' && { zone: id ?? null }),
      });
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['alarms'] });
      onClose();
    },
  });
  const data = [
    { value: 'all', label: t('closure.everywhere') },
    ...buildings.map(({ id, name }) => ({ value: `building:${id}`, label: placeText(t, name) })),
    ...levels.map(({ id }) => ({ value: `level:${id}`, label: id })),
    ...(zones.data ?? []).map(({ id, name }) => ({ value: `zone:${id}`, label: placeText(t, name ?? id) })),
  ];
  return (
    <Dialog title={t('closure.fire')} onClose={onClose}>
      <Stack>
        <Text size="sm">{t('closure.fireAsk')}</Text>
        <Select
          label={t('closure.where')}
          data={data}
          value={where}
          onChange={(value) => setWhere(value ?? 'all')}
          searchable
          allowDeselect={false}
          limit={100}
          data-testid="alarm-where"
        />
        <ErrorNote error={send.error} />
        <Button color="red" onClick={() => send.mutate()} loading={send.isPending} data-testid="alarm-confirm">
          {t('closure.fireConfirm')}
        </Button>
      </Stack>
    </Dialog>
  );
}
