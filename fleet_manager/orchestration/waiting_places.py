"""Where a robot waits when it can't go on and can't stay."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.planning.parking import Parking
from fleet_manager.planning.routes import Routes
from maps.model import LaneId, RobotId, Site, WaypointId

_LOOKED_AT: Final = 12
"""Places nearest by the straight line whose ways are compared."""


class WaitingPlaces:
    """Bays and holding points come first, then any waypoint where a robot may stop."""

    def __init__(self, site: Site, ledger: Ledger, routes: Routes, execution: Execution, parking: Parking) -> None:
        self._site = site
        self._ledger = ledger
        self._routes = routes
        self._execution = execution
        self._parking = parking

    def nearest(
        self, robot_id: RobotId, closed: frozenset[LaneId], allowed: Callable[[WaypointId], bool]
    ) -> WaypointId | None:
        """The nearest allowed place that no other robot needs and no closed lane leads to; the own one counts too."""
        robot = self._ledger.state.robots[robot_id]
        start = self._execution.will_stand_at(robot_id)
        if start is None:
            return None
        taken = self._taken(robot_id)
        quiet = [*self._parking.bays(robot.fleet), *self._site.holding_points]
        for places in (quiet, self._site.waypoints):
            fitting = self._fitting(places, start, taken, allowed)
            while near := list(islice(fitting, _LOOKED_AT)):
                tables = self._routes.of(robot.fleet)
                ways = [(way, place) for place in near if (way := tables.time(start, place, closed)) is not None]
                if ways:
                    return min(ways)[1]
        return None

    def _taken(self, robot_id: RobotId) -> list[WaypointId]:
        """Where other robots stand, will stand, go to, and live."""
        taken: dict[WaypointId, None] = {}
        for other in self._ledger.state.robots.values():
            if other.id == robot_id or self._execution.on_foot(other):
                continue
            goal = other.drive.goal if other.drive is not None else None
            for place in (self._execution.will_stand_at(other.id), goal, self._execution.home(other.id)):
                if place is not None:
                    taken[place] = None
        return list(taken)

    def _fitting(
        self,
        places: Iterable[WaypointId],
        start: WaypointId,
        taken: list[WaypointId],
        allowed: Callable[[WaypointId], bool],
    ) -> Iterator[WaypointId]:
        """In order of their straight distance; those of other levels come last."""
        here = self._site.waypoints[start]

        def distance(place: WaypointId) -> tuple[bool, float, WaypointId]:
            there = self._site.waypoints[place]
            return there.level != here.level, math.dist(here.xy, there.xy), place

        for place in sorted(dict.fromkeys(places), key=distance):
            waypoint = self._site.waypoints[place]
            may_stop = waypoint.stop and waypoint.lift is None and allowed(place)
            if may_stop and not any(self._parking.touch(place, other) for other in taken):
                yield place
