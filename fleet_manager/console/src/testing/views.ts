import type {
  AlertView,
  ItemView,
  RobotView,
  StepView,
  StreamMessage,
  TaskStatus,
  TaskView,
  WaitingFor,
  ZoneView,
} from '../api/types';

const TIME = '2026-03-01T08:00:00Z';

/** Views for tests, with nothing in them but what a test names. */
export function aTask(id: string, status: TaskStatus = 'queued', endedAt: string | null = null): TaskView {
  return {
    id,
    kind: 'delivery',
    zone: null,
    status,
    priority: 'routine',
    pickup: 'pharmacy',
    dropoff: 'ward_2a',
    stops: [],
    items: [],
    note: '',
    requested_at: '2026-03-01T08:00:00Z',
    requested_by: { id: 'nurse-li', role: 'nurse', ward: null },
    earliest_start: null,
    due: null,
    eta: null,
    robot: null,
    assigned_at: null,
    picked_up_at: null,
    ended_at: endedAt,
    outcome: null,
    destination: null,
    handover_step: null,
    handover: null,
    waiting_for: null,
    reasons: [],
    mission: null,
  };
}

export function anItem(itemClass: string | null): ItemView {
  return { item_id: 'item-1', name: 'goods', quantity: 1, item_class: itemClass, state: 'on_board', outcome: null, compartment: null };
}

export function aStep(kind: string, status: string): StepView {
  return { step_id: `${kind}-${status}`, kind, place: 'ward_2a', status, started_at: null, ended_at: null, detail: {} };
}

export function aRobot(id: string): RobotView {
  return {
    id,
    fleet: 'carriers',
    kind: 'ground',
    status: 'idle',
    mode: 'automatic',
    paused: false,
    connected: true,
    last_seen: null,
    pose: null,
    waypoint: null,
    state_of_charge: 0.9,
    tank: null,
    task: null,
    mission: null,
    destination: null,
    waiting_for: null,
    route: [],
    note: '',
  };
}

export function aWait(
  kind: WaitingFor['kind'],
  resource: string,
  heldBy: string | null = null,
  since: string | null = TIME,
): WaitingFor {
  return { kind, resource, held_by: heldBy, since, until: null, because: '' };
}

/** A route over places of one level, a metre apart, of which the first `allocated` are the robot's. */
export function aRoute(places: readonly string[], allocated: number, level = 'L1'): RobotView['route'] {
  return places.map((waypoint, x) => ({ waypoint, level, x, y: 0, allocated: x < allocated }));
}

export function anAlert(id: string, state: string = 'open'): AlertView {
  return {
    id,
    kind: 'blocked',
    severity: 'warning',
    subject: 'amber',
    text: 'amber is blocked',
    since: '2026-03-01T08:00:00Z',
    next_step: 'clear the way',
    state,
    taken_by: null,
    closed_at: null,
  };
}

type Snapshot = Extract<StreamMessage, { type: 'snapshot' }>;
type Change = Extract<StreamMessage, { type: 'change' }>;

export function aSnapshot(seq: number, views: Partial<Snapshot> = {}): Snapshot {
  return { type: 'snapshot', seq, time: TIME, tasks: [], robots: [], alerts: [], doors: [], lifts: [], ...views };
}

export function aChange(seq: number, views: Partial<Change> = {}): Change {
  const event = { kind: 'report_noted', data: {} };
  const nothing = { tasks: [], robots: [], alerts: [], doors: [], lifts: [] };
  return { type: 'change', seq, time: TIME, event, complete: false, ...nothing, ...views };
}

export function aZone(id: string, said: Partial<ZoneView>): ZoneView {
  return {
    id,
    name: id,
    level: 'L1',
    kind: 'room',
    zone_class: 'clean',
    polygon: [],
    cleaned_at: null,
    cleaned_by: null,
    vacated_at: null,
    vacated_by: null,
    person_at: null,
    open_at: null,
    treated_at: null,
    method: null,
    dose: null,
    not_ready: null,
    due_at: null,
    due_because: null,
    task: null,
    treated_by: null,
    re_entry_at: null,
    ...said,
  };
}
