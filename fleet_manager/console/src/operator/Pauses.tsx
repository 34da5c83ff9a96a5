import { Alert, Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { beginPause, endPause, getPauses, getZones } from '../api/client';
import type { ClosureView } from '../api/types';
import { placeText } from '../i18n/places';
import { clock } from '../i18n/time';
import { ErrorNote } from '../shell/ErrorNote';
import { useFleet, useNow } from '../stream/context';
import { Dialog } from '../tasks/Dialog';

const OFTEN_MS = 4_000;

/** What stands still now because a person wants it, and how to let it go on. */
export function Pauses() {
  const { t } = useTranslation();
  const pauses = useQuery({ queryKey: ['pauses'], queryFn: getPauses, refetchInterval: OFTEN_MS });
  const [asking, ask] = useDisclosure();
  return (
    <Stack gap="sm" mb="sm">
      {(pauses.data ?? []).map((pause) => (
        <Paused key={pause.id} pause={pause} />
      ))}
      <Group>
        <Button color="orange" onClick={ask.open} data-testid="pause-many">
          {t('operator.pause')}
        </Button>
      </Group>
      {asking && <PauseDialog onClose={ask.close} />}
    </Stack>
  );
}

function Paused({ pause }: { pause: ClosureView }) {
  const { t, i18n } = useTranslation();
  const now = useNow(10_000);
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: () => endPause(pause.id),
    onSettled: () => queries.invalidateQueries({ queryKey: ['pauses'] }),
  });
  const fleet = pause.fleet === null ? t('operator.everything') : t('operator.fleet', { fleet: pause.fleet });
  const where = pause.zone === null ? fleet : placeText(t, pause.zone);
  return (
    <Alert color="orange" title={t('operator.paused', { what: where })} data-testid={`pause-${pause.id}`}>
      <Group gap="xs" justify="space-between">
        <Text size="sm">
          {t('operator.pausedBy', { who: pause.actor.id, time: clock(i18n.language, pause.since, now) })} ·{' '}
          {t('operator.pausedRobots', { count: pause.robots.length })}
        </Text>
        <ErrorNote error={end.error} />
        <Button variant="default" onClick={() => end.mutate()} loading={end.isPending} data-testid="end-pause">
          {t('operator.goOn')}
        </Button>
      </Group>
    </Alert>
  );
}

function PauseDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const robots = useFleet((fleet) => fleet.robots);
  const zones = useQuery({ queryKey: ['zones'], queryFn: getZones });
  const [where, setWhere] = useState('all:');
  const [reason, setReason] = useState('');
  const [kind = '', id = ''] = where.split(/:(.*)/s);
  const send = useMutation({
    mutationFn: () =>
      beginPause({
        reason: reason.trim(),
        zone: kind === 'zone' ? id : null,
        fleet: kind === 'fleet' ? id : null,
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['pauses'] });
      onClose();
    },
  });
  const moving = Object.values(robots).filter((robot) => robot.kind !== 'person');
  const fleets = [...new Set(moving.map((robot) => robot.fleet))].sort();
  const data = [
    { value: 'all:', label: t('operator.everything') },
    ...fleets.map((fleet) => ({ value: `fleet:${fleet}`, label: t('operator.fleet', { fleet }) })),
    ...(zones.data ?? []).map((zone) => ({ value: `zone:${zone.id}`, label: placeText(t, zone.name ?? zone.id) })),
  ];
  return (
    <Dialog title={t('operator.pause')} onClose={onClose}>
      <Stack>
        <Select
          label={t('operator.what')}
          data={data}
          value={where}
          onChange={(value) => setWhere(value ?? 'all:')}
          searchable
          allowDeselect={false}
          limit={100}
          data-testid="pause-what"
        />
        <Text size="sm">{t(kind === 'zone' ? 'operator.pauseZoneText' : 'operator.pauseText')}</Text>
        <TextInput
          label={t('help.reason')}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={200}
          autoComplete="off"
        />
        <ErrorNote error={send.error} />
        <Button color="orange" onClick={() => send.mutate()} loading={send.isPending} data-testid="pause-confirm">
          {t('operator.pauseConfirm')}
        </Button>
      </Stack>
    </Dialog>
  );
}
