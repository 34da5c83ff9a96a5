"""Porters: their agents live beside the manager, and their phone page speaks to them through the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial

from fleet_manager.agent_link.memory import MemoryAgentLink
from fleet_manager.domain.errors import Conflict, NotFound
from fleet_manager.orchestration.porter_desk import PorterStepView, PorterView
from fleet_manager.orchestration.ports import Clock, FleetManager
from maps.model import CarrierKind, RobotId, Site
from robot_agents.memory_link import MemoryNetwork
from robot_agents.porter.agent import PorterAgent, StepOverError, UnknownStepError
from robot_agents.porter.walking import home_pose
from robot_agents.runtime import AgentRuntime


class Porters:
    """Satisfies `ports.PorterDesk` with one agent per porter of the site that has a home."""

    def __init__(self, site: Site, clock: Clock) -> None:
        self._clock = clock
        self._manager: FleetManager | None = None
        self._agents: Mapping[str, PorterAgent] = {
            robot.id: PorterAgent(robot.id, clock, home_pose(site, robot.id))
            for fleet in site.fleets.values()
            if fleet.carrier is CarrierKind.PERSON
            for robot in fleet.robots
            if robot.home is not None
        }

    @asynccontextmanager
    async def connected(self, link: MemoryAgentLink, manager: FleetManager) -> AsyncIterator[None]:
        """Run the agents' connections while inside."""
        self._manager = manager
        network = MemoryNetwork(link.accept)
        runtimes = [
            AgentRuntime(agent, partial(network.connect, name), self._clock, token="")
            for name, agent in self._agents.items()
        ]
        tasks = [asyncio.create_task(runtime.run()) for runtime in runtimes]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def porters(self) -> list[PorterView]:
        return [self.porter(name) for name in self._agents]

    def porter(self, porter: str) -> PorterView:
        agent = self._agent(porter)
        assert self._manager is not None
        view = self._manager.robot(porter)
        steps = tuple(
            PorterStepView(command_id=t.command_id, kind=t.kind, place=t.waypoint, items=t.items) for t in agent.tasks()
        )
        return PorterView(id=porter, connected=view.connected, task=view.task, steps=steps)

    def done(self, porter: str, command_id: str) -> PorterView:
        agent = self._agent(porter)
        try:
            agent.confirm(command_id)
        except UnknownStepError as error:
            raise NotFound(str(error)) from error
        except StepOverError as error:
            raise Conflict(str(error)) from error
        return self.porter(porter)

    def refuse(self, porter: str, command_id: str, reason: str) -> PorterView:
        agent = self._agent(porter)
        try:
            agent.refuse(command_id, reason)
        except UnknownStepError as error:
            raise NotFound(str(error)) from error
        except StepOverError as error:
            raise Conflict(str(error)) from error
        return self.porter(porter)

    def _agent(self, porter: str) -> PorterAgent:
        agent = self._agents.get(RobotId(porter))
        if agent is None:
            raise NotFound(f"there is no porter {porter} at this site", way_out="GET /api/v1/porters lists them")
        return agent
