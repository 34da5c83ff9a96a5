"""What people ask: submit, change and cancel tasks, hand goods over, pause robots, see to alerts.

An impossible request is refused now, with the reason and the way out; a busy fleet is no reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import assert_never

import msgspec

from fleet_manager.domain.alerts import AlertState
from fleet_manager.domain.errors import Conflict, InvalidRequest, KeyReused, NotFound, NotServable, UnknownPlace
from fleet_manager.domain.events import (
    AlertClosed,
    AlertTaken,
    CancellationStarted,
    PorterRequested,
    RetryAllowed,
    RobotStatusChanged,
    TaskChanged,
    TaskSubmitted,
)
from fleet_manager.domain.missions import Mission, Step, StepKind, StepStatus
from fleet_manager.domain.robots import Robot, RobotStatus
from fleet_manager.domain.tasks import (
    FLEET_MANAGER,
    Actor,
    DeliveryTask,
    Item,
    ItemId,
    ItemState,
    Reason,
    Stop,
    StopKind,
    TaskId,
    TaskStatus,
)
from fleet_manager.orchestration.advance import Signal
from fleet_manager.orchestration.collections import Collections
from fleet_manager.orchestration.commands import (
    AlertAction,
    CancelTask,
    ChangeAlert,
    ChangeRobot,
    ChangeTask,
    HandOver,
    ItemRequest,
    RetryTask,
    RobotAction,
    SendPorter,
    SubmitAnnouncement,
    SubmitAny,
    SubmitCollection,
    SubmitDisinfection,
    SubmitGuidance,
    SubmitMeals,
    SubmitPatrol,
    SubmitTask,
)
from fleet_manager.orchestration.dispatch import Dispatch
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.guides import Guides
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.meals import Meals
from fleet_manager.orchestration.missions import Missions
from fleet_manager.orchestration.patrols import Patrols
from fleet_manager.orchestration.pausing import Pausing
from fleet_manager.orchestration.timetable import Timetable
from fleet_manager.orchestration.treatments import Treatments
from fleet_manager.orchestration.voices import Voices
from fleet_manager.planning.routes import Routes
from maps.model import CarrierKind, Fleet, ItemClassId, RobotId, Site, WaypointId


class Intake:
    def __init__(
        self,
        site: Site,
        ledger: Ledger,
        routes: Routes,
        execution: Execution,
        missions: Missions,
        dispatch: Dispatch,
        treatments: Treatments,
        patrols: Patrols,
        timetable: Timetable,
        collections: Collections,
        voices: Voices,
        meals: Meals,
        guides: Guides,
        pausing: Pausing,
        dispatch_wanted: Callable[[], None],
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._routes = routes
        self._execution = execution
        self._missions = missions
        self._dispatch = dispatch
        self._treatments = treatments
        self._patrols = patrols
        self._timetable = timetable
        self._collections = collections
        self._voices = voices
        self._meals = meals
        self._guides = guides
        self._pausing = pausing
        self._dispatch_wanted = dispatch_wanted
        self._named = {w.name: w.id for w in site.waypoints.values() if w.name is not None}

    # --- tasks -----------------------------------------------------------------------------------------

    def submit_any(self, request: SubmitAny) -> TaskId:
        """Whatever is asked for."""
        match request:
            case SubmitTask():
                return self.submit(request)
            case SubmitDisinfection():
                return self.submit_disinfection(request)
            case SubmitPatrol():
                return self.submit_patrol(request)
            case SubmitCollection():
                return self.submit_collection(request)
            case SubmitAnnouncement():
                return self.submit_announcement(request)
            case SubmitMeals():
                return self.submit_meals(request)
            case SubmitGuidance():
                return self.submit_guidance(request)
        assert_never(request)

    def submit(self, request: SubmitTask) -> TaskId:
        """Store a new task; the same key with the same body answers with the task it made before."""
        known = self._known(request)
        if known is not None:
            return known
        task = self._task(request)
        self._check_servable(task)
        self._check_free(task)
        stored = self._store(task, request)
        self._timetable.submitted(task)
        return stored

    def draft(self, request: SubmitTask) -> DeliveryTask:
        """What a request would ask for, checked as if it were stored."""
        task = self._task(request)
        self._check_servable(task)
        return task

    def submit_disinfection(self, request: SubmitDisinfection) -> TaskId:
        """As `submit`, for a zone that is to be disinfected."""
        known = self._known(request)
        if known is not None:
            return known
        self._check_times(request)
        treatment = self._treatments.wanted(request)
        zone = treatment.zone
        running = next(
            (t for t in self._ledger.state.tasks.values() if t.treatment is not None and t.treatment.zone == zone), None
        )
        if running is not None:
            raise Conflict(
                f"zone: {zone} is to be disinfected by task {running.id} already",
                field="zone",
                way_out=f"wait until {running.id} has ended, or cancel it",
            )
        stop = Stop(place=self._treatments.place_in(zone), kind=StopKind.TREAT, treatment=treatment)
        return self._take_up(request, self._new(request, (stop,)))

    def submit_patrol(self, request: SubmitPatrol) -> TaskId:
        """As `submit`, for checkpoints that are to be visited; answers with the first robot's task."""
        known = self._known(request)
        if known is not None:
            return known
        self._check_times(request)
        places = tuple(
            self.place(wanted.place, field=f"checkpoints.{i}.place") for i, wanted in enumerate(request.checkpoints)
        )
        parts = self._patrols.stops(request, places)
        tasks: list[DeliveryTask] = []
        for number, stops in enumerate(parts):
            begins = stops[0].inspection.not_before if stops[0].inspection is not None else None
            task = self._new(request, stops, number=number)
            tasks.append(replace(task, earliest_start=task.earliest_start or begins))
        first = self._take_up(request, *tasks)
        for task in tasks:
            self._patrols.submitted(task)
        return first

    def submit_collection(self, request: SubmitCollection) -> TaskId:
        """As `submit`, for waste or linen that is collected from places."""
        known = self._known(request)
        if known is not None:
            return known
        self._check_times(request)
        places = tuple(self.place(p.place, field=f"places.{i}.place") for i, p in enumerate(request.places))
        dropoff = self.place(request.dropoff, field="dropoff")
        stops, items = self._collections.goods(request, self._next_id(), places, dropoff)
        task = self._new(request, stops, items)
        self._check_servable(task)
        self._check_free(task)
        return self._store(task, request)

    def submit_announcement(self, request: SubmitAnnouncement) -> TaskId:
        """As `submit`, for what is to be said at places."""
        known = self._known(request)
        if known is not None:
            return known
        self._check_times(request)
        places = tuple(self.place(name, field=f"places.{i}") for i, name in enumerate(request.places))
        return self._take_up(request, self._new(request, self._voices.stops(request, places)))

    def submit_guidance(self, request: SubmitGuidance) -> TaskId:
        """As `submit`, for a visitor who is to be led."""
        known = self._known(request)
        if known is not None:
            return known
        self._check_times(request)
        meet_at, to = self.place(request.meet_at, field="meet_at"), self.place(request.to, field="to")
        return self._take_up(request, self._new(request, self._guides.stops(request, meet_at, to)))

    def submit_meals(self, request: SubmitMeals) -> TaskId:
        """As `submit`, for meals that are brought to beds; answers with the first robot's task."""
        known = self._known(request)
        if known is not None:
            return known
        self._check_times(request)
        pickup = self.place(request.pickup, field="pickup")
        places = tuple(self.place(meal.place, field=f"stops.{i}.place") for i, meal in enumerate(request.meals))
        tasks: list[DeliveryTask] = []
        for number, meals in enumerate(self._meals.loads(request, places)):
            stops, items = self._meals.goods(self._next_id(number), pickup, meals)
            tasks.append(self._new(request, stops, items, number=number))
        return self._take_up(request, *tasks)

    def _next_id(self, number: int = 0) -> TaskId:
        """Of the next task but `number`."""
        return TaskId(f"T{self._ledger.state.task_count + 1 + number:05d}")

    def _new(
        self, request: SubmitAny, stops: tuple[Stop, ...], items: tuple[Item, ...] = (), *, number: int = 0
    ) -> DeliveryTask:
        """What a request asks for; the next task but `number`."""
        return DeliveryTask(
            id=self._next_id(number),
            stops=stops,
            items=items,
            priority=request.priority,
            requested_at=self._ledger.now(),
            requested_by=request.actor,
            earliest_start=request.earliest_start,
            due=request.due,
            note=request.note,
        )

    def _take_up(self, request: SubmitAny, first: DeliveryTask, *others: DeliveryTask) -> TaskId:
        """Store the tasks of one request, all or none."""
        for task in (first, *others):
            self._check_servable(task)
        self._store(first, request)
        for task in others:
            self._store(task, replace(request, key=None))
        return first.id

    def _known(self, request: SubmitAny) -> TaskId | None:
        """The task that this request made when it came before. Raises KeyReused for a key of another one."""
        used = self._ledger.state.keys.get(request.key) if request.key is not None else None
        if used is None:
            return None
        if used.digest != _digest(request):
            raise KeyReused(used.key)
        return used.task

    def _store(self, task: DeliveryTask, request: SubmitAny) -> TaskId:
        digest = _digest(request) if request.key is not None else None
        self._ledger.record(TaskSubmitted(task=task, key=request.key, digest=digest))
        self._dispatch_wanted()
        return task.id

    def _check_times(self, request: SubmitAny) -> None:
        now = self._ledger.now()
        if request.due is not None and request.due <= now:
            raise InvalidRequest(
                f"due: {request.due.isoformat()} is in the past",
                field="due",
                way_out="leave it out or name a later time",
            )
        if request.due and request.earliest_start and request.due <= request.earliest_start:
            raise InvalidRequest("due: is not after earliest_start", field="due")

    def _task(self, request: SubmitTask) -> DeliveryTask:
        self._check_times(request)
        task_id = self._next_id()
        items = tuple(self._item(task_id, i, item) for i, item in enumerate(request.items, start=1))
        ids = [item.id for item in items]
        if len(set(ids)) < len(ids):
            twice = next(i for i in ids if ids.count(i) > 1)
            raise InvalidRequest(f"items: item_id {twice!r} is there twice", field="items.item_id")
        stops: list[Stop] = []
        for i, stop in enumerate(request.stops):
            unknown = [item for item in stop.items if item not in ids]
            if unknown:
                raise InvalidRequest(f"stops: item {unknown[0]!r} is not among the items", field="stops.items")
            place = self.place(stop.place, field=_field_of_stop(request, i))
            named = tuple(ItemId(item) for item in stop.items) or (() if stop.kind is StopKind.VISIT else tuple(ids))
            window = self._timetable.window(stop, i)
            stops.append(Stop(place=place, kind=stop.kind, items=named, window=window, by_code=stop.by_code))
        _check_order(stops, ids)
        self._timetable.check(stops)
        return self._new(request, tuple(stops), items)

    def _check_free(self, task: DeliveryTask) -> None:
        """An item is in one task at a time, or taken on where another task brings it."""
        for mine in task.items:
            for other in self._ledger.state.tasks.values():
                theirs = next((item for item in other.items if item.id == mine.id), None)
                if theirs is None or theirs.state not in (ItemState.WAITING, ItemState.ON_BOARD) or other.status.ended:
                    continue
                if _stop_of(other, mine.id, StopKind.DROP_OFF) != _stop_of(task, mine.id, StopKind.PICK_UP):
                    raise Conflict(
                        f"items: {mine.id} is part of task {other.id} already",
                        field="items.item_id",
                        way_out=f"wait until {other.id} has ended, or give these goods an id of their own",
                    )

    def _item(self, task: TaskId, number: int, item: ItemRequest) -> Item:
        return Item(
            id=ItemId(item.item_id or f"{task}-i{number}"),
            name=item.name,
            quantity=item.quantity,
            item_class=ItemClassId(item.item_class) if item.item_class else None,
        )

    def place(self, name: str, *, field: str) -> WaypointId:
        """The waypoint that people mean: its id, or its name."""
        found = WaypointId(name) if name in self._site.waypoints else self._named.get(name)
        if found is None:
            raise UnknownPlace(name, self._named, field=field)
        return found

    def _check_servable(self, task: DeliveryTask) -> None:
        """Refuse what no carrier of this site may ever do."""
        refusals: list[str] = []
        for fleet in self._site.fleets.values():
            if not fleet.robots or fleet.carrier is CarrierKind.PERSON:
                continue
            refused = self._dispatch.unfit(task, fleet) or self._no_way(task, fleet)
            if refused is None:
                return
            refusals.append(f"{fleet.id} {refused}")
        if task.treatment is not None:
            way_out = "choose another zone, method or dose, or disinfect it by hand"
        elif task.announces or task.guides:
            way_out = "choose other places, send a person, or give a fleet that capability in site.yaml"
        elif task.inspects:
            way_out = "choose other checkpoints, send a person, or give a fleet that capability in site.yaml"
        else:
            way_out = self._way_out()
        raise NotServable(
            f"no robot of this site can do that: {'; '.join(refusals) or 'it has no robots'}", way_out=way_out
        )

    def _way_out(self) -> str:
        """What to do instead; where the site has transfer points, goods can change carriers there."""
        transfer = ", ".join(self._site.transfer_points)
        instead = f", or ask for two deliveries that meet at {transfer}" if transfer else ""
        return f"choose other places or item classes{instead}, or bring it by hand"

    def _no_way(self, task: DeliveryTask, fleet: Fleet) -> str | None:
        places = [stop.place for stop in task.stops]
        tables = self._routes.of(fleet.id)
        for start, goal in pairwise(places):
            if tables.time(start, goal) is None:
                return f"has no way from {start} to {goal}"
        homes = [robot.home for robot in fleet.robots if robot.home is not None]
        if homes and all(tables.time(home, places[0]) is None for home in homes):
            return f"does not come to {places[0]}"
        return None

    def change(self, request: ChangeTask) -> TaskId:
        task = self.open_task(request.task)
        now = self._ledger.now()
        if request.due is not None and request.due <= now:
            raise InvalidRequest(f"due: {request.due.isoformat()} is in the past", field="due")
        self._ledger.record(
            TaskChanged(
                task=task.id,
                actor=request.actor,
                priority=request.priority or task.priority,
                due=request.due or task.due,
            )
        )
        self._dispatch_wanted()
        return task.id

    def open_task(self, task_id: str) -> DeliveryTask:
        task = self._ledger.state.tasks.get(TaskId(task_id))
        if task is None:
            raise NotFound(f"there is no task {task_id}")
        if task.status.ended:
            raise Conflict(f"task {task_id} is {task.status} already")
        return task

    def cancel(self, request: CancelTask) -> TaskId:
        """Without goods on board it ends now; with goods it is `cancelling` until they are where their class says."""
        task = self.open_task(request.task)
        if task.status is TaskStatus.CANCELLING:
            return task.id
        said = f"cancelled by {request.actor.id}" + (f": {request.reason}" if request.reason else "")
        mission = self._ledger.state.mission_for(task)
        step = mission.step if mission else None
        if mission is None or (not task.on_board and not (step is not None and _in_handover(step))):
            if task.on_board:
                raise Conflict(
                    f"task {task.id}: its goods stand on a robot that can't go on",
                    way_out="send a person for the goods (send-porter), or bring the robot back",
                )
            self._missions.end_task(task, TaskStatus.CANCELLED, said, request.actor)
            return task.id
        self.bring_back(task, mission, request.actor, "cancelled", said)
        return task.id

    def bring_back(self, task: DeliveryTask, mission: Mission, actor: Actor, code: str, said: str) -> None:
        """What is on board goes where its class says, and the task is over then."""
        changed, target = self._missions.return_plan(task, mission)
        self._ledger.record(
            CancellationStarted(
                task=task.id,
                actor=actor,
                destination=target.place,
                mission=changed,
                reason=Reason(subject=task.id, code=code, text=f"{said}; {target.because}"),
            )
        )
        step = mission.step
        if step is None or not _in_handover(step):
            self._missions.signal(mission.robot, Signal.BEGIN)
        elif step.status is StepStatus.WAITING_FOR_PERSON and not self._missions.fetches(mission.robot, step):
            self._missions.signal(mission.robot, Signal.HANDED_OVER)

    def send_porter(self, request: SendPorter) -> TaskId:
        task = self.open_task(request.task)
        if task.porter_only and task.status is not TaskStatus.CANCELLING:
            return task.id
        refused = self.porter_refusal(task)
        if refused is not None:
            raise refused
        self._ledger.record(PorterRequested(task=task.id, actor=request.actor))
        if task.status is not TaskStatus.QUEUED:
            reason = Reason(subject=task.id, code="porter", text=f"{request.actor.id} asked for a person")
            self._missions.requeue(self._ledger.state.tasks[task.id], reason, exclude=False)
        self._dispatch_wanted()
        return task.id

    def porter_refusal(self, task: DeliveryTask) -> Conflict | NotServable | None:
        """Why no person can carry a task instead of a robot."""
        if task.status is TaskStatus.CANCELLING:
            return Conflict(f"task {task.id} is being cancelled")
        porters = [f for f in self._site.fleets.values() if f.carrier is CarrierKind.PERSON and f.robots]
        if not porters:
            return NotServable(
                f"task {task.id}: this site has no porters", way_out="add a fleet with carrier person to site.yaml"
            )
        refusals = [self._dispatch.unfit(task, fleet) or self._no_way(task, fleet) for fleet in porters]
        if None not in refusals:
            told = "; ".join(f"{fleet.id} {refused}" for fleet, refused in zip(porters, refusals, strict=True))
            return NotServable(
                f"task {task.id} can't be done by a porter: {told}",
                way_out="cancel it, or let the porters enter its zones (zones of their fleet in site.yaml)",
            )
        return None

    def retry(self, request: RetryTask) -> TaskId:
        """One with which no robot has failed may be asked for too: nothing changes."""
        task = self.open_task(request.task)
        if task.excluded:
            self._ledger.record(RetryAllowed(task=task.id, actor=request.actor))
            self._ledger.close_alert("no_carrier_left", task.id)
            self._dispatch_wanted()
        return task.id

    def hand_over(self, request: HandOver) -> TaskId:
        task = self.open_task(request.task)
        receipts = {receipt.item: receipt.outcome for receipt in request.items}
        weights = {receipt.item: receipt.weight for receipt in request.items if receipt.weight is not None}
        self._missions.hand_over(task, request.actor, request.step, request.proof, receipts, weights)
        return task.id

    # --- robots ----------------------------------------------------------------------------------------

    def robot(self, robot_id: str) -> Robot:
        robot = self._ledger.state.robots.get(RobotId(robot_id))
        if robot is None:
            raise NotFound(f"there is no robot {robot_id}", way_out="GET /api/v1/robots lists them")
        return robot

    def change_robot(self, request: ChangeRobot) -> RobotId:
        robot = self.robot(request.robot)
        match request.action:
            case RobotAction.PAUSE if not robot.paused:
                self._pausing.pause(robot.id, request.actor)
            case RobotAction.RESUME if robot.paused:
                self._pausing.resume(robot.id, request.actor)
            case RobotAction.OUT_OF_SERVICE if robot.in_service:
                note = request.reason or f"taken out of service by {request.actor.id}"
                if robot.mission is not None:
                    self._missions.fail(robot.id, "out_of_service", f"{robot.id} is out of service: {note}")
                self._execution.halt(robot.id)
                self._ledger.record(RobotStatusChanged(robot=robot.id, status=RobotStatus.OUT_OF_SERVICE, note=note))
            case RobotAction.RETURN_TO_SERVICE:
                self._ledger.close_alert("robot_failed", robot.id)
                if robot.in_service:
                    return robot.id
                self._ledger.record(RobotStatusChanged(robot=robot.id, status=_status_in_service(robot)))
                self._ledger.close_alert("goods_stranded", robot.id)
                if robot.drive is not None and not robot.drive.arrived:
                    self._execution.drive_to(robot.id, robot.drive.goal)
            case _:
                return robot.id
        self._execution.mobility_changed(robot.id)
        self._execution.allocate(robot.id)
        self._missions.retry_step(robot.id)
        self._dispatch_wanted()
        return robot.id

    # --- alerts ----------------------------------------------------------------------------------------

    def change_alert(self, request: ChangeAlert) -> str:
        alert = next((a for a in self._ledger.state.alerts.values() if a.id == request.alert), None)
        if alert is None:
            raise NotFound(f"there is no alert {request.alert}")
        if alert.state is AlertState.CLOSED:
            raise Conflict(f"alert {alert.id} is closed already")
        if request.action is AlertAction.TAKE:
            self._ledger.record(AlertTaken(alert=alert.id, actor=request.actor))
        else:
            self._ledger.record(AlertClosed(alert=alert.id, actor=request.actor))
        return alert.id


