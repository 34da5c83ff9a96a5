"""Doors and lifts of the simulated world, in this process or behind its link."""

from __future__ import annotations

import asyncio
from typing import assert_never

from fleet_manager.orchestration.ports import FleetManager
from maps.model import DoorId, LevelId, LiftId
from sim.port import LEASE, BuildingEvent, BuildingPort, DoorState, LiftState


class SimulatedBuilding:
    """Satisfies `ports.Doors` and `ports.Lifts`. It renews the leases of all sessions that are not released."""

    def __init__(self, building: BuildingPort) -> None:
        self._building = building
        self._doors: dict[str, DoorId] = {}
        self._lifts: dict[str, tuple[LiftId, LevelId]] = {}
        self._renewal: asyncio.TimerHandle | None = None
        self._manager: FleetManager | None = None
        self.doors = _Doors(self)
        self.lifts = _Lifts(self)

    def attach(self, manager: FleetManager) -> None:
        """Report to `manager` from now on, beginning with how everything stands."""
        self._manager = manager
        self._unwatch = self._building.watch_building(self._heard)

    def close(self) -> None:
        """Stop reporting and renewing; what is held runs out."""
        self._unwatch()
        if self._renewal is not None:
            self._renewal.cancel()

    def _heard(self, event: BuildingEvent) -> None:
        assert self._manager is not None
        match event:
            case DoorState(door=door, open=is_open):
                self._manager.door_reported(door, is_open=is_open)
            case LiftState():
                self._manager.lift_reported(
                    event.lift,
                    level=event.level,
                    doors_open=event.doors_open,
                    session=event.session,
                    available=event.available,
                )
            case _:
                assert_never(event)

    def hold_door(self, door: DoorId, session: str) -> None:
        self._doors[session] = door
        self._building.open_door(door, session)
        self._renew_later()

    def let_door(self, door: DoorId, session: str) -> None:
        self._doors.pop(session, None)
        self._building.release_door(door, session)

    def hold_lift(self, lift: LiftId, session: str, level: LevelId) -> None:
        self._lifts[session] = (lift, level)
        self._building.call_lift(lift, session, level)
        self._renew_later()

    def let_lift(self, lift: LiftId, session: str) -> None:
        self._lifts.pop(session, None)
        self._building.release_lift(lift, session)

    def _renew_later(self) -> None:
        if self._renewal is None:
            self._renewal = asyncio.get_running_loop().call_later(LEASE / 2, self._renew)

    def _renew(self) -> None:
        self._renewal = None
        for session, door in self._doors.items():
            self._building.open_door(door, session)
        for session, (lift, level) in self._lifts.items():
            self._building.call_lift(lift, session, level)
        if self._doors or self._lifts:
            self._renew_later()


class _Doors:
    def __init__(self, building: SimulatedBuilding) -> None:
        self._building = building

    def request(self, door: DoorId, session: str) -> None:
        self._building.hold_door(door, session)

    def release(self, door: DoorId, session: str) -> None:
        self._building.let_door(door, session)


class _Lifts:
    def __init__(self, building: SimulatedBuilding) -> None:
        self._building = building

    def request(self, lift: LiftId, session: str, level: LevelId) -> None:
        self._building.hold_lift(lift, session, level)

    def release(self, lift: LiftId, session: str) -> None:
        self._building.let_lift(lift, session)
