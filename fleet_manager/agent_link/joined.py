"""One agent link over several: a robot is wherever its agent connected."""

from __future__ import annotations

from fleet_manager.orchestration.ports import AgentLink
from maps.model import RobotId
from robot_agents.protocol import FromManager


class JoinedLinks:
    """Sends over every link; the ones where the robot is not connected do nothing."""

    def __init__(self, *links: AgentLink) -> None:
        self._links = links

    def send(self, robot: RobotId, message: FromManager) -> None:
        for link in self._links:
            link.send(robot, message)
