"""Between the map frame that ROS sees and the site, and which of its waypoints a pose stands for. Knows no ROS.

Written apart from the agent's own transform on purpose: a mistake in one of them shows as a robot that goes astray.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import atan2, cos, hypot, remainder, sin, tau
from typing import Final, NamedTuple

import numpy as np

from maps.model import Fleet, FrameTransform, LevelId, Site, Waypoint, WaypointId

NEAR: Final = 0.3
"""A pose this near a waypoint (m) is that waypoint: doors and landings lie between two of them."""

_SAME: Final = 1e-3
"""A pose this near a waypoint (m) is meant to be exactly there."""

_UNMOVED: Final = FrameTransform()


class Spot(NamedTuple):
    """A pose in the plane: m, rad. `yaw` is None where any will do."""

    x: float
    y: float
    yaw: float | None


@dataclass(frozen=True, slots=True)
class MapFrame:
    """A fleet's map frame on each level: the site frame rotated by `rotation`, then moved (REP-105)."""

    transforms: Mapping[LevelId, FrameTransform]

    def to_map(self, level: LevelId, spot: Spot) -> Spot:
        transform = self.transforms.get(level, _UNMOVED)
        c, s = cos(transform.rotation), sin(transform.rotation)
        yaw = None if spot.yaw is None else remainder(spot.yaw + transform.rotation, tau)
        return Spot(transform.x + c * spot.x - s * spot.y, transform.y + s * spot.x + c * spot.y, yaw)

    def to_site(self, level: LevelId, spot: Spot) -> Spot:
        transform = self.transforms.get(level, _UNMOVED)
        c, s = cos(transform.rotation), sin(transform.rotation)
        x, y = spot.x - transform.x, spot.y - transform.y
        yaw = None if spot.yaw is None else remainder(spot.yaw - transform.rotation, tau)
        return Spot(c * x + s * y, -s * x + c * y, yaw)


class Places:
    """The waypoints of a site that a fleet's robots drive to, and the speed limits on the lanes between them."""

    def __init__(self, site: Site, fleet: Fleet) -> None:
        lanes = [lane for lane in site.lanes.values() if lane.fleets is None or fleet.id in lane.fleets]
        self._limits = {(lane.start, lane.end): lane.speed_limit for lane in lanes}
        self._waypoints: dict[LevelId, list[Waypoint]] = {level: [] for level in site.levels}
        used = {end for lane in lanes for end in (lane.start, lane.end)}
        for waypoint in site.waypoints.values():
            if waypoint.id in used:
                self._waypoints[waypoint.level].append(waypoint)
        self._points = {level: np.array([w.xy for w in found]) for level, found in self._waypoints.items()}

    def at(self, level: LevelId, spot: Spot) -> tuple[WaypointId | None, Spot]:
        """The waypoint that `spot` (site frame) stands for, and the spot, put right where it is meant to be exact."""
        points = self._points[level]
        if len(points) == 0:
            return None, spot
        distances = np.hypot(points[:, 0] - spot.x, points[:, 1] - spot.y)
        nearest = int(distances.argmin())
        if distances[nearest] > NEAR:
            return None, spot
        waypoint = self._waypoints[level][nearest]
        return waypoint.id, Spot(*waypoint.xy, spot.yaw) if distances[nearest] < _SAME else spot

    def speed_limit(self, start: WaypointId, end: WaypointId) -> float | None:
        """m/s on the lane, as a speed filter over the map would set it; None for the robot's own."""
        return self._limits.get((start, end))


def quaternion(yaw: float) -> tuple[float, float]:
    """z and w of a turn about the vertical; x and y are 0."""
    return sin(yaw / 2.0), cos(yaw / 2.0)


def heading(x: float, y: float, z: float, w: float) -> float | None:
    """The yaw of a quaternion; None for one that is not a rotation, such as a message's default of zeros."""
    if abs(hypot(x, y, z, w) - 1.0) > 0.1:
        return None
    return atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))


def origin(spot: Spot, seen: Spot) -> Spot:
    """Where the frame has its origin in which a thing at `spot` is at `seen`."""
    yaw = (spot.yaw or 0.0) - (seen.yaw or 0.0)
    c, s = cos(yaw), sin(yaw)
    return Spot(spot.x - c * seen.x + s * seen.y, spot.y - s * seen.x - c * seen.y, remainder(yaw, tau))


def relative(spot: Spot, frame: Spot) -> Spot:
    """`spot` as seen in the frame whose origin is at `frame`."""
    turn = frame.yaw or 0.0
    c, s = cos(turn), sin(turn)
    dx, dy = spot.x - frame.x, spot.y - frame.y
    return Spot(c * dx + s * dy, -s * dx + c * dy, remainder((spot.yaw or 0.0) - turn, tau))
