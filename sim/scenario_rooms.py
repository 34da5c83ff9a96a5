"""People around rooms that are disinfected: who checks the lamps, and who walks in at the wrong moment."""

from __future__ import annotations

from typing import Final, Literal

from fleet_manager.domain.tasks import Actor
from fleet_manager.orchestration.commands import CheckLamp
from maps.model import ZoneId
from sim.scenario_fields import ClockTime, Minutes, Part, RobotName, ZoneName
from sim.stage import Stage

_TECHNICIAN: Final = Actor(id="simulated-technician", role="technician")


class LampCheck(Part):
    """At `at` a technician measures the lamps of `robots`, all that have one if none is named: they are in order."""

    kind: Literal["lamp_check"] = "lamp_check"
    at: ClockTime
    robots: tuple[RobotName, ...] = ()

    def enter(self, stage: Stage, number: int) -> None:
        stage.at(self.at, self._check, stage)

    def _check(self, stage: Stage) -> None:
        fleets = stage.hospital.site.fleets.values()
        robots = self.robots or tuple(r.id for fleet in fleets if fleet.lamp is not None for r in fleet.robots)
        stage.tell(f"a technician checks the lamps of {', '.join(robots)}")
        for robot in robots:
            stage.run(stage.hospital.insist(CheckLamp(actor=_TECHNICIAN, robot=robot)))


class RoomVisitor(Part):
    """At `at` somebody walks into a zone, whatever is said on its door, and leaves it after some minutes."""

    kind: Literal["room_visitor"] = "room_visitor"
    at: ClockTime
    zone: ZoneName
    minutes: Minutes

    def enter(self, stage: Stage, number: int) -> None:
        stage.at(self.at, self._walk_in, stage)

    def _walk_in(self, stage: Stage) -> None:
        zone = ZoneId(self.zone)
        stage.world.rooms.enter(zone)
        stage.tell(f"somebody walks into {self.zone}")
        stage.world.loop.call_later(self.minutes * 60.0, stage.world.rooms.enter, zone, -1)
