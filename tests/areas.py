"""Areas to cover, and an independent look at a path that claims to cover one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, Polygon, affinity, box
from shapely.geometry.base import BaseGeometry

from maps.model import Point

L_ROOM = Polygon([(0, 0), (6, 0), (6, 2.5), (3, 2.5), (3, 5), (0, 5)])
T_ROOM = Polygon([(0, 0), (8, 0), (8, 3), (5.5, 3), (5.5, 7), (2.5, 7), (2.5, 3), (0, 3)])
U_YARD = Polygon([(0, 0), (50, 0), (50, 40), (35, 40), (35, 15), (15, 15), (15, 40), (0, 40)])
PILLARS = (box(2, 2, 2.5, 2.5), box(5, 3, 5.5, 3.5))
BEDS = tuple(box(1 + 2.2 * i, 4, 2 + 2.2 * i, 6) for i in range(5))
BUILDINGS = (box(8, 8, 20, 18), box(30, 5, 42, 15), box(25, 24, 45, 32))
TURNED = tuple(affinity.rotate(one, turn) for one, turn in zip(BUILDINGS, (20, -35, 10), strict=True))


def _without(area: BaseGeometry, *obstacles: BaseGeometry) -> Polygon:
    free = area - shapely.union_all(obstacles)
    assert isinstance(free, Polygon)
    return free


ROOMS_AND_YARDS: dict[str, tuple[Polygon, float]] = {
    "room": (box(0, 0, 6, 4), 0.6),
    "small room": (box(0, 0, 4, 3), 0.6),
    "room just wider than five strips": (box(0, 0, 5.01, 4.01), 1.0),
    "L": (L_ROOM, 0.5),
    "T": (T_ROOM, 0.6),
    "room with pillars": (_without(box(0, 0, 8, 6), *PILLARS), 0.5),
    "ward with beds": (_without(box(0, 0, 12, 6), *BEDS), 0.6),
    "yard": (_without(box(0, 0, 60, 40), *BUILDINGS), 1.2),
    "yard with turned buildings": (_without(box(0, 0, 60, 40), *TURNED), 2.0),
    "U": (U_YARD, 1.2),
    "yard far from the origin": (_without(affinity.translate(U_YARD, 5e5, 4.4e6)), 2.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """`share` of the reachable area within half a swath of the path; how far (m) the disc sticks out of the polygon."""

    share: float
    outside: float
    reachable: float


def look_at(area: Polygon, swath: float, path: Sequence[Point]) -> Seen:
    """By points on a fine grid and their distances, in the piece of the area that the path is in."""
    line = LineString(path)
    eroded = area.buffer(-swath / 2, quad_segs=64)
    pieces = shapely.get_parts(eroded)
    centres = pieces[int(np.argmin(shapely.distance(pieces, line)))]
    step = max(swath / 24, math.sqrt(area.area) / 400)
    left, bottom, right, top = area.bounds
    x, y = np.meshgrid(np.arange(left + step / 3, right, step), np.arange(bottom + step / 3, top, step))
    shapely.prepare(area)
    inside = shapely.contains_xy(area, x.ravel(), y.ravel())
    points = shapely.points(x.ravel()[inside], y.ravel()[inside])
    shapely.prepare(centres)
    reachable = np.asarray(points)[shapely.dwithin(centres, points, swath / 2)]
    edges = shapely.linestrings(np.stack([np.array(path)[:-1], np.array(path)[1:]], axis=1))
    wet = np.unique(shapely.STRtree(reachable).query(edges, predicate="dwithin", distance=swath / 2)[1])
    return Seen(
        share=len(wet) / len(reachable), outside=sticks_out(area, swath, path), reachable=len(reachable) * step**2
    )


def sticks_out(area: Polygon, swath: float, path: Sequence[Point]) -> float:
    """How far (m) a disc of diameter `swath` sticks out of the area somewhere on the path."""
    line = LineString(path)
    clearance = min(wall.distance(line) for wall in (area.exterior, *area.interiors))
    return max(0.0, swath / 2 - clearance) if area.covers(line) else math.inf


def random_area(seed: int) -> tuple[Polygon, float]:
    """A polygon with sharp corners, narrow necks and holes, and a swath that has room in it."""
    rng = np.random.default_rng(seed)
    while True:
        area = _star(rng, (0.0, 0.0), 20.0, int(rng.integers(5, 25)), 0.75 if seed % 2 else 0.4)
        for _ in range(int(rng.integers(1, 9))):
            x, y = rng.uniform(-12, 12, 2)
            hole = _star(rng, (x, y), float(rng.uniform(0.5, 4.0)), int(rng.integers(3, 9)), 0.6)
            if area.is_valid and hole.is_valid:
                parts = shapely.get_parts(area - hole)
                area = max(parts, key=lambda part: part.area)
        swath = float(rng.choice([0.6, 0.8, 1.2, 2.0]))
        if isinstance(area, Polygon) and area.is_valid and not area.buffer(-swath / 2).is_empty:
            return area, swath


def _star(rng: np.random.Generator, centre: Point, radius: float, corners: int, spiky: float) -> Polygon:
    angles = np.sort(rng.uniform(0.0, 2 * math.pi, corners))
    radii = radius * rng.uniform(1.0 - spiky, 1.0, corners)
    return Polygon(np.stack([centre[0] + radii * np.cos(angles), centre[1] + radii * np.sin(angles)], axis=1))
