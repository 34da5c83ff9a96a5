"""The fleet's whole state, and `apply`, the only way it changes.

`apply` replaces frozen values inside one `FleetState` and notes what it touched, so that one commit can store the
events with the rows they change. Replaying the log from an empty state gives the same state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from msgspec.structs import replace as changed

from fleet_manager.domain import events as e
from fleet_manager.domain.alarms import Alarm, AlarmId
from fleet_manager.domain.alerts import Alert, AlertId, AlertState
from fleet_manager.domain.closures import Closure, ClosureId
from fleet_manager.domain.collections import BagId, CollectedBag, bag_id
from fleet_manager.domain.custody import Chain, ChainId, Custody, Entry, Holder, chain_id
from fleet_manager.domain.devices import Device, TurnCause
from fleet_manager.domain.disinfection import Interruption, LampRecord, Room, TreatmentRecord
from fleet_manager.domain.follow_ups import FollowUp, FollowUpId, FollowUpState
from fleet_manager.domain.guidance import Guidance
from fleet_manager.domain.handovers import Handover
from fleet_manager.domain.inspections import Checkpoint
from fleet_manager.domain.missions import Mission, MissionId, Step, StepId, StepStatus
from fleet_manager.domain.robots import CommandKind, DeviceSession, Drive, Precedence, Robot, RobotStatus, RouteNode
from fleet_manager.domain.schedules import Schedule, ScheduleId
from fleet_manager.domain.screening import Cue, CueId, CueState
from fleet_manager.domain.shifts import ShiftHandover
from fleet_manager.domain.tasks import (
    DeliveryTask,
    Item,
    ItemId,
    ItemOutcome,
    ItemState,
    StopKind,
    TaskId,
    TaskStatus,
    TreatmentMethod,
)
from maps.model import CrossingId, DoorId, LaneId, LiftId, RobotId, Site, WaypointId, ZoneId


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedKey:
    """An idempotency key, the digest of the body it came with, and the task it made."""

    key: str
    digest: str
    task: TaskId


@dataclass(slots=True, kw_only=True)
class Changed:
    """The entities that a commit must store, as they are now; an ended session, closure, alarm or hand-over is None."""

    tasks: dict[TaskId, DeliveryTask] = field(default_factory=dict)
    missions: dict[MissionId, Mission] = field(default_factory=dict)
    robots: dict[RobotId, Robot] = field(default_factory=dict)
    alerts: dict[AlertId, Alert] = field(default_factory=dict)
    sessions: dict[str, DeviceSession | None] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    closures: dict[ClosureId, Closure | None] = field(default_factory=dict)
    alarms: dict[AlarmId, Alarm | None] = field(default_factory=dict)
    keys: dict[str, UsedKey] = field(default_factory=dict)
    chains: dict[ChainId, Chain] = field(default_factory=dict)
    handovers: dict[StepId, Handover | None] = field(default_factory=dict)
    follow_ups: dict[FollowUpId, FollowUp] = field(default_factory=dict)
    rooms: dict[ZoneId, Room] = field(default_factory=dict)
    lamps: dict[RobotId, LampRecord] = field(default_factory=dict)
    shifts: dict[WaypointId, ShiftHandover] = field(default_factory=dict)
    treatments: dict[TaskId, TreatmentRecord] = field(default_factory=dict)
    schedules: dict[ScheduleId, Schedule] = field(default_factory=dict)
    checkpoints: dict[WaypointId, Checkpoint] = field(default_factory=dict)
    cues: dict[CueId, Cue | None] = field(default_factory=dict)
    bags: dict[BagId, CollectedBag] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class FleetState:
    """Open tasks with their missions and chains of custody, all robots, open alerts, follow-ups and the hand-overs of
    running missions, device sessions, closures, alarms.

    Ended tasks, missions and what is closed are forgotten by `forget_ended`; the store keeps them. `counts` numbers ids
    per kind. `seq` and `time` are the last event's.
    """

    seq: int = 0
    time: datetime | None = None
    tasks: dict[TaskId, DeliveryTask] = field(default_factory=dict)
    missions: dict[MissionId, Mission] = field(default_factory=dict)
    robots: dict[RobotId, Robot] = field(default_factory=dict)
    alerts: dict[AlertId, Alert] = field(default_factory=dict)
    sessions: dict[str, DeviceSession] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    closures: dict[ClosureId, Closure] = field(default_factory=dict)
    alarms: dict[AlarmId, Alarm] = field(default_factory=dict)
    keys: dict[str, UsedKey] = field(default_factory=dict)
    chains: dict[ChainId, Chain] = field(default_factory=dict)
    handovers: dict[StepId, Handover] = field(default_factory=dict)
    follow_ups: dict[FollowUpId, FollowUp] = field(default_factory=dict)
    rooms: dict[ZoneId, Room] = field(default_factory=dict)
    lamps: dict[RobotId, LampRecord] = field(default_factory=dict)
    shifts: dict[WaypointId, ShiftHandover] = field(default_factory=dict)
    treatments: dict[TaskId, TreatmentRecord] = field(default_factory=dict)
    schedules: dict[ScheduleId, Schedule] = field(default_factory=dict)
    checkpoints: dict[WaypointId, Checkpoint] = field(default_factory=dict)
    cues: dict[CueId, Cue] = field(default_factory=dict)
    bags: dict[BagId, CollectedBag] = field(default_factory=dict)
    schedule_count: int = 0
    task_count: int = 0
    mission_count: int = 0
    alert_count: int = 0
    follow_up_count: int = 0
    changed: Changed = field(default_factory=Changed)

    def put_task(self, task: DeliveryTask) -> None:
        self.tasks[task.id] = self.changed.tasks[task.id] = task

    def put_mission(self, mission: Mission) -> None:
        self.missions[mission.id] = self.changed.missions[mission.id] = mission

    def put_robot(self, robot: Robot) -> None:
        self.robots[robot.id] = self.changed.robots[robot.id] = robot

    def put_alert(self, alert: Alert) -> None:
        self.alerts[alert.id] = self.changed.alerts[alert.id] = alert

    def put_session(self, session: DeviceSession) -> None:
        self.sessions[session.id] = self.changed.sessions[session.id] = session

    def put_device(self, device: Device) -> None:
        self.devices[device.id] = self.changed.devices[device.id] = device

    def put_chain(self, chain: Chain) -> None:
        self.chains[chain.id] = self.changed.chains[chain.id] = chain

    def put_handover(self, handover: Handover) -> None:
        self.handovers[handover.step] = self.changed.handovers[handover.step] = handover

    def put_follow_up(self, follow_up: FollowUp) -> None:
        self.follow_ups[follow_up.id] = self.changed.follow_ups[follow_up.id] = follow_up

    def put_room(self, room: Room) -> None:
        self.rooms[room.zone] = self.changed.rooms[room.zone] = room

    def put_lamp(self, lamp: LampRecord) -> None:
        self.lamps[lamp.robot] = self.changed.lamps[lamp.robot] = lamp

    def put_treatment(self, treatment: TreatmentRecord) -> None:
        self.treatments[treatment.task] = self.changed.treatments[treatment.task] = treatment

    def put_schedule(self, schedule: Schedule) -> None:
        self.schedules[schedule.id] = self.changed.schedules[schedule.id] = schedule

    def put_checkpoint(self, checkpoint: Checkpoint) -> None:
        self.checkpoints[checkpoint.place] = self.changed.checkpoints[checkpoint.place] = checkpoint

    def put_cue(self, cue: Cue) -> None:
        self.cues[cue.id] = self.changed.cues[cue.id] = cue

    def put_bag(self, bag: CollectedBag) -> None:
        self.bags[bag.id] = self.changed.bags[bag.id] = bag

    def device(self, device: DoorId | LiftId | CrossingId) -> Device:
        """What is remembered of a door or lift; nothing at first."""
        return self.devices.get(device) or Device(id=device)

    def closed_lanes(
        self,
        start: WaypointId | None = None,
        *,
        robot: RobotId | None = None,
        task: TaskId | None = None,
        strictly: bool = False,
    ) -> frozenset[LaneId]:
        """The lanes that are closed for a robot standing at `start`; `strictly` those that it must not use at all.

        The robot is as for `closures_for`.
        """
        closures = (c for c in self.closures_for(robot, task) if c.strict or not strictly)
        return frozenset(lane for closure in closures for lane in closure.shuts(start))

    def closures_for(self, robot: RobotId | None, task: TaskId | None = None) -> list[Closure]:
        """What is closed for a robot that does `task`, by default that of its mission; without one, for any robot."""
        if not self.closures:
            return []
        if task is None and robot is not None:
            task = self.works_for(robot)
        return [c for c in self.closures.values() if c.concerns(robot) and c.keeps_out(task)]

    def closure_at(self, place: WaypointId, task: TaskId | None = None) -> Closure | None:
        """The strict closure that holds a place: nobody may go there, or stay, but who does what it is for."""
        held = (c for c in self.closures.values() if c.strict and place in c.inside)
        return next((closure for closure in held if closure.keeps_out(task)), None)

    def works_for(self, robot: RobotId) -> TaskId | None:
        """The task of a robot's mission."""
        mission = self.mission_of(self.robots[robot])
        return mission.task if mission is not None else None

    def take_changed(self) -> Changed:
        """What changed since the last call."""
        changed, self.changed = self.changed, Changed()
        return changed

    def mission_of(self, robot: Robot) -> Mission | None:
        return self.missions[robot.mission] if robot.mission else None

    def task_of(self, robot: Robot) -> DeliveryTask | None:
        mission = self.mission_of(robot)
        return self.tasks[mission.task] if mission and mission.task else None

    def mission_for(self, task: DeliveryTask) -> Mission | None:
        """The running mission of a task."""
        robot = self.robots.get(task.robot) if task.robot else None
        mission = self.mission_of(robot) if robot else None
        return mission if mission and mission.task == task.id else None

    def forget_ended(self, tasks: set[TaskId], alerts: set[AlertId]) -> None:
        """Drop ended tasks with what belongs to them, and what is closed, that the caller has stored and shown."""
        for task in tasks:
            ended = self.tasks.pop(task, None)
            self.treatments.pop(task, None)
            for item in ended.items if ended is not None else ():
                self.chains.pop(chain_id(task, item.id), None)
                self.bags.pop(bag_id(task, item.id), None)
        for alert in alerts:
            self.alerts.pop(alert, None)
        for follow_up in [f.id for f in self.follow_ups.values() if f.state is FollowUpState.CLOSED]:
            del self.follow_ups[follow_up]


