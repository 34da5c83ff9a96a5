"""What a fire alarm means on the routing graph: who is concerned, what is closed, where nobody may stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shapely.geometry import Point, Polygon

from fleet_manager.domain.alarms import AlarmScope
from fleet_manager.planning.closed_ways import ClosedWays
from fleet_manager.planning.costs import ZonesAt
from maps.geometry import circumscribed_radius, distance_to_segment
from maps.model import CarrierKind, Lane, LevelId, Lift, LiftId, Site, WaypointId, ZoneKind

_FIRE_DOOR_CLEARANCE: Final = 0.5
"""Metres between a robot's body and a fire door that has to close."""


@dataclass(frozen=True, slots=True)
class FireScope:
    """`places` are concerned, `recalled` lifts go to their level of departure and carry nobody, `ways` are closed."""

    places: frozenset[WaypointId]
    recalled: dict[LiftId, LevelId]
    ways: ClosedWays


def fire_scope(site: Site, zones: ZonesAt, scope: AlarmScope, recall_level: LevelId | None) -> FireScope:
    """Closed are the ways into the scope, through its fire doors, into its lifts, and out of these but at the recall
    level.
    """
    places = frozenset(w.id for w in site.waypoints.values() if _covers(site, zones, scope, w.id))
    doorways = {lift.id: _doorways(site, lift) for lift in site.lifts.values()}
    recalled = {
        lift.id: recall_level if recall_level in lift.levels and recall_level is not None else lift.initial_level
        for lift in site.lifts.values()
        if any(end in places for lane in doorways[lift.id] for end in (lane.start, lane.end))
    }

    def is_closed(lane: Lane) -> bool:
        start, end = site.waypoints[lane.start], site.waypoints[lane.end]
        if end.lift in recalled:
            return True
        if start.lift in recalled:
            return start.level != recalled[start.lift]
        fire_door = lane.door is not None and site.doors[lane.door].fire_door
        return lane.end in places and (lane.start not in places or fire_door)

    lanes = tuple(lane.id for lane in site.lanes.values() if is_closed(lane))
    return FireScope(places=places, recalled=recalled, ways=ClosedWays(lanes=lanes, inside=(), exits=()))


def _covers(site: Site, zones: ZonesAt, scope: AlarmScope, place: WaypointId) -> bool:
    waypoint = site.waypoints[place]
    if scope.zone is not None:
        return any(zone.id == scope.zone for zone in zones.of[place])
    if scope.building is None:
        return not scope.levels or waypoint.level in scope.levels
    building = site.buildings[scope.building]
    inside = building.polygon is None or Polygon(building.polygon).intersects(Point(waypoint.xy))
    return inside and (not building.levels or waypoint.level in building.levels)


def _doorways(site: Site, lift: Lift) -> list[Lane]:
    """All lanes into and out of a car."""
    cabins = {cabin for cabins in lift.cabins.values() for cabin in cabins}
    return [lane for lane in site.lanes.values() if lane.start in cabins or lane.end in cabins]


def ways_of_people(site: Site) -> frozenset[WaypointId]:
    """Where a robot would stand in people's way out: on escape routes, in lift lobbies and cars, at fire doors."""
    ground = [fleet for fleet in site.fleets.values() if fleet.carrier is CarrierKind.GROUND]
    radius = max((circumscribed_radius(fleet.footprint) for fleet in ground), default=0.0)
    found: set[WaypointId] = set()
    for lift in site.lifts.values():
        found.update(end for lane in _doorways(site, lift) for end in (lane.start, lane.end))
    escapes = [(z.level, Polygon(z.polygon)) for z in site.zones.values() if z.kind is ZoneKind.ESCAPE_ROUTE]
    doors = [door for door in site.doors.values() if door.fire_door]
    for waypoint in site.waypoints.values():
        here = Point(waypoint.xy)
        on_escape = any(level == waypoint.level and area.distance(here) < radius for level, area in escapes)
        at_door = any(
            door.level == waypoint.level
            and distance_to_segment(waypoint.xy, (door.start, door.end)) < radius + _FIRE_DOOR_CLEARANCE
            for door in doors
        )
        if on_escape or at_door:
            found.add(waypoint.id)
    return frozenset(found)
