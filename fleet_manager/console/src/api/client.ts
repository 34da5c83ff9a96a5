import type {
  AlertView,
  DeliveryRequest,
  HandoverCodeView,
  HandoverRequest,
  PorterView,
  Priority,
  Problem,
  RobotAction,
  RobotView,
  SiteView,
  TaskView,
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
  const headers: Record<string, string> = {};
  if (actor !== '') headers['X-Actor'] = actor;
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
export const changeRobot = (robot: string, action: RobotAction) =>
  ask<RobotView>('POST', `/robots/${id(robot)}/${action}`, {});
export const changeAlert = (alert: string, action: 'take' | 'close') =>
  ask<AlertView>('POST', `/alerts/${id(alert)}/${action}`);
export const getPorters = () => ask<PorterView[]>('GET', '/porters');
export const getPorter = (porter: string) => ask<PorterView>('GET', `/porters/${id(porter)}`);
export const porterDone = (porter: string, command: string) =>
  ask<PorterView>('POST', `/porters/${id(porter)}/steps/${id(command)}/done`);
export const porterRefuses = (porter: string, command: string, reason: string) =>
  ask<PorterView>('POST', `/porters/${id(porter)}/steps/${id(command)}/refuse`, { reason });
