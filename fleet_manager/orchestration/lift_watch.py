"""Lifts that stop reporting: closed for planning, and a person is called; open again when they report."""

from __future__ import annotations

from datetime import datetime

from fleet_manager.domain.alerts import Severity
from fleet_manager.domain.closures import Closure, ClosureId, ClosureKind
from fleet_manager.domain.tasks import FLEET_MANAGER
from fleet_manager.orchestration.closures import Closures
from fleet_manager.orchestration.devices import Devices
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.missions import Missions
from fleet_manager.orchestration.settings import Patience
from fleet_manager.planning.closed_ways import doorways
from maps.model import LiftId, RobotId, Site


class LiftWatch:
    """A lift answers every request, so one that is in use and says nothing for long is out.

    The closure is not strict: where a building has no other lift, robots wait before it, and their requests ask whether
    it is back.
    """

    def __init__(
        self,
        site: Site,
        ledger: Ledger,
        devices: Devices,
        closures: Closures,
        execution: Execution,
        missions: Missions,
        patience: Patience,
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._devices = devices
        self._closures = closures
        self._execution = execution
        self._missions = missions
        self._patience = patience
        self._heard: dict[LiftId, datetime] = {}

    def reported(self, lift: LiftId, *, available: bool) -> None:
        self._heard[lift] = self._ledger.now()
        closure = self._closure(lift)
        if not available:
            self._out(lift, "is out of order")
        elif closure is not None:
            self._back(lift, closure)

    def due(self, lift: LiftId) -> None:
        """Somebody asked for the lift a while ago: has it said anything since?"""
        if not self._devices.users(lift):
            return
        heard = self._heard.get(lift)
        silent = (self._ledger.now() - heard).total_seconds() if heard is not None else self._patience.lift_silence
        if silent >= self._patience.lift_silence:
            self._out(lift, "does not answer")
        left = self._patience.lift_silence - silent
        self._ledger.set_timer("lift_silence", lift, left if left > 0.0 else self._patience.lift_silence)

    def take_up(self) -> None:
        for lift in self._site.lifts:
            if self._devices.users(lift):
                self._ledger.set_timer("lift_silence", lift, self._patience.lift_silence)

    def _closure(self, lift: LiftId) -> Closure | None:
        closures = self._ledger.state.closures.values()
        return next((c for c in closures if c.kind is ClosureKind.LIFT and c.lift == lift), None)

    def _out(self, lift: LiftId, what: str) -> None:
        if self._closure(lift) is not None:
            return
        said = f"lift {lift} {what}"
        ways = doorways(self._site, lift)
        closure = self._closures.start(ClosureKind.LIFT, ways, until=None, reason=said, lift=lift)
        self._ledger.alert(
            "lift_out", lift, f"{said}; robots take other lifts or wait", f"look at lift {lift} and its controller"
        )
        for robot_id in self._devices.riders(lift):
            self._ledger.alert(
                "stuck_in_lift",
                robot_id,
                f"{robot_id} is in lift {lift} or its doorway; {said}",
                f"call the lift's service; look whether {robot_id} blocks the door",
                Severity.CRITICAL,
            )
            self._missions.hold(robot_id, closure.id, f"is in lift {lift}; {said}")
        for session in self._devices.waiting_for(lift):
            self._execution.withdraw(session.robot)
            drive = self._ledger.state.robots[session.robot].drive
            if drive is not None:
                self._execution.drive_to(session.robot, drive.goal)

    def _back(self, lift: LiftId, closure: Closure) -> None:
        self._ledger.close_alert("lift_out", lift)
        for robot_id in self._devices.riders(lift):
            self._ledger.close_alert("stuck_in_lift", robot_id)
        self._closures.end(closure, FLEET_MANAGER)
        for robot in tuple(self._ledger.state.robots.values()):
            if robot.hold is not None and robot.hold.by == closure.id:
                self._missions.let_go(robot.id)

    def taken_out(self, robot_id: RobotId) -> None:
        """Somebody moved the robot by hand: no lift holds it any more."""
        hold = self._ledger.state.robots[robot_id].hold
        closure = self._ledger.state.closures.get(ClosureId(hold.by)) if hold is not None else None
        if closure is not None and closure.kind is ClosureKind.LIFT:
            self._missions.let_go(robot_id)
