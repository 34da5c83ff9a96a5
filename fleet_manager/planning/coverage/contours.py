"""Rounds along the walls, and what is left in the middle for strips.

Where an area is only a few swaths wide, whole strips overlap much: a width of 3.2 swaths takes four of them, and
strips leave cusps between their ends. A round along all walls leaves no cusps there, and a middle that may need one
strip less; and where an area is itself a ring, rounds are all that it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import shapely
from shapely import Polygon

from fleet_manager.planning.coverage.walls import Walls
from maps.model import Point

_OPEN: Final = 0.5
"""A round ends so much (swaths) before it is closed: the disc at its start covers that."""

_THINNEST: Final = 0.004
"""The middle is at least so wide (swaths) that a strip can lie in it."""

_WIDE: Final = 2.0
"""Half the width (swaths) up to which rounds are worth a thought."""

_MIDDLES: Final = (None, 0.6, 0.75, 0.9)
"""Places of the last round."""

_MOST_CORNERS: Final = 1500
"""Rounds of more corners are no short way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """`drives` go round; `middles` is where the centres of the strips between them may be."""

    drives: tuple[tuple[Point, ...], ...]
    middles: tuple[Polygon, ...]


def rounds(centres: Polygon, swath: float) -> list[Rounds]:
    """Rounds within rounds up to the middle, and a round along each wall with strips in between.

    None where the area is many swaths wide, or has several holes: strips serve it better.
    """
    if len(centres.interiors) > 1 or shapely.maximum_inscribed_circle(centres).length > _WIDE * swath:
        return []
    outer = Rounds(drives=_around(centres, swath), middles=_middles(centres, swath))
    found = [*(_nested(centres, swath, inset) for inset in _MIDDLES), outer]
    distinct = {r.drives: r for r in found}
    return [r for r in distinct.values() if sum(map(len, r.drives)) <= _MOST_CORNERS]


def _around(piece: Polygon, swath: float, *, outside_only: bool = False) -> tuple[tuple[Point, ...], ...]:
    rings = Walls(piece).rings[: 1 if outside_only else None]
    lengths = (max(ring.length - _OPEN * swath, 0.75 * ring.length) for ring in rings)
    return tuple(tuple(ring.stretch(0.0, length)) for ring, length in zip(rings, lengths, strict=True))


def _middles(centres: Polygon, swath: float) -> tuple[Polygon, ...]:
    """A swath away from the rounds; nearer where the area is too narrow for that, down to a line in its middle."""
    found = _polygons(_inset(centres, swath))
    for inset in (0.75, 0.5 + _THINNEST):
        covered = shapely.union_all([known.buffer(0.6 * swath) for known in found])
        found += _polygons(shapely.difference(_inset(centres, inset * swath), covered))
    return tuple(found)


def _nested(centres: Polygon, swath: float, inset: float | None) -> Rounds:
    """The last round, in what has no room for one a whole swath in, is `inset` swaths in; None: right in the middle."""
    drives: list[tuple[Point, ...]] = []
    middles: list[Polygon] = []
    layer = [centres]
    while layer:
        piece = layer.pop()
        drives += _around(piece, swath)
        inner = [p for p in _polygons(_inset(piece, swath)) if p.interiors or not piece.interiors]
        layer += inner
        depth = float(shapely.maximum_inscribed_circle(piece).length)
        if inner or depth <= swath / 2:
            continue
        last = depth - _THINNEST * swath if inset is None else inset * swath
        if inset is not None and piece.interiors:
            outline = _inset(Polygon(piece.exterior), last)
            drives += [way for one in _polygons(outline) for way in _around(one, swath) if _lies_in(way, piece)]
            continue
        for thin in _polygons(_inset(piece, min(last, depth - _THINNEST * swath))):
            # A ring's middle is a round, any other middle a line.
            if thin.interiors:
                drives += _around(thin, swath, outside_only=True)
            else:
                middles.append(thin)
    return Rounds(drives=tuple(drives), middles=tuple(middles))


def _lies_in(way: tuple[Point, ...], piece: Polygon) -> bool:
    return bool(piece.covers(shapely.LineString(way)))


def _inset(piece: Polygon, by: float) -> shapely.Geometry:
    return piece.buffer(-by, join_style="mitre")


def _polygons(shape: shapely.Geometry) -> list[Polygon]:
    return [p for p in shapely.get_parts(shape) if isinstance(p, Polygon) and p.area > 1e-6]
