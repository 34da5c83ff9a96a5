"""The movement layer alone: bodies in a world, without manager and agents.

Each robot drives a seeded tour on its level, from one random place to the next by the shortest way, and stands for
`DWELL` seconds at each. Its way is cleared up to the goal at once. Automatic doors are opened and let go by the clock.
Lifts are not ridden, and bodies don't get into each other's way: that is the manager's work.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import networkx as nx

from maps.graph import largest_component, routing_graph
from maps.model import Door, Fleet, FleetId, RobotId, Site, WaypointId
from sim.bodies import Passages
from sim.clock import run_virtual
from sim.port import BodyEvent, Node, Passed, Stopped
from sim.world import World

DWELL: Final = 2.0
"""Seconds that a robot stands at each goal."""

DOOR_PERIOD: Final = 180.0
"""Seconds from one opening of the automatic doors to the next."""

DOOR_HELD: Final = 120.0
"""Seconds of each period that somebody holds the doors open."""

Passing: TypeAlias = tuple[str, int, float]
"""Robot, number of the node, time (s)."""


@dataclass(frozen=True, slots=True)
class Tours:
    """Each robot's ways, one after the other; `doors` are the automatic doors on the way from one place to another."""

    site: Site
    fleet: Fleet
    ways: Mapping[RobotId, tuple[tuple[Node, ...], ...]]
    doors: Mapping[tuple[WaypointId, WaypointId], Door]


def tours(site: Site, robots: int, seconds: float, seed: int) -> Tours:
    """Seeded tours of at least so many seconds for robots of the site's first fleet."""
    fleet = site.fleets[FleetId(next(iter(site.fleets)))]
    graph = routing_graph(site, fleet)
    graph.remove_nodes_from([w.id for w in site.waypoints.values() if w.lift is not None and w.id in graph])
    floors = []
    for level in site.levels:
        whole = largest_component(graph.subgraph([place for place in graph if site.waypoints[place].level == level]))
        floor = graph.copy()
        floor.remove_nodes_from([place for place in graph if place not in whole])
        if len(floor) > 1:
            floors.append((floor, _Paths()))
    ways: dict[RobotId, tuple[tuple[Node, ...], ...]] = {}
    for number in range(robots):
        floor, paths = floors[number % len(floors)]
        ways[RobotId(f"robot-{number + 1}")] = _tour(
            site, floor, paths, fleet, seconds, random.Random(f"{seed}/tour/{number}")
        )
    doors = {
        (lane.start, lane.end): site.doors[lane.door]
        for lane in site.lanes.values()
        if lane.door is not None and site.doors[lane.door].automatic
    }
    return Tours(site, fleet, ways, doors)


class _Paths(dict[WaypointId, dict[WaypointId, list[WaypointId]]]):
    """The shortest paths from each place to each other one, found when they are first wanted."""


def _tour(
    site: Site, floor: nx.DiGraph[WaypointId], known: _Paths, fleet: Fleet, seconds: float, rng: random.Random
) -> tuple[tuple[Node, ...], ...]:
    places = list(floor)
    here = rng.choice(places)
    sequence, fastest = 0, 0.0
    found: list[tuple[Node, ...]] = []
    while fastest < seconds:
        goal = rng.choice(places)
        if goal == here:
            continue
        if here not in known:
            known[here] = nx.single_source_dijkstra_path(floor, here, weight="length")
        way = known[here][goal]
        nodes = []
        for before, place in pairwise((here, *way)):
            at = site.waypoints[place]
            limit = floor.edges[before, place]["lane"].speed_limit if before != place else None
            nodes.append(Node(sequence, place, at.level, at.x, at.y, speed_limit=limit))
            sequence += 1
            fastest += floor.edges[before, place]["length"] / fleet.speed if before != place else DWELL
        found.append(tuple(nodes))
        here = goal
    return tuple(found)


class _Driver:
    """Sends one robot along its tour, a way at a time."""

    def __init__(self, world: World, robot: RobotId, tour: Sequence[Sequence[Node]]) -> None:
        self._world, self._robot = world, robot
        self._ways = iter(tour)
        world.subscribe_to_stops(robot, self._heard)
        self._go()

    def _heard(self, event: BodyEvent) -> None:
        if type(event) is Stopped:
            self._world.loop.call_later(DWELL, self._go)

    def _go(self) -> None:
        way = next(self._ways, None)
        if way is not None:
            self._world.drive(self._robot, way, way[-1].sequence)


def drive_bodies(tours: Tours, seconds: float, *, listened: bool = False) -> tuple[list[Passages], float]:
    """What is passed within the seconds, and the wall seconds that it took; `listened`: each node is told at once."""
    return run_virtual(_drive_bodies(tours, seconds, listened))


async def _drive_bodies(tours: Tours, seconds: float, listened: bool) -> tuple[list[Passages], float]:
    passed: list[Passages] = []
    began = time.perf_counter()
    world = World(tours.site, rng=random.Random(0), note=passed.append)
    for robot, ways in tours.ways.items():
        world.spawn(robot, tours.fleet.id, ways[0][0].waypoint)
        if listened:
            world.subscribe(robot, _Listener(robot, ways, passed).heard)
        _Driver(world, robot, ways)
    doors = list({door.id: None for door in tours.doors.values()})
    while (left := seconds - world.loop.time()) > 0.0:
        for door in doors:
            world.open_door(door, "porter", DOOR_HELD)
        await asyncio.sleep(min(DOOR_PERIOD, left))
    for robot in tours.ways:
        world.state(robot)
    return passed, time.perf_counter() - began


class _Listener:
    """Writes down each node that a robot passes when it is told of it."""

    def __init__(self, robot: RobotId, tour: Sequence[Sequence[Node]], passed: list[Passages]) -> None:
        self._robot, self._passed = robot, passed
        self._nodes = [node for way in tour for node in way]

    def heard(self, event: BodyEvent) -> None:
        if type(event) is Passed:
            self._passed.append(Passages(self._robot, self._nodes, event.sequence, (event.time,)))


def passings(passed: Sequence[Passages]) -> Iterator[Passing]:
    """Each node by itself."""
    for block in passed:
        for number, at in enumerate(block.times):
            yield block.robot, block.nodes[block.first + number].sequence, at
