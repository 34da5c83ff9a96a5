"""Which parts of the routing graph two robots can't hold at once, found from geometry.

A robot that stands or turns at a waypoint sweeps at most the disc of its circumscribed radius; on a lane it sweeps a
band as wide as its footprint. Two parts conflict when their swept shapes come closer than the clearance, so crossing
lanes, narrow corridors and close waypoints exclude each other without hand-made groups. Lift cars, buffer rooms and
mutex groups are parts of their own and claimed whole.

Footprints that sweep the same shapes form one *footprint class*; what excludes what is computed once per pair of
classes and site.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, NamedTuple, NewType

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry import LineString, Point

from fleet_manager.planning.costs import ZonesAt
from maps.model import CarrierKind, Fleet, FleetId, Lane, LaneId, Site, Waypoint, WaypointId, ZoneKind

Part = NewType("Part", str)
"""Name of an exclusive resource: `w:waypoint`, `l:a>b` (a lane both ways), `lift:id`, `zone:id`, `mutex:name`."""

CLEARANCE: Final = 0.05
"""Metres kept between two swept shapes, for localisation error."""

GEOMETRIC: Final = ("w:", "l:")
"""How parts begin that exclude others by their shape; the rest exclude only themselves."""

_TOUCH: Final = 1e-6


class FootprintClass(NamedTuple):
    """What a footprint sweeps: a disc of `radius` (m) where it turns, a band of twice `half_width` (m) on a lane."""

    radius: float
    half_width: float


def footprint_class(fleet: Fleet) -> FootprintClass:
    """From the footprint's outline around its turning centre."""
    return FootprintClass(
        radius=round(max(math.hypot(x, y) for x, y in fleet.footprint), 6),
        half_width=round(max(abs(y) for _, y in fleet.footprint), 6),
    )


def waypoint_part(waypoint: WaypointId) -> Part:
    return Part(f"w:{waypoint}")


def lane_part(lane: Lane) -> Part:
    """Both directions of a lane are one part."""
    a, b = sorted((lane.start, lane.end))
    return Part(f"l:{a}>{b}")


class Conflicts:
    """The parts of a site and, per pair of footprint classes, which parts exclude each other."""

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
        self._tables: dict[tuple[FootprintClass, FootprintClass], dict[Part, tuple[Part, ...]]] = {}
        self._class_of = {fleet.id: footprint_class(fleet) for fleet in site.fleets.values()}
        ground = {self._class_of[f.id] for f in site.fleets.values() if f.carrier is CarrierKind.GROUND}
        self.classes: tuple[FootprintClass, ...] = tuple(sorted(ground))
        """The footprint classes of the site's ground fleets, smallest first."""
        wholes = dict.fromkeys(part for parts in self._wholes.values() for part in parts)
        mutexes = dict.fromkeys(Part(f"mutex:{lane.mutex}") for lane in site.lanes.values() if lane.mutex)
        geometric = [part for shapes in self._shapes.values() for part in shapes]
        self.parts: tuple[Part, ...] = (*geometric, *wholes, *mutexes)

    @staticmethod
    def _whole_parts(waypoint: Waypoint, zones: ZonesAt) -> tuple[Part, ...]:
        car = [Part(f"lift:{waypoint.lift}")] if waypoint.lift else []
        rooms = [Part(f"zone:{z.id}") for z in zones.of[waypoint.id] if z.kind is ZoneKind.BUFFER_ROOM]
        return tuple(car + rooms)

    def standing(self, waypoint: WaypointId) -> tuple[Part, ...]:
        """The parts a robot needs that stands at a waypoint."""
        return (waypoint_part(waypoint), *self._wholes[waypoint])

    def passing(self, lane: LaneId | None) -> tuple[Part, ...]:
        """The parts a robot needs only while it is on a lane, or rides a lift (None); given back at the lane's end.

        At both ends it needs what `standing` names.
        """
        if lane is None:
            return ()
        on = self._site.lanes[lane]
        return (lane_part(on), Part(f"mutex:{on.mutex}")) if on.mutex else (lane_part(on),)

    def moving(self, before: WaypointId, waypoint: WaypointId, lane: LaneId | None) -> tuple[Part, ...]:
        """All parts a robot holds on its way from `before` to `waypoint`."""
        parts = (*self.standing(waypoint), *self.passing(lane), *self.standing(before))
        return tuple(dict.fromkeys(parts))

    def class_of(self, fleet: FleetId) -> FootprintClass:
        return self._class_of[fleet]

    def between(self, one: FootprintClass, other: FootprintClass) -> Mapping[Part, tuple[Part, ...]]:
        """For each part held by a robot of class `one`, the parts that a robot of class `other` can't hold then.

        Each part is among its own; mutex groups, buffer rooms and lift cars exclude only themselves.
        """
        table = self._tables.get((one, other))
        if table is None:
            table = self._tables[one, other] = {}
            for shapes in self._shapes.values():
                table.update(_close(shapes, one, other))
            table.update({part: (part,) for part in self.parts if not part.startswith(GEOMETRIC)})
        return table

    def touching(self, fleet: FleetId, part: Part) -> frozenset[Part]:
        """The parts that some robot of the site can't hold while one of `fleet` holds `part`."""
        own = self._class_of[fleet]
        return frozenset(near for other in self.classes for near in self.between(own, other)[part])


def _close(
    shapes: Mapping[Part, shapely.Geometry], one: FootprintClass, other: FootprintClass
) -> dict[Part, tuple[Part, ...]]:
    """Parts of one level whose swept shapes come closer than the clearance."""
    parts, geometries = list(shapes), list(shapes.values())
    own, others = _half_extents(parts, one), _half_extents(parts, other)
    tree = STRtree(geometries)
    reach = float(own.max() + others.max()) + CLEARANCE if parts else 0.0
    pairs = tree.query(geometries, predicate="dwithin", distance=reach)
    shapes_array = np.array(geometries, dtype=object)
    apart = shapely.distance(shapes_array[pairs[0]], shapes_array[pairs[1]])
    near = apart < own[pairs[0]] + others[pairs[1]] + CLEARANCE - _TOUCH
    found: dict[Part, list[Part]] = {part: [] for part in parts}
    for i, j in sorted(zip(pairs[0][near].tolist(), pairs[1][near].tolist(), strict=True)):
        found[parts[i]].append(parts[j])
    return {part: tuple(close) for part, close in found.items()}


def _half_extents(parts: list[Part], footprint: FootprintClass) -> NDArray[np.float64]:
    return np.array([footprint.radius if part.startswith("w:") else footprint.half_width for part in parts])
