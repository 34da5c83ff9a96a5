"""The agent of a robot that runs Nav2: the manager's commands become goals and actions, its topics become reports."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, assert_never

import structlog

from maps.model import Site
from robot_agents.agent import Clock, Reporter
from robot_agents.protocol import (
    CloseCompartment,
    Command,
    ConfirmVacated,
    Dock,
    Drive,
    Guide,
    HandoverDirection,
    Inspect,
    Mode,
    OpenCompartment,
    Pause,
    Proceed,
    Refill,
    Resume,
    RevokeVacated,
    Say,
    StopGuiding,
    StopInspecting,
    StopTreating,
    Telemetry,
    Treat,
)
from robot_agents.ros2.driving import Accepting, Driving
from robot_agents.ros2.frames import MapFrames
from robot_agents.ros2.goals import reason_of
from robot_agents.ros2.memory import Memory
from robot_agents.ros2.port import (
    SERVED_BY,
    Accepted,
    Announce,
    BatteryTold,
    Diagnosed,
    DockAt,
    Ended,
    EstopTold,
    LevelConfirmed,
    LoadMap,
    ManualTold,
    MoveCompartment,
    Navigation,
    OthersNavigate,
    Outcome,
    Position,
    Request,
    RobotEvent,
    RobotPort,
    ServerSeen,
    Severity,
)
from robot_agents.ros2.settings import RobotSettings, VoiceKind
from robot_agents.ros2.surroundings import Surroundings, fleet_of
from robot_agents.ros2.voice import EspeakVoice, Voice, VoiceError

log = structlog.get_logger()

_TICK: Final = 0.5
"""Seconds between two looks for what does not happen."""

_REMIND: Final = 10.0
_STANDS: Final = 2.0
"""Some localisations are silent while the robot stands: without a goal and a position for so long (s), it does."""

_CERTAIN_AGAIN: Final = 0.5
"""A lost robot is found when its position is known to within this share of what is allowed."""


@dataclass(frozen=True, slots=True)
class _Task:
    """A command that an action of the robot carries out; `number` is the action's."""

    number: int
    command: OpenCompartment | CloseCompartment | Dock
    request: DockAt | MoveCompartment
    until: float

    @property
    def subject(self) -> str:
        return self.request.charger if isinstance(self.request, DockAt) else self.request.compartment


