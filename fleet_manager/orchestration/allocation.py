"""Allocation: give each robot its route part by part, clear what doors and lifts allow, and say why it waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from fleet_manager.domain.events import (
    RouteAllocated,
    WaitEnded,
    WaitStarted,
)
from fleet_manager.domain.robots import Drive, Robot, RouteNode, Wait
from fleet_manager.orchestration.devices import Devices, Gate
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.plan_times import PlanTimes
from fleet_manager.orchestration.ports import AgentLink
from fleet_manager.orchestration.settings import Patience
from fleet_manager.planning.floor import Obstacle
from fleet_manager.planning.itinerary_kernel import NEVER
from fleet_manager.planning.parking import Parking
from fleet_manager.planning.routes import Routes
from fleet_manager.planning.traffic import Traffic
from maps.model import CarrierKind, RobotId, Site, WaypointId
from maps.model import Robot as SiteRobot
from robot_agents import protocol

_SLIP: Final = timedelta(seconds=15)
"""By less a predicted time need not be told again."""


_PAUSE: Final = 1.0
"""Seconds between two attempts to find a way for a robot that wants to set out."""


class Allocation:
    """What every robot holds and may drive now. It is in the robot's `Drive`, and mirrored in the traffic's courses."""

    def __init__(
        self,
        site: Site,
        ledger: Ledger,
        routes: Routes,
        traffic: Traffic,
        parking: Parking,
        devices: Devices,
        link: AgentLink,
        patience: Patience,
        plan_times: PlanTimes,
    ) -> None:
        self._plan_times = plan_times
        self._site = site
        self._ledger = ledger
        self._routes = routes
        self._traffic = traffic
        self._parking = parking
        self._devices = devices
        self._link = link
        self._patience = patience
        self._robots: dict[RobotId, SiteRobot] = {r.id: r for f in site.fleets.values() for r in f.robots}
        self._waiting: dict[RobotId, RobotId | None] = {}
        self._wanted: dict[RobotId, WaypointId] = {}
        self._tried: dict[RobotId, float] = {}

    def on_foot(self, robot: Robot) -> bool:
        """People find their way and need no allocation."""
        return self._site.fleets[robot.fleet].carrier is CarrierKind.PERSON

    def home(self, robot: RobotId) -> WaypointId | None:
        """Where the robot rests now: its own home, or another bay while its own is needed."""
        return self._ledger.state.robots[robot].home or self._robots[robot].home

    def standing_at(self, robot_id: RobotId) -> WaypointId | None:
        """The waypoint where a robot stands, None while it drives."""
        robot = self._ledger.state.robots[robot_id]
        return robot.waypoint if robot.drive is None else None

    def will_stand_at(self, robot_id: RobotId) -> WaypointId | None:
        """The waypoint from which a new route starts: the end of what it holds, or where it stands."""
        robot = self._ledger.state.robots[robot_id]
        return robot.drive.allocated_end if robot.drive else robot.waypoint

    def _now(self) -> float:
        return self._ledger.now().timestamp()

    # --- telling -----------------------------------------------------------------------------------

    def send_drive(self, robot_id: RobotId) -> None:
        """Tell the agent its whole route as it stands after the commit."""
        self._ledger.after_commit(lambda: self._send_drive(robot_id))

    def repeat_drive(self, robot_id: RobotId) -> None:
        """Say the stored route again, after a reconnect or when the agent seems to have missed something.

        An agent that knows the drive already leaves it as it is, so the clearance follows on its own.
        """
        drive = self._ledger.state.robots[robot_id].drive
        if drive is not None:
            self._send_drive(robot_id)
            self._send_clearance(robot_id, drive.id, drive.cleared_to)

    def _send_drive(self, robot_id: RobotId) -> None:
        drive = self._ledger.state.robots[robot_id].drive
        if drive is None:
            return
        pace = self._pace(robot_id)
        nodes = tuple(self._protocol_node(node, pace) for node in drive.nodes)
        self._link.send(robot_id, protocol.Drive(command_id=drive.id, nodes=nodes, cleared_to=drive.cleared_to))

    def _pace(self, robot_id: RobotId) -> float | None:
        """How fast a robot drives at most whose visitor has to keep up (m/s); None for as fast as it can."""
        mission = self._ledger.state.mission_of(self._ledger.state.robots[robot_id])
        step = mission.step if mission is not None else None
        return self._patience.walking_pace if step is not None and step.leads else None

    def _protocol_node(self, node: RouteNode, pace: float | None) -> protocol.RouteNode:
        waypoint = self._site.waypoints[node.waypoint]
        lane = self._site.lanes[node.lane] if node.lane else None
        return protocol.RouteNode(
            sequence=node.sequence,
            waypoint=node.waypoint,
            level=waypoint.level,
            x=waypoint.x,
            y=waypoint.y,
            via=protocol.Via.LIFT if node.lift else protocol.Via.LANE,
            lift=node.lift,
            door=lane.door if lane else None,
            heading=waypoint.heading,
            speed_limit=min((v for v in (pace, lane.speed_limit if lane else None) if v is not None), default=None),
        )

    def _send_clearance(self, robot_id: RobotId, drive_id: str, cleared_to: int) -> None:
        command_id = f"{drive_id}/{cleared_to}"
        self._link.send(robot_id, protocol.Proceed(command_id=command_id, drive_id=drive_id, cleared_to=cleared_to))

    # --- allocating --------------------------------------------------------------------------------

    def allocate(self, robot_id: RobotId) -> None:
        """Allocate ahead of the robot as far as it is free and safe, and clear what doors and lifts allow."""
        robot = self._ledger.state.robots[robot_id]
        drive = robot.drive
        if drive is None or self.on_foot(robot) or not robot.able or not robot.may_drive_to(drive.goal):
            return
        if robot.unlocked and drive.cleared_to == drive.reached:
            if not drive.arrived:
                because = "its compartment is not locked yet" if robot.opened else "it is not done here yet"
                self._wait(robot_id, robot.waypoint or drive.goal, None, because)
            return
        to, obstacle = self._extend(robot_id, drive)
        self._devices.ask_for(robot_id, drive, to)
        self._devices.ride(robot_id, drive, to)
        cleared_to, gate = self._devices.clear_to(robot_id, drive, to)
        if (to, cleared_to) != (drive.allocated_to, drive.cleared_to):
            self._ledger.record(RouteAllocated(robot=robot_id, to=to, cleared_to=cleared_to))
            if cleared_to != drive.cleared_to:
                self._ledger.after_commit(lambda: self._send_clearance(robot_id, drive.id, cleared_to))
        self._explain(robot_id, drive, to, cleared_to, obstacle, gate)

    def _extend(self, robot_id: RobotId, drive: Drive) -> tuple[int, Obstacle | None]:
        """Allocate up to the next places to stop, one by one, until enough lies ahead or something is in the way."""
        to = drive.allocated_to
        ahead = self._lookahead(robot_id)
        while to < drive.end and self._length(drive, drive.reached, to) < ahead:
            obstacle = self._traffic.extend(robot_id)
            if obstacle is not None:
                return to, obstacle
            to = self._traffic.allocated(robot_id)
        return to, None

    def _lookahead(self, robot_id: RobotId) -> float:
        """Metres to allocate ahead: a fast robot brakes for long, and reports only where a lane ends."""
        fleet = self._site.fleets[self._ledger.state.robots[robot_id].fleet]
        braking = fleet.speed**2 / (2.0 * fleet.acceleration)
        return max(self._patience.lookahead, 2.0 * braking + fleet.speed)

    def _length(self, drive: Drive, after: int, to: int) -> float:
        nodes = drive.nodes[drive.index(after) + 1 : drive.index(to) + 1]
        return sum(self._site.lanes[node.lane].length for node in nodes if node.lane)

    def _explain(
        self, robot_id: RobotId, drive: Drive, to: int, cleared_to: int, obstacle: Obstacle | None, gate: Gate | None
    ) -> None:
        """Say why the robot stands, or soon will; moving robots wait for nothing."""
        if obstacle is not None:
            self._waiting[robot_id] = obstacle.held_by
            self._ledger.start_timer("retry", robot_id, self._patience.retry)
        else:
            self._waiting.pop(robot_id, None)
        if cleared_to != drive.reached or drive.arrived:
            self._clear_wait(robot_id)
        elif gate is not None:
            self._wait(robot_id, gate.device, None, gate.because, gate.until)
        elif obstacle is not None:
            holder = obstacle.held_by
            because = f"{holder} goes first" if obstacle.in_turn else f"{holder} has it"
            self._wait(robot_id, obstacle.part, holder, because, self._goes_on(robot_id))

    def wake_those_behind(self, robot_id: RobotId) -> None:
        """This robot released something or moved on: look again at those that wait for it."""
        behind = [r for r, holder in self._waiting.items() if holder == robot_id]
        state = self._ledger.state

        def urgency(waiting: RobotId) -> tuple[int, str]:
            task = state.task_of(state.robots[waiting])
            return (task.priority.rank if task else 9, waiting)

        for waiting in sorted(behind, key=urgency):
            if waiting in self._wanted:
                # Once a moment is enough: what two robots do for each other's sake must not go on in a circle.
                tried = self._tried.get(waiting) == self._now()
                self._ledger.set_timer("retry", waiting, _PAUSE if tried else 0.0)
            else:
                self.allocate(waiting)

    # --- waiting -----------------------------------------------------------------------------------

    def _goes_on(self, robot_id: RobotId) -> datetime | None:
        """Until when a robot will probably wait for others; None when that can't be known."""
        moment = self._traffic.goes_on(robot_id)
        if moment is None or not self._now() < moment < self._now() + NEVER / 2:
            return None
        return datetime.fromtimestamp(moment, tz=UTC)

    def foresee(self) -> None:
        """Predict anew how long those that wait for others will wait, and when everybody arrives."""
        self._traffic.retime(self._now())
        under_way = False
        for robot in tuple(self._ledger.state.robots.values()):
            under_way = under_way or robot.drive is not None or robot.id in self._wanted
            wait = robot.wait
            if wait is None or wait.held_by is None or robot.id not in self._waiting or robot.drive is None:
                continue
            until = self._goes_on(robot.id)
            known = wait.until
            slips = (until is None) != (known is None)
            if until is not None and known is not None:
                slips = abs(until - known) >= _SLIP
            if slips:
                self._ledger.record(WaitStarted(robot=robot.id, wait=replace(wait, until=until)))
        if under_way:
            self._ledger.set_timer("foresee", "fleet", self._patience.foresee)

    def arrival(self, robot_id: RobotId) -> datetime | None:
        """When the robot is at the end of its drive, in its turn; None when it has none or is blocked for good."""
        drive = self._ledger.state.robots[robot_id].drive
        if drive is None or not self._traffic.knows(robot_id) or self._traffic.is_blocked(robot_id, self._now()):
            return None
        return datetime.fromtimestamp(max(self._traffic.arrival(robot_id), self._now()), tz=UTC)

    def _wait(
        self,
        robot_id: RobotId,
        resource: str,
        held_by: RobotId | None,
        because: str,
        until: datetime | None = None,
    ) -> None:
        known = self._ledger.state.robots[robot_id].wait
        if known is None or (known.resource, known.held_by, known.because) != (resource, held_by, because):
            since = known.since if known else self._ledger.now()
            wait = Wait(resource=resource, held_by=held_by, because=because, since=since, until=until)
            self._ledger.record(WaitStarted(robot=robot_id, wait=wait))

    def _clear_wait(self, robot_id: RobotId) -> None:
        if self._ledger.state.robots[robot_id].wait is not None:
            self._ledger.record(WaitEnded(robot=robot_id))
