"""When a carrier will be at each stop of a mission, waits for windows counted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from fleet_manager.domain.missions import Step, StepKind
from fleet_manager.planning.estimates import HANDOVER, TRAFFIC
from fleet_manager.planning.routes import RouteTables
from maps.model import WaypointId

_HANDOVERS: Final = (StepKind.PICK_UP, StepKind.DROP_OFF)


def arrivals(
    tables: RouteTables, steps: Sequence[Step], start: WaypointId, begins: datetime
) -> list[tuple[Step, datetime]]:
    """The hand-overs of `steps` and when the carrier is ready for each, standing at `start` at `begins`.

    What lies behind a stop to which nothing leads is left out.
    """
    at, moment = start, begins
    found: list[tuple[Step, datetime]] = []
    for step in steps:
        if step.kind is StepKind.GO_TO:
            leg = tables.time(at, step.place)
            if leg is None:
                return found
            moment += timedelta(seconds=leg * TRAFFIC)
            at = step.place
        elif step.kind in _HANDOVERS:
            if step.window is not None:
                moment += timedelta(seconds=step.window.early(moment))
            found.append((step, moment))
            moment += timedelta(seconds=HANDOVER)
    return found