def new_state(site: Site) -> FleetState:
    """The state before the first event: every robot of the site, offline."""
    robots = {r.id: Robot(id=r.id, fleet=fleet.id) for fleet in site.fleets.values() for r in fleet.robots}
    return FleetState(robots=robots)


def apply(state: FleetState, recorded: e.Recorded) -> FleetState:
    """Change the state as the event says, and answer it. Raises KeyError when the log does not fit the state."""
    _APPLY[type(recorded.event)](state, recorded.event, recorded.time)
    state.seq = recorded.seq
    state.time = recorded.time
    return state


def _task_submitted(s: FleetState, event: e.TaskSubmitted, at: datetime) -> None:
    s.put_task(event.task)
    s.task_count += 1
    for item in event.task.items:
        s.put_chain(_new_chain(event.task, item, at))
    for stop in event.task.stops:
        if stop.inspection is not None:
            known = s.checkpoints.get(stop.place) or Checkpoint(place=stop.place, since=at)
            since = known.since if known.within == stop.inspection.within else at
            s.put_checkpoint(replace(known, within=stop.inspection.within, since=since))
    if event.key is not None and event.digest is not None:
        s.keys[event.key] = s.changed.keys[event.key] = UsedKey(key=event.key, digest=event.digest, task=event.task.id)


