"""Lifts of the simulated building: one car each, its doors, and the line of sessions that wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from enum import Enum
from math import sqrt
from typing import Final

from maps.model import LevelId, Lift, WaypointId
from sim.gates import Gate, Traveller
from sim.leases import Leases
from sim.port import LEASE, BuildingEvent, LiftState, SessionRefused

CAR_ACCELERATION: Final = 0.8
"""m/s², of an ordinary passenger lift."""

FULL: Final = 0.8
"""The load from which a car counts as full, as lifts do that pass by the calls of landings then (full-load bypass)."""

PEOPLE: Final = "people"
"""The session of people who ride in the car."""


class _Doors(Enum):
    CLOSED = "closed"
    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"


class SimulatedLift:
    """The car serves the first session in line until that is released; the others wait.

    It comes to the session's level, opens, and stays there with open doors until the session calls another level or
    is released. The doors don't close on a body in the doorway. A session whose lease ran out is kept while a body is
    in the car: calling again under the same name takes it up.

    People who wait at a landing step in as soon as the doors open, unless a robot is inside; their own call waits in
    line like any other.
    """

    def __init__(
        self,
        lift: Lift,
        elevations: Mapping[LevelId, float],
        loop: asyncio.AbstractEventLoop,
        tell: Callable[[BuildingEvent], None],
    ) -> None:
        self.lift = lift
        self.landings = {
            level: Gate(f"lift {lift.id} is not at {level}", opened=False, crossed=self._crossed, freed=self._freed)
            for level in lift.levels
        }
        self._cabins = frozenset(waypoint for waypoints in lift.cabins.values() for waypoint in waypoints)
        self._elevations = elevations
        self._loop = loop
        self._tell = tell
        self._leases = Leases(loop, expired=self._expired, keep=self._is_holder_aboard)
        self._wanted: dict[str, LevelId] = {}
        self._fencing: dict[str, int] = {}
        self._level = lift.initial_level
        self._doors = _Doors.CLOSED
        self._moving = False
        self._aboard: dict[Traveller, None] = {}
        self._stuck = False
        self._silent = False
        self._load = 0.0
        self._riding_to: LevelId | None = None
        self._crowds: list[tuple[LevelId, LevelId]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._told = self.state

    @property
    def state(self) -> LiftState:
        level = None if self._moving else self._level
        session = self._leases.first
        return LiftState(
            self.lift.id,
            level,
            self._doors is _Doors.OPEN,
            session,
            not self._stuck,
            fencing=self._fencing[session] if session is not None else 0,
            load=self._load,
            full=self._load >= FULL,
        )

    def call(self, session: str, level: LevelId, lease: float, fencing: int = 0) -> None:
        if not self.lift.connected:
            raise LookupError(f"lift {self.lift.id} has no building interface")
        if level not in self.landings:
            raise LookupError(f"lift {self.lift.id} does not serve level {level}")
        if not self._leases.hold(session, lease, fencing):
            self._tell(SessionRefused(self.lift.id, session, self._leases.newest))
            return
        self._wanted[session] = level
        self._fencing[session] = fencing
        before = self._told
        self._step()
        self._announce()
        if self._told is before:
            self._answer()

    def release(self, session: str) -> None:
        if self._leases.drop(session):
            del self._wanted[session], self._fencing[session]
            self._step()
            self._announce()

    def board(self, body: Traveller) -> None:
        """The body is in the car."""
        self._aboard[body] = None

    def leave(self, body: Traveller) -> None:
        self._aboard.pop(body, None)

    def jam(self, stuck: bool) -> None:
        """Fault: the car finishes what it is doing and then does nothing until it is over."""
        self._stuck = stuck
        self._announce()
        self._step()

    def fall_silent(self, silent: bool) -> None:
        """Fault: the lift does nothing and tells nothing until it is over."""
        self._silent = self._stuck = silent
        self._step()
        if not silent:
            self._answer()

    def crowd(self, at: LevelId, to: LevelId) -> None:
        """People wait at a landing; they fill the car the next time it opens there, and ride to `to`."""
        self._crowds.append((at, to))

    def _is_holder_aboard(self, session: str) -> bool:
        return bool(self._aboard) and session == self._leases.first

    def _expired(self) -> None:
        self._wanted = {session: self._wanted[session] for session in self._leases}
        self._fencing = {session: self._fencing[session] for session in self._leases}
        self._step()
        self._announce()

    def _crossed(self, body: Traveller, waypoint: WaypointId) -> None:
        if waypoint in self._cabins:
            self.board(body)
        else:
            self.leave(body)

    def _freed(self) -> None:
        self._leases.check()
        self._step()

    def _step(self) -> None:
        """Do the next thing that the first session in line needs; timers lead back here."""
        if self._timer is not None or self._stuck:
            return
        session = self._leases.first
        goal = self._wanted[session] if session is not None else None
        if goal == self._level:
            if self._doors is _Doors.CLOSED:
                self._doors = _Doors.OPENING
                self._after(self.lift.door_time, self._opened)
        elif self._doors is _Doors.OPEN:
            if not self.landings[self._level].busy:
                self._doors = _Doors.CLOSING
                self._after(self.lift.door_time, self._closed)
                self.landings[self._level].set(False)
                self._announce()
        elif goal is not None:
            self._moving = True
            self._after(self._travel_time(self._level, goal), self._arrived, goal)
            self._announce()

    def _announce(self) -> None:
        if self.state != self._told:
            self._answer()

    def _answer(self) -> None:
        if not self._silent:
            self._told = self.state
            self._tell(self._told)

    def _after(self, delay: float, then: Callable[..., None], *arguments: LevelId) -> None:
        def due() -> None:
            self._timer = None
            then(*arguments)
            self._announce()
            self._step()

        self._timer = self._loop.call_later(delay, due)

    def _opened(self) -> None:
        self._doors = _Doors.OPEN
        self._exchange_people()
        self.landings[self._level].set(True)

    def _exchange_people(self) -> None:
        """Those who are there get out, then those who wait here get in."""
        if self._riding_to == self._level:
            self._riding_to, self._load = None, 0.0
            if self._leases.drop(PEOPLE):
                del self._wanted[PEOPLE], self._fencing[PEOPLE]
        waiting = next((crowd for crowd in self._crowds if crowd[0] == self._level), None)
        if waiting is not None and self._riding_to is None and not self._aboard:
            self._crowds.remove(waiting)
            self._riding_to, self._load = waiting[1], 1.0
            self._wanted[PEOPLE], self._fencing[PEOPLE] = waiting[1], 0
            self._leases.hold(PEOPLE, LEASE * 60.0, 0)

    def _closed(self) -> None:
        self._doors = _Doors.CLOSED

    def _arrived(self, level: LevelId) -> None:
        self._moving = False
        self._level = level
        for body in self._aboard:
            body.carried_to(level)

    def _travel_time(self, start: LevelId, end: LevelId) -> float:
        way = abs(self._elevations[end] - self._elevations[start])
        speed = self.lift.speed
        if way < speed * speed / CAR_ACCELERATION:
            return 2.0 * sqrt(way / CAR_ACCELERATION)
        return way / speed + speed / CAR_ACCELERATION
