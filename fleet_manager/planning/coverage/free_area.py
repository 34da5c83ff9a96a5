"""The part of an area that a disc-shaped swath can reach, and where its centre may be for that.

*Centres* are the points that the swath's centre may be at: the area eroded by half the swath. *Reachable* is the union
of all discs there (the morphological opening of the area), in the one connected piece that the robot is in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely import MultiPolygon, Point, Polygon

from fleet_manager.domain.errors import InvalidRequest
from maps import model

_QUARTER: Final = 24
"""Chords in a quarter of the circles by which is eroded and dilated."""

_MARGIN: Final = 1.2 * 0.5 * (1.0 - math.cos(math.pi / (4 * _QUARTER)))
"""Kept from the walls beyond half the swath (swaths): chords cut into the arc around a corner by less than that."""

_LONGEST: Final = 1e5
"""An area is not larger than this (m) in any direction; it is in millimetres then, or not near the site's origin."""

_MOST_STRIPS: Final = 1500
"""A square area of more strips is better planned in parts."""


class NotSprayable(InvalidRequest):
    """The area can't be covered as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeArea:
    """`reachable` counts also what lies within half the swath of `centres`."""

    swath: float
    area: Polygon
    centres: Polygon
    reachable: Polygon | MultiPolygon

    @property
    def radius(self) -> float:
        return self.swath / 2


def free_area(area: Polygon, swath: float, start: model.Point | None = None) -> FreeArea:
    """What a swath of this width (m) reaches from `start`, or in the largest piece. Raises NotSprayable."""
    _check(area, swath)
    pieces = _pieces(_eroded(area, swath))
    if not pieces:
        raise NotSprayable(
            f"the area has no room for a swath of {swath:g} m: it is narrower everywhere",
            field="swath",
            way_out="take a narrower swath, or check that the polygon is in metres",
        )
    if start is None:
        centres = max(pieces, key=lambda piece: piece.area)
    else:
        at = Point(start)
        centres = min(pieces, key=lambda piece: piece.distance(at))
        if centres.distance(at) > swath:
            raise NotSprayable(
                f"the start ({start[0]:g}, {start[1]:g}) is not in the area",
                field="start",
                way_out="name a place inside the polygon, or leave it out",
            )
    # Dilated about as far as was eroded, so that the margin is not counted as out of reach.
    reachable = centres.buffer(swath * 0.5, quad_segs=2 * _QUARTER)
    return FreeArea(swath=swath, area=area, centres=centres, reachable=reachable)


def _eroded(area: Polygon, swath: float) -> shapely.Geometry:
    """The area without what is half a swath or less from its walls."""
    reach = swath * (0.5 + _MARGIN)
    eroded = area.buffer(-reach, quad_segs=_QUARTER)
    # GEOS smooths an outline a little before it erodes by it; walls that come too close by that are taken one by one.
    corners = [np.asarray(ring.coords) for ring in (area.exterior, *area.interiors)]
    walls = np.concatenate([shapely.linestrings(np.stack([xy[:-1], xy[1:]], axis=1)) for xy in corners])
    shapely.prepare(eroded)
    close = shapely.dwithin(walls, eroded, 0.5 * swath)
    if not np.any(close):
        return eroded
    return eroded.difference(shapely.union_all(shapely.buffer(walls[close], reach, quad_segs=_QUARTER)))


def _pieces(shape: shapely.Geometry) -> list[Polygon]:
    parts = shapely.get_parts(shape)
    return [shapely.remove_repeated_points(p, 1e-9) for p in parts if isinstance(p, Polygon) and p.area > 0.0]


def _check(area: Polygon, swath: float) -> None:
    if not (math.isfinite(swath) and swath > 0.0):
        raise NotSprayable(
            f"a swath of {swath:g} m covers nothing", field="swath", way_out="give the swath's width in metres, above 0"
        )
    if area.is_empty:
        raise NotSprayable("the polygon is empty", field="polygon", way_out="draw at least three corners")
    if not area.is_valid:
        raise NotSprayable(
            f"the polygon is not valid ({shapely.is_valid_reason(area)})",
            field="polygon",
            way_out="let no edges cross, and keep holes inside the outline and apart from each other",
        )
    left, bottom, right, top = area.bounds
    if max(right - left, top - bottom) > _LONGEST:
        raise NotSprayable(
            f"the polygon is {max(right - left, top - bottom) / 1000:.0f} km long",
            field="polygon",
            way_out="give metres in the site frame, and split what is larger than a site",
        )
    if area.area / swath**2 > _MOST_STRIPS**2:
        raise NotSprayable(
            f"a swath of {swath:g} m is too narrow for {area.area:.0f} m²",
            field="swath",
            way_out="check both units, or split the area",
        )
