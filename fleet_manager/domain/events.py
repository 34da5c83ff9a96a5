"""Events: everything the fleet manager decided or learned, in the past tense. The event log is the truth.

`state.apply` is the only reader that changes state. `report` on an event is the number of the agent's report that
caused it, so that a report sent twice is taken once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from fleet_manager.domain.alarms import Alarm, AlarmId
from fleet_manager.domain.alerts import Alert, AlertId
from fleet_manager.domain.closures import Closure, ClosureId
from fleet_manager.domain.custody import Custody
from fleet_manager.domain.devices import TurnedAway
from fleet_manager.domain.disinfection import LampRecord, Room, RoomNews, TreatmentRecord, TreatmentSample
from fleet_manager.domain.follow_ups import FollowUp, FollowUpId
from fleet_manager.domain.handovers import Signature
from fleet_manager.domain.helps import HelpKind
from fleet_manager.domain.inspections import Visit
from fleet_manager.domain.missions import Mission, MissionId, MissionStatus, StepId, StepStatus
from fleet_manager.domain.robots import (
    DeviceSession,
    Drive,
    Hold,
    PendingCommand,
    RobotMode,
    RobotStatus,
    RouteNode,
    Wait,
    Yield,
)
from fleet_manager.domain.schedules import Schedule, ScheduleId
from fleet_manager.domain.screening import Cue, CueId, RecheckResult
from fleet_manager.domain.shifts import ShiftHandover
from fleet_manager.domain.tasks import (
    Actor,
    DeliveryTask,
    ItemId,
    ItemOutcome,
    ItemState,
    Priority,
    Reason,
    TaskId,
    TaskStatus,
)
from maps.model import LiftId, RobotId, WaypointId, ZoneClass

# --- tasks -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSubmitted:
    """`key` and `digest` (of the request body) make the request idempotent."""

    task: DeliveryTask
    key: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChanged:
    task: TaskId
    actor: Actor
    priority: Priority
    due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDeferred:
    """The task stays queued; told when the reasons differ from the last ones."""

    task: TaskId
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAssigned:
    """`reasons` say why this carrier, and why not the others."""

    task: TaskId
    mission: Mission
    eta: datetime | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequeued:
    """Its mission is over without success; another carrier will take it. `excluded` shall not get it again."""

    task: TaskId
    reason: Reason
    excluded: RobotId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EtaChanged:
    task: TaskId
    eta: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PorterRequested:
    task: TaskId
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAllowed:
    """Robots that have failed with the task may get it again."""

    task: TaskId
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationStarted:
    """The carrier has to close a compartment or to bring goods to `destination` first, by the steps of `mission`."""

    task: TaskId
    actor: Actor
    destination: WaypointId | None
    mission: Mission
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnded:
    task: TaskId
    status: TaskStatus
    outcome: str
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsHandedOver:
    """Custody changed. `proof` names the kind only: secrets are never logged. `second` signed after `actor`.

    `back` says what became of goods that were given out elsewhere than where they should have gone. `weights` (kg) are
    those of bags that were weighed.
    """

    task: TaskId
    mission: MissionId
    step: StepId
    robot: RobotId
    place: WaypointId
    actor: Actor
    proof: str
    items: tuple[tuple[ItemId, ItemState, ItemOutcome], ...]
    loads: tuple[tuple[str, str], ...]
    second: Actor | None = None
    second_proof: str = ""
    back: Custody | None = None
    weights: tuple[tuple[ItemId, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverSigned:
    """The first of two persons has signed; the goods change hands when another one agrees."""

    task: TaskId
    step: StepId
    signature: Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverRefused:
    """Somebody could not prove who they are, or may not sign. `proof` names the kind only.

    `failures` count the wrong proofs in a row, this one included; `locked_until` is set when they were too many.
    """

    task: TaskId
    step: StepId
    actor: Actor
    proof: str
    because: str
    failures: int
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpOpened:
    follow_up: FollowUp


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpClosed:
    follow_up: FollowUpId
    actor: Actor
    note: str


# --- disinfection ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomReported:
    """Somebody or something told `news` of a room; `room` is what is known of it now."""

    room: Room
    news: RoomNews
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomSoiled:
    """Goods changed hands in a room after which it is to be disinfected; `room` is what is known of it now."""

    room: Room


@dataclass(frozen=True, slots=True, kw_only=True)
class LampChecked:
    lamp: LampRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentBegun:
    treatment: TreatmentRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentSampled:
    """`interrupted`: the robot does not go on until a person confirms the room anew."""

    task: TaskId
    robot: RobotId
    sample: TreatmentSample
    interrupted: bool
    report: int
    state_of_charge: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentResumed:
    """`actor` confirmed the room anew, and `robot` goes on; `sortie`: it sets out anew."""

    task: TaskId
    actor: Actor
    robot: RobotId | None = None
    sortie: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentEnded:
    """`dose` (J/m²) is the least of all targets in reach; `complete` when none got less than was asked for.

    Where it was sprayed nobody enters before `re_entry_at`.
    """

    task: TaskId
    dose: float
    complete: bool
    re_entry_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TankTold:
    """What a sprayer's tank holds (L), when that is not what was known."""

    robot: RobotId
    tank: float


