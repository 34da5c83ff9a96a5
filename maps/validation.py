"""Whether a site is good to run robots on: what a person should know or mend before the first task.

`check` never fails; a site that loads can be checked. Errors make missions fail or robots block each other for
good, warnings cost time or surprise people, infos are worth knowing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import networkx as nx
from shapely import LineString, Point, Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from maps.bays import cut_off_by, grazed_lane, home_ground
from maps.geometry import body_width, circumscribed_radius, crossing, distance_to_segment
from maps.graph import RoutingGraph, able_to_reach, admits, fits, reachable_from, routing_graph
from maps.model import (
    CarrierKind,
    Door,
    DoorKind,
    Facing,
    Fleet,
    Lane,
    LevelId,
    Site,
    Waypoint,
    WaypointId,
    ZoneKind,
)


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing about the site. `place` is the id of a waypoint, lane, door, lift, zone, fleet or robot."""

    severity: Severity
    code: str
    message: str
    remedy: str
    level: LevelId | None = None
    place: str | None = None


def check(site: Site) -> list[Finding]:
    """All findings, errors first, otherwise in the order of the checks and of the site."""
    survey = _Survey(site)
    findings = [finding for look in _CHECKS for finding in look(survey)]
    order = list(Severity)
    return sorted(findings, key=lambda finding: order.index(finding.severity))


class _Survey:
    """The site with what several checks need: its ground fleets' graphs and where they may go."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.fleets = [fleet for fleet in site.fleets.values() if fleet.carrier is CarrierKind.GROUND]
        self.graphs = {fleet.id: routing_graph(site, fleet) for fleet in self.fleets}
        self.permitted = {fleet.id: self._permitted(fleet) for fleet in self.fleets}
        self.home_ground = {
            fleet.id: home_ground(self.permitted[fleet.id], (robot.home for robot in fleet.robots))
            for fleet in self.fleets
        }

    def _permitted(self, fleet: Fleet) -> RoutingGraph:
        """The fleet's graph without the places in zones of classes it may not enter."""
        graph = self.graphs[fleet.id]
        closed = [
            (zone.level, Polygon(zone.polygon))
            for zone in self.site.zones.values()
            if zone.zone_class is not None and zone.zone_class not in fleet.zones and len(zone.polygon) >= 3
        ]
        shut = {
            place
            for place in graph
            for level, area in closed
            if self.site.waypoints[place].level == level and area.contains(Point(self.site.waypoints[place].xy))
        }
        return graph.subgraph([place for place in graph if place not in shut])

    def level_of(self, place: WaypointId) -> LevelId:
        return self.site.waypoints[place].level

    def users(self, place: WaypointId) -> list[Fleet]:
        """The ground fleets whose lanes touch `place`."""
        return [fleet for fleet in self.fleets if self.graphs[fleet.id].has_node(place)]

    def is_place(self, waypoint: Waypoint) -> bool:
        """Whether people or robots go there on purpose."""
        site = self.site
        return waypoint.name is not None or any(
            waypoint.id in roles
            for roles in (
                site.chargers,
                site.holding_points,
                site.transfer_points,
                site.decontamination_bays,
                site.refill_points,
            )
        )


def _some(names: Iterable[str], count: int = 6) -> str:
    listed = list(names)
    more = f" and {len(listed) - count} more" if len(listed) > count else ""
    return ", ".join(listed[:count]) + more


# --- ways --------------------------------------------------------------------------------------------------


def _reachability(survey: _Survey) -> Iterator[Finding]:
    for fleet in survey.fleets:
        graph, ground = survey.permitted[fleet.id], survey.home_ground[fleet.id]
        arrive, depart = reachable_from(graph, ground), able_to_reach(graph, ground)
        outside = graph.subgraph([place for place in graph if place not in ground])
        for part in nx.weakly_connected_components(outside):
            places = [place for place in outside if place in part]
            first = next((p for p in places if survey.is_place(survey.site.waypoints[p])), places[0])
            code, what = _cut_off(any(p in arrive for p in places), any(p in depart for p in places))
            yield Finding(
                severity=Severity.ERROR,
                code=code,
                level=survey.level_of(first),
                place=first,
                message=f"Fleet {fleet.id!r} {what} {_some(places)}",
                remedy="Draw the missing lane, or the lane's other direction",
            )


