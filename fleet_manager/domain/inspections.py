"""Inspections: what a robot does at a checkpoint of a patrol, when, and the evidence that it was there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from maps.model import LevelId, RobotId, WaypointId


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Stay at a checkpoint for `seconds`; with `screens` people are screened meanwhile.

    The visit has to begin between `not_before` and `not_after`. `within` bounds the time (s) from one visit of the
    place to the next, whichever task it belongs to; None for no bound.
    """

    seconds: float = 10.0
    screens: bool = False
    not_before: datetime | None = None
    not_after: datetime | None = None
    within: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A robot was at a checkpoint: the pose that it reported there (m and rad, site frame), by its own clock."""

    robot: RobotId
    at: datetime
    level: LevelId
    x: float
    y: float
    yaw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A place that is patrolled. `since` is when its bound `within` (s) was set; the newest request sets it."""

    place: WaypointId
    since: datetime
    within: float | None = None
    visit: Visit | None = None

    @property
    def overdue_at(self) -> datetime | None:
        """When the next visit has to be over at the latest; None without a bound."""
        if self.within is None:
            return None
        last = max(self.since, self.visit.at) if self.visit is not None else self.since
        return last + timedelta(seconds=self.within)
