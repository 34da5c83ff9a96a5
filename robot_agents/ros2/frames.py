"""Between the site frame and a robot's map frame: one rigid transform per fleet and level (REP-105)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import atan2, cos, pi, sin
from typing import Final

from maps.model import FrameTransform, LevelId
from robot_agents.protocol import Pose
from robot_agents.ros2.port import MapPose

_DECIMALS: Final = 4
"""A tenth of a millimetre: what is lost on the way there and back is less."""


def wrapped(angle: float) -> float:
    """The same direction within -π … π."""
    return (angle + pi) % (2.0 * pi) - pi


def compose(one: MapPose, other: MapPose) -> MapPose:
    """The pose `other`, which is given in the frame whose origin is at `one`."""
    c, s = cos(one.yaw), sin(one.yaw)
    return MapPose(one.x + c * other.x - s * other.y, one.y + s * other.x + c * other.y, wrapped(one.yaw + other.yaw))


def inverse(pose: MapPose) -> MapPose:
    c, s = cos(pose.yaw), sin(pose.yaw)
    return MapPose(-c * pose.x - s * pose.y, s * pose.x - c * pose.y, wrapped(-pose.yaw))


def yaw_of(x: float, y: float, z: float, w: float) -> float:
    """The heading of a quaternion (rad)."""
    return atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))


@dataclass(frozen=True, slots=True)
class MapFrames:
    """One robot's map frame on each level; where `transforms` has none, it is the site frame."""

    transforms: Mapping[LevelId, FrameTransform]

    def to_map(self, pose: Pose) -> MapPose:
        return compose(self._origin(pose.level), MapPose(pose.x, pose.y, pose.yaw))

    def to_site(self, pose: MapPose, level: str) -> Pose:
        """On `level`, which the robot's map alone does not tell."""
        there = compose(inverse(self._origin(level)), pose)
        return Pose(
            level=level, x=round(there.x, _DECIMALS), y=round(there.y, _DECIMALS), yaw=round(there.yaw, _DECIMALS)
        )

    def _origin(self, level: str) -> MapPose:
        """The site frame's origin as a pose in the map frame."""
        transform = self.transforms.get(LevelId(level))
        return MapPose(transform.x, transform.y, transform.rotation) if transform is not None else _SAME


_SAME: Final = MapPose(0.0, 0.0, 0.0)
