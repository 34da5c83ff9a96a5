import type { components } from './schema';

type Schemas = components['schemas'];

export type AlertView = Schemas['AlertView'];
export type DeliveryRequest = Schemas['DeliveryRequest'];
export type DoorView = Schemas['DoorView'];
export type HandoverRequest = Schemas['HandoverRequest'];
export type ItemOutcome = Schemas['ItemOutcome'];
export type ItemView = Schemas['ItemView'];
export type LevelView = Schemas['LevelView'];
export type LiftView = Schemas['LiftView'];
export type MovingPose = Schemas['MovingPose'];
export type PlaceView = Schemas['PlaceView'];
export type PorterStepView = Schemas['PorterStepView'];
export type PorterView = Schemas['PorterView'];
export type PoseView = Schemas['PoseView'];
export type Priority = Schemas['Priority'];
export type Problem = Schemas['Problem'];
export type ReasonView = Schemas['ReasonView'];
export type RobotAction = Schemas['RobotAction'];
export type RobotView = Schemas['RobotView'];
export type SiteView = Schemas['SiteView'];
export type StreamMessage = Schemas['StreamMessage'];
export type TaskStatus = Schemas['TaskStatus'];
export type TaskView = Schemas['TaskView'];
export type WaitingFor = Schemas['WaitingFor'];
