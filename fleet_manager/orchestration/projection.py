"""Views from the state: what people see of tasks, robots and alerts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from fleet_manager.domain.alarms import Alarm
from fleet_manager.domain.alerts import Alert
from fleet_manager.domain.closures import Closure, ClosureId
from fleet_manager.domain.collections import CollectedBag
from fleet_manager.domain.custody import Chain, Entry, Holder, gap, signatures_needed
from fleet_manager.domain.disinfection import Due, Room
from fleet_manager.domain.events import Recorded
from fleet_manager.domain.follow_ups import FollowUp
from fleet_manager.domain.handovers import Handover
from fleet_manager.domain.inspections import Visit
from fleet_manager.domain.missions import Mission, Step, StepKind, StepStatus
from fleet_manager.domain.robots import Robot
from fleet_manager.domain.schedules import Schedule
from fleet_manager.domain.screening import Cue
from fleet_manager.domain.state import FleetState
from fleet_manager.domain.tasks import Actor, DeliveryTask, Item, Stop, TaskId, TaskStatus, TreatmentMethod
from fleet_manager.orchestration.views import (
    ActorView,
    AlarmView,
    AlertView,
    AreaView,
    ChainView,
    ClosureView,
    CollectedBagView,
    CueView,
    CustodyEntryView,
    EventView,
    FollowUpView,
    HandoverView,
    HolderView,
    ItemTraceView,
    ItemView,
    LiveScreeningView,
    MissionView,
    PoseView,
    ReasonView,
    RobotView,
    RoutePointView,
    ScheduleView,
    SightingView,
    StepView,
    StopView,
    TaskView,
    VisitView,
    WaitingFor,
    WaitKind,
    ZoneView,
)
from maps.model import Site, Zone
from robot_agents import protocol

_KINDS: dict[type, str] = {}


def event_kind(event: object) -> str:
    """The name of an event in the log: its class in snake case."""
    return kind_name(type(event))


def kind_name(kind: type) -> str:
    """The name of a class of events in the log."""
    name = _KINDS.get(kind)
    if name is None:
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__).lstrip("_")
        _KINDS[kind] = name
    return name


def event_view(recorded: Recorded) -> EventView:
    data: dict[str, Any] = msgspec.to_builtins(recorded.event)
    return EventView(seq=recorded.seq, time=recorded.time, kind=event_kind(recorded.event), data=data)


def _actor(actor: Actor) -> ActorView:
    return ActorView(id=actor.id, role=actor.role, ward=actor.ward)


def _person_wait(step: Step) -> WaitingFor:
    if step.treatment is not None:
        because = f"somebody to confirm that {step.treatment.zone} is vacated and shut"
        return WaitingFor(
            kind=WaitKind.PERSON,
            resource=step.treatment.zone,
            held_by=None,
            since=step.started_at,
            until=None,
            because=because,
        )
    what = "load" if step.kind is StepKind.PICK_UP else "take"
    because = f"somebody to {what} the goods at {step.place}"
    if step.kind is StepKind.DECONTAMINATE:
        because = f"somebody to wipe it down at {step.place}"
    return WaitingFor(
        kind=WaitKind.PERSON,
        resource=step.place,
        held_by=None,
        since=step.started_at,
        until=None,
        because=because,
    )


def _visitor_wait(state: FleetState, mission: Mission | None) -> WaitingFor | None:
    """A robot that waits for the visitor of its task: to come, or to follow."""
    step = mission.step if mission is not None else None
    if mission is None or mission.task is None or step is None or step.status is not StepStatus.ACTIVE:
        return None
    guidance = state.tasks[mission.task].guidance
    if step.kind is StepKind.MEET:
        since, because = step.started_at, f"the visitor to come to {step.place}"
    elif step.leads and guidance is not None and guidance.waits:
        since, because = guidance.lost_at, "the visitor to follow it again"
    else:
        return None
    return WaitingFor(kind=WaitKind.PERSON, resource=step.place, held_by=None, since=since, until=None, because=because)


def robot_wait(state: FleetState, robot: Robot, site: Site) -> WaitingFor | None:
    """What a robot waits for: a person at a hand-over, or something in its way."""
    mission = state.mission_of(robot)
    if mission and mission.step and mission.step.status is StepStatus.WAITING_FOR_PERSON:
        return _person_wait(mission.step)
    visitor = _visitor_wait(state, mission)
    if visitor is not None:
        return visitor
    if robot.hold is not None and (robot.drive is None or robot.drive.goal != robot.hold.place):
        closure = state.closures.get(ClosureId(robot.hold.by))
        return WaitingFor(
            kind=WaitKind.LIFT if closure is not None and closure.lift is not None else WaitKind.CLOSURE,
            resource=robot.hold.by,
            held_by=None,
            since=robot.hold.since,
            until=None,
            because=robot.hold.because,
        )
    wait = robot.wait
    if wait is None:
        return None
    closure = _closure_on(wait.resource, state, site)
    step = mission.step if mission is not None else None
    kind = _device_kind(wait.resource, site) or (WaitKind.CLOSURE if closure else WaitKind.WAY)
    if step is not None and step.window is not None and wait.resource == step.place and wait.until is not None:
        kind = WaitKind.SET_TIME
    return WaitingFor(
        kind=kind,
        resource=wait.resource,
        held_by=wait.held_by,
        since=wait.since,
        until=wait.until or (closure.until if closure else None),
        because=wait.because,
    )


def _device_kind(resource: str, site: Site) -> WaitKind | None:
    if resource.removeprefix("lift:") in site.lifts:
        return WaitKind.LIFT
    if resource in site.crossings:
        return WaitKind.CROSSING
    return WaitKind.DOOR if resource in site.doors else None


def _closure_on(resource: str, state: FleetState, site: Site) -> Closure | None:
    """The closure that is named itself or closes a lane, whichever way it is named; None when nothing is closed."""
    for closure in state.closures.values():
        if resource == closure.id:
            return closure
        for lane_id in closure.lanes:
            lane = site.lanes[lane_id]
            if resource in (lane_id, f"l:{lane.start}>{lane.end}", f"l:{lane.end}>{lane.start}"):
                return closure
    return None


def mission_view(mission: Mission, robot: Robot | None, site: Site) -> MissionView:
    steps: list[StepView] = []
    for step in mission.steps:
        if step.status is StepStatus.ACTIVE and step.kind is StepKind.GO_TO and robot is not None:
            steps += _rides(step, robot, site)
        steps.append(
            StepView(
                step_id=step.id,
                kind=step.kind,
                place=step.place,
                status=step.status,
                started_at=step.started_at,
                ended_at=step.ended_at,
                detail=_detail(step),
            )
        )
    return MissionView(
        mission_id=mission.id, robot=mission.robot, leg=mission.leg, status=mission.status, steps=tuple(steps)
    )


def _detail(step: Step) -> dict[str, Any]:
    if step.treatment is not None and step.treatment.method is TreatmentMethod.SPRAY:
        sprayed = {"agent": step.treatment.agent, "volume_ml": step.treatment.volume * 1000.0}
        return {"zone": step.treatment.zone, "method": step.treatment.method, **sprayed}
    if step.treatment is not None:
        return {"zone": step.treatment.zone, "method": step.treatment.method, "dose": step.treatment.dose}
    if step.inspection is not None:
        return {"seconds": step.inspection.seconds, "screens": step.inspection.screens}
    if step.saying is not None:
        return {"texts": dict(step.saying.texts), "times": step.saying.times}
    called = {"bed": step.called.bed, "called": step.called.name} if step.called is not None else {}
    return {"items": list(step.items), **called} if step.items else called


def _rides(step: Step, robot: Robot, site: Site) -> list[StepView]:
    """The lift rides that lie ahead on the present route."""
    rides = [node for node in robot.drive.nodes[1:] if node.lift is not None] if robot.drive else []
    return [
        StepView(
            step_id=f"{step.id}/{node.sequence}",
            kind="ride_lift",
            place=node.waypoint,
            status=StepStatus.PENDING,
            started_at=None,
            ended_at=None,
            detail={"lift": node.lift, "to_level": site.waypoints[node.waypoint].level},
        )
        for node in rides
    ]


def task_view(task: DeliveryTask, mission: Mission | None, state: FleetState, site: Site) -> TaskView:
    """A task, open or ended; `mission` is the newest leg's."""
    robot = state.robots.get(task.robot) if task.robot else None
    running = mission is not None and robot is not None and robot.mission == mission.id
    step = mission.step if mission is not None and running else None
    due_now = step is not None and step.status is StepStatus.WAITING_FOR_PERSON and step.treatment is None
    handover = state.handovers.get(step.id) if step is not None and due_now else None
    loads = dict(robot.loads) if robot is not None else {}
    return TaskView(
        id=task.id,
        kind=task.kind,
        zone=task.treatment.zone if task.treatment is not None else None,
        status=task.status,
        priority=task.priority,
        pickup=task.pickup,
        dropoff=task.dropoff,
        stops=tuple(_stop_view(stop) for stop in task.stops),
        items=tuple(_item_view(item, loads.get(item.id)) for item in task.items),
        note=task.note,
        requested_at=task.requested_at,
        requested_by=_actor(task.requested_by),
        earliest_start=task.earliest_start,
        due=task.due,
        eta=task.eta,
        robot=task.robot,
        assigned_at=task.assigned_at,
        picked_up_at=task.picked_up_at,
        ended_at=task.ended_at,
        outcome=task.outcome,
        destination=task.destination,
        handover_step=step.id if step is not None and due_now else None,
        handover=_handover_view(handover, task, step, site) if handover is not None and step is not None else None,
        waiting_for=robot_wait(state, robot, site) if robot is not None and running else None,
        reasons=tuple(ReasonView(subject=r.subject, code=r.code, text=r.text) for r in task.reasons),
        mission=mission_view(mission, robot if running else None, site) if mission is not None else None,
    )


