"""From cells to lines: outlines of floors and rooms, walls, and the direction of a building."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from shapely import MultiPolygon, Polygon, box, union_all

from maps.model import Ring

_STEPS = 180
"""How many directions of a quarter turn are looked at: half a degree."""


def outline(cells: NDArray[np.bool_], resolution: float, tolerance: float = 0.0) -> list[Polygon]:
    """The cells as polygons, the largest first; simplified they stay within `tolerance` (m)."""
    padded = np.pad(cells, ((0, 0), (1, 1))).astype(np.int8)
    rows, starts = np.nonzero(np.diff(padded, axis=1) == 1)
    _, ends = np.nonzero(np.diff(padded, axis=1) == -1)
    merged = union_all(box(starts * resolution, rows * resolution, ends * resolution, (rows + 1) * resolution))
    if tolerance > 0.0:
        merged = merged.simplify(tolerance)
    parts = list(merged.geoms) if isinstance(merged, MultiPolygon) else [merged]
    found = [part for part in parts if isinstance(part, Polygon) and not part.is_empty]
    return sorted(found, key=lambda part: (-part.area, part.bounds))


def ring(points: NDArray[np.float64]) -> Ring:
    """To the millimetre."""
    return tuple((round(x, 3), round(y, 3)) for x, y in points.tolist())


def solid_lines(areas: list[Polygon], solid: NDArray[np.bool_], resolution: float) -> list[NDArray[np.float64]]:
    """The parts of the areas' outlines along `solid` cells; the others are edges of what is unknown."""
    if not solid.any():
        return []
    away = ndimage.distance_transform_edt(~solid)
    lines = []
    for area in areas:
        for each in (area.exterior, *area.interiors):
            points = np.asarray(each.coords)[:, :2]
            middles = (points[:-1] + points[1:]) / 2
            at = np.clip(np.floor(middles / resolution).astype(int), 0, np.array(solid.shape)[::-1] - 1)
            beside = away[at[:, 1], at[:, 0]] <= 2.0
            lines += _runs(points, beside)
    return lines


def _runs(points: NDArray[np.float64], kept: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """The polyline's longest pieces whose segments are all kept."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
    return [points[start : stop + 1] for start, stop in edges.reshape(-1, 2)]


def heading_of(floor: NDArray[np.bool_]) -> float:
    """The direction (rad, 0 to π/2) that most of the floor's edges follow or cross squarely.

    Seen along its walls, a building's edges fall on few lines.
    """
    edge = floor & ~ndimage.binary_erosion(floor)
    rows, columns = np.nonzero(edge)
    if len(rows) == 0:
        return 0.0
    angles = np.arange(_STEPS) * (math.pi / 2 / _STEPS)
    return float(max(angles, key=lambda angle: (_sharpness(columns, rows, angle), -angle)))


def _sharpness(x: NDArray[np.int64], y: NDArray[np.int64], angle: float) -> int:
    cos, sin = math.cos(angle), math.sin(angle)
    across = (np.rint(x * cos + y * sin), np.rint(y * cos - x * sin))
    return sum(int((np.bincount((line - line.min()).astype(np.int64)) ** 2).sum()) for line in across)
