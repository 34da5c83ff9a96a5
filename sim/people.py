"""Simulated people: nurses who load and unload robots through the same use case as real ones."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from typing import Final

from fleet_manager.domain.errors import Conflict, NotFound
from fleet_manager.domain.events import Recorded, StepChanged
from fleet_manager.domain.missions import StepStatus
from fleet_manager.domain.tasks import Actor, TaskId
from fleet_manager.orchestration.commands import HandOver
from fleet_manager.orchestration.orchestrator import Orchestrator
from sim.crashes import ManagerCrashed

MEDIAN: Final = 30.0
"""Seconds until somebody comes to a waiting robot, median of a lognormal distribution."""

_SIGMA: Final = 0.5
_TRIES_AGAIN: Final = 5.0
"""Seconds until somebody whose hand-over got no answer tries again."""

_NURSE: Final = Actor(id="simulated-nurse", role="nurse")


class Nurses:
    """Come to every robot that waits for a hand-over, each time after a seeded lognormal while.

    They know nothing of restarts: who is on the way asks the manager that runs by then, through `ask`.
    """

    def __init__(
        self, ask: Callable[[HandOver], Awaitable[object]], rng: random.Random, *, median: float = MEDIAN
    ) -> None:
        self._ask = ask
        self._rng = rng
        self._median = median
        self._manager: Orchestrator
        self._under_way: set[asyncio.Task[None]] = set()
        self._awaited: dict[str, None] = {}
        self._absent = 0

    def attend(self, manager: Orchestrator) -> None:
        """Watch a manager that begins, and see who waits already."""
        self._manager = manager
        manager.watch(self._saw)
        for mission in manager.state.missions.values():
            step = mission.step
            if mission.task is not None and step is not None and step.status is StepStatus.WAITING_FOR_PERSON:
                self._come(mission.task, step.id)

    def stay_away(self, times: int = 1) -> None:
        """Fault: nobody comes for the next hand-overs that fall due."""
        self._absent += times

    def _saw(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, StepChanged) and event.status is StepStatus.WAITING_FOR_PERSON:
            mission = self._manager.state.missions.get(event.mission)
            if mission is not None and mission.task is not None:
                self._come(mission.task, event.step)

    def _come(self, task: TaskId, step: str) -> None:
        if step in self._awaited:
            return
        self._awaited[step] = None
        if self._absent:
            self._absent -= 1
            return
        seconds = self._median * math.exp(self._rng.gauss(0.0, _SIGMA))
        asyncio.get_running_loop().call_later(seconds, self._start, task, step)

    def _start(self, task: TaskId, step: str) -> None:
        doing = asyncio.get_running_loop().create_task(self._hand_over(task, step))
        self._under_way.add(doing)
        doing.add_done_callback(self._under_way.discard)

    async def _hand_over(self, task: TaskId, step: str) -> None:
        try:
            await self._ask(HandOver(actor=_NURSE, task=task, step=step))
        except (Conflict, NotFound):
            return
        except ManagerCrashed:
            asyncio.get_running_loop().call_later(_TRIES_AGAIN, self._start, task, step)
