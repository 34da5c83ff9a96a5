import { Badge, Button, Group, Loader, Paper, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { getZones, reportZone } from '../api/client';
import type { RoomNews, TaskView, ZoneView } from '../api/types';
import { placeText } from '../i18n/places';
import { away, clock } from '../i18n/time';
import { word } from '../i18n/words';
import { Empty } from '../shell/Empty';
import { ErrorNote } from '../shell/ErrorNote';
import { useFleet, useNow } from '../stream/context';
import { CertificateDialog } from './CertificateDialog';
import { DisinfectDialog } from './DisinfectDialog';
import { OFTEN_MS } from './FacilityPage';
import { sorted, standing, type Standing } from './zones';

const COLOURS: Record<Standing, string> = { underway: 'blue', overdue: 'red', soon: 'orange', fine: 'green', none: 'gray' };
const MOST_SHOWN = 60;

/** All zones, those first for which there is something to do. */
export function ZoneList() {
  const { t } = useTranslation();
  const now = useNow(30_000);
  const [text, setText] = useState('');
  const zones = useQuery({ queryKey: ['zones'], queryFn: getZones, refetchInterval: OFTEN_MS });
  if (zones.data === undefined) return <Loader m="md" />;
  const found = sorted(zones.data, now, text, (zone) => placeText(t, zone.name ?? zone.id));
  return (
    <Stack p="md">
      <TextInput
        label={t('zones.find')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        maw={420}
        data-testid="find-zone"
      />
      {found.length === 0 && <Empty title={t('zones.noneFound')}>{t('zones.noneFoundText')}</Empty>}
      <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>
        {found.slice(0, MOST_SHOWN).map((zone) => (
          <ZoneCard key={zone.id} zone={zone} />
        ))}
      </SimpleGrid>
      {found.length > MOST_SHOWN && <Text c="dimmed">{t('zones.more', { count: found.length - MOST_SHOWN })}</Text>}
    </Stack>
  );
}

function ZoneCard({ zone }: { zone: ZoneView }) {
  const { t, i18n } = useTranslation();
  const now = useNow(10_000);
  const state = standing(zone, now);
  const task = useFleet((fleet) => (zone.task === null ? undefined : fleet.tasks[zone.task]));
  const [asking, ask] = useDisclosure();
  const [shown, show] = useDisclosure();
  const at = (moment: string) => `${clock(i18n.language, moment, now)} (${away(i18n.language, moment, now)})`;
  return (
    <Paper withBorder p="md" data-testid={`zone-${zone.id}`} data-standing={state}>
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Text fw={600}>{placeText(t, zone.name ?? zone.id)}</Text>
          <Badge color={COLOURS[state]} style={{ flex: 'none' }}>
            {t(`zones.${state}`)}
          </Badge>
        </Group>
        <Text size="sm" c="dimmed">
          {zone.level}
          {zone.zone_class !== null && ` · ${word(t, 'zone', zone.zone_class)}`}
        </Text>
        <Text size="sm" data-testid="zone-treated">
          {zone.treated_at === null
            ? t('zones.never')
            : t('zones.treated', { time: at(zone.treated_at), dose: Math.round(zone.dose ?? 0) })}
        </Text>
        {zone.due_at !== null && state !== 'underway' && <Text size="sm">{t('zones.due', { time: at(zone.due_at) })}</Text>}
        {task !== undefined && <Progress zone={zone} task={task} />}
        <Group gap="xs">
          {zone.task === null && (
            <Button onClick={ask.open} data-testid="disinfect">
              {t('zones.disinfect')}
            </Button>
          )}
          {zone.task === null && <Discharged zone={zone} />}
          {zone.treated_by !== null && (
            <Button variant="default" onClick={show.open} data-testid="last-certificate">
              {t('zones.certificate')}
            </Button>
          )}
        </Group>
        {asking && <DisinfectDialog zone={zone} onClose={ask.close} />}
        {shown && zone.treated_by !== null && <CertificateDialog task={zone.treated_by} onClose={show.close} />}
      </Stack>
    </Paper>
  );
}

/** A patient has left: by the site's rules that may ask for a disinfection. */
function Discharged({ zone }: { zone: ZoneView }) {
  const { t } = useTranslation();
  const tell = useTell(zone);
  if (zone.kind !== 'room') return null;
  return (
    <>
      <Button variant="default" onClick={() => tell.mutate('discharged')} loading={tell.isPending} data-testid="discharged">
        {t('zones.discharged')}
      </Button>
      <ErrorNote error={tell.error} />
    </>
  );
}

/** What its robot does, and what people have to confirm before the lamp may come on. */
function Progress({ zone, task }: { zone: ZoneView; task: TaskView }) {
  const { t, i18n } = useTranslation();
  const tell = useTell(zone);
  const now = useNow(5_000);
  const [shown, show] = useDisclosure();
  const waits = task.waiting_for?.kind === 'person';
  const begun = task.mission?.steps.some((step) => step.kind === 'treat' && step.status !== 'pending') ?? false;
  return (
    <Stack gap="xs">
      <Text size="sm" data-testid="zone-progress">
        {task.robot === null
          ? t('zones.queued')
          : waits
            ? t('zones.waits', { robot: task.robot })
            : t('zones.works', { robot: task.robot })}
        {task.eta !== null && ` · ${t('task.eta')} ${clock(i18n.language, task.eta, now)}`}
      </Text>
      {zone.person_at !== null && <Text size="sm" c="red" fw={600}>{t('zones.person')}</Text>}
      {zone.open_at !== null && <Text size="sm" c="red" fw={600}>{t('zones.open')}</Text>}
      {waits && (
        <Group gap="xs" grow>
          <Button
            variant={zone.cleaned_at === null ? 'filled' : 'default'}
            onClick={() => tell.mutate('cleaned')}
            loading={tell.isPending && tell.variables === 'cleaned'}
            data-testid="cleaned"
          >
            {t(zone.cleaned_at === null ? 'zones.confirmCleaned' : 'zones.cleanedAgain')}
          </Button>
          <Button
            disabled={zone.cleaned_at === null}
            onClick={() => tell.mutate('vacated')}
            loading={tell.isPending && tell.variables === 'vacated'}
            data-testid="vacated"
          >
            {t('zones.confirmVacated')}
          </Button>
        </Group>
      )}
      {!waits && begun && (
        <Group gap="xs">
          <Button color="red" onClick={() => tell.mutate('person')} loading={tell.isPending} data-testid="somebody-inside">
            {t('zones.stop')}
          </Button>
          <Button variant="default" onClick={show.open} data-testid="growing-map">
            {t('zones.doseSoFar')}
          </Button>
        </Group>
      )}
      <ErrorNote error={tell.error} />
      {shown && <CertificateDialog task={task.id} growing onClose={show.close} />}
    </Stack>
  );
}

function useTell(zone: ZoneView) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (news: RoomNews) => reportZone(zone.id, news),
    onSettled: () => queries.invalidateQueries({ queryKey: ['zones'] }),
  });
}
