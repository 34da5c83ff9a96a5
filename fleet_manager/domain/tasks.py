"""Tasks: what staff ask for. A task holds ordered stops with items and lives through one status machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from fleet_manager.domain.errors import InvalidRequest, InvalidTransition
from fleet_manager.domain.guidance import Guidance
from fleet_manager.domain.inspections import Inspection, Visit
from fleet_manager.domain.voices import Called, Saying
from fleet_manager.domain.windows import Window
from maps.model import ItemClassId, RobotId, SprayAgentId, WaypointId, ZoneId

TaskId = NewType("TaskId", str)
ItemId = NewType("ItemId", str)


class TaskStatus(StrEnum):
    QUEUED = "queued"
    ASSIGNED = "assigned"
    UNDERWAY = "underway"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in _ENDED


_ENDED: Final = frozenset({TaskStatus.COMPLETED, TaskStatus.CANCELLED, TaskStatus.FAILED})

_NEXT: Final = {
    TaskStatus.QUEUED: {TaskStatus.ASSIGNED, TaskStatus.CANCELLED, TaskStatus.FAILED},
    TaskStatus.ASSIGNED: {TaskStatus.UNDERWAY, TaskStatus.QUEUED, TaskStatus.CANCELLED, TaskStatus.FAILED},
    TaskStatus.UNDERWAY: {
        TaskStatus.QUEUED,
        TaskStatus.CANCELLING,
        TaskStatus.CANCELLED,
        TaskStatus.COMPLETED,
        TaskStatus.FAILED,
    },
    TaskStatus.CANCELLING: {TaskStatus.CANCELLED, TaskStatus.FAILED},
    TaskStatus.COMPLETED: set[TaskStatus](),
    TaskStatus.CANCELLED: set[TaskStatus](),
    TaskStatus.FAILED: set[TaskStatus](),
}


class Priority(StrEnum):
    STAT = "stat"
    URGENT = "urgent"
    ROUTINE = "routine"
    BACKGROUND = "background"

    @property
    def rank(self) -> int:
        """0 for the most urgent."""
        return _RANK[self]


_RANK: Final = {Priority.STAT: 0, Priority.URGENT: 1, Priority.ROUTINE: 2, Priority.BACKGROUND: 3}


class TaskKind(StrEnum):
    DELIVERY = "delivery"
    COLLECTION = "collection"
    DISINFECTION = "disinfection"
    PATROL = "patrol"
    SCREENING = "screening"
    ANNOUNCEMENT = "announcement"
    MEALS = "meals"
    GUIDANCE = "guidance"


class StopKind(StrEnum):
    PICK_UP = "pick_up"
    DROP_OFF = "drop_off"
    VISIT = "visit"
    TREAT = "treat"
    INSPECT = "inspect"
    SAY = "say"
    MEET = "meet"
    LEAD = "lead"


class TreatmentMethod(StrEnum):
    UV = "uv"
    SPRAY = "spray"


@dataclass(frozen=True, slots=True, kw_only=True)
class SprayOrder:
    """Infection control's order to spray outdoors: whose it is, and why."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """Disinfect a zone. `dose` is what each target in reach shall get by light (J/m²).

    A sprayer wets the ground with `volume` (L/m²) of `agent`, outdoors by `order` only.
    """

    zone: ZoneId
    method: TreatmentMethod = TreatmentMethod.UV
    dose: float = 0.0
    agent: SprayAgentId | None = None
    volume: float = 0.0
    order: SprayOrder | None = None


class ItemState(StrEnum):
    """Where an item is in its custody: with the sender, on a carrier, with the receiver, never handed over, or
    brought elsewhere because the receiver refused it or the task was cancelled.
    """

    WAITING = "waiting"
    ON_BOARD = "on_board"
    DELIVERED = "delivered"
    MISSING = "missing"
    RETURNED = "returned"


class ItemOutcome(StrEnum):
    """What the person at a hand-over says of one item."""

    ACCEPTED = "accepted"
    SHORT = "short"
    DAMAGED = "damaged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who wants or did something: a person, a program or the fleet manager itself."""

    id: str
    role: str = "staff"
    ward: str | None = None


FLEET_MANAGER: Final = Actor(id="fleet-manager", role="system")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Goods of one kind in one delivery. `item_class` None: the sender said no class, ordinary goods."""

    id: ItemId
    name: str
    quantity: int
    item_class: ItemClassId | None = None
    state: ItemState = ItemState.WAITING
    outcome: ItemOutcome | None = None

    def __post_init__(self) -> None:
        if self.quantity <= 0:
            raise InvalidRequest(f"items: the quantity of {self.name!r} must be at least 1", field="items.quantity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One place of a task, with the items that are picked up or dropped off there, or what is treated from it.

    A checkpoint has an `inspection`, and its `visit` once a robot was there; `missed` when its window passed before.
    Goods are dropped off within `window`. Where they are handed over `by_code`, their compartment stays locked until
    whoever takes them has proved it. What is `weighed` is collected: each bag is weighed, and two persons sign for it.
    Who is `called` takes a meal here, is met or is led here. A `saying` was said at `done_at`. `skipped` says who left
    the stop out, and why.
    """

    place: WaypointId
    kind: StopKind
    items: tuple[ItemId, ...] = ()
    treatment: Treatment | None = None
    inspection: Inspection | None = None
    visit: Visit | None = None
    missed: bool = False
    window: Window | None = None
    by_code: bool = False
    weighed: bool = False
    saying: Saying | None = None
    called: Called | None = None
    done_at: datetime | None = None
    skipped: str | None = None


