"""Drives: claim a route, allocate it part by part, clear what doors and lifts allow, release what lies behind."""

from __future__ import annotations

from dataclasses import replace

from fleet_manager.domain.events import (
    DriveEnded,
    NodePassed,
    RobotRehomed,
    RouteAllocated,
    RouteClaimed,
    WaitEnded,
    WaitStarted,
    ZoneEntered,
)
from fleet_manager.domain.robots import Drive, Robot, RouteNode, Wait
from fleet_manager.orchestration.devices import Devices, Gate
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.ports import AgentLink
from fleet_manager.orchestration.settings import Patience
from fleet_manager.planning.costs import LIFT_RIDE
from fleet_manager.planning.parking import Parking
from fleet_manager.planning.routes import Routes
from fleet_manager.planning.traffic import Obstacle, Traffic
from maps.model import CarrierKind, LaneId, LiftId, RobotId, Site, WaypointId
from maps.model import Robot as SiteRobot
from robot_agents import protocol


class Execution:
    """Every robot's drive. What a robot holds is in its `Drive`, and mirrored in the traffic table."""

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
    ) -> None:
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

    # --- the floor -------------------------------------------------------------------------------------

    def on_foot(self, robot: Robot) -> bool:
        """People find their way and need no allocation."""
        return self._site.fleets[robot.fleet].carrier is CarrierKind.PERSON

    def home(self, robot: RobotId) -> WaypointId | None:
        """Where the robot rests now: its own home, or another bay while its own is needed."""
        return self._ledger.state.robots[robot].home or self._robots[robot].home

    def give_home_back(self, robot_id: RobotId) -> None:
        """Let a robot rest at its own home again when nobody needs it any more."""
        robot, own = self._ledger.state.robots[robot_id], self._robots[robot_id].home
        if robot.home is None or own is None:
            return
        goals = [m.goal for m in self._ledger.state.missions.values() if m.robot != robot_id]
        goals += [r.drive.goal for r in self._ledger.state.robots.values() if r.drive and r.id != robot_id]
        if not any(self._parking.touch(own, goal) for goal in goals):
            self._rehome(robot_id, None)

    def _rehome(self, robot_id: RobotId, home: WaypointId | None) -> bool:
        rests_at = home or self._robots[robot_id].home
        if self._traffic.knows(robot_id) and not self._traffic.rehome(robot_id, rests_at):
            return False
        self._ledger.record(RobotRehomed(robot=robot_id, home=home))
        self._ledger.set_timer("dispatch", robot_id, 0.0)
        return True

    def _free_goal(self, robot_id: RobotId, goal: WaypointId) -> None:
        """Whoever has its home at this robot's goal rests elsewhere for now, in a bay that nobody needs."""
        state = self._ledger.state
        for other in state.robots.values():
            home = self.home(other.id)
            if other.id == robot_id or home is None or self.on_foot(other) or not self._parking.touch(home, goal):
                continue
            taken = {w for r in state.robots if r != other.id and (w := self.home(r)) is not None}
            taken |= {w for r in state.robots if r != other.id and (w := self.will_stand_at(r)) is not None}
            taken |= {r.drive.goal for r in state.robots.values() if r.drive and r.id != other.id}
            taken |= {goal}
            start = self.will_stand_at(other.id) or home
            closed = frozenset(state.closed_lanes)
            for bay in self._parking.nearest(other.fleet, start, taken, closed):
                if self._rehome(other.id, bay):
                    break

    def place(self, robot_id: RobotId) -> None:
        """Put a robot on the floor as its state says: after it was located, moved by hand, or after a restart.

        A robot that nobody has heard of yet is taken to stand at home.
        """
        robot = self._ledger.state.robots[robot_id]
        at = robot.waypoint or self.home(robot_id)
        if self.on_foot(robot) or at is None:
            return
        if robot.drive is not None:
            self._traffic.restore(robot_id, robot.fleet, self.home(robot_id), robot.drive)
        else:
            self._traffic.place(robot_id, robot.fleet, self.home(robot_id), at)
        self._traffic.immobile(robot_id, can_move=robot.able and robot.waypoint is not None)
        self.wake_those_behind(robot_id)

    def mobility_changed(self, robot_id: RobotId) -> None:
        """Pause, e-stop, silence and their end: the others' safety counts on this robot, or not."""
        robot = self._ledger.state.robots[robot_id]
        if self._traffic.knows(robot_id):
            self._traffic.immobile(robot_id, can_move=robot.able and robot.waypoint is not None)

    def standing_at(self, robot_id: RobotId) -> WaypointId | None:
        """The waypoint where a robot stands, None while it drives."""
        robot = self._ledger.state.robots[robot_id]
        return robot.waypoint if robot.drive is None else None

    def will_stand_at(self, robot_id: RobotId) -> WaypointId | None:
        """The waypoint from which a new route starts: the end of what it holds, or where it stands."""
        robot = self._ledger.state.robots[robot_id]
        return robot.drive.allocated_end if robot.drive else robot.waypoint

    # --- driving ---------------------------------------------------------------------------------------

    def drive_to(self, robot_id: RobotId, goal: WaypointId) -> bool:
        """Claim a route to `goal`, keeping what is allocated already; False when there is none.

        Where leaving the old route would shut somebody in, the robot follows it to its end first; whoever wants it
        elsewhere asks again when it arrives.
        """
        robot = self._ledger.state.robots[robot_id]
        start = self.will_stand_at(robot_id)
        if start is None:
            return False
        tables = self._routes.of(robot.fleet)
        closed = frozenset(self._ledger.state.closed_lanes)
        queues = self._lift_queues(robot_id)
        route = tables.route(start, goal, closed, queues) or (tables.route(start, goal) if closed else None)
        if route is None:
            return False
        old = robot.drive
        if old is not None:
            kept = old.nodes[: old.index(old.allocated_to) + 1]
            reached, allocated_to, cleared_to = old.reached, old.allocated_to, old.cleared_to
        else:
            kept = (RouteNode(sequence=robot.next_sequence, waypoint=start),)
            reached = allocated_to = cleared_to = robot.next_sequence
        ahead = tuple(
            RouteNode(sequence=allocated_to + 1 + i, waypoint=leg.waypoint, lane=leg.lane, lift=leg.lift)
            for i, leg in enumerate(route.legs)
        )
        drive = Drive(
            id=f"{robot_id}-{robot.next_command}",
            goal=goal,
            nodes=kept + ahead,
            reached=reached,
            allocated_to=allocated_to,
            cleared_to=cleared_to,
        )
        if self.on_foot(robot):
            drive = replace(drive, allocated_to=drive.end, cleared_to=drive.end)
        on_foot = self.on_foot(robot)
        if not on_foot and not self._traffic.claim(robot_id, drive):
            return True
        self._ledger.record(RouteClaimed(robot=robot_id, drive=drive))
        if not on_foot:
            self._free_goal(robot_id, goal)
            self._clear_wait(robot_id)
            self.allocate(robot_id)
        self.send_drive(robot_id)
        return True

    def _lift_queues(self, but: RobotId) -> dict[LiftId, float]:
        """Seconds that the claims of other robots will keep each lift busy."""
        queues: dict[LiftId, float] = {}
        for robot in self._ledger.state.robots.values():
            if robot.drive is None or robot.id == but:
                continue
            for node in robot.drive.nodes[1:]:
                if node.lift is not None:
                    queues[node.lift] = queues.get(node.lift, 0.0) + LIFT_RIDE
        return queues

    def halt(self, robot_id: RobotId) -> None:
        """End the route where the allocated part ends; what is only claimed is given up."""
        robot = self._ledger.state.robots[robot_id]
        if robot.drive is not None and robot.drive.end != robot.drive.allocated_to:
            self.drive_to(robot_id, robot.drive.allocated_end)

    def lead_round(self, lane: LaneId) -> None:
        """A lane was closed: plan again for all that claim it and do not hold it yet."""
        for robot in tuple(self._ledger.state.robots.values()):
            drive = robot.drive
            if drive is not None and not self.on_foot(robot):
                ahead = drive.nodes[drive.index(drive.allocated_to) + 1 :]
                if any(node.lane == lane for node in ahead):
                    self.drive_to(robot.id, drive.goal)

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
        nodes = tuple(self._protocol_node(node) for node in drive.nodes)
        self._link.send(robot_id, protocol.Drive(command_id=drive.id, nodes=nodes, cleared_to=drive.cleared_to))

    def _protocol_node(self, node: RouteNode) -> protocol.RouteNode:
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
            speed_limit=lane.speed_limit if lane else None,
        )

    # --- allocation ------------------------------------------------------------------------------------

    def allocate(self, robot_id: RobotId) -> None:
        """Allocate ahead of the robot as far as it is free and safe, and clear what doors and lifts allow."""
        robot = self._ledger.state.robots[robot_id]
        drive = robot.drive
        if drive is None or self.on_foot(robot) or not robot.able:
            return
        to, obstacle = self._extend(robot_id, drive)
        if to != drive.allocated_to:
            self._devices.ask_for(robot_id, drive, drive.allocated_to, to)
        cleared_to, gate = self._devices.clear_to(robot_id, drive, to)
        if (to, cleared_to) != (drive.allocated_to, drive.cleared_to):
            self._ledger.record(RouteAllocated(robot=robot_id, to=to, cleared_to=cleared_to))
            if cleared_to != drive.cleared_to:
                self._ledger.after_commit(lambda: self._send_clearance(robot_id, drive.id, cleared_to))
        self._explain(robot_id, drive, to, cleared_to, obstacle, gate)

    def _send_clearance(self, robot_id: RobotId, drive_id: str, cleared_to: int) -> None:
        command_id = f"{drive_id}/{cleared_to}"
        self._link.send(robot_id, protocol.Proceed(command_id=command_id, drive_id=drive_id, cleared_to=cleared_to))

    def _extend(self, robot_id: RobotId, drive: Drive) -> tuple[int, Obstacle | None]:
        """Allocate up to the next places to stop, one by one, until enough lies ahead or something is in the way."""
        to = drive.allocated_to
        first_obstacle: Obstacle | None = None
        while to < drive.end and self._length(drive, drive.reached, to) < self._patience.lookahead:
            for end in self._stops_after(drive, to):
                obstacle = self._traffic.extend(robot_id, end)
                if obstacle is None:
                    to, first_obstacle = end, None
                    break
                first_obstacle = first_obstacle or obstacle
                if not obstacle.unsafe:
                    return to, first_obstacle
            else:
                return to, first_obstacle
        return to, None

    def _stops_after(self, drive: Drive, after: int) -> list[int]:
        nodes = drive.nodes[drive.index(after) + 1 :]
        return [
            node.sequence
            for node in nodes
            if node.sequence == drive.end
            or (self._site.waypoints[node.waypoint].stop and self._site.waypoints[node.waypoint].lift is None)
        ]

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
            self._wait(robot_id, gate.device, None, gate.because)
        elif obstacle is not None:
            holder = obstacle.held_by
            because = f"{holder} would be shut in" if obstacle.unsafe else f"{holder} has it"
            self._wait(robot_id, obstacle.part, holder, because)

    def _wait(self, robot_id: RobotId, resource: str, held_by: RobotId | None, because: str) -> None:
        known = self._ledger.state.robots[robot_id].wait
        if known is None or (known.resource, known.held_by, known.because) != (resource, held_by, because):
            since = known.since if known else self._ledger.now()
            wait = Wait(resource=resource, held_by=held_by, because=because, since=since)
            self._ledger.record(WaitStarted(robot=robot_id, wait=wait))

    def _clear_wait(self, robot_id: RobotId) -> None:
        if self._ledger.state.robots[robot_id].wait is not None:
            self._ledger.record(WaitEnded(robot=robot_id))

    def retry(self, robot_id: RobotId) -> None:
        """Look again at a waiting robot's way.

        A robot that could not begin its route for long goes home, out of the others' way, and begins there: the
        safety of all others' allocations counts on it doing so.
        """
        robot = self._ledger.state.robots[robot_id]
        if robot_id not in self._waiting or robot.drive is None:
            self._waiting.pop(robot_id, None)
            return
        if robot.drive.allocated_to == robot.drive.reached:
            self._free_goal(robot_id, robot.drive.goal)
        self.allocate(robot_id)
        robot = self._ledger.state.robots[robot_id]
        drive, wait = robot.drive, robot.wait
        if robot_id not in self._waiting or drive is None or wait is None:
            return
        waited = (self._ledger.now() - wait.since).total_seconds()
        home = self.home(robot_id)
        if (
            waited >= self._patience.making_way
            and home is not None
            and drive.goal != home
            and not self._traffic.is_committed(robot_id)
            and self.will_stand_at(robot_id) != home
            and len(self._waiting) > 1
        ):
            self.drive_to(robot_id, home)

    def wake_those_behind(self, robot_id: RobotId) -> None:
        """This robot released something or moved on: look again at those that wait for it."""
        behind = [r for r, holder in self._waiting.items() if holder == robot_id]
        state = self._ledger.state

        def urgency(waiting: RobotId) -> tuple[int, str]:
            task = state.task_of(state.robots[waiting])
            return (task.priority.rank if task else 9, waiting)

        for waiting in sorted(behind, key=urgency):
            self.retry(waiting)

    # --- reports ---------------------------------------------------------------------------------------

    def passed(self, robot_id: RobotId, report: protocol.Passed) -> bool:
        """Take a `Passed` report; False when it belongs to no node that lies ahead (late, or of an older route)."""
        robot = self._ledger.state.robots[robot_id]
        drive = robot.drive
        if drive is None or not drive.reached < report.sequence <= drive.allocated_to:
            return False
        node = drive.nodes[drive.index(report.sequence)]
        self._ledger.record(
            NodePassed(
                robot=robot_id,
                sequence=report.sequence,
                waypoint=node.waypoint,
                at=report.time,
                speed=report.speed,
                report=report.number,
                state_of_charge=report.state_of_charge,
            )
        )
        robot = self._ledger.state.robots[robot_id]
        for zone in self._routes.zones.of[node.waypoint]:
            if zone.zone_class is not None and zone.zone_class not in robot.exposure:
                self._ledger.record(ZoneEntered(robot=robot_id, zone_class=zone.zone_class))
                robot = self._ledger.state.robots[robot_id]
        assert robot.drive is not None
        if self.on_foot(robot):
            return True
        self._devices.passed(robot_id, robot.drive)
        self._traffic.passed(robot_id, robot.drive)
        self.allocate(robot_id)
        self.wake_those_behind(robot_id)
        return True

    def arrived(self, robot_id: RobotId, command_id: str) -> bool:
        """The agent says that a drive is done; False unless it is the present one and its end was reached."""
        robot = self._ledger.state.robots[robot_id]
        drive = robot.drive
        if drive is None or drive.id != command_id or not drive.arrived:
            return False
        self.end_drive(robot_id)
        return True

    def end_drive(self, robot_id: RobotId) -> None:
        robot = self._ledger.state.robots[robot_id]
        self._ledger.record(DriveEnded(robot=robot_id))
        self._waiting.pop(robot_id, None)
        if not self.on_foot(robot) and robot.waypoint is not None:
            self._traffic.arrive(robot_id, robot.waypoint)
            self.wake_those_behind(robot_id)

    def device_reported(self, device: str) -> None:
        """A door or car changed: let its users go on."""
        for robot_id in self._devices.users(device):
            self.allocate(robot_id)

    def moved(self, robot_id: RobotId) -> None:
        """Somebody moved the robot to another waypoint: it holds that place, and what it held is free."""
        for session in [s for s in self._ledger.state.sessions.values() if s.robot == robot_id]:
            self._devices.end(session)
        self._waiting.pop(robot_id, None)
        self.place(robot_id)
