"""A fleet manager in memory that keeps `ports.FleetManager`'s promises over a real site, for tests of what lies above.

Time is its own: `advance` moves robots along the lanes and deliveries through their stages. One robot takes one task;
nobody waits for anybody but the people at the hand-overs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import atan2, hypot
from typing import Any

import networkx as nx

from fleet_manager.domain.custody import Custody
from fleet_manager.domain.disinfection import Room
from fleet_manager.domain.errors import (
    Conflict,
    InvalidRequest,
    KeyReused,
    NotAllowed,
    NotFound,
    NotServable,
    UnknownPlace,
)
from fleet_manager.domain.follow_ups import Difference, FollowUpState
from fleet_manager.domain.helps import HelpKind
from fleet_manager.domain.tasks import Actor, ItemOutcome, ItemState, TaskStatus
from fleet_manager.orchestration.commands import (
    AcknowledgeShift,
    AlertAction,
    CancelTask,
    ChangeAlert,
    ChangeLift,
    ChangeRobot,
    ChangeSchedule,
    ChangeTask,
    CheckLamp,
    CloseFollowUp,
    ConfirmWipeDown,
    DeleteSchedule,
    EndAlarm,
    EndClosure,
    EndPause,
    HandOver,
    HelpRobot,
    LiftAction,
    MoveOccurrence,
    RaiseAlarm,
    RecheckCue,
    ReportRoom,
    RetryTask,
    RobotAction,
    SendPorter,
    SetSchedule,
    StartClosure,
    StartPause,
    SubmitAnnouncement,
    SubmitCollection,
    SubmitDisinfection,
    SubmitGuidance,
    SubmitMeals,
    SubmitPatrol,
    SubmitTask,
    UserCommand,
)
from fleet_manager.orchestration.porter_desk import PorterStepView, PorterView
from fleet_manager.orchestration.ports import CrossingReport, LiftReport, View
from fleet_manager.orchestration.projection import zone_view
from fleet_manager.orchestration.views import (
    ActorView,
    AlarmView,
    AlertView,
    AreaView,
    CertificateView,
    ChainView,
    Change,
    ClaimView,
    ClosureView,
    CollectedBagView,
    CueView,
    CustodyEntryView,
    DoorView,
    EventView,
    FleetSnapshot,
    FollowUpView,
    ForecastView,
    HandoverCodeView,
    HandoverView,
    HelpView,
    HolderView,
    ItemTraceView,
    ItemView,
    LiftView,
    LiveScreeningView,
    MissionView,
    OccurrenceView,
    PoseView,
    ReasonView,
    RobotView,
    RoutePointView,
    RouteView,
    ScheduleView,
    ShiftView,
    StepView,
    StopView,
    TaskView,
    TrafficView,
    WaitingFor,
    WaitKind,
    WaitView,
    ZoneView,
)
from maps.graph import RoutingGraph, routing_graph
from maps.model import (
    CarrierKind,
    CrossingId,
    DoorId,
    Fleet,
    FleetId,
    LevelId,
    LiftId,
    RobotId,
    Site,
    WaypointId,
    ZoneId,
)
from robot_agents.protocol import FromAgent

_RIDE = 6.0
_HANDOVER = timedelta(seconds=30)
_ENDED = {TaskStatus.COMPLETED, TaskStatus.CANCELLED, TaskStatus.FAILED}


@dataclass(slots=True)
class _Body:
    """Where a robot is and what is left of its way; `ride` seconds are left of the lift ride it is in."""

    at: WaypointId
    x: float
    y: float
    yaw: float = 0.0
    path: list[WaypointId] = field(default_factory=list)
    ride: float = 0.0
    charge: float = 0.9


class FakePorterDesk:
    """The porters of a `FakeFleetManager`: they walk only when somebody says so."""

    def __init__(self, manager: FakeFleetManager) -> None:
        self._manager = manager

    def porters(self) -> list[PorterView]:
        return [self.porter(robot.id) for robot in self._manager.robots() if robot.kind == "person"]

    def porter(self, porter: str) -> PorterView:
        robot = self._manager.robot(porter)
        if robot.kind != "person":
            raise NotFound(f"there is no porter {porter}")
        return PorterView(id=porter, connected=robot.connected, task=robot.task, steps=self._steps(robot))

    def _steps(self, robot: RobotView) -> tuple[PorterStepView, ...]:
        if robot.destination is None:
            return ()
        kind = "go_to" if robot.route else "load"
        command = f"{kind}-{robot.mission}-{robot.destination}"
        return (PorterStepView(command_id=command, kind=kind, place=robot.destination, items=()),)

    def done(self, porter: str, command_id: str) -> PorterView:
        self._check(porter, command_id)
        self._manager.walk_there(porter)
        return self.porter(porter)

    def refuse(self, porter: str, command_id: str, reason: str) -> PorterView:
        self._check(porter, command_id)
        self._manager.give_back(porter, reason)
        return self.porter(porter)

    def _check(self, porter: str, command_id: str) -> None:
        if command_id not in {step.command_id for step in self.porter(porter).steps}:
            raise Conflict(f"step {command_id} is over")


class FakeFleetManager:
    def __init__(self, site: Site, start: datetime = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)) -> None:
        self.site = site
        self.ready = True
        self.now = start
        self.heard: list[tuple[str, object]] = []
        self._graph: RoutingGraph = routing_graph(site)
        self._tasks: dict[str, TaskView] = {}
        self._alerts: dict[str, AlertView] = {}
        self._alarms: dict[str, AlarmView] = {}
        self._closures: dict[str, ClosureView] = {}
        self._keys: dict[str, tuple[SubmitTask, str]] = {}
        self._follow_ups: dict[str, FollowUpView] = {}
        self.bags: list[CollectedBagView] = []
        self._log: list[EventView] = []
        self._listeners: list[Callable[[Change], None]] = []
        self._doors = {door: DoorView(id=door, open=False) for door in site.doors}
        self._lifts = {
            lift.id: LiftView(id=lift.id, level=lift.initial_level, doors_open=False, session=None, available=True)
            for lift in site.lifts.values()
        }
        self._bodies: dict[str, _Body] = {}
        self._robots: dict[str, RobotView] = {}
        self.seen: dict[str, LiveScreeningView] = {}
        for fleet in site.fleets.values():
            for robot in fleet.robots:
                self._add(fleet, robot.id, robot.home or next(iter(site.waypoints)))

    def _add(self, fleet: Fleet, robot: str, home: WaypointId) -> None:
        self._bodies[robot] = _Body(home, *self.site.waypoints[home].xy)
        self._robots[robot] = RobotView(
            id=robot,
            fleet=fleet.id,
            kind=fleet.carrier,
            status="idle",
            mode="automatic",
            paused=False,
            connected=True,
            last_seen=self.now,
            pose=self._pose(robot, 0.0),
            waypoint=home,
            state_of_charge=None if fleet.carrier is CarrierKind.PERSON else self._bodies[robot].charge,
            tank=None,
            task=None,
            mission=None,
            destination=None,
            waiting_for=None,
            route=(),
            note="",
        )

    # --- reading

    async def tasks(self, *, status: str | None, limit: int, before: str | None) -> list[TaskView]:
        newest_first = [t for t in reversed(self._tasks.values()) if before is None or t.id < before]
        return [t for t in newest_first if status is None or t.status == status][:limit]

    async def task(self, task: str) -> TaskView:
        return self._task(task)

    def _task(self, task: str) -> TaskView:
        if task not in self._tasks:
            raise NotFound(f"there is no task {task}")
        return self._tasks[task]

    async def events(self, after: int, limit: int) -> list[EventView]:
        return self._log[after : after + limit]

    async def trace(self, item: str) -> ItemTraceView:
        chains = tuple(
            ChainView(
                task=task.id,
                task_status=task.status,
                name=known.name,
                quantity=known.quantity,
                item_class=known.item_class,
                entries=(self._registered(task),),
                gap=None,
            )
            for task in self._tasks.values()
            for known in task.items
            if known.item_id == item
        )
        if not chains:
            raise NotFound(f"there is no item {item}")
        follow_ups = tuple(f for f in self._follow_ups.values() if f.item_id == item)
        return ItemTraceView(item_id=item, holder=chains[-1].entries[-1].taker, chains=chains, follow_ups=follow_ups)

    @staticmethod
    def _registered(task: TaskView) -> CustodyEntryView:
        return CustodyEntryView(
            kind=Custody.REGISTERED,
            time=task.requested_at,
            place=task.pickup,
            place_name=None,
            giver=None,
            taker=HolderView(place=task.pickup, carrier=None, compartment=None),
            actor=task.requested_by,
            weight=None,
            proof="",
            second=None,
            second_proof="",
            outcome=None,
            step_id=None,
        )

    async def certificate(self, task: str) -> CertificateView:
        raise Conflict(f"task {task} has not begun to disinfect")

    def schedules(self) -> list[ScheduleView]:
        return []

    def forecast(self, request: SubmitTask) -> ForecastView:
        return ForecastView(
            robot="robot-1", robot_seconds=400.0, porter="porter-1", porter_seconds=240.0, recommended="porter"
        )

    def shift(self, ward: str) -> ShiftView:
        return ShiftView(ward=ward, entries=(), acknowledged_by=None, acknowledged_at=None, up_to_date=False)

    def calendar(self, since: datetime, until: datetime) -> list[OccurrenceView]:
        return []

    def schedule(self, schedule: str) -> ScheduleView:
        raise NotFound(f"there is no schedule {schedule}")

    def cues(self) -> list[CueView]:
        return []

    def screening(self) -> list[LiveScreeningView]:
        return list(self.seen.values())

    def zones(self) -> list[ZoneView]:
        return [self.zone(zone) for zone in self.site.zones]

    def zone(self, zone: str) -> ZoneView:
        if zone not in self.site.zones:
            raise NotFound(f"there is no zone {zone}")
        return zone_view(self.site.zones[ZoneId(zone)], Room(zone=ZoneId(zone)), None, None, None)

    async def follow_ups(self, *, state: str | None, limit: int) -> list[FollowUpView]:
        return [f for f in reversed(self._follow_ups.values()) if state is None or f.state == state][:limit]

    async def collections(self, *, begin: datetime, end: datetime, limit: int) -> list[CollectedBagView]:
        return [bag for bag in self.bags if begin <= bag.collected_at < end][:limit]

    def handover_code(self, task: str, actor: Actor) -> HandoverCodeView:
        view = self._open(task)
        if view.handover_step is None:
            raise Conflict(f"task {task}: no hand-over is due")
        if actor.role == "visitor":
            raise NotAllowed(f"task {task}: {actor.id} may not sign here", field="actor")
        return HandoverCodeView(
            task=task,
            step_id=view.handover_step,
            robot=view.robot or "",
            place=view.waiting_for.resource if view.waiting_for else view.dropoff,
            compartments=("main",),
            pin="271828",
            qr="WF1-ABCDEFGHIJKLMNOPQRSTUVWX",
            valid_until=self.now + timedelta(minutes=10),
        )

    def robots(self) -> list[RobotView]:
        return list(self._robots.values())

    def robot(self, robot: str) -> RobotView:
        if robot not in self._robots:
            raise NotFound(f"there is no robot {robot}")
        return self._robots[robot]

    def alerts(self) -> list[AlertView]:
        return [alert for alert in self._alerts.values() if alert.state != "closed"]

    def closures(self) -> list[ClosureView]:
        return list(self._closures.values())

    def alarms(self) -> list[AlarmView]:
        return list(self._alarms.values())

    def doors(self) -> list[DoorView]:
        return list(self._doors.values())

    def lifts(self) -> list[LiftView]:
        return list(self._lifts.values())

    def poses(self) -> Mapping[RobotId, PoseView]:
        return {RobotId(r.id): r.pose for r in self._robots.values() if r.pose is not None}

    def traffic(self) -> TrafficView:
        driving = [robot for robot in self._robots.values() if robot.route]
        return TrafficView(
            seq=len(self._log),
            time=self.now,
            claims=tuple(
                ClaimView(
                    robot=robot.id,
                    drive=f"{robot.id}-1",
                    goal=robot.route[-1].waypoint,
                    waypoints=tuple(node.waypoint for node in robot.route),
                    allocated=sum(node.allocated for node in robot.route),
                    cleared=sum(node.allocated for node in robot.route),
                )
                for robot in driving
            ),
            allocations=(),
            waits=tuple(
                WaitView(robot=robot.id, **{f.name: getattr(robot.waiting_for, f.name) for f in fields(WaitingFor)})
                for robot in self._robots.values()
                if robot.waiting_for is not None
            ),
            cycles=(),
        )

    def snapshot(self) -> FleetSnapshot:
        return FleetSnapshot(
            seq=len(self._log),
            time=self.now,
            tasks=tuple(t for t in self._tasks.values() if t.status not in _ENDED),
            robots=tuple(self.robots()),
            alerts=tuple(self.alerts()),
            doors=tuple(self.doors()),
            lifts=tuple(self.lifts()),
        )

    def route(self, start: str, goal: str, fleet: str | None) -> RouteView | None:
        for name, place in (("from", start), ("to", goal)):
            if place not in self.site.waypoints:
                raise UnknownPlace(place, self.site.waypoints, field=name)
        if fleet is not None and fleet not in self.site.fleets:
            raise InvalidRequest(f"fleet: no fleet is called {fleet!r}", field="fleet")
        path = self._path(WaypointId(start), WaypointId(goal))
        if path is None:
            return None
        edges = [self._graph.edges[edge] for edge in pairwise(path)]
        length = sum(edge["length"] for edge in edges)
        return RouteView(
            start=start,
            goal=goal,
            fleet=fleet or next(iter(self.site.fleets)),
            length=length,
            duration=length + _RIDE * sum("lift" in edge for edge in edges),
            waypoints=tuple(path),
            lifts=tuple(edge["lift"].id for edge in edges if "lift" in edge),
            levels=tuple(dict.fromkeys(self.site.waypoints[node].level for node in path)),
        )

    def _path(self, start: WaypointId, goal: WaypointId) -> list[WaypointId] | None:
        try:
            return list(nx.shortest_path(self._graph, start, goal, weight="length"))
        except (nx.NetworkXNoPath, nx.NodeNotFound):
            return None

    # --- telling

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def tell(
        self,
        kind: str,
        data: dict[str, Any],
        *,
        tasks: Iterable[TaskView] = (),
        robots: Iterable[RobotView] = (),
        alerts: Iterable[AlertView] = (),
        doors: Iterable[DoorView] = (),
        lifts: Iterable[LiftView] = (),
    ) -> None:
        """Store one event with the views that differ after it, and tell the listeners."""
        self._tasks |= {view.id: view for view in tasks}
        self._robots |= {view.id: view for view in robots}
        self._alerts |= {view.id: view for view in alerts}
        self._doors |= {DoorId(view.id): view for view in doors}
        self._lifts |= {LiftId(view.id): view for view in lifts}
        event = EventView(seq=len(self._log) + 1, time=self.now, kind=kind, data=data)
        self._log.append(event)
        change = Change(
            event=event,
            tasks=tuple(tasks),
            robots=tuple(robots),
            alerts=tuple(alerts),
            doors=tuple(doors),
            lifts=tuple(lifts),
        )
        for listener in list(self._listeners):
            listener(change)

    def raise_alert(self, alert: str, subject: str, text: str, *, severity: str = "warning") -> None:
        view = AlertView(
            id=alert,
            kind="robot_unreachable",
            severity=severity,
            subject=subject,
            text=text,
            since=self.now,
            next_step=f"look for {subject} at its last place",
            state="open",
            taken_by=None,
            closed_at=None,
        )
        self.tell("alert_raised", {"alert": alert}, alerts=(view,))

    # --- doing

    async def do(self, command: UserCommand) -> View:
        match command:
            case SubmitTask():
                return self._submit(command)
            case ChangeTask():
                return self._change_task(command)
            case CancelTask():
                return self._cancel(command)
            case SendPorter():
                return self._send_porter(command)
            case RetryTask():
                return self._open(command.task)
            case AcknowledgeShift():
                return self.shift(command.ward)
            case HandOver():
                return self._hand_over(command)
            case ChangeRobot():
                return self._change_robot(command)
            case HelpRobot():
                return self._help(command)
            case StartPause():
                return self._pause(command)
            case EndPause():
                return self._end_pause(command)
            case ChangeAlert():
                return self._change_alert(command)
            case RaiseAlarm():
                return self._raise_alarm(command)
            case EndAlarm():
                return self._end_alarm(command)
            case ChangeLift():
                return self._change_lift(command)
            case StartClosure():
                return self._close(command)
            case EndClosure():
                return self._reopen(command)
            case CloseFollowUp():
                return self._close_follow_up(command)
            case ReportRoom():
                return self.zone(command.zone)
            case SetSchedule() | ChangeSchedule() | MoveOccurrence() | DeleteSchedule():
                raise NotServable("this fleet manager keeps no schedules", way_out="ask for the task by hand")
            case ConfirmWipeDown():
                raise Conflict(f"{command.robot} does not wait to be wiped down", way_out="wait until it does")
            case SubmitAnnouncement() | SubmitMeals() | SubmitGuidance():
                raise NotServable("no robot of this site has a voice", way_out="choose another site")
            case SubmitDisinfection() | SubmitPatrol() | SubmitCollection() | RecheckCue() | CheckLamp():
                raise NotServable("no robot of this site has a lamp", way_out="choose another site")

    def _submit(self, command: SubmitTask) -> TaskView:
        body = replace(command, key=None)
        if command.key in self._keys:
            known, first = self._keys[command.key]
            if known != body:
                raise KeyReused(command.key)
            return self._tasks[first]
        for index, stop in enumerate(command.stops):
            if stop.place not in self.site.waypoints:
                name = "pickup" if index == 0 else "dropoff"
                raise UnknownPlace(stop.place, [w.id for w in self.site.waypoints.values() if w.name], field=name)
        if command.stops[0].place == command.stops[-1].place:
            raise InvalidRequest(
                "dropoff: pick-up and drop-off are the same place", field="dropoff", way_out="choose another drop-off"
            )
        if command.due and command.due < self.now:
            raise InvalidRequest(
                f"due: {command.due:%Y-%m-%d %H:%M} has passed",
                field="due",
                way_out="name a later time",
            )
        for item in command.items:
            if item.item_class is not None and item.item_class not in self.site.item_classes:
                raise InvalidRequest(f"items: no item class is called {item.item_class!r}", field="items.item_class")
        number = len(self._tasks) + 1
        items = tuple(
            ItemView(
                item_id=item.item_id or f"item-{number}-{index}",
                name=item.name,
                quantity=item.quantity,
                item_class=item.item_class,
                state=ItemState.WAITING,
                outcome=None,
            )
            for index, item in enumerate(command.items, 1)
        )
        task = TaskView(
            id=f"task-{number:04d}",
            zone=None,
            kind="delivery",
            status=TaskStatus.QUEUED,
            priority=command.priority,
            pickup=command.stops[0].place,
            dropoff=command.stops[-1].place,
            stops=tuple(StopView(place=s.place, kind=s.kind, items=s.items) for s in command.stops),
            items=items,
            note=command.note,
            requested_at=self.now,
            requested_by=ActorView(id=command.actor.id, role=command.actor.role, ward=command.actor.ward),
            earliest_start=command.earliest_start,
            due=command.due,
            eta=None,
            robot=None,
            assigned_at=None,
            picked_up_at=None,
            ended_at=None,
            outcome=None,
            destination=None,
            handover_step=None,
            handover=None,
            waiting_for=None,
            reasons=(ReasonView(subject="fleet", code="busy", text="all robots are busy"),),
            mission=None,
        )
        if command.key is not None:
            self._keys[command.key] = (body, task.id)
        self.tell("task_submitted", {"task": task.id}, tasks=(task,))
        return task

    def _change_task(self, command: ChangeTask) -> TaskView:
        task = self._open(command.task)
        task = replace(task, priority=command.priority or task.priority, due=command.due or task.due)
        self.tell("task_changed", {"task": task.id}, tasks=(task,))
        return task

    def _open(self, task: str) -> TaskView:
        view = self._task(task)
        if view.status in _ENDED:
            raise Conflict(f"task {task} is {view.status} already")
        return view

    def _cancel(self, command: CancelTask) -> TaskView:
        task = self._open(command.task)
        if any(item.state is ItemState.ON_BOARD for item in task.items):
            reason = ReasonView(subject=command.actor.id, code="cancelled", text=command.reason or "cancelled")
            task = replace(
                task, status=TaskStatus.CANCELLING, destination=task.pickup, reasons=(reason,), handover_step=None
            )
            task = replace(task, handover=None)
            self.tell("cancellation_started", {"task": task.id}, tasks=(task,))
            self._go(task.robot or "", task.pickup)
            return self._tasks[task.id]
        return self._end(task, TaskStatus.CANCELLED, command.reason or "cancelled")

    def _send_porter(self, command: SendPorter) -> TaskView:
        task = self._open(command.task)
        if task.status is not TaskStatus.QUEUED:
            raise Conflict(f"task {task.id} is with {task.robot} already", way_out="cancel it first")
        porter = next((r for r in self._robots.values() if r.kind == "person" and r.task is None), None)
        if porter is None:
            raise Conflict("no porter is free", way_out="try again in a moment")
        return self._assign(task, porter)

    def _hand_over(self, command: HandOver) -> TaskView:
        task = self._open(command.task)
        step = task.handover_step
        if step is None or task.robot is None:
            raise Conflict(f"task {task.id}: no hand-over is due", way_out="wait until the carrier stands at the place")
        if command.step not in (None, step):
            raise Conflict(f"step {command.step} is not due, {step} is", field="step_id")
        outcomes = {str(receipt.item): receipt.outcome for receipt in command.items}
        unknown = next((item for item in outcomes if item not in {i.item_id for i in task.items}), None)
        if unknown is not None:
            raise InvalidRequest(f"items: {unknown} is not part of task {task.id}", field="items.item_id")
        loading = step.endswith("pick_up")
        reached = ItemState.ON_BOARD if loading else ItemState.DELIVERED
        items = tuple(
            replace(i, state=reached, outcome=outcomes.get(i.item_id, ItemOutcome.ACCEPTED)) for i in task.items
        )
        for item in items:
            if item.outcome is not None and item.outcome is not ItemOutcome.ACCEPTED:
                self._open_follow_up(task, item, command.actor)
        task = replace(task, items=items, handover_step=None, handover=None, waiting_for=None)
        task = self._with_step(task, "pick_up" if loading else "drop_off", "done")
        if loading:
            task = self._on_way(replace(task, picked_up_at=self.now), "drop_off")
            self.tell("items_handed_over", {"task": task.id}, tasks=(task,))
            self._go(task.robot or "", task.dropoff)
            return self._tasks[task.id]
        self.tell("items_handed_over", {"task": task.id}, tasks=(task,))
        ended = TaskStatus.CANCELLED if task.status is TaskStatus.CANCELLING else TaskStatus.COMPLETED
        return self._end(task, ended, "handed over")

    def _change_robot(self, command: ChangeRobot) -> RobotView:
        robot = self.robot(command.robot)
        match command.action:
            case RobotAction.PAUSE:
                robot = replace(robot, paused=True)
            case RobotAction.RESUME:
                robot = replace(robot, paused=False)
            case RobotAction.OUT_OF_SERVICE:
                robot = replace(robot, status="out_of_service", note=command.reason)
            case RobotAction.RETURN_TO_SERVICE:
                if robot.status != "out_of_service":
                    raise Conflict(f"robot {robot.id} is {robot.status}, not out of service")
                robot = replace(robot, status="idle", note="")
        self.tell("robot_changed", {"robot": robot.id, "action": command.action}, robots=(robot,))
        return robot

    def helps(self, robot: str) -> list[HelpView]:
        """A robot with a task can skip its stop and give its goods out; one that is idle can charge."""
        known = self.robot(robot)
        busy = known.task is not None
        able = {kind: busy is not (kind is HelpKind.CHARGE) for kind in HelpKind}
        return [
            HelpView(
                kind=kind,
                possible=possible,
                text="it does" if possible else "it does nothing",
                way_out=None if possible else "leave it alone",
                code=None if possible else "no_task",
                place=known.waypoint if possible else None,
                step=None,
                moves_goods=possible and busy,
            )
            for kind, possible in able.items()
        ]

    def _help(self, command: HelpRobot) -> RobotView:
        robot = self.robot(command.robot)
        offer = next(offer for offer in self.helps(robot.id) if offer.kind is command.help)
        if not offer.possible:
            raise Conflict(offer.text, way_out=offer.way_out)
        if command.help is HelpKind.TAKE_OVER and not command.person:
            raise InvalidRequest("person: nobody is named", field="person")
        data = {"robot": robot.id, "help": command.help, "actor": command.actor.id, "person": command.person}
        self.tell("robot_helped", data | {"reason": command.reason}, robots=(robot,))
        return robot

    def pauses(self) -> list[ClosureView]:
        return [closure for closure in self._closures.values() if closure.kind == "paused"]

    def _pause(self, command: StartPause) -> ClosureView:
        if command.zone is not None and command.zone not in self.site.zones:
            raise InvalidRequest(f"zone: there is no zone {command.zone!r} on this site", field="zone")
        known = next((c for c in self.pauses() if (c.zone, c.fleet) == (command.zone, command.fleet)), None)
        if known is not None:
            return known
        robots = [r for r in self._robots.values() if command.fleet in (None, r.fleet) and not r.paused]
        self._robots |= {robot.id: replace(robot, paused=True) for robot in robots}
        pause = ClosureView(
            id=f"C{len(self._log) + 1:06d}",
            kind="paused",
            lanes=(),
            area=None,
            lift=None,
            since=self.now,
            until=None,
            reason=command.reason,
            actor=ActorView(id=command.actor.id, role=command.actor.role, ward=command.actor.ward),
            robot=None,
            zone=command.zone,
            fleet=command.fleet,
            robots=tuple(robot.id for robot in robots),
        )
        self._closures[pause.id] = pause
        self.tell("closure_started", {"closure": pause.id})
        return pause

    def _end_pause(self, command: EndPause) -> ClosureView:
        pause = next((c for c in self.pauses() if c.id == command.pause), None)
        if pause is None:
            raise NotFound(f"there is no pause {command.pause}", way_out="GET /api/v1/pauses lists them")
        del self._closures[pause.id]
        self._robots |= {robot: replace(self._robots[robot], paused=False) for robot in pause.robots}
        self.tell("closure_ended", {"closure": pause.id})
        return pause

    def _change_alert(self, command: ChangeAlert) -> AlertView:
        alert = self._alerts.get(command.alert)
        if alert is None:
            raise NotFound(f"there is no alert {command.alert}")
        if alert.state == "closed":
            raise Conflict(f"alert {alert.id} is closed already")
        if command.action is AlertAction.TAKE:
            alert = replace(alert, state="taken", taken_by=command.actor.id)
        else:
            alert = replace(alert, state="closed", closed_at=self.now)
        self.tell("alert_changed", {"alert": alert.id, "action": command.action}, alerts=(alert,))
        return alert

    def _open_follow_up(self, task: TaskView, item: ItemView, actor: Actor) -> None:
        follow_up = FollowUpView(
            id=f"U{len(self._follow_ups) + 1:05d}",
            task=task.id,
            item_id=item.item_id,
            name=item.name,
            what=Difference(item.outcome or ItemOutcome.SHORT),
            detail="",
            place=task.waiting_for.resource if task.waiting_for else task.dropoff,
            robot=task.robot or "",
            actor=ActorView(id=actor.id, role=actor.role, ward=actor.ward),
            opened_at=self.now,
            state=FollowUpState.OPEN,
            closed_at=None,
            closed_by=None,
            note="",
        )
        self._follow_ups[follow_up.id] = follow_up
        self.tell("follow_up_opened", {"follow_up": follow_up.id})

    def _close_follow_up(self, command: CloseFollowUp) -> FollowUpView:
        known = self._follow_ups.get(command.follow_up)
        if known is None:
            raise NotFound(f"there is no follow-up {command.follow_up}")
        closed = replace(
            known, state=FollowUpState.CLOSED, closed_at=self.now, closed_by=command.actor.id, note=command.note
        )
        self._follow_ups[closed.id] = closed
        self.tell("follow_up_closed", {"follow_up": closed.id})
        return closed

    def _close(self, command: StartClosure) -> ClosureView:
        if command.until <= self.now:
            raise InvalidRequest("until: is in the past", field="until", way_out="name a later time")
        area = command.area
        closure = ClosureView(
            id=f"C{len(self._log) + 1:06d}",
            kind="person",
            lanes=command.lanes,
            area=AreaView(level=area.level, polygon=area.polygon) if area is not None else None,
            lift=None,
            since=self.now,
            until=command.until,
            reason=command.reason,
            actor=ActorView(id=command.actor.id, role=command.actor.role, ward=command.actor.ward),
            robot=None,
            zone=None,
            fleet=None,
            robots=(),
        )
        self._closures[closure.id] = closure
        self.tell("closure_started", {"closure": closure.id})
        return closure

    def _reopen(self, command: EndClosure) -> ClosureView:
        closure = self._closures.pop(command.closure, None)
        if closure is None:
            raise NotFound(f"there is no closure {command.closure}")
        self.tell("closure_ended", {"closure": closure.id})
        return closure

    def _change_lift(self, command: ChangeLift) -> LiftView:
        lift = self._lifts.get(LiftId(command.lift))
        if lift is None:
            raise NotFound(f"there is no lift {command.lift}")
        match command.action:
            case LiftAction.RESERVE:
                until = command.until or self.now + timedelta(minutes=10)
                lift = replace(lift, reserved_for=f"reserved for a {command.purpose}", reserved_until=until)
            case LiftAction.FREE:
                lift = replace(lift, reserved_for=None, reserved_until=None)
            case LiftAction.GIVE_WAY:
                pass
        self.tell("lift_changed", {"lift": lift.id, "action": command.action}, lifts=(lift,))
        return lift

    def _raise_alarm(self, command: RaiseAlarm) -> AlarmView:
        if command.zone is not None and command.zone not in self.site.zones:
            raise InvalidRequest(f"zone: there is no zone {command.zone!r} on this site", field="zone")
        alarm = AlarmView(
            id=f"F{len(self._log) + 1:06d}",
            kind=command.kind,
            zone=command.zone,
            building=command.building,
            levels=command.levels,
            recall_level=command.recall_level,
            since=self.now,
            actor=ActorView(id=command.actor.id, role=command.actor.role, ward=command.actor.ward),
            robots=(),
        )
        self._alarms[alarm.id] = alarm
        self.tell("alarm_raised", {"alarm": alarm.id})
        return alarm

    def _end_alarm(self, command: EndAlarm) -> AlarmView:
        alarm = self._alarms.pop(command.alarm, None)
        if alarm is None:
            raise NotFound(f"there is no alarm {command.alarm}")
        self.tell("alarm_ended", {"alarm": alarm.id})
        return alarm

    # --- the day

    def advance(self, seconds: float, step: float = 0.1) -> None:
        """Let time pass: idle robots take queued tasks, robots drive, ride and arrive."""
        for _ in range(round(seconds / step)):
            self.now += timedelta(seconds=step)
            self._dispatch()
            for robot in list(self._robots.values()):
                if robot.kind != "person" and not robot.paused and robot.status != "out_of_service":
                    self._drive(robot.id, step)

    def _dispatch(self) -> None:
        for task in [t for t in self._tasks.values() if t.status is TaskStatus.QUEUED]:
            idle = (r for r in self._robots.values() if r.kind != "person" and r.status == "idle" and not r.paused)
            robot = next(idle, None)
            if robot is not None:
                self._assign(task, robot)

    def _assign(self, task: TaskView, robot: RobotView) -> TaskView:
        mission = f"mission-{task.id}"
        steps = tuple(
            StepView(
                step_id=f"{mission}-{name}",
                kind=name,
                place=place,
                status="pending",
                started_at=None,
                ended_at=None,
                detail={},
            )
            for name, place in (("pick_up", task.pickup), ("drop_off", task.dropoff))
        )
        task = replace(
            task,
            status=TaskStatus.UNDERWAY,
            robot=robot.id,
            assigned_at=self.now,
            mission=MissionView(mission_id=mission, robot=robot.id, leg=1, status="running", steps=steps),
            reasons=(ReasonView(subject=robot.id, code="chosen", text="is the nearest free carrier"),),
        )
        task = self._on_way(task, "pick_up", robot.id)
        robot = replace(robot, status="working", task=task.id, mission=mission)
        self.tell("task_assigned", {"task": task.id, "robot": robot.id}, tasks=(task,), robots=(robot,))
        self._go(robot.id, task.pickup)
        return self._tasks[task.id]

    def _on_way(self, task: TaskView, step: str, robot: str | None = None) -> TaskView:
        places = [task.pickup, task.dropoff] if step == "pick_up" else [task.dropoff]
        at = self._bodies[robot or task.robot or ""].at
        seconds = 0.0
        for place in places:
            way = self.route(at, place, None)
            seconds += way.duration if way else 0.0
            at = WaypointId(place)
        task = self._with_step(task, step, "active")
        return replace(task, eta=self.now + timedelta(seconds=seconds) + _HANDOVER * (len(places) - 1))

    def _with_step(self, task: TaskView, kind: str, status: str) -> TaskView:
        if task.mission is None:
            return task
        steps = tuple(replace(s, status=status) if s.kind == kind else s for s in task.mission.steps)
        return replace(task, mission=replace(task.mission, steps=steps))

    def _go(self, robot: str, place: str) -> None:
        body = self._bodies[robot]
        body.path = (self._path(body.at, WaypointId(place)) or [body.at])[1:]
        view = replace(self._robots[robot], destination=place, route=self._route_of(robot), waiting_for=None)
        self.tell("route_claimed", {"robot": robot, "goal": place}, robots=(view,))
        if not body.path:
            self._arrived(robot)

    def _route_of(self, robot: str) -> tuple[RoutePointView, ...]:
        body = self._bodies[robot]
        nodes = [self.site.waypoints[w] for w in [body.at, *body.path]]
        return tuple(
            RoutePointView(waypoint=n.id, level=n.level, x=n.x, y=n.y, allocated=index < 3)
            for index, n in enumerate(nodes)
        )

    def _drive(self, robot: str, step: float) -> None:
        body = self._bodies[robot]
        if not body.path:
            self._robots[robot] = replace(self._robots[robot], pose=self._pose(robot, 0.0), last_seen=self.now)
            return
        edge = self._graph.edges[body.at, body.path[0]]
        speed = self.site.fleets[FleetId(self._robots[robot].fleet)].speed
        target = self.site.waypoints[body.path[0]]
        if "lift" in edge:
            self._ride(robot, edge["lift"].id, target.level, step)
            return
        if edge["lane"].door is not None and not self._doors[edge["lane"].door].open:
            self._set_door(edge["lane"].door, is_open=True)
        gap = hypot(target.x - body.x, target.y - body.y)
        if gap > speed * step:
            body.yaw = atan2(target.y - body.y, target.x - body.x)
            body.x += (target.x - body.x) / gap * speed * step
            body.y += (target.y - body.y) / gap * speed * step
            self._robots[robot] = replace(self._robots[robot], pose=self._pose(robot, speed), last_seen=self.now)
            return
        self._pass(robot, edge["lane"].door)

    def _ride(self, robot: str, lift: LiftId, level: LevelId, step: float) -> None:
        body = self._bodies[robot]
        if body.ride == 0.0:
            body.ride = _RIDE
            moving = replace(self._lifts[lift], level=None, doors_open=False, session=robot)
            waiting = WaitingFor(
                kind=WaitKind.LIFT,
                resource=lift,
                held_by=None,
                since=self.now,
                until=None,
                because=f"riding {lift} to {level}",
            )
            view = replace(self._robots[robot], waiting_for=waiting)
            self.tell("lift_requested", {"lift": lift, "robot": robot}, lifts=(moving,), robots=(view,))
        body.ride -= step
        if body.ride <= 0:
            body.ride = 0.0
            there = replace(self._lifts[lift], level=level, doors_open=True, session=None)
            self.tell("lift_arrived", {"lift": lift, "level": level}, lifts=(there,))
            self._pass(robot, None)

    def _pass(self, robot: str, door: DoorId | None) -> None:
        body = self._bodies[robot]
        body.at = body.path.pop(0)
        body.x, body.y = self.site.waypoints[body.at].xy
        body.charge = max(0.05, body.charge - 0.002)
        known = self._robots[robot]
        view = replace(
            known,
            waypoint=body.at,
            pose=self._pose(robot, 0.0),
            state_of_charge=None if known.state_of_charge is None else round(body.charge, 3),
            route=self._route_of(robot) if body.path else (),
            waiting_for=None,
        )
        self.tell("node_passed", {"robot": robot, "waypoint": body.at}, robots=(view,))
        if door is not None:
            self._set_door(door, is_open=False)
        if not body.path:
            self._arrived(robot)

    def _arrived(self, robot: str) -> None:
        view = self._robots[robot]
        task = self._tasks.get(view.task or "")
        if task is None or task.mission is None:
            self.tell("mission_ended", {"robot": robot}, robots=(replace(view, status="idle", destination=None),))
            return
        name = "pick_up" if task.picked_up_at is None else "drop_off"
        step = next(s for s in task.mission.steps if s.kind == name)
        place = self.site.waypoints[WaypointId(view.destination or "")].name
        waiting = WaitingFor(
            kind=WaitKind.PERSON,
            resource=view.destination or "",
            held_by=None,
            since=self.now,
            until=None,
            because=f"a person at {place} {'loads' if name == 'pick_up' else 'takes'} the goods",
        )
        task = replace(
            self._with_step(task, name, "waiting_for_person"),
            handover_step=step.step_id,
            handover=HandoverView(
                step_id=step.step_id,
                place=view.destination or "",
                compartments=("main",),
                signatures=1,
                signed_by=(),
                locked_until=None,
            ),
            waiting_for=waiting,
        )
        self.tell(
            "step_changed",
            {"task": task.id, "step": step.step_id},
            tasks=(task,),
            robots=(replace(view, waiting_for=waiting),),
        )

    def _end(self, task: TaskView, status: TaskStatus, outcome: str) -> TaskView:
        mission = replace(task.mission, status="done") if task.mission else None
        task = replace(
            task, status=status, outcome=outcome, ended_at=self.now, eta=None, mission=mission, waiting_for=None
        )
        self.tell("task_ended", {"task": task.id, "status": status}, tasks=(task,))
        if task.robot is not None:
            robot = replace(self._robots[task.robot], task=None, mission=None, status="working", waiting_for=None)
            self._robots[robot.id] = robot
            self._go(robot.id, self._home(robot.id))
        return task

    def _home(self, robot: str) -> str:
        robots = {r.id: r for fleet in self.site.fleets.values() for r in fleet.robots}
        return robots[RobotId(robot)].home or self._bodies[robot].at

    def _set_door(self, door: DoorId, *, is_open: bool) -> None:
        self.tell("door_reported", {"door": door, "open": is_open}, doors=(DoorView(id=door, open=is_open),))

    def _pose(self, robot: str, speed: float) -> PoseView:
        body = self._bodies[robot]
        level = self.site.waypoints[body.at].level
        return PoseView(level=level, x=body.x, y=body.y, yaw=body.yaw, speed=speed, time=self.now)

    # --- porters

    def walk_there(self, porter: str) -> None:
        """The porter says that it is at its destination."""
        body = self._bodies[porter]
        while body.path:
            self._pass(porter, None)

    def give_back(self, porter: str, reason: str) -> None:
        """The porter can't carry its task: it is queued again."""
        robot = self.robot(porter)
        task = self._task(robot.task or "")
        why = ReasonView(subject=porter, code="command_failed", text=reason)
        task = replace(task, status=TaskStatus.QUEUED, robot=None, mission=None, eta=None, reasons=(why,))
        self._bodies[porter].path.clear()
        idle = replace(robot, status="idle", task=None, mission=None, destination=None, route=(), waiting_for=None)
        self.tell("task_requeued", {"task": task.id}, tasks=(task,), robots=(idle,))

    # --- agents and building

    def agent_connected(self, robot: RobotId, agent: str) -> int:
        self.heard.append(("connected", robot))
        return 7

    def agent_said(self, robot: RobotId, message: FromAgent) -> None:
        self.heard.append((robot, message))

    def agent_lost(self, robot: RobotId) -> None:
        self.heard.append(("lost", robot))

    def door_reported(self, door: DoorId, *, is_open: bool) -> None:
        self._set_door(door, is_open=is_open)

    def crossing_reported(self, crossing: CrossingId, report: CrossingReport) -> None:
        raise AssertionError("no signal reports to this fleet manager")

    def session_refused(self, session: str, *, newest: int) -> None:
        self.heard.append(("refused", session))

    def fire_alarm_reported(self, place: str, *, active: bool) -> None:
        self.heard.append((f"fire alarm {active}", place))

    def lift_reported(self, lift: LiftId, report: LiftReport) -> None:
        view = LiftView(
            id=lift,
            level=report.level,
            doors_open=report.doors_open,
            session=report.session,
            available=report.available,
        )
        self.tell("lift_reported", {"lift": lift}, lifts=(view,))
