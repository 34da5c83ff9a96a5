"""Route graphs of Nav2's route server (GeoJSON) as sites.

Nodes are Points with a number `id`, edges (Multi)LineStrings with `startid` and `endid`, all in metres of one map
frame; whatever else is known stands in `metadata`. This reader understands what
`maps.exporters.nav2_route_graph` writes there, and these conventions of other tools:

- node `name`, `level` (else the node's `frame`, when the file has several; else one level L1), `elevation`, `lift`;
- edge `abs_speed_limit` (m/s), or `speed_limit` (m/s up to 10, above that percent of 1 m/s), also as the
  metadata of an operation; `door`, or an operation's `door` or `door_id`;
- an edge between levels is a ride of the lift it names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any, NoReturn

from maps.documents import read_json
from maps.errors import BrokenReferenceError, MapContentError, MapReadError
from maps.goods import DEFAULT_COMPARTMENTS, DEFAULT_ITEM_CLASSES
from maps.model import (
    Building,
    CollectionRules,
    Crossing,
    Door,
    DoorId,
    DosePreset,
    Fleet,
    FleetId,
    GeoAnchor,
    InfectionRules,
    ItemClass,
    Lane,
    LaneId,
    Level,
    LevelId,
    Lift,
    LiftId,
    Point,
    ScreeningRules,
    Site,
    SprayAgent,
    SprayRules,
    VoiceRules,
    Waypoint,
    WaypointId,
    ZoneCare,
)
from maps.records import parse, strict
from maps.references import broken_references
from maps.roles import ROLE_PROPERTIES, read_roles


@strict
@dataclass(frozen=True, slots=True, kw_only=True)
class SiteMember:
    """What the exporter keeps of a site beside the graph, as the collection's member `site`."""

    name: str
    timezone: str = "UTC"
    anchor: GeoAnchor | None = None
    quarantine: WaypointId | None = None
    screening: ScreeningRules = field(default_factory=ScreeningRules)
    spraying: SprayRules = field(default_factory=SprayRules)
    voices: VoiceRules = field(default_factory=VoiceRules)
    infection_rules: InfectionRules = field(default_factory=InfectionRules)
    collection: CollectionRules = field(default_factory=CollectionRules)
    levels: tuple[Level, ...] = ()
    lifts: tuple[Lift, ...] = ()
    doors: tuple[Door, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    buildings: tuple[Building, ...] = ()
    fleets: tuple[Fleet, ...] = ()
    item_classes: tuple[ItemClass, ...] = tuple(DEFAULT_ITEM_CLASSES.values())
    spray_agents: tuple[SprayAgent, ...] = ()
    dose_presets: tuple[DosePreset, ...] = ()
    zone_care: tuple[ZoneCare, ...] = ()


def read(path: Path) -> Site:
    """The graph at `path` as a site; raises MapError naming the node or edge that is wrong."""
    document = read_json(path)
    if not isinstance(document, dict) or not isinstance(document.get("features"), list):
        raise MapReadError("not a GeoJSON FeatureCollection", file=path)
    nodes, edges = [], []
    for number, feature in enumerate(document["features"]):
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        match geometry.get("type") if isinstance(geometry, dict) else None:
            case "Point":
                nodes.append(_Feature.of(path, "node", number, feature))
            case "LineString" | "MultiLineString":
                edges.append(_Feature.of(path, "edge", number, feature))
    if not nodes:
        raise MapReadError("not a route graph: it has no Point features", file=path, field="features")
    given = document.get("site", {"name": str(document.get("name") or path.stem)})
    return _Reading(path, parse(SiteMember, given, file=path, feature="site")).site(nodes, edges)


@dataclass(frozen=True, slots=True)
class _Feature:
    """A node or edge, and what to call it in error messages."""

    file: Path
    title: str
    properties: Mapping[str, Any]
    coordinates: Any

    @classmethod
    def of(cls, file: Path, kind: str, number: int, feature: dict[str, Any]) -> _Feature:
        properties = feature.get("properties")
        if not isinstance(properties, dict):
            raise MapContentError("it has no properties", file=file, feature=f"feature {number + 1}")
        title = f"{kind} {properties.get('id', f'at feature {number + 1}')}"
        return cls(file, title, properties, feature["geometry"].get("coordinates"))

    def fail(self, problem: str, field: str | None = None, remedy: str | None = None) -> NoReturn:
        raise MapContentError(problem, file=self.file, feature=self.title, field=field, remedy=remedy)

    def number(self, field: str) -> int:
        value = self.properties.get(field)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail("missing" if value is None else f"a whole number is expected, not {value!r}", field)
        return value

    def place(self) -> Point:
        if not isinstance(self.coordinates, list) or len(self.coordinates) < 2:
            self.fail("a position is [x, y]", "coordinates")
        x, y = self.coordinates[:2]
        if not isinstance(x, int | float) or not isinstance(y, int | float):
            self.fail(f"{self.coordinates} are not numbers", "coordinates")
        return (float(x), float(y))

    def text(self, *fields: str) -> str | None:
        value = self.find(*fields)
        if isinstance(value, list | dict):
            self.fail(f"a text is expected, not {value!r}", fields[0])
        return None if value is None else str(value)

    def real(self, field: str) -> float | None:
        value = self.find(field)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            self.fail(f"a number is expected, not {value!r}", field)
        return None if value is None else float(value)

    @property
    def metadata(self) -> dict[str, Any]:
        metadata = self.properties.get("metadata") or {}
        if not isinstance(metadata, dict):
            self.fail("a mapping is expected", "metadata")
        return dict(metadata)

    def find(self, *names: str) -> Any:
        """The first of `names` in the metadata, then in the properties, then in the operations' metadata."""
        operations = self.properties.get("operations") or ()
        listed = operations.values() if isinstance(operations, dict) else operations
        places = [self.metadata, self.properties]
        places += [op["metadata"] for op in listed if isinstance(op, dict) and isinstance(op.get("metadata"), dict)]
        return next((place[name] for place in places for name in names if place.get(name) is not None), None)


@dataclass(slots=True)
class _Reading:
    """A graph on its way to becoming a site: the waypoint of each node and what the features mention."""

    file: Path
    head: SiteMember
    nodes: dict[int, WaypointId] = field(default_factory=dict)
    waypoints: dict[WaypointId, Waypoint] = field(default_factory=dict)
    lanes: dict[LaneId, Lane] = field(default_factory=dict)
    elevations: dict[LevelId, float] = field(default_factory=dict)
    roles: dict[str, dict[WaypointId, Any]] = field(default_factory=dict)

    def site(self, nodes: list[_Feature], edges: list[_Feature]) -> Site:
        names = [node.text("name") for node in nodes]
        several_frames = len({node.text("frame") for node in nodes}) > 1
        for node in nodes:
            self._add_node(node, names, several_frames)
        for edge in edges:
            self._add_edge(edge)
        fleets = {fleet.id: fleet for fleet in self.head.fleets}
        chargers = self.roles.get("chargers", {})
        mentioned = {name for record in (*self.lanes.values(), *chargers.values()) for name in record.fleets or ()}
        for name in sorted(mentioned - fleets.keys()) or ([] if fleets else [FleetId("robots")]):
            fleets[name] = Fleet(id=name, compartments=DEFAULT_COMPARTMENTS)
        site = Site(
            name=self.head.name,
            timezone=self.head.timezone,
            anchor=self.head.anchor,
            quarantine=self.head.quarantine,
            screening=self.head.screening,
            spraying=self.head.spraying,
            voices=self.head.voices,
            infection_rules=self.head.infection_rules,
            collection=self.head.collection,
            levels={level: Level(id=level, elevation=height) for level, height in self.elevations.items()}
            | {level.id: level for level in self.head.levels},
            waypoints=self.waypoints,
            lanes=self.lanes,
            doors=self._doors(),
            crossings={crossing.id: crossing for crossing in self.head.crossings},
            lifts=self._lifts(),
            buildings={building.id: building for building in self.head.buildings},
            fleets=fleets,
            item_classes={kind.id: kind for kind in self.head.item_classes},
            spray_agents={agent.id: agent for agent in self.head.spray_agents},
            dose_presets={preset.id: preset for preset in self.head.dose_presets},
            zone_care={care.id: care for care in self.head.zone_care},
            chargers=chargers,
            holding_points=self.roles.get("holding_points", {}),
            transfer_points=self.roles.get("transfer_points", {}),
            decontamination_bays=self.roles.get("decontamination_bays", {}),
            refill_points=self.roles.get("refill_points", {}),
        )
        for broken in broken_references(site):
            raise BrokenReferenceError(broken.problem, file=self.file, feature=broken.feature, field=broken.field)
        return site

    def _add_node(self, node: _Feature, names: list[str | None], several_frames: bool) -> None:
        number = node.number("id")
        if number in self.nodes:
            node.fail("another node has this id", "id", "Number the nodes again")
        name = node.text("name")
        own_name = name if name is not None and names.count(name) == 1 else number
        place = WaypointId(str(node.metadata.get("id", own_name)))
        if place in self.waypoints:
            node.fail(f"another node is called {place!r}", "metadata.id", "Rename one")
        level = node.text("level") or (node.text("frame") if several_frames else None) or "L1"
        x, y = node.place()
        fields = {key: value for key, value in node.metadata.items() if key in _WAYPOINT_FIELDS}
        fields |= {"id": place, "level": level, "x": x, "y": y, "name": name}
        waypoint = parse(Waypoint, fields, file=self.file, feature=node.title)
        self.nodes[number] = place
        self.waypoints[place] = waypoint
        self.elevations.setdefault(waypoint.level, node.real("elevation") or 0.0)
        roles = {key: value for key, value in node.metadata.items() if key in ROLE_PROPERTIES}
        for part, record in read_roles(roles, place, file=self.file, feature=node.title):
            self.roles.setdefault(part, {})[place] = record

    def _add_edge(self, edge: _Feature) -> None:
        start, end = (self._end(edge, field) for field in ("startid", "endid"))
        if start.level != end.level:
            self._add_ride(edge, start, end)
            return
        fields = {key: value for key, value in edge.metadata.items() if key in _LANE_FIELDS}
        fields |= {
            "id": edge.metadata.get("id", f"{start.id}>{end.id}"),
            "start": start.id,
            "end": end.id,
            "length": edge.metadata.get("length", math.dist(start.xy, end.xy)),
            "speed_limit": _speed_limit(edge),
            "door": edge.text("door", "door_id"),
        }
        lane = parse(Lane, fields, file=self.file, feature=edge.title)
        number, name = 1, lane.id
        while lane.id in self.lanes:
            number += 1
            lane = replace(lane, id=LaneId(f"{name}#{number}"))
        self.lanes[lane.id] = lane

    def _end(self, edge: _Feature, field: str) -> Waypoint:
        number = edge.number(field)
        if number not in self.nodes:
            edge.fail(f"there is no node {number}", field)
        return self.waypoints[self.nodes[number]]

    def _add_ride(self, edge: _Feature, *cabins: Waypoint) -> None:
        lift = edge.text("lift")
        if lift is None:
            edge.fail("it leads to another level and names no lift", "metadata.lift", "Name the lift, or correct it")
        for cabin in cabins:
            if cabin.lift not in (None, lift):
                edge.fail(f"waypoint {cabin.id!r} is in lift {cabin.lift!r}, not in {lift!r}", "metadata.lift")
            self.waypoints[cabin.id] = replace(cabin, lift=LiftId(lift))

    def _doors(self) -> dict[DoorId, Door]:
        """The doors of the site member; one that only a lane mentions stands across the middle of that lane."""
        doors = {door.id: door for door in self.head.doors}
        for lane in self.lanes.values():
            if lane.door is not None and lane.door not in doors:
                start, end = self.waypoints[lane.start], self.waypoints[lane.end]
                x, y = (start.x + end.x) / 2, (start.y + end.y) / 2
                across = math.atan2(end.y - start.y, end.x - start.x) + math.pi / 2
                dx, dy = (math.cos(across) * _DOOR_WIDTH / 2, math.sin(across) * _DOOR_WIDTH / 2)
                doors[lane.door] = Door(id=lane.door, level=start.level, start=(x - dx, y - dy), end=(x + dx, y + dy))
        return doors

    def _lifts(self) -> dict[LiftId, Lift]:
        """The lifts of the site member; one that only nodes mention has a car of usual size around them."""
        lifts = {lift.id: lift for lift in self.head.lifts}
        cabins: dict[LiftId, list[Waypoint]] = {}
        for waypoint in self.waypoints.values():
            if waypoint.lift is not None and waypoint.lift not in lifts:
                cabins.setdefault(waypoint.lift, []).append(waypoint)
        for name, places in cabins.items():
            served = tuple(dict.fromkeys(place.level for place in places))
            lifts[name] = Lift(
                id=name,
                x=fmean(place.x for place in places),
                y=fmean(place.y for place in places),
                yaw=0.0,
                width=_CAR_SIZE,
                depth=_CAR_SIZE,
                levels=served,
                cabins={level: tuple(p.id for p in places if p.level == level) for level in served},
                initial_level=served[0],
            )
        return lifts


_WAYPOINT_FIELDS = {"heading", "lift", "stop", "dispenser", "ingestor"}
_LANE_FIELDS = {"crossing", "width", "fleets", "mutex", "orientation", "requires"}
_DOOR_WIDTH = 1.2
_CAR_SIZE = 2.0


def _speed_limit(edge: _Feature) -> float | None:
    """Nav2 has no unit for `speed_limit`: its scorers read a speed or a share of it, its operations percent."""
    absolute = edge.real("abs_speed_limit")
    if absolute is not None:
        return absolute
    limit = edge.real("speed_limit")
    return limit / 100.0 if limit is not None and limit > 10.0 else limit