def _stop_view(stop: Stop) -> StopView:
    window = stop.inspection or stop.window
    return StopView(
        place=stop.place,
        kind=stop.kind,
        items=tuple(stop.items),
        not_before=window.not_before if window is not None else None,
        not_after=window.not_after if window is not None else None,
        by_code=stop.by_code,
        missed=stop.missed,
        bed=stop.called.bed if stop.called is not None else None,
        called=stop.called.name if stop.called is not None else None,
        texts=dict(stop.saying.texts) if stop.saying is not None else None,
        done_at=stop.done_at,
        visit=_visit_view(stop.visit) if stop.visit is not None else None,
        skipped=stop.skipped,
    )


def _visit_view(visit: Visit) -> VisitView:
    return VisitView(robot=visit.robot, at=visit.at, level=visit.level, x=visit.x, y=visit.y, yaw=visit.yaw)


def cue_view(cue: Cue) -> CueView:
    seen = cue.seen
    return CueView(
        id=cue.id,
        kind=seen.kind,
        value=seen.value,
        distance=seen.distance,
        bearing=seen.bearing,
        place=cue.place,
        task=cue.task,
        seen_from=_visit_view(seen.seen_from),
        opened_at=cue.opened_at,
        state=cue.state,
        rechecked_at=cue.rechecked_at,
        rechecked_by=cue.rechecked_by.id if cue.rechecked_by is not None else None,
        result=cue.result,
        note=cue.note,
    )


