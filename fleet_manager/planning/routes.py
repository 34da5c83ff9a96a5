"""Shortest routes by travel time, from tables per goal.

For each goal that was ever asked for, one reverse Dijkstra run (Dijkstra 1959; scipy's implementation) gives the time
and the next waypoint from everywhere. Estimating ten candidates for a task is then ten look-ups, and a route is
followed node by node, without a search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from fleet_manager.planning.costs import DEFAULT_LANE_COSTS, LaneCost, ZonesAt, ride_time, zones_at
from maps.model import Fleet, FleetId, Lane, LaneId, LevelId, Lift, LiftId, Site, WaypointId

Times: TypeAlias = NDArray[np.float64]
Hops: TypeAlias = NDArray[np.int32]
_TableKey: TypeAlias = tuple[WaypointId, frozenset[LaneId]]

_TABLES_KEPT: Final = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One move of a route: along `lane`, or carried by `lift`; it ends at `waypoint`."""

    waypoint: WaypointId
    lane: LaneId | None = None
    lift: LiftId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where to drive from `start`; `duration` in seconds without waits, `length` in metres driven."""

    start: WaypointId
    legs: tuple[Leg, ...]
    duration: float
    length: float

    @property
    def goal(self) -> WaypointId:
        return self.legs[-1].waypoint if self.legs else self.start


class Move(NamedTuple):
    """What a fleet can do in one piece: drive `lane` or ride `lift`, in `seconds`."""

    start: WaypointId
    end: WaypointId
    seconds: float
    lane: Lane | None
    lift: Lift | None


class RouteTables:
    """One fleet's routing tables on one site. Built once; tables per goal are added as they are asked for."""

    def __init__(
        self, site: Site, fleet: Fleet, zones: ZonesAt, costs: Sequence[LaneCost] = DEFAULT_LANE_COSTS
    ) -> None:
        self._site = site
        self._ids: list[WaypointId] = list(site.waypoints)
        self._index = {w: i for i, w in enumerate(self._ids)}
        self._moves: dict[tuple[int, int], tuple[float, Lane | None, Lift | None]] = {}
        self._tables: dict[_TableKey, tuple[Times, Hops]] = {}
        for lane in site.lanes.values():
            parts = [cost(lane, fleet, site, zones) for cost in costs]
            if any(part is None for part in parts):
                continue
            seconds = sum(part for part in parts if part is not None)
            self._add(lane.start, lane.end, seconds, lane, None)
        used = {self._ids[i] for move in self._moves for i in move}
        for lift in site.lifts.values():
            for low, high in ((a, b) for a in lift.cabins for b in lift.cabins if a != b):
                rise = site.levels[high].elevation - site.levels[low].elevation
                ride = ride_time(lift, rise, fleet)
                if ride is None:
                    continue
                for start in lift.cabins[low]:
                    for end in lift.cabins[high]:
                        if start in used and end in used:
                            self._add(start, end, ride, None, lift)

        self._reached = {i for move in self._moves for i in move}
        self._reverse = self._reverse_graph(frozenset())
        # Many goals are looked up while the same lanes are closed.
        self._closed: frozenset[LaneId] = frozenset()
        self._reverse_closed = self._reverse

    def _add(self, start: WaypointId, end: WaypointId, seconds: float, lane: Lane | None, lift: Lift | None) -> None:
        key = (self._index[start], self._index[end])
        known = self._moves.get(key)
        if known is None or seconds < known[0]:
            self._moves[key] = (max(seconds, 1e-6), lane, lift)

    def _reverse_graph(self, closed: frozenset[LaneId]) -> csr_array[np.float64, tuple[int, int]]:
        """Seconds per move, from its end to its start."""
        moves = [
            (end, start, seconds)
            for (start, end), (seconds, lane, _) in self._moves.items()
            if lane is None or lane.id not in closed
        ]
        n = len(self._ids)
        rows, columns, times = zip(*moves, strict=True) if moves else ((), (), ())
        return csr_array((np.array(times, dtype=np.float64), (rows, columns)), shape=(n, n))

    def _table(self, goal: WaypointId, closed: frozenset[LaneId]) -> tuple[Times, Hops]:
        key = (goal, closed)
        found = self._tables.get(key)
        if found is None:
            if closed and len(self._tables) > _TABLES_KEPT:
                self._tables = {k: table for k, table in self._tables.items() if not k[1]}
            if closed and closed != self._closed:
                self._closed, self._reverse_closed = closed, self._reverse_graph(closed)
            reverse = self._reverse_closed if closed else self._reverse
            times, hops = dijkstra(reverse, directed=True, indices=[self._index[goal]], return_predecessors=True)
            found = self._tables[key] = (times[0], hops[0])
        return found

    def time(self, start: WaypointId, goal: WaypointId, closed: frozenset[LaneId] = frozenset()) -> float | None:
        """Seconds from start to goal without waits; None when there is no way."""
        seconds = float(self._table(goal, closed)[0][self._index[start]])
        return seconds if np.isfinite(seconds) else None

    def route(
        self,
        start: WaypointId,
        goal: WaypointId,
        closed: frozenset[LaneId] = frozenset(),
    ) -> Route | None:
        """The quickest route that uses no closed lane, or None when there is none."""
        times, hops = self._table(goal, closed)
        here, end = self._index[start], self._index[goal]
        if not np.isfinite(times[here]):
            return None
        duration = float(times[here])
        legs: list[Leg] = []
        length = 0.0
        while here != end:
            there = int(hops[here])
            _, lane, lift = self._moves[here, there]
            legs.append(
                Leg(
                    waypoint=self._ids[there],
                    lane=lane.id if lane else None,
                    lift=lift.id if lift else None,
                )
            )
            length += lane.length if lane else 0.0
            here = there
        return Route(start=start, legs=tuple(legs), duration=duration, length=length)

    def first_move(self, start: WaypointId, goal: WaypointId) -> Move:
        """How the quickest route begins; raises KeyError when there is none, or start is the goal."""
        here = self._index[start]
        there = int(self._table(goal, frozenset())[1][here])
        return Move(start, self._ids[there], *self._moves[here, there])

    def times(self, goal: WaypointId, closed: frozenset[LaneId] = frozenset()) -> Times:
        """Seconds to the goal from every waypoint, in the site's order; infinite where there is no way."""
        return self._table(goal, closed)[0]

    def moves(self) -> Iterator[Move]:
        """All moves of the fleet, in the order of the site's lanes and lifts."""
        for (start, end), (seconds, lane, lift) in self._moves.items():
            yield Move(self._ids[start], self._ids[end], seconds, lane, lift)

    def seconds(self, start: WaypointId, end: WaypointId) -> float:
        """Of one move, without waits; raises KeyError when the fleet has no such move."""
        return self._moves[self._index[start], self._index[end]][0]

    def reaches(self, waypoint: WaypointId) -> bool:
        """Whether the fleet's graph knows the waypoint at all."""
        return self._index[waypoint] in self._reached


class Routes:
    """The routing tables of every fleet of a site."""

    def __init__(self, site: Site, costs: Sequence[LaneCost] = DEFAULT_LANE_COSTS) -> None:
        self.site = site
        self.zones = zones_at(site)
        self._costs = costs
        self._fleets: dict[FleetId, RouteTables] = {}

    def of(self, fleet: FleetId) -> RouteTables:
        tables = self._fleets.get(fleet)
        if tables is None:
            tables = self._fleets[fleet] = RouteTables(self.site, self.site.fleets[fleet], self.zones, self._costs)
        return tables


def levels_of(site: Site, route: Route) -> tuple[LevelId, ...]:
    """The levels a route visits, in order, each once per visit."""
    levels = [site.waypoints[route.start].level]
    for leg in route.legs:
        level = site.waypoints[leg.waypoint].level
        if level != levels[-1]:
            levels.append(level)
    return tuple(levels)
