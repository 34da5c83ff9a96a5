"""The line before a lift: full cars, beds and emergencies, people who ask robots to give way."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from fleet_manager.domain.alerts import Severity
from fleet_manager.domain.closures import Closure, ClosureKind
from fleet_manager.domain.devices import TurnCause, TurnedAway
from fleet_manager.domain.errors import InvalidRequest, NotFound
from fleet_manager.domain.robots import DeviceSession
from fleet_manager.orchestration.closures import Closures
from fleet_manager.orchestration.commands import ChangeLift, LiftAction, LiftPurpose
from fleet_manager.orchestration.devices import Devices
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.settings import Patience
from fleet_manager.planning.closed_ways import doorways
from maps.model import LiftId, RobotId, Site

_IN_A_ROW: Final = timedelta(minutes=10)
"""A robot that was turned away longer ago begins to count anew."""

_RESERVED_FOR: Final = {LiftPurpose.BED: "reserved for a bed", LiftPurpose.EMERGENCY: "reserved for an emergency"}


class LiftLine:
    """A robot leaves the line only while it has not boarded; then its session is over and the car may go."""

    def __init__(
        self,
        site: Site,
        ledger: Ledger,
        devices: Devices,
        closures: Closures,
        execution: Execution,
        patience: Patience,
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._devices = devices
        self._closures = closures
        self._execution = execution
        self._patience = patience

    # --- full cars -------------------------------------------------------------------------------------

    def reported(self, lift: LiftId) -> None:
        """The car changed: when it came full to a robot, let it go and ask again after a while."""
        session = self._devices.served_full(lift)
        if session is None:
            return
        turn = self._turn_away(session, TurnCause.FULL, self._patience.full_retry)
        if turn.times >= self._patience.full_alert:
            self._ledger.alert(
                "lift_full",
                lift,
                f"lift {lift} was full {turn.times} times for {session.robot}",
                "see whether people can take other lifts; a reservation keeps it free for a while",
                Severity.INFO,
            )

    def _turn_away(self, session: DeviceSession, cause: TurnCause, seconds: float) -> TurnedAway:
        now, lift = self._ledger.now(), LiftId(session.device)
        before = self._ledger.state.device(lift).turn_of(session.robot)
        again = before is not None and before.cause is cause and now - before.until < _IN_A_ROW
        times = before.times + 1 if before is not None and again else 1
        until = now + timedelta(seconds=seconds)
        turn = TurnedAway(robot=session.robot, cause=cause, until=until, times=times)
        self._devices.turn_away(session, turn)
        self._ledger.set_timer("ask_again", session.robot, seconds)
        self._execution.allocate(session.robot)
        return turn

    def ask_again(self, robot_id: RobotId) -> None:
        """Its time out of the line is over."""
        self._execution.allocate(robot_id)

    def take_up(self) -> None:
        """After a restart: robots out of a line come back to it in time."""
        for device in self._ledger.state.devices.values():
            for turn in device.turned_away:
                left = (turn.until - self._ledger.now()).total_seconds()
                self._ledger.set_timer("ask_again", turn.robot, max(0.0, left))

    # --- what people ask -------------------------------------------------------------------------------

    def change(self, request: ChangeLift) -> LiftId:
        lift = LiftId(request.lift)
        if lift not in self._site.lifts:
            raise NotFound(f"there is no lift {lift}", way_out="GET /api/v1/lifts lists them")
        match request.action:
            case LiftAction.RESERVE:
                self._reserve(lift, request)
            case LiftAction.FREE:
                for closure in self._reservations(lift):
                    self._closures.end(closure, request.actor)
            case LiftAction.GIVE_WAY:
                for session in self._devices.waiting_for(lift):
                    self._turn_away(session, TurnCause.GIVE_WAY, self._patience.give_way)
        return lift

    def _reserve(self, lift: LiftId, request: ChangeLift) -> None:
        """Keep robots out of the car until a time; those aboard ride to where they get out."""
        until = request.until or self._ledger.now() + timedelta(seconds=self._patience.reservation)
        if until <= self._ledger.now():
            raise InvalidRequest(f"until: {until.isoformat()} is in the past", field="until")
        before = self._reservations(lift)
        self._closures.start(
            ClosureKind.RESERVED,
            doorways(self._site, lift),
            until=until,
            reason=_RESERVED_FOR[request.purpose],
            actor=request.actor,
            lift=lift,
        )
        for closure in before:
            self._closures.end(closure, request.actor)
        for session in self._devices.waiting_for(lift):
            self._devices.end(session, _RESERVED_FOR[request.purpose])
            self._execution.allocate(session.robot)

    def _reservations(self, lift: LiftId) -> list[Closure]:
        closures = self._ledger.state.closures.values()
        return [c for c in closures if c.kind is ClosureKind.RESERVED and c.lift == lift]
