"""Simulated ward staff who clean a room that is to be disinfected, leave it, shut its door, and say so."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from typing import Final

from fleet_manager.domain.disinfection import RoomNews
from fleet_manager.domain.errors import WardFleetError
from fleet_manager.domain.events import Recorded, StepChanged
from fleet_manager.domain.missions import StepStatus
from fleet_manager.domain.tasks import Actor
from fleet_manager.orchestration.commands import ReportRoom
from fleet_manager.orchestration.orchestrator import Orchestrator
from maps.model import ZoneId
from sim.crashes import ManagerCrashed
from sim.world import World

_SIGMA: Final = 0.5
_TRIES_AGAIN: Final = 5.0
_CLEANER: Final = Actor(id="simulated-cleaner", role="cleaner")
_NURSE: Final = Actor(id="simulated-nurse", role="nurse")


class RoomStaff:
    """Come to every robot that waits to disinfect a room, each time after a seeded lognormal while."""

    def __init__(
        self, ask: Callable[[ReportRoom], Awaitable[object]], world: World, rng: random.Random, *, median: float
    ) -> None:
        self._ask = ask
        self._world = world
        self._rng = rng
        self._median = median
        self._manager: Orchestrator
        self._under_way: dict[ZoneId, asyncio.Task[None]] = {}

    def attend(self, manager: Orchestrator) -> None:
        """Watch a manager that begins, and see which rooms are waited for already."""
        self._manager = manager
        manager.watch(self._saw)
        for mission in manager.state.missions.values():
            step = mission.step
            if step is not None and step.treatment is not None and step.status is StepStatus.WAITING_FOR_PERSON:
                self._come(step.treatment.zone)

    def _saw(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, StepChanged) and event.status is StepStatus.WAITING_FOR_PERSON:
            mission = self._manager.state.missions.get(event.mission)
            step = mission.step if mission is not None else None
            if step is not None and step.treatment is not None:
                self._come(step.treatment.zone)

    def _come(self, zone: ZoneId) -> None:
        if zone not in self._under_way:
            seconds = self._median * math.exp(self._rng.gauss(0.0, _SIGMA))
            self._under_way[zone] = asyncio.get_running_loop().create_task(self._see_to(zone, seconds))

    async def _see_to(self, zone: ZoneId, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._world.rooms.empty(zone)
        try:
            await self._tell(ReportRoom(actor=_CLEANER, zone=zone, news=RoomNews.CLEANED))
        finally:
            # It may be entered again as soon as the next is said: then somebody else comes.
            del self._under_way[zone]
        await self._tell(ReportRoom(actor=_NURSE, zone=zone, news=RoomNews.VACATED))

    async def _tell(self, report: ReportRoom) -> None:
        while True:
            try:
                await self._ask(report)
            except ManagerCrashed:
                await asyncio.sleep(_TRIES_AGAIN)
            except WardFleetError:
                return
            else:
                return
