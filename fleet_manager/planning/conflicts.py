"""Which parts of the routing graph two robots can't hold at once, found from geometry.

A robot that drives a lane or turns at a waypoint sweeps at most a disc of its circumscribed radius. Two parts conflict
when their swept shapes come closer than the clearance, so crossing lanes, narrow corridors and close waypoints exclude
each other without hand-made groups. Lift cars, buffer rooms and mutex groups are parts of their own and claimed whole.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, NewType

import shapely
from shapely import STRtree
from shapely.geometry import LineString, Point

from fleet_manager.domain.robots import RouteNode
from fleet_manager.planning.costs import ZonesAt
from maps.model import CarrierKind, Fleet, FleetId, Lane, Site, Waypoint, WaypointId, ZoneKind

Part = NewType("Part", str)
"""Name of an exclusive resource: `w:waypoint`, `l:a>b` (a lane both ways), `lift:id`, `zone:id`, `mutex:name`."""

CLEARANCE: Final = 0.05
"""Metres kept between two swept shapes, for localisation error."""


def radius(fleet: Fleet) -> float:
    """Circumscribed radius of the fleet's footprint around its turning centre (m)."""
    return max(math.hypot(x, y) for x, y in fleet.footprint)


def waypoint_part(waypoint: WaypointId) -> Part:
    return Part(f"w:{waypoint}")


def lane_part(lane: Lane) -> Part:
    """Both directions of a lane are one part."""
    a, b = sorted((lane.start, lane.end))
    return Part(f"l:{a}>{b}")


class Conflicts:
    """The parts of a site and, per sum of two robots' radii, which parts exclude each other."""

    def __init__(self, site: Site, zones: ZonesAt) -> None:
        self._site = site
        self._shapes: dict[str, dict[Part, shapely.Geometry]] = {level: {} for level in site.levels}
        self._wholes: dict[WaypointId, tuple[Part, ...]] = {}
        for waypoint in site.waypoints.values():
            self._shapes[waypoint.level][waypoint_part(waypoint.id)] = Point(waypoint.xy)
            self._wholes[waypoint.id] = self._whole_parts(waypoint, zones)
        for lane in site.lanes.values():
            a, b = site.waypoints[lane.start], site.waypoints[lane.end]
            self._shapes[a.level].setdefault(lane_part(lane), LineString([a.xy, b.xy]))
        self._tables: dict[float, dict[Part, tuple[Part, ...]]] = {}
        self._radii = {fleet.id: radius(fleet) for fleet in site.fleets.values()}

    @staticmethod
    def _whole_parts(waypoint: Waypoint, zones: ZonesAt) -> tuple[Part, ...]:
        car = [Part(f"lift:{waypoint.lift}")] if waypoint.lift else []
        rooms = [Part(f"zone:{z.id}") for z in zones.of[waypoint.id] if z.kind is ZoneKind.BUFFER_ROOM]
        return tuple(car + rooms)

    def standing(self, waypoint: WaypointId) -> tuple[Part, ...]:
        """The parts a robot needs that stands at a waypoint."""
        return (waypoint_part(waypoint), *self._wholes[waypoint])

    def moving(self, before: WaypointId, node: RouteNode) -> tuple[Part, ...]:
        """The parts a robot needs to come from the waypoint `before` to `node` and to stand there."""
        parts = list(self.standing(node.waypoint))
        if node.lane is not None:
            lane = self._site.lanes[node.lane]
            parts.append(lane_part(lane))
            if lane.mutex:
                parts.append(Part(f"mutex:{lane.mutex}"))
        parts += [part for part in self._wholes[before] if part not in parts]
        return tuple(parts)

    def radius_of(self, fleet: FleetId) -> float:
        return self._radii[fleet]

    def radii(self) -> tuple[float, ...]:
        """The different radii of the site's ground fleets, smallest first."""
        return tuple(sorted({self._radii[f.id] for f in self._site.fleets.values() if f.carrier is CarrierKind.GROUND}))

    def between(self, radius_a: float, radius_b: float) -> Mapping[Part, tuple[Part, ...]]:
        """For each waypoint and lane part, those that conflict with it, itself included."""
        reach = round(radius_a + radius_b + CLEARANCE, 6)
        table = self._tables.get(reach)
        if table is None:
            table = self._tables[reach] = {}
            for shapes in self._shapes.values():
                parts = list(shapes)
                tree = STRtree(list(shapes.values()))
                found: dict[Part, list[Part]] = {part: [] for part in parts}
                pairs = tree.query(list(shapes.values()), predicate="dwithin", distance=reach - 1e-6)
                for i, j in sorted(zip(pairs[0].tolist(), pairs[1].tolist(), strict=True)):
                    found[parts[i]].append(parts[j])
                table.update({part: tuple(others) for part, others in found.items()})
        return table