def _new_chain(task: DeliveryTask, item: Item, at: datetime) -> Chain:
    """The chain of an item that waits where it is to be picked up."""
    place = next((s.place for s in task.stops if s.kind is StopKind.PICK_UP and item.id in s.items), task.pickup)
    asked = Entry(
        kind=Custody.REGISTERED, time=at, place=place, giver=None, taker=Holder(place=place), actor=task.requested_by
    )
    return Chain(
        task=task.id,
        item=item.id,
        name=item.name,
        quantity=item.quantity,
        item_class=item.item_class,
        entries=(asked,),
    )


def _task_changed(s: FleetState, event: e.TaskChanged, at: datetime) -> None:
    s.put_task(replace(s.tasks[event.task], priority=event.priority, due=event.due))


def _task_deferred(s: FleetState, event: e.TaskDeferred, at: datetime) -> None:
    s.put_task(replace(s.tasks[event.task], reasons=event.reasons))


def _task_assigned(s: FleetState, event: e.TaskAssigned, at: datetime) -> None:
    task = s.tasks[event.task]
    mission = event.mission
    s.put_task(
        replace(
            task.become(TaskStatus.ASSIGNED),
            robot=mission.robot,
            legs=mission.leg,
            eta=event.eta,
            assigned_at=at,
            reasons=event.reasons,
        )
    )
    _start_mission(s, mission)


def _start_mission(s: FleetState, mission: Mission) -> None:
    s.mission_count += 1
    s.put_mission(mission)
    robot = s.robots[mission.robot]
    s.put_robot(changed(robot, mission=mission.id, status=RobotStatus.WORKING, note=""))


def _task_requeued(s: FleetState, event: e.TaskRequeued, at: datetime) -> None:
    task = s.tasks[event.task]
    excluded = task.excluded if event.excluded is None else (*task.excluded, event.excluded)
    s.put_task(
        replace(
            task.become(TaskStatus.QUEUED),
            robot=None,
            eta=None,
            assigned_at=None,
            excluded=excluded,
            reasons=(event.reason,),
        )
    )


def _eta_changed(s: FleetState, event: e.EtaChanged, at: datetime) -> None:
    s.put_task(replace(s.tasks[event.task], eta=event.eta))


def _porter_requested(s: FleetState, event: e.PorterRequested, at: datetime) -> None:
    s.put_task(replace(s.tasks[event.task], porter_only=True))


def _retry_allowed(s: FleetState, event: e.RetryAllowed, at: datetime) -> None:
    s.put_task(replace(s.tasks[event.task], excluded=()))


def _cancellation_started(s: FleetState, event: e.CancellationStarted, at: datetime) -> None:
    task = s.tasks[event.task].become(TaskStatus.CANCELLING)
    s.put_task(replace(task, destination=event.destination, reasons=(event.reason,), eta=None))
    s.put_mission(event.mission)


def _task_ended(s: FleetState, event: e.TaskEnded, at: datetime) -> None:
    task = s.tasks[event.task].become(event.status)
    s.put_task(replace(task, ended_at=at, outcome=event.outcome, eta=None))
    if task.robot is not None and task.picked_up_at is not None:
        robot = s.robots[task.robot]
        s.put_robot(changed(robot, deliveries=robot.deliveries + 1))


def _items_handed_over(s: FleetState, event: e.ItemsHandedOver, at: datetime) -> None:
    task = s.tasks[event.task]
    known = {item.id: item for item in task.items}
    task = task.with_items(
        {item: replace(known[item], state=item_state, outcome=outcome) for item, item_state, outcome in event.items}
    )
    if task.picked_up_at is None and any(i.state is ItemState.ON_BOARD for i in task.items):
        task = replace(task, picked_up_at=at)
    s.put_task(task)
    for item, item_state, outcome in event.items:
        _custody_changed(s, event, known[item], item_state, outcome, at)
        _register_bag(s, event, known[item], item_state, at)
    handover = s.handovers.get(event.step)
    if handover is not None:
        s.put_handover(replace(handover, done_at=at, done_by=event.actor.id))
    handed = {item for item, _, _ in event.items}
    moved = {item for item, _ in event.loads if item in handed}
    for robot in [r for r in s.robots.values() if r.id != event.robot and any(i in moved for i, _ in r.loads)]:
        s.put_robot(changed(robot, loads=tuple(load for load in robot.loads if load[0] not in moved)))
    robot = s.robots[event.robot]
    kinds = {str(item.id): item.item_class for item in task.items}
    new = ((where, str(kinds[item])) for item, where in event.loads if kinds.get(item) is not None)
    s.put_robot(changed(robot, loads=event.loads, carried=tuple(sorted({*robot.carried, *new}))))


