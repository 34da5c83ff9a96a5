"""Where in a room a robot can stand and turn, and its ways between such places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from shapely.geometry.base import BaseGeometry

from fleet_manager.planning.coverage.driving import drive_time
from fleet_manager.planning.coverage.lamp import Floats
from fleet_manager.planning.coverage.room import Room
from fleet_manager.planning.coverage.targets import SPACING, grid_of
from maps.geometry import circumscribed_radius
from maps.model import Fleet, Point

CLEARANCE: Final = 0.05
"""Metres that a body keeps from walls and furniture, however it turns."""

_AT_ENTRY: Final = 0.3
"""An entry this near (m) to free floor leads onto it."""

_DIAGONAL = 1.5 * SPACING

_ROUNDING = 1e-6
"""Metres by which ways along the floor's edge may leave it in figures."""


class FreeSpace:
    """The free cells of a room's grid that a robot can reach from the room's entries.

    `cells` has the shape (n, 2), row by row of the grid. Places are cells' centres; -1 stands for the entry.
    """

    def __init__(self, room: Room, fleet: Fleet) -> None:
        self._fleet = fleet
        radius = circumscribed_radius(fleet.footprint) + CLEARANCE
        solid: list[BaseGeometry] = [shapely.LineString(line) for line in room.opaque]
        solid += [shapely.Polygon(piece.polygon) for piece in room.furniture]
        free = room.polygon.difference(shapely.union_all([shape.buffer(radius) for shape in solid]))
        parts = [part for part in getattr(free, "geoms", [free]) if part.area > 0.0]
        entries = [shapely.Point(entry) for entry in room.entries]
        reached = [part for part in parts if any(part.distance(entry) <= _AT_ENTRY for entry in entries)]
        self.floor: BaseGeometry = shapely.union_all(reached)
        """The floor on which the robot's turning centre may be."""
        self._drivable = self.floor.buffer(_ROUNDING)
        shapely.prepare(self._drivable)
        self._next: dict[int, NDArray[np.int32]] = {}
        centres = grid_of(room.polygon)
        self.cells: Floats = centres[shapely.contains_xy(self.floor, centres[:, 0], centres[:, 1])]
        self.entry: Point = min(room.entries, key=lambda xy: self.floor.distance(shapely.Point(xy)))

    def place(self, index: int) -> Point:
        return self.entry if index < 0 else (float(self.cells[index, 0]), float(self.cells[index, 1]))

    @cached_property
    def _network(self) -> csr_array:
        """Steps between cells, the entry, and points along the floor's edge, which lead through narrow gaps."""
        nodes = self._nodes
        points = [shapely.Point(node) for node in nodes]
        near = shapely.STRtree(points).query(points, predicate="dwithin", distance=_DIAGONAL)
        entry = len(self.cells)
        pairs = {(int(a), int(b)) for a, b in near.T if a < b}
        pairs.add((int(np.argmin(np.hypot(*(nodes[:entry] - nodes[entry]).T))), entry))
        steps = [(a, b) for a, b in sorted(pairs) if entry in (a, b) or self.clear(nodes[a], nodes[b])]
        lengths = [math.dist(nodes[a], nodes[b]) for a, b in steps]
        rows, columns = [a for a, _ in steps], [b for _, b in steps]
        return csr_array((lengths, (rows, columns)), shape=(len(nodes), len(nodes)))

    @cached_property
    def _nodes(self) -> Floats:
        """The cells, the entry, then the floor's edge."""
        edge = shapely.get_coordinates(shapely.segmentize(self.floor.boundary, SPACING))
        return np.concatenate([self.cells, [self.entry], np.unique(edge, axis=0)])

    def clear(self, start: Sequence[float], end: Sequence[float]) -> bool:
        """Whether the straight way between two places is free."""
        return bool(self._drivable.covers(shapely.LineString([start, end])))

    def way(self, start: int, end: int) -> tuple[Point, ...]:
        """The places a robot drives through from one cell to another, straight between them."""
        if start == end:
            return (self.place(start),)
        if self.clear(self.place(start), self.place(end)):
            return (self.place(start), self.place(end))
        goal = end if end >= 0 else len(self.cells)
        before = self._towards(goal)
        passed = [start if start >= 0 else len(self.cells)]
        while passed[-1] != goal:
            passed.append(int(before[passed[-1]]))
        places = [(float(x), float(y)) for x, y in self._nodes[passed]]
        kept = [places[0]]
        for here, there in pairwise(places[1:]):
            if not self.clear(kept[-1], there):
                kept.append(here)
        return (*kept, places[-1])

    def _towards(self, goal: int) -> NDArray[np.int32]:
        """The next node on the shortest way to `goal` from each."""
        if goal not in self._next:
            _, (before,) = dijkstra(self._network, directed=False, indices=[goal], return_predecessors=True)
            self._next[goal] = before
        return self._next[goal]

    def drive_time(self, start: int, end: int) -> float:
        """Seconds to drive from one cell to another."""
        return drive_time(self.way(start, end), self._fleet)
