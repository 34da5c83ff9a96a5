"""Corridors with two one-way lanes, keep right, and what hangs off them: bays, crossings and side corridors.

Measures follow from the robots: a body 0.7 m × 0.5 m turns within a disc of radius 0.45 m, so lanes 1.3 m apart
and bays 1.9 m off their lane never touch. At a *junction* robots change lanes, turn around and enter bays; at a
*crossing* of corridors four waypoints form a small roundabout. Nobody waits at either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from maps.generator.plan import Box, Frame, Plan
from maps.model import DoorKind, Point, WaypointId

HALF_LANE_GAP = 0.65
"""From the corridor's centre line to either lane (m)."""

HALF_WIDTH = 1.6
"""From the corridor's centre line to its walls (m)."""

BAY_DEPTH = 1.9
"""From a lane to the bays beside it (m)."""

BAY_OFFSET = 1.6
"""Along the lane from a junction to the bays before and behind it (m): two doors side by side."""

DOOR_WIDTH = 1.2


class Side(Enum):
    """Seen along the corridor. The lane ahead runs on the right, the lane back on the left."""

    LEFT = 1
    RIGHT = -1


class Stop(Enum):
    """What a station of a corridor is for."""

    PASS = "pass"
    """Robots may wait here in their lane."""
    BARRED = "barred"
    """Robots drive through without stopping, such as between the doors of a buffer room."""
    JUNCTION = "junction"
    CROSSING = "crossing"


@dataclass(frozen=True, slots=True)
class Station:
    """The waypoints of both lanes at one place of a corridor; at a crossing two of each."""

    at: float
    kind: Stop
    ahead: tuple[WaypointId, WaypointId]
    back: tuple[WaypointId, WaypointId]


@dataclass(slots=True)
class Corridor:
    """Two lanes along a frame. `stations` are given as (s, kind) in growing order and joined as they come."""

    plan: Plan
    name: str
    frame: Frame
    speed_limit: float | None = None
    stations: list[Station] = field(default_factory=list)

    def extend(self, stations: Iterable[tuple[float, Stop]], *, mutex: str | None = None) -> None:
        """Add stations at the far end; the new lanes share `mutex`."""
        for at, kind in stations:
            station = self._station(at, kind)
            if self.stations:
                before = self.stations[-1]
                self.plan.lane(before.ahead[1], station.ahead[0], speed_limit=self.speed_limit, mutex=mutex)
                self.plan.lane(station.back[0], before.back[1], speed_limit=self.speed_limit, mutex=mutex)
            self.stations.append(station)

    def _station(self, at: float, kind: Stop) -> Station:
        stem = f"{self.name}_{len(self.stations):02d}"
        if kind is Stop.CROSSING:
            return self._crossing(stem, at)
        stop = kind is Stop.PASS
        ahead = self.plan.node(f"{stem}_ahead", self.frame.point(at, -HALF_LANE_GAP), stop=stop)
        back = self.plan.node(f"{stem}_back", self.frame.point(at, HALF_LANE_GAP), stop=stop)
        if kind is Stop.JUNCTION:
            self.plan.lanes_both_ways(ahead, back, speed_limit=self.speed_limit)
        return Station(at, kind, (ahead, ahead), (back, back))

    def _crossing(self, stem: str, at: float) -> Station:
        gap = HALF_LANE_GAP
        corners = (("a", -gap, -gap), ("b", gap, -gap), ("c", gap, gap), ("d", -gap, gap))
        nodes = [self.plan.node(f"{stem}{corner}", self.frame.point(at + s, t), stop=False) for corner, s, t in corners]
        for start, end in zip(nodes, [*nodes[1:], nodes[0]], strict=True):
            self.plan.lane(start, end, speed_limit=self.speed_limit)
        first, second, third, fourth = nodes
        return Station(at, Stop.CROSSING, (first, second), (fourth, third))

    def station(self, at: float) -> Station:
        return next(station for station in self.stations if station.at == at)

    def branch(self, at: float, side: Side, name: str, *, speed_limit: float | None = None) -> Corridor:
        """The corridor that leaves the crossing at `at`; its own `s` starts on this corridor's centre line."""
        frame = self.frame.left(at) if side is Side.LEFT else self.frame.right(at)
        station = self.station(at)
        # A branch to the left leaves the roundabout at its third corner and comes back at the fourth.
        out, home = station.back[::-1] if side is Side.LEFT else station.ahead
        mouth = Station(0.0, Stop.CROSSING, (out, out), (home, home))
        return Corridor(self.plan, name, frame, speed_limit, [mouth])

    def bay(self, name: str, at: float, side: Side, *, offset: float = 0.0, depth: float = BAY_DEPTH) -> WaypointId:
        """A named place beside the lane of `side`, `offset` along the corridor from the station at `at`."""
        station = self.station(at)
        here = station.ahead[0] if side is Side.RIGHT else station.back[0]
        spot = self.frame.point(at + offset, side.value * (HALF_LANE_GAP + depth))
        place = self.plan.place(name, spot)
        self.plan.lanes_both_ways(here, place, speed_limit=self.speed_limit)
        return place

    # --- building ---

    def walls(self, start: float, end: float, half_width: float = HALF_WIDTH) -> Box:
        """Enclose the corridor between `start` and `end`."""
        box = self.frame.box(start, -half_width, end, half_width)
        self.plan.enclose(box)
        return box

    def across(self, at: float, half_width: float = HALF_WIDTH) -> tuple[Point, Point]:
        """The line across the corridor at `at`."""
        return self.frame.point(at, half_width), self.frame.point(at, -half_width)

    def mouth(self, at: float, half_width: float = HALF_WIDTH) -> None:
        """Open the wall across the corridor at `at`."""
        self.plan.opening(*self.across(at, half_width))

    def door(self, name: str, at: float, *, automatic: bool = True, fire_door: bool = False) -> None:
        """A door across both lanes, in a wall of its own."""
        start, end = self.across(at, HALF_WIDTH - 0.1)
        self.plan.door(name, start, end, kind=DoorKind.DOUBLE_SLIDING, automatic=automatic, fire_door=fire_door)

    def bay_door(self, name: str, at: float, side: Side, *, offset: float = 0.0, automatic: bool = False) -> None:
        """The door in the corridor's wall through which the bay at `offset` is reached."""
        share = (HALF_WIDTH - HALF_LANE_GAP) / BAY_DEPTH
        middle, t = at + offset * share, side.value * HALF_WIDTH
        half = DOOR_WIDTH / 2
        self.plan.door(
            name, self.frame.point(middle - half, t), self.frame.point(middle + half, t), automatic=automatic
        )