def live_view(observation: protocol.Observation) -> LiveScreeningView:
    people = tuple(
        SightingView(
            person=one.person,
            distance=one.distance,
            bearing=one.bearing,
            temperature=one.temperature,
            mask=one.mask,
        )
        for one in observation.people
    )
    return LiveScreeningView(robot=observation.robot, time=observation.time, people=people)


def _item_view(item: Item, compartment: str | None) -> ItemView:
    return ItemView(
        item_id=item.id,
        name=item.name,
        quantity=item.quantity,
        item_class=item.item_class,
        state=item.state,
        outcome=item.outcome,
        compartment=compartment,
    )


def _handover_view(handover: Handover, task: DeliveryTask, step: Step, site: Site) -> HandoverView:
    items = [item for item in task.items if item.id in step.items]
    return HandoverView(
        step_id=handover.step,
        place=handover.place,
        compartments=handover.compartments,
        signatures=signatures_needed(items, site, collected=step.collects),
        signed_by=(_actor(handover.signed.actor),) if handover.signed is not None else (),
        locked_until=handover.locked_until,
    )


def _holder(holder: Holder) -> HolderView:
    return HolderView(place=holder.place, carrier=holder.carrier, compartment=holder.compartment)


def _entry(entry: Entry, site: Site) -> CustodyEntryView:
    place = site.waypoints.get(entry.place)
    return CustodyEntryView(
        kind=entry.kind,
        time=entry.time,
        place=entry.place,
        place_name=place.name if place is not None else None,
        giver=_holder(entry.giver) if entry.giver is not None else None,
        taker=_holder(entry.taker),
        actor=_actor(entry.actor),
        proof=entry.proof,
        second=_actor(entry.second) if entry.second is not None else None,
        second_proof=entry.second_proof,
        outcome=entry.outcome,
        weight=entry.weight,
        step_id=entry.step,
    )


