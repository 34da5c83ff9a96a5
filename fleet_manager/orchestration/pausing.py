"""Stopping a robot where it stands, and letting it go on: for people, and for a visitor who has fallen behind."""

from __future__ import annotations

from fleet_manager.domain.events import RobotPaused, RobotResumed
from fleet_manager.domain.tasks import Actor
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.ports import AgentLink
from maps.model import RobotId
from robot_agents import protocol


class Pausing:
    def __init__(self, ledger: Ledger, execution: Execution, link: AgentLink) -> None:
        self._ledger = ledger
        self._execution = execution
        self._link = link

    def pause(self, robot_id: RobotId, actor: Actor) -> None:
        """Nothing happens to one that is paused already."""
        if not self._ledger.state.robots[robot_id].paused:
            self._ledger.record(RobotPaused(robot=robot_id, actor=actor))
            self._changed(robot_id)

    def resume(self, robot_id: RobotId, actor: Actor) -> None:
        if self._ledger.state.robots[robot_id].paused:
            self._ledger.record(RobotResumed(robot=robot_id, actor=actor))
            self._changed(robot_id)

    def _changed(self, robot_id: RobotId) -> None:
        self._ledger.after_commit(lambda: self.send(robot_id))
        self._execution.mobility_changed(robot_id)
        self._execution.allocate(robot_id)

    def send(self, robot_id: RobotId) -> None:
        """Tell the agent whether it is paused; said again after a reconnect."""
        robot = self._ledger.state.robots[robot_id]
        message = protocol.Pause if robot.paused else protocol.Resume
        self._link.send(robot_id, message(command_id=f"{robot_id}-pause-{self._ledger.state.seq}"))
