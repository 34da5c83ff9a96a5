"""The dose as executed: from where a robot was, and what its lamp did, as it reported them.

Between two reports less than `LONGEST_GAP` apart the robot moved straight and evenly; when it stood still, it stood
there however long. Nothing else counts: not the time between "on" and the next "off", and not a longer gap with
motion in it, since nobody knows where the lamp was. A lamp that was off starts cold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from fleet_manager.planning.coverage.driving import parts_of
from fleet_manager.planning.coverage.lamp import Floats
from fleet_manager.planning.coverage.room import Room
from fleet_manager.planning.coverage.targets import Targets
from fleet_manager.planning.coverage.uv_plan import UvPlan
from fleet_manager.planning.coverage.visibility import Illumination
from fleet_manager.planning.coverage.warm_up import full_output_time
from maps.model import Point, UvLamp

LONGEST_GAP: Final = 10.0
"""Seconds between two reports of a moving robot."""

_STOOD: Final = 0.05
"""Metres that a standing robot's reported pose may move."""

_STEP: Final = 0.1
"""Metres of a robot's way over which the light hardly changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LampReport:
    """Where the robot was at `time` (s, from any start), in the site frame, and whether its lamp was on."""

    time: float
    x: float
    y: float
    on: bool


class DoseRecord:
    """Adds up the dose of a room's targets, report by report, in order of time."""

    def __init__(self, room: Room, targets: Targets, lamp: UvLamp) -> None:
        self._illumination = Illumination(room, targets, lamp)
        self._lamp = lamp
        self._last: LampReport | None = None
        self._switched_on = 0.0
        self._standing: tuple[Point, Floats] | None = None
        self.doses: Floats = np.zeros(len(targets))
        """J/m² so far, per target."""

    def add(self, report: LampReport) -> None:
        """Raises ValueError when `report` is older than the one before."""
        last, self._last = self._last, report
        if last is not None and report.time < last.time:
            raise ValueError(f"a report of {report.time:g} s came after one of {last.time:g} s")
        if last is None or not last.on:
            self._switched_on = report.time
        elif report.on:
            self._expose(last, report)

    def _expose(self, start: LampReport, end: LampReport) -> None:
        age, duration = start.time - self._switched_on, end.time - start.time
        moved = math.dist((start.x, start.y), (end.x, end.y))
        if moved <= _STOOD:
            self.doses += self._at((start.x, start.y)) * full_output_time(age, duration, self._lamp.warm_up)
        elif duration <= LONGEST_GAP:
            steps = math.ceil(moved / _STEP)
            for step in range(steps):
                share = (step + 0.5) / steps
                place = (start.x + share * (end.x - start.x), start.y + share * (end.y - start.y))
                given = full_output_time(age + step / steps * duration, duration / steps, self._lamp.warm_up)
                self.doses += self._illumination.light_at(place).irradiance * given

    def _at(self, place: Point) -> Floats:
        if self._standing is None or self._standing[0] != place:
            self._standing = (place, self._illumination.light_at(place).irradiance)
        return self._standing[1]


def executed_dose(plan: UvPlan, reports: Iterable[LampReport]) -> Floats:
    """The dose (J/m²) of each target of the plan after `reports`."""
    record = DoseRecord(plan.room, plan.targets, plan.lamp)
    for report in reports:
        record.add(report)
    return record.doses


def reports_as_planned(plan: UvPlan) -> Iterator[LampReport]:
    """What a robot reports that does exactly what is planned: wherever it stops, turns or starts to drive."""
    time = 0.0
    for number, stop in enumerate(plan.stops):
        if number:
            for part in parts_of(stop.way, plan.fleet):
                time += part.turn
                yield LampReport(time=time, x=part.start[0], y=part.start[1], on=True)
                time += part.drive
                yield LampReport(time=time, x=part.end[0], y=part.end[1], on=True)
        else:
            yield LampReport(time=time, x=stop.x, y=stop.y, on=True)
        time += stop.stay
        yield LampReport(time=time, x=stop.x, y=stop.y, on=True)
    if plan.stops:
        yield LampReport(time=time, x=plan.stops[-1].x, y=plan.stops[-1].y, on=False)
