"""Doors and lifts: what is known of them, and the sessions that robots hold.

A session is a lease with an owner. It starts when the robot is allocated the lane through the door or into the car, and
ends when the robot has passed the node behind it. The building is asked only after the commit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fleet_manager.domain.events import SessionEnded, SessionMoved, SessionStarted
from fleet_manager.domain.robots import DeviceKind, DeviceSession, Drive, RouteNode
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.ports import Doors, Lifts
from fleet_manager.orchestration.views import DoorView, LiftView
from maps.model import DoorId, LevelId, LiftId, RobotId, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftReport:
    """The car as the building tells it; `level` is None while it moves."""

    level: LevelId | None
    doors_open: bool
    session: str | None
    available: bool


@dataclass(frozen=True, slots=True)
class Gate:
    """A door or lift that is not open yet for the robot that wants to pass."""

    device: str
    because: str


class Devices:
    def __init__(self, site: Site, ledger: Ledger, doors: Doors, lifts: Lifts) -> None:
        self._site = site
        self._ledger = ledger
        self._doors = doors
        self._lifts = lifts
        self._open_doors: dict[DoorId, bool] = {}
        self._cars: dict[LiftId, LiftReport] = {}

    # --- what the building reports ---------------------------------------------------------------------

    def door_reported(self, door: DoorId, *, is_open: bool) -> None:
        self._open_doors[door] = is_open

    def lift_reported(self, lift: LiftId, report: LiftReport) -> None:
        self._cars[lift] = report

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
            return LiftView(id=lift, level=None, doors_open=False, session=None, available=False)
        return LiftView(
            id=lift, level=car.level, doors_open=car.doors_open, session=car.session, available=car.available
        )

    # --- sessions --------------------------------------------------------------------------------------

    def ask_for(self, robot: RobotId, drive: Drive, after: int, to: int) -> None:
        """Start the sessions that the nodes behind `after` up to `to` need."""
        for i in range(drive.index(after) + 1, drive.index(to) + 1):
            node = drive.nodes[i]
            if node.lane is not None:
                door = self._site.lanes[node.lane].door
                if door is not None and self._site.doors[door].automatic:
                    self._start(robot, DeviceKind.DOOR, door, ends_after=node.sequence)
                lift = self._site.waypoints[node.waypoint].lift
                if lift is not None:
                    level = self._site.waypoints[node.waypoint].level
                    ends_after = min(node.sequence + 2, drive.end)
                    self._start(robot, DeviceKind.LIFT, lift, ends_after=ends_after, level=level)

    def _start(
        self,
        robot: RobotId,
        kind: DeviceKind,
        device: DoorId | LiftId,
        *,
        ends_after: int,
        level: LevelId | None = None,
    ) -> None:
        session = DeviceSession(
            id=f"{robot}:{device}:{ends_after}",
            kind=kind,
            device=device,
            robot=robot,
            ends_after=ends_after,
            level=level,
        )
        if session.id not in self._ledger.state.sessions:
            self._ledger.record(SessionStarted(session=session))
            self._request(session)

    def _request(self, session: DeviceSession) -> None:
        if session.kind is DeviceKind.DOOR:
            self._ledger.after_commit(lambda: self._doors.request(DoorId(session.device), session.id))
        elif session.level is not None:
            level = session.level
            self._ledger.after_commit(lambda: self._lifts.request(LiftId(session.device), session.id, level))

    def request_all(self) -> None:
        """After a restart: ask the building again for all that robots hold."""
        for session in self._ledger.state.sessions.values():
            self._request(session)

    def passed(self, robot: RobotId, drive: Drive) -> None:
        """The robot passed a node: give back what lies behind it, and ride when it stands in a car."""
        for session in [s for s in self._ledger.state.sessions.values() if s.robot == robot]:
            if session.ends_after <= drive.reached:
                self.end(session)
        ahead = drive.index(drive.reached) + 1
        if ahead < len(drive.nodes) and drive.nodes[ahead].lift is not None:
            self._ride(robot, drive.nodes[ahead])

    def _ride(self, robot: RobotId, to: RouteNode) -> None:
        level = self._site.waypoints[to.waypoint].level
        for session in self._ledger.state.sessions.values():
            if session.robot == robot and session.device == to.lift and session.level != level:
                moved = replace(session, level=level)
                self._ledger.record(SessionMoved(session=moved))
                self._request(moved)
                return

    def end(self, session: DeviceSession) -> None:
        self._ledger.record(SessionEnded(session=session.id))
        if session.kind is DeviceKind.DOOR:
            self._ledger.after_commit(lambda: self._doors.release(DoorId(session.device), session.id))
        else:
            self._ledger.after_commit(lambda: self._lifts.release(LiftId(session.device), session.id))

    # --- gates -----------------------------------------------------------------------------------------

    def clear_to(self, robot: RobotId, drive: Drive, allocated_to: int) -> tuple[int, Gate | None]:
        """How far the robot may drive of what it holds: up to the first device that is not open for it."""
        for i in range(drive.index(drive.cleared_to) + 1, drive.index(allocated_to) + 1):
            gate = self._closed_gate(robot, drive.nodes[i])
            if gate is not None:
                return drive.nodes[i - 1].sequence, gate
        return allocated_to, None

    def _closed_gate(self, robot: RobotId, node: RouteNode) -> Gate | None:
        waypoint = self._site.waypoints[node.waypoint]
        if node.lift is not None:
            return self._closed_car(robot, node.lift, waypoint.level)
        if node.lane is None:
            return None
        door = self._site.lanes[node.lane].door
        if door is not None and self._site.doors[door].automatic and not self._open_doors.get(door, False):
            return Gate(door, f"door {door} is opening")
        if waypoint.lift is not None:
            return self._closed_car(robot, waypoint.lift, waypoint.level)
        return None

    def _closed_car(self, robot: RobotId, lift: LiftId, level: LevelId) -> Gate | None:
        car = self._cars.get(lift)
        if car is None or not car.available:
            return Gate(lift, f"lift {lift} does not answer")
        session = self._ledger.state.sessions.get(car.session) if car.session else None
        if session is None:
            return Gate(lift, f"lift {lift} was called to {level}")
        if session.robot != robot:
            return Gate(lift, f"lift {lift} serves {session.robot}")
        if car.level != level:
            return Gate(lift, f"lift {lift} is on its way to {level}")
        if not car.doors_open:
            return Gate(lift, f"lift {lift} opens its doors at {level}")
        return None
