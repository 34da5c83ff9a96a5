"""A level whose robots stand in each other's way, as a graph of joint moves, and the moves that free them.

Planning one robot after the other needs a place for each to wait; where staff have put robots so that there is none,
all of them are planned together (`joint_moves`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from fleet_manager.planning.joint_graph import joint_graph
from fleet_manager.planning.joint_moves import joint_moves
from fleet_manager.planning.stretches import Stretch, StretchGraph
from maps.model import LevelId, RobotId, Site, WaypointId

_ITERATIONS: Final = 20_000


def untangle(
    site: Site,
    graph: StretchGraph,
    level: LevelId,
    standing: Mapping[RobotId, WaypointId],
    goals: Mapping[RobotId, WaypointId | None],
    blocked: Collection[int] = (),
) -> list[dict[RobotId, Stretch]] | None:
    """Steps, each the stretches that are driven at once, that bring the robots of `goals` there; None without any.

    Robots whose goal is None may be moved aside; those of `standing` that have no entry in `goals` stay where they are.
    All are taken for robots of the graph's fleet. Nothing is driven that needs one of the resources `blocked`.
    """
    places = [w.id for w in site.waypoints.values() if w.level == level]
    vertex = {place: i for i, place in enumerate(places)}
    shut = frozenset(blocked)
    stretches = [
        s
        for s in graph.stretches
        if s.start in vertex
        and all(leg.lift is None and leg.waypoint in vertex for leg in s.legs)
        and shut.isdisjoint(graph.near(s)[0].tolist())
    ]
    held = [graph.held_standing(place) for place in places]
    held += [
        [r for leg in s.legs for r in (*graph.held_standing(leg.waypoint), *graph.held_passing(leg.lane))]
        for s in stretches
    ]
    near = [graph.near_standing(place) for place in places] + [graph.near(s)[0] for s in stretches]
    holders: dict[int, list[int]] = {}
    for act, resources in enumerate(held):
        for resource in resources:
            holders.setdefault(resource, []).append(act)
    conflicts = {(a, b) for a, numbers in enumerate(near) for r in numbers.tolist() for b in holders.get(r, ())}
    robots = list(standing)
    joint = joint_graph(
        len(places),
        [(vertex[s.start], vertex[s.end]) for s in stretches],
        sorted(conflicts),
        [site.waypoints[place].stop for place in places],
    )
    try:
        steps = joint_moves(
            joint,
            [vertex[standing[robot]] for robot in robots],
            [vertex.get(goal) if (goal := goals.get(robot)) is not None else None for robot in robots],
            seed=1,
            max_iterations=_ITERATIONS,
            immovable=[robot not in goals for robot in robots],
        )
    except ValueError:
        return None
    if steps is None:
        return None
    return [
        {robots[i]: stretches[act - len(places)] for i, act in enumerate(step) if act >= len(places)} for step in steps
    ]
