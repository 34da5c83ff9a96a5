"""What a robot that runs Nav2 can be asked for and what it tells, in words without ROS.

`bridge` satisfies the port with rclpy; tests do with a robot in memory. Poses are in the robot's map frame. Requests
return at once; those that are numbered end with one `Ended` of the same number, and a number is never used twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeAlias


class MapPose(NamedTuple):
    x: float
    y: float
    yaw: float


class Navigation(StrEnum):
    """Nav2's actions. Its navigator rejects a goal of one while it has one of the other."""

    TO_POSE = "navigate_to_pose"
    THROUGH_POSES = "navigate_through_poses"


# --- requests ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Navigate:
    """Drive through `poses` and stop at the last. A goal that is under way is replaced without a stop."""

    action: Navigation
    poses: tuple[MapPose, ...]


@dataclass(frozen=True, slots=True)
class DockAt:
    charger: str


@dataclass(frozen=True, slots=True)
class MoveCompartment:
    """Open it for a hand-over, or close and lock it."""

    compartment: str
    open: bool
    direction: str = ""
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RideLift:
    """Be carried, standing in the car. `exit_pose` is where it will drive when it leaves, in the map of `to_level`."""

    lift: str
    from_level: str
    to_level: str
    exit_pose: MapPose


@dataclass(frozen=True, slots=True)
class Announce:
    text: str
    language: str
    volume: float


@dataclass(frozen=True, slots=True)
class LoadMap:
    """Let the map server take another map: `url` is what Nav2's LoadMap wants, the path of a map's YAML file."""

    url: str


Request: TypeAlias = Navigate | DockAt | MoveCompartment | RideLift | Announce | LoadMap

SERVED_BY: dict[type[Request], str] = {
    DockAt: "dock",
    MoveCompartment: "open_compartment",
    RideLift: "ride_lift",
    Announce: "announce",
    LoadMap: "map_server/load_map",
}
"""The action or service for each kind of request, relative to the robot's namespace; `Navigate` names its own."""


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


# --- what the robot tells ----------------------------------------------------------------------------------


class Outcome(StrEnum):
    SUCCEEDED = "succeeded"
    ABORTED = "aborted"
    CANCELED = "canceled"
    REJECTED = "rejected"
    NOT_OFFERED = "not offered"


@dataclass(frozen=True, slots=True)
class Accepted:
    number: int


@dataclass(frozen=True, slots=True)
class Ended:
    """`code` and `text` are the robot's own, 0 and empty when it gave none."""

    number: int
    outcome: Outcome
    code: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """The newest position. `deviation` is the standard deviation of x or y, whichever is more (m)."""

    pose: MapPose
    speed: float
    deviation: float = 0.0
    located: bool = False
    """Whether the robot's localisation itself said so just now, rather than odometry since."""


@dataclass(frozen=True, slots=True)
class BatteryTold:
    state_of_charge: float
    charging: bool


@dataclass(frozen=True, slots=True)
class EstopTold:
    pressed: bool


@dataclass(frozen=True, slots=True)
class ManualTold:
    on: bool


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """A component says how it is; `fault` is what is wrong, empty when nothing is."""

    name: str
    fault: str


@dataclass(frozen=True, slots=True)
class ServerSeen:
    """Who serves an action changed. `generation` counts the servers that appeared so far; 0 present: it is gone."""

    name: str
    present: bool
    generation: int


@dataclass(frozen=True, slots=True)
class OthersNavigate:
    """Goals of somebody else are under way, or no more."""

    action: Navigation
    active: bool


@dataclass(frozen=True, slots=True)
class LevelConfirmed:
    """A person told the agent on which level the robot is: its parameter `level` was set."""

    level: str


RobotEvent: TypeAlias = (
    Accepted
    | Ended
    | Position
    | BatteryTold
    | EstopTold
    | ManualTold
    | Diagnosed
    | ServerSeen
    | OthersNavigate
    | LevelConfirmed
)
Listener: TypeAlias = Callable[[RobotEvent], None]


class RobotPort(Protocol):
    """One robot. The listener is called from the loop's thread, in the order in which things became known."""

    def listen(self, listener: Listener) -> None:
        """Tell `listener` from now on, beginning with what is known already. Call it once."""
        ...

    def ask(self, number: int, request: Request) -> None:
        """Begin. `Accepted`, when it is taken on, and then `Ended` follow, or never when the robot falls silent.

        Something that nobody serves is `Ended` as not offered.
        """
        ...

    def cancel(self, number: int) -> None:
        """Ask to end what was begun, at once or when it is taken on; `Ended` follows."""
        ...

    def stand_still(self) -> None:
        """Cancel every navigation goal of this robot's agent, even one set by a process that was killed."""
        ...

    def set_pose(self, pose: MapPose) -> None:
        """Tell the localisation where the robot is (`initialpose`)."""
        ...

    def say(self, severity: Severity, text: str) -> None:
        """A line in the robot's own log (`/rosout`)."""
        ...

    def close(self) -> None:
        """Stop telling. Nothing is asked any more."""
        ...