def _custody_changed(
    s: FleetState, event: e.ItemsHandedOver, item: Item, after: ItemState, outcome: ItemOutcome, at: datetime
) -> None:
    """Add to an item's chain. Who gave it away is told by what is on board of the robots, not by the chain itself."""
    chain = s.chains.get(chain_id(event.task, item.id)) or _new_chain(s.tasks[event.task], item, at)
    was = _on_board(s, item.id)
    own = Holder(carrier=event.robot, compartment=dict(s.robots[event.robot].loads).get(item.id))
    carrier = Holder(carrier=event.robot, compartment=dict(event.loads).get(item.id))
    here = Holder(place=event.place)
    giver: Holder | None
    match item.state, after:
        case ItemState.ON_BOARD, ItemState.ON_BOARD if was != own and carrier.compartment is not None:
            kind, giver, taker = Custody.CHANGED_CARRIER, was, carrier
        case ItemState.ON_BOARD, ItemState.ON_BOARD:
            kind, giver, taker = Custody.NOT_RECEIVED, own, carrier
        case ItemState.ON_BOARD, ItemState.MISSING:
            kind, giver, taker = Custody.NOT_RELEASED, was, was or own
        case ItemState.ON_BOARD, ItemState.RETURNED:
            kind, giver, taker = event.back or Custody.BROUGHT_BACK, own, here
        case ItemState.ON_BOARD, _:
            kind, giver, taker = Custody.RECEIVED, own, here
        case _, ItemState.ON_BOARD:
            kind, giver, taker = Custody.RELEASED, here, carrier
        case _:
            kind, giver, taker = Custody.NOT_RELEASED, here, here
    s.put_chain(
        chain.extended(
            Entry(
                kind=kind,
                time=at,
                place=event.place,
                giver=giver,
                taker=taker,
                actor=event.actor,
                proof=event.proof,
                second=event.second,
                second_proof=event.second_proof,
                outcome=outcome,
                weight=dict(event.weights).get(item.id),
                mission=event.mission,
                step=event.step,
            )
        )
    )


def _register_bag(s: FleetState, event: e.ItemsHandedOver, item: Item, after: ItemState, at: datetime) -> None:
    """Keep the register of what was collected."""
    known = s.bags.get(bag_id(event.task, item.id))
    weight = dict(event.weights).get(item.id)
    if known is None and weight is not None and after is ItemState.ON_BOARD:
        s.put_bag(
            CollectedBag(
                task=event.task,
                bag=item.id,
                item_class=item.item_class,
                ward=event.place,
                robot=event.robot,
                collected_at=at,
                signed_by=event.actor,
                second=event.second,
                weight=weight,
            )
        )
    elif known is not None and after in (ItemState.DELIVERED, ItemState.RETURNED):
        received = replace(known, place=event.place, received_at=at, received_by=event.actor, received_weight=weight)
        s.put_bag(received)
    elif known is not None and known.robot != event.robot and after is ItemState.ON_BOARD:
        s.put_bag(replace(known, robot=event.robot))


def _on_board(s: FleetState, item: ItemId) -> Holder | None:
    """Which carrier has an item, and where."""
    loads = ((robot.id, loaded, where) for robot in s.robots.values() for loaded, where in robot.loads)
    return next((Holder(carrier=robot, compartment=where) for robot, loaded, where in loads if loaded == item), None)


def _handover_signed(s: FleetState, event: e.HandoverSigned, at: datetime) -> None:
    s.put_handover(replace(s.handovers[event.step], signed=event.signature, failures=0))


def _handover_refused(s: FleetState, event: e.HandoverRefused, at: datetime) -> None:
    handover = s.handovers[event.step]
    if event.locked_until is not None:
        handover = replace(handover, lockouts=handover.lockouts + 1, locked_until=event.locked_until)
    s.put_handover(replace(handover, failures=event.failures))


def _follow_up_opened(s: FleetState, event: e.FollowUpOpened, at: datetime) -> None:
    s.put_follow_up(event.follow_up)
    s.follow_up_count += 1


def _follow_up_closed(s: FleetState, event: e.FollowUpClosed, at: datetime) -> None:
    known = s.follow_ups[event.follow_up]
    s.put_follow_up(replace(known, state=FollowUpState.CLOSED, closed_at=at, closed_by=event.actor.id, note=event.note))


def _room_reported(s: FleetState, event: e.RoomReported, at: datetime) -> None:
    s.put_room(event.room)


def _room_soiled(s: FleetState, event: e.RoomSoiled, at: datetime) -> None:
    s.put_room(event.room)


def _shift_acknowledged(s: FleetState, event: e.ShiftAcknowledged, at: datetime) -> None:
    s.shifts[event.shift.ward] = s.changed.shifts[event.shift.ward] = event.shift


def _lamp_checked(s: FleetState, event: e.LampChecked, at: datetime) -> None:
    s.put_lamp(event.lamp)


def _treatment_begun(s: FleetState, event: e.TreatmentBegun, at: datetime) -> None:
    s.put_treatment(event.treatment)


def _treatment_sampled(s: FleetState, event: e.TreatmentSampled, at: datetime) -> None:
    record = s.treatments[event.task]
    interruptions = record.interruptions
    if event.interrupted:
        interruptions = (*interruptions, Interruption(at=event.sample.at, because=event.sample.because))
        room = s.rooms.get(record.treatment.zone)
        if room is not None:
            s.put_room(replace(room, vacated_at=None, vacated_by=None))
    s.put_treatment(replace(record, samples=(*record.samples, event.sample), interruptions=interruptions))
    _tank_is(s, event.robot, event.sample.tank)
    _report_taken(s, event.robot, event.report, event.state_of_charge)


