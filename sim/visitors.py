"""Visitors who pass the robots that look at people: healthy ones mostly, some with a fever, some without a mask."""

from __future__ import annotations

import asyncio
import random
from typing import Final

from maps.model import RobotId
from sim.passers import Passers

_USUAL: Final = 36.5
_FEVER: Final = 38.4
_SPREAD: Final = 0.3
_WITH_FEVER: Final = 0.08
_WITHOUT_MASK: Final = 0.1


class Visitors:
    """`per_hour` people pass each robot that screens, at random times."""

    def __init__(self, passers: Passers, rng: random.Random, *, per_hour: float) -> None:
        self._passers = passers
        self._rng = rng
        self._per_hour = per_hour

    async def come(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(self._rng.expovariate(self._per_hour / 3600.0))
            for robot in self._passers.watching():
                self._pass(robot)

    def _pass(self, robot: RobotId) -> None:
        mean = _FEVER if self._rng.random() < _WITH_FEVER else _USUAL
        temperature = round(self._rng.gauss(mean, _SPREAD), 1)
        mask = self._rng.random() >= _WITHOUT_MASK
        self._passers.pass_by(robot, temperature=temperature, mask=mask, aside=self._rng.uniform(1.0, 3.0))
