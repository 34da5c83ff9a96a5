"""Signals at street crossings, as they report: whether a robot at the kerb gets to the other side before red."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fleet_manager.domain.robots import Drive, Robot
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.ports import CrossingReport
from fleet_manager.planning.crossings import crossing_time
from maps.model import CrossingId, Lane, Site


@dataclass(frozen=True, slots=True)
class _Signal:
    green_until: datetime | None
    available: bool


class Signals:
    """What is known of each signal. A green that was told is over by the clock, whether or not red is told too."""

    def __init__(self, site: Site, ledger: Ledger) -> None:
        self._site = site
        self._ledger = ledger
        self._known: dict[CrossingId, _Signal] = {}

    def reported(self, crossing: CrossingId, report: CrossingReport) -> None:
        until = self._ledger.now() + timedelta(seconds=report.remaining) if report.green else None
        self._known[crossing] = _Signal(until, report.available)

    def forget(self, crossing: CrossingId) -> None:
        """It says nothing any more: what it said last counts for nothing."""
        self._known.pop(crossing, None)

    def green_left(self, crossing: CrossingId) -> float:
        """Seconds."""
        signal = self._known.get(crossing)
        if signal is None or signal.green_until is None or not signal.available:
            return 0.0
        return max(0.0, (signal.green_until - self._ledger.now()).total_seconds())

    def forbids(self, robot: Robot, drive: Drive, kerb: int, lane: Lane) -> str | None:
        """Why a robot may not be sent over a street now; `kerb` is the route's node that it stands at before it."""
        crossing = lane.crossing
        if crossing is None:
            return None
        if drive.reached < kerb:
            return f"stops at the kerb of crossing {crossing}"
        if crossing not in self._known or not self._known[crossing].available:
            return f"crossing {crossing} does not answer"
        left = self.green_left(crossing)
        if left <= 0.0:
            return f"waits for green at crossing {crossing}"
        needs = crossing_time(lane, self._site.fleets[robot.fleet])
        return f"the green at crossing {crossing} is too short now" if left < needs else None
