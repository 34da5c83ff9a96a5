"""The runtime of one robot's agent: the connection to the fleet manager, reports that are not lost, the heartbeat."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import structlog

from robot_agents.agent import Agent, Clock
from robot_agents.logbook import Logbook
from robot_agents.protocol import (
    PROTOCOL_VERSION,
    Blocked,
    ChargeReached,
    CommandDone,
    CommandFailed,
    FollowerTold,
    FromAgent,
    FromManager,
    GoodsTaken,
    Hello,
    Inspected,
    Mode,
    ModeChanged,
    Observation,
    ObservationKind,
    Observed,
    OffRoute,
    Passed,
    Pose,
    Proceed,
    Refused,
    Report,
    ReportsAcknowledged,
    Said,
    Sighting,
    TreatmentTold,
    Welcome,
)
from robot_agents.transport import Connect, Transport, Unreadable

log = structlog.get_logger()


class AgentRefusedError(RuntimeError):
    """The manager refuses this robot for good: trying again without a change is useless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """Times in seconds of the loop.

    Telemetry is sent every `idle_period`, which makes it the heartbeat, and every `moving_period` while the robot
    moves. Without a `moving_period` there is no difference, without an `idle_period` it is sent on connecting only.
    Between attempts to connect the runtime waits from `first_backoff` up to `last_backoff`, doubling, each time a
    random half to whole of it. `patience` bounds connecting and the wait for the manager's welcome.
    """

    moving_period: float | None = 0.1
    idle_period: float | None = 1.0
    first_backoff: float = 0.2
    last_backoff: float = 5.0
    patience: float = 10.0


