"""The attendant: somebody who, from some time on, sets right whatever waits for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Literal

from fleet_manager.domain.alerts import AlertState
from fleet_manager.domain.errors import WardFleetError
from fleet_manager.domain.missions import StepId, StepStatus
from fleet_manager.domain.robots import RobotStatus
from fleet_manager.domain.tasks import Actor, TaskId, TaskStatus
from fleet_manager.orchestration.commands import (
    ChangeRobot,
    RetryTask,
    RobotAction,
    SendPorter,
    UserCommand,
)
from sim import faults
from sim.crashes import ManagerCrashed
from sim.people import signatures
from sim.port import BodyMode
from sim.scenario_fields import ClockTime, Part
from sim.stage import Stage

_LOOK: Final = 20.0
"""Seconds between two rounds."""

_CHARGE: Final = 0.6
_NOBODY_TAKES_IT: Final = ("no_carrier_left", "waits_long")
_ATTENDANT: Final = Actor(id="attendant", role="operator")
_WITNESS: Final = Actor(id="witness", role="operator")


class Attendant(Part):
    """At `at` somebody sends a porter for goods on robots that can't go on. From then on dead robots are restarted with
    a charged battery and given back to service, what nobody came for is handed over, and a porter is sent for goods
    whose robot still can't go on, and for those that the fleet manager says no robot takes; where no porter helps,
    robots try again.
    """

    kind: Literal["attendant"] = "attendant"
    at: ClockTime

    def enter(self, stage: Stage, number: int) -> None:
        stage.at(self.at, self._come, stage)

    def _come(self, stage: Stage) -> None:
        stage.tell("an attendant sets right what waits for a person")
        stage.run(self._rounds(stage))

    async def _rounds(self, stage: Stage) -> None:
        stranded = self._stranded(stage)
        await self._ask_all(stage, [SendPorter(actor=_ATTENDANT, task=task) for task in stranded])
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

    @staticmethod
    def _stranded(stage: Stage) -> dict[TaskId, None]:
        """The tasks whose goods stand on a robot that can't go on."""
        state = stage.hospital.manager.state
        failed = {a.subject for a in state.alerts.values() if a.kind == "goods_stranded" and a.state is AlertState.OPEN}
        stranded: dict[TaskId, None] = {}
        for task in state.tasks.values():
            waits = task.status is TaskStatus.QUEUED and bool(task.on_board) and not task.porter_only
            if waits or (task.robot in failed and task.status is TaskStatus.UNDERWAY):
                stranded[task.id] = None
        return stranded

    async def _tend_robots(self, stage: Stage, before: dict[TaskId, None]) -> dict[TaskId, None]:
        """Answers the tasks whose goods stand on a robot, so that those which still do next time are fetched."""
        hospital = stage.hospital
        state = hospital.manager.state
        commands: list[UserCommand] = []
        due: list[tuple[TaskId, StepId]] = []
        for robot in tuple(state.robots.values()):
            if robot.connected and robot.status in (RobotStatus.ERROR, RobotStatus.OUT_OF_SERVICE):
                action = RobotAction.RETURN_TO_SERVICE
                commands.append(ChangeRobot(actor=_ATTENDANT, robot=robot.id, action=action))
            if robot.paused:
                commands.append(ChangeRobot(actor=_ATTENDANT, robot=robot.id, action=RobotAction.RESUME))
        for mission in tuple(state.missions.values()):
            step = mission.step
            if mission.task is not None and step is not None and step.status is StepStatus.WAITING_FOR_PERSON:
                due.append((mission.task, step.id))
        alone = {a.subject for a in state.alerts.values() if a.kind in _NOBODY_TAKES_IT}
        robots_only = [task.id for task in state.tasks.values() if task.id in alone and not task.items]
        again = [RetryTask(actor=_ATTENDANT, task=task) for task in robots_only]
        stranded = self._stranded(stage)
        waits = [
            task
            for task in state.tasks
            if (task in alone and task not in robots_only) or (task in stranded and task in before)
        ]
        porters = [SendPorter(actor=_ATTENDANT, task=task) for task in waits]
        await self._ask_all(stage, commands)
        for task_id, step_id in due:
            await self._hand_over(stage, task_id, step_id)
        await self._ask_all(stage, [*again, *porters])
        return stranded

    @staticmethod
    async def _ask_all(stage: Stage, commands: Sequence[UserCommand]) -> None:
        for command in commands:
            try:
                await stage.hospital.do(command)
            except (WardFleetError, ManagerCrashed):
                continue

    @staticmethod
    async def _hand_over(stage: Stage, task: TaskId, step: StepId) -> None:
        try:
            for signature in signatures(stage.hospital.manager, task, step, (_ATTENDANT, _WITNESS)):
                await stage.hospital.do(signature())
        except (WardFleetError, ManagerCrashed):
            return
