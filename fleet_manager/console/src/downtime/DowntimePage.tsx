import { Alert, Button, Group, Stack, Table, Text, Title } from '@mantine/core';
import { useEffect, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { TaskView } from '../api/types';
import { clock } from '../i18n/time';
import { usePlaceName, useSite } from '../shell/site';
import { useFleet, useKnown, useLive, useNow } from '../stream/context';
import { sheetOf, type Carrier, type Load } from './sheet';

const PRINT_AT_ONCE = '#print';

/** A paper may be read on another day: moments stand with their date. */
const ON_PAPER = 0;

/** What people go on with by hand when robots or network are down; made of what this browser saw last, also offline. */
export function DowntimePage() {
  const { t, i18n } = useTranslation();
  const site = useSite();
  const known = useKnown();
  const fleet = useFleet((whole) => whole);
  const { phase, heardAt, aheadMs } = useLive();
  const now = useNow(10_000);
  const sheet = useMemo(() => sheetOf(fleet, site), [fleet, site]);
  useEffect(() => {
    if (!known || location.hash !== PRINT_AT_ONCE) return;
    history.replaceState(null, '', location.pathname);
    print();
  }, [known]);
  const asOf = phase === 'live' || heardAt === null ? now : heardAt + aheadMs;
  return (
    <main className="sheet paper">
      <Stack maw={960} mx="auto" p="md" gap="lg">
        <Group justify="space-between" align="start">
          <div>
            <Title order={1} size="h3">
              {t('downtime.title', { site: site.name })}
            </Title>
            <Text data-testid="downtime-as-of">{t('downtime.asOf', { time: clock(i18n.language, new Date(asOf).toISOString(), ON_PAPER) })}</Text>
          </div>
          <Button className="unprinted" onClick={() => print()} disabled={!known} data-testid="downtime-print">
            {t('downtime.print')}
          </Button>
        </Group>
        {!known && <Text>{t('downtime.unknown')}</Text>}
        {known && phase !== 'live' && <Alert color="orange">{t('downtime.notLive')}</Alert>}
        {known && (
          <>
            <Treatments tasks={sheet.treatments} />
            <OnBoard carriers={sheet.carriers} />
            <Waiting loads={sheet.waiting} />
            <Text size="sm">{t('downtime.after')}</Text>
          </>
        )}
      </Stack>
    </main>
  );
}

function Treatments({ tasks }: { tasks: readonly TaskView[] }) {
  const { t } = useTranslation();
  if (tasks.length === 0) return null;
  return (
    <Alert color="red" title={t('downtime.treatments')} data-testid="downtime-treatments">
      {tasks.map((task) => (
        <Text key={task.id}>{t('downtime.treatment', { room: task.zone, robot: task.robot ?? '?' })}</Text>
      ))}
    </Alert>
  );
}

function OnBoard({ carriers }: { carriers: readonly Carrier[] }) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs">
      <Title order={2} size="h5">
        {t('downtime.onBoard')}
      </Title>
      {carriers.length === 0 && <Text c="dimmed">{t('downtime.nothingOnBoard')}</Text>}
      {carriers.map((carrier) => (
        <CarrierRows key={carrier.robot.id} carrier={carrier} />
      ))}
    </Stack>
  );
}

function CarrierRows({ carrier: { robot, place, level, there, loads, byHand } }: { carrier: Carrier }) {
  const { t, i18n } = useTranslation();
  const placeName = usePlaceName();
  const named = place === null ? t('downtime.somewhere') : t(there ? 'downtime.at' : 'downtime.near', { place: placeName(place) });
  return (
    <div className="carrier" data-testid={`downtime-${robot.id}`}>
      <Text fw={700}>
        {robot.id} · {level === null ? named : `${named} · ${level}`}
        {robot.last_seen !== null && ` · ${t('downtime.seen', { time: clock(i18n.language, robot.last_seen, ON_PAPER) })}`}
      </Text>
      {robot.kind !== 'person' && (
        <Text size="sm">{t('downtime.open', { how: byHand === '' ? t('downtime.openUnknown') : byHand })}</Text>
      )}
      <Loads loads={loads} inside={robot.kind !== 'person'} />
    </div>
  );
}

function Waiting({ loads }: { loads: readonly Load[] }) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs" data-testid="downtime-waiting">
      <Title order={2} size="h5">
        {t('downtime.waiting')}
      </Title>
      {loads.length === 0 ? <Text c="dimmed">{t('downtime.nothingWaiting')}</Text> : <Loads loads={loads} inside={false} />}
    </Stack>
  );
}

/** `inside`: with the compartment of each. The last column is for who has seen to it, by pen. */
function Loads({ loads, inside }: { loads: readonly Load[]; inside: boolean }) {
  const { t, i18n } = useTranslation();
  const placeName = usePlaceName();
  return (
    <Table.ScrollContainer minWidth={560}>
      <Table withTableBorder withColumnBorders>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('downtime.task')}</Table.Th>
            <Table.Th>{t('downtime.items')}</Table.Th>
            <Table.Th>{t('downtime.from')}</Table.Th>
            <Table.Th>{t('downtime.collectedBy')}</Table.Th>
            <Table.Th w="20%">{t('downtime.done')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {loads.map(({ task, items, to }) => (
            <Table.Tr key={task.id}>
              <Table.Td>
                {task.id}
                <br />
                {t(`priority.${task.priority}`)}
                {task.due !== null && ` · ${clock(i18n.language, task.due, ON_PAPER)}`}
              </Table.Td>
              <Table.Td>
                {items.map((item) => (
                  <div key={item.item_id}>
                    {item.quantity} × {item.name}
                    {inside && item.compartment !== null && ` · ${t('downtime.compartment', { id: item.compartment })}`}
                  </div>
                ))}
                {task.note !== '' && <div>{task.note}</div>}
              </Table.Td>
              <Table.Td>{placeName(task.pickup)}</Table.Td>
              <Table.Td>{placeName(to)}</Table.Td>
              <Table.Td />
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
