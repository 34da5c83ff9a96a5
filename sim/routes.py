"""A body's route: the nodes it follows, how far it got, how far it may go, and the ways between the nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import atan2, hypot
from typing import Final, NamedTuple, TypeAlias

from maps.model import WaypointId
from sim.gates import Gate
from sim.port import Node

AT: Final = 1e-6
"""Two places that are closer are the same (m)."""

Gates: TypeAlias = Mapping[tuple[WaypointId, WaypointId], tuple[Gate, ...]]
"""The gates on the way between two neighbouring waypoints; pairs without any are missing."""


class Way(NamedTuple):
    """The straight way from one node to the next; `along` is the unit vector of `heading`.

    `ends` are x and y of its start and its end. It is `carried` when it leads to another level, by a lift's car.
    """

    ends: tuple[float, float, float, float]
    length: float
    along_x: float
    along_y: float
    heading: float
    gates: tuple[Gate, ...]
    carried: bool


class Ways:
    """The ways between neighbouring waypoints, measured when they are first driven and shared by all bodies."""

    __slots__ = ("_gates", "_measured")

    def __init__(self, gates: Gates) -> None:
        self._gates = gates
        self._measured: dict[tuple[WaypointId, WaypointId], Way] = {}

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

    def _measure(self, start: Node, end: Node) -> Way:
        dx, dy = end.x - start.x, end.y - start.y
        length = hypot(dx, dy)
        along_x, along_y = (dx / length, dy / length) if length > AT else (0.0, 0.0)
        ends = (start.x, start.y, end.x, end.y)
        gates = self.gates(start.waypoint, end.waypoint)
        way = Way(ends, length, along_x, along_y, atan2(dy, dx), gates, start.level != end.level)
        self._measured[start.waypoint, end.waypoint] = way
        return way


class Route:
    """`nodes[next]` is the first node not passed yet, `nodes[cleared]` the last that may be driven to.

    Nodes numbered up to `passed` are skipped.
    """

    __slots__ = ("cleared", "next", "nodes")

    def __init__(self, nodes: Sequence[Node], *, passed: int, cleared_to: int) -> None:
        self.nodes = nodes
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
