"""Where the robot is, from what its localisation and its odometry say. Pure; the robot's map frame, its own stamps."""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from math import hypot
from typing import Final, NamedTuple

from robot_agents.ros2.frames import compose, inverse, wrapped
from robot_agents.ros2.port import MapPose

_KEPT: Final = 200
"""Odometry poses remembered, to find the one that belongs to a position found by localisation a moment later."""

STANDING: Final = 0.01
"""Speeds below this (m/s) are noise of the odometry."""


class PoseSource(StrEnum):
    """`amcl`: `amcl_pose`, and odometry since. `tf`: map → odom → base. `odom`: odometry alone is the map frame."""

    AMCL = "amcl"
    TF = "tf"
    ODOM = "odom"


class _Stamped(NamedTuple):
    stamp: float
    pose: MapPose


class Locating:
    """Joins positions in the map frame, told now and then, with odometry, told often. Stamps are in seconds."""

    def __init__(self, source: PoseSource) -> None:
        self._source = source
        self._odometry: deque[_Stamped] = deque(maxlen=_KEPT)
        self._found: _Stamped | None = None
        self._map_to_odom: MapPose | None = None
        self._speed = 0.0
        self.deviation = 0.0

    @property
    def pose(self) -> MapPose | None:
        """The newest position in the map frame; None while it is unknown."""
        newest = self._odometry[-1] if self._odometry else None
        if self._source is PoseSource.ODOM:
            return newest.pose if newest is not None else None
        if self._found is not None and (newest is None or newest.stamp <= self._found.stamp):
            return self._found.pose
        if self._map_to_odom is None or newest is None:
            return None
        return compose(self._map_to_odom, newest.pose)

    @property
    def speed(self) -> float:
        return self._speed if self._speed >= STANDING else 0.0

    def found(self, pose: MapPose, stamp: float, deviation: float) -> None:
        """The localisation says where the robot was at `stamp`, to within `deviation` (m)."""
        before, self._found = self._found, _Stamped(stamp, pose)
        self.deviation = deviation
        if self._odometry:
            self._correct(self._found)
        elif before is not None and stamp > before.stamp:
            self._speed = hypot(pose.x - before.pose.x, pose.y - before.pose.y) / (stamp - before.stamp)

    def drove(self, pose: MapPose, stamp: float) -> None:
        """Odometry: the pose in the odom frame."""
        newest = self._odometry[-1] if self._odometry else None
        self._odometry.append(_Stamped(stamp, pose))
        if self._found is not None and (newest is None or newest.stamp < self._found.stamp):
            self._correct(self._found)

    def sped(self, speed: float) -> None:
        """Odometry: how fast (m/s) the robot goes, whatever way round."""
        self._speed = abs(speed)

    def transformed(self, map_to_odom: MapPose) -> None:
        """TF: where the odom frame is in the map frame."""
        self._map_to_odom = map_to_odom

    def _correct(self, found: _Stamped) -> None:
        self._map_to_odom = compose(found.pose, inverse(self._odometry_at(found.stamp)))

    def _odometry_at(self, stamp: float) -> MapPose:
        """Where odometry had the robot at `stamp`: between the two poses told around then, or at the nearest."""
        after = next((known for known in self._odometry if known.stamp >= stamp), self._odometry[-1])
        before = next((known for known in reversed(self._odometry) if known.stamp <= stamp), after)
        span = after.stamp - before.stamp
        if span <= 0.0:
            return before.pose
        share = (stamp - before.stamp) / span
        (x, y, yaw), (to_x, to_y, to_yaw) = before.pose, after.pose
        return MapPose(x + share * (to_x - x), y + share * (to_y - y), yaw + share * wrapped(to_yaw - yaw))
