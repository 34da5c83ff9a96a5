"""What a room's light shall reach: its named surfaces, and a grid of points on the floor and along the walls' feet."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np
import shapely

from fleet_manager.planning.coverage.lamp import Floats
from fleet_manager.planning.coverage.room import Room
from maps.model import Facing, Point, SurfaceId

SPACING: Final = 0.25
"""Metres between targets of the floor and of wall edges, and between the places where a robot may stop."""

SKIRTING: Final = 0.1
"""Height (m) at which wall edges are looked at."""

_LIFT: Final = 0.005
"""Targets lie this far (m) before the surface that they stand for, so that the surface itself does not hide them."""

_AT_WALL: Final = 0.1
"""A room's outline this near (m) to a wall or door is a wall edge; elsewhere the room is open."""


class TargetKind(StrEnum):
    SURFACE = "surface"
    FLOOR = "floor"
    WALL = "wall"


@dataclass(frozen=True, slots=True)
class Targets:
    """Points with the normals of their surfaces; `surface` is None on the floor and along walls.

    `xy` has the shape (n, 2), `normal` (n, 3); heights in metres above the floor.
    """

    xy: Floats
    height: Floats
    normal: Floats
    kind: tuple[TargetKind, ...]
    surface: tuple[SurfaceId | None, ...]

    def __len__(self) -> int:
        return len(self.kind)


_Target = tuple[Point, float, tuple[float, float, float], TargetKind, SurfaceId | None]


def targets_of(room: Room) -> Targets:
    """Named surfaces first, in the order of the site, then the floor, then wall edges."""
    found = [*_surfaces(room), *_floor(room), *_wall_edges(room)]
    return Targets(
        xy=np.array([target[0] for target in found], dtype=np.float64).reshape(-1, 2),
        height=np.array([target[1] for target in found], dtype=np.float64),
        normal=np.array([target[2] for target in found], dtype=np.float64).reshape(-1, 3),
        kind=tuple(target[3] for target in found),
        surface=tuple(target[4] for target in found),
    )


def grid_of(polygon: shapely.Polygon) -> Floats:
    """Centres of the cells of a `SPACING` grid that lie in `polygon`, row by row."""
    left, low, right, high = polygon.bounds
    xs = np.arange(left + SPACING / 2, right, SPACING)
    ys = np.arange(low + SPACING / 2, high, SPACING)
    centres = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    inside: Floats = centres[shapely.contains_xy(polygon, centres[:, 0], centres[:, 1])]
    return inside


def _surfaces(room: Room) -> Iterator[_Target]:
    for surface in room.surfaces:
        normal = {
            Facing.SIDE: (math.cos(surface.normal), math.sin(surface.normal), 0.0),
            Facing.UP: (0.0, 0.0, 1.0),
            Facing.DOWN: (0.0, 0.0, -1.0),
        }[surface.facing]
        place = (surface.x + _LIFT * normal[0], surface.y + _LIFT * normal[1])
        yield place, surface.height, normal, TargetKind.SURFACE, surface.id


def _floor(room: Room) -> Iterator[_Target]:
    for x, y in grid_of(room.polygon):
        yield (float(x), float(y)), 0.0, (0.0, 0.0, 1.0), TargetKind.FLOOR, None


def _wall_edges(room: Room) -> Iterator[_Target]:
    walls = shapely.MultiLineString([list(line) for line in room.opaque])
    ring = list(shapely.geometry.polygon.orient(room.polygon).exterior.coords)
    for start, end in pairwise(ring):
        length = math.dist(start, end)
        along = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
        inward = (-along[1], along[0])  # the outline runs counter-clockwise
        for step in range(int((length + SPACING / 2) // SPACING)):
            at = min((step + 0.5) * SPACING, length)
            x, y = start[0] + at * along[0], start[1] + at * along[1]
            if walls.distance(shapely.Point(x, y)) <= _AT_WALL:
                place = (x + _LIFT * inward[0], y + _LIFT * inward[1])
                yield place, SKIRTING, (*inward, 0.0), TargetKind.WALL, None
