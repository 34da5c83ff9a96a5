"""Agents in the same process: the agent link of simulated runs, following virtual time."""

from __future__ import annotations

from functools import partial

import structlog

from fleet_manager.orchestration.ports import FleetManager
from maps.model import RobotId
from robot_agents.memory_link import ManagerEnd
from robot_agents.protocol import PROTOCOL_VERSION, FromAgent, FromManager, Hello, Refused, Welcome

log = structlog.get_logger()


class MemoryAgentLink:
    """Satisfies `ports.AgentLink`; `accept` is what a `MemoryNetwork` calls for each new connection.

    Tokens are not asked for: whoever is in this process may speak for any robot.
    """

    def __init__(self) -> None:
        self._manager: FleetManager | None = None
        self._ends: dict[RobotId, ManagerEnd] = {}

    def attach(self, manager: FleetManager) -> None:
        self._manager = manager

    def accept(self, end: ManagerEnd) -> None:
        end.on_message = partial(self._first_message, end)

    def _first_message(self, end: ManagerEnd, message: FromAgent) -> None:
        manager = self._manager
        if not isinstance(message, Hello) or manager is None:
            end.send(Refused(reason="say hello first", final=False))
            end.close()
            return
        robot = RobotId(message.robot)
        if all(robot != r.id for fleet in manager.site.fleets.values() for r in fleet.robots):
            end.send(Refused(reason=f"there is no robot {robot} on this site", final=True))
            end.close()
            return
        self._ends[robot] = end
        end.on_message = partial(manager.agent_said, robot)
        end.on_closed = partial(self._closed, robot, end)
        acknowledged = manager.agent_connected(robot, message.agent)
        end.send(Welcome(protocol_version=PROTOCOL_VERSION, acknowledged=acknowledged))

    def _closed(self, robot: RobotId, end: ManagerEnd, reason: str) -> None:
        if self._ends.get(robot) is end:
            del self._ends[robot]
            if self._manager is not None:
                self._manager.agent_lost(robot)

    def send(self, robot: RobotId, message: FromManager) -> None:
        end = self._ends.get(robot)
        if end is not None:
            end.send(message)

    def close(self) -> None:
        """The manager is gone: all connections break."""
        for end in tuple(self._ends.values()):
            end.close("the manager stopped")
        self._ends.clear()
        self._manager = None