def _cut_off(arrive: bool, depart: bool) -> tuple[str, str]:
    if arrive and depart:
        return "trapped", "can pass but never come back through"
    if arrive:
        return "trapped", "can get to but never away from"
    if depart:
        return "unreachable", "can get away from but never to"
    return "unreachable", "can get neither to nor away from"


def _off_lanes(survey: _Survey) -> Iterator[Finding]:
    site = survey.site
    touched = {place for lane in site.lanes.values() for place in (lane.start, lane.end)}
    for waypoint in site.waypoints.values():
        if waypoint.id in touched or not survey.is_place(waypoint):
            continue
        distances = [
            distance_to_segment(waypoint.xy, (site.waypoints[lane.start].xy, site.waypoints[lane.end].xy))
            for lane in site.lanes.values()
            if survey.level_of(lane.start) == waypoint.level
        ]
        nearest = f"{min(distances):.1f} m from the nearest lane" if distances else "on a level without lanes"
        yield Finding(
            severity=Severity.WARNING,
            code="no-lane",
            level=waypoint.level,
            place=waypoint.id,
            message=f"No lane leads to {waypoint.id!r}; it is {nearest}",
            remedy="Draw a lane to it, or remove the place",
        )


def _lifts(survey: _Survey) -> Iterator[Finding]:
    graph = routing_graph(survey.site)
    for lift in survey.site.lifts.values():
        levels = [level for level in lift.levels if any(graph.has_node(c) for c in lift.cabins.get(level, ()))]
        if not levels:
            problem, remedy = "no lane leads into it", "Draw lanes into its car on each level, if robots shall ride it"
        elif not lift.connected:
            problem, remedy = "it has no building interface", "Connect it to the fleet manager, or leave it to people"
        elif len(levels) == 1:
            problem, remedy = f"lanes lead into it on level {levels[0]!r} only", "Draw lanes into it on another level"
        else:
            continue
        yield Finding(
            severity=Severity.WARNING,
            code="lift-unconnected" if not lift.connected else "lift-unused",
            level=lift.initial_level,
            place=lift.id,
            message=f"Lift {lift.id!r} is {'unused' if lift.connected else 'unconnected'}: {problem}",
            remedy=remedy,
        )


def _doors(survey: _Survey) -> Iterator[Finding]:
    """Unused doors are told together, level by level: in a large building most doors are people's."""
    used = {lane.door for lane in survey.site.lanes.values()}
    for level in survey.site.levels:
        idle = [door.id for door in survey.site.doors.values() if door.level == level and door.id not in used]
        if idle:
            yield Finding(
                severity=Severity.INFO,
                code="door-unused",
                level=level,
                place=idle[0],
                message=f"On no lane of level {level!r}: {len(idle)} door{'s' * (len(idle) > 1)}: {_some(idle)}",
                remedy="Nothing, if robots need not pass them",
            )


def _walls(survey: _Survey) -> Iterator[Finding]:
    """Lanes through walls, and lanes through more doors than the one they can wait for."""
    site = survey.site
    for level in site.levels.values():
        walls = [LineString(wall) for wall in level.walls if len(set(wall)) > 1]
        tree = STRtree(walls)
        doors = [door for door in site.doors.values() if door.level == level.id]
        for lane in _one_per_pair(site, level.id):
            way = (site.waypoints[lane.start].xy, site.waypoints[lane.end].xy)
            passed = [door for door in doors if crossing(way, (door.start, door.end)) is not None]
            line = LineString(way)
            through = [
                place
                for index in tree.query(line, predicate="intersects")
                for place in _points(line.intersection(walls[index]))
                if not any(distance_to_segment(place, (door.start, door.end)) < _DOOR_FRAME for door in passed)
                and not _at_lift(site, lane, place)
            ]
            if through:
                x, y = through[0]
                yield Finding(
                    severity=Severity.ERROR,
                    code="lane-through-wall",
                    level=level.id,
                    place=lane.id,
                    message=f"Lane {lane.id!r} goes through a wall at ({x:.1f}, {y:.1f})",
                    remedy="Move the lane, or put the door there on the map",
                )
            if sum(door.automatic for door in passed) > 1:
                yield Finding(
                    severity=Severity.ERROR,
                    code="lane-through-doors",
                    level=level.id,
                    place=lane.id,
                    message=f"Lane {lane.id!r} passes several doors: {_some(door.id for door in passed)}",
                    remedy="Divide it by a waypoint between the doors",
                )


_DOOR_FRAME = 0.3
"""A wall this near (m) to a door is the door's frame."""


