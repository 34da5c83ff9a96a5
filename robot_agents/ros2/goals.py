"""What Nav2 is asked for, and what its answers mean. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from robot_agents.protocol import Pose
from robot_agents.ros2.course import Course
from robot_agents.ros2.frames import MapFrames
from robot_agents.ros2.port import Ended, MapPose, Navigate, Navigation, Outcome

_PLANNING: Final = (
    "there is no such planner",
    "the planner has no transform",
    "the robot stands outside the map",
    "the goal lies outside the map",
    "the robot stands in an obstacle",
    "the goal is occupied",
    "the planner took too long",
    "there is no valid path",
)

NAV2_ERRORS: Final = {
    101: "there is no such controller",
    102: "the controller has no transform",
    103: "the path is invalid",
    104: "the controller's patience is over",
    105: "the robot does not get on",
    106: "there is no valid control",
    107: "the controller took too long",
    **dict(enumerate(_PLANNING, start=201)),
    **dict(enumerate(_PLANNING, start=301)),
    309: "there are no poses",
    9001: "the behaviour tree can't be loaded",
    9002: "the navigator has no transform",
    9003: "the navigator took too long",
    9101: "the behaviour tree can't be loaded",
    9102: "the navigator has no transform",
    9103: "the navigator took too long",
}
"""Meanings of the error codes of nav2_msgs (FollowPath, ComputePathToPose, ComputePathThroughPoses, NavigateToPose,
NavigateThroughPoses; Kilted)."""

_HOPELESS: Final = frozenset({101, 201, 204, 301, 304, 309, 9001, 9101})
"""Somebody has to mend the map, the frames or Nav2's configuration: to ask again is of no use."""


@dataclass(frozen=True, slots=True)
class Aim:
    """The part of a route to drive at one go: a pose for each node, by the nodes' sequences. `last` ends the drive."""

    poses: tuple[tuple[int, MapPose], ...]
    last: bool

    @property
    def end(self) -> int:
        return self.poses[-1][0]

    def serves(self, other: Aim) -> bool:
        """Whether a robot under way for this aim drives to the end of the other, and through the same poses."""
        return len(self.poses) >= len(other.poses) and self.poses[-len(other.poses) :] == other.poses


def aim_for(course: Course, end: int, frames: MapFrames, at: Pose) -> Aim:
    """What to drive now from where the robot is: all that lies ahead up to the index `end`."""
    ahead = range(course.passed + 1, end + 1)
    return Aim(tuple(_pose(course, index, index == end, frames, at) for index in ahead), end == len(course.nodes) - 1)


def turn_at_end(course: Course, frames: MapFrames, at: Pose) -> Aim:
    """To take up the place and heading of the drive's last node."""
    return Aim((_pose(course, len(course.nodes) - 1, True, frames, at),), True)


def _pose(course: Course, index: int, is_end: bool, frames: MapFrames, at: Pose) -> tuple[int, MapPose]:
    """The pose for a node. Where the robot only passes, or may soon go on, it looks along its way."""
    node = course.nodes[index]
    yaw = course.heading(index)
    over = index == len(course.nodes) - 1
    if node.heading is not None and is_end and (over or course.ride_follows(index)):
        yaw = node.heading
    pose = Pose(level=node.level, x=node.x, y=node.y, yaw=at.yaw if yaw is None else yaw)
    return (node.sequence, frames.to_map(pose))


def request_for(aim: Aim, under_way: Navigation | None) -> Navigate:
    """NavigateToPose for a single pose that nothing follows. A goal under way is replaced only by one of its kind."""
    single = len(aim.poses) == 1
    if single and (under_way is Navigation.TO_POSE or (under_way is None and aim.last)):
        return Navigate(Navigation.TO_POSE, (aim.poses[0][1],))
    return Navigate(Navigation.THROUGH_POSES, tuple(pose for _, pose in aim.poses))


def reason_of(ended: Ended, what: str) -> str:
    """Why it ended, in words: the robot's code and text are kept."""
    told = [NAV2_ERRORS[ended.code]] if ended.code in NAV2_ERRORS else []
    told += [ended.text] if ended.text else []
    code = f" (error {ended.code})" if ended.code else ""
    return f"{what} was {ended.outcome}{code}{': ' if told else ''}{': '.join(told)}"


def is_hopeless(ended: Ended) -> bool:
    return ended.outcome is Outcome.ABORTED and ended.code in _HOPELESS


@dataclass(frozen=True, slots=True)
class Failures:
    """Attempts that failed one after the other, without any progress in between; `not_before` is loop time (s)."""

    count: int = 0
    not_before: float = 0.0

    def another(self, now: float, first_retry: float, last_retry: float) -> Failures:
        wait = min(first_retry * 2.0**self.count, last_retry)
        return replace(self, count=self.count + 1, not_before=now + wait)
