"""Robots for a site: as many as asked for, each with a home of its own out of the others' way."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count

from maps.bays import cut_off_by, grazed_lane, home_ground
from maps.errors import BrokenReferenceError, NoRoomError
from maps.geometry import circumscribed_radius
from maps.graph import routing_graph
from maps.model import CarrierKind, Fleet, FleetId, Robot, RobotId, Site, Waypoint, WaypointId

CLEARANCE = 1.0
"""The least distance between two homes (m), however small the robots are."""


def with_robots(site: Site, fleet_id: FleetId, n: int, *, stem: str | None = None) -> Site:
    """`site` with exactly `n` robots in fleet `fleet_id`, the first of the present ones among them.

    New robots live at spare chargers, then at parking places, then at named places at the end of a way; always
    where a robot standing for long is in nobody's way. Levels fill evenly, and homes of one level lie far apart.
    New robots are called `stem` and a number; without `stem` in the manner of the names the fleet already has.
    Raises NoRoomError when the site has too few such places, BrokenReferenceError for an unknown fleet.
    """
    fleet = site.fleets.get(fleet_id)
    if fleet is None:
        raise BrokenReferenceError(
            f"site {site.name!r} has no fleet {fleet_id!r}", remedy=f"Its fleets are {', '.join(site.fleets) or 'none'}"
        )
    if n < 0:
        raise NoRoomError(f"{n} robots cannot be placed", remedy="Ask for 0 or more")
    robots = list(fleet.robots[:n])
    site = _with(site, replace(fleet, robots=tuple(robots)))
    names = _free_names(site, stem or _stem(fleet))
    if fleet.carrier is CarrierKind.PERSON:
        robots += [Robot(id=next(names)) for _ in range(n - len(robots))]
        return _with(site, replace(fleet, robots=tuple(robots)))
    homes = _homes_for(site, fleet, robots, n)
    robots = [replace(robot, home=robot.home or next(homes)) for robot in robots]
    robots += [Robot(id=next(names), home=home) for home in homes]
    return _with(site, replace(fleet, robots=tuple(robots)))


def _with(site: Site, fleet: Fleet) -> Site:
    return replace(site, fleets={**site.fleets, fleet.id: fleet})


def _stem(fleet: Fleet) -> str:
    first = fleet.robots[0].id if fleet.robots else ""
    stem = first.rstrip("0123456789")
    return stem if stem and stem != first else f"{fleet.id}-"


def _free_names(site: Site, stem: str) -> Iterator[RobotId]:
    """`stem` with the numbers from 1 that no robot of the site bears."""
    taken = {robot.id for other in site.fleets.values() for robot in other.robots}
    return (name for number in count(1) if (name := RobotId(f"{stem}{number}")) not in taken)


def _homes_for(site: Site, fleet: Fleet, robots: list[Robot], n: int) -> Iterator[WaypointId]:
    """Homes for the robots that have none yet and for new ones, `n` robots in all."""
    needed = n - sum(robot.home is not None for robot in robots)
    taken = {
        robot.home: circumscribed_radius(other.footprint)
        for other in site.fleets.values()
        for robot in other.robots
        if robot.home is not None
    }
    chosen: list[WaypointId] = []
    own = [robot.home for robot in robots if robot.home is not None]
    for tier in _spare_places(site, fleet, list(taken)) if needed else ():
        while tier and len(chosen) < needed:
            free = [place for place in tier if _clear(site, place, circumscribed_radius(fleet.footprint), taken)]
            if not free:
                break
            best = max(free, key=lambda place: (_quiet(place), _seclusion(site, place, taken, own), -tier.index(place)))
            taken[best] = circumscribed_radius(fleet.footprint)
            chosen.append(best)
            own.append(best)
            tier.remove(best)
        if len(chosen) == needed:
            break
    if len(chosen) < needed:
        raise NoRoomError(
            f"site {site.name!r} has room for {n - needed + len(chosen)} robots of fleet {fleet.id!r}, not {n}",
            remedy="Add chargers or parking places beside its lanes",
        )
    return iter(chosen)


def _spare_places(site: Site, fleet: Fleet, taken: list[WaypointId]) -> Iterator[list[WaypointId]]:
    """Places where robots of `fleet` may live, kind by kind, the best kind first, each in the order of the site."""
    graphs = [
        routing_graph(site, other)
        for other in site.fleets.values()
        if other.carrier is CarrierKind.GROUND and (other.robots or other.id == fleet.id)
    ]
    grounds = [home_ground(graph, taken) for graph in graphs]
    own = routing_graph(site, fleet)
    reach = home_ground(own, taken)
    last_resort: list[WaypointId] = []
    for kind in (_CHARGER, _PARKING, _DEAD_END, _LAST_RESORT):
        tier = last_resort if kind == _LAST_RESORT else []
        for waypoint in site.waypoints.values():
            place = waypoint.id
            if _tier(site, fleet, waypoint) != kind or place not in reach or place in taken:
                continue
            if any(cut_off_by(graph, ground, place) for graph, ground in zip(graphs, grounds, strict=True)):
                continue
            through = kind == _DEAD_END and len({*own.successors(place), *own.predecessors(place)}) > 1
            secluded = not through and grazed_lane(site, fleet, place) is None
            (tier if secluded else last_resort).append(place)
        yield tier


_CHARGER, _PARKING, _DEAD_END, _LAST_RESORT = range(4)


def _tier(site: Site, fleet: Fleet, waypoint: Waypoint) -> int | None:
    """How good a home `waypoint` is by what it is for; None where no robot may live."""
    place = waypoint.id
    if waypoint.lift is not None or not waypoint.stop or place in (*site.decontamination_bays, *site.refill_points):
        return None
    charger = site.chargers.get(place)
    if charger is not None and (charger.fleets is None or fleet.id in charger.fleets):
        return _CHARGER
    holding = site.holding_points.get(place)
    if charger is not None or place in site.transfer_points or (holding and not holding.parking and not waypoint.name):
        return None
    if waypoint.dispenser or waypoint.ingestor:
        return _LAST_RESORT
    if holding and holding.parking:
        return _PARKING
    return _DEAD_END if waypoint.name is not None else None


def _quiet(place: WaypointId) -> bool:
    """Whether the name says that robots rather than staff are expected there; counters and wards stay free."""
    return any(word in place.lower() for word in ("charg", "dock", "park", "wait", "idle", "lobby", "home"))


def _clear(site: Site, place: WaypointId, radius: float, taken: dict[WaypointId, float]) -> bool:
    here = site.waypoints[place]
    return all(
        site.waypoints[other].level != here.level
        or math.dist(here.xy, site.waypoints[other].xy) >= max(CLEARANCE, radius + reach)
        for other, reach in taken.items()
    )


def _seclusion(site: Site, place: WaypointId, taken: Iterable[WaypointId], own: list[WaypointId]) -> tuple[int, float]:
    """Greater for levels with fewer homes of `own` fleet, then for places farther from the level's other homes."""
    here = site.waypoints[place]
    distances = [math.dist(here.xy, w.xy) for w in map(site.waypoints.__getitem__, taken) if w.level == here.level]
    crowd = sum(site.waypoints[other].level == here.level for other in own)
    return (-crowd, round(min(distances, default=math.inf), 3))
