"""What became of deliveries, and what the fleet's time went to, in a span of the past: read from the event log.

What began before the span counts from its beginning. A delivery belongs to the span in which it ended.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Any, Final

from fleet_manager.domain.errors import NotFound
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import EventView, TaskView
from maps.model import CarrierKind, Site

ETA_KEPT: Final = timedelta(minutes=3)
"""An arrival that was told hits when the delivery is over at most so much later or earlier."""

_PAGE: Final = 250
"""Events that are read at once; between two pages the fleet manager does its other work."""

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HourFigures:
    """The deliveries that ended within the hour that begins at `begin`."""

    begin: datetime
    delivered: int
    failed: int
    cancelled: int
    stat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WardFigures:
    """Deliveries to a place. `eta_hits` of the `eta_told` first ETAs were right within `ETA_KEPT`.

    `median_minutes` is from the request, or the earliest start, to the end.
    """

    place: str
    delivered: int
    due: int
    on_time: int
    eta_told: int
    eta_hits: int
    median_minutes: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotFigures:
    """`distance` in metres on lanes, `loaded` of it with goods on board; `busy` seconds on a mission of its own or
    others'; `waited` seconds standing for others, doors, lifts and people."""

    robot: str
    fleet: str
    delivered: int
    distance: float
    loaded: float
    busy: float
    waited: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFigures:
    """`cause`: robot, lift, door, crossing, person or way; `seconds` of all robots together."""

    cause: str
    times: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftFigures:
    """`seconds` in which a robot had the lift to itself."""

    lift: str
    rides: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class InterventionFigures:
    """How often people had to see to something; `what` is an alert's kind, `porter`, `retry` or `help`."""

    what: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Analytics:
    """All figures of a span. `pickup_p50` and `pickup_p90` are minutes from the request, or the earliest start, until
    the goods are on board. None where there was nothing to measure."""

    begin: datetime
    end: datetime
    delivered: int
    failed: int
    cancelled: int
    stat: int
    due: int
    on_time: int
    pickup_p50: float | None
    pickup_p90: float | None
    hours: tuple[HourFigures, ...]
    wards: tuple[WardFigures, ...]
    robots: tuple[RobotFigures, ...]
    waits: tuple[WaitFigures, ...]
    lifts: tuple[LiftFigures, ...]
    interventions: tuple[InterventionFigures, ...]


async def analytics(manager: FleetManager, begin: datetime, end: datetime) -> Analytics:
    """The figures from `begin` to before `end`."""
    fold = Fold(manager.site, begin, end)
    after = await _last_before(manager, begin)
    while True:
        events = await manager.events(after, _PAGE)
        for event in events:
            if event.time >= end:
                break
            fold.saw(event)
        else:
            if len(events) == _PAGE:
                after = events[-1].seq
                await asyncio.sleep(0)
                continue
        break
    tasks: list[TaskView] = []
    for task in fold.ended:
        try:
            tasks.append(await manager.task(task))
        except NotFound:
            continue
    return fold.result(tasks)


async def _last_before(manager: FleetManager, moment: datetime) -> int:
    """The number of the last event before a moment, by bisection: the log is in order of time."""
    low, high = 0, 1
    while (found := await manager.events(high, 1)) and found[0].time < moment:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        found = await manager.events(middle, 1)
        if found and found[0].time < moment:
            low = middle + 1
        else:
            high = middle
    return low


@dataclass(slots=True)
class _Robot:
    """What is known of a robot on the way through the log."""

    waypoint: str | None = None
    distance: float = 0.0
    loaded: float = 0.0
    on_board: dict[str, None] = field(default_factory=dict)
    goods_seen: bool = False
    busy: float = 0.0
    waited: float = 0.0