def _treatment_resumed(s: FleetState, event: e.TreatmentResumed, at: datetime) -> None:
    record = s.treatments[event.task]
    interruptions = tuple(
        i if i.over is not None else replace(i, over=at, confirmed_by=event.actor) for i in record.interruptions
    )
    robot, sorties = event.robot or record.robot, record.sorties + event.sortie
    s.put_treatment(replace(record, interruptions=interruptions, robot=robot, sorties=sorties))


def _tank_told(s: FleetState, event: e.TankTold, at: datetime) -> None:
    _tank_is(s, event.robot, event.tank)


def _tank_is(s: FleetState, robot: RobotId, tank: float | None) -> None:
    if tank is not None:
        s.put_robot(changed(s.robots[robot], tank=tank))


def _treatment_ended(s: FleetState, event: e.TreatmentEnded, at: datetime) -> None:
    record = replace(s.treatments[event.task], ended_at=at)
    s.put_treatment(record)
    zone, robot = record.treatment.zone, record.robot
    room = s.rooms.get(zone) or Room(zone=zone)
    if record.treatment.method is TreatmentMethod.SPRAY:
        room = replace(room, re_entry_at=event.re_entry_at, left_over=None if event.complete else record)
        s.put_room(room)
    if event.complete:
        dose = event.dose if record.treatment.method is TreatmentMethod.UV else None
        done = replace(room, treated_at=at, method=record.treatment.method, dose=dose, treated_by=event.task)
        s.put_room(replace(done, vacated_at=None))
    if record.treatment.method is TreatmentMethod.UV:
        lamp = s.lamps.get(robot) or LampRecord(robot=robot)
        s.put_lamp(replace(lamp, shone=lamp.shone + record.shone))


def _checkpoint_visited(s: FleetState, event: e.CheckpointVisited, at: datetime) -> None:
    task = s.tasks[event.task]
    s.put_task(task.with_stop(event.stop, replace(task.stops[event.stop], visit=event.visit)))
    s.put_checkpoint(replace(s.checkpoints[event.place], visit=event.visit))
    _report_taken(s, event.visit.robot, event.report, event.state_of_charge)


def _checkpoint_missed(s: FleetState, event: e.CheckpointMissed, at: datetime) -> None:
    task = s.tasks[event.task]
    s.put_task(task.with_stop(event.stop, replace(task.stops[event.stop], missed=True)))


def _stop_skipped(s: FleetState, event: e.StopSkipped, at: datetime) -> None:
    task = s.tasks[event.task]
    said = f"{event.actor.id}: {event.reason}" if event.reason else event.actor.id
    s.put_task(task.with_stop(event.stop, replace(task.stops[event.stop], skipped=said)))


def _robot_helped(s: FleetState, event: e.RobotHelped, at: datetime) -> None:
    s.put_robot(s.robots[event.robot])


def _place_told(s: FleetState, event: e.PlaceTold, at: datetime) -> None:
    task = s.tasks[event.task]
    s.put_task(task.with_stop(event.stop, replace(task.stops[event.stop], done_at=at)))
    _report_taken(s, event.robot, event.report, event.state_of_charge)


def _quiet_hours_kept(s: FleetState, event: e.QuietHoursKept, at: datetime) -> None:
    task = s.tasks[event.task]
    others = tuple(reason for reason in task.reasons if reason.code != event.reason.code)
    s.put_task(replace(task, reasons=(*others, event.reason)))


def _follower_told(s: FleetState, event: e.FollowerTold, at: datetime) -> None:
    task = s.tasks[event.task]
    known = task.guidance or Guidance(met_at=at)
    lost_at = None if event.following else known.lost_at or at
    s.put_task(replace(task, guidance=replace(known, lost_at=lost_at, waits=event.waits)))
    _report_taken(s, event.robot, event.report, event.state_of_charge)


def _cue_raised(s: FleetState, event: e.CueRaised, at: datetime) -> None:
    s.put_cue(event.cue)
    _report_taken(s, event.robot, event.report, event.state_of_charge)


def _cue_rechecked(s: FleetState, event: e.CueRechecked, at: datetime) -> None:
    s.put_cue(
        replace(
            s.cues[event.cue],
            state=CueState.RECHECKED,
            rechecked_at=at,
            rechecked_by=event.actor,
            result=event.result,
            note=event.note,
        )
    )


def _cues_deleted(s: FleetState, event: e.CuesDeleted, at: datetime) -> None:
    for cue in event.cues:
        del s.cues[cue]
        s.changed.cues[cue] = None


def _schedule_set(s: FleetState, event: e.ScheduleSet, at: datetime) -> None:
    s.schedule_count += event.schedule.id not in s.schedules
    s.put_schedule(event.schedule)


def _schedule_fell(s: FleetState, event: e.ScheduleFell, at: datetime) -> None:
    s.put_schedule(event.schedule)


def _schedule_deleted(s: FleetState, event: e.ScheduleDeleted, at: datetime) -> None:
    deleted = replace(s.schedules.pop(event.schedule), deleted_at=at)
    s.changed.schedules[deleted.id] = deleted


def _mission_started(s: FleetState, event: e.MissionStarted, at: datetime) -> None:
    _start_mission(s, event.mission)


def _mission_changed(s: FleetState, event: e.MissionChanged, at: datetime) -> None:
    s.put_mission(event.mission)


_STARTED: Final = frozenset({StepStatus.ACTIVE})
_OVER: Final = frozenset({StepStatus.DONE, StepStatus.FAILED})


