"""Automatic doors of the simulated building."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from maps.model import Door
from sim.gates import Gate
from sim.leases import Leases
from sim.port import BuildingEvent, DoorState, SessionRefused


class SimulatedDoor:
    """Opens while any session holds it; closes when none does and nothing drives through.

    The leaves move at constant speed and may turn back half way. Doors that are not automatic stand open.
    """

    def __init__(self, door: Door, loop: asyncio.AbstractEventLoop, tell: Callable[[BuildingEvent], None]) -> None:
        self.door = door
        self.gate = Gate(f"door {door.id} is not open", opened=not door.automatic, freed=self._step)
        self._loop = loop
        self._tell = tell
        self._leases = Leases(loop, expired=self._step)
        self._opening = 0.0 if door.automatic else 1.0
        self._speed = 0.0
        self._since = loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._stuck = False
        self._slow = 1.0
        self._told = self.state

    @property
    def state(self) -> DoorState:
        still = self._speed == 0.0
        return DoorState(
            self.door.id, open=self.gate.open, closed=still and self._opening == 0.0, available=not self._stuck
        )

    def hold(self, session: str, lease: float, fencing: int = 0) -> None:
        if self._leases.hold(session, lease, fencing):
            self._step()
        else:
            self._tell(SessionRefused(self.door.id, session, self._leases.newest))

    def release(self, session: str) -> None:
        if self._leases.drop(session):
            self._step()

    def jam(self, stuck: bool) -> None:
        """Fault: the leaves stay where they are until it is over."""
        self._stuck = stuck
        if stuck:
            self._move(0.0)
        self._announce()
        self._step()

    def slow_down(self, factor: float) -> None:
        """Fault: from their next movement on the leaves move with only `factor` of their speed."""
        self._slow = factor

    def _step(self) -> None:
        if not self.door.automatic or self._stuck:
            return
        ajar = self._opening > 0.0 or self._speed > 0.0
        if self._leases.first is not None:
            if not self.gate.open and self._speed <= 0.0:
                self._move(self._slow / self.door.travel_time)
                self._announce()
        elif ajar and self._speed >= 0.0 and not (self.gate.open and self.gate.busy):
            self._move(-self._slow / self.door.travel_time)
            self.gate.set(False)
            self._announce()

    def _announce(self) -> None:
        if self.state != self._told:
            self._told = self.state
            self._tell(self._told)

    def _move(self, speed: float) -> None:
        now = self._loop.time()
        self._opening = min(1.0, max(0.0, self._opening + self._speed * (now - self._since)))
        self._since, self._speed = now, speed
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if speed != 0.0:
            way = 1.0 - self._opening if speed > 0.0 else self._opening
            self._timer = self._loop.call_at(now + way / abs(speed), self._at_end)

    def _at_end(self) -> None:
        self._timer = None
        self._opening = 1.0 if self._speed > 0.0 else 0.0
        self._speed = 0.0
        self._since = self._loop.time()
        self.gate.set(self._opening == 1.0)
        self._announce()
        self._step()
