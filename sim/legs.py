"""One leg of a body's motion: a turn on the spot, then a straight way under one speed profile."""

from __future__ import annotations

from collections.abc import Iterator
from math import remainder, tau
from typing import NamedTuple

from maps.model import LevelId, RobotId
from sim.port import Segment
from sim.profile import Profile

_WORTH_DRAWING = 1e-9


class Leg(NamedTuple):
    """From `time` at (x, y): turn from `yaw` for `turn_time` at `turn_rate`, then go along `heading` by `profile`.

    `along` is the unit vector of `heading`; a leg without a profile only turns. `arrives` tells whether the leg ends
    at the route's next node or short of it.
    """

    time: float
    end: float
    x: float
    y: float
    yaw: float
    turn_time: float
    turn_rate: float
    heading: float
    along_x: float
    along_y: float
    profile: Profile | None
    arrives: bool

    def at(self, time: float) -> tuple[float, float, float, float]:
        """x, y, yaw and speed at `time`; after the leg's end they stay what they were then."""
        since = time - self.time
        if since < self.turn_time:
            return self.x, self.y, wrapped(self.yaw + self.turn_rate * since), 0.0
        if self.profile is None:
            return self.x, self.y, self.heading, 0.0
        distance, speed = self.profile.at(since - self.turn_time)
        return self.x + self.along_x * distance, self.y + self.along_y * distance, self.heading, speed

    def segments(self, robot: RobotId, level: LevelId, since: float, until: float) -> Iterator[Segment]:
        """What was driven of the leg between two moments."""
        phases = [(0.0, 0.0, self.turn_time)]
        if self.profile is not None:
            phases += self.profile.phases()
        start = self.time
        for number, (_, acceleration, lasts) in enumerate(phases):
            begin, finish = max(start, since), min(start + lasts, until)
            if finish - begin > _WORTH_DRAWING:
                x, y, yaw, speed = self.at(begin)
                turn_rate = 0.0 if number else self.turn_rate
                yield Segment(robot, begin, level, x, y, yaw, speed, acceleration, finish - begin, turn_rate)
            start += lasts


def wrapped(angle: float) -> float:
    """The same direction in [-π, π]."""
    return remainder(angle, tau)
