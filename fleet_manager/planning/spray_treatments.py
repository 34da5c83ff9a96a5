"""How each fleet would spray a zone: its path planned once, and its next sortie from what is wet already."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Final

import shapely

from fleet_manager.domain.disinfection import TreatmentSample
from fleet_manager.domain.errors import InvalidRequest
from fleet_manager.domain.missions import TreatmentStop
from fleet_manager.domain.tasks import Treatment
from fleet_manager.planning.coverage.coverage_map import CoverageMap
from fleet_manager.planning.coverage.free_area import NotSprayable, free_area
from fleet_manager.planning.coverage.sorties import Move, next_sortie, spray_plan
from fleet_manager.planning.coverage.spray_plan import CoveragePath, coverage_path
from fleet_manager.planning.estimates import AT_A_CORNER
from maps.model import Fleet, FleetId, Point, RobotId, Site, SprayAgent, Sprayer, WaypointId, ZoneId

ENOUGH: Final = 0.995
"""A zone is sprayed when so much of what the sprayer reaches is wet."""

_SPARE: Final = 0.005
"""Share of the tank that no sortie is planned to need."""

_OF_BATTERY: Final = 0.8
"""Share of the charge above the reserve that a sortie may take: the ways there and home are not in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SprayTreatment:
    """`home` is where a robot begins and ends each sortie; `path` covers the whole zone."""

    sprayer: Sprayer
    agent: SprayAgent
    home: Point
    path: CoveragePath

    @property
    def litres_per_metre(self) -> float:
        return self.agent.rate * self.path.free.swath

    @property
    def speed(self) -> float:
        """While it sprays (m/s): the flow must suffice."""
        return min(self.sprayer.speed, self.sprayer.flow / self.litres_per_metre)

    def sortie(self, wet: CoverageMap, tank: float, battery: float) -> tuple[TreatmentStop, ...] | None:
        """The next sortie of a robot with `tank` litres and a `battery` share to spend.

        None when the zone is wet enough. Raises NotSprayable when both suffice for none of the rest.
        """
        if wet.share >= ENOUGH:
            return None
        sprayer = replace(self.sprayer, tank=tank - _SPARE * self.sprayer.tank)
        if sprayer.tank <= 0.0:
            raise NotSprayable("the tank is empty", field="tank", way_out="refill it first")
        moves = self._moves(self.path, sprayer, wet, battery)
        if moves is None:
            rest = wet.rest()
            moves = self._moves(rest, sprayer, wet, battery) if rest.points else None
        if moves is None:
            return None
        here = [TreatmentStop(x=move.end[0], y=move.end[1], dwell=0.0) for move in moves]
        sprayed = (replace(stop, sprays=after.sprays) for stop, after in zip(here, moves[1:], strict=False))
        return (*sprayed, here[-1])

    def _moves(self, path: CoveragePath, sprayer: Sprayer, wet: CoverageMap, battery: float) -> tuple[Move, ...] | None:
        return next_sortie(path, sprayer, self.agent, self.home, done=wet.covered, battery=battery, corner=AT_A_CORNER)