def _one_per_pair(site: Site, level: LevelId) -> list[Lane]:
    """The level's lanes, of the two directions of one way only the first."""
    seen: set[frozenset[WaypointId]] = set()
    lanes = []
    for lane in site.lanes.values():
        pair = frozenset({lane.start, lane.end})
        if site.waypoints[lane.start].level == level and pair not in seen:
            seen.add(pair)
            lanes.append(lane)
    return lanes


def _points(shape: object) -> list[tuple[float, float]]:
    parts = getattr(shape, "geoms", [shape])
    return [part.coords[0] for part in parts if not part.is_empty]


def _at_lift(site: Site, lane: Lane, place: tuple[float, float]) -> bool:
    """Walls around a car the lane enters or leaves are its doorway."""
    for end in (lane.start, lane.end):
        name = site.waypoints[end].lift
        if name is not None:
            lift = site.lifts[name]
            return math.dist(place, (lift.x, lift.y)) <= math.hypot(lift.width, lift.depth) / 2 + _DOOR_FRAME
    return False


def _widths(survey: _Survey) -> Iterator[Finding]:
    """Bodies wider than a lane or a doorway, one finding per fleet and kind."""
    site = survey.site
    for fleet in survey.fleets:
        width = body_width(fleet.footprint)
        lanes = [lane for lane in site.lanes.values() if admits(lane, fleet)]
        narrow = [lane.id for lane in lanes if not fits(lane, fleet)]
        doorways = {lane.door: lane for lane in lanes if lane.door is not None}
        tight = [name for name in doorways if math.dist(site.doors[name].start, site.doors[name].end) < width]
        for code, what, names in (("lane-too-narrow", "lanes", narrow), ("door-too-narrow", "doors", tight)):
            if names:
                yield Finding(
                    severity=Severity.ERROR if code == "lane-too-narrow" else Severity.WARNING,
                    code=code,
                    place=names[0],
                    message=f"Fleet {fleet.id!r}, {width:.2f} m wide, does not fit {len(names)} {what}: {_some(names)}",
                    remedy="Close them to the fleet, or correct the width",
                )


# --- names and zones ---------------------------------------------------------------------------------------


def _names(survey: _Survey) -> Iterator[Finding]:
    names = Counter(waypoint.name for waypoint in survey.site.waypoints.values() if waypoint.name is not None)
    for name, count in names.items():
        if count > 1:
            places = [waypoint for waypoint in survey.site.waypoints.values() if waypoint.name == name]
            yield Finding(
                severity=Severity.WARNING,
                code="duplicate-name",
                level=places[0].level,
                place=places[0].id,
                message=f"{count} places are called {name!r}: {_some(place.id for place in places)}",
                remedy="Give each its own name, so that staff and robots mean the same place",
            )


def _zones(survey: _Survey) -> Iterator[Finding]:
    for zone in survey.site.zones.values():
        if zone.zone_class is None and zone.kind in (ZoneKind.AREA, ZoneKind.ROOM):
            yield Finding(
                severity=Severity.WARNING,
                code="zone-without-class",
                level=zone.level,
                place=zone.id,
                message=f"Zone {zone.id!r} has no infection-control class",
                remedy="Set zone_class, such as clean or contaminated",
            )


# --- furniture and surfaces --------------------------------------------------------------------------------


def _furniture(survey: _Survey) -> Iterator[Finding]:
    """Furniture keeps off the lanes."""
    site = survey.site
    for level in site.levels:
        pieces = [piece for piece in site.furniture.values() if piece.level == level]
        if not pieces:
            continue
        tree = STRtree([Polygon(piece.polygon) for piece in pieces])
        for lane in _one_per_pair(site, level):
            line = LineString((site.waypoints[lane.start].xy, site.waypoints[lane.end].xy))
            for index in sorted(int(i) for i in tree.query(line, predicate="dwithin", distance=lane.width / 2)):
                yield Finding(
                    severity=Severity.ERROR,
                    code="furniture-in-lane",
                    level=level,
                    place=lane.id,
                    message=f"{pieces[index].id!r} stands in lane {lane.id!r}, which is {lane.width:g} m wide",
                    remedy="Move one of them, or correct the width",
                )


