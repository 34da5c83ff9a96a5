"""How long a robot drives along straight parts: it turns on the spot, starts and stops."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from maps.model import Fleet, Point


@dataclass(frozen=True, slots=True)
class Part:
    """A straight part of a way: `turn` seconds on the spot, then `drive` seconds to `end`."""

    start: Point
    end: Point
    turn: float
    drive: float


def parts_of(way: Sequence[Point], fleet: Fleet) -> Iterator[Part]:
    """The first part needs no turn: what the robot's heading was before is not known."""
    heading: float | None = None
    for start, end in pairwise(way):
        length = math.dist(start, end)
        direction = math.atan2(end[1] - start[1], end[0] - start[0])
        turn = 0.0 if heading is None else abs(math.remainder(direction - heading, math.tau)) / fleet.turn_speed
        heading = direction
        if length > fleet.speed**2 / fleet.acceleration:
            drive = length / fleet.speed + fleet.speed / fleet.acceleration
        else:
            drive = 2 * math.sqrt(length / fleet.acceleration)
        yield Part(start=start, end=end, turn=turn, drive=drive)


def drive_time(way: Sequence[Point], fleet: Fleet) -> float:
    """Seconds along the whole way."""
    return sum(part.turn + part.drive for part in parts_of(way, fleet))
