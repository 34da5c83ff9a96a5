"""Open-RMF building maps (`*.building.yaml` of the traffic editor) as sites.

Each navigation graph becomes a fleet, named after the robots that spawn on it, with its lanes closed to others.
Vertices that no lane uses stay out unless they are named or hold a robot. A duplicate name keeps the bare id at
its first place and gets `_2`, `_3`, … at the next ones; unnamed vertices are called `L1_v23`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shapely import Polygon

from maps.errors import BrokenReferenceError, MapContentError
from maps.geometry import crossing, inside_box
from maps.goods import DEFAULT_COMPARTMENTS, DEFAULT_ITEM_CLASSES
from maps.importers.open_rmf_file import Building, Drawing, Edge, LiftDrawing, Vertex, read_building
from maps.importers.open_rmf_frames import Transform, site_frame
from maps.model import (
    Battery,
    Charger,
    Door,
    DoorId,
    DoorKind,
    Fleet,
    FleetId,
    HoldingPoint,
    Lane,
    LaneId,
    Level,
    LevelId,
    Lift,
    LiftId,
    Orientation,
    Point,
    Ring,
    Robot,
    RobotId,
    Site,
    Waypoint,
    WaypointId,
)
from maps.references import COORDINATE_LIMIT, broken_references


def read(path: Path) -> Site:
    """The building at `path` as a site; raises MapError naming level, feature and field of what is wrong."""
    building = read_building(path)
    transforms, anchor = site_frame(building)
    reading = _Reading(building, transforms)
    waypoints = reading.waypoints()
    fleets = reading.fleets()
    site = Site(
        name=building.name,
        levels={
            LevelId(name): _level(drawing, reading.places[name], drawing.elevation)
            for name, drawing in building.levels.items()
        },
        waypoints=waypoints,
        lanes=reading.lanes(fleets),
        doors=reading.doors,
        lifts={LiftId(name): reading.lift(lift) for name, lift in building.lifts.items()},
        chargers={i: Charger(waypoint=i) for i, vertex in reading.kept() if vertex.params.get("is_charger")},
        holding_points={
            i: HoldingPoint(waypoint=i, parking=bool(vertex.params.get("is_parking_spot")))
            for i, vertex in reading.kept()
            if vertex.params.get("is_parking_spot") or vertex.params.get("is_holding_point")
        },
        fleets={fleet.id: fleet for fleet in fleets.values()},
        item_classes=DEFAULT_ITEM_CLASSES,
        anchor=anchor,
    )
    for broken in broken_references(site):
        raise BrokenReferenceError(broken.problem, file=path, feature=broken.feature, field=broken.field)
    return site


def _level(drawing: Drawing, places: list[Point], elevation: float) -> Level:
    holes = [tuple(places[i] for i in hole) for hole in drawing.holes]
    floors: list[tuple[Ring, ...]] = []
    for corners in drawing.floors:
        outside = tuple(places[i] for i in corners)
        area = Polygon(outside)
        floors.append((outside, *(hole for hole in holes if area.contains(Polygon(hole).representative_point()))))
    walls = tuple((places[w.start], places[w.end]) for w in drawing.walls if places[w.start] != places[w.end])
    return Level(id=LevelId(drawing.name), elevation=elevation, walls=walls, floors=tuple(floors))


@dataclass(slots=True)
class _Reading:
    """A building on its way to becoming a site: places in metres and the ids given out so far."""

    building: Building
    transforms: Mapping[str, Transform]
    places: dict[str, list[Point]] = field(default_factory=dict)
    ids: dict[tuple[str, int], WaypointId] = field(default_factory=dict)
    lift_of: dict[tuple[str, int], LiftId] = field(default_factory=dict)
    doors: dict[DoorId, Door] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, drawing in self.building.levels.items():
            self.places[name] = [
                self._transformed(name, f"level {name}, vertex {index}", vertex.x, vertex.y)
                for index, vertex in enumerate(drawing.vertices)
            ]
        self._name_waypoints()
        self._find_cabins()
        self._name_doors()

    def _transformed(self, level: str, feature: str, x: float, y: float) -> Point:
        place = self.transforms[level](x, y)
        if not (abs(place[0]) <= COORDINATE_LIMIT and abs(place[1]) <= COORDINATE_LIMIT):
            raise MapContentError(
                f"({x}, {y}) lies more than {COORDINATE_LIMIT / 1000:.0f} km from the site's origin",
                file=self.building.file,
                feature=feature,
                remedy="Correct it, or the measurements and fiducials of its level",
            )
        return place

    # --- waypoints ---

    def _name_waypoints(self) -> None:
        kept = [
            (level, index, vertex)
            for level, drawing in self.building.levels.items()
            for index, vertex in _kept_vertices(drawing)
        ]
        names = _unique(
            [vertex.name or f"{level}_v{index}" for level, index, vertex in kept],
            fixed={vertex.name for _, _, vertex in kept if vertex.name},
        )
        for (level, index, _), name in zip(kept, names, strict=True):
            self.ids[level, index] = WaypointId(name)

    def kept(self) -> Iterable[tuple[WaypointId, Vertex]]:
        for (level, index), waypoint in self.ids.items():
            yield waypoint, self.building.levels[level].vertices[index]

    def _find_cabins(self) -> None:
        """A cabin says so by `lift_cabin`, or lies in the car of a lift that stops at its level (older maps)."""
        for level, index in self.ids:
            vertex = self.building.levels[level].vertices[index]
            named = vertex.params.get("lift_cabin")
            if named:
                if str(named) not in self.building.lifts:
                    raise MapContentError(
                        f"there is no lift {named!r}",
                        file=self.building.file,
                        feature=f"level {level}, vertex {index}",
                        field="lift_cabin",
                    )
                self.lift_of[level, index] = LiftId(str(named))
                continue
            for lift in self.building.lifts.values():
                box = (self._lift_place(lift), lift.yaw, lift.width, lift.depth)
                if level in lift.levels and inside_box(self.places[level][index], *box):
                    self.lift_of[level, index] = LiftId(lift.name)
                    break

    def waypoints(self) -> dict[WaypointId, Waypoint]:
        return {
            waypoint: self._waypoint(waypoint, level, index, self.building.levels[level].vertices[index])
            for (level, index), waypoint in self.ids.items()
        }

    def _waypoint(self, waypoint: WaypointId, level: str, index: int, vertex: Vertex) -> Waypoint:
        x, y = self.places[level][index]
        return Waypoint(
            id=waypoint,
            level=LevelId(level),
            x=x,
            y=y,
            name=vertex.name or None,
            lift=self.lift_of.get((level, index)),
            stop=not vertex.params.get("is_passthrough_point", False),
            dispenser=_text(vertex.params.get("pickup_dispenser")),
            ingestor=_text(vertex.params.get("dropoff_ingestor")),
        )

    # --- doors and lifts ---

    def _name_doors(self) -> None:
        drawn = [
            (name, i, door) for name, drawing in self.building.levels.items() for i, door in enumerate(drawing.doors)
        ]
        given = [_text(door.params.get("name")) or f"{level}_door_{index}" for level, index, door in drawn]
        for (level, _, door), name in zip(drawn, _unique(given, fixed=set(given)), strict=True):
            start, end = self.places[level][door.start], self.places[level][door.end]
            self.doors[DoorId(name)] = _door(DoorId(name), LevelId(level), start, end, door.params)

    def _lift_place(self, lift: LiftDrawing) -> Point:
        return self._transformed(lift.reference_level, f"lift {lift.name}", lift.x, lift.y)

    def lift(self, lift: LiftDrawing) -> Lift:
        cabins: dict[LevelId, list[WaypointId]] = {}
        for (level, index), name in self.lift_of.items():
            if name == lift.name:
                cabins.setdefault(LevelId(level), []).append(self.ids[level, index])
        x, y = self._lift_place(lift)
        served = {*lift.levels, *cabins}
        return Lift(
            id=LiftId(lift.name),
            x=x,
            y=y,
            yaw=lift.yaw,
            width=lift.width,
            depth=lift.depth,
            levels=tuple(LevelId(level) for level in self.building.levels if level in served),
            cabins={level: tuple(ids) for level, ids in cabins.items()},
            initial_level=LevelId(lift.initial_level),
            connected=lift.plugins and bool(cabins),
        )

    # --- lanes and fleets ---

    def lanes(self, fleets: Mapping[int, Fleet]) -> dict[LaneId, Lane]:
        lanes: dict[LaneId, Lane] = {}
        doors = {level: [door for door in self.doors.values() if door.level == level] for level in self.building.levels}
        for level, drawing in self.building.levels.items():
            for edge in drawing.lanes:
                places = (self.places[level][edge.start], self.places[level][edge.end])
                if places[0] == places[1]:
                    continue
                start, end = self.ids[level, edge.start], self.ids[level, edge.end]
                door = _door_on(places, doors[level])
                forth = _lane(start, end, math.dist(*places), edge, door, fleets[_graph(edge)].id)
                _add_lane(lanes, forth)
                if edge.params.get("bidirectional"):
                    _add_lane(lanes, _reversed(forth))
        return lanes

    def fleets(self) -> dict[int, Fleet]:
        """A fleet for every navigation graph that has a lane, with the robots that spawn on it."""
        graphs = sorted({_graph(edge) for drawing in self.building.levels.values() for edge in drawing.lanes})
        spawns = list(self._spawns())
        kinds: dict[int, Counter[str]] = {graph: Counter() for graph in graphs}
        for spawn in spawns:
            if len(spawn.graphs) == 1:
                kinds[spawn.graphs[0]][spawn.kind] += 1
        robots: dict[int, list[Robot]] = {graph: [] for graph in graphs}
        for spawn, name in zip(spawns, _unique([spawn.name for spawn in spawns], fixed=set()), strict=True):
            # On a place shared by several graphs, or on none, a robot joins its own kind.
            candidates = spawn.graphs or tuple(graphs)
            if candidates:
                graph = max(candidates, key=lambda g: (kinds[g][spawn.kind], -g))
                kinds[graph][spawn.kind] += len(spawn.graphs) != 1
                robots[graph].append(Robot(id=RobotId(name), home=spawn.home))
        return {
            graph: replace(_fleet_like(kinds[graph]), id=FleetId(name), robots=tuple(robots[graph]))
            for graph, name in zip(graphs, self._fleet_names(graphs, kinds), strict=True)
        }

    def _fleet_names(self, graphs: list[int], kinds: Mapping[int, Counter[str]]) -> list[str]:
        names = []
        for graph in graphs:
            kind = max(kinds[graph], key=lambda k: kinds[graph][k], default="")
            names.append(_lower_first(kind) or self.building.graphs.get(graph) or f"graph_{graph}")
        return _unique(names, fixed=set(names))

    def _spawns(self) -> Iterator[_Spawn]:
        on: dict[WaypointId, set[int]] = {}
        for level, drawing in self.building.levels.items():
            for edge in drawing.lanes:
                for index in (edge.start, edge.end):
                    on.setdefault(self.ids[level, index], set()).add(_graph(edge))
        for home, vertex in self.kept():
            if name := _text(vertex.params.get("spawn_robot_name")):
                kind = str(vertex.params.get("spawn_robot_type") or "").rsplit("/", 1)[-1]
                yield _Spawn(name, home, kind, tuple(sorted(on.get(home, ()))))


@dataclass(frozen=True, slots=True)
class _Spawn:
    """A robot of the map, and the navigation graphs whose lanes touch its home."""

    name: str
    home: WaypointId
    kind: str
    graphs: tuple[int, ...]


def _kept_vertices(drawing: Drawing) -> Iterable[tuple[int, Vertex]]:
    used = {index for edge in drawing.lanes for index in (edge.start, edge.end)}
    for index, vertex in enumerate(drawing.vertices):
        if index in used or vertex.name or vertex.params.get("spawn_robot_name"):
            yield index, vertex


def _unique(names: list[str], *, fixed: set[str]) -> list[str]:
    """Each name once: the first keeps it, others get `_2`, `_3`, …, passing over the names in `fixed`."""
    given: set[str] = set()
    unique = []
    for name in names:
        candidate, number = name, 1
        while candidate in given or (number > 1 and candidate in fixed):
            number += 1
            candidate = f"{name}_{number}"
        given.add(candidate)
        unique.append(candidate)
    return unique


def _text(value: Any) -> str | None:
    return str(value) if value not in (None, "") else None


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _graph(edge: Edge) -> int:
    index = edge.params.get("graph_idx", 0)
    return index if isinstance(index, int) else 0


_DOOR_KINDS = {
    **{kind.value: kind for kind in DoorKind},
    "single_swing": DoorKind.HINGED,
    "double_swing": DoorKind.DOUBLE_HINGED,
    "single_sliding": DoorKind.SLIDING,
    "single_telescope": DoorKind.TELESCOPE,
}


def _door(name: DoorId, level: LevelId, start: Point, end: Point, params: Mapping[str, Any]) -> Door:
    """A positive `motion_direction` turns the leaf clockwise about its hinge."""
    degrees = params.get("motion_degrees")
    direction = params.get("motion_direction")
    turn = math.radians(degrees if isinstance(degrees, int | float) else 90.0)
    if params.get("motion_axis") == "end":
        start, end = end, start
    return Door(
        id=name,
        level=level,
        start=start,
        end=end,
        kind=_DOOR_KINDS.get(str(params.get("type")), DoorKind.HINGED),
        automatic=params.get("plugin") != "none",
        swing=turn if isinstance(direction, int | float) and direction < 0 else -turn,
    )


def _door_on(places: tuple[Point, Point], doors: list[Door]) -> DoorId | None:
    """The door a lane passes; of several the automatic one, then the first on the way."""
    passed = [
        (not door.automatic, where, door.id)
        for door in doors
        if (where := crossing(places, (door.start, door.end))) is not None
    ]
    return min(passed)[2] if passed else None


def _lane(start: WaypointId, end: WaypointId, length: float, edge: Edge, door: DoorId | None, fleet: FleetId) -> Lane:
    limit = edge.params.get("speed_limit")
    orientation = edge.params.get("orientation")
    return Lane(
        id=LaneId(f"{start}>{end}"),
        start=start,
        end=end,
        length=length,
        speed_limit=float(limit) if isinstance(limit, int | float) and limit > 0 else None,
        door=door,
        fleets=frozenset({fleet}),
        mutex=_text(edge.params.get("mutex")),
        orientation=Orientation(orientation) if orientation in set(Orientation) else None,
    )


_OPPOSITE = {
    Orientation.FORWARD: Orientation.BACKWARD,
    Orientation.BACKWARD: Orientation.FORWARD,
    None: None,
}


def _reversed(lane: Lane) -> Lane:
    return replace(
        lane,
        id=LaneId(f"{lane.end}>{lane.start}"),
        start=lane.end,
        end=lane.start,
        orientation=_OPPOSITE[lane.orientation],
    )


def _add_lane(lanes: dict[LaneId, Lane], lane: Lane) -> None:
    """A lane drawn again for another graph opens the first one to both; one that differs gets its own id."""
    number, name = 1, lane.id
    while (known := lanes.get(lane.id)) is not None:
        both = (known.fleets or frozenset()) | (lane.fleets or frozenset())
        if replace(known, fleets=both) == replace(lane, fleets=both):
            lanes[lane.id] = replace(known, fleets=both)
            return
        number += 1
        lane = replace(lane, id=LaneId(f"{name}#{number}"))
    lanes[lane.id] = lane


def _octagon(radius: float) -> Ring:
    return tuple(
        (round(radius * math.cos(math.pi * (k + 0.5) / 4), 4), round(radius * math.sin(math.pi * (k + 0.5) / 4), 4))
        for k in range(8)
    )


_KINDS = {
    "TinyRobot": Fleet(
        id=FleetId(""),
        footprint=_octagon(0.3),
        speed=0.5,
        acceleration=0.75,
        turn_speed=0.6,
        payload=10.0,
        battery=Battery(capacity=288.0, idle_drain=20.0, drive_drain=60.0),
        compartments=DEFAULT_COMPARTMENTS,
    ),
    "DeliveryRobot": Fleet(
        id=FleetId(""),
        footprint=_octagon(0.6),
        speed=0.7,
        acceleration=0.5,
        turn_speed=0.6,
        payload=60.0,
        battery=Battery(capacity=960.0, idle_drain=20.0, drive_drain=150.0),
        compartments=DEFAULT_COMPARTMENTS,
    ),
}
"""The robots of Open-RMF's demonstrations, as their fleets are configured there; others get the model's defaults."""


def _fleet_like(kinds: Counter[str]) -> Fleet:
    """Of mixed kinds the widest body counts for all."""
    known = [_KINDS[kind] for kind in sorted(kinds) if kind in _KINDS]
    return max(
        known,
        key=lambda fleet: fleet.footprint[0],
        default=Fleet(id=FleetId(""), compartments=DEFAULT_COMPARTMENTS),
    )
