"""Supervision: silence, patience and trouble. Silence, restarts and late messages are normal life here."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta

from fleet_manager.domain.alerts import Severity
from fleet_manager.domain.closures import ClosureKind
from fleet_manager.domain.events import (
    CommandEnded,
    ReportNoted,
    RobotConnected,
    RobotLocated,
    RobotModeChanged,
    RobotUnreachable,
)
from fleet_manager.domain.missions import StepKind, StepStatus
from fleet_manager.domain.robots import CommandKind, Robot, RobotMode, RobotStatus
from fleet_manager.orchestration.closures import Closures
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.lift_watch import LiftWatch
from fleet_manager.orchestration.missions import Missions
from fleet_manager.orchestration.patrols import Patrols
from fleet_manager.orchestration.pausing import Pausing
from fleet_manager.orchestration.screening import Screening
from fleet_manager.orchestration.settings import Patience
from fleet_manager.orchestration.voices import Voices
from fleet_manager.planning.closed_ways import ClosedWays
from fleet_manager.planning.routes import Routes
from maps.model import RobotId, Site, WaypointId, ZoneKind
from robot_agents import protocol

_RESEND_AFTER = timedelta(seconds=2)


class Supervision:
    def __init__(
        self,
        site: Site,
        ledger: Ledger,
        routes: Routes,
        execution: Execution,
        missions: Missions,
        pausing: Pausing,
        closures: Closures,
        lift_watch: LiftWatch,
        patrols: Patrols,
        voices: Voices,
        screening: Screening,
        patience: Patience,
        dispatch_wanted: Callable[[], None],
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._routes = routes
        self._execution = execution
        self._missions = missions
        self._pausing = pausing
        self._closures = closures
        self._lift_watch = lift_watch
        self._patrols = patrols
        self._voices = voices
        self._screening = screening
        self._patience = patience
        self._dispatch_wanted = dispatch_wanted
        self.telemetry: dict[RobotId, protocol.Telemetry] = {}
        self._heard: dict[RobotId, datetime] = {}
        self._resent: dict[RobotId, datetime] = {}
        self._retries: dict[RobotId, int] = {}

    # --- connection ------------------------------------------------------------------------------------

    def connected(self, robot_id: RobotId, agent: str) -> None:
        """An agent is back, or here for the first time: compare, and send again all that is open."""
        robot = self._ledger.state.robots[robot_id]
        if not robot.connected:
            self._ledger.record(RobotConnected(robot=robot_id, agent=agent))
            self._ledger.close_alert("unreachable", robot_id)
            self._ledger.close_alert("goods_stranded", robot_id)
            self._ledger.stop_timer("rescue", robot_id)
        self._note_heard(robot_id)
        self._execution.mobility_changed(robot_id)
        self._execution.allocate(robot_id)
        self._ledger.after_commit(lambda: self._send_all(robot_id))
        self._missions.retry_step(robot_id)
        self._dispatch_wanted()

    def _send_all(self, robot_id: RobotId) -> None:
        robot = self._ledger.state.robots[robot_id]
        if robot.paused:
            self._pausing.send(robot_id)
        self._execution.repeat_drive(robot_id)
        for command in robot.pending:
            self._missions.send(robot_id, command)

    def heard(self, robot_id: RobotId) -> None:
        """An agent said something, whatever it was: one that was given up is back."""
        robot = self._ledger.state.robots[robot_id]
        if not robot.connected and robot.lost_since is not None:
            self.connected(robot_id, "heard again")
            return
        self._note_heard(robot_id)

    def was_stalled(self) -> None:
        """The manager itself did not run for a while: nobody's silence counts."""
        for robot_id in self._heard:
            self._heard[robot_id] = self._ledger.now()

    def _note_heard(self, robot_id: RobotId) -> None:
        self._heard[robot_id] = self._ledger.now()
        if not self._ledger.is_running("silence", robot_id):
            self._ledger.set_timer("silence", robot_id, self._silence(robot_id))

    def _silence(self, robot_id: RobotId) -> float:
        """Seconds of silence that are normal where the robot is now."""
        robot = self._ledger.state.robots[robot_id]
        if robot.waypoint is None:
            return self._patience.unreachable_after
        ahead = [robot.waypoint]
        if robot.drive is not None:
            ahead = [n.waypoint for n in robot.drive.nodes[: robot.drive.index(robot.drive.cleared_to) + 1]]
        for waypoint in ahead:
            quiet = any(z.kind is ZoneKind.NO_SIGNAL for z in self._routes.zones.of[waypoint])
            if quiet or self._site.waypoints[waypoint].lift is not None:
                return self._patience.no_signal
        return self._patience.unreachable_after

    def silence_over(self, robot_id: RobotId) -> None:
        """The silence timer ran out: was there really nothing?"""
        robot = self._ledger.state.robots[robot_id]
        heard = self._heard.get(robot_id)
        if heard is None or not robot.connected:
            return
        left = self._silence(robot_id) - (self._ledger.now() - heard).total_seconds()
        if left > 0:
            self._ledger.set_timer("silence", robot_id, left)
            return
        self._ledger.record(RobotUnreachable(robot=robot_id))
        self._execution.mobility_changed(robot_id)
        goods = " with goods on board" if robot.loads else ""
        self._ledger.alert(
            "unreachable",
            robot_id,
            f"{robot_id} does not answer{goods}; last seen at {robot.waypoint}",
            f"look at {robot_id} near {robot.waypoint}; check its network",
            Severity.CRITICAL if robot.loads else Severity.WARNING,
        )
        self._ledger.set_timer("rescue", robot_id, self._patience.rescue_after)

    def rescue(self, robot_id: RobotId) -> None:
        """The robot stays silent: its task goes to another carrier, or a person is called for the goods."""
        robot = self._ledger.state.robots[robot_id]
        if not robot.connected and robot.mission is not None:
            self._missions.fail(robot_id, "unreachable", f"{robot_id} does not answer")

    # --- telemetry -------------------------------------------------------------------------------------

    def telemetry_arrived(self, robot_id: RobotId, telemetry: protocol.Telemetry) -> None:
        """Keep the newest; locate a robot that is new here; notice commands that got lost."""
        known = self.telemetry.get(robot_id)
        if known is not None and telemetry.time < known.time:
            return
        self.telemetry[robot_id] = telemetry
        robot = self._ledger.state.robots[robot_id]
        self._missions.tank_told(robot, telemetry.tank)
        if robot.waypoint is None:
            self._locate(robot, telemetry.pose)
        elif telemetry.paused != robot.paused and self._may_resend(robot_id):
            self._ledger.after_commit(lambda: self._pausing.send(robot_id))
        elif self._lacks_drive(robot, telemetry) and self._may_resend(robot_id):
            self._ledger.after_commit(lambda: self._execution.repeat_drive(robot_id))

    def _may_resend(self, robot_id: RobotId) -> bool:
        """Whether the last time that something was said again is long enough ago for the robot to have followed."""
        now = self._ledger.now()
        if now - self._resent.get(robot_id, now - 2 * _RESEND_AFTER) <= _RESEND_AFTER:
            return False
        self._resent[robot_id] = now
        return True

    @staticmethod
    def _lacks_drive(robot: Robot, telemetry: protocol.Telemetry) -> bool:
        """Whether the robot seems not to know what it should drive, or how far."""
        drive = robot.drive
        if drive is None or drive.arrived:
            return False
        return (telemetry.drive_id, telemetry.cleared_to) != (drive.id, drive.cleared_to)

    def _locate(self, robot: Robot, pose: protocol.Pose) -> None:
        """Put a robot on the graph: at the nearest waypoint of its fleet, when it is near enough."""
        tables = self._routes.of(robot.fleet)
        near = [
            (math.hypot(w.x - pose.x, w.y - pose.y), w.id)
            for w in self._site.waypoints.values()
            if w.level == pose.level and tables.reaches(w.id)
        ]
        distance, waypoint = min(near, default=(math.inf, WaypointId("")))
        if distance > self._patience.location_error and not self._execution.on_foot(robot):
            where = f"({pose.x:.1f}, {pose.y:.1f}) on {pose.level}"
            nearest = f"the nearest waypoint is {waypoint}, {distance:.1f} m away" if near else "no waypoint is there"
            self._ledger.alert(
                "off_graph",
                robot.id,
                f"{robot.id} reports {where}; {nearest}",
                "bring it to a waypoint, or check its map's frame, level and scale",
            )
            return
        if not near:
            return
        self._ledger.close_alert("off_graph", robot.id)
        self._ledger.record(RobotLocated(robot=robot.id, waypoint=waypoint))
        self._execution.place(robot.id)
        self._dispatch_wanted()

    # --- reports ---------------------------------------------------------------------------------------

    def reported(self, robot_id: RobotId, report: protocol.Report) -> None:
        """Take a durable report, once."""
        robot = self._ledger.state.robots[robot_id]
        if report.number <= robot.reports:
            return
        match report:
            case protocol.Passed():
                if not self._execution.passed(robot_id, report):
                    self._note(robot_id, report, f"at node {report.sequence} already")
            case protocol.CommandDone():
                self._command_done(robot, report)
            case protocol.CommandFailed():
                self._command_failed(robot, report)
            case protocol.ModeChanged():
                self._mode_changed(robot, report)
            case protocol.Blocked():
                self._blocked(robot, report)
            case protocol.OffRoute():
                self._note(robot_id, report, f"off route by {report.distance:.1f} m")
                self._ledger.alert(
                    "off_route",
                    robot_id,
                    f"{robot_id} is {report.distance:.1f} m off its route" + (report.reason and f": {report.reason}"),
                    "bring it back to its lane, then confirm its position",
                )
            case protocol.TreatmentTold():
                if not self._missions.treatment_told(robot_id, report):
                    self._note(robot_id, report, f"late: {report.treat_id} {'on' if report.on else 'off'}")
            case protocol.Inspected():
                if not self._patrols.inspected(robot, report):
                    self._note(robot_id, report, f"late: {report.inspect_id} inspected")
            case protocol.Said():
                if not self._voices.said(robot, report):
                    self._note(robot_id, report, f"{report.say_id} {'said' if report.aloud else 'shown'}")
            case protocol.GoodsTaken():
                self._note(robot_id, report, f"{report.compartment} was emptied")
                self._missions.goods_taken(robot_id, report.compartment)
            case protocol.FollowerTold():
                if not self._missions.follower_told(robot_id, report):
                    self._note(robot_id, report, f"late: {report.guide_id} {report.following}")
            case protocol.Observed():
                if not self._screening.observed(robot, report):
                    self._note(robot_id, report, f"no cue: {report.kind} {report.value:g}")
            case protocol.ChargeReached():
                self._note(robot_id, report, "charge reached")
                self._dispatch_wanted()

    def _note(self, robot_id: RobotId, report: protocol.Report, text: str) -> None:
        self._ledger.record(
            ReportNoted(robot=robot_id, report=report.number, text=text, state_of_charge=report.state_of_charge)
        )

    def _command_done(self, robot: Robot, report: protocol.CommandDone) -> None:
        command = next((c for c in robot.pending if c.id == report.command_id), None)
        if command is None:
            drive = robot.drive
            ends_drive = drive is not None and drive.id == report.command_id and drive.arrived
            self._note(robot.id, report, "drive done" if ends_drive else f"late: {report.command_id} done")
            if ends_drive and self._execution.arrived(robot.id, report.command_id):
                self._retries.pop(robot.id, None)
                self._missions.arrived(robot.id)
            return
        self._end_command(robot.id, report, ok=True, reason="")
        self._missions.command_done(robot.id, command)

    def _end_command(
        self, robot_id: RobotId, report: protocol.CommandDone | protocol.CommandFailed, *, ok: bool, reason: str
    ) -> None:
        self._ledger.record(
            CommandEnded(
                robot=robot_id,
                command=report.command_id,
                ok=ok,
                reason=reason,
                report=report.number,
                state_of_charge=report.state_of_charge,
                tank=report.tank,
            )
        )

    def _command_failed(self, robot: Robot, report: protocol.CommandFailed) -> None:
        drive = robot.drive
        if drive is not None and drive.id == report.command_id:
            self._note(robot.id, report, f"drive failed: {report.reason}")
            tries = self._retries[robot.id] = self._retries.get(robot.id, 0) + 1
            if report.retry and tries <= self._patience.drive_retries:
                self._ledger.set_timer("drive_again", robot.id, 2.0)
            else:
                self._missions.fail_for_good(robot.id, "drive_failed", f"{robot.id} can't drive on: {report.reason}")
        elif (command := next((c for c in robot.pending if c.id == report.command_id), None)) is not None:
            self._end_command(robot.id, report, ok=False, reason=report.reason)
            if command.kind in (CommandKind.SAY, CommandKind.GUIDE):
                self._missions.voice_failed(robot.id, command, report.reason)
                return
            self._missions.fail_for_good(robot.id, "command_failed", f"{robot.id}: {report.reason}")
        else:
            self._note(robot.id, report, f"late: {report.command_id} failed: {report.reason}")

    def drive_again(self, robot_id: RobotId) -> None:
        """Try a drive that failed once more, as a new command from where the robot is."""
        drive = self._ledger.state.robots[robot_id].drive
        if drive is not None:
            self._execution.drive_to(robot_id, drive.goal)

    def _mode_changed(self, robot: Robot, report: protocol.ModeChanged) -> None:
        mode = RobotMode(report.mode)
        moved_to = self._moved_to(robot, report) if mode is RobotMode.AUTOMATIC else None
        self._ledger.record(
            RobotModeChanged(robot=robot.id, mode=mode, reason=report.reason, waypoint=moved_to, report=report.number)
        )
        if mode is RobotMode.AUTOMATIC:
            self._ledger.close_alert("not_automatic", robot.id)
            self._ledger.close_alert("off_route", robot.id)
            if moved_to is not None:
                self._execution.moved(robot.id)
                self._lift_watch.taken_out(robot.id)
        else:
            self._ledger.alert(
                "not_automatic",
                robot.id,
                f"{robot.id} is in {mode} mode{': ' + report.reason if report.reason else ''}",
                "free the robot, confirm its position and level, then switch to automatic",
            )
        self._execution.mobility_changed(robot.id)
        self._execution.allocate(robot.id)
        self._missions.retry_step(robot.id)
        self._dispatch_wanted()

    def _moved_to(self, robot: Robot, report: protocol.ModeChanged) -> WaypointId | None:
        """The waypoint a robot was moved to by hand; None when it still is where its route expects it."""
        named = WaypointId(report.waypoint or "")
        if named not in self._site.waypoints or (robot.drive is None and named == robot.waypoint):
            return None
        if robot.drive is not None:
            held = robot.drive.nodes[: robot.drive.index(robot.drive.allocated_to) + 1]
            if any(node.waypoint == named for node in held[:2]):
                return None
        return named

    # --- blocked lanes ---------------------------------------------------------------------------------

    def _blocked(self, robot: Robot, report: protocol.Blocked) -> None:
        self._note(robot.id, report, f"free again: {report.reason}" if report.over else f"blocked: {report.reason}")
        if report.over:
            self._ledger.stop_timer("blocked", robot.id)
            self._ledger.close_alert("blocked", robot.id)
        else:
            self._ledger.start_timer("blocked", robot.id, self._patience.blocked)

    def still_blocked(self, robot_id: RobotId) -> None:
        """Patience is over: call a person and lead the others round this lane for a while."""
        robot = self._ledger.state.robots[robot_id]
        if robot.drive is None or robot.drive.arrived:
            return
        node = robot.drive.nodes[robot.drive.index(robot.drive.reached) + 1]
        self._ledger.alert(
            "blocked",
            robot_id,
            f"{robot_id} is blocked on the way to {node.waypoint}",
            f"clear the way at {node.waypoint}",
        )
        if node.lane is not None and node.lane not in self._ledger.state.closed_lanes():
            until = self._ledger.now() + timedelta(seconds=self._patience.closure)
            ways = ClosedWays(lanes=(node.lane,), inside=(), exits=())
            self._closures.start(ClosureKind.BLOCKED, ways, until=until, reason=f"blocked before {robot_id}")

    # --- restart ---------------------------------------------------------------------------------------

    def take_up(self) -> None:
        """After a restart: put robots on the floor, and start the timers that the state calls for."""
        state = self._ledger.state
        now = self._ledger.now()
        self._execution.take_up()
        for robot in state.robots.values():
            if robot.connected:
                self._ledger.set_timer("silence", robot.id, self._silence(robot.id))
                self._heard[robot.id] = now
            elif robot.mission is not None and robot.status is RobotStatus.OFFLINE:
                self._ledger.set_timer("rescue", robot.id, self._patience.rescue_after)
        for mission in state.missions.values():
            step = mission.step
            if (
                step is not None
                and step.kind in (StepKind.PICK_UP, StepKind.DROP_OFF)
                and step.status is StepStatus.WAITING_FOR_PERSON
            ):
                self._missions.await_person(state.robots[mission.robot], step)
        self._closures.take_up()
        self._dispatch_wanted()
