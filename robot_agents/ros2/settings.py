"""One robot's settings: ROS parameters, over which the agent's own options go. Checked here, trusted elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from maps.model import FrameTransform, LevelId
from robot_agents.registry import AgentOptionsError
from robot_agents.ros2.locating import PoseSource

NODE: Final = "fleet_agent"
"""The agent's node; parameter files name it under the robot's namespace, or `/**`."""

_PROCESS_OPTIONS: Final = frozenset({"world", "world_token", "speed", "site", "state_dir"})
"""Given to every kind of agent, whether it needs them or not."""

_ROS_OPTIONS: Final = frozenset({"namespace", "params_file", "domain_id", "frames", "maps"})


class VoiceKind(StrEnum):
    """Who says what the fleet manager wants said: espeak-ng beside the agent, or the robot's action `announce`."""

    ESPEAK = "espeak-ng"
    ROBOT = "robot"


class Transform(BaseModel):
    """From the site frame to the map frame: rotate by `rotation` (rad), then translate (m)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    x: float = 0.0
    y: float = 0.0
    rotation: float = 0.0


class RobotSettings(BaseModel):
    """Times in seconds, lengths in metres.

    `level` is where the robot is when nothing better is known. `maps` are what `map_server/load_map` wants, by level;
    for others it is `map_of_level`, in which `{level}` stands for the level's id. A position that is not told for
    `position_timeout` of wall time, or known no better than `position_deviation`, stops the robot.
    It is off its route when for `off_route_after` it is farther from its lane than half the `lane_width` (of the
    site's lane where a site is known); from `off_route_stop` on it stands. A goal that fails is tried
    `goal_attempts` times, in intervals that double from `first_retry` up to `last_retry`; a node passed makes the
    count begin anew. `stalled_after` says when a robot that does not move is blocked. What is asked of Nav2 is given
    up after `answer_timeout` of wall time without any answer, what is asked of other actions after `action_timeout`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: str | None = None
    frames: dict[str, Transform] = Field(default_factory=dict)
    maps: dict[str, str] = Field(default_factory=dict)
    map_of_level: str = ""
    pose_source: PoseSource = PoseSource.AMCL
    map_frame: str = "map"
    odom_frame: str = "odom"
    base_frame: str = "base_link"
    position_timeout: float = Field(default=5.0, gt=0.0)
    position_deviation: float = Field(default=1.0, gt=0.0)
    battery_patience: float = Field(default=5.0, ge=0.0)
    lane_width: float = Field(default=1.5, gt=0.0)
    off_route_after: float = Field(default=1.0, ge=0.0)
    off_route_stop: float = Field(default=3.0, gt=0.0)
    arrival_tolerance: float = Field(default=0.5, gt=0.0)
    goal_attempts: int = Field(default=6, ge=1)
    first_retry: float = Field(default=1.0, gt=0.0)
    last_retry: float = Field(default=10.0, gt=0.0)
    stalled_after: float = Field(default=15.0, gt=0.0)
    answer_timeout: float = Field(default=5.0, gt=0.0)
    action_timeout: float = Field(default=120.0, gt=0.0)
    ignored_diagnostics: tuple[str, ...] = ()
    recharge_below: float = Field(default=0.35, ge=0.0, le=1.0)
    language: str = "en"
    voice: VoiceKind = VoiceKind.ESPEAK
    volume: float = Field(default=0.7, ge=0.0, le=1.0)
    announce_load: str = "Please load compartment {compartment}."
    announce_unload: str = "Please take your goods from compartment {compartment}."

    def map_url(self, level: str) -> str | None:
        """What `map_server/load_map` gets for a level; None when the robot has one map for all."""
        return self.maps.get(level) or self.map_of_level.replace("{level}", level) or None

    def transforms(self) -> dict[LevelId, FrameTransform]:
        return {
            LevelId(level): FrameTransform(x=frame.x, y=frame.y, rotation=frame.rotation)
            for level, frame in self.frames.items()
        }


def namespace_of(robot: str, options: Mapping[str, str]) -> str:
    """The robot's ROS namespace, beginning with `/`; `{robot}` in the option stands for the robot's own name.

    Raises `AgentOptionsError` when it is none.
    """
    own = re.sub(r"[^A-Za-z0-9_]", "_", robot)
    given = options.get("namespace", "{robot}").replace("{robot}", own)
    namespace = "/" + given.strip("/")
    if not re.fullmatch(r"(/[A-Za-z_][A-Za-z0-9_]*)+|/", namespace):
        # A robot called 7 has no namespace of that name.
        if options.get("namespace") is None:
            return f"/robot_{own}"
        raise AgentOptionsError(f"namespace {given} is no ROS name: use letters, digits, _ and /, no digit first")
    return namespace


def domain_of(options: Mapping[str, str]) -> int | None:
    """The ROS domain of the option `domain_id`; None leaves it to ROS_DOMAIN_ID. Raises `AgentOptionsError`."""
    given = options.get("domain_id")
    if given is None:
        return None
    if not given.isdigit() or int(given) > 232:
        raise AgentOptionsError(f"domain_id {given} must be a number from 0 to 232")
    return int(given)


def robot_settings(parameters: Mapping[str, object], options: Mapping[str, str]) -> RobotSettings:
    """The settings that follow from ROS `parameters` (dotted names) and the agent's `options`.

    Raises `AgentOptionsError`, which names the parameter or file.
    """
    wanted = _nested(parameters)
    for option in options:
        if option in RobotSettings.model_fields and option not in _ROS_OPTIONS:
            several = option == "ignored_diagnostics"
            wanted[option] = options[option].split(",") if several else options[option]
        elif option not in _PROCESS_OPTIONS | _ROS_OPTIONS:
            known = sorted(_ROS_OPTIONS | set(RobotSettings.model_fields))
            raise AgentOptionsError(f"ROS 2 robots have no option {option}; there are: {', '.join(known)}")
    for option in ("frames", "maps"):
        if option in options:
            wanted[option] = _levels(option, Path(options[option]))
    try:
        settings = RobotSettings.model_validate(wanted)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise AgentOptionsError(f"parameter {name} of the ROS 2 agent: {first['msg']}") from error
    return settings


def _levels(option: str, path: Path) -> dict[str, Any]:
    """A YAML file that says something for each level."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AgentOptionsError(f"the file of option {option} can't be read: {error}") from error
    except yaml.YAMLError as error:
        raise AgentOptionsError(f"{path} of option {option} is not YAML: {error}") from error
    if isinstance(content, dict) and set(content) == {option}:
        content = content[option]
    if not isinstance(content, dict):
        raise AgentOptionsError(f"{path} of option {option} must name levels, each with its own")
    if option == "maps":
        # A map's place is meant beside the file that names it.
        return {str(level): str((path.parent / str(given)).resolve()) for level, given in content.items()}
    return {str(level): given for level, given in content.items()}


def _nested(parameters: Mapping[str, object]) -> dict[str, Any]:
    """Dotted names of ROS parameters as what they stand for; levels' names may hold dots themselves."""
    found: dict[str, Any] = {}
    for name, given in parameters.items():
        first, _, rest = name.partition(".")
        if first == "frames" and rest:
            level, _, what = rest.rpartition(".")
            found.setdefault(first, {}).setdefault(level, {})[what] = given
        elif first == "maps" and rest:
            found.setdefault(first, {})[rest] = given
        else:
            found[name] = given
    return found
