"""The plain reference of `itinerary_kernel`: the same questions answered without arrays, to be read and compared with.

Both follow the same rules. A robot sets out on a stretch only when nobody holds anything near it until the robot needs
it no more. Turning on the spot takes its time, and whoever stopped for another robot, or turns, loses `restart` s. Of
all ways to be at a waypoint within one interval the earliest counts, whatever the heading.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from fleet_manager.planning.itinerary_kernel import FOREVER, NEVER
from fleet_manager.planning.stretches import STRAIGHT_ON, Stretch, StretchGraph
from maps.model import WaypointId

_SLACK = 1e-6
"""Seconds by which two times have to differ to be different."""


class Hold(NamedTuple):
    """Robot `robot` needs resource `resource` from `begin` until `end` (s)."""

    robot: int
    resource: int
    begin: float
    end: float


class TimedStretch(NamedTuple):
    """A stretch that is set out on at `start` and whose end is reached at `arrival` (s)."""

    stretch: Stretch
    start: float
    arrival: float


class PlainItinerary(NamedTuple):
    """Where a robot drives and when; the first `to` stretches lead to the goal, the others to where it can stay."""

    way: tuple[TimedStretch, ...]
    to: int

    def arrival(self, ready: float) -> float:
        """When the goal is reached (s)."""
        return self.way[self.to - 1].arrival if self.to else ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Robot `me` is ready at `start` from `ready` (s) on with `heading` (rad, NaN when it is not known).

    It wants to be at `goal` for `dwell` s and then at one of `homes` for ever, between the `holds` of all others.
    """

    graph: StretchGraph
    holds: Sequence[Hold]
    me: int
    start: WaypointId
    ready: float
    heading: float
    goal: WaypointId
    dwell: float
    homes: Collection[WaypointId]

    def of_others(self, resources: Collection[int]) -> Iterator[Hold]:
        return (h for h in self.holds if h.robot != self.me and h.end > h.begin and h.resource in resources)


