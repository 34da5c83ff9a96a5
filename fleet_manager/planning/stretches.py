"""The routing graph as the traffic planner sees it: *stretches*, from one place where a robot may wait to the next.

A robot may wait at waypoints that allow a stop, and in a car whose ride is over; never in doorways, crossings or buffer
rooms. What lies between is driven in one go and therefore allocated in one piece.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fleet_manager.planning.conflicts import Conflicts, Part
from fleet_manager.planning.routes import Move, RouteTables
from maps.model import Fleet, LaneId, LiftId, Site, WaypointId

Ints: TypeAlias = NDArray[np.int32]
Floats: TypeAlias = NDArray[np.float64]

STRAIGHT_ON: Final = math.radians(10.0)
"""Nodes where the direction changes by less are passed without a stop."""


class Leg(NamedTuple):
    """One move: over `lane` or carried by `lift`, to `waypoint`."""

    waypoint: WaypointId
    lane: LaneId | None
    lift: LiftId | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """`legs` driven in one go from `start`; `passed` are the seconds until each leg's end, without waits.

    `heading_in` and `heading_out` (rad) are those of its first and last lane, NaN for a ride without lanes.
    """

    start: WaypointId
    legs: tuple[Leg, ...]
    passed: tuple[float, ...]
    heading_in: float
    heading_out: float

    @property
    def end(self) -> WaypointId:
        return self.legs[-1].waypoint

    @property
    def duration(self) -> float:
        return self.passed[-1]


class Holds(NamedTuple):
    """Resources held for the legs of a stretch: for the way to its `node` (0 is the first leg's end), until node
    `release` is passed; one beyond the stretch's last node while the robot stands there."""

    resource: Ints
    node: Ints
    release: Ints


class StretchArrays(NamedTuple):
    """The stretches for the kernel; waypoints and stretches are numbers, lists are in CSR form.

    `out` lists the stretches by start. `near` are the resources whose holders keep a robot off a stretch, with the
    seconds (`near_until`) from the stretch's start until the robot needs them no more; `stand` those that keep it off a
    waypoint.
    """

    out_ptr: Ints
    out: Ints
    end: Ints
    duration: Floats
    heading_in: Floats
    heading_out: Floats
    near_ptr: Ints
    near: Ints
    near_until: Floats
    stand_ptr: Ints
    stand: Ints


class Resources:
    """Numbers for what robots hold: each part once per footprint class."""

    def __init__(self, conflicts: Conflicts) -> None:
        self._conflicts = conflicts
        self._classes = conflicts.classes
        self._number = {part: i * len(self._classes) for i, part in enumerate(conflicts.parts)}
        self._near: dict[tuple[int, Part], Ints] = {}
        self.count = len(conflicts.parts) * len(self._classes)

    def held(self, footprint: int, parts: Iterable[Part]) -> list[int]:
        """What a robot of class number `footprint` holds with these parts."""
        return [self._number[part] + footprint for part in parts]

    def near(self, footprint: int, part: Part) -> Ints:
        """What others may not hold while a robot of class number `footprint` needs `part`."""
        found = self._near.get((footprint, part))
        if found is None:
            own = self._classes[footprint]
            found = self._near[footprint, part] = np.array(
                [
                    self._number[near] + other
                    for other, footprint_class in enumerate(self._classes)
                    for near in self._conflicts.between(own, footprint_class)[part]
                ],
                dtype=np.int32,
            )
        return found

    def part(self, resource: int) -> Part:
        return self._conflicts.parts[resource // len(self._classes)]


class StretchGraph:
    """All stretches of one fleet. `closed` lanes are left out; at the places of `extra` a robot may wait as well."""

    def __init__(
        self,
        site: Site,
        fleet: Fleet,
        tables: RouteTables,
        conflicts: Conflicts,
        resources: Resources,
        *,
        closed: frozenset[LaneId] = frozenset(),
        extra: frozenset[WaypointId] = frozenset(),
        base: StretchGraph | None = None,
    ) -> None:
        self._site = site
        self._fleet = fleet
        self._tables = tables
        self._conflicts = conflicts
        self._resources = resources
        self._closed = closed
        self._extra = extra
        self.footprint = conflicts.classes.index(conflicts.class_of(fleet.id))
        self.restart = fleet.speed / fleet.acceleration
        """Seconds lost by stopping and starting again."""
        self.turn_speed = fleet.turn_speed
        self._leg_near: dict[tuple[WaypointId, Leg], Ints] = {} if base is None else base._leg_near
        self._near: dict[Stretch, tuple[Ints, Floats]] = {} if base is None else base._near
        self._held: dict[Stretch, Holds] = {} if base is None else base._held
        self._standing: dict[WaypointId, list[int]] = {}
        self._numbers_standing: dict[WaypointId, Ints] = {}
        self._passing: dict[LaneId | None, list[int]] = {}
        self._moves: dict[WaypointId, list[Move]] = {}
        for move in tables.moves():
            if move.lane is None or move.lane.id not in closed:
                self._moves.setdefault(move.start, []).append(move)
        self._from: dict[WaypointId, tuple[Stretch, ...]] = {}
        for start in self._moves:
            known = base._from.get(start) if base is not None else None
            self._from[start] = known if known is not None and self._holds(known) else tuple(self._search(start))

    def _holds(self, known: Sequence[Stretch]) -> bool:
        """Whether stretches of another graph are true here as well."""
        return bool(known) and not any(
            leg.lane in self._closed or leg.waypoint in self._extra for stretch in known for leg in stretch.legs
        )

    def variant(self, closed: frozenset[LaneId], extra: frozenset[WaypointId]) -> StretchGraph:
        """The same graph with other closed lanes and places to wait."""
        return StretchGraph(
            self._site,
            self._fleet,
            self._tables,
            self._conflicts,
            self._resources,
            closed=closed,
            extra=extra,
            base=self,
        )

    def may_wait(self, leg: Leg) -> bool:
        """Whether a robot may stand where this leg ends."""
        waypoint = self._site.waypoints[leg.waypoint]
        if waypoint.lift is not None:
            return leg.lift is not None
        return waypoint.stop or leg.waypoint in self._extra

    def _search(self, start: WaypointId) -> Iterator[Stretch]:
        """The quickest stretch to each place to wait that is reached without another one between (Dijkstra 1959)."""
        done: set[Leg] = set()
        fringe: list[tuple[float, int, WaypointId, tuple[Leg, ...]]] = [(0.0, 0, start, ())]
        count = 0
        found: set[WaypointId] = set()
        while fringe:
            seconds, _, at, legs = heappop(fringe)
            if legs:
                if legs[-1] in done:
                    continue
                done.add(legs[-1])
                if self.may_wait(legs[-1]):
                    if at not in found:
                        found.add(at)
                        yield self.stretch(start, legs)
                    continue
            visited = {start, *(leg.waypoint for leg in legs)}
            for move in self._moves.get(at, ()):
                if move.end not in visited:
                    count += 1
                    leg = Leg(move.end, move.lane.id if move.lane else None, move.lift.id if move.lift else None)
                    heappush(fringe, (seconds + move.seconds, count, move.end, (*legs, leg)))

    def stretch(self, start: WaypointId, legs: Sequence[Leg]) -> Stretch:
        """Put times to legs: driving, turns on the spot between them, rides."""
        before = start
        seconds = 0.0
        passed: list[float] = []
        first = heading = math.nan
        for leg in legs:
            seconds += self._tables.seconds(before, leg.waypoint)
            if leg.lane is not None:
                new = self._heading(before, leg.waypoint)
                seconds += self.turn(heading, new)
                first = new if math.isnan(first) else first
                heading = new
            passed.append(seconds)
            before = leg.waypoint
        return Stretch(start, tuple(legs), tuple(passed), first, heading)

    def _heading(self, start: WaypointId, end: WaypointId) -> float:
        a, b = self._site.waypoints[start], self._site.waypoints[end]
        return math.atan2(b.y - a.y, b.x - a.x)

    def turn(self, before: float, after: float) -> float:
        """Seconds for turning on the spot, the stop and the start included; 0 straight on or when a heading is NaN."""
        if math.isnan(before) or math.isnan(after):
            return 0.0
        angle = abs(math.remainder(after - before, math.tau))
        return angle / self.turn_speed + self.restart if angle > STRAIGHT_ON else 0.0

    def starting_at(self, start: WaypointId) -> tuple[Stretch, ...]:
        return self._from.get(start, ())

    def near(self, stretch: Stretch) -> tuple[Ints, Floats]:
        """Resources whose holders keep a robot off the stretch, and until when (s from its start) it needs them."""
        found = self._near.get(stretch)
        if found is None:
            before = stretch.start
            resources, until = [], []
            for leg, passed in zip(stretch.legs, stretch.passed, strict=True):
                near = self._leg_resources(before, leg)
                resources.append(near)
                until.append(np.full(len(near), passed))
                before = leg.waypoint
            latest_first = np.concatenate(resources)[::-1]
            numbers, places = np.unique(latest_first, return_index=True)
            found = self._near[stretch] = (numbers, np.concatenate(until)[::-1][places])
        return found

    def _leg_resources(self, before: WaypointId, leg: Leg) -> Ints:
        key = (before, leg)
        found = self._leg_near.get(key)
        if found is None:
            parts = self._conflicts.moving(before, leg.waypoint, leg.lane)
            near = [self._resources.near(self.footprint, part) for part in parts]
            found = self._leg_near[key] = np.unique(np.concatenate(near))
        return found

    def near_standing(self, waypoint: WaypointId) -> Ints:
        """Resources whose holders keep a robot off a waypoint."""
        parts = self._conflicts.standing(waypoint)
        return np.unique(np.concatenate([self._resources.near(self.footprint, part) for part in parts]))

    def held_standing(self, waypoint: WaypointId) -> list[int]:
        """What a robot holds that stands at a waypoint."""
        found = self._standing.get(waypoint)
        if found is None:
            found = self._resources.held(self.footprint, self._conflicts.standing(waypoint))
            self._standing[waypoint] = found
        return found

    def numbers_standing(self, waypoint: WaypointId) -> Ints:
        """The same for the kernel."""
        found = self._numbers_standing.get(waypoint)
        if found is None:
            found = self._numbers_standing[waypoint] = np.array(self.held_standing(waypoint), dtype=np.int32)
        return found

    def held_passing(self, lane: LaneId | None) -> list[int]:
        """What it holds besides while it is on a lane, or rides (None)."""
        found = self._passing.get(lane)
        if found is None:
            found = self._passing[lane] = self._resources.held(self.footprint, self._conflicts.passing(lane))
        return found

    def holds(self, stretch: Stretch) -> Holds:
        """What a robot holds on a stretch, beyond the place where it sets out."""
        found = self._held.get(stretch)
        if found is None:
            resources: list[int] = []
            nodes: list[int] = []
            releases: list[int] = []
            for i, leg in enumerate(stretch.legs):
                for numbers, release in (
                    (self.held_passing(leg.lane), i),
                    (self.held_standing(leg.waypoint), i + 1),
                ):
                    resources += numbers
                    nodes += [i] * len(numbers)
                    releases += [release] * len(numbers)
            found = self._held[stretch] = Holds(
                np.array(resources, dtype=np.int32),
                np.array(nodes, dtype=np.int32),
                np.array(releases, dtype=np.int32),
            )
        return found

    # --- for the kernel ----------------------------------------------------------------------------------

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """All stretches in the order of the arrays."""
        return tuple(s for w in self._site.waypoints for s in self._from.get(w, ()))

    @cached_property
    def number(self) -> Mapping[WaypointId, int]:
        """The waypoints' numbers in the arrays."""
        return {w: i for i, w in enumerate(self._site.waypoints)}

    @cached_property
    def arrays(self) -> StretchArrays:
        counts = [len(self._from.get(w, ())) for w in self._site.waypoints]
        near = [self.near(s) for s in self.stretches]
        stand = [self.near_standing(waypoint) for waypoint in self._site.waypoints]
        return StretchArrays(
            out_ptr=_pointers(counts),
            out=np.arange(len(self.stretches), dtype=np.int32),
            end=np.array([self.number[s.end] for s in self.stretches], dtype=np.int32),
            duration=np.array([s.duration for s in self.stretches], dtype=np.float64),
            heading_in=np.array([s.heading_in for s in self.stretches], dtype=np.float64),
            heading_out=np.array([s.heading_out for s in self.stretches], dtype=np.float64),
            near_ptr=_pointers([len(numbers) for numbers, _ in near]),
            near=np.concatenate([np.zeros(0, dtype=np.int32), *(numbers for numbers, _ in near)]),
            near_until=np.concatenate([np.zeros(0), *(until for _, until in near)]),
            stand_ptr=_pointers([len(numbers) for numbers in stand]),
            stand=np.concatenate([np.zeros(0, dtype=np.int32), *stand]),
        )


def _pointers(counts: Sequence[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
