"""Occupancy grids, as ROS's `nav_msgs/OccupancyGrid` has them: a level as free, occupied and unknown cells."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from shapely import MultiPolygon, Polygon

FREE: Final = 0
OCCUPIED: Final = 100
UNKNOWN: Final = -1

LIKELY_FREE: Final = 50
"""A cell is taken for free when it is known and less likely occupied than this (percent)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OccupancyGrid:
    """`cells[row, column]` is 0 (free) to 100 (occupied), or -1 (unknown); row 0 is the lowest.

    A cell is `resolution` metres wide. `x, y, yaw` place the outer corner of cell [0, 0] and the direction of the
    rows in the map frame.
    """

    cells: NDArray[np.int8]
    resolution: float
    x: float = 0.0
    y: float = 0.0
    yaw: float = 0.0

    @property
    def free(self) -> NDArray[np.bool_]:
        return (self.cells >= FREE) & (self.cells < LIKELY_FREE)

    def to_map(self, points: ArrayLike) -> NDArray[np.float64]:
        """Points (n × 2, metres from the grid's own corner along its own axes) in the map frame."""
        along = np.asarray(points, dtype=float)
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        turned = along @ np.array([[cos, sin], [-sin, cos]])
        placed: NDArray[np.float64] = turned + np.array([self.x, self.y])
        return placed

    def from_map(self, points: ArrayLike) -> NDArray[np.float64]:
        """Points of the map frame (n × 2) in metres from the grid's own corner along its own axes."""
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        moved = np.asarray(points, dtype=float) - np.array([self.x, self.y])
        turned: NDArray[np.float64] = moved @ np.array([[cos, -sin], [sin, cos]])
        return turned


def cells_inside(
    area: Polygon | MultiPolygon, shape: tuple[int, int], resolution: float, x: float = 0.0, y: float = 0.0
) -> NDArray[np.bool_]:
    """The cells of a grid with its corner at (x, y) whose centres lie in `area` (even-odd scan lines)."""
    rows, columns = shape
    crossings = np.zeros((rows, columns + 1), dtype=np.int32)
    for ring in _rings(area):
        points = (np.asarray(ring) - (x, y)) / resolution - 0.5  # cell centres are whole numbers now
        for (x0, y0), (x1, y1) in pairwise(points):
            low, high = (y0, y1) if y0 < y1 else (y1, y0)
            first, last = max(0, math.ceil(low)), min(rows, math.ceil(high))
            if first >= last:
                continue
            at = np.arange(first, last)
            meets = np.ceil(x0 + (at - y0) * (x1 - x0) / (y1 - y0))
            np.add.at(crossings, (at, np.clip(meets, 0, columns).astype(np.int64)), 1)
    inside: NDArray[np.bool_] = np.cumsum(crossings, axis=1)[:, :columns] % 2 == 1
    return inside


def _rings(area: Polygon | MultiPolygon) -> Iterable[NDArray[np.float64]]:
    for part in area.geoms if isinstance(area, MultiPolygon) else (area,):
        if not part.is_empty:
            yield np.asarray(part.exterior.coords)[:, :2]
            yield from (np.asarray(hole.coords)[:, :2] for hole in part.interiors)
