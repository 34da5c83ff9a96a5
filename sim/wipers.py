"""Simulated staff who wipe robots down where they wait for it, and say so."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from typing import Final

from fleet_manager.domain.errors import WardFleetError
from fleet_manager.domain.events import Recorded, StepChanged
from fleet_manager.domain.missions import MissionId, StepKind, StepStatus
from fleet_manager.domain.tasks import Actor
from fleet_manager.orchestration.commands import ConfirmWipeDown
from fleet_manager.orchestration.orchestrator import Orchestrator
from maps.model import RobotId
from sim.crashes import ManagerCrashed

_SIGMA: Final = 0.5
_TRIES_AGAIN: Final = 5.0


class Wipers:
    """Come to every robot that waits to be wiped down, each time after a seeded lognormal while."""

    def __init__(
        self,
        ask: Callable[[ConfirmWipeDown], Awaitable[object]],
        rng: random.Random,
        *,
        median: float,
        role: str = "cleaner",
    ) -> None:
        self._ask = ask
        self._rng = rng
        self._median = median
        self._actor = Actor(id=f"simulated-{role}", role=role)
        self._manager: Orchestrator
        self._under_way: dict[RobotId, asyncio.Task[None]] = {}

    def attend(self, manager: Orchestrator) -> None:
        """Watch a manager that begins, and see which robots wait already."""
        self._manager = manager
        manager.watch(self._saw)
        for mission in manager.state.missions:
            self._look_at(mission)

    def _saw(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, StepChanged) and event.status is StepStatus.WAITING_FOR_PERSON:
            self._look_at(event.mission)

    def _look_at(self, mission_id: MissionId) -> None:
        mission = self._manager.state.missions.get(mission_id)
        step = mission.step if mission is not None else None
        if mission is None or step is None or mission.robot in self._under_way:
            return
        if step.kind is StepKind.DECONTAMINATE and step.status is StepStatus.WAITING_FOR_PERSON:
            seconds = self._median * math.exp(self._rng.gauss(0.0, _SIGMA))
            self._under_way[mission.robot] = asyncio.get_running_loop().create_task(self._wipe(mission.robot, seconds))

    async def _wipe(self, robot: RobotId, seconds: float) -> None:
        await asyncio.sleep(seconds)
        try:
            while True:
                try:
                    await self._ask(ConfirmWipeDown(actor=self._actor, robot=robot))
                except ManagerCrashed:
                    await asyncio.sleep(_TRIES_AGAIN)
                except WardFleetError:
                    return
                else:
                    return
        finally:
            del self._under_way[robot]
