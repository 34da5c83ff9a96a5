"""The figures of a run: what became of the tasks, what the robots' time went to, who passed where, and lifts in use.

All are computed from a `ScenarioResult` with its event log and motion, and plain enough to be written as JSON. Times
are seconds after the scenario's beginning.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from fleet_manager.domain import events as e
from fleet_manager.domain.robots import DeviceKind, RouteNode
from fleet_manager.domain.tasks import ItemState, TaskStatus
from maps.model import Battery, DoorId, FleetId, LaneId, LevelId, LiftId, Point, RobotId, Site, WaypointId, ZoneId
from sim.expectations import Delivered, parse
from sim.judgement import Asked
from sim.port import Segment
from sim.report.activities import RESTS, Activity, Span, robots_of, spans_of
from sim.scenario_fields import seconds_after
from sim.scenario_run import ScenarioResult

_SECONDS_PER_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFigures:
    """`refused` requests are not among `accepted` tasks. Waits are from the request (or earliest start) until the goods
    are picked up, or until the end; None without tasks.

    `due` tasks have a deadline, their own or one that an expectation sets; `on_time` of them were completed by then.
    """

    accepted: int
    refused: int
    completed: int
    due: int
    on_time: int
    per_hour: float
    wait_p50: float | None
    wait_p90: float | None
    wait_max: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Goods of `task` were loaded, or unloaded."""

    time: float
    task: str
    place: WaypointId
    loaded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotFigures:
    """`distance` in metres as driven, rides not counted; `seconds` by activity sum up to the whole time.

    `energy_wh` was taken from the battery, by its drains. `lowest_charge` of all that was told, and at the end.
    """

    robot: RobotId
    fleet: FleetId
    distance: float
    energy_wh: float
    lowest_charge: float | None
    delivered: int
    seconds: Mapping[Activity, float]
    spans: tuple[Span, ...]
    hand_overs: tuple[HandOver, ...]

    @property
    def utilisation(self) -> float:
        """Share of the time in which it had something to do."""
        whole = sum(self.seconds.values())
        rest = sum(self.seconds[activity] for activity in RESTS)
        return 1.0 - rest / whole if whole > 0.0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneFigures:
    """How often robots drove along a lane, and how long that took together, waits before it included."""

    lane: LaneId
    passages: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftSpan:
    """From a robot's call for a lift until it left the car, or the line (then it is not `ridden`)."""

    robot: RobotId
    start: float
    end: float
    ridden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftFigures:
    """`share` of the time in which the lift was some robot's; `trips` are robots' rides."""

    lift: LiftId
    trips: int
    share: float
    spans: tuple[LiftSpan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that people or faults did, or an alert of the fleet manager; `level`, `x` and `y` are where, if known.

    `robot` is the one that it is about.
    """

    time: float
    text: str
    alert: bool
    robot: RobotId | None = None
    level: LevelId | None = None
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """`seconds` is how long the run was; `time_spent` sums up all robots, and `lanes` are those that were driven."""

    seconds: float
    tasks: TaskFigures
    distance: float
    energy_wh: float
    lowest_charge: float | None
    utilisation: float
    time_spent: Mapping[Activity, float]
    robots: tuple[RobotFigures, ...]
    lanes: tuple[LaneFigures, ...]
    lifts: tuple[LiftFigures, ...]
    incidents: tuple[Incident, ...]


def figures_of(result: ScenarioResult, site: Site) -> Figures:
    """`site` is the scenario's; `result` still has its `log` and `motion`."""
    seconds = (result.end - result.start).total_seconds()
    passages = list(_passages(result))
    segments = _segments(result)
    robots = tuple(_robots(result, site, segments))
    spent = {activity: sum(robot.seconds[activity] for robot in robots) for activity in Activity}
    at_work = sum(seconds for activity, seconds in spent.items() if activity not in RESTS)
    charges = [robot.lowest_charge for robot in robots if robot.lowest_charge is not None]
    return Figures(
        seconds=seconds,
        tasks=_tasks(result, seconds),
        distance=sum(robot.distance for robot in robots),
        energy_wh=sum(robot.energy_wh for robot in robots),
        lowest_charge=min(charges, default=None),
        utilisation=at_work / (seconds * len(robots)) if robots and seconds > 0.0 else 0.0,
        time_spent=spent,
        robots=robots,
        lanes=tuple(_lanes(passages)),
        lifts=tuple(_lifts(result, site, passages, seconds)),
        incidents=tuple(_incidents(result, site, segments)),
    )


def _since(result: ScenarioResult, time: datetime) -> float:
    return (time - result.start).total_seconds()


# --- tasks -----------------------------------------------------------------------------------------------------


def _tasks(result: ScenarioResult, seconds: float) -> TaskFigures:
    waits = [_wait(asked, result.end) for asked in result.tasks]
    due = [(deadline, asked) for asked in result.tasks if (deadline := _due(asked, result)) is not None]
    return TaskFigures(
        accepted=len(result.tasks),
        refused=len(result.refused),
        completed=result.completed,
        due=len(due),
        on_time=sum(_done_by(asked, deadline) for deadline, asked in due),
        per_hour=result.completed / seconds * _SECONDS_PER_HOUR if seconds > 0.0 else 0.0,
        wait_p50=_percentile(waits, 50.0),
        wait_p90=_percentile(waits, 90.0),
        wait_max=max(waits, default=None),
    )


def _wait(asked: Asked, end: datetime) -> float:
    view = asked.view
    begins = max(view.requested_at, view.earliest_start or view.requested_at)
    over = view.picked_up_at or view.ended_at or end
    return max(0.0, (over - begins).total_seconds())


def _percentile(values: Sequence[float], percent: float) -> float | None:
    return float(np.percentile(values, percent)) if values else None


def _due(asked: Asked, result: ScenarioResult) -> datetime | None:
    """The first deadline of a task, its own or an expectation's."""
    deadlines = [] if asked.view.due is None else [asked.view.due]
    begin = f"{result.start.astimezone(ZoneInfo(result.timezone)):%H:%M:%S}"
    for outcome in result.outcomes:
        expected = parse(outcome.sentence)
        if isinstance(expected, Delivered) and expected.deadline is not None and asked.belongs_to(expected.group):
            clock, minutes = expected.deadline.clock, expected.deadline.minutes
            if clock is not None:
                deadlines.append(result.start + timedelta(seconds=seconds_after(begin, clock)))
            elif minutes is not None:
                deadlines.append(asked.view.requested_at + timedelta(minutes=minutes))
    return min(deadlines, default=None)


def _done_by(asked: Asked, deadline: datetime) -> bool:
    view = asked.view
    return view.status is TaskStatus.COMPLETED and view.ended_at is not None and view.ended_at <= deadline


# --- robots ----------------------------------------------------------------------------------------------------


def _segments(result: ScenarioResult) -> dict[RobotId, list[Segment]]:
    """The motion of each robot, in order of time."""
    segments: dict[RobotId, list[Segment]] = {}
    for segment in result.motion.segments:
        segments.setdefault(segment.robot, []).append(segment)
    return segments


def _robots(
    result: ScenarioResult, site: Site, segments: Mapping[RobotId, Sequence[Segment]]
) -> Iterator[RobotFigures]:
    spans = spans_of(site, result.log, result.start, result.end)
    lowest = _lowest_charges(result)
    hand_overs = _hand_overs(result)
    carried = Counter(
        RobotId(asked.view.robot)
        for asked in result.tasks
        if asked.view.robot is not None and asked.view.status is TaskStatus.COMPLETED
    )
    fleet_of = {robot.id: fleet for fleet in site.fleets.values() for robot in fleet.robots}
    for robot in robots_of(site):
        seconds = dict.fromkeys(Activity, 0.0)
        for span in spans[robot]:
            seconds[span.activity] += span.seconds
        fleet, driven = fleet_of[robot], segments.get(robot, ())
        yield RobotFigures(
            robot=robot,
            fleet=fleet.id,
            distance=sum(abs(_travelled(segment)) for segment in driven),
            energy_wh=_energy(fleet.battery, sum(segment.duration for segment in driven), seconds),
            lowest_charge=lowest.get(robot),
            delivered=carried[robot],
            seconds=seconds,
            spans=spans[robot],
            hand_overs=tuple(hand_overs.get(robot, ())),
        )


def _travelled(segment: Segment) -> float:
    return segment.speed * segment.duration + 0.5 * segment.acceleration * segment.duration**2


def _energy(battery: Battery, moving: float, seconds: Mapping[Activity, float]) -> float:
    """Watt hours: at the drive's drain while it moves, at the idle drain while it stands off a charger."""
    standing = max(0.0, sum(seconds.values()) - seconds[Activity.CHARGING] - moving)
    return (battery.drive_drain * moving + battery.idle_drain * standing) / _SECONDS_PER_HOUR


def _lowest_charges(result: ScenarioResult) -> dict[RobotId, float]:
    lowest = dict(result.charges)
    for recorded in result.log:
        event = recorded.event
        if isinstance(event, e.NodePassed | e.CommandEnded | e.ReportNoted) and event.state_of_charge is not None:
            lowest[event.robot] = min(lowest.get(event.robot, 1.0), event.state_of_charge)
    return lowest


def _hand_overs(result: ScenarioResult) -> dict[RobotId, list[HandOver]]:
    found: dict[RobotId, list[HandOver]] = {}
    for recorded in result.log:
        event = recorded.event
        if isinstance(event, e.ItemsHandedOver):
            loaded = any(state is ItemState.ON_BOARD for _, state, _ in event.items)
            time = _since(result, recorded.time)
            hand_over = HandOver(time=time, task=event.task, place=event.place, loaded=loaded)
            found.setdefault(event.robot, []).append(hand_over)
    return found


# --- lanes and lifts -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Passage:
    """A robot passed a node, having left the one before `seconds` ago; without either on the spot it had stood at."""

    robot: RobotId
    time: float
    lane: LaneId | None
    lift: LiftId | None
    seconds: float


def _passages(result: ScenarioResult) -> Iterator[_Passage]:
    """Every node passed, by the routes as they were claimed."""
    nodes: dict[RobotId, dict[int, RouteNode]] = {}
    left: dict[RobotId, datetime] = {}
    for recorded in result.log:
        event = recorded.event
        match event:
            case e.RouteClaimed(robot=robot, drive=drive):
                nodes.setdefault(robot, {}).update((node.sequence, node) for node in drive.nodes)
                left.setdefault(robot, recorded.time)
            case e.NodePassed(robot=robot, sequence=sequence, at=at):
                node = nodes[robot][sequence]
                seconds = (at - left.get(robot, at)).total_seconds()
                yield _Passage(robot, _since(result, at), node.lane, node.lift, max(0.0, seconds))
                left[robot] = at
            case e.DriveEnded(robot=robot):
                left.pop(robot, None)


def _lanes(passages: Iterable[_Passage]) -> Iterator[LaneFigures]:
    count: Counter[LaneId] = Counter()
    seconds: dict[LaneId, float] = {}
    for passage in passages:
        if passage.lane is not None:
            count[passage.lane] += 1
            seconds[passage.lane] = seconds.get(passage.lane, 0.0) + passage.seconds
    for lane in sorted(count):
        yield LaneFigures(lane=lane, passages=count[lane], seconds=seconds[lane])


def _lifts(result: ScenarioResult, site: Site, passages: Iterable[_Passage], seconds: float) -> Iterator[LiftFigures]:
    rides: dict[LiftId, list[_Passage]] = {lift: [] for lift in site.lifts}
    for passage in passages:
        if passage.lift is not None:
            rides[passage.lift].append(passage)
    sessions: dict[LiftId, list[tuple[RobotId, float, float]]] = {lift: [] for lift in site.lifts}
    for lift, robot, start, end in _sessions(result, seconds):
        sessions[lift].append((robot, start, end))
    for lift, known in rides.items():
        spans = tuple(
            LiftSpan(
                robot=robot,
                start=start,
                end=end,
                ridden=any(ride.robot == robot and start <= ride.time <= end for ride in known),
            )
            for robot, start, end in sorted(sessions[lift], key=lambda session: session[1:])
        )
        share = _covered(spans) / seconds if seconds > 0.0 else 0.0
        yield LiftFigures(lift=lift, trips=len(known), share=share, spans=spans)


def _sessions(result: ScenarioResult, seconds: float) -> Iterator[tuple[LiftId, RobotId, float, float]]:
    """Each session of a lift: from when to when it was which robot's."""
    opened: dict[str, tuple[LiftId, RobotId, float]] = {}
    for recorded in result.log:
        match recorded.event:
            case e.SessionStarted(session=session) if session.kind is DeviceKind.LIFT:
                opened[session.id] = (LiftId(session.device), session.robot, _since(result, recorded.time))
            case e.SessionEnded(session=name) | e.SessionRefused(session=name) | e.RobotTurnedAway(session=name) if (
                name in opened
            ):
                yield (*opened.pop(name), _since(result, recorded.time))
    for known in opened.values():
        yield (*known, seconds)


def _covered(spans: Iterable[LiftSpan]) -> float:
    """Seconds in which at least one of the spans lasts; they come in order of their start."""
    covered, until = 0.0, 0.0
    for span in spans:
        covered += max(0.0, span.end - max(span.start, until))
        until = max(until, span.end)
    return covered


# --- what happened ---------------------------------------------------------------------------------------------


def _incidents(result: ScenarioResult, site: Site, segments: Mapping[RobotId, Sequence[Segment]]) -> list[Incident]:
    """What people and faults did, and the alerts, in order of time."""
    said = [(happening.time, happening.text, False, happening.subjects) for happening in result.happenings]
    said += [
        (event.alert.since, event.alert.text, True, (event.alert.subject,))
        for event in (recorded.event for recorded in result.log)
        if isinstance(event, e.AlertRaised)
    ]
    found: list[Incident] = []
    for time, text, alert, about in sorted(said, key=lambda one: (one[0], one[2], one[1])):
        seconds = _since(result, time)
        robot = next((RobotId(name) for name in about if name in result.motion.starts), None)
        place = _robot_place(result, segments, robot, seconds) if robot is not None else _first_place(site, about)
        level, x, y = (None, None, None) if place is None else (place[0], *place[1])
        found.append(Incident(time=seconds, text=text, alert=alert, robot=robot, level=level, x=x, y=y))
    return found


def _first_place(site: Site, names: Iterable[str]) -> tuple[LevelId | None, Point] | None:
    return next((place for name in names if (place := _place(site, name)) is not None), None)


def _place(site: Site, name: str) -> tuple[LevelId | None, Point] | None:
    """Where something of the site is; a lift is on every level (None)."""
    if (lane := site.lanes.get(LaneId(name))) is not None:
        start, end = site.waypoints[lane.start], site.waypoints[lane.end]
        return start.level, _middle((start.xy, end.xy))
    if (door := site.doors.get(DoorId(name))) is not None:
        return door.level, _middle((door.start, door.end))
    if (lift := site.lifts.get(LiftId(name))) is not None:
        return None, (lift.x, lift.y)
    if (zone := site.zones.get(ZoneId(name))) is not None:
        return zone.level, _middle(zone.polygon)
    waypoint = site.waypoints.get(WaypointId(name))
    return None if waypoint is None else (waypoint.level, waypoint.xy)


def _middle(points: Sequence[Point]) -> Point:
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def _robot_place(
    result: ScenarioResult, segments: Mapping[RobotId, Sequence[Segment]], robot: RobotId, seconds: float
) -> tuple[LevelId, Point]:
    """Where a body was, by the pieces of its motion."""
    driven = segments.get(robot, ())
    before = bisect_right(driven, seconds, key=lambda piece: piece.time)
    if before == 0:
        began = result.motion.starts[robot]
        return began.level, (began.x, began.y)
    piece = driven[before - 1]
    passed = min(piece.duration, seconds - piece.time)
    way = piece.speed * passed + 0.5 * piece.acceleration * passed**2
    return piece.level, (piece.x + way * math.cos(piece.yaw), piece.y + way * math.sin(piece.yaw))
