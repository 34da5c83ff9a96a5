"""Signals of the simulated street: red until somebody asks for green, then green for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from maps.model import Crossing
from sim.gates import Gate
from sim.leases import Leases
from sim.port import BuildingEvent, CrossingState, SessionRefused


class SimulatedCrossing:
    """While any session asks, it is green for `green` s and then red for `red` s; one that goes by itself always does.

    The last `clearance` seconds of a green are for those on the street: the gate lets nobody onto it any more.
    """

    def __init__(
        self, crossing: Crossing, loop: asyncio.AbstractEventLoop, tell: Callable[[BuildingEvent], None]
    ) -> None:
        self.crossing = crossing
        self.gate = Gate(f"crossing {crossing.id} is red", opened=False)
        self._loop = loop
        self._tell = tell
        self._leases = Leases(loop, expired=self._nobody_asks)
        self._green_until: float | None = None
        self._red_since = loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._silent = False
        if not crossing.request:
            self._wait_for_green()

    @property
    def green(self) -> bool:
        return self._green_until is not None

    @property
    def state(self) -> CrossingState:
        left = self._green_until - self._loop.time() if self._green_until is not None else 0.0
        return CrossingState(self.crossing.id, green=self.green, remaining=max(0.0, left))

    def ask(self, session: str, lease: float, fencing: int = 0) -> None:
        """Ask for green, or ask again; answered with the signal's state."""
        if not self._leases.hold(session, lease, fencing):
            self._say(SessionRefused(self.crossing.id, session, self._leases.newest))
            return
        if not self.green and self._timer is None:
            self._wait_for_green()
        self._say(self.state)

    def release(self, session: str) -> None:
        self._leases.drop(session)

    def be_silent(self, silent: bool) -> None:
        """Fault: it neither hears nor tells anything, and its lights go on as before."""
        self._silent = silent
        if not silent:
            self._say(self.state)

    def _nobody_asks(self) -> None:
        """What is asked for no more simply does not become green again."""

    def _wait_for_green(self) -> None:
        wait = max(self.crossing.reaction, self._red_since + self.crossing.red - self._loop.time())
        self._timer = self._loop.call_later(wait, self._turn_green)

    def _turn_green(self) -> None:
        if self.crossing.request and self._leases.first is None:
            self._timer = None
            return
        self._green_until = self._loop.time() + self.crossing.green
        self.gate.set(True)
        self._timer = self._loop.call_later(self.crossing.green - self.crossing.clearance, self._clear)
        self._say(self.state)

    def _clear(self) -> None:
        self.gate.set(False)
        self._timer = self._loop.call_later(self.crossing.clearance, self._turn_red)

    def _turn_red(self) -> None:
        self._green_until = None
        self._red_since = self._loop.time()
        self._timer = None
        self._say(self.state)
        if not self.crossing.request or self._leases.first is not None:
            self._wait_for_green()

    def _say(self, event: BuildingEvent) -> None:
        if not self._silent:
            self._tell(event)
