"""The agent of a robot that lives in the simulated world."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import assert_never

from maps.model import LevelId, RobotId, WaypointId, ZoneId
from robot_agents.agent import Clock, Reporter
from robot_agents.guiding import GuideRun
from robot_agents.protocol import (
    CloseCompartment,
    Command,
    ConfirmVacated,
    Dock,
    Drive,
    Guide,
    Inspect,
    Mode,
    OpenCompartment,
    Pause,
    Pose,
    Proceed,
    Refill,
    Resume,
    RevokeVacated,
    RouteNode,
    Say,
    StopGuiding,
    StopInspecting,
    StopTreating,
    Telemetry,
    Treat,
)
from robot_agents.screening import InspectionRun
from robot_agents.simulated.inspector import SimulatedInspector, sightings
from robot_agents.simulated.speech import seconds_to_say
from robot_agents.simulated.treater import SimulatedTreater
from robot_agents.treatment import TreatmentRun
from sim import port
from sim.port import BodyEvent, BodyMode, BodyPort, Node, Place

_MODES = {
    BodyMode.AUTOMATIC: Mode.AUTOMATIC,
    BodyMode.MANUAL: Mode.MANUAL,
    BodyMode.ESTOP: Mode.ESTOP,
    BodyMode.ERROR: Mode.ERROR,
    BodyMode.DEAD: Mode.ERROR,
}


class SimulatedAgent:
    """Turns commands into requests to `world`, in this process or behind a link, and the body's events into reports.

    The simulated robots' map frame is the site frame. After an e-stop the robot goes on with its drive; when it was
    taken by hand the drive has failed, and a new one may be sent. `mute` says why its voice does not work, if so.
    """

    def __init__(self, robot: str, world: BodyPort, clock: Clock) -> None:
        self._robot = RobotId(robot)
        self._world = world
        self._clock = clock
        self._reporter: Reporter
        self._loop: asyncio.AbstractEventLoop
        self._unsubscribe: Callable[[], None] | None = None
        self._drive: Drive | None = None
        self._held: Drive | None = None
        self._driving = False
        self._cleared_to = -1
        self._passed_unseen = -1
        self._waiting: dict[str, OpenCompartment | CloseCompartment | Dock | Refill] = {}
        self._pausing: Pause | None = None
        self._treatment: tuple[TreatmentRun, SimulatedTreater] | None = None
        self._stopping: str | None = None
        self._inspection: InspectionRun | None = None
        self._guiding: GuideRun | None = None
        self._speaks_until = 0.0
        self.mute = ""
        self.said: list[str] = []
        self.shown: list[str] = []

    @property
    def robot(self) -> str:
        return self._robot

    async def start(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._loop = asyncio.get_running_loop()
        self._unsubscribe = self._world.subscribe(self._robot, self._heard)
        # What an earlier process of this agent had switched on, nobody watches over any more.
        self._world.switch(self._robot, False)
        self._passed_unseen = (await self._world.seen(self._robot)).sequence

    async def stop(self) -> None:
        if self._treatment is not None:
            self._treatment[0].drop()
        if self._unsubscribe is not None:
            self._unsubscribe()

    def telemetry(self) -> Telemetry:
        state = self._world.state(self._robot)
        drive = self._held or self._drive
        return Telemetry(
            robot=self._robot,
            time=self._clock.now(),
            pose=_pose(state.place),
            speed=state.speed,
            state_of_charge=state.state_of_charge,
            mode=_MODES[state.mode],
            paused=state.paused,
            drive_id=drive.command_id if drive else None,
            cleared_to=(self._cleared_to if drive is self._drive else drive.cleared_to) if drive else None,
            tank=state.tank,
        )

    # --- commands -----------------------------------------------------------------------------------------

    def execute(self, command: Command) -> None:
        match command:
            case Drive(command_id=command_id, nodes=()):
                self._reporter.failed(command_id, "the drive has no nodes")
            case Drive():
                self._follow(command)
            case Proceed(drive_id=drive_id, cleared_to=cleared_to):
                if self._held is not None and drive_id == self._held.command_id:
                    cleared_to = max(cleared_to, self._held.cleared_to)
                    self._held = self._held.model_copy(update={"cleared_to": cleared_to})
                elif self._drive is not None and drive_id == self._drive.command_id and cleared_to > self._cleared_to:
                    self._cleared_to = cleared_to
                    self._world.proceed(self._robot, cleared_to)
            case OpenCompartment(compartment=compartment):
                self._wait_for(compartment, command)
                self._world.open_compartment(self._robot, compartment)
            case CloseCompartment(compartment=compartment):
                self._wait_for(compartment, command)
                self._world.close_compartment(self._robot, compartment)
            case Dock(charger=charger):
                self._wait_for(charger, command)
                self._world.dock(self._robot, WaypointId(charger))
            case Refill(place=place):
                self._wait_for(place, command)
                self._world.refill(self._robot, WaypointId(place))
            case Treat():
                self._treat(command)
            case ConfirmVacated(command_id=command_id, treat_id=treat_id, confirmed_at=at):
                run = self._running(treat_id)
                if run is not None:
                    run.confirm(at)
                self._reporter.done(command_id)
            case RevokeVacated(command_id=command_id, treat_id=treat_id, reason=reason):
                run = self._running(treat_id)
                if run is not None:
                    run.revoke(reason)
                self._reporter.done(command_id)
            case StopTreating(command_id=command_id, treat_id=treat_id):
                run = self._running(treat_id)
                if run is None:
                    self._reporter.done(command_id)
                else:
                    self._stopping = command_id
                    run.give_up("the treatment was given up")
            case Inspect():
                self._inspect(command)
            case StopInspecting(command_id=command_id, inspect_id=inspect_id):
                if self._inspection is not None and self._inspection.command.command_id == inspect_id:
                    self._inspection.give_up()
                    self._world.watch_people(self._robot, False)
                self._reporter.done(command_id)
            case Say():
                self._say(command)
            case Guide():
                self._guide(command)
            case StopGuiding(command_id=command_id, guide_id=guide_id):
                if self._guiding is not None and self._guiding.command.command_id == guide_id:
                    self._guiding.end()
                    self._world.watch_follower(self._robot, False)
                self._reporter.done(command_id)
            case Pause():
                self._pause_done()
                self._pausing = command
                self._freeze("the robot is paused")
                self._world.pause(self._robot)
            case Resume(command_id=command_id):
                self._pause_done()
                self._freeze("")
                self._world.resume(self._robot)
                self._reporter.done(command_id)
            case _:
                assert_never(command)

    def _follow(self, drive: Drive) -> None:
        """Off the lanes, in a treatment, the drive waits until the robot is back."""
        if self._treatment is not None:
            self._held = drive
            return
        self._held = None
        self._drive = drive
        self._driving = True
        self._cleared_to = drive.cleared_to
        if any(node.sequence == self._passed_unseen for node in drive.nodes):
            # Passed before this process began: the manager may not know of it yet.
            self._reporter.passed(drive.command_id, self._passed_unseen, 0.0)
        self._passed_unseen = -1
        self._world.drive(self._robot, [_node(node) for node in drive.nodes], drive.cleared_to)

    # --- treatments ---------------------------------------------------------------------------------------

    def _treat(self, command: Treat) -> None:
        if self._treatment is not None and not self._treatment[0].over:
            self._reporter.failed(command.command_id, "another treatment runs")
            return
        zone = ZoneId(command.zone)
        treater = SimulatedTreater(self._robot, zone, self._world, lambda: self.telemetry().pose, self.said)
        run = TreatmentRun(command, treater, self._clock, self._reporter)
        self._treatment = (run, treater)
        treater.watch(True)
        run.begin()

    def _running(self, treat_id: str) -> TreatmentRun | None:
        run = self._treatment[0] if self._treatment is not None else None
        return run if run is not None and not run.over and run.command.command_id == treat_id else None

    def _freeze(self, because: str) -> None:
        if self._treatment is not None:
            self._treatment[0].freeze(because)

    def _stands(self) -> None:
        if self._treatment is not None:
            run, treater = self._treatment
            if treater.stopped():
                run.arrived()
            if run.over:
                treater.watch(False)
                self._treatment = None
                if self._stopping is not None:
                    self._reporter.done(self._stopping)
                    self._stopping = None
                if self._held is not None:
                    self._follow(self._held)

    # --- inspections --------------------------------------------------------------------------------------

    def _inspect(self, command: Inspect) -> None:
        if self._inspection is not None and not self._inspection.over:
            self._reporter.failed(command.command_id, "another inspection runs")
            return
        inspector = SimulatedInspector(lambda: self.telemetry().pose, self.said)
        self._inspection = InspectionRun(command, inspector, self._clock, self._reporter)
        self._world.watch_people(self._robot, command.screening is not None)

    # --- voices -------------------------------------------------------------------------------------------

    def _say(self, command: Say) -> None:
        """It is said one after the other; what is only shown takes no time."""
        if command.aloud and self.mute:
            self._reporter.failed(command.command_id, self.mute)
            return
        texts = [text.text for text in command.texts] * command.times
        self.shown += texts
        if not command.aloud:
            self._spoken(command)
            return
        begins = max(self._speaks_until, self._loop.time())
        self._speaks_until = begins + command.times * sum(seconds_to_say(text.text) for text in command.texts)
        self._loop.call_at(begins, self.said.extend, texts)
        self._loop.call_at(self._speaks_until, self._spoken, command)

    def _spoken(self, command: Say) -> None:
        self._reporter.said(command.command_id, self.telemetry().pose, aloud=command.aloud)
        self._reporter.done(command.command_id)

    def _guide(self, command: Guide) -> None:
        if self._guiding is not None:
            self._guiding.end()
        self._guiding = GuideRun(command, self._reporter)
        self._world.watch_follower(self._robot, True)

    # --- waiting for the body -----------------------------------------------------------------------------

    def _wait_for(self, subject: str, command: OpenCompartment | CloseCompartment | Dock | Refill) -> None:
        replaced = self._waiting.get(subject)
        self._waiting[subject] = command
        if replaced is not None:
            self._reporter.failed(replaced.command_id, "replaced by a newer command")

    def _pause_done(self) -> None:
        if self._pausing is not None:
            command, self._pausing = self._pausing, None
            self._reporter.done(command.command_id)

    # --- events -------------------------------------------------------------------------------------------

    def _heard(self, event: BodyEvent) -> None:
        match event:
            case port.Passed(sequence=sequence, speed=speed):
                if self._drive is not None:
                    self._reporter.passed(self._drive.command_id, sequence, speed)
                else:
                    self._passed_unseen = sequence
            case port.Stopped(sequence=sequence, route_end=route_end):
                self._pause_done()
                self._stopped(sequence if route_end else None)
                self._stands()
            case port.Blocked(reason=reason, over=over):
                self._reporter.blocked(reason, over=over)
            case port.ModeChanged():
                self._mode_changed(event)
            case port.ChargeReached():
                self._reporter.charge_reached()
            case port.CompartmentMoved(compartment=compartment, opened=opened):
                command = self._waiting.get(compartment)
                if isinstance(command, OpenCompartment if opened else CloseCompartment):
                    self._finish(compartment)
                elif opened and command is not None:
                    self._world.close_compartment(self._robot, compartment)
                elif command is not None:
                    # Somebody closed it by hand while it was opening.
                    self._world.open_compartment(self._robot, compartment)
            case port.RoomSensed(person=person, door_open=door_open):
                if self._treatment is not None:
                    self._treatment[0].sensed(person=person, door_open=door_open)
            case port.PeopleSeen():
                if self._inspection is not None:
                    self._inspection.sees(sightings(event))
            case port.GoodsTaken(compartment=compartment):
                self._reporter.goods_taken(compartment)
            case port.FollowerSensed(distance=distance):
                if self._guiding is not None:
                    self._guiding.sees(distance)
            case port.Docked(charger=place) | port.Refilled(place=place):
                self._finish(place)
            case port.Refusal(subject=subject, reason=reason):
                refused = self._waiting.pop(subject, None)
                if refused is not None:
                    self._reporter.failed(refused.command_id, reason)
            case _:
                assert_never(event)

    def _stopped(self, route_end: int | None) -> None:
        """At the end of the drive, or elsewhere (None)."""
        if self._drive is not None and self._driving and route_end == self._drive.nodes[-1].sequence:
            self._driving = False
            self._reporter.done(self._drive.command_id)

    def _finish(self, subject: str) -> None:
        command = self._waiting.pop(subject, None)
        if command is not None:
            self._reporter.done(command.command_id)

    def _mode_changed(self, event: port.ModeChanged) -> None:
        if event.mode is BodyMode.DEAD:
            self._freeze("the robot died")
            if self._inspection is not None:
                self._inspection.hold()
            self._reporter.power(False)
            return
        self._reporter.power(True)
        if self._inspection is not None:
            if event.mode is BodyMode.AUTOMATIC:
                self._inspection.go_on()
            elif event.mode is BodyMode.MANUAL:
                self._inspection.hold()
        self._freeze("" if event.mode is BodyMode.AUTOMATIC else f"the robot is in {event.mode} mode")
        self._reporter.mode(_MODES[event.mode], event.reason, _pose(event.place), event.place.waypoint)
        if event.off_lane is not None:
            self._reporter.off_route(_pose(event.place), event.off_lane)
        if event.mode is BodyMode.MANUAL:
            underway = self._drive if self._driving else None
            for drive in (underway, self._held):
                if drive is not None:
                    self._reporter.failed(drive.command_id, "the robot was taken by hand", retry=True)
            self._driving, self._held = False, None


def _pose(place: Place) -> Pose:
    return Pose(level=place.level, x=place.x, y=place.y, yaw=place.yaw)


def _node(node: RouteNode) -> Node:
    return Node(
        node.sequence,
        WaypointId(node.waypoint),
        LevelId(node.level),
        node.x,
        node.y,
        node.heading,
        node.speed_limit,
    )