class Ros2Agent:
    """Satisfies `robot_agents.agent.Agent` for the robot behind `port`.

    `level` is where the robot is at first, unless the memory knows better. `wall` is how many seconds of the loop pass
    in one of the wall's. `accepted` is for those who measure. `voice` None: the one that the settings name.
    """

    def __init__(
        self,
        robot: str,
        port: RobotPort,
        clock: Clock,
        settings: RobotSettings,
        *,
        level: str,
        frames: MapFrames,
        memory: Memory | None = None,
        site: Site | None = None,
        wall: float = 1.0,
        accepted: Accepting = lambda *_: None,
        voice: Voice | None = None,
    ) -> None:
        own = self if settings.voice is VoiceKind.ROBOT else EspeakVoice()
        self._voice: Voice = voice or own
        self._sayings: asyncio.Queue[Say] = asyncio.Queue()
        self._announced: dict[int, asyncio.Future[Ended]] = {}
        self._speaking: asyncio.Task[None] | None = None
        self._robot = robot
        self._port = port
        self._clock = clock
        self._settings = settings
        self._memory = memory or Memory()
        self._wall = wall
        self._surroundings = Surroundings(robot, site, frames, settings.lane_width)
        fleet = fleet_of(robot, site)
        recharge_below = fleet.battery.recharge_below if fleet is not None else settings.recharge_below
        self._charge_levels = (recharge_below, 0.8, 0.995)
        self._driving = Driving(
            port,
            self._ask,
            frames,
            self._surroundings,
            settings,
            self._memory,
            level=self._memory.now.level or level,
            now=self._now,
            wall=wall,
            accepted=accepted,
        )
        self._reporter: Reporter
        self._loop: asyncio.AbstractEventLoop
        self._ticking: asyncio.TimerHandle | None = None
        self._located = asyncio.Event()
        self._charge_known = asyncio.Event()
        self._numbers = 0
        self._tasks: dict[int, _Task] = {}
        self._state_of_charge: float | None = None
        self._paused = False
        self._pausing: Pause | None = None
        self._heard_at = 0.0
        self._estop = False
        self._manual = False
        self._others: dict[Navigation, bool] = {}
        self._faults: dict[str, str] = {}
        self._lost = False
        self._mode = self._memory.now.mode

    @property
    def robot(self) -> str:
        return self._robot

    async def start(self, reporter: Reporter) -> None:
        """Returns when it is known where the robot is; that may take as long as the robot is off."""
        self._reporter = self._driving.reporter = reporter
        self._loop = asyncio.get_running_loop()
        self._speaking = self._loop.create_task(self._speak(), name=f"{self._robot}'s voice")
        self._port.listen(self._heard)
        while not self._located.is_set():
            try:
                async with asyncio.timeout(_REMIND):
                    await self._located.wait()
            except TimeoutError:
                log.warning("waiting for the robot's position", robot=self._robot, source=self._settings.pose_source)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.battery_patience):
                await self._charge_known.wait()
        if self._state_of_charge is None:
            self._say(Severity.WARNING, "no battery_state: the battery is taken for full")
            self._state_of_charge = 1.0
        self._memory.note(level=self._driving.level)
        self._check_mode()
        self._check_place()
        self._tick()

    async def stop(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
        if self._speaking is not None:
            self._speaking.cancel()
        self._memory.save()
        self._port.close()

    def telemetry(self) -> Telemetry:
        pose, position, drive = self._driving.pose, self._driving.position, self._driving.drive
        assert pose is not None
        assert position is not None
        return Telemetry(
            robot=self._robot,
            time=self._clock.now(),
            pose=pose,
            speed=position.speed,
            state_of_charge=self._state_of_charge if self._state_of_charge is not None else 1.0,
            mode=self._mode,
            paused=self._paused,
            drive_id=drive.command_id if drive else None,
            cleared_to=self._driving.cleared_to if drive else None,
        )

    # --- commands -----------------------------------------------------------------------------------------

    def execute(self, command: Command) -> None:
        match command:
            case Drive(command_id=command_id, nodes=()):
                self._reporter.failed(command_id, "the drive has no nodes")
            case Drive():
                self._leave_charger(command)
                self._driving.follow(command)
            case Proceed():
                self._driving.proceed(command)
            case OpenCompartment(compartment=compartment, direction=direction, items=items):
                if command.announce:
                    self._announce(command)
                self._begin(command, MoveCompartment(compartment, True, direction.value, items))
                self._note_open(compartment, True)
            case CloseCompartment(compartment=compartment):
                self._begin(command, MoveCompartment(compartment, False))
            case Dock(charger=charger):
                self._begin(command, DockAt(charger))
            case Refill(command_id=command_id):
                self._reporter.failed(command_id, "no driver for a tank is set up on this robot")
            case Inspect(command_id=command_id):
                self._reporter.failed(command_id, "no driver for inspections is set up on this robot")
            case Say():
                self._sayings.put_nowait(command)
            case Guide(command_id=command_id):
                self._reporter.failed(command_id, "no driver for a sensor of people behind it is set up on this robot")
            case Treat(command_id=command_id):
                self._reporter.failed(command_id, "no driver for a lamp or sprayer is set up on this robot")
            case (
                ConfirmVacated(command_id=command_id)
                | RevokeVacated(command_id=command_id)
                | StopTreating(command_id=command_id)
                | StopInspecting(command_id=command_id)
                | StopGuiding(command_id=command_id)
            ):
                self._reporter.done(command_id)
            case Pause():
                self._pause_done()
                self._paused, self._pausing = True, command
                self._check_hold()
                self._check_pause()
            case Resume(command_id=command_id):
                self._pause_done()
                self._paused = False
                self._check_hold()
                self._reporter.done(command_id)
            case _:
                assert_never(command)

    def _ask(self, request: Request) -> int:
        self._numbers += 1
        self._port.ask(self._numbers, request)
        return self._numbers

    def _begin(self, command: OpenCompartment | CloseCompartment | Dock, request: DockAt | MoveCompartment) -> None:
        number = self._ask(request)
        task = _Task(number, command, request, self._now() + self._settings.action_timeout)
        for other in tuple(self._tasks.values()):
            if other.subject == task.subject:
                self._give_up(other, "replaced by a newer command")
        self._tasks[number] = task

    def _announce(self, command: OpenCompartment) -> None:
        load = command.direction is HandoverDirection.LOAD
        text = self._settings.announce_load if load else self._settings.announce_unload
        if text:
            spoken = text.replace("{compartment}", command.compartment).replace("{items}", ", ".join(command.items))
            self._ask(Announce(spoken, self._settings.language, self._settings.volume))

    # --- voice --------------------------------------------------------------------------------------------

    async def _speak(self) -> None:
        """One text after the other, beside everything else."""
        while True:
            command = await self._sayings.get()
            try:
                for text in command.texts * command.times if command.aloud else ():
                    await self._voice.say(text.text, text.language, self._settings.volume)
            except VoiceError as error:
                self._say(Severity.ERROR, str(error))
                self._reporter.failed(command.command_id, str(error))
                continue
            pose = self._driving.pose
            assert pose is not None
            self._reporter.said(command.command_id, pose, aloud=command.aloud)
            self._reporter.done(command.command_id)

    async def say(self, text: str, language: str, volume: float) -> None:
        """By the robot's own action `announce`: the agent satisfies `voice.Voice` itself."""
        number = self._ask(Announce(text, language, volume))
        self._announced[number] = told = self._loop.create_future()
        try:
            ended = await told
        finally:
            del self._announced[number]
        if ended.outcome is not Outcome.SUCCEEDED or ended.code != 0:
            raise VoiceError(reason_of(ended, SERVED_BY[Announce]))

    def _leave_charger(self, drive: Drive) -> None:
        """A drive that leads away undocks; docking that is still under way is given up for it."""
        for task in tuple(self._tasks.values()):
            if isinstance(task.request, DockAt) and any(node.waypoint != task.subject for node in drive.nodes):
                self._give_up(task, "the robot was sent elsewhere")

    def _give_up(self, task: _Task, reason: str) -> None:
        if self._tasks.pop(task.number, None) is not None:
            self._port.cancel(task.number)
            self._say(Severity.ERROR, f"{task.command.type} failed: {reason}")
            self._reporter.failed(task.command.command_id, reason)

    def _pause_done(self) -> None:
        if self._pausing is not None:
            command, self._pausing = self._pausing, None
            self._reporter.done(command.command_id)

    def _note_open(self, compartment: str, is_open: bool) -> None:
        """The robot does not drive with a compartment open, nor while one moves."""
        others = tuple(name for name in self._memory.now.open if name != compartment)
        self._memory.note(open=(*others, compartment) if is_open else others)
        self._check_hold()

    # --- events -------------------------------------------------------------------------------------------

    def _heard(self, event: RobotEvent) -> None:
        match event:
            case Position():
                self._position_told(event)
            case Accepted():
                self._driving.heard(event)
            case Ended():
                if not self._driving.heard(event):
                    self._ended(event)
                self._check_pause()
            case ServerSeen(name=name, present=present):
                self._driving.server_seen(event)
                if not present:
                    self._server_gone(name)
            case BatteryTold():
                self._battery_told(event)
            case EstopTold(pressed=pressed):
                self._estop = pressed
                self._check_mode()
            case ManualTold(on=on):
                self._manual = on
                self._check_mode()
            case OthersNavigate(action=action, active=active):
                self._others[action] = active
                self._check_mode()
            case Diagnosed(name=name, fault=fault):
                self._diagnosed(name, fault)
            case LevelConfirmed(level=level):
                self._level_confirmed(level)
            case _:
                assert_never(event)

    def _position_told(self, event: Position) -> None:
        self._heard_at = self._now()
        share = _CERTAIN_AGAIN if self._lost else 1.0
        self._lost = event.deviation > share * self._settings.position_deviation
        self._driving.located(event)
        if not self._located.is_set():
            self._located.set()
        elif self._state_of_charge is not None:
            self._check_mode()
        self._check_pause()

    def _ended(self, event: Ended) -> None:
        told = self._announced.get(event.number)
        if told is not None:
            if not told.done():
                told.set_result(event)
            return
        task = self._tasks.pop(event.number, None)
        if task is None:
            return
        request = task.request
        if event.outcome is Outcome.SUCCEEDED and event.code == 0:
            if isinstance(request, MoveCompartment) and not request.open:
                self._note_open(request.compartment, False)
            self._reporter.done(task.command.command_id)
            return
        if isinstance(request, MoveCompartment) and request.open and event.outcome is not Outcome.SUCCEEDED:
            self._note_open(request.compartment, False)
        reason = reason_of(event, f"{SERVED_BY[type(request)]} {task.subject}")
        self._say(Severity.ERROR, reason)
        self._reporter.failed(task.command.command_id, reason)

    def _server_gone(self, name: str) -> None:
        for task in tuple(self._tasks.values()):
            if SERVED_BY[type(task.request)] == name:
                self._give_up(task, f"the robot's action {name} is gone")

    def _battery_told(self, event: BatteryTold) -> None:
        before, self._state_of_charge = self._state_of_charge, event.state_of_charge
        self._charge_known.set()
        if before is not None and event.charging and self._ticking is not None:
            for level in self._charge_levels:
                if before < level <= event.state_of_charge:
                    self._reporter.charge_reached()

    def _diagnosed(self, name: str, fault: str) -> None:
        if any(name.startswith(ignored) for ignored in self._settings.ignored_diagnostics):
            return
        if fault:
            self._faults[name] = fault
        else:
            self._faults.pop(name, None)
        self._check_mode()

    def _level_confirmed(self, level: str) -> None:
        """A person brought the robot to another level, or found that the agent was wrong about it."""
        if level == self._driving.level:
            return
        self._driving.fail(f"the robot was brought to {level}", retry=True)
        self._driving.level = level
        self._memory.note(level=level)
        url = self._settings.map_url(level)
        if url is not None:
            self._ask(LoadMap(url))
        reason = f"its level was confirmed: {level}"
        self._say(Severity.INFO, reason)
        self._report_mode(reason)

    # --- modes --------------------------------------------------------------------------------------------

    def _wanted_mode(self) -> tuple[Mode, str]:
        """Who moves the robot, and why it is not the agent."""
        if self._estop:
            return Mode.ESTOP, "the emergency stop is pressed"
        if self._manual:
            return Mode.MANUAL, "the robot was taken by hand"
        others = [action for action, active in self._others.items() if active]
        if others:
            return Mode.MANUAL, f"somebody else drives the robot ({others[0]})"
        if self._faults:
            name, fault = next(iter(self._faults.items()))
            return Mode.ERROR, f"{name}: {fault}"
        silent = self._now() - self._heard_at
        if silent > self._settings.position_timeout * self._wall:
            return Mode.ERROR, f"no position for {self._settings.position_timeout:.0f} s"
        if self._lost:
            position = self._driving.position
            assert position is not None
            return Mode.ERROR, f"localisation lost: the position is known to within {position.deviation:.1f} m only"
        return Mode.AUTOMATIC, ""

    def _check_mode(self) -> None:
        if not self._located.is_set() or self._state_of_charge is None:
            return
        mode, reason = self._wanted_mode()
        if mode is self._mode:
            self._check_hold()
            return
        self._mode = mode
        self._memory.note(mode=mode)
        self._say(Severity.INFO if mode is Mode.AUTOMATIC else Severity.WARNING, f"{mode}: {reason or 'free again'}")
        self._check_hold()
        self._report_mode(reason)
        if mode is Mode.MANUAL:
            self._driving.fail(reason, retry=True)

    def _report_mode(self, reason: str) -> None:
        pose = self._driving.pose
        assert pose is not None
        waypoint = self._surroundings.waypoint(pose, self._driving.route.nodes)
        self._reporter.mode(self._mode, reason, pose, waypoint)

    def _check_hold(self) -> None:
        self._driving.hold(self._paused or self._mode is not Mode.AUTOMATIC or bool(self._memory.now.open))

    def _check_pause(self) -> None:
        """A pause is done when the robot stands."""
        if self._pausing is None:
            return
        silent = self._driving.idle and self._now() > self._heard_at + _STANDS * self._wall
        if self._driving.at_rest or silent:
            self._pause_done()

    def _check_place(self) -> None:
        """Say at once when the robot takes itself to be where no lane is."""
        pose = self._driving.pose
        assert pose is not None
        distance = self._surroundings.off_lanes(pose)
        if distance is not None:
            text = self._surroundings.explain(pose)
            self._say(Severity.WARNING, f"off every lane: {text}")
            self._reporter.off_route(pose, distance, text)

    # --- time ---------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self._ticking = self._loop.call_later(_TICK, self._tick)
        self._check_mode()
        self._driving.tick()
        self._memory.save()
        self._check_pause()
        for task in tuple(self._tasks.values()):
            if self._now() >= task.until:
                self._give_up(
                    task, f"no end of {SERVED_BY[type(task.request)]} in {self._settings.action_timeout:.0f} s"
                )

    def _now(self) -> float:
        return self._loop.time()

    def _say(self, severity: Severity, text: str) -> None:
        self._port.say(severity, text)
