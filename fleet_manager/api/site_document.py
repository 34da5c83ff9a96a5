"""The site as clients draw it: what it has, and per level a GeoJSON collection in metres of the site frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from math import cos, sin
from typing import Any

from maps.model import Level, LevelId, Lift, Point, Ring, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelView:
    """`bounds` is (min x, min y, max x, max y) of all that is on the level.

    `features` is a GeoJSON FeatureCollection in metres of the site frame. Each feature's `properties.feature` says what
    it is: floor, wall, zone, lane, door, lift, waypoint or charger.
    """

    id: str
    elevation: float
    bounds: tuple[float, float, float, float]
    features: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFleetView:
    """`footprint` is the body's outline (m, x forward), `speed` its greatest (m/s).

    `by_hand` says how a compartment is opened without power or network.
    """

    id: str
    carrier: str
    robots: tuple[str, ...]
    footprint: tuple[Point, ...]
    speed: float
    payload: float
    capabilities: tuple[str, ...]
    by_hand: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemClassView:
    """`on_cancel` is where goods on board go when their task is cancelled: continue, return, quarantine or hold."""

    id: str
    name: str
    needs: tuple[str, ...]
    flow: str
    maximum_carry_time: float | None
    on_cancel: str
    signatures: int
    right: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    """A waypoint that people call by a name; at a `charger` no goods change hands."""

    id: str
    name: str
    level: str
    x: float
    y: float
    charger: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLiftView:
    id: str
    x: float
    y: float
    levels: tuple[str, ...]
    flow: str | None
    connected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDoorView:
    id: str
    level: str
    kind: str
    automatic: bool
    fire_door: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingView:
    """A part of the site with a fire alarm of its own; no levels means all."""

    id: str
    name: str
    levels: tuple[str, ...]
    polygon: tuple[tuple[float, float], ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView:
    """Levels are in order from the lowest to the highest."""

    name: str
    timezone: str
    levels: tuple[LevelView, ...]
    fleets: tuple[SiteFleetView, ...]
    item_classes: tuple[ItemClassView, ...]
    places: tuple[PlaceView, ...]
    lifts: tuple[SiteLiftView, ...]
    doors: tuple[SiteDoorView, ...]
    buildings: tuple[BuildingView, ...]


def site_view(site: Site) -> SiteView:
    levels = sorted(site.levels.values(), key=lambda level: (level.elevation, level.id))
    return SiteView(
        name=site.name,
        timezone=site.timezone,
        levels=tuple(_level(site, level) for level in levels),
        fleets=tuple(
            SiteFleetView(
                id=fleet.id,
                carrier=fleet.carrier,
                robots=tuple(robot.id for robot in fleet.robots),
                footprint=fleet.footprint,
                speed=fleet.speed,
                payload=fleet.payload,
                capabilities=tuple(sorted(fleet.capabilities)),
                by_hand=fleet.by_hand,
            )
            for fleet in site.fleets.values()
        ),
        item_classes=tuple(
            ItemClassView(
                id=goods.id,
                name=goods.name,
                needs=tuple(sorted(goods.needs)),
                flow=goods.flow,
                maximum_carry_time=goods.maximum_carry_time,
                on_cancel=goods.on_cancel,
                signatures=goods.signatures,
                right=goods.right,
            )
            for goods in site.item_classes.values()
        ),
        places=tuple(
            PlaceView(
                id=place.id,
                name=place.name,
                level=place.level,
                x=place.x,
                y=place.y,
                charger=place.id in site.chargers,
            )
            for place in site.waypoints.values()
            if place.name
        ),
        lifts=tuple(
            SiteLiftView(id=lift.id, x=lift.x, y=lift.y, levels=lift.levels, flow=lift.flow, connected=lift.connected)
            for lift in site.lifts.values()
        ),
        doors=tuple(
            SiteDoorView(
                id=door.id, level=door.level, kind=door.kind, automatic=door.automatic, fire_door=door.fire_door
            )
            for door in site.doors.values()
        ),
        buildings=tuple(
            BuildingView(id=part.id, name=part.name, levels=part.levels, polygon=part.polygon)
            for part in site.buildings.values()
        ),
    )


def _level(site: Site, level: Level) -> LevelView:
    features = [*_building(site, level), *_graph(site, level.id)]
    return LevelView(
        id=level.id,
        elevation=level.elevation,
        bounds=_bounds(chain.from_iterable(_points(feature["geometry"]) for feature in features)),
        features={"type": "FeatureCollection", "features": features},
    )


def _building(site: Site, level: Level) -> Iterator[dict[str, Any]]:
    for floor in level.floors:
        yield _feature("floor", "Polygon", [_closed(ring) for ring in floor])
    for zone in site.zones.values():
        if zone.level == level.id:
            ring = _closed(zone.polygon)
            yield _feature(
                "zone", "Polygon", [ring], id=zone.id, name=zone.name, kind=zone.kind, zone_class=zone.zone_class
            )
    for wall in level.walls:
        yield _feature("wall", "LineString", list(wall))
    for lift in site.lifts.values():
        if level.id in lift.levels:
            yield _feature("lift", "Polygon", [_car(lift)], id=lift.id, flow=lift.flow, connected=lift.connected)
    for door in site.doors.values():
        if door.level == level.id:
            line = [door.start, door.end]
            yield _feature("door", "LineString", line, id=door.id, kind=door.kind, automatic=door.automatic)


def _graph(site: Site, level: LevelId) -> Iterator[dict[str, Any]]:
    for lane in site.lanes.values():
        start, end = site.waypoints[lane.start], site.waypoints[lane.end]
        if start.level == level:
            line = [start.xy, end.xy]
            yield _feature("lane", "LineString", line, id=lane.id, start=lane.start, end=lane.end, width=lane.width)
    for waypoint in site.waypoints.values():
        if waypoint.level == level:
            feature = "charger" if waypoint.id in site.chargers else "waypoint"
            yield _feature(feature, "Point", waypoint.xy, id=waypoint.id, name=waypoint.name)


def _feature(feature: str, geometry: str, coordinates: object, **properties: object) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": geometry, "coordinates": coordinates},
        "properties": {"feature": feature, **properties},
    }


def _closed(ring: Ring) -> list[Point]:
    """GeoJSON rings repeat their first point."""
    return [*ring, ring[0]] if ring[0] != ring[-1] else list(ring)


def _car(lift: Lift) -> list[Point]:
    half_width, half_depth = lift.width / 2, lift.depth / 2
    corners = (
        (half_width, half_depth),
        (-half_width, half_depth),
        (-half_width, -half_depth),
        (half_width, -half_depth),
    )
    c, s = cos(lift.yaw), sin(lift.yaw)
    return _closed(tuple((lift.x + c * x - s * y, lift.y + s * x + c * y) for x, y in corners))


def _points(geometry: dict[str, Any]) -> Iterable[Point]:
    coordinates = geometry["coordinates"]
    match geometry["type"]:
        case "Point":
            return [coordinates]
        case "LineString":
            return list(coordinates)
    return list(chain.from_iterable(coordinates))


def _bounds(points: Iterable[Point]) -> tuple[float, float, float, float]:
    xs, ys = zip(*points, strict=True) if (points := list(points)) else ((0.0,), (0.0,))
    return (min(xs), min(ys), max(xs), max(ys))
