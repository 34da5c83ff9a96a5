import type { AlertView, RobotView } from '../api/types';

export const COLUMNS = ['robot', 'fleet', 'state', 'where', 'battery', 'task', 'errors', 'seen'] as const;
export type Column = (typeof COLUMNS)[number];

export const CHOICES = ['all', 'trouble', 'waiting', 'working', 'idle', 'charging', 'still'] as const;
export type Choice = (typeof CHOICES)[number];

/** What the table says of one robot; `trouble` when a person has to look at it. */
export interface Row {
  readonly robot: RobotView;
  readonly state: string;
  readonly reason: string | null;
  readonly where: string;
  readonly errors: readonly string[];
}

export interface Sorting {
  readonly by: Column;
  readonly down: boolean;
}

export function inTrouble({ robot, errors }: Row): boolean {
  return errors.length > 0 || !robot.connected || robot.mode !== 'automatic' || robot.status === 'error';
}

function chosen(row: Row, choice: Choice): boolean {
  const { robot } = row;
  switch (choice) {
    case 'all':
      return true;
    case 'trouble':
      return inTrouble(row);
    case 'waiting':
      return robot.waiting_for !== null;
    case 'still':
      return robot.paused || robot.status === 'out_of_service';
    default:
      return robot.status === choice;
  }
}

function says(row: Row, text: string): boolean {
  const { robot, state, reason, where, errors } = row;
  const all = [robot.id, robot.fleet, state, reason ?? '', where, robot.task ?? '', ...errors].join(' ').toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

/** What a column is sorted by; nothing known comes last. */
function keyOf(row: Row, column: Column): string | number {
  const { robot } = row;
  switch (column) {
    case 'robot':
      return robot.id;
    case 'fleet':
      return robot.fleet;
    case 'state':
      return row.state;
    case 'where':
      return row.where;
    case 'battery':
      return robot.state_of_charge ?? 2;
    case 'task':
      return robot.task ?? '\uffff';
    case 'errors':
      return inTrouble(row) ? -row.errors.length - 1 : 0;
    case 'seen':
      return robot.last_seen ?? '';
  }
}

const collator = new Intl.Collator(undefined, { numeric: true });

function compared(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
}

/** The rows to show, in their order; those with the same key by the robot's name. */
export function shown(rows: readonly Row[], text: string, choice: Choice, { by, down }: Sorting): Row[] {
  return rows
    .filter((row) => chosen(row, choice) && says(row, text.trim()))
    .sort((a, b) => {
      const order = compared(keyOf(a, by), keyOf(b, by));
      return (down ? -order : order) || collator.compare(a.robot.id, b.robot.id);
    });
}

/** What is wrong with each robot: its open alerts. */
export function alertsOf(alerts: readonly AlertView[]): ReadonlyMap<string, AlertView[]> {
  const found = new Map<string, AlertView[]>();
  for (const alert of alerts) {
    if (alert.state !== 'closed') found.set(alert.subject, [...(found.get(alert.subject) ?? []), alert]);
  }
  return found;
}
