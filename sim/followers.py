"""Visitors who follow a robot along its way, and dawdle: what its people sensor sees of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from math import hypot
from typing import Final

from maps.model import RobotId
from sim.port import BodyEvent, FollowerSensed, Place

PERIOD: Final = 0.5
BEHIND: Final = 1.2
"""Metres that people keep from a robot which they follow."""

SIGHT: Final = 15.0
"""Metres that the sensor reaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dawdle:
    """After so many seconds of following, somebody stands for `seconds`; None: they go away."""

    after: float
    seconds: float | None


@dataclass(slots=True, kw_only=True)
class _Visitor:
    """`trail` is the way (level, x, y) that the robot went and the visitor has still to go, oldest first."""

    speed: float
    dawdles: list[Dawdle]
    trail: list[Place] = field(default_factory=list)
    followed: float = 0.0
    stands_until: float = float("-inf")


class Followers:
    """Visitors walk where their robot went, through doors and lifts alike; nothing happens while there are none."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        tell: Callable[[RobotId, BodyEvent], None],
        place_of: Callable[[RobotId], Place],
    ) -> None:
        self._loop = loop
        self._tell = tell
        self._place_of = place_of
        self._visitors: dict[RobotId, _Visitor] = {}
        self._watching: dict[RobotId, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def come(self, robot: RobotId, *, speed: float = 1.2, dawdles: tuple[Dawdle, ...] = ()) -> None:
        """Somebody steps up to a robot and follows it from now on, at most at `speed` (m/s)."""
        place = self._place_of(robot)
        self._visitors[robot] = _Visitor(speed=speed, dawdles=list(dawdles), trail=[place])
        self._wake()

    def follows(self, robot: RobotId) -> bool:
        """Whether somebody is with the robot."""
        return robot in self._visitors

    def watch(self, robot: RobotId, watched: bool) -> None:
        """Who followed a robot that does not watch any more goes their own way."""
        if watched:
            self._watching[robot] = None
            self._wake()
        else:
            self._watching.pop(robot, None)
            self._visitors.pop(robot, None)

    def _wake(self) -> None:
        if self._timer is None and self._watching:
            self._timer = self._loop.call_later(PERIOD, self._look)

    def _look(self) -> None:
        self._timer = None
        for robot in tuple(self._watching):
            visitor = self._visitors.get(robot)
            distance = self._walked(robot, visitor) if visitor is not None else None
            seen = distance if distance is not None and distance <= SIGHT else None
            self._tell(robot, FollowerSensed(seen, self._loop.time()))
        self._wake()

    def _walked(self, robot: RobotId, visitor: _Visitor) -> float | None:
        """Let a visitor walk for a period; how far behind they are then, None when they went away."""
        place = self._place_of(robot)
        if _apart(visitor.trail[-1], place) > 0.0 or visitor.trail[-1].level != place.level:
            visitor.trail.append(place)
        if self._loop.time() >= visitor.stands_until:
            _go(visitor, visitor.speed * PERIOD)
            visitor.followed += PERIOD
            if visitor.dawdles and visitor.followed >= visitor.dawdles[0].after:
                dawdle = visitor.dawdles.pop(0)
                if dawdle.seconds is None:
                    del self._visitors[robot]
                    return None
                visitor.stands_until = self._loop.time() + dawdle.seconds
        return _length(visitor.trail)


def _go(visitor: _Visitor, metres: float) -> None:
    """Along the trail, but no nearer to the robot than people like."""
    metres = min(metres, _length(visitor.trail) - BEHIND)
    while metres > 0.0 and len(visitor.trail) > 1:
        start, end = visitor.trail[:2]
        step = _apart(start, end)
        if step > metres:
            share = metres / step
            x, y = start.x + share * (end.x - start.x), start.y + share * (end.y - start.y)
            visitor.trail[0] = Place(start.level, x, y, start.yaw)
            return
        metres -= step
        del visitor.trail[0]


def _length(trail: list[Place]) -> float:
    return sum(_apart(start, end) for start, end in pairwise(trail))


def _apart(start: Place, end: Place) -> float:
    """Metres to walk; from one level to another people ride along."""
    return hypot(end.x - start.x, end.y - start.y) if start.level == end.level else 0.0
