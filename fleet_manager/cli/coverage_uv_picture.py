"""A UV-C plan as a picture: the room from above, its stops, and the dose that everything gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon as PolygonPatch

from fleet_manager.planning.coverage.targets import SPACING, TargetKind
from fleet_manager.planning.coverage.uv_plan import UvPlan
from maps.errors import MapWriteError

_INCHES_PER_METRE = 1.25
_SMALLEST, _LARGEST = 5.0, 24.0
_DPI = 130
_COLOURS = "viridis"
_UNTREATED = "#d11f3a"
_STOP = "#ff8c1a"
_MARGIN = 0.3


def draw_uv_plan(plan: UvPlan, path: Path) -> None:
    """Write the picture; the suffix says how. Raises MapWriteError when it cannot be stored."""
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise MapWriteError("a drawing is a .png, .svg or .pdf file", file=path)
    left, low, right, high = plan.room.polygon.bounds
    width, height = right - left + 2 * _MARGIN, high - low + 2 * _MARGIN
    scale = min(_INCHES_PER_METRE, _LARGEST / max(width, height))
    figure = Figure(figsize=(max(_SMALLEST, width * scale) + 2.2, height * scale + 1.6), layout="constrained")
    axes = figure.add_subplot()
    axes.set_aspect("equal")
    axes.set_xlim(left - _MARGIN, right + _MARGIN)
    axes.set_ylim(low - _MARGIN, high + _MARGIN)
    axes.set_xlabel("x (m)")
    axes.set_ylabel("y (m)")
    axes.set_title(
        f"{plan.room.zone.name or plan.room.zone.id}: {plan.dose:g} J/m² ({plan.dose / 10:g} mJ/cm²) in "
        f"{plan.duration / 60:.0f} min\ndwell {plan.dwell:.0f} s (bound {plan.bound:.0f} s), "
        f"{len(plan.stops)} stops, {plan.shadowed_share:.0%} shadowed",
        fontsize=10,
    )
    norm = LogNorm(plan.dose / 2, plan.dose * 8)
    tiles = _floor(axes, plan, norm)
    _furniture(axes, plan)
    _points(axes, plan, norm)
    _stops(axes, plan)
    scale_of_doses = figure.colorbar(tiles, ax=axes, label="dose (J/m²)", shrink=0.8)
    ticks = [plan.dose * factor for factor in (0.5, 1.0, 2.0, 4.0, 8.0)]
    scale_of_doses.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    scale_of_doses.minorticks_off()
    figure.legend(handles=_legend(), loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    try:
        figure.savefig(path, dpi=_DPI)
    except OSError as error:
        raise MapWriteError(f"cannot be written ({error.strerror or error})", file=path) from error


def _floor(axes: Axes, plan: UvPlan, norm: LogNorm) -> AxesImage:
    """The floor's grid as tiles; those in shadow are left blank and crossed."""
    floor = np.array([kind is TargetKind.FLOOR for kind in plan.targets.kind])
    xy = plan.targets.xy[floor]
    left, low = xy.min(axis=0)
    columns, rows = (np.rint((xy.max(axis=0) - (left, low)) / SPACING).astype(int) + 1).tolist()
    tiles = np.full((rows, columns), np.nan)
    place = np.rint((xy - (left, low)) / SPACING).astype(int)
    tiles[place[:, 1], place[:, 0]] = np.where(plan.seen[floor], plan.doses[floor], np.nan)
    half = SPACING / 2
    extent = (left - half, left + columns * SPACING - half, low - half, low + rows * SPACING - half)
    image = axes.imshow(tiles, origin="lower", extent=extent, norm=norm, cmap=_COLOURS, alpha=0.85, zorder=1)
    dark = xy[~plan.seen[floor]]
    axes.scatter(dark[:, 0], dark[:, 1], marker="x", s=14, c=_UNTREATED, linewidths=0.9, zorder=5)
    return image


def _furniture(axes: Axes, plan: UvPlan) -> None:
    axes.add_collection(LineCollection([list(line) for line in plan.room.opaque], colors="#222222", linewidths=2.2))
    for piece in plan.room.furniture:
        axes.add_patch(
            PolygonPatch(piece.polygon, facecolor="#b9b2a6", edgecolor="#4d473d", linewidth=1.0, alpha=0.9, zorder=3)
        )
        x, y = np.mean(np.array(piece.polygon), axis=0)
        said = f"{piece.name or piece.id}\n{piece.height:g} m"
        axes.text(x, y, said, fontsize=6.5, ha="center", va="center", zorder=6, clip_on=True)


def _points(axes: Axes, plan: UvPlan, norm: LogNorm) -> None:
    """Wall edges as dots, named surfaces as diamonds, coloured like the floor; untreated ones crossed in red."""
    for kind, marker, size in ((TargetKind.WALL, "s", 16), (TargetKind.SURFACE, "D", 46)):
        here = np.array([one is kind for one in plan.targets.kind])
        lit, dark = here & plan.seen, here & ~plan.seen
        axes.scatter(
            plan.targets.xy[lit, 0],
            plan.targets.xy[lit, 1],
            c=plan.doses[lit],
            marker=marker,
            s=size,
            norm=norm,
            cmap=_COLOURS,
            edgecolors="#ffffff",
            linewidths=0.7,
            zorder=7,
        )
        x, y = plan.targets.xy[dark].T
        axes.scatter(x, y, marker="x", s=size, c=_UNTREATED, linewidths=1.4, zorder=7)


def _stops(axes: Axes, plan: UvPlan) -> None:
    ways = [list(way) for way in (*(stop.way for stop in plan.stops), plan.way_back) if len(way) > 1]
    axes.add_collection(LineCollection(ways, colors=_STOP, linewidths=1.0, linestyles="--", zorder=8))
    x, y = plan.way_back[-1]
    axes.scatter([x], [y], marker="^", s=70, c="#ffffff", edgecolors="#222222", zorder=9)
    for stop in plan.stops:
        size = 40.0 + 420.0 * stop.dwell / max(plan.dwell, 1e-9)
        axes.scatter([stop.x], [stop.y], s=size, c=_STOP, edgecolors="#5c2f00", linewidths=0.8, alpha=0.9, zorder=9)
        axes.text(stop.x, stop.y, f"{stop.dwell:.0f} s", fontsize=6.5, ha="center", va="center", zorder=10)


def _legend() -> list[Line2D]:
    def mark(marker: str, colour: str, label: str) -> Line2D:
        return Line2D([], [], linestyle="none", marker=marker, color=colour, label=label)

    return [
        mark("o", _STOP, "stop, with its dwell time"),
        Line2D([], [], linestyle="none", marker="^", mfc="#ffffff", mec="#222222", label="way in"),
        mark("D", "#3b7a8c", "named surface"),
        mark("x", _UNTREATED, "untreated: shadow or underside"),
    ]
