"""A site as a picture: its levels side by side, for reports and for checking a map by eye."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.patches import Polygon as PolygonPatch
from matplotlib.path import Path as Outline
from shapely import Polygon

from maps.errors import BrokenReferenceError, MapWriteError
from maps.model import Lane, Level, LevelId, Point, Ring, Site, Waypoint, Zone, ZoneClass, ZoneKind

_SCALE = 0.13
"""Inches of paper per metre, so that two lanes 1.3 m apart stay two lines."""

_SMALLEST, _LARGEST = 11.0, 60.0
"""Inches of paper; the scale gives way for smaller and larger sites."""

_COLUMNS = 3
"""Levels beside each other; further ones follow in rows below."""

_TITLE, _LEGEND = 0.4, 0.9
"""Inches above and below the levels."""

_DPI = 110
_FONT = 4.5

_CLASS_COLOURS = {
    ZoneClass.CLEAN: "#cfe9d4",
    ZoneClass.SEMI_CONTAMINATED: "#fbeebb",
    ZoneClass.CONTAMINATED: "#f7cdc4",
    ZoneClass.ISOLATION: "#e3cdf0",
    ZoneClass.PROTECTIVE: "#cbe0f5",
    ZoneClass.RESTRICTED: "#dcdcdc",
}
_HATCHES = {
    ZoneKind.NO_SIGNAL: "....",
    ZoneKind.ESCAPE_ROUTE: "////",
    ZoneKind.BUFFER_ROOM: "xxxx",
    ZoneKind.STREET_CROSSING: "||||",
}
_HATCH_COLOUR = "#00000030"
_LANE_COLOURS = ("#3b6fb6", "#c2661d", "#2f8f5b", "#8b4fa8", "#8a6d1f", "#a83a55")
_FEATURES = {
    "charger": ("*", "#e0a800", 34.0),
    "parking": ("s", "#5a7fb8", 10.0),
    "waiting": ("D", "#8d8d8d", 6.0),
    "transfer": ("^", "#9c3fb0", 18.0),
    "decontamination": ("P", "#1a9ba1", 22.0),
    "refill": ("v", "#2b7de0", 20.0),
}


def draw(site: Site, path: Path, level: LevelId | None = None) -> None:
    """Draw `site`, or only its `level`, to `path`; the suffix (.png, .svg, .pdf) says how.

    Raises BrokenReferenceError for an unknown level and MapWriteError when the picture cannot be stored.
    """
    if level is not None and level not in site.levels:
        raise BrokenReferenceError(
            f"site {site.name!r} has no level {level!r}", remedy=f"Its levels are {', '.join(site.levels)}"
        )
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise MapWriteError("a drawing is a .png, .svg or .pdf file", file=path)
    levels = list(site.levels.values()) if level is None else [site.levels[level]]
    box = _extent(site, levels)
    columns = max(1, min(len(levels), _COLUMNS))
    rows = -(-len(levels) // columns) or 1
    width, height = (box[2] - box[0]) * columns, (box[3] - box[1]) * rows
    scale = min(max(_SCALE, _SMALLEST / width), _LARGEST / width)
    paper = (width * scale, height * scale + _TITLE * rows + _LEGEND)
    figure = Figure(figsize=paper)
    grid = figure.add_gridspec(
        rows,
        columns,
        left=0.005,
        right=0.995,
        bottom=_LEGEND / paper[1],
        top=1.0 - _TITLE / paper[1],
        wspace=0.01,
        hspace=_TITLE * rows / (height * scale),
    )
    for number, one in enumerate(levels):
        _draw_level(figure.add_subplot(grid[number // columns, number % columns]), site, one, box, scale)
    figure.legend(
        handles=_legend(site), loc="lower center", ncols=max(2, int(paper[0] / 1.7)), fontsize=7, frameon=False
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            # A name may have letters that matplotlib's font lacks; they show as boxes, which is no reason to fail.
            warnings.simplefilter("ignore", UserWarning)
            figure.savefig(path, dpi=_DPI)
    except OSError as error:
        raise MapWriteError(f"cannot be written ({error.strerror or error})", file=path) from error


def _extent(site: Site, levels: list[Level]) -> tuple[float, float, float, float]:
    """One box around all `levels`, so that a place has the same spot on each of them."""
    drawn = {level.id for level in levels}
    points: list[Point] = [waypoint.xy for waypoint in site.waypoints.values() if waypoint.level in drawn]
    points += [point for level in levels for wall in level.walls for point in wall]
    points += [point for level in levels for floor in level.floors for point in floor[0]]
    points += [point for zone in site.zones.values() if zone.level in drawn for point in zone.polygon]
    points += [end for door in site.doors.values() if door.level in drawn for end in (door.start, door.end)]
    xs, ys = [x for x, _ in points] or [0.0], [y for _, y in points] or [0.0]
    margin = 2.0
    return min(xs) - margin, min(ys) - margin, max(xs) + margin, max(ys) + margin


def _draw_level(axes: Axes, site: Site, level: Level, box: tuple[float, float, float, float], scale: float) -> None:
    left, bottom, right, top = box
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal", anchor="N")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(f"{level.id}  ({level.elevation:g} m)", fontsize=9)
    for floor in level.floors:
        axes.add_patch(_with_holes(floor))
    zones = [zone for zone in site.zones.values() if zone.level == level.id]
    for zone in sorted(zones, key=lambda zone: -Polygon(zone.polygon).area):
        axes.add_patch(_zone_patch(zone))
    axes.add_collection(LineCollection([list(wall) for wall in level.walls], colors="#333333", linewidths=0.8))
    _draw_furniture(axes, site, level)
    _draw_doors(axes, site, level)
    _draw_lifts(axes, site, level)
    _draw_lanes(axes, site, level)
    _draw_waypoints(axes, site, level)
    _draw_names(axes, site, level, box, scale)


def _with_holes(rings: tuple[Ring, ...]) -> PathPatch:
    outline = Outline.make_compound_path(*(Outline([*ring, ring[0]], closed=True) for ring in rings))
    return PathPatch(outline, facecolor="#f4f4f1", edgecolor="none", zorder=0)


def _zone_patch(zone: Zone) -> PolygonPatch:
    colour = _CLASS_COLOURS[zone.zone_class] if zone.zone_class else "none"
    if zone.kind is ZoneKind.OUTDOOR:
        colour = "#e4efcf"
    plain = zone.kind not in _HATCHES
    return PolygonPatch(
        zone.polygon,
        closed=True,
        facecolor=colour if plain else "none",
        edgecolor="#00000018" if plain else _HATCH_COLOUR,
        hatch=_HATCHES.get(zone.kind),
        linewidth=0.4,
        zorder=0.5 if plain else 0.8,
    )


def _draw_furniture(axes: Axes, site: Site, level: Level) -> None:
    outlines = [list(piece.polygon) for piece in site.furniture.values() if piece.level == level.id]
    axes.add_collection(PolyCollection(outlines, facecolors="#d8d2c6", edgecolors="#8f8776", linewidths=0.4, zorder=1))


def _draw_doors(axes: Axes, site: Site, level: Level) -> None:
    for automatic, colour, width in ((False, "#c9a27a", 1.2), (True, "#b5452c", 2.2)):
        lines = [
            [door.start, door.end]
            for door in site.doors.values()
            if door.level == level.id and door.automatic == automatic
        ]
        axes.add_collection(LineCollection(lines, colors=colour, linewidths=width, zorder=2.5))


def _draw_lifts(axes: Axes, site: Site, level: Level) -> None:
    for lift in site.lifts.values():
        if level.id not in lift.levels:
            continue
        cos, sin = math.cos(lift.yaw), math.sin(lift.yaw)
        corners = [(sx * lift.width / 2, sy * lift.depth / 2) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        axes.add_patch(
            PolygonPatch(
                [(lift.x + x * cos - y * sin, lift.y + x * sin + y * cos) for x, y in corners],
                facecolor="#d5dbe6" if lift.connected else "#eeeeee",
                edgecolor="#54627a",
                linestyle="-" if lift.connected else ":",
                linewidth=0.8,
                zorder=1.5,
            )
        )
        axes.text(lift.x, lift.y, lift.id, fontsize=_FONT - 0.5, ha="center", va="bottom", color="#3a465c", zorder=4)


def _lane_groups(site: Site) -> dict[str, list[Lane]]:
    """Lanes by who may use them, as the legend says it."""
    groups: dict[str, list[Lane]] = {}
    for lane in site.lanes.values():
        key = "every fleet" if lane.fleets is None else ", ".join(sorted(lane.fleets))
        groups.setdefault(key, []).append(lane)
    return groups


def _draw_lanes(axes: Axes, site: Site, level: Level) -> None:
    """Two-way lanes are plain lines, one-way lanes have an arrow in the middle."""
    directed = {(lane.start, lane.end) for lane in site.lanes.values()}
    for lanes, colour in zip(_lane_groups(site).values(), _LANE_COLOURS * len(site.lanes), strict=False):
        here = [lane for lane in lanes if site.waypoints[lane.start].level == level.id]
        if not here:
            continue
        lines = [(site.waypoints[lane.start].xy, site.waypoints[lane.end].xy) for lane in here]
        axes.add_collection(LineCollection(lines, colors=colour, linewidths=0.7, alpha=0.8, zorder=2))
        one_way = [line for lane, line in zip(here, lines, strict=True) if (lane.end, lane.start) not in directed]
        heads = [_arrow_head(start, end) for start, end in one_way if start != end]
        axes.add_collection(PolyCollection(heads, facecolors=colour, edgecolors="none", zorder=2.2))


def _arrow_head(start: Point, end: Point) -> Ring:
    length = math.dist(start, end)
    reach = min(0.3, length / 4) / length
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    dx, dy = (end[0] - start[0]) * reach, (end[1] - start[1]) * reach
    return ((x + dx, y + dy), (x - dx - dy * 0.6, y - dy + dx * 0.6), (x - dx + dy * 0.6, y - dy - dx * 0.6))


def _feature(site: Site, waypoint: Waypoint) -> str | None:
    if waypoint.id in site.chargers:
        return "charger"
    if waypoint.id in site.decontamination_bays:
        return "decontamination"
    if waypoint.id in site.refill_points:
        return "refill"
    if waypoint.id in site.transfer_points:
        return "transfer"
    if holding := site.holding_points.get(waypoint.id):
        return "parking" if holding.parking else "waiting"
    return None


def _draw_waypoints(axes: Axes, site: Site, level: Level) -> None:
    here = [waypoint for waypoint in site.waypoints.values() if waypoint.level == level.id]
    homes = {robot.home for fleet in site.fleets.values() for robot in fleet.robots}
    for stop, colour in ((True, "#222222"), (False, "#ffffff")):
        points = [waypoint.xy for waypoint in here if waypoint.stop == stop]
        axes.scatter(
            [x for x, _ in points],
            [y for _, y in points],
            s=2.2,
            c=colour,
            edgecolors="#222222",
            linewidths=0.3,
            zorder=3,
        )
    for kind, (marker, colour, size) in _FEATURES.items():
        points = [waypoint.xy for waypoint in here if _feature(site, waypoint) == kind]
        axes.scatter(
            [x for x, _ in points], [y for _, y in points], s=size, marker=marker, c=colour, linewidths=0, zorder=3.5
        )
    rings = [waypoint.xy for waypoint in here if waypoint.id in homes]
    axes.scatter(
        [x for x, _ in rings],
        [y for _, y in rings],
        s=46.0,
        facecolors="none",
        edgecolors="#d11f5b",
        linewidths=0.8,
        zorder=3.6,
    )


def _draw_names(axes: Axes, site: Site, level: Level, page: tuple[float, float, float, float], scale: float) -> None:
    """Names beside their places; where one would lie on another it moves around its place or is left out."""
    letter, line = _FONT * 0.6 / 72 / scale, _FONT * 1.2 / 72 / scale
    left, _, right, _ = page
    taken: list[tuple[float, float, float, float]] = []
    for waypoint in site.waypoints.values():
        if waypoint.level != level.id or waypoint.name is None:
            continue
        width = letter * len(waypoint.name)
        for x, y in (
            (waypoint.x + 0.3, waypoint.y + 0.3),
            (waypoint.x + 0.3, waypoint.y - 0.3 - line),
            (waypoint.x - 0.3 - width, waypoint.y + 0.3),
            (waypoint.x - 0.3 - width, waypoint.y - 0.3 - line),
        ):
            box = (x, y, x + width, y + line)
            clear = not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken)
            if clear and left <= x and x + width <= right:
                taken.append(box)
                axes.text(x, y, waypoint.name, fontsize=_FONT, ha="left", va="bottom", color="#111111", zorder=5)
                break


def _legend(site: Site) -> list[Artist]:
    classes = [kind for kind in ZoneClass if any(zone.zone_class is kind for zone in site.zones.values())]
    kinds = [kind for kind in _HATCHES if any(zone.kind is kind for zone in site.zones.values())]
    features = {_feature(site, waypoint) for waypoint in site.waypoints.values()}
    handles: list[Artist] = [Patch(facecolor=_CLASS_COLOURS[kind], label=kind.replace("_", " ")) for kind in classes]
    handles += [
        Patch(facecolor="none", edgecolor="#00000060", hatch=_HATCHES[kind], label=kind.replace("_", " "))
        for kind in kinds
    ]
    handles += [
        Line2D([], [], color=colour, label=f"lanes of {users}")
        for users, colour in zip(_lane_groups(site), _LANE_COLOURS * len(site.lanes), strict=False)
    ]
    handles += [
        Line2D([], [], linestyle="none", marker=marker, color=colour, label=kind)
        for kind, (marker, colour, _) in _FEATURES.items()
        if kind in features
    ]
    handles.append(Line2D([], [], linestyle="none", marker="o", mfc="none", mec="#d11f5b", label="home of a robot"))
    handles.append(Line2D([], [], color="#b5452c", linewidth=2.2, label="automatic door"))
    return handles
