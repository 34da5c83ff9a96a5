"""Levels as occupancy grids: floors are free, walls occupied, everything else unknown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from shapely import LineString, MultiPolygon, Point, Polygon, union_all
from shapely.geometry.base import BaseGeometry

from maps.geometry import Segment
from maps.grids import FREE, OCCUPIED, UNKNOWN, OccupancyGrid, cells_inside
from maps.model import LevelId, Ring, Site, ZoneKind

RESOLUTION: Final = 0.05
"""Metres per cell, as Nav2's tools take it when nothing else is said."""

_MARGIN: Final = 1.0
"""Unknown floor (m) around what is known."""

_WALL: Final = 0.05
"""Half the thickness (m) that walls are drawn with; on the map they are lines."""

_OPENING: Final = 0.2
"""So far (m) before and behind the line of a door nothing stands in it: the depth of its frame."""

_ENTRANCE: Final = 0.4
"""Half the width (m) of the way into a lift, where lanes lead through the walls of the shaft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelDrawing:
    """What is drawn of one level, in metres of the site frame.

    `floors` are polygons with holes, open ground out of doors among them. `lanes` have their width; `lifts` are cars'
    outlines.
    """

    floors: tuple[tuple[Ring, ...], ...] = ()
    walls: tuple[Ring, ...] = ()
    doors: tuple[Segment, ...] = ()
    lifts: tuple[Ring, ...] = ()
    lanes: tuple[tuple[Segment, float], ...] = ()


OPEN_GROUND: Final = (ZoneKind.OUTDOOR, ZoneKind.STREET_CROSSING)
"""Zones that are ground without a floor of a building."""


def drawing_of(site: Site, level: LevelId) -> LevelDrawing:
    places = site.waypoints
    return LevelDrawing(
        floors=(
            *site.levels[level].floors,
            *((zone.polygon,) for zone in site.zones.values() if zone.level == level and zone.kind in OPEN_GROUND),
        ),
        walls=site.levels[level].walls,
        doors=tuple((door.start, door.end) for door in site.doors.values() if door.level == level),
        lifts=tuple(
            _box(lift.x, lift.y, lift.yaw, lift.width, lift.depth)
            for lift in site.lifts.values()
            if level in lift.levels
        ),
        lanes=tuple(
            ((places[lane.start].xy, places[lane.end].xy), lane.width)
            for lane in site.lanes.values()
            if places[lane.start].level == level
        ),
    )


def grid_of(drawing: LevelDrawing, resolution: float = RESOLUTION) -> OccupancyGrid:
    """The level as a grid along the axes of the site frame, its corner on a whole multiple of the resolution.

    Where no floor is drawn, lanes with their widths are the floor.
    """
    floor = _floor(drawing)
    walls = union_all([LineString(wall) for wall in drawing.walls if len(set(wall)) > 1])
    known = [shape.bounds for shape in (floor, walls) if not shape.is_empty] or [(0.0, 0.0, 0.0, 0.0)]
    x, y = (math.floor((min(box[i] for box in known) - _MARGIN) / resolution) * resolution for i in (0, 1))
    columns, rows = (
        math.ceil((max(box[i + 2] for box in known) + _MARGIN - corner) / resolution) for i, corner in ((0, x), (1, y))
    )
    cells = np.full((rows, columns), UNKNOWN, dtype=np.int8)

    def paint(shape: BaseGeometry, value: int) -> None:
        cells[cells_inside(_areas(shape), cells.shape, resolution, x, y)] = value

    # Walls on the floor's edge lie outside it: the floor is free up to its edge, as it is drawn.
    thickness = max(_WALL, 0.75 * resolution)
    paint(walls.buffer(thickness, cap_style="square"), OCCUPIED)
    paint(floor, FREE)
    paint(walls.difference(floor.boundary.buffer(_WALL / 2)).buffer(thickness, cap_style="square"), OCCUPIED)
    paint(union_all([LineString(door).buffer(_OPENING, cap_style="flat") for door in drawing.doors]), FREE)
    paint(union_all([Polygon(lift) for lift in drawing.lifts]), FREE)
    paint(union_all([LineString(line).buffer(_ENTRANCE) for line, _ in drawing.lanes if _enters(line, drawing)]), FREE)
    return OccupancyGrid(cells=cells, resolution=resolution, x=x, y=y)


def _floor(drawing: LevelDrawing) -> BaseGeometry:
    drawn = union_all([Polygon(outer, holes).buffer(0) for outer, *holes in drawing.floors])
    lanes = [(LineString(line), width) for line, width in drawing.lanes if line[0] != line[1]]
    bare = [(line.difference(drawn), width) for line, width in lanes if not drawn.covers(line)]
    return union_all([drawn, *(line.buffer(width / 2) for line, width in bare)])


def _enters(line: Segment, drawing: LevelDrawing) -> bool:
    """Whether a lane leads into a lift or out of it."""
    return line[0] != line[1] and any(Polygon(lift).covers(Point(end)) for lift in drawing.lifts for end in line)


def _areas(shape: BaseGeometry) -> MultiPolygon:
    parts: Sequence[BaseGeometry] = list(getattr(shape, "geoms", [shape]))
    return MultiPolygon([part for part in parts if isinstance(part, Polygon) and not part.is_empty])


def _box(x: float, y: float, yaw: float, width: float, depth: float) -> Ring:
    cos, sin = math.cos(yaw), math.sin(yaw)
    corners = ((width / 2, depth / 2), (-width / 2, depth / 2), (-width / 2, -depth / 2), (width / 2, -depth / 2))
    return tuple((x + a * cos - b * sin, y + a * sin + b * cos) for a, b in corners)
