"""Where a robot can wait for long without being in the way."""

from __future__ import annotations

from collections.abc import Collection

from fleet_manager.planning.conflicts import Conflicts, Part, waypoint_part
from fleet_manager.planning.routes import Routes
from maps.model import FleetId, LaneId, Site, Waypoint, WaypointId


class Parking:
    """The bays of a site: places off the lanes, where a standing robot touches no lane but those that lead there."""

    def __init__(self, site: Site, routes: Routes, conflicts: Conflicts) -> None:
        self._site = site
        self._routes = routes
        self._conflicts = conflicts
        self._bays: dict[FleetId, tuple[WaypointId, ...]] = {}
        self._neighbours: dict[WaypointId, set[WaypointId]] = {}
        for lane in site.lanes.values():
            self._neighbours.setdefault(lane.start, set()).add(lane.end)
            self._neighbours.setdefault(lane.end, set()).add(lane.start)

    def bays(self, fleet: FleetId) -> tuple[WaypointId, ...]:
        """All bays of a fleet: parking places and chargers first, then named places at the end of a way."""
        known = self._bays.get(fleet)
        if known is None:
            tables = self._routes.of(fleet)
            found = [w for w in self._site.waypoints.values() if tables.reaches(w.id) and self._is_bay(fleet, w)]
            found.sort(key=lambda w: not self._for_robots(w.id))
            known = self._bays[fleet] = tuple(w.id for w in found)
        return known

    def is_bay(self, fleet: FleetId, waypoint: WaypointId) -> bool:
        """Whether a robot of the fleet can stand there for long."""
        return waypoint in self.bays(fleet)

    def _for_robots(self, waypoint: WaypointId) -> bool:
        holding = self._site.holding_points.get(waypoint)
        return waypoint in self._site.chargers or (holding is not None and holding.parking)

    def _is_bay(self, fleet: FleetId, waypoint: Waypoint) -> bool:
        if not waypoint.stop or waypoint.lift is not None or self._soils(fleet, waypoint.id):
            return False
        at_the_end = waypoint.name is not None and len(self._neighbours.get(waypoint.id, ())) == 1
        if not at_the_end and not self._for_robots(waypoint.id):
            return False
        near = self._conflicts.touching(fleet, waypoint_part(waypoint.id))
        return all(waypoint.id in _ends(part) for part in near if part.startswith("l:"))

    def _soils(self, fleet: FleetId, place: WaypointId) -> bool:
        """Whether a robot that comes out of soiling zones again would have to be decontaminated for waiting there."""
        rules = self._site.infection_rules
        return fleet in rules.shared_fleets and any(z.zone_class in rules.leaving for z in self._routes.zones.of[place])

    def nearest(
        self, fleet: FleetId, start: WaypointId, taken: Collection[WaypointId], closed: frozenset[LaneId]
    ) -> list[WaypointId]:
        """The bays that touch none of `taken`, nearest first; those made for robots come before all others."""
        tables = self._routes.of(fleet)
        full = {part for place in taken for part in self._conflicts.touching(fleet, waypoint_part(place))}
        free: list[tuple[bool, float, WaypointId]] = []
        for bay in self.bays(fleet):
            way = tables.time(start, bay, closed)
            if way is not None and waypoint_part(bay) not in full:
                free.append((not self._for_robots(bay), way, bay))
        return [bay for _, _, bay in sorted(free)]

    def touch(self, one: WaypointId, other: WaypointId) -> bool:
        """Whether two robots can't stand at both places at once."""
        widest = self._conflicts.classes[-1]
        return waypoint_part(other) in self._conflicts.between(widest, widest)[waypoint_part(one)]


def _ends(part: Part) -> tuple[str, ...]:
    return tuple(part[2:].split(">"))