def _surfaces(survey: _Survey) -> Iterator[Finding]:
    """High-touch surfaces lie in their room, and not inside of furniture."""
    site = survey.site
    for surface in site.surfaces.values():
        here, zone = Point(surface.xy), site.zones[surface.zone]
        if len(zone.polygon) >= 3 and Polygon(zone.polygon).distance(here) > _ON_OUTLINE:
            yield Finding(
                severity=Severity.WARNING,
                code="surface-outside",
                level=surface.level,
                place=surface.zone,
                message=f"Surface {surface.id!r} lies outside its zone {surface.zone!r}",
                remedy="Move it into the zone, or name the zone that it is in",
            )
        for piece in site.furniture.values():
            if piece.level != surface.level or surface.height >= piece.height or surface.facing is Facing.DOWN:
                continue
            if Polygon(piece.polygon).buffer(-_ON_OUTLINE).contains(here):
                yield Finding(
                    severity=Severity.WARNING,
                    code="surface-inside",
                    level=surface.level,
                    place=surface.zone,
                    message=f"Surface {surface.id!r} lies inside of {piece.id!r}, where no light comes",
                    remedy="Move it to the side or the top that hands touch",
                )


_ON_OUTLINE = 0.05
"""A surface this near (m) to an outline is on it."""


def _lamps(survey: _Survey) -> Iterator[Finding]:
    for fleet in survey.site.fleets.values():
        if fleet.lamp is not None and fleet.lamp.irradiance is None:
            yield Finding(
                severity=Severity.WARNING,
                code="lamp-without-calibration",
                place=fleet.id,
                message=f"The UV-C lamp of fleet {fleet.id!r} has no calibration, so that no dose can be planned",
                remedy=f"Set `lamp.irradiance`: W/m² at {fleet.lamp.distance:g} m, from its data sheet",
            )


# --- robots ------------------------------------------------------------------------------------------------


def _homes(survey: _Survey) -> Iterator[Finding]:
    owners: dict[WaypointId, str] = {}
    for fleet in survey.fleets:
        for robot in fleet.robots:
            if robot.home is None:
                yield Finding(
                    severity=Severity.WARNING,
                    code="no-home",
                    place=robot.id,
                    message=f"Robot {robot.id!r} has no home",
                    remedy="Give it a parking place or charger of its own",
                )
                continue
            level = survey.level_of(robot.home)
            if robot.home in owners:
                yield Finding(
                    severity=Severity.ERROR,
                    code="shared-home",
                    level=level,
                    place=robot.home,
                    message=f"Robots {owners[robot.home]!r} and {robot.id!r} share the home {robot.home!r}",
                    remedy="Give each robot a home of its own",
                )
            elif robot.home not in survey.permitted[fleet.id]:
                yield Finding(
                    severity=Severity.ERROR,
                    code="home-out-of-reach",
                    level=level,
                    place=robot.home,
                    message=f"Fleet {fleet.id!r} has no lane to {robot.home!r}, the home of {robot.id!r}",
                    remedy="Choose another home, or draw a lane to it",
                )
            owners.setdefault(robot.home, robot.id)


def _blocking_homes(survey: _Survey) -> Iterator[Finding]:
    """A robot at home must not cut others off, neither on its waypoint nor by its body beside their lanes."""
    for fleet in survey.fleets:
        for robot in fleet.robots:
            if robot.home is None or not survey.graphs[fleet.id].has_node(robot.home):
                continue
            for other in survey.users(robot.home):
                lost = cut_off_by(survey.permitted[other.id], survey.home_ground[other.id], robot.home)
                if behind := [place for place in lost if survey.is_place(survey.site.waypoints[place])]:
                    yield Finding(
                        severity=Severity.WARNING,
                        code="home-in-the-way",
                        level=survey.level_of(robot.home),
                        place=robot.home,
                        message=f"{robot.id!r} at home stands in the way of fleet {other.id!r} to {_some(behind)}",
                        remedy="Move the home to a bay beside the lanes",
                    )
            if lane := grazed_lane(survey.site, fleet, robot.home):
                yield Finding(
                    severity=Severity.WARNING,
                    code="home-too-near-lane",
                    level=survey.level_of(robot.home),
                    place=robot.home,
                    message=f"{robot.id!r} at home reaches into lane {lane.id!r}",
                    remedy="Move the home away from the lane",
                )


