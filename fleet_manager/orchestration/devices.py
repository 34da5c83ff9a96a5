"""Doors, lifts and crossings: what is known of them, and the sessions that robots hold.

A session is a lease with an owner, an expiry and a fencing number. It starts when the robot is allocated the lane
through the door or into the car, and ends when the robot has passed the node behind it. It is renewed while its owner
could follow a command; otherwise it runs out by itself, unless the robot stands in the car or may be in the doorway.
The building is asked only after the commit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fleet_manager.domain.alerts import Severity
from fleet_manager.domain.closures import Closure, ClosureKind
from fleet_manager.domain.devices import TurnCause, TurnedAway
from fleet_manager.domain.events import (
    RobotTurnedAway,
    SessionEnded,
    SessionMoved,
    SessionRefused,
    SessionRenewed,
    SessionStarted,
)
from fleet_manager.domain.robots import DeviceKind, DeviceSession, Drive, RouteNode
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.ports import Crossings, Doors, LiftReport, Lifts
from fleet_manager.orchestration.settings import Patience
from fleet_manager.orchestration.signals import Signals
from fleet_manager.orchestration.views import DoorView, LiftView
from maps.model import CrossingId, DoorId, LevelId, LiftId, RobotId, Site, WaypointId


@dataclass(frozen=True, slots=True)
class Gate:
    """A door or lift that is not open yet for the robot that wants to pass, or a closure of its way."""

    device: str
    because: str
    until: datetime | None = None


class Devices:
    def __init__(
        self,
        site: Site,
        ledger: Ledger,
        doors: Doors,
        lifts: Lifts,
        crossings: Crossings,
        signals: Signals,
        patience: Patience,
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._doors = doors
        self._lifts = lifts
        self._crossings = crossings
        self._signals = signals
        self._patience = patience
        self._open_doors: dict[DoorId, bool] = {}
        self._cars: dict[LiftId, LiftReport] = {}

    # --- what the building reports ---------------------------------------------------------------------

    def door_reported(self, door: DoorId, *, is_open: bool) -> None:
        self._open_doors[door] = is_open

    def lift_reported(self, lift: LiftId, report: LiftReport) -> None:
        self._cars[lift] = report

    def waiting_for(self, lift: LiftId) -> list[DeviceSession]:
        """The sessions of robots that want to board a lift and were not cleared to, oldest first."""
        found = [s for s in self._ledger.state.sessions.values() if s.device == lift and not self._is_used(s)]
        return sorted(found, key=lambda session: session.fencing)

    def riders(self, lift: LiftId) -> list[RobotId]:
        """The robots in a car or its doorway."""
        return [s.robot for s in self._ledger.state.sessions.values() if s.device == lift and self._is_used(s)]

    def served_full(self, lift: LiftId) -> DeviceSession | None:
        """The session for which the car came with people in it, so that its robot finds no room."""
        car = self._cars.get(lift)
        if car is None or not (car.full and car.doors_open):
            return None
        here = (car.session, car.fencing, car.level)
        return next((s for s in self.waiting_for(lift) if (s.id, s.fencing, s.level) == here), None)

    def users(self, device: str) -> list[RobotId]:
        """The robots that hold a session of a door or lift."""
        return [s.robot for s in self._ledger.state.sessions.values() if s.device == device]

    def door_views(self) -> list[DoorView]:
        return [
            DoorView(id=door.id, open=self._open_doors.get(door.id, not door.automatic))
            for door in self._site.doors.values()
        ]

    def door_view(self, door: DoorId) -> DoorView:
        return DoorView(id=door, open=self._open_doors.get(door, not self._site.doors[door].automatic))

    def lift_views(self) -> list[LiftView]:
        return [self.lift_view(lift) for lift in self._site.lifts]

    def lift_view(self, lift: LiftId) -> LiftView:
        car = self._cars.get(lift)
        if car is None:
            car = LiftReport(level=None, doors_open=False, session=None, available=False)
        reserved = self._reservation(lift)
        return LiftView(
            id=lift,
            level=car.level,
            doors_open=car.doors_open,
            session=car.session,
            available=car.available,
            load=car.load,
            full=car.full,
            times_full=self._ledger.state.device(lift).full,
            reserved_for=reserved.reason if reserved is not None else None,
            reserved_until=reserved.until if reserved is not None else None,
        )

    def _reservation(self, lift: LiftId) -> Closure | None:
        closures = self._ledger.state.closures.values()
        return next((c for c in closures if c.kind is ClosureKind.RESERVED and c.lift == lift), None)

    # --- sessions --------------------------------------------------------------------------------------

    def ask_for(self, robot: RobotId, drive: Drive, to: int) -> None:
        """Start the sessions that are lacking for the nodes up to `to` that the robot has not passed yet.

        Green is asked for by who stands at the kerb: earlier it would be over when the robot comes.
        """
        for i in range(drive.index(drive.reached) + 1, drive.index(to) + 1):
            node = drive.nodes[i]
            if node.lane is not None:
                door = self._site.lanes[node.lane].door
                if door is not None and self._site.doors[door].automatic:
                    self._start(robot, DeviceKind.DOOR, door, ends_after=node.sequence)
                crossing = self._site.lanes[node.lane].crossing
                if crossing is not None and drive.nodes[i - 1].sequence <= drive.reached:
                    self._start(robot, DeviceKind.CROSSING, crossing, ends_after=node.sequence)
                lift = self._site.waypoints[node.waypoint].lift
                if lift is not None and self._withheld(robot, lift) is None:
                    level = self._site.waypoints[node.waypoint].level
                    ends_after = min(node.sequence + 2, drive.end)
                    self._start(robot, DeviceKind.LIFT, lift, ends_after=ends_after, level=level)

    def _start(
        self,
        robot: RobotId,
        kind: DeviceKind,
        device: DoorId | LiftId | CrossingId,
        *,
        ends_after: int,
        level: LevelId | None = None,
    ) -> None:
        known = self._ledger.state.sessions.values()
        if any((s.robot, s.device, s.ends_after) == (robot, device, ends_after) for s in known):
            return
        if kind is DeviceKind.LIFT:
            self._ledger.start_timer("lift_silence", device, self._patience.lift_silence)
        elif kind is DeviceKind.CROSSING:
            self._ledger.start_timer("crossing_silence", device, self._patience.crossing_silence)
        fencing = self._ledger.state.device(device).fencing + 1
        session = DeviceSession(
            id=f"{robot}:{device}:{fencing}",
            kind=kind,
            device=device,
            robot=robot,
            ends_after=ends_after,
            expires=self._ledger.now() + timedelta(seconds=self._patience.lease),
            fencing=fencing,
            level=level,
        )
        self._ledger.record(SessionStarted(session=session))
        self._ledger.set_timer("session", session.id, self._patience.lease / 2)
        self._request(session)

    def _request(self, session: DeviceSession) -> None:
        lease = self._patience.lease
        if session.kind is DeviceKind.DOOR:
            door = DoorId(session.device)
            self._ledger.after_commit(
                lambda: self._doors.request(door, session.id, fencing=session.fencing, lease=lease)
            )
        elif session.kind is DeviceKind.CROSSING:
            crossing = CrossingId(session.device)
            self._ledger.after_commit(
                lambda: self._crossings.request(crossing, session.id, fencing=session.fencing, lease=lease)
            )
        elif session.level is not None:
            lift, level = LiftId(session.device), session.level
            self._ledger.after_commit(
                lambda: self._lifts.request(lift, session.id, level, fencing=session.fencing, lease=lease)
            )

    def take_up(self) -> None:
        """After a restart: renew what robots hold, in the order in which they asked for it, or let it run out."""
        for session in sorted(self._ledger.state.sessions.values(), key=lambda s: (s.device, s.fencing)):
            self.due(session.id)

    # --- expiry ----------------------------------------------------------------------------------------

    def due(self, session_id: str) -> RobotId | None:
        """Half a lease is over, or all of it: renew it, wait on, or end it. Answers the owner of one that ended.

        What a robot may be standing in is renewed before the building could let go of it.
        """
        session = self._ledger.state.sessions.get(session_id)
        if session is None:
            return None
        robot = self._ledger.state.robots[session.robot]
        left = (session.expires - self._ledger.now()).total_seconds()
        if robot.able:
            if not self._is_out(session):
                self._no_help_needed(session)
            self._renew(session)
        elif self._is_used(session):
            self._call_for_help(session)
            self._renew(session)
        elif left > 0.0:
            self._ledger.set_timer("session", session.id, left)
        else:
            self.end(session, "its robot can't use it, and its time is over")
            return session.robot
        return None

    def refused(self, session_id: str, newest: int) -> RobotId | None:
        """The building does not take up a session any more: it is over. Answers its owner, if there was one."""
        session = self._ledger.state.sessions.get(session_id)
        if session is None:
            return None
        self._ledger.record(SessionRefused(session=session_id, newest=newest))
        self._let_go(session)
        return session.robot

    def _renew(self, session: DeviceSession) -> None:
        expires = self._ledger.now() + timedelta(seconds=self._patience.lease)
        self._ledger.record(SessionRenewed(session=session.id, expires=expires))
        self._ledger.set_timer("session", session.id, self._patience.lease / 2)
        self._request(session)

    def _is_out(self, session: DeviceSession) -> bool:
        closures = self._ledger.state.closures.values()
        return any(c.kind is ClosureKind.LIFT and c.lift == session.device for c in closures)

    def _is_used(self, session: DeviceSession) -> bool:
        """Whether the robot is in the car or the doorway, or was cleared to go there and may be on its way."""
        if session.kind is DeviceKind.LIFT:
            return self._boards(session.robot, session.device)
        drive = self._ledger.state.robots[session.robot].drive
        return drive is not None and drive.reached < session.ends_after <= drive.cleared_to

    def in_street(self, robot: RobotId, crossing: CrossingId) -> bool:
        """Whether a robot is on its way over a street, or was cleared to be."""
        sessions = self._ledger.state.sessions.values()
        return any(s.robot == robot and s.device == crossing and self._is_used(s) for s in sessions)

    def _boards(self, robot_id: RobotId, lift: str) -> bool:
        """Whether the robot is in the car, or was cleared to go there or out of it."""
        robot = self._ledger.state.robots[robot_id]
        drive = robot.drive
        cleared = [] if drive is None else drive.nodes[: drive.index(drive.cleared_to) + 1]
        places = [robot.waypoint, *(node.waypoint for node in cleared)]
        return any(place is not None and self._site.waypoints[place].lift == lift for place in places)

    def _call_for_help(self, session: DeviceSession) -> None:
        robot, device = session.robot, session.device
        if session.kind is DeviceKind.LIFT:
            self._ledger.alert(
                "stuck_in_lift",
                robot,
                f"{robot} stands in lift {device} or its doorway and can't go on; the car stays for it",
                f"take {robot} out of lift {device}, then confirm its position",
                Severity.CRITICAL,
            )
        elif session.kind is DeviceKind.CROSSING:
            self._ledger.alert(
                "stuck_in_street",
                robot,
                f"{robot} may stand in the street at crossing {device} and can't go on",
                f"bring {robot} out of the street at once, then confirm its position",
                Severity.CRITICAL,
            )
        else:
            self._ledger.alert(
                "stuck_in_door",
                robot,
                f"{robot} stands at door {device} and can't go on; the door stays open for it",
                f"take {robot} away from door {device}, then confirm its position",
            )

    def _no_help_needed(self, session: DeviceSession) -> None:
        if session.kind is DeviceKind.LIFT:
            self._ledger.close_alert("stuck_in_lift", session.robot)
        elif session.kind is DeviceKind.CROSSING:
            self._ledger.close_alert("stuck_in_street", session.robot)
        else:
            self._ledger.close_alert("stuck_in_door", session.robot)

    # --- on the way ------------------------------------------------------------------------------------

    def passed(self, robot: RobotId, drive: Drive) -> None:
        """The robot passed a node: give back what lies behind it."""
        at = self._site.waypoints[drive.nodes[drive.index(drive.reached)].waypoint]
        for session in [s for s in self._ledger.state.sessions.values() if s.robot == robot]:
            if session.ends_after <= drive.reached and session.device != at.lift:
                self.end(session)

    def ride(self, robot: RobotId, drive: Drive, allocated_to: int) -> None:
        """Call the car to where a robot that stands in it has to go next: to another level, or out of it here."""
        here = drive.index(drive.reached)
        lift = self._site.waypoints[drive.nodes[here].waypoint].lift
        if lift is not None and drive.reached < allocated_to:
            self._ride(robot, lift, drive.nodes[here + 1])

    def _ride(self, robot: RobotId, lift: LiftId, to: RouteNode) -> None:
        level = self._site.waypoints[to.waypoint].level
        ends_after = to.sequence if to.lift is None else to.sequence + 1
        for session in self._ledger.state.sessions.values():
            if session.robot == robot and session.device == lift:
                if (session.level, session.ends_after) != (level, ends_after):
                    moved = replace(session, level=level, ends_after=ends_after)
                    self._ledger.record(SessionMoved(session=moved))
                    self._ledger.close_alert("lift_full", lift)
                    self._request(moved)
                return
        self._start(robot, DeviceKind.LIFT, lift, ends_after=ends_after, level=level)

    def end(self, session: DeviceSession, because: str = "") -> None:
        self._ledger.record(SessionEnded(session=session.id, because=because))
        self._let_go(session)

    def turn_away(self, session: DeviceSession, turn: TurnedAway) -> None:
        """The robot leaves the line for a lift, so that the car may go; later it asks again."""
        self._ledger.record(RobotTurnedAway(lift=LiftId(session.device), session=session.id, turn=turn))
        self._let_go(session)

    def _let_go(self, session: DeviceSession) -> None:
        """A session is over: nobody has to care for it any more, and the building is told."""
        self._ledger.stop_timer("session", session.id)
        self._no_help_needed(session)
        if session.kind is DeviceKind.DOOR:
            self._ledger.after_commit(lambda: self._doors.release(DoorId(session.device), session.id))
        elif session.kind is DeviceKind.CROSSING:
            self._ledger.after_commit(lambda: self._crossings.release(CrossingId(session.device), session.id))
        else:
            self._ledger.after_commit(lambda: self._lifts.release(LiftId(session.device), session.id))

    def give_back(self, robot_id: RobotId) -> None:
        """End the sessions that the robot was not cleared to use yet: it goes elsewhere.

        Of two rides in one lift only the first may have begun.
        """
        boarded: dict[str, None] = {}
        own = [s for s in self._ledger.state.sessions.values() if s.robot == robot_id]
        for session in sorted(own, key=lambda session: session.ends_after):
            if not self._is_used(session) or session.device in boarded:
                self.end(session, "its robot goes elsewhere")
            elif session.kind is DeviceKind.LIFT:
                boarded[session.device] = None

    # --- gates -----------------------------------------------------------------------------------------

    def clear_to(self, robot: RobotId, drive: Drive, allocated_to: int) -> tuple[int, Gate | None]:
        """How far the robot may drive of what it holds: up to the first device that is not open for it."""
        for i in range(drive.index(drive.cleared_to) + 1, drive.index(allocated_to) + 1):
            gate = self._closed_gate(robot, drive.nodes[i - 1].waypoint, drive.nodes[i])
            gate = gate or self._red_light(robot, drive, i)
            if gate is not None:
                return drive.nodes[i - 1].sequence, gate
        return allocated_to, None

    def _red_light(self, robot: RobotId, drive: Drive, index: int) -> Gate | None:
        node, kerb = drive.nodes[index], drive.nodes[index - 1].sequence
        lane = self._site.lanes[node.lane] if node.lane is not None else None
        if lane is None or lane.crossing is None:
            return None
        because = self._signals.forbids(self._ledger.state.robots[robot], drive, kerb, lane)
        return Gate(lane.crossing, because) if because is not None else None

    def _closed_gate(self, robot: RobotId, before: WaypointId, node: RouteNode) -> Gate | None:
        waypoint = self._site.waypoints[node.waypoint]
        if node.lift is not None:
            return self._closed_car(robot, node.lift, waypoint.level)
        if node.lane is None:
            return None
        for closure in self._ledger.state.closures_for(robot):
            if closure.gated and node.lane in closure.shuts(before):
                return Gate(closure.id, f"the way to {node.waypoint} is {closure.text}")
        door = self._site.lanes[node.lane].door
        if door is not None and self._site.doors[door].automatic and not self._open_doors.get(door, False):
            return Gate(door, f"door {door} is opening")
        car = waypoint.lift or self._site.waypoints[before].lift
        return self._closed_car(robot, car, waypoint.level) if car is not None else None

    def _withheld(self, robot: RobotId, lift: LiftId) -> Gate | None:
        """Why a robot that does not use a lift yet may not stand in line for it now."""
        if self._boards(robot, lift):
            return None
        reserved = self._reservation(lift)
        if reserved is not None:
            return Gate(lift, f"lift {lift} is {reserved.text}", reserved.until)
        turn = self._ledger.state.device(lift).turn_of(robot)
        if turn is None or turn.until <= self._ledger.now():
            return None
        if turn.cause is TurnCause.GIVE_WAY:
            return Gate(lift, f"gives way to people at lift {lift}", turn.until)
        return Gate(lift, f"lift {lift} was full {'once' if turn.times == 1 else f'{turn.times} times'}", turn.until)

    def _closed_car(self, robot: RobotId, lift: LiftId, level: LevelId) -> Gate | None:
        withheld = self._withheld(robot, lift)
        if withheld is not None:
            return withheld
        car = self._cars.get(lift)
        if car is None or not car.available:
            return Gate(lift, f"lift {lift} does not answer")
        session = self._ledger.state.sessions.get(car.session) if car.session else None
        if session is None or session.fencing != car.fencing:
            return Gate(lift, f"lift {lift} was called to {level}")
        if session.robot != robot:
            return Gate(lift, f"lift {lift} serves {session.robot}")
        if car.level != level:
            return Gate(lift, f"lift {lift} is on its way to {level}")
        if not car.doors_open:
            return Gate(lift, f"lift {lift} opens its doors at {level}")
        if car.full and not self._boards(robot, lift):
            return Gate(lift, f"lift {lift} is full")
        return None
