"""Where a robot can stand for long without being in anyone's way.

A site is *well-formed* when every robot's home is such a bay: from any such place every other can be reached
without driving through a third (Čáp, Novák, Kleiner, Selecký: "Prioritized Planning Algorithms for Trajectory
Coordination of Multiple Mobile Robots", IEEE T-ASE 12(3), 2015). Then robots at home never block the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import networkx as nx

from maps.geometry import circumscribed_radius, distance_to_segment
from maps.graph import RoutingGraph, admits, largest_component
from maps.model import Fleet, Lane, Site, WaypointId


def home_ground(graph: RoutingGraph, homes: Iterable[WaypointId | None]) -> set[WaypointId]:
    """The set of places that can all reach each other in which most of `homes` lie; without homes the largest."""
    wanted = {home for home in homes if home is not None}
    parts = [set(part) for part in nx.strongly_connected_components(graph)]
    return max(parts, key=lambda part: (len(part & wanted), len(part), min(part)), default=set())


def cut_off_by(graph: RoutingGraph, ground: Collection[WaypointId], place: WaypointId) -> list[WaypointId]:
    """The places of `ground` lost to the others while a robot stands at `place`; empty for a bay."""
    if place not in ground or len({*graph.successors(place), *graph.predecessors(place)}) < 2:
        return []
    rest = graph.subgraph([other for other in graph if other in ground and other != place])
    core = largest_component(rest)
    return [other for other in rest if other not in core]


def grazed_lane(site: Site, fleet: Fleet, place: WaypointId) -> Lane | None:
    """A lane whose robots would touch a robot of `fleet` standing at `place`; None for a bay.

    Lanes of the waypoints next to `place` are not counted: they are as near as the bay's own lane is long.
    """
    here = site.waypoints[place]
    radius = circumscribed_radius(fleet.footprint)
    ground_fleets = [other for other in site.fleets.values() if other.robots or other is fleet]
    near = {place} | {lane.end for lane in site.lanes.values() if lane.start == place}
    near |= {lane.start for lane in site.lanes.values() if lane.end == place}
    for lane in site.lanes.values():
        start, end = site.waypoints[lane.start], site.waypoints[lane.end]
        if start.level != here.level or lane.start in near or lane.end in near:
            continue
        half_widths = [max(abs(y) for _, y in other.footprint) for other in ground_fleets if admits(lane, other)]
        if half_widths and distance_to_segment(here.xy, (start.xy, end.xy)) < radius + max(half_widths):
            return lane
    return None
