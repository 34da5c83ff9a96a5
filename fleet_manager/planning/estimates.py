"""When would this carrier have done that task, and with how much charge left?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import hypot
from typing import Final

from fleet_manager.domain.missions import Step, StepKind, TreatmentStop
from fleet_manager.planning.routes import RouteTables
from maps.model import CarrierKind, Fleet, LaneId, Sprayer, WaypointId

HANDOVER: Final = 35.0
"""Seconds at a stop until the goods have changed hands: people's median of 30 s and the compartment's movement."""

BETWEEN_STOPS: Final = 6.0
"""Seconds that a robot takes from one stop of a treatment to the next."""

AT_A_CORNER: Final = 4.0
"""Seconds that a sprayer loses at a corner of its path."""

TRAFFIC: Final = 1.15
"""Real driving time over free driving time: turns, other robots, lift queues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Seconds from now to the first stop and to the end, and the charge (0–1) when all is done.

    `enough` is False when the charge would fall below the fleet's reserve before the robot is at a charger again.
    """

    to_first_stop: float
    duration: float
    charge_left: float
    enough: bool


def spraying_time(stops: Sequence[TreatmentStop], sprayer: Sprayer) -> float:
    """Seconds along a path that is sprayed: it stops and turns at every corner."""
    metres = sum(hypot(b.x - a.x, b.y - a.y) for a, b in pairwise(stops))
    return metres / sprayer.speed + len(stops) * AT_A_CORNER


def estimate(
    tables: RouteTables,
    fleet: Fleet,
    *,
    start: WaypointId,
    charge: float,
    steps: Sequence[Step],
    then: WaypointId | None,
    closed: frozenset[LaneId] = frozenset(),
    begins: datetime | None = None,
) -> Estimate | None:
    """Predict a mission from `start` through `steps`; `then` is the charger or home it must still reach.

    Waits for windows are counted when it is said when it `begins`.

    None when there is no way to some stop.
    """
    at = start
    driving = standing = 0.0
    first: float | None = None
    for step in steps:
        if step.kind is StepKind.GO_TO:
            leg = tables.time(at, step.place, closed)
            if leg is None:
                return None
            driving += leg * TRAFFIC
            at = step.place
            if first is None:
                first = driving
        elif step.kind in (StepKind.PICK_UP, StepKind.DROP_OFF):
            if step.window is not None and begins is not None:
                standing += step.window.early(begins + timedelta(seconds=driving + standing))
            standing += HANDOVER
        elif fleet.sprayer is not None and any(stop.sprays for stop in step.stops):
            driving += spraying_time(step.stops, fleet.sprayer)
        elif step.kind is StepKind.TREAT:
            standing += sum(stop.dwell for stop in step.stops) + len(step.stops) * BETWEEN_STOPS
        elif step.inspection is not None:
            standing += step.inspection.seconds
        elif step.saying is not None:
            standing += step.saying.seconds()
    duration = driving + standing
    if fleet.carrier is CarrierKind.PERSON:
        return Estimate(to_first_stop=first or 0.0, duration=duration, charge_left=charge, enough=True)
    battery = fleet.battery
    capacity = battery.capacity * 3600.0
    left = charge - (driving * battery.drive_drain + duration * battery.idle_drain) / capacity
    home = tables.time(at, then, closed) if then is not None else 0.0
    needed = battery.reserve
    if home is not None:
        needed += home * TRAFFIC * (battery.drive_drain + battery.idle_drain) / capacity
    return Estimate(
        to_first_stop=first or 0.0, duration=duration, charge_left=left, enough=home is not None and left >= needed
    )
