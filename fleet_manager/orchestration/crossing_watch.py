"""Signals at crossings that stop reporting: closed for planning until they report, and a person is called."""

from __future__ import annotations

from datetime import datetime

from fleet_manager.domain.closures import Closure, ClosureKind
from fleet_manager.domain.tasks import FLEET_MANAGER
from fleet_manager.orchestration.closures import Closures
from fleet_manager.orchestration.devices import Devices
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.settings import Patience
from fleet_manager.orchestration.signals import Signals
from fleet_manager.planning.closed_ways import ClosedWays
from maps.model import CrossingId, Site


class CrossingWatch:
    """A signal answers every request, so one that is asked and says nothing for long is out.

    The closure is not strict: where there is no other way, robots wait at the kerb, and their requests ask whether the
    signal is back. Nobody is sent into the street meanwhile.
    """

    def __init__(
        self,
        site: Site,
        ledger: Ledger,
        signals: Signals,
        devices: Devices,
        closures: Closures,
        execution: Execution,
        patience: Patience,
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._signals = signals
        self._devices = devices
        self._closures = closures
        self._execution = execution
        self._patience = patience
        self._heard: dict[CrossingId, datetime] = {}

    def reported(self, crossing: CrossingId, *, available: bool) -> None:
        self._heard[crossing] = self._ledger.now()
        closure = self._closure(crossing)
        if not available:
            self._out(crossing, "is out of order")
        elif closure is not None:
            self._ledger.close_alert("crossing_out", crossing)
            self._closures.end(closure, FLEET_MANAGER)

    def due(self, crossing: CrossingId) -> None:
        """Somebody asked for green a while ago: has the signal said anything since?"""
        if not self._devices.users(crossing):
            return
        limit = self._patience.crossing_silence
        heard = self._heard.get(crossing)
        silent = (self._ledger.now() - heard).total_seconds() if heard is not None else limit
        if silent >= limit:
            self._signals.forget(crossing)
            self._out(crossing, "does not answer")
        left = limit - silent
        self._ledger.set_timer("crossing_silence", crossing, left if left > 0.0 else limit)

    def take_up(self) -> None:
        """After a restart."""
        for crossing in self._site.crossings:
            if self._devices.users(crossing):
                self._ledger.set_timer("crossing_silence", crossing, self._patience.crossing_silence)

    def _closure(self, crossing: CrossingId) -> Closure | None:
        closures = self._ledger.state.closures.values()
        return next((c for c in closures if c.kind is ClosureKind.CROSSING and c.crossing == crossing), None)

    def _out(self, crossing: CrossingId, what: str) -> None:
        if self._closure(crossing) is not None:
            return
        said = f"crossing {crossing} {what}"
        lanes = tuple(lane.id for lane in self._site.lanes.values() if lane.crossing == crossing)
        ways = ClosedWays(lanes=lanes, inside=(), exits=())
        self._closures.start(ClosureKind.CROSSING, ways, until=None, reason=said, crossing=crossing)
        self._ledger.alert(
            "crossing_out",
            crossing,
            f"{said}; no robot crosses there",
            f"look at the signal of {crossing}, or let a person lead the robots over the street",
        )
        for robot_id in self._devices.users(crossing):
            if not self._devices.in_street(robot_id, crossing):
                self._execution.withdraw(robot_id)
                drive = self._ledger.state.robots[robot_id].drive
                if drive is not None:
                    self._execution.drive_to(robot_id, drive.goal)
