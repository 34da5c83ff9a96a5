"""Shifts of a ward: what one left open, and who of the next one has read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fleet_manager.domain.tasks import Actor, TaskId
from maps.model import WaypointId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftHandover:
    """`acknowledged_by` took the open `tasks` of a ward over from the shift before."""

    ward: WaypointId
    tasks: tuple[TaskId, ...]
    acknowledged_by: Actor
    acknowledged_at: datetime