class SprayPlans:
    """Plans by fleet, zone and volume. To make one takes seconds: make it beside the loop, then `keep` it."""

    def __init__(self, site: Site, place_in: Callable[[ZoneId], WaypointId]) -> None:
        self._site = site
        self._place_in = place_in
        self._plans: dict[tuple[FleetId, ZoneId, str, float], SprayTreatment] = {}
        self._refused: dict[tuple[FleetId, ZoneId, str, float], str] = {}
        self._sorties: dict[RobotId, tuple[tuple[object, ...], tuple[TreatmentStop, ...] | str | None]] = {}

    def fleets(self, treatment: Treatment) -> list[Fleet]:
        """The fleets that could do it, and whose plan is not known."""
        return [
            fleet
            for fleet in self._site.fleets.values()
            if fleet.robots and self.unfit(treatment, fleet) is None and _key(treatment, fleet) not in self._plans
        ]

    def unfit(self, treatment: Treatment, fleet: Fleet) -> str | None:
        """Why a fleet never sprays a zone, as far as that is known without a plan."""
        zone = self._site.zones[treatment.zone]
        if fleet.sprayer is None:
            return "does not disinfect by spray"
        points = self._site.refill_points.values()
        if not any(point.fleets is None or fleet.id in point.fleets for point in points):
            return "has no refill point on this site"
        if zone.zone_class is not None and zone.zone_class not in fleet.zones:
            return f"may not enter {zone.id}, which is {zone.zone_class}"
        return self._refused.get(_key(treatment, fleet))

    def made(self, treatment: Treatment, fleet: Fleet) -> SprayTreatment | str:
        """A new plan, or why there can be none; touches nothing, so that it may run in a thread of its own."""
        zone = self._site.zones[treatment.zone]
        assert fleet.sprayer is not None
        assert treatment.agent is not None
        agent = replace(self._site.spray_agents[treatment.agent], rate=treatment.volume)
        home = self._site.waypoints[self._place_in(zone.id)].xy
        furniture = [
            shapely.Polygon(thing.polygon) for thing in self._site.furniture.values() if thing.level == zone.level
        ]
        ground = shapely.Polygon(zone.polygon).difference(shapely.union_all(furniture))
        parts = [part for part in shapely.get_parts(ground) if isinstance(part, shapely.Polygon)]
        at = shapely.Point(home)
        try:
            area = min(parts, key=lambda part: part.distance(at), default=shapely.Polygon())
            path = _path(area, fleet.sprayer.swath, home)
            spray_plan(path, fleet.sprayer, agent, home)
        except InvalidRequest as error:
            return f"can't spray it: {error}"
        return SprayTreatment(sprayer=fleet.sprayer, agent=agent, home=home, path=path)

    def keep(self, treatment: Treatment, fleet: Fleet, made: SprayTreatment | str) -> None:
        if isinstance(made, str):
            self._refused[_key(treatment, fleet)] = made
        else:
            self._plans[_key(treatment, fleet)] = made

    def plan(self, treatment: Treatment, fleet: Fleet) -> SprayTreatment | None:
        """None while none is made."""
        return self._plans.get(_key(treatment, fleet))

    def wet(self, plan: SprayTreatment, samples: Iterable[TreatmentSample]) -> CoverageMap:
        """What of the zone is wet, by the poses and sprayer states that robots reported."""
        return CoverageMap(free=plan.path.free).with_sprayed(*tracks(samples))

    def sortie(
        self,
        treatment: Treatment,
        fleet: Fleet,
        robot: RobotId,
        samples: tuple[TreatmentSample, ...],
        tank: float,
        charge: float,
    ) -> tuple[TreatmentStop, ...] | str | None:
        """The next sortie of a robot, or why it can't make one; None while the plan is being made.

        It has no stops where enough is wet. The last answer for each robot is kept: dispatch asks again and again.
        """
        plan = self.plan(treatment, fleet)
        if plan is None:
            return None
        known = (_key(treatment, fleet), samples[-1:], len(samples), round(tank, 2), int(charge * 50.0))
        kept = self._sorties.get(robot)
        if kept is None or kept[0] != known:
            battery = (known[-1] / 50.0 - fleet.battery.reserve) * _OF_BATTERY
            found: tuple[TreatmentStop, ...] | str
            try:
                found = plan.sortie(self.wet(plan, samples), tank, battery) or ()
            except NotSprayable as problem:
                found = str(problem)
            kept = self._sorties[robot] = (known, found)
        return kept[1]


def tracks(samples: Iterable[TreatmentSample]) -> list[list[Point]]:
    """The ways along which a robot sprayed, one after the other."""
    found: list[list[Point]] = []
    for before, after in pairwise(samples):
        if before.on and before.robot == after.robot:
            if found and found[-1][-1] == (before.x, before.y):
                found[-1].append((after.x, after.y))
            else:
                found.append([(before.x, before.y), (after.x, after.y)])
    return found


@lru_cache(maxsize=64)
def _path(area: shapely.Polygon, swath: float, home: Point) -> CoveragePath:
    """Fleets that wet the same width, and managers that start anew, drive the same path."""
    return coverage_path(free_area(area, swath, home))


def _key(treatment: Treatment, fleet: Fleet) -> tuple[FleetId, ZoneId, str, float]:
    return (fleet.id, treatment.zone, treatment.agent or "", treatment.volume)
