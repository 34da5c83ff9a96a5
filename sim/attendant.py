"""The attendant: somebody who, from some time on, sets right whatever waits for a person."""

from __future__ import annotations

import asyncio
from typing import Final, Literal

from fleet_manager.domain.alerts import AlertState
from fleet_manager.domain.errors import WardFleetError
from fleet_manager.domain.missions import StepStatus
from fleet_manager.domain.robots import RobotStatus
from fleet_manager.domain.tasks import Actor, TaskStatus
from fleet_manager.orchestration.commands import (
    ChangeRobot,
    HandOver,
    RobotAction,
    SendPorter,
    UserCommand,
)
from sim import faults
from sim.crashes import ManagerCrashed
from sim.port import BodyMode
from sim.scenario_fields import ClockTime, Part
from sim.stage import Stage

_LOOK: Final = 20.0
"""Seconds between two rounds."""

_CHARGE: Final = 0.6
_ATTENDANT: Final = Actor(id="attendant", role="operator")


class Attendant(Part):
    """From `at` on somebody restarts dead robots with a charged battery, gives robots back to service, hands over what
    nobody came for, and sends a porter for goods on a robot that can't go on and for those that no robot is left for.
    """

    kind: Literal["attendant"] = "attendant"
    at: ClockTime

    def enter(self, stage: Stage, number: int) -> None:
        stage.at(self.at, self._come, stage)

    def _come(self, stage: Stage) -> None:
        stage.tell("an attendant sets right what waits for a person")
        stage.run(self._rounds(stage))

    async def _rounds(self, stage: Stage) -> None:
        stranded: set[str] = set()
        while True:
            self._tend_bodies(stage)
            stranded = await self._tend_robots(stage, stranded)
            await asyncio.sleep(_LOOK)

    @staticmethod
    def _tend_bodies(stage: Stage) -> None:
        now = stage.world.loop.time()
        for robot, body in stage.world.bodies.items():
            if body.mode is BodyMode.DEAD:
                body.charge.lose(min(0.0, body.charge.at(now) - _CHARGE), now)
                faults.robot_revived(stage.world, robot)

    async def _tend_robots(self, stage: Stage, before: set[str]) -> set[str]:
        """Answers the tasks whose goods stand on a robot, so that those which still do next time are fetched."""
        hospital = stage.hospital
        state = hospital.manager.state
        commands: list[UserCommand] = []
        for robot in tuple(state.robots.values()):
            if robot.connected and robot.status in (RobotStatus.ERROR, RobotStatus.OUT_OF_SERVICE):
                action = RobotAction.RETURN_TO_SERVICE
                commands.append(ChangeRobot(actor=_ATTENDANT, robot=robot.id, action=action))
            if robot.paused:
                commands.append(ChangeRobot(actor=_ATTENDANT, robot=robot.id, action=RobotAction.RESUME))
        for mission in tuple(state.missions.values()):
            step = mission.step
            if mission.task is not None and step is not None and step.status is StepStatus.WAITING_FOR_PERSON:
                commands.append(HandOver(actor=_ATTENDANT, task=mission.task, step=step.id))
        kinds = {a.subject for a in state.alerts.values() if a.kind == "goods_stranded" and a.state is AlertState.OPEN}
        alone = {a.subject for a in state.alerts.values() if a.kind == "no_carrier_left"}
        stranded: set[str] = set()
        for task in tuple(state.tasks.values()):
            waits = task.status is TaskStatus.QUEUED and bool(task.on_board) and not task.porter_only
            if waits or (task.robot in kinds and task.status is TaskStatus.UNDERWAY):
                stranded.add(task.id)
            if task.id in alone or (task.id in stranded and task.id in before):
                commands.append(SendPorter(actor=_ATTENDANT, task=task.id))
        for command in commands:
            try:
                await hospital.do(command)
            except (WardFleetError, ManagerCrashed):
                continue
        return stranded
