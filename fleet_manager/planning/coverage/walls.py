"""The walls of a free area as places: each point of a wall is a ring and a distance along it."""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from maps.model import Point

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Shapes = NDArray[np.object_]


def lines_between(starts: Floats, ends: Floats) -> Shapes:
    """A line for each row of `starts` and `ends`."""
    return np.asarray(shapely.linestrings(np.stack([starts, ends], axis=1)))


def lines_along(xy: Floats) -> Shapes:
    """A line for each step of a way."""
    return lines_between(xy[:-1], xy[1:])


class Ring:
    """A closed wall with the distance along it as coordinate."""

    def __init__(self, xy: Floats) -> None:
        self.xy = xy
        self.at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
        self.length = float(self.at[-1])

    def point(self, at: float) -> Point:
        at %= self.length
        return (float(np.interp(at, self.at, self.xy[:, 0])), float(np.interp(at, self.at, self.xy[:, 1])))

    def stretch(self, start: float, end: float) -> list[Point]:
        """Points from `start` to `end` (m): forwards if `end` is greater, else backwards; the ring goes round."""
        low, high = min(start, end), max(start, end)
        corners: list[tuple[float, Point]] = []
        for turn in range(math.floor(low / self.length), math.floor(high / self.length) + 1):
            at = self.at[:-1] + turn * self.length
            inside = np.flatnonzero((at > low + 1e-9) & (at < high - 1e-9))
            corners += [(float(at[k]), (float(self.xy[k, 0]), float(self.xy[k, 1]))) for k in inside]
        between = [point for _, point in corners]
        if start > end:
            between.reverse()
        return [self.point(start), *between, self.point(end)]


class Walls:
    """All rings of an area, the outline first; finds the place on them that is nearest to a point."""

    def __init__(self, area: Polygon) -> None:
        self.rings = [Ring(np.asarray(ring.coords)) for ring in (area.exterior, *area.interiors)]
        sides = [lines_along(ring.xy) for ring in self.rings]
        self._sides = np.concatenate(sides)
        self._owners = np.concatenate([np.full(len(side), k) for k, side in enumerate(sides)])
        self._starts = np.concatenate([ring.at[:-1] for ring in self.rings])
        self._tree = shapely.STRtree(self._sides)

    def nearest(self, xy: Floats) -> tuple[Integers, Floats, Floats]:
        """For each point the ring that is nearest, where on it, and how far away."""
        points = np.asarray(shapely.points(xy))
        (_, side), distance = self._tree.query_nearest(points, all_matches=False, return_distance=True)
        at = self._starts[side] + shapely.line_locate_point(self._sides[side], points)
        return self._owners[side], np.asarray(at), distance
