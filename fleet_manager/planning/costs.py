"""Routing criteria: what it costs one fleet to drive a lane or to ride a lift, in seconds.

A `LaneCost` answers the seconds it adds, or None when the fleet may not use the lane at all. A new criterion is a
new function here and its place in `DEFAULT_LANE_COSTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from shapely import STRtree
from shapely.geometry import Point, Polygon

from fleet_manager.planning.crossings import crossing_time
from maps.graph import admits, fits
from maps.model import Fleet, Lane, Lift, Site, WaypointId, Zone

LIFT_WAIT: Final = 20.0
"""Expected seconds until a called car is there with open doors; refined by nothing but measurement."""

LIFT_BOARDING: Final = 6.0
"""Seconds to drive in and out, beyond the lanes' own length."""


@dataclass(frozen=True, slots=True)
class ZonesAt:
    """The zones that contain each waypoint, by polygon."""

    of: Mapping[WaypointId, tuple[Zone, ...]]


def zones_at(site: Site) -> ZonesAt:
    """Look up every waypoint in every zone of its level."""
    found: dict[WaypointId, list[Zone]] = {w: [] for w in site.waypoints}
    for level in site.levels:
        zones = [zone for zone in site.zones.values() if zone.level == level]
        waypoints = [w for w in site.waypoints.values() if w.level == level]
        if not zones or not waypoints:
            continue
        tree = STRtree([Point(w.xy) for w in waypoints])
        for zone in zones:
            for i in sorted(int(i) for i in tree.query(Polygon(zone.polygon), predicate="intersects")):
                found[waypoints[i].id].append(zone)
    return ZonesAt(of={w: tuple(zones) for w, zones in found.items()})


LaneCost: TypeAlias = Callable[[Lane, Fleet, Site, ZonesAt], float | None]


def travel_time(lane: Lane, fleet: Fleet, site: Site, zones: ZonesAt) -> float | None:
    """Seconds at the fleet's or the lane's top speed, whichever is lower.

    None where the lane is another fleet's, or needs a capability that this one lacks.
    """
    if not admits(lane, fleet):
        return None
    speed = fleet.speed if lane.speed_limit is None else min(fleet.speed, lane.speed_limit)
    return lane.length / speed


def door_time(lane: Lane, fleet: Fleet, site: Site, zones: ZonesAt) -> float | None:
    """An automatic door is asked in time, so that it costs only part of its opening."""
    if lane.door is None:
        return 0.0
    door = site.doors[lane.door]
    return door.travel_time / 2 if door.automatic else 0.0


def wait_for_green(lane: Lane, fleet: Fleet, site: Site, zones: ZonesAt) -> float | None:
    """Half of the longest wait; None where the green is too short for a fleet to get over the street at all."""
    if lane.crossing is None:
        return 0.0
    crossing = site.crossings[lane.crossing]
    return crossing.red / 2.0 if crossing_time(lane, fleet) <= crossing.green else None


def lane_width(lane: Lane, fleet: Fleet, site: Site, zones: ZonesAt) -> float | None:
    """A body keeps to lanes that are wide enough for it."""
    return 0.0 if fits(lane, fleet) else None


def zone_rules(lane: Lane, fleet: Fleet, site: Site, zones: ZonesAt) -> float | None:
    """A fleet enters only zones of its classes."""
    for zone in zones.of[lane.end]:
        if zone.zone_class is not None and zone.zone_class not in fleet.zones:
            return None
    return 0.0


DEFAULT_LANE_COSTS: Final[tuple[LaneCost, ...]] = (travel_time, door_time, wait_for_green, lane_width, zone_rules)


def ride_time(lift: Lift, rise: float, fleet: Fleet) -> float | None:
    """Seconds from asking for the car to its open doors `rise` metres up or down, or None where it is not the fleet's.

    Cars reserved for one flow of goods carry only fleets of that flow.
    """
    if not lift.connected or (lift.flow is not None and fleet.flow is not None and lift.flow is not fleet.flow):
        return None
    return LIFT_WAIT + LIFT_BOARDING + 3 * lift.door_time + abs(rise) / lift.speed