# --- wards ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftAcknowledged:
    """Somebody of a ward's next shift has read what the one before leaves open."""

    shift: ShiftHandover


# --- patrol and screening ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointVisited:
    """The evidence of a visit; `stop` is the number of the task's stop."""

    task: TaskId
    stop: int
    place: WaypointId
    visit: Visit
    report: int
    state_of_charge: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointMissed:
    """Its window passed without a visit."""

    task: TaskId
    stop: int
    place: WaypointId


@dataclass(frozen=True, slots=True, kw_only=True)
class CueRaised:
    """A robot observed something that a person has to look at again."""

    cue: Cue
    robot: RobotId
    report: int
    state_of_charge: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CueRechecked:
    cue: CueId
    actor: Actor
    result: RecheckResult
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CuesDeleted:
    """They were kept for as long as the site keeps them."""

    cues: tuple[CueId, ...]


# --- helps -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotHelped:
    """A person helped a robot that was stuck; `place` is what the help is about, `person` who takes its goods."""

    robot: RobotId
    help: HelpKind
    actor: Actor
    task: TaskId | None = None
    place: WaypointId | None = None
    person: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSkipped:
    """A person left out the task's stop number `stop`, and says why."""

    task: TaskId
    stop: int
    place: WaypointId
    actor: Actor
    reason: str = ""


# --- voices ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTold:
    """A robot said at a place what it should; `stop` is the number of the task's stop."""

    task: TaskId
    stop: int
    place: WaypointId
    robot: RobotId
    report: int
    state_of_charge: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHoursKept:
    """It is quiet: for this task people are spoken to on the robot's screen only."""

    task: TaskId
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowerTold:
    """A visitor follows the robot, or not any more; `waits`: the robot stops for them."""

    task: TaskId
    robot: RobotId
    following: bool
    waits: bool
    report: int
    state_of_charge: float | None = None


# --- schedules ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSet:
    """A new schedule, or an old one as it was changed."""

    schedule: Schedule
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleFell:
    """It fell due; `schedule` says which task that made, or why it made none, and when it falls due next."""

    schedule: Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDeleted:
    schedule: ScheduleId
    actor: Actor


# --- missions ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionStarted:
    """A robot's own need: charge, park, or be decontaminated."""

    mission: Mission


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionChanged:
    """Other steps lie ahead than before: goods were refused, not handed over, or not collected."""

    mission: Mission
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepChanged:
    mission: MissionId
    step: StepId
    status: StepStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionEnded:
    mission: MissionId
    status: MissionStatus
    reason: str = ""


# --- robots ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotConnected:
    robot: RobotId
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotLocated:
    """The robot was found standing at a waypoint of its graph."""

    robot: RobotId
    waypoint: WaypointId


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotUnreachable:
    robot: RobotId


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotStatusChanged:
    robot: RobotId
    status: RobotStatus
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotModeChanged:
    robot: RobotId
    mode: RobotMode
    reason: str
    waypoint: WaypointId | None
    report: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotPaused:
    robot: RobotId
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotResumed:
    robot: RobotId
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportNoted:
    """A report that changes nothing but what has been reported."""

    robot: RobotId
    report: int
    text: str
    state_of_charge: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandIssued:
    robot: RobotId
    command: PendingCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEnded:
    robot: RobotId
    command: str
    ok: bool
    reason: str
    report: int
    state_of_charge: float | None = None
    tank: float | None = None