class AgentRuntime:
    """Runs `agent` against the manager behind `connect` until cancelled; it is the agent's `Reporter`.

    Commands are executed once, whatever the manager repeats. Reports are numbered, kept until the manager has stored
    them, and sent again in order after a reconnect; with `state_path` they survive the process.
    """

    def __init__(
        self,
        agent: Agent,
        connect: Connect,
        clock: Clock,
        settings: AgentSettings | None = None,
        *,
        token: str = "",
        software: str = "wardfleet",
        rng: random.Random | None = None,
        state_path: Path | None = None,
    ) -> None:
        self._agent = agent
        self._connect = connect
        self._clock = clock
        self._settings = settings or AgentSettings()
        self._token = token
        self._software = software
        self._rng = rng or random.Random()
        self._logbook = Logbook(state_path)
        self._powered = asyncio.Event()
        self._powered.set()
        self._transport: Transport | None = None
        self._ended: asyncio.Future[str] | None = None
        self._was_welcome = False
        self._telemetry_timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Stay connected until cancelled. Raises `AgentRefusedError` when the manager says that it is of no use."""
        await self._agent.start(self)
        failures = 0
        try:
            while True:
                await self._powered.wait()
                reason = await self._stay_connected()
                failures = 0 if self._was_welcome else min(failures + 1, 16)
                log.info("not connected to the fleet manager", robot=self._agent.robot, reason=reason)
                longest = self._settings.first_backoff * 2.0 ** max(0, failures - 1)
                await asyncio.sleep(min(longest, self._settings.last_backoff) * self._rng.uniform(0.5, 1.0))
        finally:
            await self._agent.stop()

    # --- reports (see `agent.Reporter`) -------------------------------------------------------------------

    def done(self, command_id: str) -> None:
        self._report(partial(CommandDone, command_id=command_id), outcome_of=command_id)

    def failed(self, command_id: str, reason: str, *, retry: bool = False) -> None:
        self._report(partial(CommandFailed, command_id=command_id, reason=reason, retry=retry), outcome_of=command_id)

    def passed(self, drive_id: str, sequence: int, speed: float) -> None:
        self._report(partial(Passed, drive_id=drive_id, sequence=sequence, speed=speed))

    def mode(self, mode: Mode, reason: str = "", pose: Pose | None = None, waypoint: str | None = None) -> None:
        self._report(partial(ModeChanged, mode=mode, reason=reason, pose=pose, waypoint=waypoint))

    def off_route(self, pose: Pose, distance: float, reason: str = "") -> None:
        self._report(partial(OffRoute, pose=pose, distance=distance, reason=reason))

    def blocked(self, reason: str, *, over: bool = False) -> None:
        self._report(partial(Blocked, reason=reason, over=over))

    def charge_reached(self) -> None:
        self._report(ChargeReached)

    def treatment(self, treat_id: str, pose: Pose, *, on: bool, because: str = "", interrupted: bool = False) -> None:
        told = partial(TreatmentTold, treat_id=treat_id, pose=pose, on=on, because=because, interrupted=interrupted)
        self._report(told)

    def inspected(self, inspect_id: str, pose: Pose, began: datetime) -> None:
        self._report(partial(Inspected, inspect_id=inspect_id, pose=pose, began=began))

    def observed(self, inspect_id: str, kind: ObservationKind, value: float, person: Sighting, pose: Pose) -> None:
        told = partial(Observed, inspect_id=inspect_id, kind=kind, value=value, pose=pose)
        self._report(partial(told, person=person.person, distance=person.distance, bearing=person.bearing))

    def said(self, say_id: str, pose: Pose, *, aloud: bool) -> None:
        self._report(partial(Said, say_id=say_id, pose=pose, aloud=aloud))

    def goods_taken(self, compartment: str) -> None:
        self._report(partial(GoodsTaken, compartment=compartment))

    def follower(self, guide_id: str, *, following: bool, distance: float | None = None) -> None:
        self._report(partial(FollowerTold, guide_id=guide_id, following=following, distance=distance))

    def sees(self, people: Sequence[Sighting], pose: Pose) -> None:
        if self._was_welcome and self._ended is not None and not self._ended.done():
            now = self._clock.now()
            self._send(Observation(robot=self._agent.robot, time=now, pose=pose, people=tuple(people)))

    def power(self, on: bool) -> None:
        if not on:
            self._powered.clear()
        elif not self._powered.is_set():
            self._powered.set()
            self._end("the robot was off")

    def _report(self, kind: Callable[..., Report], outcome_of: str | None = None) -> None:
        telemetry = self._agent.telemetry()
        report = kind(
            robot=self._agent.robot,
            number=self._logbook.next_number,
            time=self._clock.now(),
            state_of_charge=telemetry.state_of_charge,
            tank=telemetry.tank,
        )
        self._logbook.add(report, outcome_of)
        if self._was_welcome and self._ended is not None and not self._ended.done():
            self._send(report)

    # --- the connection -----------------------------------------------------------------------------------

    async def _stay_connected(self) -> str:
        """One connection from its beginning to its end, whose reason is returned."""
        self._was_welcome = False
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._ended = ended
        try:
            async with asyncio.timeout(self._settings.patience):
                self._transport = await self._connect(partial(self._receive, ended), partial(_end, ended))
        except (OSError, TimeoutError) as error:
            return str(error) or "no connection in time"
        hello = Hello(
            protocol_version=PROTOCOL_VERSION, robot=self._agent.robot, token=self._token, agent=self._software
        )
        self._send(hello)
        impatient = asyncio.get_running_loop().call_later(self._settings.patience, self._check_welcome, ended)
        try:
            return await ended
        finally:
            impatient.cancel()
            if self._telemetry_timer is not None:
                self._telemetry_timer.cancel()
            self._transport.close()
            self._transport = None

    def _check_welcome(self, ended: asyncio.Future[str]) -> None:
        if not self._was_welcome:
            _end(ended, "the manager does not answer")

    def _end(self, reason: str) -> None:
        if self._ended is not None:
            _end(self._ended, reason)

    def _send(self, message: FromAgent) -> None:
        if self._transport is not None and self._powered.is_set():
            self._transport.send(message)

    def _receive(self, ended: asyncio.Future[str], message: FromManager | Unreadable) -> None:
        if ended.done() or not self._powered.is_set():
            return
        match message:
            case Welcome(acknowledged=acknowledged):
                self._welcomed(acknowledged)
            case Refused(reason=reason, final=True):
                ended.set_exception(AgentRefusedError(f"the fleet manager refuses {self._agent.robot}: {reason}"))
            case Refused(reason=reason):
                _end(ended, reason)
            case ReportsAcknowledged(through=through):
                self._logbook.acknowledge(through)
            case Unreadable(command_id=command_id, reason=reason):
                log.warning("message not understood", robot=self._agent.robot, reason=reason)
                if command_id is not None and self._is_new(command_id):
                    self.failed(command_id, reason)
            case Proceed():
                self._agent.execute(message)
            case _:
                if self._is_new(message.command_id):
                    self._agent.execute(message)

    def _welcomed(self, acknowledged: int) -> None:
        self._logbook.begin_after(acknowledged)
        self._was_welcome = True
        for report in self._logbook.unacknowledged:
            self._send(report)
        self._send_telemetry()

    def _is_new(self, command_id: str) -> bool:
        """Whether a command has to be executed; what became of one that is known is told again."""
        if self._logbook.is_new(command_id):
            return True
        outcome = self._logbook.outcome(command_id)
        if outcome is not None:
            self._send(outcome)
        return False

    def _send_telemetry(self) -> None:
        telemetry = self._agent.telemetry()
        self._send(telemetry)
        period = self._settings.idle_period
        if period is not None:
            if telemetry.speed > 0.0:
                period = self._settings.moving_period or period
            self._telemetry_timer = asyncio.get_running_loop().call_later(period, self._send_telemetry)


def _end(ended: asyncio.Future[str], reason: str) -> None:
    if not ended.done():
        ended.set_result(reason)
