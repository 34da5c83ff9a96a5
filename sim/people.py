"""Simulated people: nurses who load and unload robots through the same use case as real ones."""

from __future__ import annotations

import asyncio
import math
import random
from typing import Final

from fleet_manager.domain.errors import Conflict, NotFound
from fleet_manager.domain.events import Recorded, StepChanged
from fleet_manager.domain.missions import StepStatus
from fleet_manager.domain.tasks import Actor, TaskId
from fleet_manager.orchestration.commands import HandOver
from fleet_manager.orchestration.orchestrator import Orchestrator

MEDIAN: Final = 30.0
"""Seconds until somebody comes to a waiting robot, median of a lognormal distribution."""

_SIGMA: Final = 0.5
_NURSE: Final = Actor(id="simulated-nurse", role="nurse")


class Nurses:
    """Come to every robot that waits for a hand-over, each time after a seeded lognormal while."""

    def __init__(self, manager: Orchestrator, rng: random.Random, *, median: float = MEDIAN) -> None:
        self._manager = manager
        self._rng = rng
        self._median = median
        self._under_way: set[asyncio.Task[None]] = set()
        manager.watch(self._saw)

    def take_up(self) -> None:
        """After a restart of the manager: see who waits already."""
        for mission in self._manager.state.missions.values():
            step = mission.step
            if mission.task is not None and step is not None and step.status is StepStatus.WAITING_FOR_PERSON:
                self._come(mission.task, step.id)

    def _saw(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, StepChanged) and event.status is StepStatus.WAITING_FOR_PERSON:
            mission = self._manager.state.missions.get(event.mission)
            if mission is not None and mission.task is not None:
                self._come(mission.task, event.step)

    def _come(self, task: TaskId, step: str) -> None:
        seconds = self._median * math.exp(self._rng.gauss(0.0, _SIGMA))
        asyncio.get_running_loop().call_later(seconds, self._start, task, step)

    def _start(self, task: TaskId, step: str) -> None:
        doing = asyncio.get_running_loop().create_task(self._hand_over(task, step))
        self._under_way.add(doing)
        doing.add_done_callback(self._under_way.discard)

    async def _hand_over(self, task: TaskId, step: str) -> None:
        try:
            await self._manager.do(HandOver(actor=_NURSE, task=task, step=step))
        except (Conflict, NotFound):
            return
