import { Anchor, Group, Loader, Paper, SegmentedControl, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { analyticsCsv, getAnalytics } from '../api/client';
import type { Analytics } from '../api/types';
import { word } from '../i18n/words';
import { ErrorNote } from '../shell/ErrorNote';
import { usePlaceName } from '../shell/site';
import { useNow } from '../stream/context';
import { HoursChart, WaitsChart } from './charts';
import { share, spanOf, SPANS, type SpanName } from './span';

const RENEW_MS = 60_000;

type Span = ReturnType<typeof spanOf>;
type TableName = 'hours' | 'wards' | 'robots' | 'waits' | 'lifts' | 'interventions';

/** How the fleet did: deliveries, ETAs, waits, use of robots and lifts; each table can be taken along as CSV. */
export function AnalyticsPage() {
  const { t } = useTranslation();
  const now = useNow(RENEW_MS);
  const [name, setName] = useState<SpanName>('shift');
  const span = spanOf(name, now);
  const found = useQuery({
    queryKey: ['analytics', span],
    queryFn: () => getAnalytics(span),
    refetchInterval: name === 'shift' ? RENEW_MS : false,
    placeholderData: (before) => before,
  });
  return (
    <main className="sheet">
      <Stack maw={1200} mx="auto" p="md" gap="lg">
        <Group justify="space-between">
          <Title order={1} size="h3">
            {t('analytics.title')}
          </Title>
          <SegmentedControl
            size="md"
            aria-label={t('analytics.span')}
            data={SPANS.map((value) => ({ value, label: t(`analytics.${value}`) }))}
            value={name}
            onChange={setName}
            data-testid="analytics-span"
          />
        </Group>
        <ErrorNote error={found.error} />
        {found.data === undefined ? found.isPending && <Loader /> : <Figures figures={found.data} span={span} />}
      </Stack>
    </main>
  );
}

function Figures({ figures, span }: { figures: Analytics; span: Span }) {
  const { t } = useTranslation();
  const number = useNumbers();
  const told = figures.wards.reduce((sum, ward) => sum + ward.eta_told, 0);
  const hits = figures.wards.reduce((sum, ward) => sum + ward.eta_hits, 0);
  return (
    <>
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} data-testid="analytics-tiles">
        <Tile name={t('analytics.delivered')} value={number.count(figures.delivered)} testid="delivered" />
        <Tile name={t('analytics.onTime')} value={number.percent(share(figures.on_time, figures.due))} testid="on-time" />
        <Tile name={t('analytics.etaHits')} value={number.percent(share(hits, told))} testid="eta-hits" />
        <Tile name={t('analytics.pickup')} value={number.minutes(figures.pickup_p50)} testid="pickup" />
        <Tile name={t('analytics.stat')} value={number.percent(share(figures.stat, figures.delivered))} testid="stat" />
        <Tile name={t('analytics.notDelivered')} value={number.count(figures.failed + figures.cancelled)} testid="lost" />
      </SimpleGrid>
      <Section title={t('analytics.hours')} table="hours" span={span}>
        <HoursChart hours={figures.hours} />
      </Section>
      <Section title={t('analytics.wards')} table="wards" span={span}>
        <Wards figures={figures} />
      </Section>
      <Section title={t('analytics.robots')} table="robots" span={span}>
        <Robots figures={figures} />
      </Section>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Section title={t('analytics.waits')} table="waits" span={span}>
          {figures.waits.length === 0 ? <Nothing text={t('analytics.noWaits')} /> : <WaitsChart waits={figures.waits} />}
        </Section>
        <Stack gap="lg">
          <Section title={t('analytics.lifts')} table="lifts" span={span}>
            <Rows
              head={[t('analytics.lift'), t('analytics.rides'), t('analytics.held')]}
              rows={figures.lifts.map((lift) => [
                lift.lift,
                number.count(lift.rides),
                number.percent(share(lift.seconds, seconds(span))),
              ])}
              none={t('analytics.noLifts')}
            />
          </Section>
          <Section title={t('analytics.interventions')} table="interventions" span={span}>
            <Rows
              head={[t('analytics.what'), t('analytics.times')]}
              rows={figures.interventions.map(({ what, times }) => [interventionText(t, what), number.count(times)])}
              none={t('analytics.noInterventions')}
            />
          </Section>
        </Stack>
      </SimpleGrid>
    </>
  );
}