def _step_changed(s: FleetState, event: e.StepChanged, at: datetime) -> None:
    mission = s.missions[event.mission]
    index = next(i for i, step in enumerate(mission.steps) if step.id == event.step)
    step = replace(mission.steps[index], status=event.status)
    if event.status in _STARTED:
        step = replace(step, started_at=at)
    if event.status in _OVER:
        step = replace(step, ended_at=at)
    current = index + 1 if event.status is StepStatus.DONE else index
    s.put_mission(mission.with_step(step, current=current))
    if mission.task and event.status is StepStatus.WAITING_FOR_PERSON:
        s.put_handover(_offered(s, mission, mission.task, step, at))
    if mission.task and event.status is StepStatus.ACTIVE:
        task = s.tasks[mission.task]
        if task.status is TaskStatus.ASSIGNED:
            s.put_task(task.become(TaskStatus.UNDERWAY))


def _offered(s: FleetState, mission: Mission, task: TaskId, step: Step, at: datetime) -> Handover:
    """A hand-over at the compartments that stand open, or that a code will open."""
    robot = s.robots[mission.robot]
    locked = tuple(dict.fromkeys(where for item, where in robot.loads if item in step.items))
    return Handover(
        step=step.id,
        mission=mission.id,
        task=task,
        robot=mission.robot,
        place=step.place,
        compartments=robot.opened or locked,
        offered_at=at,
    )


def _mission_ended(s: FleetState, event: e.MissionEnded, at: datetime) -> None:
    mission = replace(s.missions[event.mission], status=event.status, reason=event.reason)
    s.put_mission(mission)
    del s.missions[mission.id]
    for step in mission.steps:
        if s.handovers.pop(step.id, None) is not None:
            s.changed.handovers[step.id] = None
    robot = s.robots[mission.robot]
    if robot.mission == mission.id:
        at_work = robot.status in (RobotStatus.WORKING, RobotStatus.DECONTAMINATING)
        status = RobotStatus.IDLE if at_work else robot.status
        s.put_robot(changed(robot, mission=None, status=status, pending=(), contact_until=None))


def _robot_connected(s: FleetState, event: e.RobotConnected, at: datetime) -> None:
    robot = s.robots[event.robot]
    status = robot.status
    if status is RobotStatus.OFFLINE:
        status = RobotStatus.WORKING if robot.mission else RobotStatus.IDLE
    s.put_robot(changed(robot, connected=True, lost_since=None, status=status))


def _robot_located(s: FleetState, event: e.RobotLocated, at: datetime) -> None:
    s.put_robot(changed(s.robots[event.robot], waypoint=event.waypoint))


def _robot_unreachable(s: FleetState, event: e.RobotUnreachable, at: datetime) -> None:
    robot = s.robots[event.robot]
    status = RobotStatus.OFFLINE if robot.in_service else robot.status
    s.put_robot(changed(robot, connected=False, lost_since=at, status=status))


def _robot_status_changed(s: FleetState, event: e.RobotStatusChanged, at: datetime) -> None:
    s.put_robot(changed(s.robots[event.robot], status=event.status, note=event.note))


def _robot_mode_changed(s: FleetState, event: e.RobotModeChanged, at: datetime) -> None:
    robot = s.robots[event.robot]
    s.put_robot(changed(robot, mode=event.mode, note=event.reason, reports=event.report))
    if event.waypoint is not None:
        _stand_at(s, event.robot, event)


def _stand_at(s: FleetState, robot_id: RobotId, event: e.RobotModeChanged) -> None:
    """Somebody moved the robot by hand: its route is over, it stands where the report confirms."""
    s.put_robot(changed(s.robots[robot_id], waypoint=event.waypoint, drive=None, retreat=(), wait=None, docked=False))


def _robot_paused(s: FleetState, event: e.RobotPaused, at: datetime) -> None:
    s.put_robot(changed(s.robots[event.robot], paused=True))


def _robot_resumed(s: FleetState, event: e.RobotResumed, at: datetime) -> None:
    s.put_robot(changed(s.robots[event.robot], paused=False))


def _report_noted(s: FleetState, event: e.ReportNoted, at: datetime) -> None:
    _report_taken(s, event.robot, event.report, event.state_of_charge)


def _report_taken(s: FleetState, robot_id: RobotId, report: int, charge: float | None) -> None:
    robot = s.robots[robot_id]
    soc = robot.state_of_charge if charge is None else charge
    s.put_robot(changed(robot, reports=report, state_of_charge=soc))


def _command_issued(s: FleetState, event: e.CommandIssued, at: datetime) -> None:
    robot = s.robots[event.robot]
    s.put_robot(changed(robot, pending=(*robot.pending, event.command), next_command=robot.next_command + 1))


def _command_ended(s: FleetState, event: e.CommandEnded, at: datetime) -> None:
    robot = s.robots[event.robot]
    ended = next((c for c in robot.pending if c.id == event.command), None)
    pending = tuple(c for c in robot.pending if c.id != event.command)
    docked, opened = robot.docked, robot.opened
    if ended is not None and event.ok:
        docked = docked or ended.charger is not None
        if ended.compartment is not None:
            others = tuple(c for c in opened if c != ended.compartment)
            opened = (*others, ended.compartment) if ended.kind is CommandKind.OPEN_COMPARTMENT else others
    s.put_robot(changed(robot, pending=pending, docked=docked, opened=opened))
    if ended is not None and ended.kind is CommandKind.REFILL:
        _tank_is(s, event.robot, event.tank)
    _report_taken(s, event.robot, event.report, event.state_of_charge)


