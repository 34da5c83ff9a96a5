"""The independent judge: do two true footprints ever overlap?

It knows only what moved where, from the world's own motion segments, and nothing of plans or allocations. A
*violation* is an overlap of two footprints with area > 0, looked for at steps of at most 0.05 s; one per pair and
interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from shapely.affinity import rotate, translate
from shapely.geometry import Polygon

from maps.model import LevelId, RobotId, Site
from sim.port import Place, Segment

STEP: Final = 0.05
"""Seconds between two looks, at most."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Two footprints overlap from `start` to `end` (s of the world's loop)."""

    one: RobotId
    other: RobotId
    level: LevelId
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one body does from `start` to `end`: a segment of motion, or standing (duration 0)."""

    robot: RobotId
    level: LevelId
    start: float
    end: float
    x: float
    y: float
    yaw: float
    speed: float = 0.0
    acceleration: float = 0.0
    turn_rate: float = 0.0

    def travelled(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.speed * seconds + 0.5 * self.acceleration * seconds**2

    def poses(self, times: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """x, y and yaw at absolute times."""
        seconds = np.clip(times, self.start, self.end) - self.start
        way = self.travelled(seconds)
        return (
            self.x + way * math.cos(self.yaw),
            self.y + way * math.sin(self.yaw),
            self.yaw + self.turn_rate * seconds,
        )

    @property
    def box(self) -> tuple[float, float, float, float]:
        way = float(self.travelled(np.array([self.end - self.start]))[0]) if self.speed or self.acceleration else 0.0
        x, y = self.x + way * math.cos(self.yaw), self.y + way * math.sin(self.yaw)
        return min(self.x, x), min(self.y, y), max(self.x, x), max(self.y, y)


@dataclass(slots=True)
class Motion:
    """All motion of a run: what the world draws, and where each body began."""

    segments: list[Segment] = field(default_factory=list)
    starts: dict[RobotId, Place] = field(default_factory=dict)

    def draw(self, segment: Segment) -> None:
        self.segments.append(segment)

    def place(self, robot: RobotId, place: Place) -> None:
        """A body stands here from the beginning on."""
        self.starts[robot] = place


def violations(site: Site, motion: Motion, until: float) -> list[Violation]:
    """Every overlap of two true footprints from 0 to `until` s, in order of time."""
    footprints = {r.id: Polygon(f.footprint) for f in site.fleets.values() for r in f.robots}
    reach = {r: float(np.hypot(*np.array(p.exterior.coords).T).max()) for r, p in footprints.items()}
    found: list[Violation] = []
    for one, other in _meetings(_pieces(motion, until), reach):
        for start, end in _overlaps(one, other, footprints, reach):
            found.append(Violation(one.robot, other.robot, one.level, start, end))
    return _joined(found)


def _pieces(motion: Motion, until: float) -> list[_Piece]:
    """Each body's whole time without gaps, all bodies together in order of start."""
    per_robot: dict[RobotId, list[Segment]] = {robot: [] for robot in motion.starts}
    for segment in motion.segments:
        per_robot[segment.robot].append(segment)
    pieces: list[_Piece] = []
    for robot, place in motion.starts.items():
        pieces += _timeline(robot, place, per_robot[robot], until)
    pieces.sort(key=lambda piece: (piece.start, piece.robot))
    return pieces


def _timeline(robot: RobotId, place: Place, segments: Iterable[Segment], until: float) -> Iterator[_Piece]:
    at, level, x, y, yaw = 0.0, place.level, place.x, place.y, place.yaw
    for s in segments:
        if s.time > at:
            yield _Piece(robot, level, at, s.time, x, y, yaw)
        piece = _Piece(
            robot, s.level, s.time, s.time + s.duration, s.x, s.y, s.yaw, s.speed, s.acceleration, s.turn_rate
        )
        yield piece
        ends = piece.poses(np.array([piece.end]))
        at, level, x, y, yaw = piece.end, s.level, float(ends[0][0]), float(ends[1][0]), float(ends[2][0])
    if at < until:
        yield _Piece(robot, level, at, until, x, y, yaw)


def _meetings(pieces: Iterable[_Piece], reach: Mapping[RobotId, float]) -> Iterator[tuple[_Piece, _Piece]]:
    """Pairs of pieces that share time and level and come close enough to touch.

    Going through the pieces by start, each one is compared with what every other body does at that moment.
    """
    index = {robot: i for i, robot in enumerate(reach)}
    present: list[_Piece | None] = [None] * len(index)
    boxes = np.full((len(index), 4), np.inf)
    reaches = np.array([reach[robot] for robot in index])
    for piece in pieces:
        i = index[piece.robot]
        low_x, low_y, high_x, high_y = piece.box
        near = reach[piece.robot] + reaches
        close = (
            (boxes[:, 0] - near < high_x)
            & (boxes[:, 2] + near > low_x)
            & (boxes[:, 1] - near < high_y)
            & (boxes[:, 3] + near > low_y)
        )
        for j in np.flatnonzero(close):
            other = present[int(j)]
            if other is not None and j != i and other.level == piece.level and other.end > piece.start:
                yield piece, other
        present[i] = piece
        boxes[i] = (low_x, low_y, high_x, high_y)


def _overlaps(
    one: _Piece, other: _Piece, footprints: Mapping[RobotId, Polygon], reach: Mapping[RobotId, float]
) -> Iterator[tuple[float, float]]:
    """The times from which to which the footprints of two pieces overlap."""
    start, end = max(one.start, other.start), min(one.end, other.end)
    standing = not (one.speed or one.acceleration or one.turn_rate or other.speed or other.acceleration)
    count = 1 if standing and not other.turn_rate else max(2, math.ceil((end - start) / STEP) + 1)
    times = np.linspace(start, end, count)
    x1, y1, yaw1 = one.poses(times)
    x2, y2, yaw2 = other.poses(times)
    close = np.hypot(x1 - x2, y1 - y2) < reach[one.robot] + reach[other.robot]
    began: float | None = None
    for k in range(count):
        touching = bool(close[k]) and (
            _at(footprints[one.robot], x1[k], y1[k], yaw1[k])
            .intersection(_at(footprints[other.robot], x2[k], y2[k], yaw2[k]))
            .area
            > 0.0
        )
        if touching and began is None:
            began = float(times[k])
        elif not touching and began is not None:
            yield began, float(times[k])
            began = None
    if began is not None:
        yield began, end


def _at(footprint: Polygon, x: float, y: float, yaw: float) -> Polygon:
    return translate(rotate(footprint, yaw, origin=(0.0, 0.0), use_radians=True), x, y)


def _joined(found: list[Violation]) -> list[Violation]:
    """One per pair and interval: overlaps that follow each other without a gap are one."""
    joined: dict[tuple[RobotId, RobotId], list[Violation]] = {}
    for v in sorted(found, key=lambda v: (v.start, v.one, v.other)):
        pair = (min(v.one, v.other), max(v.one, v.other))
        known = joined.setdefault(pair, [])
        if known and v.start <= known[-1].end + STEP:
            last = known.pop()
            known.append(Violation(*pair, last.level, last.start, max(last.end, v.end)))
        else:
            known.append(Violation(*pair, v.level, v.start, v.end))
    return sorted((v for vs in joined.values() for v in vs), key=lambda v: v.start)