class _Interval(NamedTuple):
    """A time in which nobody else needs a waypoint."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Label:
    """The robot is at `at` from `time` on; it came over `stretch` (None: it stayed there), begun at `started`."""

    at: WaypointId
    interval: _Interval
    time: float
    heading: float
    home_bound: bool
    before: _Label | None = None
    stretch: Stretch | None = None
    started: float = 0.0


def quickest(question: Question) -> PlainItinerary | None:
    """The itinerary that is at the goal first among those that can get home afterwards; None when there is none.

    Safe intervals as in `itinerary_kernel.sipp`, found in the order of time alone (Dijkstra 1959), without bounds.
    """
    intervals = {w: list(_safe(question, w)) for w in question.graph.number}
    first = _arrival(question, intervals, None, question.start, question.ready, question.heading)
    reached: dict[tuple[WaypointId, _Interval, bool], float] = {}
    to_goal, homewards = _Fringe(), _Fringe()
    if first is not None:
        to_goal.push(first)
    while True:
        label = homewards.pop() or to_goal.pop()
        if label is None:
            return None
        state = (label.at, label.interval, label.home_bound)
        if label.time >= reached.get(state, math.inf):
            continue
        reached[state] = label.time
        if label.home_bound and label.at in question.homes and label.interval.high >= FOREVER:
            return _traced(label)
        following = [_driven(question, intervals, label, s, t, a) for s, t, a in _departures(question, label)]
        if not label.home_bound and label.at == question.goal:
            following.append(_stayed(label, question.dwell))
        for new in following:
            if new is not None:
                (homewards if new.home_bound else to_goal).push(new)


class _Fringe:
    """Labels to be looked at, the earliest first."""

    def __init__(self) -> None:
        self._labels: list[tuple[float, int, _Label]] = []
        self._count = count()

    def push(self, label: _Label) -> None:
        heappush(self._labels, (label.time, next(self._count), label))

    def pop(self) -> _Label | None:
        return heappop(self._labels)[2] if self._labels else None


def _safe(question: Question, waypoint: WaypointId) -> Iterator[_Interval]:
    """When nobody else needs what a robot at the waypoint needs."""
    arrays, number = question.graph.arrays, question.graph.number[waypoint]
    needed = set(arrays.stand[arrays.stand_ptr[number] : arrays.stand_ptr[number + 1]].tolist())
    free_from = -FOREVER
    for hold in sorted(question.of_others(needed), key=lambda hold: hold.begin):
        if hold.begin > free_from:
            yield _Interval(free_from, hold.begin)
        free_from = max(free_from, hold.end)
    if free_from < FOREVER:
        yield _Interval(free_from, FOREVER)


def _arrival(
    question: Question,
    intervals: dict[WaypointId, list[_Interval]],
    before: _Label | None,
    at: WaypointId,
    time: float,
    heading: float,
    stretch: Stretch | None = None,
    started: float = 0.0,
) -> _Label | None:
    """The label of being at a waypoint; None when somebody else needs it then."""
    for interval in reversed(intervals[at]):
        if interval.low - _SLACK <= time <= interval.high + _SLACK:
            home_bound = before is not None and before.home_bound
            return _Label(at, interval, time, heading, home_bound, before, stretch, started)
    return None


def _stayed(label: _Label, dwell: float) -> _Label | None:
    """At the goal, when the robot has stayed there for its time."""
    until = label.time + dwell
    if until > label.interval.high:
        return None
    return _Label(label.at, label.interval, until, label.heading, True, label, None, label.time)


def _driven(
    question: Question,
    intervals: dict[WaypointId, list[_Interval]],
    label: _Label,
    stretch: Stretch,
    start: float,
    arrival: float,
) -> _Label | None:
    heading = label.heading if math.isnan(stretch.heading_out) else stretch.heading_out
    return _arrival(question, intervals, label, stretch.end, arrival, heading, stretch, start)


def _departures(question: Question, label: _Label) -> Iterator[tuple[Stretch, float, float]]:
    """What the robot may drive next, with start and arrival: at once, or as soon as somebody gives way."""
    graph = question.graph
    for stretch in graph.starting_at(label.at):
        angle = 0.0
        if not math.isnan(label.heading) and not math.isnan(stretch.heading_in):
            angle = abs(math.remainder(stretch.heading_in - label.heading, math.tau))
        turn = angle / graph.turn_speed
        needs = _needs(graph, stretch)
        holds = [hold for hold in question.of_others(needs) if hold.end > label.time]

        def meets(start: float, later: float, holds: list[Hold] = holds, needs: dict[int, float] = needs) -> bool:
            return any(h.begin < start + needs[h.resource] + later and h.end > start for h in holds)

        rolling = turn if angle <= STRAIGHT_ON else turn + graph.restart
        stopped = turn + graph.restart
        if not meets(label.time, rolling):
            yield stretch, label.time, label.time + stretch.duration + rolling
        for start in sorted({hold.end for hold in holds}):
            if start <= label.interval.high and start < FOREVER and not meets(start, stopped):
                yield stretch, start, start + stretch.duration + stopped


def _needs(graph: StretchGraph, stretch: Stretch) -> dict[int, float]:
    """The resources of a stretch, with the seconds from its start until the robot needs them no more."""
    numbers, until = graph.near(stretch)
    return dict(zip(numbers.tolist(), until.tolist(), strict=True))


def _traced(label: _Label) -> PlainItinerary:
    way: list[TimedStretch] = []
    back: _Label | None = label
    home = 0
    while back is not None:
        if back.stretch is not None:
            way.append(TimedStretch(back.stretch, back.started, back.time))
            home += back.home_bound
        back = back.before
    return PlainItinerary(tuple(reversed(way)), len(way) - home)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedHold:
    """Robot `robot` holds `resource` from the start of stretch `since` (None: now) until it passes node `until`.

    Without `until` it holds it for ever.
    """

    robot: int
    resource: int
    since: int | None
    until: int | None


@dataclass(slots=True, kw_only=True)
class PlannedStretch:
    """Robot `robot` drives from node `first` - 1, where it waits `wait` s, over `first` … `last`, from `start` on.

    Where another robot holds something of `near` it may not set out, unless it was `given` the stretch already.
    """

    robot: int
    first: int
    last: int
    start: float
    wait: float
    given: bool
    near: frozenset[int]


def retimed(
    now: Sequence[float],
    passed: Sequence[float],
    offset: Sequence[float],
    stretches: Sequence[PlannedStretch],
    holds: Sequence[PlannedHold],
) -> tuple[list[float], list[float]]:
    """When all nodes are passed and all stretches begin, if everybody moves as soon as those before it allow.

    `now` is per robot. Who began first stays first. Node `n` is passed `offset[n]` s after its stretch begins.
    """
    times = list(passed)
    starts = [stretch.start for stretch in stretches]
    for s in sorted(range(len(stretches)), key=lambda s: stretches[s].start):
        stretch = stretches[s]
        present = now[stretch.robot]
        start = times[stretch.first - 1] + stretch.wait
        if not stretch.given:
            start = max([start, present, *_releases(stretch, present, times, stretches, holds)])
        starts[s] = start
        for node in range(stretch.first, stretch.last + 1):
            times[node] = max(start + offset[node], present)
    return times, starts


def _releases(
    stretch: PlannedStretch,
    present: float,
    times: Sequence[float],
    stretches: Sequence[PlannedStretch],
    holds: Sequence[PlannedHold],
) -> Iterator[float]:
    """When those that go before a stretch are out of its way."""
    for hold in holds:
        if hold.robot == stretch.robot or hold.resource not in stretch.near:
            continue
        if hold.since is None or stretches[hold.since].start < stretch.start:
            yield present + NEVER if hold.until is None else times[hold.until]
