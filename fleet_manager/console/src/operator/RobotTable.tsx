import { Group, Paper, Select, Stack, Table, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { clock } from '../i18n/time';
import { robotColour } from '../robots/colours';
import { chargeText } from '../robots/state';
import { Empty } from '../shell/Empty';
import { useNow } from '../stream/context';
import classes from './RobotTable.module.css';
import { CHOICES, COLUMNS, inTrouble, shown, type Choice, type Row, type Sorting } from './rows';
import { useRows } from './useRows';

interface Props {
  onRobot: (robot: string) => void;
}

/** All robots, to be searched and sorted; on a phone each is a card. */
export function RobotTable({ onRobot }: Props) {
  const { t } = useTranslation();
  const rows = useRows();
  const narrow = useMediaQuery('(max-width: 900px)');
  const [text, setText] = useState('');
  const [choice, setChoice] = useState<Choice>('all');
  const [sorting, sort] = useState<Sorting>({ by: 'errors', down: false });
  if (rows.length === 0) return <Empty title={t('robot.none')}>{t('robot.noneText')}</Empty>;
  const found = shown(rows, text, choice, sorting);
  return (
    <Stack gap="sm">
      <Group gap="sm" align="flex-end">
        <TextInput
          label={t('operator.search')}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          flex="1 1 200px"
          maw={420}
          data-testid="robot-search"
        />
        <Select
          label={t('operator.show')}
          data={CHOICES.map((value) => ({ value, label: t(`operator.choice_${value}`) }))}
          value={choice}
          onChange={(value) => setChoice(value ?? 'all')}
          allowDeselect={false}
          flex="1 1 160px"
          maw={260}
          data-testid="robot-choice"
        />
        {narrow && (
          <Select
            label={t('operator.sort')}
            data={COLUMNS.map((value) => ({ value, label: t(`operator.column_${value}`) }))}
            value={sorting.by}
            onChange={(value) => sort({ by: value ?? 'errors', down: false })}
            allowDeselect={false}
            flex="1 1 160px"
            maw={260}
          />
        )}
      </Group>
      {found.length === 0 && <Empty title={t('operator.nothing')}>{t('operator.nothingText')}</Empty>}
      {found.length > 0 &&
        (narrow ? (
          found.map((row) => <Card key={row.robot.id} row={row} onRobot={onRobot} />)
        ) : (
          <Wide rows={found} sorting={sorting} onSort={sort} onRobot={onRobot} />
        ))}
    </Stack>
  );
}

interface WideProps extends Props {
  rows: readonly Row[];
  sorting: Sorting;
  onSort: (sorting: Sorting) => void;
}

function Wide({ rows, sorting, onSort, onRobot }: WideProps) {
  const { t, i18n } = useTranslation();
  const now = useNow(10_000);
  return (
    <Paper withBorder>
      <Table verticalSpacing={0} data-testid="robot-table">
        <Table.Thead>
          <Table.Tr>
            {COLUMNS.map((column) => {
              const sorted = sorting.by === column;
              const order = sorted ? (sorting.down ? 'descending' : 'ascending') : 'none';
              return (
                <Table.Th key={column} aria-sort={order} p={0}>
                  <UnstyledButton
                    className={classes.sort}
                    onClick={() => onSort({ by: column, down: sorted && !sorting.down })}
                    data-testid={`sort-${column}`}
                  >
                    {t(`operator.column_${column}`)} {sorted ? (sorting.down ? '↓' : '↑') : ''}
                  </UnstyledButton>
                </Table.Th>
              );
            })}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.robot.id} data-testid={`row-${row.robot.id}`}>
              <Table.Td p={0}>
                <UnstyledButton
                  className={classes.name}
                  onClick={() => onRobot(row.robot.id)}
                  data-testid={`choose-${row.robot.id}`}
                >
                  {row.robot.id}
                </UnstyledButton>
              </Table.Td>
              <Table.Td>{row.robot.fleet}</Table.Td>
              <Table.Td>
                <State row={row} />
              </Table.Td>
              <Table.Td>{row.where}</Table.Td>
              <Table.Td>{chargeText(row.robot) ?? '–'}</Table.Td>
              <Table.Td>{row.robot.task ?? '–'}</Table.Td>
              <Table.Td>
                <Errors row={row} />
              </Table.Td>
              <Table.Td>{row.robot.last_seen === null ? '–' : clock(i18n.language, row.robot.last_seen, now)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

function Card({ row, onRobot }: { row: Row } & Props) {
  const { t, i18n } = useTranslation();
  const now = useNow(10_000);
  const { robot } = row;
  const facts = [robot.fleet, row.where, chargeText(robot), robot.task].filter((fact) => fact !== null);
  return (
    <UnstyledButton className={classes.card} onClick={() => onRobot(robot.id)} data-testid={`choose-${robot.id}`}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Text fw={700} className={classes.whole}>
          {robot.id}
        </Text>
        <Status row={row} />
      </Group>
      {row.reason !== null && <Text size="sm">{row.reason}</Text>}
      <Text size="sm">{facts.join(' · ')}</Text>
      {inTrouble(row) && <Errors row={row} />}
      <Text size="sm" c="dimmed">
        {t('robot.lastSeen')}: {robot.last_seen === null ? '–' : clock(i18n.language, robot.last_seen, now)}
      </Text>
    </UnstyledButton>
  );
}

function Status({ row }: { row: Row }) {
  return (
    <Group gap={8} wrap="nowrap">
      <span className={classes.dot} style={{ background: robotColour(row.robot) }} />
      <Text size="sm" fw={600}>
        {row.state}
      </Text>
    </Group>
  );
}

function State({ row }: { row: Row }) {
  return (
    <div className={classes.state}>
      <Status row={row} />
      {row.reason !== null && (
        <Text size="sm" c="dimmed">
          {row.reason}
        </Text>
      )}
    </div>
  );
}

function Errors({ row }: { row: Row }) {
  const { t } = useTranslation();
  if (row.errors.length > 0) {
    return row.errors.map((error) => (
      <Text key={error} size="sm" className={classes.error}>
        {error}
      </Text>
    ));
  }
  if (!row.robot.connected) return <Text size="sm">{t('robot.notConnected')}</Text>;
  return inTrouble(row) ? <Text size="sm">{row.state}</Text> : <Text size="sm">–</Text>;
}