def _route_claimed(s: FleetState, event: e.RouteClaimed, at: datetime) -> None:
    robot = s.robots[event.robot]
    leaves = len(event.drive.nodes) > 1
    s.put_robot(
        changed(
            robot,
            drive=event.drive,
            retreat=event.retreat,
            next_sequence=event.drive.end + 1,
            next_command=robot.next_command + 1,
            docked=robot.docked and not leaves,
            status=RobotStatus.IDLE if leaves and robot.status is RobotStatus.CHARGING else robot.status,
        )
    )
    waiting: dict[RobotId, dict[int, list[Precedence]]] = {}
    for node in event.yields:
        waiting.setdefault(node.robot, {}).setdefault(node.sequence, []).append(node.after)
    for other, after in waiting.items():
        _wait_for(s, other, after)


def _wait_for(s: FleetState, robot_id: RobotId, after: dict[int, list[Precedence]]) -> None:
    """A robot's nodes, by their sequence, become its own only after others."""
    robot = s.robots[robot_id]

    def is_open(before: Precedence) -> bool:
        return s.robots[before.robot].will_pass(before.sequence, before.claim)

    def extended(nodes: tuple[RouteNode, ...]) -> tuple[RouteNode, ...]:
        return tuple(node.behind(after[node.sequence], is_open) if node.sequence in after else node for node in nodes)

    drive = robot.drive and changed(robot.drive, nodes=extended(robot.drive.nodes))
    s.put_robot(changed(robot, drive=drive, retreat=extended(robot.retreat)))


def _route_given_up(s: FleetState, event: e.RouteGivenUp, at: datetime) -> None:
    robot = s.robots[event.robot]
    drive = robot.drive
    if drive is not None and drive.allocated_to < drive.end:
        kept = drive.nodes[: drive.index(drive.allocated_to) + 1]
        drive = changed(drive, id=f"{robot.id}-{robot.next_command}", goal=kept[-1].waypoint, nodes=kept)
        robot = changed(robot, drive=drive, next_command=robot.next_command + 1)
    s.put_robot(changed(robot, retreat=()))


def _with_drive(s: FleetState, robot_id: RobotId, change: Callable[[Drive], Drive]) -> None:
    robot = s.robots[robot_id]
    assert robot.drive is not None, f"{robot_id} has no drive"
    s.put_robot(changed(robot, drive=change(robot.drive)))


def _route_allocated(s: FleetState, event: e.RouteAllocated, at: datetime) -> None:
    _with_drive(s, event.robot, partial(changed, allocated_to=event.to, cleared_to=event.cleared_to))


def _node_passed(s: FleetState, event: e.NodePassed, at: datetime) -> None:
    robot = s.robots[event.robot]
    drive = robot.drive
    assert drive is not None, f"{event.robot} has no drive"
    drive = changed(drive, reached=event.sequence, nodes=drive.nodes[drive.index(event.sequence) :])
    soc = robot.state_of_charge if event.state_of_charge is None else event.state_of_charge
    s.put_robot(changed(robot, drive=drive, waypoint=event.waypoint, reports=event.report, state_of_charge=soc))


def _drive_ended(s: FleetState, event: e.DriveEnded, at: datetime) -> None:
    s.put_robot(changed(s.robots[event.robot], drive=None, wait=None))


def _zone_entered(s: FleetState, event: e.ZoneEntered, at: datetime) -> None:
    robot = s.robots[event.robot]
    s.put_robot(changed(robot, exposure=robot.exposure | {event.zone_class}))


def _robot_wiped_down(s: FleetState, event: e.RobotWipedDown, at: datetime) -> None:
    s.put_robot(changed(s.robots[event.robot], contact_until=event.until))


def _robot_decontaminated(s: FleetState, event: e.RobotDecontaminated, at: datetime) -> None:
    robot = s.robots[event.robot]
    s.put_robot(changed(robot, exposure=frozenset(event.exposure), carried=(), deliveries=0, contact_until=None))


def _robot_rehomed(s: FleetState, event: e.RobotRehomed, at: datetime) -> None:
    s.put_robot(changed(s.robots[event.robot], home=event.home))


def _wait_started(s: FleetState, event: e.WaitStarted, at: datetime) -> None:
    s.put_robot(changed(s.robots[event.robot], wait=event.wait))


def _wait_ended(s: FleetState, event: e.WaitEnded, at: datetime) -> None:
    s.put_robot(changed(s.robots[event.robot], wait=None))


def _closure_started(s: FleetState, event: e.ClosureStarted, at: datetime) -> None:
    s.closures[event.closure.id] = s.changed.closures[event.closure.id] = event.closure


def _closure_ended(s: FleetState, event: e.ClosureEnded, at: datetime) -> None:
    del s.closures[event.closure]
    s.changed.closures[event.closure] = None


def _robot_held(s: FleetState, event: e.RobotHeld, at: datetime) -> None:
    s.put_robot(changed(s.robots[event.robot], hold=event.hold))


def _robot_let_go(s: FleetState, event: e.RobotLetGo, at: datetime) -> None:
    s.put_robot(changed(s.robots[event.robot], hold=None))


def _session_started(s: FleetState, event: e.SessionStarted, at: datetime) -> None:
    session = event.session
    s.put_session(session)
    s.put_device(replace(s.device(session.device), fencing=session.fencing))


def _session_moved(s: FleetState, event: e.SessionMoved, at: datetime) -> None:
    s.put_session(event.session)
    device = s.device(event.session.device)
    if device.turn_of(event.session.robot) is not None:
        s.put_device(device.without_turn_of(event.session.robot))


def _session_renewed(s: FleetState, event: e.SessionRenewed, at: datetime) -> None:
    s.put_session(replace(s.sessions[event.session], expires=event.expires))


