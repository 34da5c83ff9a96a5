"""Detours: a robot that is stuck takes another way, by itself alone and for a while."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta

from fleet_manager.domain.closures import ClosureKind
from fleet_manager.domain.missions import StepKind, StepStatus
from fleet_manager.domain.robots import Robot, RobotMode, RouteNode
from fleet_manager.orchestration.closures import Closures
from fleet_manager.orchestration.commands import HelpRobot
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.help_offers import NoHelp, Offer, cannot_act
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.missions import Missions
from fleet_manager.orchestration.pausing import Pausing
from fleet_manager.orchestration.settings import Patience
from fleet_manager.planning.closed_ways import ClosedWays
from fleet_manager.planning.routes import Routes
from maps.model import LaneId, RobotId, Site, WaypointId
from robot_agents.protocol import Telemetry

_STANDS: float = 0.02
"""m/s below which a robot stands."""


class Detours:
    """`telemetry` answers what a robot last said of itself."""

    def __init__(
        self,
        site: Site,
        ledger: Ledger,
        routes: Routes,
        execution: Execution,
        missions: Missions,
        closures: Closures,
        pausing: Pausing,
        patience: Patience,
        telemetry: Callable[[RobotId], Telemetry | None],
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._routes = routes
        self._execution = execution
        self._missions = missions
        self._closures = closures
        self._pausing = pausing
        self._patience = patience
        self._telemetry = telemetry

    def offer(self, robot: Robot) -> Offer | NoHelp:
        goal = self._goal(robot)
        if goal is None:
            return NoHelp(
                code="not_on_its_way",
                text=f"{robot.id} is not on its way anywhere",
                way_out="see what its present step waits for",
            )
        if robot.hold is not None:
            return NoHelp(
                code="held", text=f"{robot.id} holds: {robot.hold.because}", way_out="end the alarm or closure first"
            )
        if robot.paused and self._stands_for_more(robot):
            return NoHelp(
                code="stands_with_others",
                text=f"{robot.id} stands still with its zone or fleet, or for its visitor",
                way_out="let them go on first",
            )
        unable = cannot_act(
            robot.id, connected=robot.connected, automatic=robot.mode is RobotMode.AUTOMATIC and robot.in_service
        ) or self._can_not_turn(robot)
        if unable is not None:
            return unable
        at, lanes = robot.waypoint, self._in_the_way(robot)
        if at is None or not lanes:
            return NoHelp(
                code="nothing_in_the_way",
                text=f"{robot.id} waits for its time, or for something that it can't drive round",
                way_out="see what it waits for",
            )
        closed = self._ledger.state.closed_lanes(at, robot=robot.id) | lanes
        if self._routes.of(robot.fleet).time(at, goal, closed) is None:
            return NoHelp(
                code="no_other_way",
                text=f"there is no other way for {robot.id} from {at} to {goal}",
                way_out="clear the way, send a person for its goods (send-porter), or skip this stop",
            )
        minutes = self._patience.detour / 60.0
        return Offer(
            give=lambda request: self._lead(request, goal),
            text=f"{robot.id} goes to {goal} another way; it keeps off this one for {minutes:.0f} min",
            place=goal,
        )

    def _goal(self, robot: Robot) -> WaypointId | None:
        """Where it wants to go."""
        mission = self._ledger.state.mission_of(robot)
        step = mission.step if mission is not None else None
        if self._execution.on_foot(robot) or step is None or step.kind is not StepKind.GO_TO:
            return None
        return step.place if step.status is StepStatus.ACTIVE and robot.waypoint != step.place else None

    def _stands_for_more(self, robot: Robot) -> bool:
        """Whether more than its own pause would end if it went on."""
        state = self._ledger.state
        task = state.task_of(robot)
        return (task is not None and task.guides) or any(
            closure.pause is not None and robot.id in closure.pause.robots for closure in state.closures.values()
        )

    def _can_not_turn(self, robot: Robot) -> NoHelp | None:
        """Why a robot can't set out elsewhere from where it is; what it is cleared for it may drive at any moment."""
        drive = robot.drive
        if robot.waypoint is not None and self._site.waypoints[robot.waypoint].lift is not None:
            return NoHelp(
                code="in_lift",
                text=f"{robot.id} stands in a lift",
                way_out="take it out, and confirm its place",
            )
        if drive is None or drive.cleared_to == drive.reached:
            return None
        ahead = drive.nodes[drive.index(drive.reached) + 1].waypoint
        told = self._telemetry(robot.id)
        if not robot.paused or told is None or not told.paused or told.speed > _STANDS:
            return NoHelp(
                code="may_set_out",
                text=f"{robot.id} may drive on to {ahead} at any moment",
                way_out="pause it first; it goes on by itself when it has another way",
            )
        place = self._site.waypoints[drive.nodes[drive.index(drive.reached)].waypoint]
        if math.hypot(told.pose.x - place.x, told.pose.y - place.y) > self._patience.location_error:
            return NoHelp(
                code="between_places",
                text=f"{robot.id} stands between {place.id} and {ahead}, and can't turn there",
                way_out="clear the way, or bring it to a place by hand and confirm that at the robot",
            )
        return None

    def _in_the_way(self, robot: Robot) -> frozenset[LaneId]:
        """The lanes to keep off: what leads to who stands ahead, else the next one, or a lift that does not come."""
        drive = robot.drive
        ahead = drive.nodes[drive.index(drive.reached) + 1 :] if drive is not None else ()
        holder = self._holder(robot)
        at = holder.waypoint if holder is not None else None
        if at is not None and (not ahead or any(node.waypoint == at for node in ahead)):
            return frozenset(lane.id for lane in self._site.lanes.values() if lane.end == at)
        return self._over(ahead[0]) if ahead else frozenset()

    def _holder(self, robot: Robot) -> Robot | None:
        """For whom it waits."""
        held_by = robot.wait.held_by if robot.wait is not None else None
        return self._ledger.state.robots.get(RobotId(held_by)) if held_by is not None else None

    def _over(self, node: RouteNode) -> frozenset[LaneId]:
        lift = node.lift or self._site.waypoints[node.waypoint].lift
        if lift is not None:
            return frozenset(i for i, lane in self._site.lanes.items() if self._site.waypoints[lane.end].lift == lift)
        return frozenset() if node.lane is None else frozenset((node.lane,))

    def _lead(self, request: HelpRobot, goal: WaypointId) -> None:
        robot = self._ledger.state.robots[request.robot]
        lanes, holder = self._in_the_way(robot), self._holder(robot)
        if robot.drive is not None and robot.drive.cleared_to > robot.drive.reached:
            self._execution.turn_back(robot.id)
        else:
            self._execution.withdraw(robot.id)
        ordered = tuple(lane for lane in self._site.lanes if lane in lanes)
        said = f"{robot.id} goes round" + (f": {request.reason}" if request.reason else "")
        self._closures.start(
            ClosureKind.DETOUR,
            ClosedWays(lanes=ordered, inside=(), exits=()),
            until=self._ledger.now() + timedelta(seconds=self._patience.detour),
            reason=said,
            actor=request.actor,
            robot=robot.id,
        )
        if holder is not None and (holder.drive is None or not holder.able):
            # Planned to move on at any moment, it would go first on the other way too.
            self._execution.stay(holder.id)
        self._pausing.resume(robot.id, request.actor)
        self._missions.go(robot.id, goal)
