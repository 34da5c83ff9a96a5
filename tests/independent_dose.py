"""The UV-C dose once more, by brute force: point emitters along the arc, a ray from each to each target, time in steps.

Shares nothing with `fleet_manager.planning.coverage` but the site, so that it can confirm it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.model import LevelId, Site, UvLamp

Floats: TypeAlias = NDArray[np.float64]
Sample: TypeAlias = tuple[float, float, float, bool]
"""Time (s), x, y, and whether the lamp is on."""

EMITTERS = 240
DRIVE_STEP = 0.2


class BruteForce:
    """Targets are given as points (n, 3) with normals (n, 3)."""

    def __init__(self, site: Site, level: LevelId, lamp: UvLamp, points: Floats, normals: Floats) -> None:
        self.lamp, self.points, self.normals = lamp, points, normals
        near = shapely.MultiPoint(points[:, :2]).convex_hull.buffer(0.3)
        lines = [shapely.LineString(wall) for wall in site.levels[level].walls]
        lines += [shapely.LineString([door.start, door.end]) for door in site.doors.values() if door.level == level]
        self.walls = shapely.union_all([line for line in lines if line.intersects(near)])
        self.solids = [
            (shapely.Polygon(piece.polygon), piece.height)
            for piece in site.furniture.values()
            if piece.level == level and shapely.Polygon(piece.polygon).intersects(near)
        ]
        self._known: dict[tuple[float, float], Floats] = {}
        heights = lamp.height + lamp.length * ((np.arange(EMITTERS) + 0.5) / EMITTERS - 0.5)
        self.emitters = heights
        rays = np.stack([np.full(EMITTERS, lamp.distance), np.zeros(EMITTERS), heights - lamp.height], axis=1)
        at_one = sum(self._shine(ray, np.array([1.0, 0.0, 0.0])) for ray in rays)
        assert lamp.irradiance is not None
        self.power = lamp.irradiance / float(at_one)

    @staticmethod
    def _shine(ray: Floats, normal: Floats) -> float:
        """From one emitter of strength 1: sine at the lamp, cosine at the surface, inverse square."""
        distance = float(np.linalg.norm(ray))
        sine = math.hypot(ray[0], ray[1]) / distance
        return sine * max(0.0, float(ray @ normal) / distance) / distance**2

    def dose(self, samples: Sequence[Sample]) -> Floats:
        """J/m² on each target."""
        total = np.zeros(len(self.points))
        switched_on = 0.0
        for (t0, x0, y0, on0), (t1, x1, y1, on1) in pairwise([(0.0, 0.0, 0.0, False), *samples]):
            if not on0:
                switched_on = t1
            if on0 and on1:
                for time, seconds, place in self._moments(t0, t1, (x0, y0), (x1, y1)):
                    output = min(1.0, (time - switched_on) / self.lamp.warm_up) if self.lamp.warm_up else 1.0
                    if seconds:
                        total += self._irradiance(place) * output * seconds
        return total

    @staticmethod
    def _moments(
        t0: float, t1: float, start: tuple[float, float], end: tuple[float, float]
    ) -> Iterator[tuple[float, float, tuple[float, float]]]:
        steps = max(1, math.ceil(math.dist(start, end) / DRIVE_STEP), math.ceil((t1 - t0) / 0.5))
        for step in range(steps):
            share = (step + 0.5) / steps
            place = (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
            yield t0 + share * (t1 - t0), (t1 - t0) / steps, place

    def _irradiance(self, place: tuple[float, float]) -> Floats:
        if place not in self._known:
            self._known[place] = self._look(place)
        return self._known[place]

    def _look(self, place: tuple[float, float]) -> Floats:
        """From every emitter to every target a ray, free or not."""
        rays = np.empty((len(self.points), EMITTERS, 3))
        rays[:, :, :2] = (np.array(place) - self.points[:, :2])[:, None, :]
        rays[:, :, 2] = self.emitters[None, :] - self.points[:, 2, None]
        length = np.hypot(rays[:, 0, 0], rays[:, 0, 1])
        distance = np.linalg.norm(rays, axis=2)
        cosine = np.maximum(0.0, np.einsum("nek,nk->ne", rays, self.normals) / distance)
        shine = (length[:, None] / distance) * cosine / distance**2
        lines = shapely.linestrings([[point[:2], place] for point in self.points])
        shine[shapely.intersects(lines, self.walls)] = 0.0
        foot = self.lamp.height - self.lamp.length / 2
        body = shapely.Point(place).buffer(self.lamp.body_radius, quad_segs=128)
        for solid, height in (*self.solids, (body, foot)):
            within = shapely.intersection(lines, solid)
            corners, owner = shapely.get_coordinates(within, return_index=True)
            through = shapely.length(within)[owner] > 1e-6
            for (x, y), target in zip(corners[through], owner[through], strict=True):
                share = math.dist((x, y), self.points[target, :2]) / length[target]
                over = self.points[target, 2] + share * rays[target, :, 2]
                shine[target, over < height - 1e-9] = 0.0
        total: Floats = self.power * shine.sum(axis=1)
        return total