def _in_handover(step: Step) -> bool:
    return step.kind in (StepKind.PICK_UP, StepKind.DROP_OFF) and step.status is not StepStatus.PENDING


def _stop_of(task: DeliveryTask, item: ItemId, kind: StopKind) -> WaypointId | None:
    """Where an item of a task is picked up or dropped off."""
    return next((stop.place for stop in task.stops if stop.kind is kind and item in stop.items), None)


def _status_in_service(robot: Robot) -> RobotStatus:
    if not robot.connected:
        return RobotStatus.OFFLINE
    return RobotStatus.WORKING if robot.mission is not None else RobotStatus.IDLE


def _digest(request: SubmitAny) -> str:
    """What the body says, without who says it and the key itself."""
    body = replace(request, key=None, actor=FLEET_MANAGER)
    return hashlib.sha256(msgspec.json.encode(body)).hexdigest()


def _field_of_stop(request: SubmitTask, index: int) -> str:
    """Name a stop as the client did: a plain delivery has a pickup and a dropoff."""
    kinds = [stop.kind for stop in request.stops]
    if kinds == [StopKind.PICK_UP, StopKind.DROP_OFF]:
        return ("pickup", "dropoff")[index]
    return f"stops.{index}.place"


def _check_order(stops: list[Stop], items: list[ItemId]) -> None:
    """Each item is picked up once, and dropped off once, later and elsewhere."""
    for before, stop in pairwise(stops):
        if before.place == stop.place:
            raise InvalidRequest(
                f"pickup and dropoff are the same place, {stop.place}",
                field="dropoff",
                way_out="name two different places",
            )
    for item in items:
        ups = [i for i, s in enumerate(stops) if s.kind is StopKind.PICK_UP and item in s.items]
        downs = [i for i, s in enumerate(stops) if s.kind is StopKind.DROP_OFF and item in s.items]
        if len(ups) != 1 or len(downs) != 1 or ups[0] > downs[0]:
            raise InvalidRequest(
                f"stops: item {item!r} must be picked up once and dropped off once after that",
                field="stops",
                way_out="name the items of each stop",
            )
