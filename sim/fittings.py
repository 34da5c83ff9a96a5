"""What a body has besides its drive: compartments that open and close, the contacts for its charger, and its tank."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Final

from maps.model import Charger, RefillPoint, WaypointId
from sim.bodies import Body
from sim.port import BodyEvent, ChargeReached, CompartmentMoved, Docked, GoodsTaken, Refilled, Refusal
from sim.tank import Tank

COMPARTMENT_TIME: Final = 2.0
DOCKING_TIME: Final = 6.0
_SAME_LEVEL: Final = 1e-9
_SPREAD: Final = 0.15
"""Times vary by this share either way."""


class Fittings:
    """Compartments and charging of one body. `charge_levels` are told when crossed upwards on a charger."""

    def __init__(
        self,
        body: Body,
        *,
        loop: asyncio.AbstractEventLoop,
        rng: random.Random,
        tell: Callable[[BodyEvent], None],
    ) -> None:
        self._body = body
        self._loop = loop
        self._rng = rng
        self._tell = tell
        self._open = dict.fromkeys((compartment.id for compartment in body.fleet.compartments), False)
        self._movements: dict[str, asyncio.TimerHandle] = {}
        self._charge_levels = tuple(sorted({body.fleet.battery.recharge_below, 0.8, 1.0}))
        self._charging: asyncio.TimerHandle | None = None
        self._docked_at: Charger | None = None
        self._filling: asyncio.TimerHandle | None = None
        self.on_since: float | None = None
        self.tank = Tank(body) if body.fleet.sprayer is not None else None

    def move_compartment(self, compartment: str, opened: bool) -> None:
        if compartment not in self._open:
            self._refuse(compartment, f"there is no compartment {compartment}")
        elif opened and self._body.moving:
            self._refuse(compartment, "the robot is driving")
        else:
            running = self._movements.pop(compartment, None)
            if running is not None:
                running.cancel()
            time = self._varied(COMPARTMENT_TIME) if self._open[compartment] is not opened else 0.0
            self._open[compartment] = self._open[compartment] or opened
            self._body.lock(any(self._open.values()))
            self._movements[compartment] = self._loop.call_later(time, self._moved, compartment, opened)

    def dock(self, waypoint: WaypointId, charger: Charger | None) -> None:
        """Dock at the charger at `waypoint`, where the body must stand; None when there is none."""
        if charger is None:
            self._refuse(waypoint, f"there is no charger at {waypoint}")
        elif self._docked_at is charger:
            self._tell(Docked(waypoint, self._loop.time()))
        elif self._body.moving or self._body.waypoint != waypoint:
            self._refuse(waypoint, f"the robot does not stand at charger {waypoint}")
        elif self._charging is None:
            self._charging = self._loop.call_later(self._varied(DOCKING_TIME), self._docked, charger)

    def switch(self, on: bool, rate: float = 0.0) -> None:
        """Its lamp or sprayer, which gives `rate` litres per metre."""
        if self.tank is not None:
            self.tank.give(rate if on else 0.0)
        if on is (self.on_since is None):
            self.on_since = self._loop.time() if on else None

    def refill(self, waypoint: WaypointId, point: RefillPoint | None) -> None:
        """Fill the tank at the refill point at `waypoint`, where the body must stand; None when there is none."""
        sprayer = self._body.fleet.sprayer
        if point is None or sprayer is None:
            self._refuse(waypoint, f"no tank of this robot is filled at {waypoint}")
        elif self._body.moving or self._body.waypoint != waypoint:
            self._refuse(waypoint, f"the robot does not stand at refill point {waypoint}")
        elif self._filling is None:
            self._filling = self._loop.call_later(self._varied(sprayer.refill_time), self._filled, waypoint)

    def leave_refill_point(self) -> None:
        """It drives away: what is not in the tank yet never comes there."""
        if self._filling is not None:
            self._filling.cancel()
            self._filling = None

    def undock(self) -> None:
        if self._charging is not None:
            self._charging.cancel()
            self._charging = None
        if self._docked_at is not None:
            self._docked_at = None
            self._body.charge.draw(self._body.fleet.battery.idle_drain, self._loop.time())

    def take_goods(self, compartment: str) -> None:
        if self._open.get(compartment):
            self._tell(GoodsTaken(compartment, self._loop.time()))

    def _moved(self, compartment: str, opened: bool) -> None:
        del self._movements[compartment]
        self._open[compartment] = opened
        self._tell(CompartmentMoved(compartment, opened, self._loop.time()))
        self._body.lock(any(self._open.values()))

    def _docked(self, charger: Charger) -> None:
        self._charging = None
        self._docked_at = charger
        now = self._loop.time()
        self._body.charge.draw(-charger.power, now)
        self._tell(Docked(charger.waypoint, now))
        self._await_level()

    def _filled(self, waypoint: WaypointId) -> None:
        self._filling = None
        if self.tank is not None:
            self.tank.fill()
        self._tell(Refilled(waypoint, self._loop.time()))

    def _await_level(self) -> None:
        now = self._loop.time()
        charge = self._body.charge
        above = [level for level in self._charge_levels if level > charge.at(now) + _SAME_LEVEL]
        reached = charge.reaches(above[0]) if above else None
        if reached is not None:
            self._charging = self._loop.call_at(max(now, reached), self._crossed, above[0])

    def _crossed(self, level: float) -> None:
        self._charging = None
        now = self._loop.time()
        self._tell(ChargeReached(level, now))
        if self._docked_at is not None:
            self._await_level()

    def _varied(self, time: float) -> float:
        return time * self._rng.uniform(1.0 - _SPREAD, 1.0 + _SPREAD)

    def _refuse(self, subject: str, reason: str) -> None:
        self._tell(Refusal(subject, reason, self._loop.time()))