# --- traffic -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteClaimed:
    """The route takes its place among the others': `yields` are their nodes that wait for it from now on."""

    robot: RobotId
    drive: Drive
    retreat: tuple[RouteNode, ...] = ()
    yields: tuple[Yield, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteGivenUp:
    """What the robot claims beyond the allocated part is void, its retreat as well: it stays until further notice."""

    robot: RobotId


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteAllocated:
    """The robot now holds its route up to node `to`, and may drive up to `cleared_to`."""

    robot: RobotId
    to: int
    cleared_to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePassed:
    """What lies behind the node is released. `at` and `speed` at both ends of a lane draw the motion on it."""

    robot: RobotId
    sequence: int
    waypoint: WaypointId
    at: datetime
    speed: float
    report: int
    state_of_charge: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveEnded:
    """The robot stands at the end of its route and holds only that place."""

    robot: RobotId


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneEntered:
    """The robot is exposed to a zone class for the first time since its last decontamination."""

    robot: RobotId
    zone_class: ZoneClass


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotWipedDown:
    """`actor` wiped it with `agent`, which works until `until`; an automatic bay does that by itself."""

    robot: RobotId
    actor: Actor
    agent: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotDecontaminated:
    """Nothing clings to it or its compartments any more but `exposure`, the classes of the zones it stands in."""

    robot: RobotId
    exposure: tuple[ZoneClass, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotRehomed:
    """The robot rests elsewhere while others need its home; `home` None gives it its own back."""

    robot: RobotId
    home: WaypointId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitStarted:
    robot: RobotId
    wait: Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitEnded:
    robot: RobotId


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureStarted:
    closure: Closure


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureEnded:
    """Its time is over, its cause is gone, or the actor reopened it early."""

    closure: ClosureId
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotHeld:
    """It leaves its mission alone until it is let go."""

    robot: RobotId
    hold: Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotLetGo:
    robot: RobotId


# --- building ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted:
    session: DeviceSession


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMoved:
    """The lift of this session is wanted at another level."""

    session: DeviceSession


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRenewed:
    session: str
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded:
    """`because` is empty when the robot is through."""

    session: str
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRefused:
    """The building does not take up the session any more; `newest` is the greatest fencing number that it knows."""

    session: str
    newest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotTurnedAway:
    """The robot left the line for a lift: its session is over, and it asks again later."""

    lift: LiftId
    session: str
    turn: TurnedAway


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRaised:
    alarm: Alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmEnded:
    alarm: AlarmId
    actor: Actor


# --- alerts ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRaised:
    alert: Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTaken:
    alert: AlertId
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertClosed:
    alert: AlertId
    actor: Actor


Event: TypeAlias = (
    TaskSubmitted
    | TaskChanged
    | TaskDeferred
    | TaskAssigned
    | TaskRequeued
    | EtaChanged
    | PorterRequested
    | RetryAllowed
    | CancellationStarted
    | TaskEnded
    | ItemsHandedOver
    | RoomReported
    | ShiftAcknowledged
    | RoomSoiled
    | LampChecked
    | TreatmentBegun
    | TreatmentSampled
    | TreatmentResumed
    | TreatmentEnded
    | TankTold
    | CheckpointVisited
    | CheckpointMissed
    | RobotHelped
    | StopSkipped
    | PlaceTold
    | QuietHoursKept
    | FollowerTold
    | CueRaised
    | CueRechecked
    | CuesDeleted
    | ScheduleSet
    | ScheduleFell
    | ScheduleDeleted
    | HandoverSigned
    | HandoverRefused
    | FollowUpOpened
    | FollowUpClosed
    | MissionStarted
    | MissionChanged
    | StepChanged
    | MissionEnded
    | RobotConnected
    | RobotLocated
    | RobotUnreachable
    | RobotStatusChanged
    | RobotModeChanged
    | RobotPaused
    | RobotResumed
    | ReportNoted
    | CommandIssued
    | CommandEnded
    | RouteClaimed
    | RouteGivenUp
    | RouteAllocated
    | NodePassed
    | DriveEnded
    | ZoneEntered
    | RobotWipedDown
    | RobotDecontaminated
    | RobotRehomed
    | WaitStarted
    | WaitEnded
    | ClosureStarted
    | ClosureEnded
    | RobotHeld
    | RobotLetGo
    | SessionStarted
    | SessionMoved
    | SessionRenewed
    | SessionEnded
    | SessionRefused
    | RobotTurnedAway
    | AlarmRaised
    | AlarmEnded
    | AlertRaised
    | AlertTaken
    | AlertClosed
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event with its place in the log: `seq` counts up without gaps, `time` is the manager's clock."""

    seq: int
    time: datetime
    event: Event
