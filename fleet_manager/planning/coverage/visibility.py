"""What a lamp shines on from where it stands.

Walls and closed doors reach the ceiling: what they hide lies outside the lamp's *visibility polygon*. Furniture is
solid from the floor to its height, so over a low piece the upper part of the lamp still shines. The line of sight from
a target at the height h to the point z of the arc is h + f·(z - h) high at the fraction f of the way; a piece of the
height H, met between the fractions f₁ and f₂, hides all points below

    h + (H - h) / f₁   from a target lower than the piece,
    h - (h - H) / f₂   from a higher one.

So from each target the arc is seen above one height, or not at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fleet_manager.planning.coverage.lamp import Floats, bottom, irradiance
from fleet_manager.planning.coverage.room import Room
from fleet_manager.planning.coverage.targets import Targets
from maps.model import Point, UvLamp

_SAME_HEIGHT = 1e-9
_GRAZED = 1e-6
"""Share of the way: a corner that a line of sight only touches hides nothing."""

_ARC = 16
"""Chords that the far edge of a shadow is made of, so that it stays far also behind a wall beside the lamp."""


@dataclass(frozen=True, slots=True)
class Light:
    """What the targets get from a lamp at one place.

    `irradiance` in W/m² at full output. `seen` is whether the middle of the arc shines on the target: one that sees
    less than half of it counts as shadowed, though what reaches it is in `irradiance`. `hidden_by` is the index of the
    furniture that hides the most of the lamp where its middle is hidden, `WALL`, or -1.
    """

    irradiance: Floats
    seen: NDArray[np.bool_]
    hidden_by: NDArray[np.int64]


WALL = -2


class Illumination:
    """A room's targets under a lamp that stands here or there."""

    def __init__(self, room: Room, targets: Targets, lamp: UvLamp) -> None:
        self._targets = targets
        self._lamp = lamp
        self._hull = room.polygon.convex_hull
        inner = self._hull.buffer(-0.02)
        self._inner_walls = [line for line in room.opaque if inner.intersects(shapely.LineString(line))]
        self._pieces = [np.array([*piece.polygon, piece.polygon[0]], dtype=np.float64) for piece in room.furniture]
        self._heights = [piece.height for piece in room.furniture]
        x, y = targets.xy[:, 0], targets.xy[:, 1]
        self.inside: list[NDArray[np.bool_]] = [
            shapely.contains_xy(shapely.Polygon(piece.polygon), x, y) for piece in room.furniture
        ]
        """Of each piece of furniture, which targets lie in its outline."""

    def visible_from(self, place: Point) -> BaseGeometry:
        """The visibility polygon: all that walls and closed doors do not hide from `place`."""
        reach = 2.0 * self._hull.length
        shadows = [
            shadow for line in self._inner_walls if (shadow := _shadow(place, line[0], line[1], reach)) is not None
        ]
        return self._hull.difference(shapely.union_all(shadows)) if shadows else self._hull

    def light_at(self, place: Point) -> Light:
        """The light on all targets from a lamp at `place`."""
        targets, lamp = self._targets, self._lamp
        to_lamp = np.asarray(place) - targets.xy
        r = np.hypot(to_lamp[:, 0], to_lamp[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            unit = np.where(r[:, None] > 0.0, to_lamp / r[:, None], 0.0)
            rise = (bottom(lamp) - targets.height) * r / (r - lamp.body_radius)
        lowest = targets.height + np.where(r > lamp.body_radius, rise, np.inf)  # over the robot's own body
        lowest = np.where(targets.height < bottom(lamp), lowest, bottom(lamp))
        hidden_by = np.full(len(targets), -1)
        for index in range(len(self._pieces)):
            edge = self._hidden_below(index, place)
            worse = edge > np.maximum(lowest, lamp.height)
            hidden_by[worse] = index
            lowest = np.maximum(lowest, edge)
        visible = shapely.contains_xy(self.visible_from(place), targets.xy[:, 0], targets.xy[:, 1])
        hidden_by[~visible] = WALL
        lowest = np.where(visible, lowest, np.inf)
        towards = (targets.normal[:, :2] * unit).sum(axis=1)
        upwards = targets.normal[:, 2]
        before = towards * r + upwards * (lamp.height - targets.height) > 1e-9
        return Light(
            irradiance=irradiance(lamp, r, towards, upwards, targets.height, lowest),
            seen=before & (lowest <= lamp.height),
            hidden_by=np.where(before, hidden_by, -1),
        )

    def _hidden_below(self, index: int, place: Point) -> Floats:
        """The height of the arc below which furniture `index` hides it from each target."""
        outline, top = self._pieces[index], self._heights[index]
        first, last = _met(self._targets.xy, np.asarray(place), outline)
        inside = self.inside[index]
        first = np.where(inside, 0.0, first)
        last = np.where(inside & ~np.isfinite(last), 1.0, last)
        h = self._targets.height
        above = h >= top - _SAME_HEIGHT
        with np.errstate(divide="ignore", invalid="ignore"):
            edge = np.where(above, h - (h - top) / last, h + (top - h) / first)
        met = last - first > _GRAZED
        return np.where(met, edge, -np.inf)


def _met(xy: Floats, place: Floats, outline: Floats) -> tuple[Floats, Floats]:
    """Between which fractions of the way from each of `xy` to `place` the closed `outline` is met.

    Both are infinite (of opposite sign) where it is not.
    """
    a, b = outline[:-1], outline[1:]
    way = place - xy  # (n, 2)
    edge = b - a  # (m, 2)
    determinant = way[:, None, 0] * edge[None, :, 1] - way[:, None, 1] * edge[None, :, 0]
    gap = a[None, :, :] - xy[:, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        along = (gap[..., 0] * edge[None, :, 1] - gap[..., 1] * edge[None, :, 0]) / determinant
        across = (gap[..., 0] * way[:, None, 1] - gap[..., 1] * way[:, None, 0]) / determinant
    hit = (np.abs(determinant) > 1e-12) & (along >= 0.0) & (along <= 1.0) & (across >= 0.0) & (across <= 1.0)
    return np.where(hit, along, np.inf).min(axis=1), np.where(hit, along, -np.inf).max(axis=1)


def _shadow(place: Point, start: Point, end: Point, reach: float) -> shapely.Polygon | None:
    """The shadow of a wall from `start` to `end`; None when the wall is seen edge on."""
    first, last = (math.atan2(y - place[1], x - place[0]) for x, y in (end, start))
    sweep = math.remainder(last - first, math.tau)
    arc = [first + sweep * step / _ARC for step in range(_ARC + 1)]
    shadow = shapely.Polygon(
        [start, end, *((place[0] + reach * math.cos(a), place[1] + reach * math.sin(a)) for a in arc)]
    )
    return shadow if shadow.is_valid and shadow.area > 0.0 else None
