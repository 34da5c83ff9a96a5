"""A body's route: the nodes it follows, how far it got, how far it may go, and the ways between the nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import atan2, hypot, inf
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from maps.model import WaypointId
from sim.gates import Gate
from sim.port import Node
from sim.stretch_kernel import WAY, Floats, Ints

AT: Final = 1e-6
"""Two places that are closer are the same (m)."""

Gates: TypeAlias = Mapping[tuple[WaypointId, WaypointId], tuple[Gate, ...]]
"""The gates on the way between two neighbouring waypoints; pairs without any are missing."""


class Way(NamedTuple):
    """The straight way from one node to the next; `along` is the unit vector of `heading`.

    `ends` are x and y of its start and its end. It is `carried` when it leads to another level, by a lift's car.
    `row` is its place in `Ways.table`.
    """

    ends: tuple[float, float, float, float]
    length: float
    along_x: float
    along_y: float
    heading: float
    gates: tuple[Gate, ...]
    carried: bool
    row: int


class Lay(NamedTuple):
    """A route as kernels see it: for each node the row of the way to it in `Ways.table`, and the speed limit there.

    `gated` are the nodes behind gates, with these.
    """

    rows: Ints
    limits: Floats
    gated: Sequence[tuple[int, tuple[Gate, ...]]]
    edition: int


class Ways:
    """The ways between neighbouring waypoints, measured when they are first driven and shared by all bodies.

    `table` holds the same for kernels; its columns are those of `stretch_kernel`.
    """

    __slots__ = ("_edition", "_gates", "_measured", "_rows", "table")

    def __init__(self, gates: Gates) -> None:
        self._gates = gates
        self._measured: dict[tuple[WaypointId, WaypointId], Way] = {}
        self._edition = 0
        self._rows = 0
        self.table: Floats = np.zeros((256, WAY))

    def gates(self, start: WaypointId, end: WaypointId) -> tuple[Gate, ...]:
        return self._gates.get((start, end), ())

    def between(self, start: Node, end: Node) -> Way:
        way = self._measured.get((start.waypoint, end.waypoint))
        if way is not None and way[0] == (start.x, start.y, end.x, end.y):
            return way
        return self._measure(start, end)

    def forget(self) -> None:
        """The gates have changed."""
        self._measured.clear()
        self._edition += 1
        self._rows = 0

    def lay(self, route: Route) -> Lay:
        """The route for kernels, made once for as long as the gates stay the same."""
        lay = route.lay
        if lay is None or lay.edition != self._edition:
            rows, gated = [0], []
            measured = self._measured
            nodes = route.nodes
            start, x, y = nodes[0].waypoint, nodes[0].x, nodes[0].y
            for before, node in pairwise(nodes):
                end, to_x, to_y = node.waypoint, node.x, node.y
                way = measured.get((start, end))
                if way is None or way[0] != (x, y, to_x, to_y):
                    way = self._measure(before, node)
                if way[5]:
                    gated.append((len(rows), way[5]))
                rows.append(way[7])
                start, x, y = end, to_x, to_y
            limits = [inf if node.speed_limit is None else node.speed_limit for node in nodes]
            lay = route.lay = Lay(np.array(rows), np.array(limits), gated, self._edition)
        return lay

    def _measure(self, start: Node, end: Node) -> Way:
        dx, dy = end.x - start.x, end.y - start.y
        length = hypot(dx, dy)
        along_x, along_y = (dx / length, dy / length) if length > AT else (0.0, 0.0)
        ends = (start.x, start.y, end.x, end.y)
        gates = self.gates(start.waypoint, end.waypoint)
        carried = start.level != end.level
        row, self._rows = self._rows, self._rows + 1
        if row == len(self.table):
            self.table = np.concatenate((self.table, np.zeros_like(self.table)))
        way = Way(ends, length, along_x, along_y, atan2(dy, dx), gates, carried, row)
        self.table[row] = (
            length,
            along_x,
            along_y,
            way.heading,
            carried or length <= AT or any(gate.watches for gate in gates),
        )
        self._measured[start.waypoint, end.waypoint] = way
        return way


class Route:
    """`nodes[next]` is the first node not passed yet, `nodes[cleared]` the last that may be driven to.

    Nodes numbered up to `passed` are skipped.
    """

    __slots__ = ("cleared", "lay", "next", "nodes")

    def __init__(self, nodes: Sequence[Node], *, passed: int, cleared_to: int) -> None:
        self.nodes = nodes
        self.lay: Lay | None = None
        self.next = 0
        while self.next < len(nodes) and nodes[self.next].sequence <= passed:
            self.next += 1
        self.cleared = self.next - 1
        self.clear(cleared_to)

    @property
    def over(self) -> bool:
        return self.next == len(self.nodes)

    @property
    def cleared_to(self) -> int:
        """The sequence of the last cleared node, -1 for none."""
        return self.nodes[self.cleared].sequence if self.cleared >= 0 else -1

    def clear(self, cleared_to: int) -> bool:
        """Extend the cleared part; False when it stays as it is."""
        nodes = self.nodes
        cleared = self.cleared + 1
        if nodes and nodes[-1].sequence <= cleared_to:
            cleared = len(nodes)
        while cleared < len(nodes) and nodes[cleared].sequence <= cleared_to:
            cleared += 1
        extended = cleared > self.cleared + 1
        self.cleared = cleared - 1
        return extended

    def continued_by(self, other: Route) -> bool:
        """Whether the other route goes on through all that is cleared of this one."""
        ahead = self.nodes[self.next : self.cleared + 1]
        theirs = other.nodes[other.next : other.next + len(ahead)]
        return len(theirs) == len(ahead) and all(
            (one.waypoint, one.level, one.x, one.y) == (another.waypoint, another.level, another.x, another.y)
            for one, another in zip(ahead, theirs, strict=True)
        )
