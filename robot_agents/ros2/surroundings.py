"""What the site says of where a robot takes itself to be: waypoint, lane, and why that may be wrong. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import hypot
from typing import Final

from maps.model import Fleet, FleetId, LevelId, RobotId, Site, WaypointId
from maps.off_graph import nearest_lane, off_graph
from robot_agents.protocol import Pose, RouteNode
from robot_agents.ros2.frames import MapFrames

AT_WAYPOINT: Final = 0.5
"""Metres from a waypoint within which a robot stands at it."""


def fleet_of(robot: str, site: Site | None) -> Fleet | None:
    """The fleet that a robot belongs to; None when it, or the site, is not known."""
    for fleet in site.fleets.values() if site is not None else ():
        if any(member.id == RobotId(robot) for member in fleet.robots):
            return fleet
    return None


class Surroundings:
    """Without a `site` only the nodes of the robot's own route are known, and lanes are `lane_width` wide (m)."""

    def __init__(self, robot: str, site: Site | None, frames: MapFrames, lane_width: float) -> None:
        fleet = fleet_of(robot, site)
        self._site = site
        self._fleet = replace(fleet or Fleet(id=FleetId(robot)), frames=frames.transforms)
        self._lane_width = lane_width
        self._widths = {(lane.start, lane.end): lane.width for lane in (site.lanes.values() if site else ())}

    def waypoint(self, pose: Pose, route: Iterable[RouteNode] = ()) -> str | None:
        """The waypoint at which a robot stands; None between two."""
        places = [(str(node.waypoint), node.level, node.x, node.y) for node in route]
        if self._site is not None:
            places += [(str(w.id), str(w.level), w.x, w.y) for w in self._site.waypoints.values()]
        near = [(hypot(x - pose.x, y - pose.y), name) for name, level, x, y in places if level == pose.level]
        distance, name = min(near, default=(AT_WAYPOINT, ""))
        return name if distance < AT_WAYPOINT else None

    def half_width(self, start: str, end: str) -> float:
        """Of the lane between two waypoints (m)."""
        one, other = WaypointId(start), WaypointId(end)
        width = self._widths.get((one, other)) or self._widths.get((other, one))
        return (width or self._lane_width) / 2.0

    def off_lanes(self, pose: Pose) -> float | None:
        """How far (m) a robot is from the nearest lane, when it is on none of its level."""
        if self._site is None:
            return None
        lane, distance = nearest_lane(self._site, self._fleet, LevelId(pose.level), (pose.x, pose.y))
        width = self._site.lanes[lane].width if lane is not None else 0.0
        return distance if distance > max(width / 2.0, AT_WAYPOINT) else None

    def explain(self, pose: Pose, route: Iterable[RouteNode] = ()) -> str:
        """Where a robot is that is not where it should be: the nearest lane, the distance, and the likely cause."""
        if self._site is not None:
            found = off_graph(self._site, self._fleet, LevelId(pose.level), [(pose.x, pose.y)])
            if found is not None:
                return found.text
        where = f"({pose.x:.1f}, {pose.y:.1f}) on {pose.level}"
        ahead = [(hypot(n.x - pose.x, n.y - pose.y), n.waypoint) for n in route if n.level == pose.level]
        if not ahead:
            return f"{where} is on another level than its route"
        distance, name = min(ahead)
        return f"{where} is {distance:.1f} m from {name}, the nearest place of its route"
