"""A simulated porter: walks, takes and hands over by itself."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from math import hypot
from pathlib import Path
from typing import Final

from maps.model import RobotId, Site
from maps.site_files import load_site
from robot_agents.agent import Agent, Clock
from robot_agents.porter.agent import PorterAgent, PorterTask
from robot_agents.protocol import Pose, RouteNode
from robot_agents.registry import AgentOptionsError

WALKING_SPEED: Final = 1.2
"""m/s, of somebody who carries something."""

_CHANGE_OF_LEVEL: Final = 30.0
_HAND_OVER: Final = 10.0
_HURRY: Final = (0.9, 1.3)
"""Times vary between these multiples."""


class WalkingPorter:
    """Does the steps of `agent` one after the other, each in the time that a person needs for it."""

    def __init__(
        self, agent: PorterAgent, *, rng: random.Random, loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        self._agent = agent
        self._rng = rng
        self._loop = loop or asyncio.get_running_loop()
        self._doing: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        agent.watch(self._look)

    def _look(self) -> None:
        """Begin the oldest step, unless it is under way already."""
        tasks = self._agent.tasks()
        first = tasks[0].command_id if tasks else None
        if first == self._doing:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._doing = first
        if tasks:
            self._timer = self._loop.call_later(self._time(tasks[0]) * self._rng.uniform(*_HURRY), self._did, tasks[0])

    def _time(self, task: PorterTask) -> float:
        if not task.route:
            return _HAND_OVER
        seconds = 0.0
        places: list[Pose | RouteNode] = [self._agent.telemetry().pose, *task.route]
        for start, end in pairwise(places):
            if start.level != end.level:
                seconds += _CHANGE_OF_LEVEL
            seconds += hypot(end.x - start.x, end.y - start.y) / WALKING_SPEED
        return seconds

    def _did(self, task: PorterTask) -> None:
        self._timer = None
        self._agent.confirm(task.command_id)


def home_pose(site: Site, robot: str) -> Pose:
    """Where a porter of the site begins the day. Raises `LookupError` without a home."""
    for fleet in site.fleets.values():
        for member in fleet.robots:
            if member.id == RobotId(robot) and member.home is not None:
                home = site.waypoints[member.home]
                return Pose(level=home.level, x=home.x, y=home.y, yaw=home.heading or 0.0)
    raise LookupError(f"{robot} has no home on site {site.name}")


@asynccontextmanager
async def walking_porters(
    robots: Sequence[str], clock: Clock, options: Mapping[str, str]
) -> AsyncIterator[Sequence[Agent]]:
    """Simulated porters of the site in the folder `options["site"]` (see `registry.AgentFactory`)."""
    if "site" not in options:
        raise AgentOptionsError("simulated porters need a site")
    site = load_site(Path(options["site"]))
    agents = []
    for robot in robots:
        agent = PorterAgent(robot, clock, home_pose(site, robot))
        WalkingPorter(agent, rng=random.Random(robot))
        agents.append(agent)
    yield agents