function interventionText(t: ReturnType<typeof useTranslation>['t'], what: string): string {
  return what === 'porter' || what === 'retry' || what === 'help' ? t(`analytics.${what}`) : word(t, 'alertKind', what);
}

function Wards({ figures }: { figures: Analytics }) {
  const { t } = useTranslation();
  const number = useNumbers();
  const placeName = usePlaceName();
  return (
    <Rows
      head={[t('analytics.ward'), t('analytics.delivered'), t('analytics.onTime'), t('analytics.etaHits'), t('analytics.took')]}
      rows={figures.wards.map((ward) => [
        placeName(ward.place),
        number.count(ward.delivered),
        number.percent(share(ward.on_time, ward.due)),
        number.percent(share(ward.eta_hits, ward.eta_told)),
        number.minutes(ward.median_minutes),
      ])}
      none={t('analytics.noDeliveries')}
      testid="analytics-wards"
    />
  );
}

function Robots({ figures }: { figures: Analytics }) {
  const { t } = useTranslation();
  const number = useNumbers();
  const whole = (Date.parse(figures.end) - Date.parse(figures.begin)) / 1000;
  return (
    <Rows
      head={[
        t('analytics.robot'),
        t('analytics.delivered'),
        t('analytics.busy'),
        t('analytics.waited'),
        t('analytics.distance'),
        t('analytics.loaded'),
      ]}
      rows={figures.robots.map((robot) => [
        robot.robot,
        number.count(robot.delivered),
        number.percent(share(robot.busy, whole)),
        number.percent(share(robot.waited, whole)),
        number.kilometres(robot.distance),
        number.percent(share(robot.loaded, robot.distance)),
      ])}
      none={t('analytics.noRobots')}
    />
  );
}

function Tile({ name, value, testid }: { name: string; value: string; testid: string }) {
  return (
    <Paper withBorder p="sm">
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text size="xl" fw={700} data-testid={`analytics-${testid}`}>
        {value}
      </Text>
    </Paper>
  );
}

interface SectionProps {
  title: string;
  table: TableName;
  span: Span;
  children: ReactNode;
}

function Section({ title, table, span, children }: SectionProps) {
  const { t } = useTranslation();
  return (
    <Stack gap={4}>
      <Group justify="space-between">
        <Title order={2} size="h5">
          {title}
        </Title>
        <Anchor
          href={analyticsCsv(span, table)}
          download
          aria-label={t('analytics.csvOf', { table: title })}
          className="tall-link"
          data-testid={`csv-${table}`}
        >
          CSV
        </Anchor>
      </Group>
      {children}
    </Stack>
  );
}

interface RowsProps {
  head: readonly string[];
  rows: readonly (readonly string[])[];
  none: string;
  testid?: string;
}

function Rows({ head, rows, none, testid }: RowsProps) {
  if (rows.length === 0) return <Nothing text={none} />;
  return (
    <Table.ScrollContainer minWidth={head.length > 3 ? 640 : 280}>
      <Table striped withTableBorder {...(testid !== undefined && { 'data-testid': testid })}>
        <Table.Thead>
          <Table.Tr>
            {head.map((name) => (
              <Table.Th key={name}>{name}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row[0]}>
              {row.map((value, column) => (
                <Table.Td key={head[column]}>{value}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Nothing({ text }: { text: string }) {
  return <Text c="dimmed">{text}</Text>;
}

function seconds({ from, to }: Span): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

/** Figures as they are written here; a dash where nothing was measured. */
function useNumbers() {
  const { i18n } = useTranslation();
  const format = (value: number | null, options: Intl.NumberFormatOptions) =>
    value === null ? '–' : new Intl.NumberFormat(i18n.language, options).format(value);
  return {
    count: (value: number) => format(value, {}),
    percent: (value: number | null) => format(value, { style: 'percent', maximumFractionDigits: 0 }),
    minutes: (value: number | null) => format(value, { style: 'unit', unit: 'minute', maximumFractionDigits: 1 }),
    kilometres: (metres: number) => format(metres / 1000, { style: 'unit', unit: 'kilometer', maximumFractionDigits: 1 }),
  };
}