class Fold:
    """Takes the events of a span, oldest first."""

    def __init__(self, site: Site, begin: datetime, end: datetime) -> None:
        self._site = site
        self._begin, self._end = begin, end
        self._lengths: dict[tuple[str | None, str], float] = {
            (lane.start, lane.end): lane.length for lane in site.lanes.values()
        }
        self._robots: dict[str, _Robot] = defaultdict(_Robot)
        self._missions: dict[str, tuple[str, datetime]] = {}
        self._waiting: dict[str, tuple[str, datetime]] = {}
        self._persons: dict[str, tuple[str, datetime]] = {}
        self._sessions: dict[str, tuple[str, datetime]] = {}
        self._waits: dict[str, list[float]] = defaultdict(list)
        self._rides: dict[str, list[float]] = defaultdict(list)
        self._interventions: Counter[str] = Counter()
        self._promised: dict[str, datetime] = {}
        self._newest = begin
        self.ended: dict[str, datetime] = {}
        """The tasks that ended, and when."""
        self._does: Mapping[str, Callable[[dict[str, Any], datetime], None]] = {
            "task_assigned": self._assigned,
            "eta_changed": self._eta_changed,
            "task_ended": self._task_ended,
            "items_handed_over": self._handed_over,
            "mission_started": lambda data, at: self._mission(data["mission"], at),
            "mission_ended": self._mission_ended,
            "step_changed": self._step_changed,
            "node_passed": self._passed,
            "wait_started": self._wait_started,
            "wait_ended": self._wait_ended,
            "session_started": self._session_started,
            "session_ended": self._session_ended,
            "alert_raised": lambda data, at: self._intervention(data["alert"]["kind"]),
            "porter_requested": lambda data, at: self._intervention("porter"),
            "retry_allowed": lambda data, at: self._intervention("retry"),
            "robot_helped": lambda data, at: self._intervention("help"),
        }

    def saw(self, event: EventView) -> None:
        self._newest = event.time
        does = self._does.get(event.kind)
        if does is not None:
            does(event.data, event.time)

    def result(self, tasks: Iterable[TaskView]) -> Analytics:
        """The figures, given the tasks that ended."""
        until = min(self._end, max(self._newest, self._begin))
        for cause, since in (*self._waiting.values(), *self._persons.values()):
            self._waits[cause].append((until - since).total_seconds())
        for robot, (_, since) in self._waiting.items():
            self._robots[robot].waited += (until - since).total_seconds()
        for robot, since in self._missions.values():
            self._robots[robot].busy += (until - since).total_seconds()
        goods = [task for task in tasks if task.items]
        done = [task for task in goods if task.status == "completed"]
        pickups = [_minutes(task, task.picked_up_at) for task in done if task.picked_up_at is not None]
        return Analytics(
            begin=self._begin,
            end=self._end,
            delivered=len(done),
            failed=sum(task.status == "failed" for task in goods),
            cancelled=sum(task.status == "cancelled" for task in goods),
            stat=sum(task.priority == "stat" for task in done),
            due=sum(task.due is not None for task in done),
            on_time=sum(_on_time(task) for task in done),
            pickup_p50=median(pickups) if pickups else None,
            pickup_p90=quantiles(pickups, n=10)[-1] if len(pickups) > 1 else (pickups[0] if pickups else None),
            hours=tuple(self._hours(goods)),
            wards=tuple(self._wards(done)),
            robots=tuple(self._robot_figures(done)),
            waits=tuple(
                WaitFigures(cause=cause, times=len(spans), seconds=sum(spans))
                for cause, spans in sorted(self._waits.items(), key=lambda found: -sum(found[1]))
            ),
            lifts=tuple(
                LiftFigures(lift=lift, rides=len(spans), seconds=sum(spans))
                for lift, spans in sorted(self._rides.items())
            ),
            interventions=tuple(
                InterventionFigures(what=what, times=times) for what, times in self._interventions.most_common()
            ),
        )

    # --- deliveries --------------------------------------------------------------------------------------

    def _assigned(self, data: dict[str, Any], at: datetime) -> None:
        self._mission(data["mission"], at)
        self._promise(data["task"], data["eta"])

    def _eta_changed(self, data: dict[str, Any], at: datetime) -> None:
        self._promise(data["task"], data["eta"])

    def _promise(self, task: str, eta: str | None) -> None:
        if eta is not None:
            self._promised.setdefault(task, datetime.fromisoformat(eta))

    def _task_ended(self, data: dict[str, Any], at: datetime) -> None:
        self.ended[data["task"]] = at

    def _hours(self, tasks: list[TaskView]) -> Iterable[HourFigures]:
        ended: dict[datetime, list[TaskView]] = defaultdict(list)
        for task in tasks:
            ended[self._begin + (self.ended[task.id] - self._begin) // _HOUR * _HOUR].append(task)
        hour = self._begin
        while hour < self._end:
            within = ended.get(hour, [])
            count = Counter(str(task.status) for task in within)
            stat = sum(task.priority == "stat" and task.status == "completed" for task in within)
            yield HourFigures(
                begin=hour,
                delivered=count["completed"],
                failed=count["failed"],
                cancelled=count["cancelled"],
                stat=stat,
            )
            hour += _HOUR

    def _wards(self, done: list[TaskView]) -> Iterable[WardFigures]:
        by_place: dict[str, list[TaskView]] = defaultdict(list)
        for task in done:
            by_place[task.dropoff].append(task)
        for place, tasks in sorted(by_place.items(), key=lambda found: (-len(found[1]), found[0])):
            told = [task for task in tasks if task.id in self._promised]
            yield WardFigures(
                place=place,
                delivered=len(tasks),
                due=sum(task.due is not None for task in tasks),
                on_time=sum(_on_time(task) for task in tasks),
                eta_told=len(told),
                eta_hits=sum(abs(self.ended[task.id] - self._promised[task.id]) <= ETA_KEPT for task in told),
                median_minutes=median(_minutes(task, self.ended[task.id]) for task in tasks),
            )

    # --- robots ------------------------------------------------------------------------------------------

    def _robot_figures(self, done: list[TaskView]) -> Iterable[RobotFigures]:
        delivered = Counter(task.robot for task in done)
        for fleet in self._site.fleets.values():
            if fleet.carrier is CarrierKind.PERSON:
                continue
            for robot in fleet.robots:
                known = self._robots[robot.id]
                yield RobotFigures(
                    robot=robot.id,
                    fleet=fleet.id,
                    delivered=delivered[robot.id],
                    distance=known.distance,
                    loaded=known.loaded,
                    busy=known.busy,
                    waited=known.waited,
                )

    def _passed(self, data: dict[str, Any], at: datetime) -> None:
        robot = self._robots[data["robot"]]
        length = self._lengths.get((robot.waypoint, data["waypoint"]), 0.0)
        robot.waypoint = data["waypoint"]
        robot.distance += length
        if robot.on_board:
            robot.loaded += length

    def _handed_over(self, data: dict[str, Any], at: datetime) -> None:
        robot = self._robots[data["robot"]]
        loads = dict.fromkeys(item for item, _ in data["loads"])
        if not robot.goods_seen and any(state != "on_board" for _, state, _ in data["items"]):
            robot.loaded = robot.distance
        robot.goods_seen = True
        robot.on_board = loads

    def _mission(self, mission: dict[str, Any], at: datetime) -> None:
        self._missions[mission["id"]] = (mission["robot"], at)

    def _mission_ended(self, data: dict[str, Any], at: datetime) -> None:
        found = self._missions.pop(data["mission"], None)
        if found is not None:
            robot, since = found
            self._robots[robot].busy += (at - since).total_seconds()

    # --- waits, lifts, people ----------------------------------------------------------------------------

    def _wait_started(self, data: dict[str, Any], at: datetime) -> None:
        self._wait_ended(data, at)
        wait = data["wait"]
        self._waiting[data["robot"]] = (self._cause(wait["resource"], wait["held_by"]), at)

    def _wait_ended(self, data: dict[str, Any], at: datetime) -> None:
        found = self._waiting.pop(data["robot"], None)
        if found is not None:
            cause, since = found
            seconds = (at - since).total_seconds()
            self._waits[cause].append(seconds)
            self._robots[data["robot"]].waited += seconds

    def _cause(self, resource: str, held_by: str | None) -> str:
        site = self._site
        for cause, known in (("lift", site.lifts), ("door", site.doors), ("crossing", site.crossings)):
            if resource in known:
                return cause
        return "robot" if held_by is not None else "way"

    def _step_changed(self, data: dict[str, Any], at: datetime) -> None:
        found = self._persons.pop(data["step"], None)
        if found is not None:
            self._waits["person"].append((at - found[1]).total_seconds())
        if data["status"] == "waiting_for_person":
            self._persons[data["step"]] = ("person", at)

    def _session_started(self, data: dict[str, Any], at: datetime) -> None:
        session = data["session"]
        if session["kind"] == "lift":
            self._sessions[session["id"]] = (session["device"], at)

    def _session_ended(self, data: dict[str, Any], at: datetime) -> None:
        found = self._sessions.pop(data["session"], None)
        if found is not None:
            self._rides[found[0]].append((at - found[1]).total_seconds())

    def _intervention(self, what: str) -> None:
        self._interventions[what] += 1


def _on_time(task: TaskView) -> bool:
    return task.due is not None and task.ended_at is not None and task.ended_at <= task.due


def _minutes(task: TaskView, moment: datetime) -> float:
    begun = max(task.requested_at, task.earliest_start or task.requested_at)
    return max(0.0, (moment - begun).total_seconds() / 60.0)
