"""Agents of robots that run ROS 2 and Nav2, for `wardfleet agent --kind ros2` and the ROS package fleet_agent_ros2."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from maps.model import FrameTransform, LevelId, RobotId, Site
from maps.site_files import load_site
from robot_agents.agent import Agent, Clock
from robot_agents.registry import AgentOptionsError
from robot_agents.ros2.agent import Ros2Agent
from robot_agents.ros2.driving import Accepting
from robot_agents.ros2.frames import MapFrames
from robot_agents.ros2.memory import Memory
from robot_agents.ros2.settings import RobotSettings, domain_of, namespace_of, robot_settings
from robot_agents.ros2.surroundings import fleet_of

if TYPE_CHECKING:
    from robot_agents.ros2.bridge import RosBridge


@asynccontextmanager
async def ros2_robots(
    robots: Sequence[str],
    clock: Clock,
    options: Mapping[str, str],
    accepted: Accepting = lambda *_: None,
) -> AsyncIterator[Sequence[Agent]]:
    """Robots in the ROS graph that this process sees (see `registry.AgentFactory`).

    `options` are parameters of `RobotSettings`, over those of ROS, and besides:

    - `namespace`: where the robot's topics and actions are, by default its id; `{robot}` stands for the id
    - `params_file`: a ROS parameter file; the agent's node is `fleet_agent` in the robot's namespace
    - `domain_id`: instead of ROS_DOMAIN_ID
    - `frames`, `maps`: YAML files that give for each level the transform from the site frame (x, y, rotation), and the
      map for Nav2's map server
    - `site`: the site's folder, for lanes' widths, the fleet's frames and the robot's home level
    - `state_dir`: where the agent keeps what it must know again when it is killed

    `accepted` is for those who measure. Raises `AgentOptionsError`.
    """
    namespaces = [namespace_of(robot, options) for robot in robots]
    if len(set(namespaces)) < len(namespaces):
        raise AgentOptionsError("the robots share a namespace; give one with {robot} in it, such as ward/{robot}")
    site = load_site(Path(options["site"])) if "site" in options else None
    state_dir = Path(options["state_dir"]) if "state_dir" in options else None
    wall = float(options.get("speed", "1.0"))
    async with _bridge(domain_of(options), wall) as bridge:
        agents = []
        for robot, namespace in zip(robots, namespaces, strict=True):
            memory = Memory(state_dir / f"{quote(robot, safe='')}.ros2.json" if state_dir is not None else None)
            agents.append(
                await _agent(bridge, robot, namespace, clock, options, site, memory, wall=wall, accepted=accepted)
            )
        yield agents


async def _agent(
    bridge: RosBridge,
    robot: str,
    namespace: str,
    clock: Clock,
    options: Mapping[str, str],
    site: Site | None,
    memory: Memory,
    *,
    wall: float,
    accepted: Accepting,
) -> Agent:
    from robot_agents.ros2.bridge import RosRobot

    node = await asyncio.to_thread(bridge.node, namespace, options.get("params_file"))
    port = RosRobot(bridge, node)
    settings = robot_settings(port.parameters(), options)
    level = settings.level or _home_level(robot, site)
    if level is None:
        raise AgentOptionsError(
            f"on which level is {robot}? Set the parameter level, or give the site where it has a home"
        )
    await asyncio.to_thread(port.connect, settings, level)
    bridge.add(port)
    return Ros2Agent(
        robot,
        port,
        clock,
        settings,
        level=level,
        frames=MapFrames(_frames(robot, site, settings)),
        memory=memory,
        site=site,
        wall=wall,
        accepted=accepted,
    )


@asynccontextmanager
async def _bridge(domain: int | None, wall: float) -> AsyncIterator[RosBridge]:
    """The bridge, where ROS is to be had."""
    try:
        # Everything but ROS robots runs without ROS, so it is looked for only here.
        from robot_agents.ros2.bridge import RosBridge
    except ImportError as error:
        raise AgentOptionsError(_missing(error)) from error
    async with RosBridge(domain, wall=wall).opened() as bridge:
        yield bridge


def _missing(error: ImportError) -> str:
    name = (error.name or "").partition(".")[0]
    if name == "rclpy" or not name:
        return f"ROS 2 robots need rclpy: source a ROS 2 installation, or `make ros` ({error})"
    if name == "fleet_interfaces":
        return "ROS 2 robots need the built workspace: `make ros`, or colcon build in ros_ws and source its setup"
    return f"ROS 2 robots need the ROS package {name}: source a workspace that has it ({error})"


def _home_level(robot: str, site: Site | None) -> str | None:
    """The level of the robot's home, or the only one there is."""
    fleet = fleet_of(robot, site)
    if site is None or fleet is None:
        return None
    homes = [member.home for member in fleet.robots if member.id == RobotId(robot) and member.home is not None]
    if homes:
        return site.waypoints[homes[0]].level
    return next(iter(site.levels)) if len(site.levels) == 1 else None


def _frames(robot: str, site: Site | None, settings: RobotSettings) -> Mapping[LevelId, FrameTransform]:
    """The fleet's frames, over which the robot's own settings go."""
    fleet = fleet_of(robot, site)
    return (dict(fleet.frames) if fleet is not None else {}) | settings.transforms()
