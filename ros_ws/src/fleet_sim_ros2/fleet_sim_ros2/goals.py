"""Goals of a simulated robot's actions, as the robot sees them, and what it tells about itself. Knows no ROS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Protocol

from fleet_sim_ros2.places import Spot
from maps.model import LevelId, LiftId


class Outcome(Enum):
    SUCCEEDED = "succeeded"
    ABORTED = "aborted"
    CANCELED = "canceled"


class Way(Enum):
    """Nav2's actions that drive; a goal of one is aborted at once while another one has a goal."""

    TO_POSE = "navigate_to_pose"
    THROUGH_POSES = "navigate_through_poses"
    WAYPOINTS = "follow_waypoints"


class Waypoint(IntEnum):
    """What became of a goal's pose: the numbers of nav2_msgs/WaypointStatus."""

    PENDING = 0
    COMPLETED = 1
    SKIPPED = 2
    FAILED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a navigation goal has come. Times in seconds, `distance` in metres along what is left.

    `waypoints` tells about each of the goal's poses, `current` is the index of the one that is driven to.
    """

    time: float
    time_left: float
    distance: float
    recoveries: int
    waypoints: tuple[Waypoint, ...]
    current: int


class Goal(Protocol):
    """A goal that was accepted. It ends once."""

    def end(self, outcome: Outcome, code: int = 0, message: str = "") -> None: ...


class NavigationGoal(Goal, Protocol):
    @property
    def way(self) -> Way: ...

    @property
    def spots(self) -> Sequence[Spot]:
        """Its poses in the map frame, at least one."""
        ...

    def tell(self, progress: Progress) -> None: ...


class DockGoal(Goal, Protocol):
    @property
    def charger(self) -> str: ...

    def tell(self, phase: str) -> None: ...


class CompartmentGoal(Goal, Protocol):
    @property
    def compartment(self) -> str: ...

    @property
    def opens(self) -> bool:
        """Otherwise it closes and locks."""
        ...

    def tell(self, phase: str) -> None: ...


class RideGoal(Goal, Protocol):
    @property
    def lift(self) -> LiftId: ...

    @property
    def to_level(self) -> LevelId: ...

    def tell(self, level: LevelId | None, doors_open: bool) -> None: ...


class AnnounceGoal(Goal, Protocol):
    @property
    def text(self) -> str: ...

    def tell(self, progress: float) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """Where the robot is and how it moves. `odom` is the pose since it was switched on; speeds in m/s and rad/s."""

    map: Spot
    odom: Spot
    speed: float
    turn_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    state_of_charge: float
    charging: bool


class Topics(Protocol):
    """What the robot publishes."""

    def localised(self, spot: Spot, *, certain: bool) -> None:
        """A new pose of the localisation; an uncertain one has a wide covariance."""
        ...

    def moved(self, motion: Motion) -> None: ...

    def battery(self, battery: Battery) -> None: ...

    def stopped_by_hand(self, *, estop: bool, manual: bool) -> None: ...

    def diagnosed(self, *, localised: bool, failure: str | None) -> None:
        """Whether it knows where it is on the loaded map, and what has failed."""
        ...
