"""What the orchestrator needs from outside, and what it offers to the adapters above it.

Adapters implement `Clock`, `AgentLink`, `Doors`, `Lifts`, `Crossings` and `EventStore`; they call `FleetManager`.
Everything runs on the orchestrator's asyncio loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from fleet_manager.domain.collections import CollectedBag
from fleet_manager.domain.custody import Chain
from fleet_manager.domain.disinfection import TreatmentRecord
from fleet_manager.domain.events import Recorded
from fleet_manager.domain.follow_ups import FollowUp
from fleet_manager.domain.missions import Mission
from fleet_manager.domain.state import Changed, FleetState
from fleet_manager.domain.tasks import Actor, DeliveryTask
from fleet_manager.orchestration.commands import SubmitTask, UserCommand
from fleet_manager.orchestration.views import (
    AlarmView,
    AlertView,
    CertificateView,
    Change,
    ClosureView,
    CollectedBagView,
    CueView,
    DoorView,
    EventView,
    FleetSnapshot,
    FollowUpView,
    ForecastView,
    HandoverCodeView,
    HelpView,
    ItemTraceView,
    LiftView,
    LiveScreeningView,
    OccurrenceView,
    PoseView,
    RobotView,
    RouteView,
    ScheduleView,
    ShiftView,
    TaskView,
    TrafficView,
    ZoneView,
)
from maps.model import CrossingId, DoorId, LevelId, LiftId, RobotId, Site
from robot_agents.protocol import FromAgent, FromManager

View: TypeAlias = (
    TaskView
    | RobotView
    | AlertView
    | ClosureView
    | LiftView
    | AlarmView
    | FollowUpView
    | ZoneView
    | ScheduleView
    | CueView
    | ShiftView
)
"""What a command answers with."""


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, as aware UTC time."""
        ...


class AgentLink(Protocol):
    """The manager's side of all agents' connections.

    `send` never blocks and never raises: to a robot that is not connected it does nothing, because after a
    reconnect everything that is open is sent again.
    """

    def send(self, robot: RobotId, message: FromManager) -> None: ...


