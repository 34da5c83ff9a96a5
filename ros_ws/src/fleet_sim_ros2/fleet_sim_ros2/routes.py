"""Which nodes a body is sent along for the poses of a goal. Knows no ROS."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from typing import Final

import msgspec

from fleet_sim_ros2.places import Places, Spot
from maps.model import LevelId, WaypointId
from sim.port import Node

_SAME: Final = 0.01
"""Two goals' poses this near each other (m) are the same."""


def nodes_through(
    spots: Sequence[Spot],
    level: LevelId,
    places: Places,
    *,
    route: Sequence[Node],
    passed: int,
    free: int,
    start: WaypointId | None,
) -> tuple[Node, ...]:
    """The nodes for a goal's poses, `spots` in the site frame on the level of the robot's map.

    Where they go on along the present `route`, of which the node `passed` was passed last, its nodes are kept with
    their numbers, so that the body drives on without a stop; the others are numbered from `free` on. `start` is the
    waypoint where the robot stands or that it passed last. Only the last node has a heading: the others are driven
    through.
    """
    nodes = _kept(spots, level, route, passed)
    before = nodes[-1].waypoint if nodes else start
    for number, wanted in enumerate(spots[len(nodes) :], free):
        known, spot = places.at(level, wanted)
        waypoint = known or WaypointId(f"pose-{number}")
        limit = places.speed_limit(before, waypoint) if before is not None else None
        nodes.append(Node(number, waypoint, level, spot.x, spot.y, speed_limit=limit))
        before = waypoint
    headings = [None] * (len(nodes) - 1) + [spots[-1].yaw]
    return tuple(msgspec.structs.replace(node, heading=yaw) for node, yaw in zip(nodes, headings, strict=True))


def _kept(spots: Sequence[Spot], level: LevelId, route: Sequence[Node], passed: int) -> list[Node]:
    """The part of `route` that a goal repeats at first. Nodes passed meanwhile count where it leads on from them."""
    ahead = next((index for index, node in enumerate(route) if node.sequence > passed), len(route))
    for first in range(ahead, -1, -1):
        repeated = _repeated(spots, level, route[first:])
        if len(repeated) > ahead - first:
            return repeated
    return []


def _repeated(spots: Sequence[Spot], level: LevelId, route: Sequence[Node]) -> list[Node]:
    repeated = []
    for spot, node in zip(spots, route, strict=False):
        if node.level != level or hypot(spot.x - node.x, spot.y - node.y) > _SAME:
            break
        repeated.append(node)
    return repeated
