"""Which floor lies within reach of the lanes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from maps.draft.floor import Floor
from maps.model import Point

SPACING: Final = 0.2
"""Distance (m) of the places that stand for the floor around them."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Places all over the floor, each standing for `area` m². `rooms` are the numbers of the rooms they lie in."""

    places: NDArray[np.floating]
    rooms: NDArray[np.int32]
    area: float
    tree: cKDTree

    @classmethod
    def of(cls, floor: Floor, rooms: NDArray[np.int32]) -> Samples:
        stride = max(1, round(SPACING / floor.resolution))
        rows, columns = np.nonzero(floor.free[::stride, ::stride])
        rows, columns = rows * stride, columns * stride
        places = (np.column_stack([columns, rows]) + 0.5) * floor.resolution
        return cls(places, rooms[rows, columns], (stride * floor.resolution) ** 2, cKDTree(places))

    def within(self, way: NDArray[np.floating], rooms: NDArray[np.int32], reach: float) -> list[NDArray[np.int64]]:
        """For each point of `way`, which lies in the room of the same number, the places of that room within reach."""
        near = self.tree.query_ball_point(way, reach, return_sorted=True)
        found = [np.asarray(those, dtype=np.int64) for those in near]
        return [those[self.rooms[those] == room] for those, room in zip(found, rooms, strict=True)]

    def covered(self, lines: Iterable[tuple[Point, Point]], reach: float) -> NDArray[np.bool_]:
        """Whether each place is within `reach` of one of the straight `lines`, through walls too."""
        near = np.zeros(len(self.places), dtype=np.bool_)
        for start, end in lines:
            middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
            about = np.asarray(self.tree.query_ball_point(middle, math.dist(start, end) / 2 + reach), dtype=np.int64)
            about = about[~near[about]]
            near[about] = distances(self.places[about], start, end) <= reach
        return near


def distances(places: NDArray[np.floating], start: Point, end: Point) -> NDArray[np.floating]:
    """From each of `places` to the segment."""
    origin, along = np.asarray(start), np.subtract(end, start)
    squared = float(along @ along)
    share = np.clip((places - origin) @ along / squared, 0.0, 1.0) if squared > 0.0 else np.zeros(len(places))
    away: NDArray[np.floating] = np.linalg.norm(places - (origin + share[:, None] * along), axis=1)
    return away
