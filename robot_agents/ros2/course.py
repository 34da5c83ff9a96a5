"""How far along its route a robot is, decided from its position alone. Pure; the site frame."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import atan2, dist, hypot, inf
from typing import Final, NamedTuple

from maps.geometry import distance_to_segment
from maps.model import Point
from robot_agents.protocol import Pose, RouteNode, Via

AT: Final = 0.1
"""Metres from a node within which a robot is at it, whatever way it came."""

BESIDE: Final = 1.5
"""A robot passes a node when it crosses the line across the lanes there, no farther off than this (m)."""

ROUND: Final = 0.8
_LEAVING: Final = 0.2
"""Who came as near as `ROUND` to a node and is by `_LEAVING` farther away again has passed it (m): corners are cut."""

NEAR: Final = 0.5
"""Metres beside a way within which a robot is certainly on it."""

_SAME: Final = 1e-3
_BACK: Final = 0.1


class Joined(NamedTuple):
    """Where a robot is on a route: behind the node at `behind`, `distance` (m) beside the way to the next."""

    behind: int
    distance: float


class Course:
    """The nodes of one drive; `passed` is the index of the last that the robot passed, -1 for none.

    Only nodes up to the index given as cleared are ever passed, and never one behind a lift that was not ridden.
    """

    def __init__(self, nodes: Sequence[RouteNode], passed: int = -1) -> None:
        self.nodes = tuple(nodes)
        self.passed = passed
        self._nearest = inf

    # --- indices ------------------------------------------------------------------------------------------

    def index_through(self, sequence: int) -> int:
        """The last node numbered up to `sequence`; -1 when there is none."""
        return sum(node.sequence <= sequence for node in self.nodes) - 1

    @property
    def over(self) -> bool:
        return self.passed == len(self.nodes) - 1

    @property
    def next_ride(self) -> int | None:
        """The node that comes next, when it is reached in a lift."""
        return self.passed + 1 if not self.over and self._is_ride(self.passed + 1) else None

    def stage_end(self, cleared: int) -> int:
        """The last node that can be driven to at one go: where clearance ends, or before the next lift ride."""
        for index in range(max(self.passed + 1, 1), cleared + 1):
            if self._is_ride(index):
                return index - 1
        return cleared

    def ride_follows(self, index: int) -> bool:
        return index + 1 < len(self.nodes) and self._is_ride(index + 1)

    def _is_ride(self, index: int) -> bool:
        if index == 0:
            return False
        node, before = self.nodes[index], self.nodes[index - 1]
        return node.via is Via.LIFT or node.level != before.level

    # --- position -----------------------------------------------------------------------------------------

    def join(self, at: Pose, cleared: int) -> Joined | None:
        """Where a robot is that may have driven on unseen: at or behind `passed`, up to what is cleared.

        None when all of that is on other levels. Where the way comes by twice, near enough, the first time counts.
        """
        best: Joined | None = None
        for index in range(max(self.passed, 0), cleared + 1):
            node = self.nodes[index]
            if node.level != at.level:
                continue
            ahead = self._ahead(index) if index < cleared else None
            away = distance_to_segment((at.x, at.y), (_xy(node), ahead or _xy(node)))
            if away <= NEAR:
                return Joined(index, away)
            if best is None or away < best.distance:
                best = Joined(index, away)
        return best

    def advance(self, at: Pose, cleared: int) -> list[int]:
        """The nodes that the robot has passed by now, in order; they count as passed from now on."""
        end = self.stage_end(cleared)
        gone: list[int] = []
        while self.passed < end and self.nodes[self.passed + 1].level == at.level and self._passes(at):
            self.pass_to(self.passed + 1)
            gone.append(self.passed)
        return gone

    def pass_to(self, index: int) -> None:
        self.passed = index
        self._nearest = inf

    def beside(self, at: Pose) -> float:
        """How far (m) the robot is from the way that it drives, 0 on another level than that."""
        first, last = max(0, self.passed - 1), min(len(self.nodes) - 1, self.passed + 2)
        near = [node for node in self.nodes[first : last + 1] if node.level == at.level]
        if not near:
            return 0.0
        ways = [(_xy(a), _xy(b)) for a, b in pairwise(near)] or [(_xy(near[0]), _xy(near[0]))]
        return min(distance_to_segment((at.x, at.y), way) for way in ways)

    def _passes(self, at: Pose) -> bool:
        index = self.passed + 1
        node = self.nodes[index]
        away = hypot(at.x - node.x, at.y - node.y)
        if away <= AT:
            return True
        self._nearest = min(self._nearest, away)
        if self._nearest <= ROUND and away >= self._nearest + _LEAVING:
            return True
        across = self._across(index)
        return away <= BESIDE and across is not None and across[0] * (at.x - node.x) + across[1] * (at.y - node.y) > 0.0

    def _across(self, index: int) -> Point | None:
        """The direction half-way between those in which a node is reached and left; None where the way turns back."""
        came, goes = self._behind(index), self._ahead(index)
        here = _xy(self.nodes[index])
        into = _unit(came, here) if came is not None else None
        out = _unit(here, goes) if goes is not None else None
        if into is None or out is None:
            return into or out
        both = (into[0] + out[0], into[1] + out[1])
        return both if hypot(*both) > _BACK else None

    def _behind(self, index: int) -> Point | None:
        """The place from which a node is reached; None at the beginning and after a ride."""
        here = self.nodes[index]
        for before in range(index - 1, -1, -1):
            if self._is_ride(before + 1):
                return None
            if dist(_xy(self.nodes[before]), _xy(here)) > _SAME:
                return _xy(self.nodes[before])
        return None

    def _ahead(self, index: int) -> Point | None:
        """The place to which the way goes on from a node; None at its end and before a ride."""
        here = self.nodes[index]
        for after in range(index + 1, len(self.nodes)):
            if self._is_ride(after):
                return None
            if dist(_xy(self.nodes[after]), _xy(here)) > _SAME:
                return _xy(self.nodes[after])
        return None

    def heading(self, index: int) -> float | None:
        """The yaw (rad) in which a robot drives on from a node, or drove to it where the way ends."""
        here = _xy(self.nodes[index])
        ahead, behind = self._ahead(index), self._behind(index)
        if ahead is not None:
            return atan2(ahead[1] - here[1], ahead[0] - here[0])
        if behind is not None:
            return atan2(here[1] - behind[1], here[0] - behind[0])
        return None


def _xy(node: RouteNode) -> Point:
    return (node.x, node.y)


def _unit(start: Point, end: Point) -> Point:
    length = dist(start, end)
    return ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
