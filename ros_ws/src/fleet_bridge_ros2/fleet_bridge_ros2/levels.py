"""The levels of the site as the API draws them, as occupancy grids. Knows no ROS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from maps.grids import OccupancyGrid
from maps.level_grids import OPEN_GROUND, LevelDrawing, grid_of
from maps.model import Point, Ring


def level_grid(level: Mapping[str, Any], resolution: float) -> OccupancyGrid:
    """A level of `GET /api/v1/site` in the site frame."""
    by_kind: dict[str, list[Mapping[str, Any]]] = {}
    for feature in level["features"]["features"]:
        by_kind.setdefault(feature["properties"]["feature"], []).append(feature)
    zones = [zone for zone in by_kind.get("zone", ()) if zone["properties"]["kind"] in OPEN_GROUND]
    drawing = LevelDrawing(
        floors=tuple(_rings(feature) for feature in (*by_kind.get("floor", ()), *zones)),
        walls=tuple(_line(feature) for feature in by_kind.get("wall", ())),
        doors=tuple((line[0], line[1]) for line in map(_line, by_kind.get("door", ()))),
        lifts=tuple(_rings(feature)[0] for feature in by_kind.get("lift", ())),
        lanes=tuple(
            ((line[0], line[1]), float(feature["properties"]["width"]))
            for feature in by_kind.get("lane", ())
            for line in (_line(feature),)
        ),
    )
    return grid_of(drawing, resolution)


def topic_of(level: str) -> str:
    """The name of a level's map, relative to the bridge's namespace."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", level)
    return f"maps/{name}" if name[:1].isalpha() else f"maps/level_{name}"


def _line(feature: Mapping[str, Any]) -> Ring:
    return _points(feature["geometry"]["coordinates"])


def _rings(feature: Mapping[str, Any]) -> tuple[Ring, ...]:
    return tuple(_points(ring) for ring in feature["geometry"]["coordinates"])


def _points(coordinates: Iterable[Any]) -> tuple[Point, ...]:
    return tuple((float(x), float(y)) for x, y in coordinates)
