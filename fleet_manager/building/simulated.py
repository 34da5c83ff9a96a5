"""Doors, lifts, crossings and fire alarm of the simulated world, in this process or behind its link."""

from __future__ import annotations

from typing import assert_never

from fleet_manager.building.fire_alarm import FireAlarmPanel
from fleet_manager.orchestration.ports import CrossingReport, FleetManager, LiftReport
from maps.model import CrossingId, DoorId, LevelId, LiftId
from sim.port import BuildingEvent, BuildingPort, CrossingState, DoorState, FireAlarmState, LiftState, SessionRefused


class SimulatedBuilding:
    """Offers `ports.Doors`, `ports.Lifts` and `ports.Crossings`, and reports what becomes of the requests."""

    def __init__(self, building: BuildingPort) -> None:
        self._building = building
        self._manager: FleetManager | None = None
        self.doors = _Doors(building)
        self.lifts = _Lifts(building)
        self.crossings = _Crossings(building)

    def attach(self, manager: FleetManager) -> None:
        """Report to `manager` from now on, beginning with how everything stands."""
        self._manager = manager
        self._panel = FireAlarmPanel(manager)
        self._unwatch = self._building.watch_building(self._heard)

    def close(self) -> None:
        """Stop reporting; what is held runs out."""
        self._unwatch()

    def _heard(self, event: BuildingEvent) -> None:
        assert self._manager is not None
        match event:
            case DoorState(door=door, open=is_open):
                self._manager.door_reported(door, is_open=is_open)
            case LiftState():
                self._manager.lift_reported(event.lift, _report(event))
            case CrossingState(crossing=crossing):
                report = CrossingReport(green=event.green, remaining=event.remaining)
                self._manager.crossing_reported(crossing, report)
            case FireAlarmState(place=place, active=active):
                self._panel.contact(place, active=active)
            case SessionRefused():
                self._manager.session_refused(event.session, newest=event.newest)
            case _:
                assert_never(event)


def _report(state: LiftState) -> LiftReport:
    return LiftReport(
        level=state.level,
        doors_open=state.doors_open,
        session=state.session,
        available=state.available,
        fencing=state.fencing,
        load=state.load,
        full=state.full,
    )


class _Doors:
    def __init__(self, building: BuildingPort) -> None:
        self._building = building

    def request(self, door: DoorId, session: str, *, fencing: int, lease: float) -> None:
        self._building.open_door(door, session, lease, fencing)

    def release(self, door: DoorId, session: str) -> None:
        self._building.release_door(door, session)


class _Crossings:
    def __init__(self, building: BuildingPort) -> None:
        self._building = building

    def request(self, crossing: CrossingId, session: str, *, fencing: int, lease: float) -> None:
        self._building.ask_crossing(crossing, session, lease, fencing)

    def release(self, crossing: CrossingId, session: str) -> None:
        self._building.release_crossing(crossing, session)


class _Lifts:
    def __init__(self, building: BuildingPort) -> None:
        self._building = building

    def request(self, lift: LiftId, session: str, level: LevelId, *, fencing: int, lease: float) -> None:
        self._building.call_lift(lift, session, level, lease, fencing)

    def release(self, lift: LiftId, session: str) -> None:
        self._building.release_lift(lift, session)
