import { thePerson } from '../people/person';
import type {
  AlarmRequest,
  AlarmView,
  AlertView,
  Analytics,
  CertificateView,
  ClosureRequest,
  ClosureView,
  CueRecheck,
  CueView,
  DeliveryRequest,
  DisinfectionRequest,
  ForecastView,
  HandoverCodeView,
  HandoverRequest,
  HelpKind,
  HelpRequest,
  HelpView,
  OccurrenceMove,
  OccurrenceView,
  PauseRequest,
  PorterView,
  Priority,
  Problem,
  Replay,
  RobotAction,
  RobotView,
  RoomNews,
  ScheduleChange,
  ScheduleRequest,
  ScheduleView,
  ShiftView,
  SiteView,
  TaskView,
  ZoneView,
} from './types';

const TIMEOUT_MS = 15_000;

/** The fleet manager refused: `problem` says why and what can be done. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** No answer came: it is not known whether the request arrived. */
export class NoAnswer extends Error {}

async function ask<Answer>(method: string, path: string, body?: unknown, key?: string, actor = ''): Promise<Answer> {
  const headers = actor === '' ? whoAsks() : { 'X-Actor': actor };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (key !== undefined) headers['Idempotency-Key'] = key;
  let response: Response;
  try {
    const content = body === undefined ? null : JSON.stringify(body);
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      body: content,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    throw new NoAnswer(String(error));
  }
  if (response.ok) return (await response.json()) as Answer;
  throw await refusal(response);
}

/** Header values are Latin-1; names in other letters are sent as they stand in addresses. */
function whoAsks(): Record<string, string> {
  const person = thePerson();
  if (person === null) return {};
  const headers: Record<string, string> = { 'X-Actor': encodeURIComponent(person.id), 'X-Actor-Role': person.role };
  if (person.ward !== null) headers['X-Ward'] = person.ward;
  return headers;
}

async function refusal(response: Response): Promise<Refused | NoAnswer> {
  if (!response.headers.get('Content-Type')?.startsWith('application/problem+json')) {
    return new NoAnswer(`${response.status} ${response.statusText}`);
  }
  return new Refused((await response.json()) as Problem);
}

const id = encodeURIComponent;

export const getSite = () => ask<SiteView>('GET', '/site');
export const getRecentTasks = () => ask<TaskView[]>('GET', '/tasks?limit=50');
export const requestDelivery = (body: DeliveryRequest, key: string) => ask<TaskView>('POST', '/tasks', body, key);
export const cancelTask = (task: string, reason: string) =>
  ask<TaskView>('POST', `/tasks/${id(task)}/cancel`, { reason });
export const changePriority = (task: string, priority: Priority) =>
  ask<TaskView>('PATCH', `/tasks/${id(task)}`, { priority });
export const sendPorter = (task: string) => ask<TaskView>('POST', `/tasks/${id(task)}/send-porter`);
export const handOver = (task: string, body: HandoverRequest) =>
  ask<TaskView>('POST', `/tasks/${id(task)}/handover`, body);
export const getHandoverCode = (task: string, actor: string) =>
  ask<HandoverCodeView>('GET', `/tasks/${id(task)}/handover-code`, undefined, undefined, actor);
export const changeRobot = (robot: string, action: RobotAction, reason = '') =>
  ask<RobotView>('POST', `/robots/${id(robot)}/${action}`, reason === '' ? {} : { reason });
export const confirmWipeDown = (robot: string) => ask<RobotView>('POST', `/robots/${id(robot)}/wiped-down`, {});
export const changeAlert = (alert: string, action: 'take' | 'close') =>
  ask<AlertView>('POST', `/alerts/${id(alert)}/${action}`);
export const getPorters = () => ask<PorterView[]>('GET', '/porters');
export const getPorter = (porter: string) => ask<PorterView>('GET', `/porters/${id(porter)}`);
export const porterDone = (porter: string, command: string) =>
  ask<PorterView>('POST', `/porters/${id(porter)}/steps/${id(command)}/done`);
export const porterRefuses = (porter: string, command: string, reason: string) =>
  ask<PorterView>('POST', `/porters/${id(porter)}/steps/${id(command)}/refuse`, { reason });

