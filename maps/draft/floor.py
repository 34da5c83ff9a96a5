"""The floor of a grid that robots can drive on, and how much room there is at each place.

Coordinates in this package are metres from the grid's own corner along its own axes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from maps.grids import OccupancyGrid
from maps.model import Point


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Floor:
    """The largest connected free part of a grid.

    `free` are its cells, `clearance` the distance (m) of each cell's centre to the edge of the nearest cell that is
    not; `drivable` the largest connected part where a body of width `narrowest` fits, turned as it may be.
    """

    resolution: float
    narrowest: float
    free: NDArray[np.bool_]
    clearance: NDArray[np.float64]
    drivable: NDArray[np.bool_]

    @classmethod
    def of(cls, grid: OccupancyGrid, narrowest: float) -> Floor:
        """The floor of `grid`; `drivable` is empty where nothing of that width fits anywhere."""
        free = _largest(grid.free)
        clearance = clearances(free, grid.resolution)
        drivable = _largest(clearance >= narrowest / 2)
        return cls(resolution=grid.resolution, narrowest=narrowest, free=free, clearance=clearance, drivable=drivable)

    def cell(self, points: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows and columns of points, kept inside the grid."""
        at = np.floor(np.asarray(points, dtype=float) / self.resolution).astype(np.int64)
        rows, columns = self.free.shape
        return np.clip(at[..., 1], 0, rows - 1), np.clip(at[..., 0], 0, columns - 1)

    def room_along(self, start: Point, end: Point) -> float:
        """The least clearance on the straight way from `start` to `end`."""
        return float(self.clearance[self.cell(steps_between(start, end, self.resolution))].min())

    @property
    def least_room(self) -> float:
        """The clearance that a way needs, as well as cells can tell."""
        return self.narrowest / 2 - self.resolution

    def passes(self, start: Point, end: Point) -> bool:
        return self.room_along(start, end) >= self.least_room


def clearances(free: NDArray[np.bool_], resolution: float) -> NDArray[np.float64]:
    """From each free cell's centre to the edge of the nearest other cell; beyond the picture nothing is free."""
    away = ndimage.distance_transform_edt(np.pad(free, 1))[1:-1, 1:-1]
    clearance: NDArray[np.float64] = np.maximum(away - 0.5, 0.0) * resolution
    return clearance


def steps_between(start: Point, end: Point, step: float) -> NDArray[np.float64]:
    """Points from `start` to `end`, both included, at most `step` apart."""
    count = max(1, math.ceil(math.dist(start, end) / step))
    return np.linspace(start, end, count + 1)


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest part whose cells touch by their sides."""
    parts, count = ndimage.label(mask)
    if count == 0:
        return mask.copy()
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    largest: NDArray[np.bool_] = parts == sizes.argmax()
    return largest
