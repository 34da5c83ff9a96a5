"""People who call a lift and ride in it, one trip after the other's turn."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from maps.model import LevelId, LiftId
from sim.port import BuildingEvent, LiftState
from sim.world import World

BOARDING: Final = 5.0
"""Seconds that the doors stay open for people who get in or out."""

_PATIENCE: Final = 900.0
"""Seconds after which people who wait for the car take the stairs."""


@dataclass(slots=True)
class _Trip:
    to: LevelId
    wanted: LevelId


class Passengers:
    """Seeded trips between the levels of one lift; each is a session of its own in the line for the car."""

    def __init__(self, world: World, lift: LiftId, rng: random.Random) -> None:
        self._world = world
        self._lift = lift
        self._rng = rng
        self._trips: dict[str, _Trip] = {}
        self._number = 0
        self._end = 0.0
        self._rate = 0.0

    def ride_until(self, end: float, per_hour: float) -> None:
        """Come at random until `end` (s of the world's loop)."""
        self._end, self._rate = end, per_hour / 3600.0
        self._world.watch_building(self._saw)
        self._world.loop.call_later(self._rng.expovariate(self._rate), self._come)

    def _come(self) -> None:
        if self._world.loop.time() >= self._end:
            return
        levels = self._world.lifts[self._lift].lift.levels
        start, to = self._rng.sample(levels, 2)
        self._number += 1
        session = f"passenger-{self._number}"
        self._trips[session] = _Trip(to, start)
        self._world.call_lift(self._lift, session, start, _PATIENCE)
        self._world.loop.call_later(self._rng.expovariate(self._rate), self._come)

    def _saw(self, event: BuildingEvent) -> None:
        if not isinstance(event, LiftState) or event.lift != self._lift or not event.doors_open:
            return
        trip = self._trips.get(event.session or "")
        if trip is None or event.level != trip.wanted:
            return
        assert event.session is not None
        if trip.wanted == trip.to:
            del self._trips[event.session]
            self._world.loop.call_later(BOARDING, self._world.release_lift, self._lift, event.session)
        else:
            trip.wanted = trip.to
            self._world.loop.call_later(BOARDING, self._world.call_lift, self._lift, event.session, trip.to, _PATIENCE)
