"""The story of a task or a robot: what the event log tells of it, line by line, in the words of the ward."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Final

from fleet_manager.domain import events as e
from fleet_manager.domain.events import Event, Recorded
from fleet_manager.domain.missions import Mission, Step, StepKind, StepStatus
from fleet_manager.domain.robots import Robot, RobotStatus, Wait
from fleet_manager.domain.state import FleetState, apply, new_state
from fleet_manager.domain.tasks import DeliveryTask, ItemState, Reason, TaskId
from fleet_manager.orchestration.projection import robot_wait
from maps.model import RobotId, Site
from sim.stage import Happening

LINES: Final = 40
"""A longer story keeps its beginning and its end."""

_SHORT: Final = timedelta(seconds=10)
"""Waits that are over sooner are not told."""


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a story."""

    time: datetime
    text: str


@dataclass(slots=True)
class _Teller:
    """Follows the log and writes down what is about one of `subjects`: tasks, robots, lifts, doors."""

    state: FleetState
    zone: tzinfo
    subjects: frozenset[str]
    lines: list[Said] = field(default_factory=list)
    waits: dict[RobotId, tuple[Wait, datetime]] = field(default_factory=dict)

    def saw(self, recorded: Recorded) -> None:
        event, time = recorded.event, recorded.time
        match event:
            case e.WaitStarted(robot=robot, wait=wait) if self._about(robot):
                before = self.waits.get(robot)
                if before is None or (before[0].because, before[0].resource) != (wait.because, wait.resource):
                    self.end_wait(robot, time)
                    self.waits[robot] = (wait, time)
            case e.WaitEnded(robot=robot):
                self.end_wait(robot, time)
            case _:
                text = self._text(event, time)
                if text is not None:
                    self.lines.append(Said(time, text))
        apply(self.state, recorded)

    def end_wait(self, robot: RobotId, now: datetime) -> None:
        """The robot waits no longer, or its story ends."""
        waited = self.waits.pop(robot, None)
        if waited is not None and now - waited[1] >= _SHORT:
            wait, since = waited
            seconds = (now - since).total_seconds()
            self.lines.append(Said(since, f"{robot} waits {_long(seconds)}: {_why(wait)}"))

    def _about(self, *names: str | None) -> bool:
        """Whether an event about these tasks and robots belongs to the story; robots also for what they carry."""
        return any(
            name in self.subjects or (name in self.state.robots and self._carries(self.state.robots[RobotId(name)]))
            for name in names
            if name is not None
        )

    def _carries(self, robot: Robot) -> bool:
        mission = self.state.mission_of(robot)
        return mission is not None and mission.task in self.subjects

    def _text(self, event: Event, time: datetime) -> str | None:
        return self._task_text(event) or self._robot_text(event, time) or self._house_text(event)

    # --- tasks -----------------------------------------------------------------------------------------

    def _task_text(self, event: Event) -> str | None:
        match event:
            case e.TaskSubmitted(task=task) if self._about(task.id):
                return f"{task.requested_by.id} asks for {_wanted(task)} ({task.priority}): {task.id}"
            case e.TaskDeferred(task=task_id, reasons=reasons) if self._about(task_id):
                return f"{task_id} stays in the queue: {_reasons(reasons)}"
            case e.TaskAssigned(task=task_id, mission=mission, eta=eta) if self._about(task_id, mission.robot):
                due = f", expected at {self._clock(eta)}" if eta is not None else ""
                return f"{mission.robot} gets {task_id}{due}"
            case e.TaskRequeued(task=task_id, reason=reason) if self._about(task_id):
                return f"{task_id} goes back to the queue: {reason.text}"
            case e.CancellationStarted(task=task_id, reason=reason) if self._about(task_id):
                return f"{task_id} is being cancelled: {reason.text}"
            case e.TaskEnded(task=task_id, status=status, outcome=outcome) if self._about(task_id):
                return f"{task_id} is {status}" + (f": {outcome}" if outcome not in ("", status) else "")
            case e.ItemsHandedOver(task=task_id, robot=robot, place=place, actor=actor, items=items) if self._about(
                task_id, robot
            ):
                loaded = any(state is ItemState.ON_BOARD for _, state, _ in items)
                return f"{actor.id} {'loads' if loaded else 'unloads'} {robot} at {place}"
        return None

    # --- robots ----------------------------------------------------------------------------------------

    def _robot_text(self, event: Event, time: datetime) -> str | None:
        match event:
            case e.StepChanged(mission=mission_id):
                mission = self.state.missions.get(mission_id)
                if mission is not None and self._about(mission.task, mission.robot):
                    return _step_text(mission, event)
            case e.MissionStarted(mission=mission) if self._about(mission.robot):
                return f"{mission.robot} goes to {mission.goal} to {mission.kind}"
            case e.NodePassed(robot=robot) if self._about(robot):
                return self._ride_text(event)
            case e.RobotConnected(robot=robot) if (
                self._about(robot) and self.state.robots[robot].lost_since is not None
            ):
                return f"{robot} is heard again"
            case e.RobotUnreachable(robot=robot) if self._about(robot):
                return f"{robot} is silent"
            case e.RobotModeChanged(robot=robot, mode=mode, reason=reason) if self._about(robot):
                return f"{robot} is in {mode} mode" + (f": {reason}" if reason else "")
            case e.RobotStatusChanged(
                robot=robot, status=RobotStatus.ERROR | RobotStatus.OUT_OF_SERVICE as status, note=note
            ) if self._about(robot):
                return f"{robot} is in status {status}" + (f": {note}" if note else "")
            case e.RobotHeld(robot=robot, hold=hold) if self._about(robot):
                return f"{robot} is held: {hold.because}"
            case e.RobotLetGo(robot=robot) if self._about(robot):
                return f"{robot} may go on"
            case e.RobotTurnedAway(lift=lift, turn=turn) if self._about(turn.robot):
                return f"{turn.robot} lets lift {lift} go ({turn.cause}) and asks again at {self._clock(turn.until)}"
        return None

    def _ride_text(self, event: e.NodePassed) -> str | None:
        drive = self.state.robots[event.robot].drive
        node = next((n for n in drive.nodes if n.sequence == event.sequence), None) if drive is not None else None
        return f"{event.robot} came by lift {node.lift} to {event.waypoint}" if node is not None and node.lift else None

    # --- the house -------------------------------------------------------------------------------------

    def _house_text(self, event: Event) -> str | None:
        match event:
            case e.AlertRaised(alert=alert) if self._about(alert.subject):
                return f"alert {alert.kind}: {alert.text}"
            case e.AlertClosed(alert=alert_id):
                over = next((alert for alert in self.state.alerts.values() if alert.id == alert_id), None)
                return f"alert {over.kind} is over" if over is not None and self._about(over.subject) else None
            case e.ClosureStarted(closure=closure):
                lanes = "a lane is" if len(closure.lanes) == 1 else f"{len(closure.lanes)} lanes are"
                return f"{lanes} closed: {closure.reason}"
            case e.AlarmRaised(alarm=alarm):
                return alarm.text
            case e.AlarmEnded():
                return "the alarm is over"
        return None

    def _clock(self, time: datetime) -> str:
        return f"{time.astimezone(self.zone):%H:%M}"