def _supply(survey: _Survey) -> Iterator[Finding]:
    """Chargers within reach, and a place to park for every robot."""
    site = survey.site
    for fleet in survey.fleets:
        if not fleet.robots:
            continue
        ground = survey.home_ground[fleet.id]
        chargers = [
            c for c in site.chargers.values() if c.waypoint in ground and (not c.fleets or fleet.id in c.fleets)
        ]
        if not chargers:
            yield Finding(
                severity=Severity.ERROR,
                code="no-charger",
                place=fleet.id,
                message=f"Fleet {fleet.id!r} can reach no charger",
                remedy="Add a charger on its lanes",
            )
        parking = {charger.waypoint for charger in chargers}
        parking |= {p.waypoint for p in site.holding_points.values() if p.parking and p.waypoint in ground}
        if len(parking) < len(fleet.robots):
            yield Finding(
                severity=Severity.WARNING,
                code="too-few-parking-places",
                place=fleet.id,
                message=f"Fleet {fleet.id!r} has {len(fleet.robots)} robots and {len(parking)} parking places",
                remedy="Add parking places or chargers",
            )


def _refill_points(survey: _Survey) -> Iterator[Finding]:
    """Robots with a sprayer get to a place where their tank is filled, on the ground where they are at home."""
    for fleet in survey.fleets:
        if fleet.sprayer is None or not fleet.robots:
            continue
        points = [p for p in survey.site.refill_points.values() if p.fleets is None or fleet.id in p.fleets]
        if not any(point.waypoint in survey.home_ground[fleet.id] for point in points):
            yield Finding(
                severity=Severity.ERROR,
                code="no-refill-point",
                place=fleet.id,
                message=f"Fleet {fleet.id!r} sprays and can reach no refill point",
                remedy="Give a waypoint on its lanes the property refill: true",
            )


def _standing_places(survey: _Survey) -> Iterator[Finding]:
    """Robots that charge or wait keep door swings and escape routes free."""
    site = survey.site
    swings = [(door, _swing(door)) for door in site.doors.values() if door.automatic and door.kind in _HINGED]
    escapes = [(zone, Polygon(zone.polygon)) for zone in site.zones.values() if zone.kind is ZoneKind.ESCAPE_ROUTE]
    for place in dict.fromkeys((*site.chargers, *site.holding_points)):
        waypoint = site.waypoints[place]
        radius = max((circumscribed_radius(fleet.footprint) for fleet in survey.users(place)), default=0.0)
        body = Point(waypoint.xy).buffer(radius) if radius else Point(waypoint.xy)
        what = "charger" if place in site.chargers else "holding point"
        for door, area in swings:
            if door.level == waypoint.level and area.intersects(body):
                yield Finding(
                    severity=Severity.WARNING,
                    code="in-door-swing",
                    level=waypoint.level,
                    place=place,
                    message=f"A robot at the {what} {place!r} stands in the swing of door {door.id!r}",
                    remedy=f"Move the {what} away from the door",
                )
        for zone, area in escapes:
            if zone.level == waypoint.level and area.intersects(body):
                yield Finding(
                    severity=Severity.ERROR,
                    code="in-escape-route",
                    level=waypoint.level,
                    place=place,
                    message=f"A robot at the {what} {place!r} stands in the escape route {zone.id!r}",
                    remedy=f"Move the {what} out of it",
                )


_HINGED = (DoorKind.HINGED, DoorKind.DOUBLE_HINGED)


def _swing(door: Door) -> BaseGeometry:
    """The floor the leaves sweep; of a double door each leaf turns about its own end."""
    double = door.kind is DoorKind.DOUBLE_HINGED
    length = math.dist(door.start, door.end) / (2 if double else 1)
    along = math.atan2(door.end[1] - door.start[1], door.end[0] - door.start[0])
    first = _sector(door.start, length, along, door.swing)
    if not double:
        return first
    second = _sector(door.end, length, along + math.pi, -door.swing)
    return first.union(second)


def _sector(hinge: tuple[float, float], length: float, start: float, swing: float) -> Polygon:
    arc = [start + swing * step / 8 for step in range(9)]
    return Polygon([hinge, *((hinge[0] + length * math.cos(a), hinge[1] + length * math.sin(a)) for a in arc)])


_CHECKS: tuple[Callable[[_Survey], Iterator[Finding]], ...] = (
    _reachability,
    _off_lanes,
    _lifts,
    _walls,
    _widths,
    _names,
    _zones,
    _furniture,
    _surfaces,
    _lamps,
    _homes,
    _blocking_homes,
    _supply,
    _refill_points,
    _standing_places,
    _doors,
)
