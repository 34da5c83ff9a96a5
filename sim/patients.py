"""Simulated patients, who take their meals from robots that call them, and visitors, who come to be led."""

from __future__ import annotations

import asyncio
import math
import random
from typing import Final

from fleet_manager.domain.events import Recorded, StepChanged
from fleet_manager.domain.missions import MissionId, Step, StepId, StepKind, StepStatus
from fleet_manager.orchestration.orchestrator import Orchestrator
from maps.model import RobotId
from sim.followers import Dawdle
from sim.world import World

_SIGMA: Final = 0.5


class Patients:
    """Take the meal out of the open compartment, whose sensor tells that, a seeded lognormal while after the call.

    A `share` of them does not come, and who is in `asleep` (bed numbers) never does.
    """

    def __init__(self, world: World, rng: random.Random, *, median: float, share: float = 0.0) -> None:
        self._world = world
        self._rng = rng
        self._median = median
        self.share = share
        self.asleep: set[str] = set()
        self._manager: Orchestrator
        self._called: dict[StepId, None] = {}

    def attend(self, manager: Orchestrator) -> None:
        """Watch a manager that begins, and see who is called already."""
        self._manager = manager
        manager.watch(self._saw)
        for mission in tuple(manager.state.missions):
            self._look_at(mission)

    def _saw(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, StepChanged) and event.status is StepStatus.WAITING_FOR_PERSON:
            self._look_at(event.mission)

    def _look_at(self, mission_id: MissionId) -> None:
        mission = self._manager.state.missions.get(mission_id)
        step = mission.step if mission is not None else None
        if mission is None or step is None or step.called is None or step.id in self._called:
            return
        if step.kind is StepKind.DROP_OFF and step.status is StepStatus.WAITING_FOR_PERSON:
            self._called[step.id] = None
            seconds = self._median * math.exp(self._rng.gauss(0.0, _SIGMA))
            stays_away = self._rng.random() < self.share
            if not stays_away and step.called.bed not in self.asleep:
                asyncio.get_running_loop().call_later(seconds, self._take, mission.robot, step)

    def _take(self, robot: RobotId, step: Step) -> None:
        """Out of what was opened for them, if it still is; a porter hands it over in person."""
        if robot not in self._world.bodies:
            return
        loads = dict(self._manager.state.robots[robot].loads)
        for item in step.items:
            if item in loads:
                self._world.take_goods(robot, loads[item])


class Led:
    """Come to robots that wait for a visitor, and follow them; `dawdles` is what the next of them do on the way.

    Without any, some dawdle all the same: a seeded half of them stands for a while, once.
    """

    def __init__(self, world: World, rng: random.Random, *, median: float) -> None:
        self._world = world
        self._rng = rng
        self._median = median
        self.dawdles: list[tuple[Dawdle, ...]] = []
        self._absent = 0
        self._manager: Orchestrator

    def attend(self, manager: Orchestrator) -> None:
        """Watch a manager that begins; who follows already goes on with it."""
        self._manager = manager
        manager.watch(self._saw)

    def stay_away(self, times: int = 1) -> None:
        """Nobody comes to the next robots that wait."""
        self._absent += times

    def _saw(self, recorded: Recorded) -> None:
        event = recorded.event
        if not isinstance(event, StepChanged) or event.status is not StepStatus.ACTIVE:
            return
        mission = self._manager.state.missions.get(event.mission)
        step = mission.step if mission is not None else None
        if mission is None or step is None or step.id != event.step or step.kind is not StepKind.MEET:
            return
        if self._absent:
            self._absent -= 1
            return
        seconds = self._median * math.exp(self._rng.gauss(0.0, _SIGMA))
        asyncio.get_running_loop().call_later(seconds, self._come, mission.robot)

    def _come(self, robot: RobotId) -> None:
        self._world.followers.come(robot, dawdles=self.dawdles.pop(0) if self.dawdles else self._some())

    def _some(self) -> tuple[Dawdle, ...]:
        if self._rng.random() < 0.5:
            return ()
        return (Dawdle(after=self._rng.uniform(5.0, 20.0), seconds=self._rng.uniform(10.0, 40.0)),)
