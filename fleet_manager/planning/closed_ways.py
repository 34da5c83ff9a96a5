"""What a closure closes, and which closure is in a robot's way."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from shapely.geometry import LineString, Point, Polygon

from fleet_manager.domain.closures import Area, Closure
from fleet_manager.planning.routes import RouteTables
from maps.model import LaneId, LiftId, Site, WaypointId


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedWays:
    """Closed lanes in the site's order, the waypoints that nobody may stay at, and the lanes that leave those."""

    lanes: tuple[LaneId, ...]
    inside: tuple[WaypointId, ...]
    exits: tuple[LaneId, ...]


def ways_in(site: Site, area: Area) -> ClosedWays:
    """All lanes that touch the area, and all waypoints in it."""
    shape = Polygon(area.polygon)
    here = {w.id: w for w in site.waypoints.values() if w.level == area.level}
    lanes = [
        lane.id
        for lane in site.lanes.values()
        if lane.start in here and shape.intersects(LineString([here[lane.start].xy, site.waypoints[lane.end].xy]))
    ]
    return _closed(site, lanes, [w.id for w in here.values() if shape.intersects(Point(w.xy))])


def ways_of(site: Site, lanes: Collection[LaneId]) -> ClosedWays:
    """Some lanes; a waypoint that has no others lies inside."""
    ends = {end for lane in lanes for end in (site.lanes[lane].start, site.lanes[lane].end)}
    left = {end for lane in site.lanes.values() if lane.id not in lanes for end in (lane.start, lane.end)}
    ordered = [lane for lane in site.lanes if lane in lanes]
    return _closed(site, ordered, [w for w in site.waypoints if w in ends and w not in left])


def _closed(site: Site, lanes: list[LaneId], inside: list[WaypointId]) -> ClosedWays:
    within = frozenset(inside)
    exits = tuple(lane for lane in lanes if site.lanes[lane].start in within)
    return ClosedWays(lanes=tuple(lanes), inside=tuple(inside), exits=exits)


def doorways(site: Site, lift: LiftId) -> ClosedWays:
    """The lanes that lead into a lift's car: closing them closes the lift, and robots inside still get out."""
    lanes = tuple(lane.id for lane in site.lanes.values() if site.waypoints[lane.end].lift == lift)
    return ClosedWays(lanes=lanes, inside=(), exits=())


def in_the_way(tables: RouteTables, start: WaypointId, goal: WaypointId, closures: Iterable[Closure]) -> Closure | None:
    """The closure for which there is no way from `start` to `goal`: one that holds the goal, or the first without which
    there would be a way. None when nothing is in the way, or something else than closures is.
    """
    known = tuple(closures)
    holding = next((c for c in known if c.strict and goal in c.inside), None)
    if holding is not None:
        return holding
    if tables.time(start, goal, _shut(known, start)) is not None or tables.time(start, goal) is None:
        return None
    alone = (c for c in known if tables.time(start, goal, _shut([o for o in known if o is not c], start)) is not None)
    return next(alone, known[0])


def _shut(closures: Iterable[Closure], start: WaypointId) -> frozenset[LaneId]:
    return frozenset(lane for closure in closures for lane in closure.shuts(start))
