"""Agents of robots that live in a simulated world behind a link."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from robot_agents.agent import Agent, Clock
from robot_agents.registry import AgentOptionsError
from robot_agents.simulated.agent import SimulatedAgent
from sim.link import RemoteWorld


@asynccontextmanager
async def simulated_robots(
    robots: Sequence[str], clock: Clock, options: Mapping[str, str]
) -> AsyncIterator[Sequence[Agent]]:
    """Robots of the world at the address `options["world"]` (see `registry.AgentFactory`).

    `world_token` and `speed`, how many times faster than the wall all of it runs, are optional.
    """
    if "world" not in options:
        raise AgentOptionsError("simulated robots need the address of their world, such as ws://127.0.0.1:8700")
    world = RemoteWorld(
        options["world"], token=options.get("world_token", ""), speed=float(options.get("speed", "1.0"))
    )
    async with world.connected():
        yield [SimulatedAgent(robot, world, clock) for robot in robots]