def left_out(stops: Iterable[Stop]) -> str:
    """Which stops people left out, and why, as the end of a sentence; empty when none."""
    told = [f"{stop.place} ({stop.skipped})" for stop in stops if stop.skipped is not None]
    return f"; left out: {', '.join(told)}" if told else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something is as it is: `subject` is a robot, resource or place, `code` for programs, `text` for people."""

    subject: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryTask:
    """Bring items from pick-up stops to drop-off stops, in the order of `stops`, before `due`.

    `robot` is the carrier of the running leg. `excluded` are carriers that shall not get it again (they failed
    with it); `porter_only` sends a person. `reasons` say why the task stands as it does, newest decision only.
    `destination` is where goods on board go once the task is cancelling.
    """

    id: TaskId
    stops: tuple[Stop, ...]
    items: tuple[Item, ...]
    priority: Priority
    requested_at: datetime
    requested_by: Actor
    status: TaskStatus = TaskStatus.QUEUED
    earliest_start: datetime | None = None
    due: datetime | None = None
    note: str = ""
    robot: RobotId | None = None
    excluded: tuple[RobotId, ...] = ()
    porter_only: bool = False
    legs: int = 0
    eta: datetime | None = None
    assigned_at: datetime | None = None
    picked_up_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    destination: WaypointId | None = None
    reasons: tuple[Reason, ...] = ()
    guidance: Guidance | None = None

    def become(self, status: TaskStatus) -> DeliveryTask:
        if status not in _NEXT[self.status]:
            raise InvalidTransition(f"task {self.id}", self.status, status)
        return replace(self, status=status)

    @property
    def kind(self) -> TaskKind:
        if self.treatment is not None:
            return TaskKind.DISINFECTION
        if self.inspects:
            return TaskKind.SCREENING if self.screens else TaskKind.PATROL
        if self.announces:
            return TaskKind.ANNOUNCEMENT
        if self.guides:
            return TaskKind.GUIDANCE
        if self.serves:
            return TaskKind.MEALS
        return TaskKind.COLLECTION if self.collects else TaskKind.DELIVERY

    @property
    def carries(self) -> bool:
        """Whether it is about goods."""
        return bool(self.items) or not (self.treatment is not None or self.inspects or self.announces or self.guides)

    @property
    def announces(self) -> bool:
        """Whether a robot goes round and says something."""
        return any(stop.saying is not None for stop in self.stops)

    @property
    def guides(self) -> bool:
        """Whether a visitor is led somewhere."""
        return any(stop.kind is StopKind.LEAD and stop.called is not None for stop in self.stops)

    @property
    def serves(self) -> bool:
        """Whether patients are called to take a meal each."""
        return any(stop.kind is StopKind.DROP_OFF and stop.called is not None for stop in self.stops)

    @property
    def collects(self) -> bool:
        """Whether waste or linen is collected."""
        return any(stop.weighed for stop in self.stops)

    @property
    def apart(self) -> dict[ItemId, str]:
        """For whom each item is, when each receiver needs a compartment of their own; empty when none does.

        Receivers are told apart by their place, patients by their meal.
        """
        if self.serves:
            return {item.id: item.id for item in self.items}
        if not any(stop.by_code for stop in self.stops):
            return {}
        return {item: stop.place for stop in self.stops if stop.kind is StopKind.DROP_OFF for item in stop.items}

    @property
    def inspects(self) -> bool:
        """Whether it is a patrol or a screening."""
        return any(stop.inspection is not None for stop in self.stops)

    @property
    def screens(self) -> bool:
        """Whether people are screened at any of its checkpoints."""
        return any(stop.inspection is not None and stop.inspection.screens for stop in self.stops)

    @property
    def treatment(self) -> Treatment | None:
        """What is disinfected, None for a task of another kind."""
        return next((stop.treatment for stop in self.stops if stop.treatment is not None), None)

    @property
    def on_board(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.state is ItemState.ON_BOARD)

    @property
    def pickup(self) -> WaypointId:
        return self.stops[0].place

    @property
    def dropoff(self) -> WaypointId:
        return self.stops[-1].place

    def starts(self) -> datetime:
        """When waiting begins to count: the earliest start, or the request when there is none."""
        return max(self.earliest_start, self.requested_at) if self.earliest_start else self.requested_at

    def with_stop(self, index: int, stop: Stop) -> DeliveryTask:
        """Replace one stop."""
        return replace(self, stops=(*self.stops[:index], stop, *self.stops[index + 1 :]))

    def with_items(self, changed: dict[ItemId, Item]) -> DeliveryTask:
        return replace(self, items=tuple(changed.get(item.id, item) for item in self.items))
