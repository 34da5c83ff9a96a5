"""The contents of an Open-RMF `building.yaml`, before any conversion: vertices, edges, parameters.

Format: the traffic editor of Open-RMF. A vertex is `[x, y, z, name, {parameter: [type, value]}]`, an edge (lane,
wall, door, measurement) `[start, end, {…}]` with indices into the vertices of its level. Absent keys are
normal, as the format grew over the years; present ones must make sense.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from maps.documents import read_yaml
from maps.errors import MapContentError, MapReadError
from maps.model import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertex:
    """A point of the drawing; `x, y` in the units of the map's coordinate system."""

    x: float
    y: float
    name: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A lane, wall, door or measurement between two vertices of its level."""

    start: int
    end: int
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One level. `floors` and `holes` are polygons of vertex indices; `fiducials` are points by name."""

    name: str
    elevation: float
    vertices: tuple[Vertex, ...]
    lanes: tuple[Edge, ...]
    walls: tuple[Edge, ...]
    doors: tuple[Edge, ...]
    measurements: tuple[Edge, ...]
    floors: tuple[tuple[int, ...], ...]
    holes: tuple[tuple[int, ...], ...]
    fiducials: Mapping[str, Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftDrawing:
    """A lift as drawn; `x, y` in the units of the map on `reference_level`, sizes in metres."""

    name: str
    x: float
    y: float
    yaw: float
    width: float
    depth: float
    reference_level: str
    initial_level: str
    levels: tuple[str, ...]
    plugins: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """The whole file. `graphs` names navigation graphs by index as far as the file does."""

    file: Path
    name: str
    coordinate_system: str
    reference_level: str
    levels: Mapping[str, Drawing]
    lifts: Mapping[str, LiftDrawing]
    params: Mapping[str, Any] = field(default_factory=dict)
    graphs: Mapping[int, str] = field(default_factory=dict)


def read_building(path: Path) -> Building:
    """Raises MapError naming level, feature and field of what cannot be read."""
    document = read_yaml(path)
    if not isinstance(document, dict) or not isinstance(document.get("levels"), dict) or not document["levels"]:
        raise MapReadError("not an Open-RMF building: it has no levels", file=path, field="levels")
    levels = {
        str(name): _Node(path, f"level {name}", level if level is not None else {}).drawing(str(name))
        for name, level in document["levels"].items()
    }
    reference = str(document.get("reference_level_name") or next(iter(levels)))
    root = _Node(path, "building", document)
    if reference not in levels:
        root.fail(f"there is no level {reference!r}", "reference_level_name")
    lifts = root.mapping("lifts")
    return Building(
        file=path,
        name=str(document.get("name") or document.get("building_name") or path.name.split(".")[0]),
        coordinate_system=str(document.get("coordinate_system") or "reference_image"),
        reference_level=reference,
        levels=levels,
        lifts={
            str(name): _Node(path, f"lift {name}", lift).lift(str(name), levels, reference)
            for name, lift in lifts.items()
        },
        params=root.params(document.get("parameters")),
        graphs=dict(_graph_names(root)),
    )


def _graph_names(root: _Node) -> Iterator[tuple[int, str]]:
    graphs = root.data.get("graphs") or {}
    entries = enumerate(graphs) if isinstance(graphs, list) else graphs.items() if isinstance(graphs, dict) else ()
    for index, graph in entries:
        name = graph.get("name") if isinstance(graph, dict) else graph
        if str(index).isdigit() and isinstance(name, str) and name:
            yield int(index), name


_PARAMETERS = {
    *("is_charger", "is_holding_point", "is_parking_spot", "is_passthrough_point", "lift_cabin"),
    *("pickup_dispenser", "dropoff_ingestor", "spawn_robot_name", "spawn_robot_type"),
    *("bidirectional", "graph_idx", "mutex", "orientation", "speed_limit"),
    *("name", "type", "motion_axis", "motion_degrees", "motion_direction", "plugin", "distance"),
    *("generate_crs", "offset_x", "offset_y", "suggested_offset_x", "suggested_offset_y"),
}


@dataclass(frozen=True, slots=True)
class _Node:
    """A mapping of the document and what to call it in error messages."""

    file: Path
    title: str
    data: Any

    def __post_init__(self) -> None:
        if not isinstance(self.data, dict):
            self.fail(f"a mapping is expected, not {type(self.data).__name__}")

    def fail(self, problem: str, field: str | None = None, feature: str | None = None) -> NoReturn:
        title = f"{self.title}, {feature}" if feature else self.title
        raise MapContentError(problem, file=self.file, feature=title, field=field)

    def drawing(self, name: str) -> Drawing:
        vertices = tuple(self.vertex(number, row) for number, row in enumerate(self.rows("vertices")))
        return Drawing(
            name=name,
            elevation=self.number("elevation", 0.0),
            vertices=vertices,
            lanes=self.edges("lanes", len(vertices)),
            walls=self.edges("walls", len(vertices)),
            doors=self.edges("doors", len(vertices)),
            measurements=self.edges("measurements", len(vertices)),
            floors=self.polygons("floors", len(vertices)),
            holes=self.polygons("holes", len(vertices)),
            fiducials=dict(self.fiducials()),
        )

    def lift(self, name: str, levels: Mapping[str, Drawing], reference: str) -> LiftDrawing:
        def known(field: str, default: str) -> str:
            level = str(self.data.get(field) or default)
            if level not in levels:
                self.fail(f"there is no level {level!r}", field)
            return level

        served = tuple(str(level) for level, doors in self.mapping("level_doors").items() if doors)
        for level in served:
            if level not in levels:
                self.fail(f"there is no level {level!r}", "level_doors")
        reference = known("reference_floor_name", reference)
        if not served:
            heights = [levels[level].elevation for level in levels]
            low = levels[known("lowest_floor", min(levels, key=lambda n: levels[n].elevation))].elevation
            high = levels[known("highest_floor", max(levels, key=lambda n: levels[n].elevation))].elevation
            served = tuple(n for n, height in zip(levels, heights, strict=True) if low <= height <= high)
        initial = known("initial_floor_name", served[0] if served else reference)
        return LiftDrawing(
            name=name,
            x=self.number("x"),
            y=self.number("y"),
            yaw=self.number("yaw", 0.0),
            width=self.size("width"),
            depth=self.size("depth"),
            reference_level=reference,
            initial_level=initial if initial in served else served[0] if served else reference,
            levels=tuple(level for level in levels if level in served) or (reference,),
            plugins=bool(self.data.get("plugins", True)),
        )

    def vertex(self, number: int, row: Any) -> Vertex:
        feature = f"vertex {number}"
        if not isinstance(row, list) or len(row) < 2:
            self.fail("a vertex is [x, y, z, name, {parameters}]", feature=feature)
        x, y = (self.finite(value, field, feature) for value, field in zip(row[:2], "xy", strict=True))
        name = row[3] if len(row) > 3 and row[3] is not None else ""
        params = self.params(row[4] if len(row) > 4 else None, feature)
        return Vertex(x=x, y=y, name=str(name).strip(), params=params)

    def edges(self, kind: str, vertices: int) -> tuple[Edge, ...]:
        return tuple(self.edge(f"{kind[:-1]} {number}", row, vertices) for number, row in enumerate(self.rows(kind)))

    def edge(self, feature: str, row: Any, vertices: int) -> Edge:
        if not isinstance(row, list) or len(row) < 2:
            self.fail("an edge is [start, end, {parameters}]", feature=feature)
        start = self.index(row[0], "start", feature, vertices)
        end = self.index(row[1], "end", feature, vertices)
        return Edge(start=start, end=end, params=self.params(row[2] if len(row) > 2 else None, feature))

    def polygons(self, kind: str, vertices: int) -> tuple[tuple[int, ...], ...]:
        found = []
        for number, row in enumerate(self.rows(kind)):
            feature = f"{kind[:-1]} {number}"
            corners = row.get("vertices") if isinstance(row, dict) else None
            if not isinstance(corners, list):
                self.fail("a list of vertex indices is expected", "vertices", feature)
            polygon = tuple(self.index(corner, "vertices", feature, vertices) for corner in corners)
            if len(set(polygon)) >= 3:
                found.append(polygon)
        return tuple(found)

    def fiducials(self) -> Iterator[tuple[str, Point]]:
        for number, row in enumerate(self.rows("fiducials")):
            feature = f"fiducial {number}"
            if not isinstance(row, list) or len(row) < 3:
                self.fail("a fiducial is [x, y, name]", feature=feature)
            yield str(row[2]), (self.finite(row[0], "x", feature), self.finite(row[1], "y", feature))

    def rows(self, key: str) -> list[Any]:
        rows = self.data.get(key)
        if not rows:
            return []
        if not isinstance(rows, list):
            self.fail("a list is expected", key)
        return rows

    def mapping(self, key: str) -> Mapping[Any, Any]:
        value = self.data.get(key)
        if not value:
            return {}
        if not isinstance(value, dict):
            self.fail("a mapping is expected", key)
        return value

    def params(self, given: Any, feature: str | None = None) -> Mapping[str, Any]:
        """The parameters that matter here by name, without the editor's type number; others may be anything."""
        if not given:
            return {}
        if not isinstance(given, dict):
            self.fail("parameters are a mapping of name: [type, value]", feature=feature)
        params = {}
        for name, value in given.items():
            if name not in _PARAMETERS:
                continue
            if isinstance(value, list):
                if len(value) != 2:
                    self.fail(f"a parameter is [type, value], not {value!r}", str(name), feature)
                value = value[1]
            if isinstance(value, list | dict) or (isinstance(value, float) and not math.isfinite(value)):
                self.fail(f"a text, a truth value or a finite number is expected, not {value!r}", str(name), feature)
            params[str(name)] = value
        return params

    def number(self, key: str, default: float | None = None) -> float:
        if self.data.get(key) is None:
            if default is None:
                self.fail("missing", key)
            return default
        return self.finite(self.data[key], key)

    def size(self, key: str) -> float:
        value = self.number(key)
        if value <= 0.0:
            self.fail(f"must be greater than 0, not {value}", key)
        return value

    def finite(self, value: Any, field: str, feature: str | None = None) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.fail(f"a finite number is expected, not {value!r}", field, feature)
        return float(value)

    def index(self, value: Any, field: str, feature: str, vertices: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail(f"the index of a vertex is expected, not {value!r}", field, feature)
        if not 0 <= value < vertices:
            self.fail(f"there is no vertex {value}; the level has {vertices}", field, feature)
        return value