def bag_view(bag: CollectedBag, site: Site) -> CollectedBagView:
    ward = site.waypoints.get(bag.ward)
    return CollectedBagView(
        task=bag.task,
        bag=bag.bag,
        item_class=bag.item_class,
        ward=bag.ward,
        ward_name=ward.name if ward is not None else None,
        weight=bag.weight,
        collected_at=bag.collected_at,
        signed_by=_actor(bag.signed_by),
        second=_actor(bag.second) if bag.second is not None else None,
        robot=bag.robot,
        place=bag.place,
        received_at=bag.received_at,
        received_by=_actor(bag.received_by) if bag.received_by is not None else None,
        received_weight=bag.received_weight,
    )


def follow_up_view(follow_up: FollowUp) -> FollowUpView:
    return FollowUpView(
        id=follow_up.id,
        task=follow_up.task,
        item_id=follow_up.item,
        name=follow_up.name,
        what=follow_up.what,
        detail=follow_up.detail,
        place=follow_up.place,
        robot=follow_up.robot,
        actor=_actor(follow_up.actor),
        opened_at=follow_up.opened_at,
        state=follow_up.state,
        closed_at=follow_up.closed_at,
        closed_by=follow_up.closed_by,
        note=follow_up.note,
    )


def trace_view(
    item: str, chains: Sequence[tuple[Chain, TaskStatus | None]], follow_ups: Sequence[FollowUp], site: Site
) -> ItemTraceView:
    """The chains of one item, each with the status of its task."""
    last = chains[-1][0].holder if chains else None
    return ItemTraceView(
        item_id=item,
        holder=_holder(last) if last is not None else None,
        chains=tuple(
            ChainView(
                task=chain.task,
                task_status=status,
                name=chain.name,
                quantity=chain.quantity,
                item_class=chain.item_class,
                entries=tuple(_entry(entry, site) for entry in chain.entries),
                gap=gap(chain, ended=status is not None and status.ended),
            )
            for chain, status in chains
        ),
        follow_ups=tuple(follow_up_view(follow_up) for follow_up in follow_ups),
    )


def pose_view(telemetry: protocol.Telemetry) -> PoseView:
    pose = telemetry.pose
    return PoseView(level=pose.level, x=pose.x, y=pose.y, yaw=pose.yaw, speed=telemetry.speed, time=telemetry.time)