// --- disinfection, schedules, screening, closures, alarms ---

export const getZones = () => ask<ZoneView[]>('GET', '/zones');
export const reportZone = (zone: string, news: RoomNews) => ask<ZoneView>('POST', `/zones/${id(zone)}/status`, { news });
export const requestDisinfection = (body: DisinfectionRequest, key: string) => ask<TaskView>('POST', '/tasks', body, key);
export const getTask = (task: string) => ask<TaskView>('GET', `/tasks/${id(task)}`);
export const getTasks = (query: string) => ask<TaskView[]>('GET', `/tasks?${query}`);
export const retryTask = (task: string) => ask<TaskView>('POST', `/tasks/${id(task)}/retry`);
export const getCertificate = (task: string) => ask<CertificateView>('GET', `/tasks/${id(task)}/certificate`);
export const certificatePdf = (task: string) => `/api/v1/tasks/${id(task)}/certificate?format=pdf`;
export const getSchedules = () => ask<ScheduleView[]>('GET', '/schedules');
export const getCalendar = (since: string, until: string) =>
  ask<OccurrenceView[]>('GET', `/schedules/calendar?since=${id(since)}&until=${id(until)}`);
export const addSchedule = (body: ScheduleRequest) => ask<ScheduleView>('POST', '/schedules', body);
export const changeSchedule = (schedule: string, body: ScheduleChange) =>
  ask<ScheduleView>('PATCH', `/schedules/${id(schedule)}`, body);
export const moveOccurrence = (schedule: string, body: OccurrenceMove) =>
  ask<ScheduleView>('POST', `/schedules/${id(schedule)}/move`, body);
export const endSchedule = (schedule: string) => ask<ScheduleView>('DELETE', `/schedules/${id(schedule)}`);
export const getCues = () => ask<CueView[]>('GET', '/screening/cues');
export const recheckCue = (cue: string, body: CueRecheck) =>
  ask<CueView>('POST', `/screening/cues/${id(cue)}/recheck`, body);
export const getClosures = () => ask<ClosureView[]>('GET', '/closures');
export const addClosure = (body: ClosureRequest) => ask<ClosureView>('POST', '/closures', body);
export const endClosure = (closure: string) => ask<ClosureView>('DELETE', `/closures/${id(closure)}`);
export const getAlarms = () => ask<AlarmView[]>('GET', '/alarms');
export const raiseAlarm = (body: AlarmRequest) => ask<AlarmView>('POST', '/alarms', body);
export const endAlarm = (alarm: string) => ask<AlarmView>('DELETE', `/alarms/${id(alarm)}`);

// --- wards ---

export const getForecast = (body: DeliveryRequest) => ask<ForecastView>('POST', '/forecast', body);
export const getShift = (ward: string) => ask<ShiftView>('GET', `/wards/${id(ward)}/shift`);
export const acknowledgeShift = (ward: string, tasks: readonly string[]) =>
  ask<ShiftView>('POST', `/wards/${id(ward)}/shift`, { tasks });

// --- figures of the past ---

export const getAnalytics = ({ from, to }: { from: string; to: string }) =>
  ask<Analytics>('GET', `/analytics?from=${id(from)}&to=${id(to)}`);
export const analyticsCsv = ({ from, to }: { from: string; to: string }, table: string) =>
  `/api/v1/analytics?from=${id(from)}&to=${id(to)}&format=csv&table=${id(table)}`;

// --- helps, pauses ---

export const getHelps = (robot: string) => ask<HelpView[]>('GET', `/robots/${id(robot)}/helps`);
export const helpRobot = (robot: string, kind: HelpKind, body: HelpRequest) =>
  ask<RobotView>('POST', `/robots/${id(robot)}/helps/${kind}`, body);
export const getPauses = () => ask<ClosureView[]>('GET', '/pauses');
export const beginPause = (body: PauseRequest) => ask<ClosureView>('POST', '/pauses', body);
export const endPause = (pause: string) => ask<ClosureView>('DELETE', `/pauses/${id(pause)}`);

// --- the past ---

export const getReplay = (from: string, to: string) => ask<Replay>('GET', `/replay?from=${id(from)}&to=${id(to)}`);