class Doors(Protocol):
    """Automatic doors. Requests are idempotent and carry their session; the door's state arrives later at
    `FleetManager.door_reported`.

    A session that is not requested again within its `lease` (s) ends by itself. `fencing` grows with every new session
    of the door: one that has ended is not taken up again, which is told to `FleetManager.session_refused`.
    """

    def request(self, door: DoorId, session: str, *, fencing: int, lease: float) -> None: ...

    def release(self, door: DoorId, session: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftReport:
    """The car as the building tells it. `level` is None while it moves.

    `session` holds the car, under the number `fencing` (0 when people called it). `load` is the share of it that people
    take up (None when it is not measured); a `full` car has no room for a robot.
    """

    level: LevelId | None
    doors_open: bool
    session: str | None
    available: bool
    fencing: int = 0
    load: float | None = None
    full: bool = False


class Lifts(Protocol):
    """Lift cars. `request` calls the car to `level` for `session` and holds it there with open doors, until the
    session requests another level or releases it; the car's state arrives at `FleetManager.lift_reported`.

    `lease` and `fencing` are as for `Doors`. Each request is answered by a report, changed or not; a lift that tells
    nothing for long is taken to be out. A car with a robot in it is kept for its session even when that is over.
    """

    def request(self, lift: LiftId, session: str, level: LevelId, *, fencing: int, lease: float) -> None: ...

    def release(self, lift: LiftId, session: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """A task as stored, with the mission of its newest leg."""

    task: DeliveryTask
    mission: Mission | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossingReport:
    """A crossing's signal as it tells it: `remaining` seconds of green, 0 at red."""

    green: bool
    remaining: float
    available: bool = True


class Crossings(Protocol):
    """Signals of street crossings. A request asks for green and is answered, at once and at each change, at
    `FleetManager.crossing_reported`; leases and fencing as for doors. On silence nobody crosses.
    """

    def request(self, crossing: CrossingId, session: str, *, fencing: int, lease: float) -> None: ...

    def release(self, crossing: CrossingId, session: str) -> None: ...


class EventStore(Protocol):
    """Durable memory: the event log and the tables projected from it.

    `commit` stores both in one transaction, or raises and stores nothing. `load` rebuilds the state of a restarted
    manager from the tables: all open tasks, running missions, robots, open alerts, sessions and counters.
    """

    async def commit(self, events: Sequence[Recorded], changed: Changed) -> None: ...

    async def load(self) -> FleetState: ...

    async def events_after(self, seq: int, limit: int) -> list[EventView]: ...

    async def tasks(self, *, status: str | None, limit: int, before: str | None) -> list[TaskRecord]:
        """Newest first; `before` is the id of the last task of the page before."""
        ...

    async def task(self, task: str) -> TaskRecord | None: ...

    async def treatment(self, task: str) -> TreatmentRecord | None:
        """What a task that disinfects really did so far; None for another task."""
        ...

    async def custody(self, item: str) -> list[Chain]:
        """The chains of custody of an item, one for each task that it was part of, oldest first."""
        ...

    async def follow_ups(self, *, state: str | None, item: str | None, limit: int) -> list[FollowUp]:
        """Newest first."""
        ...

    async def collections(self, *, begin: datetime, end: datetime, limit: int) -> list[CollectedBag]:
        """The bags that were collected from `begin` on and before `end`, oldest first."""
        ...

    async def close(self) -> None: ...


class FleetManager(Protocol):
    """The running manager, as adapters see it.

    `do` puts a command on the queue and answers when its events are stored. Reading methods answer from memory, but
    for ended tasks and past events, which come from the store.
    """

    @property
    def site(self) -> Site: ...

    @property
    def ready(self) -> bool: ...

    async def do(self, command: UserCommand) -> View: ...

    async def tasks(self, *, status: str | None, limit: int, before: str | None) -> list[TaskView]: ...

    async def task(self, task: str) -> TaskView: ...

    async def events(self, after: int, limit: int) -> list[EventView]: ...

    async def trace(self, item: str) -> ItemTraceView: ...

    async def follow_ups(self, *, state: str | None, limit: int) -> list[FollowUpView]: ...

    async def collections(self, *, begin: datetime, end: datetime, limit: int) -> list[CollectedBagView]:
        """The register of what was collected, oldest first."""
        ...

    async def certificate(self, task: str) -> CertificateView:
        """What a task that disinfects did. Raises NotFound for another task, Conflict before it has begun."""
        ...

    def schedules(self) -> list[ScheduleView]: ...

    def schedule(self, schedule: str) -> ScheduleView: ...

    def forecast(self, request: SubmitTask) -> ForecastView:
        """How soon a delivery would be done by a robot and by a porter. Refused as the request itself would be."""
        ...

    def shift(self, ward: str) -> ShiftView:
        """What one shift of a ward leaves to the next."""
        ...

    def calendar(self, since: datetime, until: datetime) -> list[OccurrenceView]:
        """When schedules fall due from now, or `since`, on and before `until`, in order of time."""
        ...

    def cues(self) -> list[CueView]:
        """What robots observed and a person has to look at again, or did; newest first."""
        ...

    def screening(self) -> list[LiveScreeningView]:
        """Whom each robot that screens saw last."""
        ...

    def zones(self) -> list[ZoneView]: ...

    def zone(self, zone: str) -> ZoneView: ...

    def handover_code(self, task: str, actor: Actor) -> HandoverCodeView:
        """The one-time code of the hand-over that is due, for somebody who may sign there."""
        ...

    def robots(self) -> list[RobotView]: ...

    def robot(self, robot: str) -> RobotView: ...

    def alerts(self) -> list[AlertView]: ...

    def closures(self) -> list[ClosureView]: ...

    def pauses(self) -> list[ClosureView]: ...

    def helps(self, robot: str) -> list[HelpView]:
        """Which helps a robot can be given now, and why not the others."""
        ...

    def alarms(self) -> list[AlarmView]: ...

    def doors(self) -> list[DoorView]: ...

    def lifts(self) -> list[LiftView]: ...

    def route(self, start: str, goal: str, fleet: str | None) -> RouteView | None: ...

    def traffic(self) -> TrafficView: ...

    def snapshot(self) -> FleetSnapshot: ...

    def poses(self) -> Mapping[RobotId, PoseView]: ...

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call `listener` with every change after its commit; the answer ends the subscription."""
        ...

    def agent_connected(self, robot: RobotId, agent: str) -> int:
        """An agent said hello with the right token; answers the last report number that is stored."""
        ...

    def agent_said(self, robot: RobotId, message: FromAgent) -> None: ...

    def agent_lost(self, robot: RobotId) -> None: ...

    def door_reported(self, door: DoorId, *, is_open: bool) -> None: ...

    def fire_alarm_reported(self, place: str, *, active: bool) -> None:
        """The building's fire alarm began or ended at a place: a zone, a building, a level, or the whole site."""
        ...

    def lift_reported(self, lift: LiftId, report: LiftReport) -> None: ...

    def crossing_reported(self, crossing: CrossingId, report: CrossingReport) -> None: ...

    def session_refused(self, session: str, *, newest: int) -> None:
        """A door or lift does not take up this session any more; `newest` is the greatest number that it knows."""
        ...
