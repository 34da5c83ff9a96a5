"""Read models: what people and programs see of tasks, robots and alerts, over HTTP and the stream alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fleet_manager.domain.tasks import ItemOutcome, ItemState, Priority, StopKind, TaskStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonView:
    subject: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingFor:
    """Why a robot stands still: the resource it wants, who has it, until when (if known), and the cause in words."""

    resource: str
    held_by: str | None
    until: datetime | None
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorView:
    id: str
    role: str
    ward: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    item_id: str
    name: str
    quantity: int
    item_class: str | None
    state: ItemState
    outcome: ItemOutcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopView:
    place: str
    kind: StopKind
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step of a mission: go_to, ride_lift, pick_up, drop_off, visit, charge or park.

    `status` is pending, active, waiting_for_person, done or failed; `detail` holds what is particular to the kind
    (`lift`, `to_level`, `items`).
    """

    step_id: str
    kind: str
    place: str
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionView:
    mission_id: str
    robot: str
    leg: int
    status: str
    steps: tuple[StepView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """`handover_step` is the step at which the carrier waits for a person now, if it does."""

    id: str
    kind: str
    status: TaskStatus
    priority: Priority
    pickup: str
    dropoff: str
    stops: tuple[StopView, ...]
    items: tuple[ItemView, ...]
    note: str
    requested_at: datetime
    requested_by: ActorView
    earliest_start: datetime | None
    due: datetime | None
    eta: datetime | None
    robot: str | None
    assigned_at: datetime | None
    picked_up_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    destination: str | None
    handover_step: str | None
    waiting_for: WaitingFor | None
    reasons: tuple[ReasonView, ...]
    mission: MissionView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseView:
    """Site frame: metres, rad counter-clockwise; `time` is when it was true."""

    level: str
    x: float
    y: float
    yaw: float
    speed: float
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePointView:
    """A node ahead of the robot; `allocated` nodes are its alone, the others are only claimed."""

    waypoint: str
    level: str
    x: float
    y: float
    allocated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotView:
    """`kind` is the carrier kind (ground, uav, person); `mode` who drives it; `paused` a flag beside `status`."""

    id: str
    fleet: str
    kind: str
    status: str
    mode: str
    paused: bool
    connected: bool
    last_seen: datetime | None
    pose: PoseView | None
    waypoint: str | None
    state_of_charge: float | None
    task: str | None
    mission: str | None
    destination: str | None
    waiting_for: WaitingFor | None
    route: tuple[RoutePointView, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """`subject` is the robot, task, lift or door it is about; `next_step` what a person should do."""

    id: str
    kind: str
    severity: str
    subject: str
    text: str
    since: datetime
    next_step: str
    state: str
    taken_by: str | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorView:
    id: str
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftView:
    """`level` is None while the car moves; `session` names the robot that uses it."""

    id: str
    level: str | None
    doors_open: bool
    session: str | None
    available: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """One line of the event log. `seq` counts up without gaps."""

    seq: int
    time: datetime
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteView:
    """A route between two places for one fleet; `duration` in seconds at the fleet's speed, lifts included."""

    start: str
    goal: str
    fleet: str
    length: float
    duration: float
    waypoints: tuple[str, ...]
    lifts: tuple[str, ...]
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSnapshot:
    """Everything a console draws, as of event `seq`."""

    seq: int
    time: datetime
    tasks: tuple[TaskView, ...]
    robots: tuple[RobotView, ...]
    alerts: tuple[AlertView, ...]
    doors: tuple[DoorView, ...]
    lifts: tuple[LiftView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One event with the views that differ after it. Views are attached to the last event of a commit."""

    event: EventView
    tasks: tuple[TaskView, ...] = ()
    robots: tuple[RobotView, ...] = ()
    alerts: tuple[AlertView, ...] = ()
    doors: tuple[DoorView, ...] = ()
    lifts: tuple[LiftView, ...] = ()
