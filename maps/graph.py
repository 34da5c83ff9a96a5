"""The routing graph of a fleet: where its robots can drive and ride, as a networkx digraph."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations
from typing import Final, TypeAlias

import networkx as nx

from maps.geometry import body_width
from maps.model import CarrierKind, Fleet, FleetId, Lane, Lift, Site, WaypointId

RoutingGraph: TypeAlias = "nx.DiGraph[WaypointId]"


def admits(lane: Lane, fleet: Fleet | None) -> bool:
    """Whether the lane is open to `fleet`; None asks whether it is open to any fleet at all.

    People need no capability of robots.
    """
    if fleet is None:
        return True
    able = fleet.carrier is CarrierKind.PERSON or lane.requires <= fleet.capabilities
    return able and (lane.fleets is None or fleet.id in lane.fleets)


SIDE_CLEARANCE: Final = 0.05
"""Metres that a body leaves free to either side of a lane."""


def fits(lane: Lane, fleet: Fleet) -> bool:
    """Whether the lane is wide enough for the fleet's bodies."""
    return fleet.carrier is CarrierKind.PERSON or body_width(fleet.footprint) + 2 * SIDE_CLEARANCE <= lane.width


def routing_graph(site: Site, fleet: Fleet | None = None) -> RoutingGraph:
    """The lanes `fleet` may use (all lanes for None) and the rides of connected lifts between them.

    Nodes are the ids of the waypoints those lanes touch; the edge of a lane has `lane` (Lane) and `length` (m),
    the edge of a lift ride `lift` (Lift) and `length` 0. A ride joins cabins of one lift on different levels
    that one fleet can drive into. The order of nodes and edges follows the site's lanes. Of two lanes between the same
    waypoints the first counts. Zone classes, closures and door states are not considered: they are costs.
    """
    graph: RoutingGraph = nx.DiGraph()
    for lane in site.lanes.values():
        if admits(lane, fleet) and not graph.has_edge(lane.start, lane.end):
            graph.add_edge(lane.start, lane.end, lane=lane, length=lane.length)
    users = _cabin_users(site)
    for lift in site.lifts.values():
        if lift.connected:
            _add_rides(graph, lift, users)
    return graph


def _add_rides(graph: RoutingGraph, lift: Lift, users: dict[WaypointId, frozenset[FleetId] | None]) -> None:
    cabins = [(level, cabin) for level in lift.levels for cabin in lift.cabins.get(level, ()) if graph.has_node(cabin)]
    for (level, cabin), (other_level, other) in permutations(cabins, 2):
        if level != other_level and _share_a_fleet(users[cabin], users[other]):
            graph.add_edge(cabin, other, lift=lift, length=0.0)


def _cabin_users(site: Site) -> dict[WaypointId, frozenset[FleetId] | None]:
    """For each cabin the fleets whose lanes lead there; None when a lane admits every fleet."""
    users: dict[WaypointId, frozenset[FleetId] | None] = {
        cabin: frozenset() for lift in site.lifts.values() for cabins in lift.cabins.values() for cabin in cabins
    }
    for lane in site.lanes.values():
        for cabin in (lane.start, lane.end):
            known = users.get(cabin)
            if known is not None:
                users[cabin] = None if lane.fleets is None else known | lane.fleets
    return users


def _share_a_fleet(one: frozenset[FleetId] | None, other: frozenset[FleetId] | None) -> bool:
    return one is None or other is None or not one.isdisjoint(other)


def reachable_from(graph: RoutingGraph, places: Iterable[WaypointId]) -> set[WaypointId]:
    """Where a robot standing at any of `places` can get to, the places themselves included."""
    return _flood(graph, places)


def able_to_reach(graph: RoutingGraph, places: Iterable[WaypointId]) -> set[WaypointId]:
    """From where a robot can get to any of `places`, the places themselves included."""
    return _flood(graph.reverse(copy=False), places)


def _flood(graph: RoutingGraph, places: Iterable[WaypointId]) -> set[WaypointId]:
    found = {place for place in places if graph.has_node(place)}
    fringe = list(found)
    while fringe:
        for place in graph.successors(fringe.pop()):
            if place not in found:
                found.add(place)
                fringe.append(place)
    return found


def largest_component(graph: RoutingGraph) -> set[WaypointId]:
    """The largest set of waypoints that can all reach each other; empty for an empty graph."""
    components = nx.strongly_connected_components(graph)
    return max(components, key=lambda part: (len(part), min(part)), default=set())