def _step_text(mission: Mission, event: e.StepChanged) -> str | None:
    step = next((step for step in mission.steps if step.id == event.step), None)
    if step is None:
        return None
    match event.status:
        case StepStatus.ACTIVE if step.kind is StepKind.GO_TO:
            return f"{mission.robot} sets out for {step.place}"
        case StepStatus.WAITING_FOR_PERSON if step.kind is StepKind.DECONTAMINATE:
            return f"{mission.robot} waits at {step.place} to be wiped down"
        case StepStatus.WAITING_FOR_PERSON if step.treatment is not None:
            return f"{mission.robot} waits until somebody confirms {step.treatment.zone} as cleaned, vacated and shut"
        case StepStatus.ACTIVE if step.treatment is not None:
            return f"{mission.robot} begins to disinfect {step.treatment.zone}"
        case StepStatus.ACTIVE if step.kind is StepKind.SAY:
            return f"{mission.robot} speaks at {step.place}"
        case StepStatus.ACTIVE if step.kind is StepKind.MEET:
            return f"{mission.robot} waits at {step.place} for its visitor"
        case StepStatus.WAITING_FOR_PERSON if step.called is not None:
            return f"{mission.robot} calls bed {step.called.bed} at {step.place} to take a meal"
        case StepStatus.WAITING_FOR_PERSON:
            return f"{mission.robot} waits at {step.place} for somebody to {_hand_over(step)} the goods"
        case StepStatus.FAILED:
            return f"{mission.robot} could not do its step {step.kind} at {step.place}"
    return None


