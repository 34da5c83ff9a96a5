import { Button, Select, Stack, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { addSchedule, getZones } from '../api/client';
import type { ScheduleRequest } from '../api/types';
import { PlaceSelect } from '../delivery/PlaceSelect';
import { localTime } from '../delivery/draft';
import { placeText } from '../i18n/places';
import { ErrorNote } from '../shell/ErrorNote';
import { useSite } from '../shell/site';
import { presentOf, useStore } from '../stream/context';
import { Dialog } from '../tasks/Dialog';
import { localAt, REPEATS, RULES, type Repeat } from './week';

const KINDS = ['disinfection', 'patrol', 'delivery'] as const;
type Kind = (typeof KINDS)[number];

/** A disinfection, a patrol or a round that is asked for again and again. */
export function ScheduleDialog({ onClose, onAdded }: { onClose: () => void; onAdded: () => Promise<unknown> }) {
  const { t } = useTranslation();
  const { timezone } = useSite();
  const zones = useQuery({ queryKey: ['zones'], queryFn: getZones });
  const [name, setName] = useState('');
  const [kind, setKind] = useState<Kind>('disinfection');
  const [zone, setZone] = useState<string | null>(null);
  const [place, setPlace] = useState<string | null>(null);
  const [goal, setGoal] = useState<string | null>(null);
  const [item, setItem] = useState('');
  const store = useStore();
  const [begins, setBegins] = useState(() => localTime(new Date(presentOf(store)), 60));
  const [repeat, setRepeat] = useState<Repeat>('daily');
  const task = taskOf(kind, zone, place, goal, item);
  const ready = name.trim() !== '' && task !== null && begins !== '';
  const send = useMutation({
    mutationFn: async () => {
      if (task === null) throw new Error(t('schedule.incomplete'));
      await addSchedule({
        name: name.trim(),
        rule: RULES[repeat],
        begins: localAt(new Date(begins), timezone),
        timezone,
        task,
      });
      await onAdded();
      onClose();
    },
  });
  const rooms = (zones.data ?? [])
    .map(({ id, name: said }) => ({ value: id, label: placeText(t, said ?? id) }))
    .sort((a, b) => a.label.localeCompare(b.label, undefined, { numeric: true }));
  return (
    <Dialog title={t('schedule.add')} onClose={onClose}>
      <Stack>
        <TextInput
          label={t('schedule.name')}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
          data-testid="schedule-name"
        />
        <Select
          label={t('schedule.kind')}
          data={KINDS.map((value) => ({ value, label: t(`schedule.${value}`) }))}
          value={kind}
          onChange={(value) => setKind((value) ?? 'disinfection')}
          allowDeselect={false}
          data-testid="schedule-kind"
        />
        {kind === 'disinfection' ? (
          <Select
            label={t('schedule.zone')}
            data={rooms}
            value={zone}
            onChange={setZone}
            searchable
            limit={100}
            data-testid="schedule-zone"
          />
        ) : (
          <PlaceSelect label={t(kind === 'patrol' ? 'schedule.place' : 'request.pickup')} value={place} onChange={setPlace} error={false} testid="schedule-place" />
        )}
        {kind === 'delivery' && (
          <>
            <PlaceSelect label={t('request.dropoff')} value={goal} onChange={setGoal} error={false} testid="schedule-goal" />
            <TextInput label={t('schedule.item')} value={item} onChange={(event) => setItem(event.currentTarget.value)} />
          </>
        )}
        <TextInput
          type="datetime-local"
          label={t('schedule.begins')}
          value={begins}
          onChange={(event) => setBegins(event.currentTarget.value)}
          data-testid="schedule-begins"
        />
        <Select
          label={t('schedule.repeat')}
          data={REPEATS.map((value) => ({ value, label: t(`schedule.${value}`) }))}
          value={repeat}
          onChange={(value) => setRepeat((value) ?? 'daily')}
          allowDeselect={false}
          data-testid="schedule-repeat"
        />
        <ErrorNote error={send.error} />
        <Button onClick={() => send.mutate()} loading={send.isPending} disabled={!ready} data-testid="schedule-save">
          {t('schedule.save')}
        </Button>
      </Stack>
    </Dialog>
  );
}

function taskOf(
  kind: Kind,
  zone: string | null,
  place: string | null,
  goal: string | null,
  item: string,
): ScheduleRequest['task'] | null {
  if (kind === 'disinfection') return zone === null ? null : { kind: 'disinfection', zone };
  if (place === null) return null;
  if (kind === 'patrol') return { kind: 'patrol', checkpoints: [{ place }] };
  if (goal === null || goal === place || item.trim() === '') return null;
  return { kind: 'delivery', pickup: place, dropoff: goal, items: [{ name: item.trim(), quantity: 1 }] };
}
