"""What people, programs and timers may ask of the fleet manager. Each command has an actor.

The orchestrator takes these from its queue one by one; each answers with a view or raises an error of
`domain.errors`. Adapters (HTTP, command line, the simulated nurse) build them and await the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from fleet_manager.domain.alarms import AlarmKind
from fleet_manager.domain.closures import Area
from fleet_manager.domain.disinfection import DEFAULT_DOSE, RoomNews
from fleet_manager.domain.helps import HelpKind
from fleet_manager.domain.screening import RecheckResult
from fleet_manager.domain.tasks import (
    Actor,
    ItemId,
    ItemOutcome,
    Priority,
    SprayOrder,
    StopKind,
    TaskId,
    TreatmentMethod,
)
from fleet_manager.domain.voices import masked
from maps.model import RobotId


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRequest:
    name: str
    quantity: int
    item_id: str | None = None
    item_class: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequest:
    """A stop as asked for. `items` are item ids; empty means all items of the task.

    Goods are dropped off between two times, and `by_code` stay locked until their receiver has proved who it is.
    """

    place: str
    kind: StopKind
    items: tuple[str, ...] = ()
    not_before: datetime | None = None
    not_after: datetime | None = None
    by_code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitTask:
    """Answers with the stored `TaskView`. The same `key` with the same body answers with the first task again."""

    actor: Actor
    stops: tuple[StopRequest, ...]
    items: tuple[ItemRequest, ...]
    priority: Priority = Priority.ROUTINE
    earliest_start: datetime | None = None
    due: datetime | None = None
    note: str = ""
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitDisinfection:
    """Disinfect the zone with this id or name; answers as `SubmitTask`. `dose` in J/m².

    For spray: `agent` None is the first one of the site, `volume` (L/m²) None is the agent's own.
    """

    actor: Actor
    zone: str
    method: TreatmentMethod = TreatmentMethod.UV
    dose: float = DEFAULT_DOSE
    agent: str | None = None
    volume: float | None = None
    order: SprayOrder | None = None
    priority: Priority = Priority.ROUTINE
    earliest_start: datetime | None = None
    due: datetime | None = None
    note: str = ""
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointRequest:
    """A place to visit, between two times; `within` is the longest time (s) from one visit to the next."""

    place: str
    not_before: datetime | None = None
    not_after: datetime | None = None
    within: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitPatrol:
    """Visit the checkpoints, and stay `seconds` at each; `screens`: people there are screened.

    Several `robots` share the checkpoints, by one task each. Answers as `SubmitTask`, with the first of them.
    """

    actor: Actor
    checkpoints: tuple[CheckpointRequest, ...]
    screens: bool = False
    seconds: float = 10.0
    robots: int = 1
    priority: Priority = Priority.ROUTINE
    earliest_start: datetime | None = None
    due: datetime | None = None
    note: str = ""
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionPlace:
    """Where bags wait. `bags` are the ids on their seals; one with a new id when none is named."""

    place: str
    bags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitCollection:
    """Collect soiled goods from places, in their order, and bring them to `dropoff`; answers as `SubmitTask`."""

    actor: Actor
    places: tuple[CollectionPlace, ...]
    dropoff: str
    item_class: str
    priority: Priority = Priority.ROUTINE
    earliest_start: datetime | None = None
    due: datetime | None = None
    note: str = ""
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitAnnouncement:
    """Say `texts` (by language) at each place, `times` over; answers as `SubmitTask`."""

    actor: Actor
    places: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]
    times: int = 1
    priority: Priority = Priority.ROUTINE
    earliest_start: datetime | None = None
    due: datetime | None = None
    note: str = ""
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MealRequest:
    """A meal for whoever lies in a bed; `name` is masked before anything else is done with it."""

    place: str
    bed: str
    name: str
    item: str = "meal"

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", masked(self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitMeals:
    """Bring meals from `pickup` to beds, in their order. More than one robot holds make several tasks.

    Answers as `SubmitTask`, with the first of them.
    """

    actor: Actor
    pickup: str
    meals: tuple[MealRequest, ...]
    priority: Priority = Priority.ROUTINE
    earliest_start: datetime | None = None
    due: datetime | None = None
    note: str = ""
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitGuidance:
    """Meet a visitor at `meet_at` and lead them to `to`; their name is masked. Answers as `SubmitTask`."""

    actor: Actor
    meet_at: str
    to: str
    visitor: str = ""
    priority: Priority = Priority.ROUTINE
    earliest_start: datetime | None = None
    due: datetime | None = None
    note: str = ""
    key: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "visitor", masked(self.visitor))


SubmitAny = (
    SubmitTask
    | SubmitDisinfection
    | SubmitPatrol
    | SubmitCollection
    | SubmitAnnouncement
    | SubmitMeals
    | SubmitGuidance
)
"""All that asks for a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckCue:
    """A person looked again at what a robot observed. Answers with its `CueView`."""

    actor: Actor
    cue: str
    result: RecheckResult
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRoom:
    """What somebody, or a sensor or program in their name, tells of a zone. Answers with its `ZoneView`."""

    actor: Actor
    zone: str
    news: RoomNews


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLamp:
    """The irradiance of a robot's lamp was measured; `replaced`: it is a new one."""

    actor: Actor
    robot: str
    replaced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmWipeDown:
    """The robot was wiped down just now; `agent` None: with what the site uses."""

    actor: Actor
    robot: str
    agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSchedule:
    """Ask for `task` again and again. `begins` is local time of `timezone`, None for the site's own."""

    actor: Actor
    name: str
    task: SubmitAny
    rule: str
    begins: datetime
    timezone: str | None = None
    exceptions: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSchedule:
    """None leaves it as it is."""

    actor: Actor
    schedule: str
    paused: bool | None = None
    exceptions: tuple[date, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOccurrence:
    """Do once, at `to`, what the schedule would do at `at`, which is left out. Answers with the new `ScheduleView`."""

    actor: Actor
    schedule: str
    at: datetime
    to: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteSchedule:
    actor: Actor
    schedule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTask:
    """None leaves the figure as it is."""

    actor: Actor
    task: TaskId
    priority: Priority | None = None
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTask:
    actor: Actor
    task: TaskId
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPorter:
    """Let a person carry this task instead of a robot."""

    actor: Actor
    task: TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryTask:
    """Let robots that have failed with this task try again."""

    actor: Actor
    task: TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeShift:
    """Somebody of the next shift has read that these tasks of the ward are open. Answers with its `ShiftView`."""

    actor: Actor
    ward: str
    tasks: tuple[str, ...]


class ProofKind(StrEnum):
    NONE = "none"
    PIN = "pin"
    QR = "qr"
    BADGE = "badge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    kind: ProofKind = ProofKind.NONE
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReceipt:
    """What is found of an item; `weight` in kg."""

    item: ItemId
    outcome: ItemOutcome = ItemOutcome.ACCEPTED
    weight: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Goods change hands at the carrier's present stop. `step` None means the one step that is due.

    Items that are not named are accepted. Where the goods' class asks for two persons, each of them sends one.
    """

    actor: Actor
    task: TaskId
    step: str | None = None
    proof: Proof = Proof()
    items: tuple[ItemReceipt, ...] = ()


class RobotAction(StrEnum):
    PAUSE = "pause"
    RESUME = "resume"
    OUT_OF_SERVICE = "out-of-service"
    RETURN_TO_SERVICE = "return-to-service"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRobot:
    actor: Actor
    robot: RobotId
    action: RobotAction
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpRobot:
    """Help a robot that is stuck; answers with its `RobotView`. `person` takes its goods, for `take_over` only.

    `step` is the stop that whoever asks has seen: when that is over already, nothing is left out.
    """

    actor: Actor
    robot: RobotId
    help: HelpKind
    reason: str = ""
    person: str = ""
    step: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPause:
    """Let all robots of a zone, of a fleet, or (neither) of the site stand still; answers with its `ClosureView`."""

    actor: Actor
    zone: str | None = None
    fleet: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPause:
    """Let those go on that were paused with it."""

    actor: Actor
    pause: str


class AlertAction(StrEnum):
    TAKE = "take"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAlert:
    actor: Actor
    alert: str
    action: AlertAction


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseFollowUp:
    """`note` says how it ended."""

    actor: Actor
    follow_up: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartClosure:
    """Close `lanes` (ids), or all lanes that touch `area`, until a time."""

    actor: Actor
    lanes: tuple[str, ...] = ()
    area: Area | None = None
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndClosure:
    """Reopen early."""

    actor: Actor
    closure: str


class LiftAction(StrEnum):
    """`give-way` (让梯) sends the robots that wait out of the line once, for a short while."""

    RESERVE = "reserve"
    FREE = "free"
    GIVE_WAY = "give-way"


class LiftPurpose(StrEnum):
    BED = "bed"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLift:
    """`purpose` and `until` belong to a reservation; without `until` it lasts a usual while."""

    actor: Actor
    lift: str
    action: LiftAction
    purpose: LiftPurpose = LiftPurpose.BED
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseAlarm:
    """In a zone, a building, on levels, or, when none is named, on the whole site."""

    actor: Actor
    kind: AlarmKind = AlarmKind.FIRE
    zone: str | None = None
    building: str | None = None
    levels: tuple[str, ...] = ()
    recall_level: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndAlarm:
    actor: Actor
    alarm: str


UserCommand = (
    SubmitTask
    | SubmitDisinfection
    | SubmitPatrol
    | SubmitCollection
    | SubmitAnnouncement
    | SubmitMeals
    | SubmitGuidance
    | RecheckCue
    | ReportRoom
    | SetSchedule
    | ChangeSchedule
    | MoveOccurrence
    | DeleteSchedule
    | CheckLamp
    | ConfirmWipeDown
    | ChangeTask
    | CancelTask
    | SendPorter
    | RetryTask
    | AcknowledgeShift
    | HandOver
    | ChangeRobot
    | HelpRobot
    | StartPause
    | EndPause
    | ChangeAlert
    | CloseFollowUp
    | StartClosure
    | EndClosure
    | ChangeLift
    | RaiseAlarm
    | EndAlarm
)