def _wanted(task: DeliveryTask) -> str:
    if task.treatment is not None:
        return f"disinfection of {task.treatment.zone}"
    if task.inspects:
        return f"{task.kind} of {', '.join(stop.place for stop in task.stops)}"
    if task.announces or task.guides:
        return f"{task.kind} at {', '.join(stop.place for stop in task.stops)}"
    return f"{', '.join(item.name for item in task.items)}, {task.pickup} → {task.dropoff}"


def _hand_over(step: Step) -> str:
    return "load" if step.kind is StepKind.PICK_UP else "take"


def _reasons(reasons: Iterable[Reason]) -> str:
    """Why not: those of whom the same is said together."""
    whom: dict[str, list[str]] = {}
    for reason in reasons:
        whom.setdefault(reason.text, []).append(reason.subject)
    return "; ".join(f"{', '.join(subjects)}: {text}" for text, subjects in whom.items())


def _why(wait: Wait) -> str:
    return wait.because + (f" ({wait.resource}, held by {wait.held_by})" if wait.held_by else f" ({wait.resource})")


def _long(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 100.0 else f"{seconds:.0f} s"


def story(
    site: Site,
    log: Iterable[Recorded],
    happenings: Iterable[Happening],
    subjects: Iterable[str],
    until: datetime,
    zone: tzinfo,
) -> tuple[str, ...]:
    """What led to the moment `until`, for these tasks and robots; the last line says what they wait for then."""
    names = frozenset(subjects)
    teller = _Teller(new_state(site), zone, names)
    for recorded in log:
        if recorded.time > until:
            break
        teller.saw(recorded)
    for robot in tuple(teller.waits):
        teller.end_wait(robot, until)
    lines = [*(Said(h.time, h.text) for h in happenings if h.time <= until), *teller.lines]
    lines.sort(key=lambda line: line.time)
    told = [f"{line.time.astimezone(zone):%H:%M:%S} {line.text}" for line in lines]
    return (*_shortened(told), *_last(teller, site, until, zone))


def _shortened(lines: Sequence[str]) -> Sequence[str]:
    if len(lines) <= LINES:
        return lines
    kept = LINES - 6
    return [*lines[:5], f"… {len(lines) - 5 - kept} lines left out …", *lines[-kept:]]


def _last(teller: _Teller, site: Site, until: datetime, zone: tzinfo) -> Iterable[str]:
    """How the subjects stand in the end."""
    state, clock = teller.state, f"{until.astimezone(zone):%H:%M:%S}"
    robots = {name for name in teller.subjects if name in state.robots}
    for name in sorted(teller.subjects):
        task = state.tasks.get(TaskId(name))
        if task is None or task.status.ended:
            continue
        if task.robot is None:
            yield f"{clock} {name} is {task.status} and waits for a robot: {_reasons(task.reasons) or 'none is free'}"
        else:
            yield f"{clock} {name} is {task.status} with {task.robot}"
            robots.add(task.robot)
    for name in sorted(robots):
        robot = state.robots[RobotId(name)]
        waiting = robot_wait(state, robot, site)
        if waiting is not None:
            yield f"{clock} {name}, at {robot.waypoint}, waits for {waiting.resource}: {waiting.because}"
        elif not robot.able:
            why = robot.note or (f"it is in {robot.mode} mode" if robot.connected else "it is silent")
            yield f"{clock} {name}, at {robot.waypoint}, can't work: {why}"
        elif robot.drive is not None:
            yield f"{clock} {name}, at {robot.waypoint}, is on its way to {robot.drive.goal}"
        else:
            yield f"{clock} {name} stands at {robot.waypoint}"