def _session_ended(s: FleetState, event: e.SessionEnded, at: datetime) -> None:
    del s.sessions[event.session]
    s.changed.sessions[event.session] = None


def _session_refused(s: FleetState, event: e.SessionRefused, at: datetime) -> None:
    device = s.device(s.sessions.pop(event.session).device)
    s.changed.sessions[event.session] = None
    s.put_device(replace(device, fencing=max(device.fencing, event.newest)))


def _robot_turned_away(s: FleetState, event: e.RobotTurnedAway, at: datetime) -> None:
    del s.sessions[event.session]
    s.changed.sessions[event.session] = None
    device = s.device(event.lift).without_turn_of(event.turn.robot)
    full = device.full + (event.turn.cause is TurnCause.FULL)
    s.put_device(replace(device, turned_away=(*device.turned_away, event.turn), full=full))


def _alarm_raised(s: FleetState, event: e.AlarmRaised, at: datetime) -> None:
    s.alarms[event.alarm.id] = s.changed.alarms[event.alarm.id] = event.alarm


def _alarm_ended(s: FleetState, event: e.AlarmEnded, at: datetime) -> None:
    del s.alarms[event.alarm]
    s.changed.alarms[event.alarm] = None


def _alert_raised(s: FleetState, event: e.AlertRaised, at: datetime) -> None:
    s.put_alert(event.alert)
    s.alert_count += 1


def _alert_taken(s: FleetState, event: e.AlertTaken, at: datetime) -> None:
    s.put_alert(replace(s.alerts[event.alert], state=AlertState.TAKEN, taken_by=event.actor.id))


def _alert_closed(s: FleetState, event: e.AlertClosed, at: datetime) -> None:
    s.put_alert(replace(s.alerts[event.alert], state=AlertState.CLOSED, closed_at=at))


_APPLY: Final[dict[type, Callable[[FleetState, Any, datetime], None]]] = {
    e.TaskSubmitted: _task_submitted,
    e.TaskChanged: _task_changed,
    e.TaskDeferred: _task_deferred,
    e.TaskAssigned: _task_assigned,
    e.TaskRequeued: _task_requeued,
    e.EtaChanged: _eta_changed,
    e.PorterRequested: _porter_requested,
    e.RetryAllowed: _retry_allowed,
    e.CancellationStarted: _cancellation_started,
    e.TaskEnded: _task_ended,
    e.ItemsHandedOver: _items_handed_over,
    e.RoomReported: _room_reported,
    e.RoomSoiled: _room_soiled,
    e.ShiftAcknowledged: _shift_acknowledged,
    e.LampChecked: _lamp_checked,
    e.TreatmentBegun: _treatment_begun,
    e.TreatmentSampled: _treatment_sampled,
    e.TreatmentResumed: _treatment_resumed,
    e.TreatmentEnded: _treatment_ended,
    e.TankTold: _tank_told,
    e.CheckpointVisited: _checkpoint_visited,
    e.CheckpointMissed: _checkpoint_missed,
    e.StopSkipped: _stop_skipped,
    e.RobotHelped: _robot_helped,
    e.PlaceTold: _place_told,
    e.QuietHoursKept: _quiet_hours_kept,
    e.FollowerTold: _follower_told,
    e.CueRaised: _cue_raised,
    e.CueRechecked: _cue_rechecked,
    e.CuesDeleted: _cues_deleted,
    e.ScheduleSet: _schedule_set,
    e.ScheduleFell: _schedule_fell,
    e.ScheduleDeleted: _schedule_deleted,
    e.HandoverSigned: _handover_signed,
    e.HandoverRefused: _handover_refused,
    e.FollowUpOpened: _follow_up_opened,
    e.FollowUpClosed: _follow_up_closed,
    e.MissionStarted: _mission_started,
    e.MissionChanged: _mission_changed,
    e.StepChanged: _step_changed,
    e.MissionEnded: _mission_ended,
    e.RobotConnected: _robot_connected,
    e.RobotLocated: _robot_located,
    e.RobotUnreachable: _robot_unreachable,
    e.RobotStatusChanged: _robot_status_changed,
    e.RobotModeChanged: _robot_mode_changed,
    e.RobotPaused: _robot_paused,
    e.RobotResumed: _robot_resumed,
    e.ReportNoted: _report_noted,
    e.CommandIssued: _command_issued,
    e.CommandEnded: _command_ended,
    e.RouteClaimed: _route_claimed,
    e.RouteGivenUp: _route_given_up,
    e.RouteAllocated: _route_allocated,
    e.NodePassed: _node_passed,
    e.DriveEnded: _drive_ended,
    e.ZoneEntered: _zone_entered,
    e.RobotWipedDown: _robot_wiped_down,
    e.RobotDecontaminated: _robot_decontaminated,
    e.RobotRehomed: _robot_rehomed,
    e.WaitStarted: _wait_started,
    e.WaitEnded: _wait_ended,
    e.ClosureStarted: _closure_started,
    e.ClosureEnded: _closure_ended,
    e.RobotHeld: _robot_held,
    e.RobotLetGo: _robot_let_go,
    e.SessionStarted: _session_started,
    e.SessionMoved: _session_moved,
    e.SessionRenewed: _session_renewed,
    e.SessionEnded: _session_ended,
    e.SessionRefused: _session_refused,
    e.RobotTurnedAway: _robot_turned_away,
    e.AlarmRaised: _alarm_raised,
    e.AlarmEnded: _alarm_ended,
    e.AlertRaised: _alert_raised,
    e.AlertTaken: _alert_taken,
    e.AlertClosed: _alert_closed,
}
