"""An area with the path that covers it as a picture, for checking a plan by eye."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from shapely import Polygon

from maps.errors import MapWriteError
from maps.model import Point

_INCHES: Final = 10.0
_DPI: Final = 110
_LEFT_OUT, _COVERED, _BEFORE = "#f7cdc4", "#cfe9d4", "#cbe0f5"


def draw_area(
    area: Polygon,
    covered: shapely.Geometry,
    before: shapely.Geometry,
    path: Sequence[Point],
    places: Sequence[Point],
    file: Path,
) -> None:
    """Draw `area` in red, on it what is `covered` in green and what was `before` in blue, the path, and `places`.

    Raises MapWriteError when the picture cannot be stored.
    """
    if file.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise MapWriteError("a drawing is a .png, .svg or .pdf file", file=file)
    left, bottom, right, top = area.bounds
    scale = _INCHES / max(right - left, top - bottom)
    figure = Figure(figsize=((right - left) * scale + 0.5, (top - bottom) * scale + 0.5))
    axes = figure.add_axes((0.01, 0.01, 0.98, 0.98))
    axes.set_aspect("equal")
    axes.set_axis_off()
    for layer, colour in ((area, _LEFT_OUT), (covered, _COVERED), (before, _BEFORE)):
        for part in shapely.get_parts(layer):
            if isinstance(part, Polygon) and not part.is_empty:
                axes.add_patch(_patch(part, facecolor=colour, edgecolor="none"))
    axes.add_patch(_patch(area, facecolor="none", edgecolor="#333333"))
    _draw_way(axes, path)
    axes.plot([x for x, _ in places], [y for _, y in places], "*", color="#e0a800", markersize=12)
    try:
        figure.savefig(file, dpi=_DPI)
    except OSError as error:
        raise MapWriteError(f"cannot be written ({error.strerror or error})", file=file) from error


def _patch(polygon: Polygon, *, facecolor: str, edgecolor: str) -> PathPatch:
    rings = [Outline(list(ring.coords), closed=True) for ring in (polygon.exterior, *polygon.interiors)]
    return PathPatch(Outline.make_compound_path(*rings), facecolor=facecolor, edgecolor=edgecolor, linewidth=0.9)


def _draw_way(axes: Axes, path: Sequence[Point]) -> None:
    axes.plot([x for x, _ in path], [y for _, y in path], "-", color="#3b6fb6", linewidth=0.7)
    if path:
        axes.plot(*path[0], "o", color="#2f8f5b", markersize=5)
        axes.plot(*path[-1], "s", color="#a83a55", markersize=5)