def robot_view(robot: Robot, telemetry: protocol.Telemetry | None, state: FleetState, site: Site) -> RobotView:
    mission = state.mission_of(robot)
    drive = robot.drive
    route = tuple(
        RoutePointView(
            waypoint=node.waypoint,
            level=site.waypoints[node.waypoint].level,
            x=site.waypoints[node.waypoint].x,
            y=site.waypoints[node.waypoint].y,
            allocated=node.sequence <= drive.allocated_to,
        )
        for node in (drive.nodes if drive else ())
        if drive
    )
    return RobotView(
        id=robot.id,
        fleet=robot.fleet,
        kind=site.fleets[robot.fleet].carrier,
        status=robot.status,
        mode=robot.mode,
        paused=robot.paused,
        connected=robot.connected,
        last_seen=telemetry.time if telemetry else None,
        pose=pose_view(telemetry) if telemetry else None,
        waypoint=robot.waypoint,
        state_of_charge=telemetry.state_of_charge if telemetry else robot.state_of_charge,
        tank=telemetry.tank if telemetry else robot.tank,
        task=mission.task if mission else None,
        mission=mission.id if mission else None,
        destination=drive.goal if drive else None,
        waiting_for=robot_wait(state, robot, site),
        route=route,
        note=robot.note,
    )


def closure_view(closure: Closure) -> ClosureView:
    area = closure.area
    return ClosureView(
        id=closure.id,
        kind=closure.kind,
        lanes=closure.lanes,
        area=AreaView(level=area.level, polygon=area.polygon) if area is not None else None,
        lift=closure.lift,
        since=closure.since,
        until=closure.until,
        reason=closure.reason,
        actor=_actor(closure.actor),
        robot=closure.robot,
        zone=closure.pause.zone if closure.pause is not None else None,
        fleet=closure.pause.fleet if closure.pause is not None else None,
        robots=closure.pause.robots if closure.pause is not None else (),
    )


def alarm_view(alarm: Alarm, state: FleetState) -> AlarmView:
    held = (robot for robot in state.robots.values() if robot.hold is not None and robot.hold.by == alarm.id)
    return AlarmView(
        id=alarm.id,
        kind=alarm.kind,
        zone=alarm.scope.zone,
        building=alarm.scope.building,
        levels=alarm.scope.levels,
        recall_level=alarm.recall_level,
        since=alarm.since,
        actor=_actor(alarm.actor),
        robots=tuple(robot.id for robot in held),
    )


def zone_view(zone: Zone, room: Room, not_ready: str | None, due: Due | None, task: TaskId | None) -> ZoneView:
    return ZoneView(
        id=zone.id,
        name=zone.name,
        level=zone.level,
        kind=zone.kind,
        zone_class=zone.zone_class,
        polygon=zone.polygon,
        cleaned_at=room.cleaned_at,
        cleaned_by=room.cleaned_by.id if room.cleaned_by is not None else None,
        vacated_at=room.vacated_at,
        vacated_by=room.vacated_by.id if room.vacated_by is not None else None,
        person_at=room.person_at,
        open_at=room.open_at,
        treated_at=room.treated_at,
        method=room.method,
        dose=room.dose,
        not_ready=not_ready,
        due_at=due.at if due is not None else None,
        due_because=due.because if due is not None else None,
        task=task,
        treated_by=room.treated_by,
        re_entry_at=room.re_entry_at,
    )


def schedule_view(schedule: Schedule) -> ScheduleView:
    task: dict[str, Any] = msgspec.json.decode(schedule.request)
    return ScheduleView(
        id=schedule.id,
        name=schedule.name,
        kind=schedule.kind,
        task={key: value for key, value in task.items() if key not in ("actor", "key")},
        rule=schedule.rule,
        begins=schedule.begins,
        timezone=schedule.timezone,
        exceptions=schedule.exceptions,
        paused=schedule.paused,
        next_at=schedule.next_at if not schedule.paused else None,
        last_at=schedule.last_at,
        last_task=schedule.last_task,
        last_refusal=schedule.last_refusal,
        actor=_actor(schedule.actor),
    )


def alert_view(alert: Alert) -> AlertView:
    return AlertView(
        id=alert.id,
        kind=alert.kind,
        severity=alert.severity,
        subject=alert.subject,
        text=alert.text,
        since=alert.since,
        next_step=alert.next_step,
        state=alert.state,
        taken_by=alert.taken_by,
        closed_at=alert.closed_at,
    )
