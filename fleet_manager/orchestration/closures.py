"""Closures: start and end them, lead robots round them, and out of them.

The gate before each lane of a strict closure (a person's, a fire alarm's) lets nobody through (`devices`). Here robots
get other ways, and those inside leave.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from difflib import get_close_matches
from itertools import pairwise
from typing import Final

from shapely.geometry import Polygon
from shapely.validation import explain_validity

from fleet_manager.domain.closures import Area, Closure, ClosureId, ClosureKind, Pause
from fleet_manager.domain.errors import Conflict, InvalidRequest, NotFound
from fleet_manager.domain.events import ClosureEnded, ClosureStarted
from fleet_manager.domain.missions import StepKind, StepStatus
from fleet_manager.domain.robots import Robot
from fleet_manager.domain.tasks import FLEET_MANAGER, Actor, Reason, TaskId
from fleet_manager.orchestration.commands import EndClosure, StartClosure
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.missions import Missions
from fleet_manager.orchestration.settings import Patience
from fleet_manager.orchestration.waiting_places import WaitingPlaces
from fleet_manager.planning.closed_ways import ClosedWays, ways_in, ways_of
from maps.model import CrossingId, LaneId, LiftId, RobotId, Site

_WAITS_INSIDE: Final = (StepKind.TREAT, StepKind.INSPECT)
"""Steps that wait for a person or for their time, and may as well do that in the queue."""

_ENFORCE: Final = ("enforce", "closures")


class Closures:
    def __init__(
        self,
        site: Site,
        ledger: Ledger,
        execution: Execution,
        missions: Missions,
        places: WaitingPlaces,
        patience: Patience,
        dispatch_wanted: Callable[[], None],
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._execution = execution
        self._missions = missions
        self._places = places
        self._patience = patience
        self._dispatch_wanted = dispatch_wanted

    # --- what people ask -------------------------------------------------------------------------------

    def close(self, request: StartClosure) -> Closure:
        """Close an area or lanes until a time, as a person asks."""
        if request.until <= self._ledger.now():
            raise InvalidRequest(
                f"until: {request.until.isoformat()} is in the past", field="until", way_out="name a later time"
            )
        ways = ways_of(self._site, self._known(request.lanes)) if request.area is None else self._ways_in(request.area)
        return self.start(
            ClosureKind.PERSON,
            ways,
            until=request.until,
            reason=request.reason,
            actor=request.actor,
            area=request.area,
        )

    def _known(self, lanes: tuple[str, ...]) -> list[LaneId]:
        for i, lane in enumerate(lanes):
            if lane not in self._site.lanes:
                close = ", ".join(get_close_matches(lane, list(self._site.lanes), n=3, cutoff=0.5))
                raise InvalidRequest(
                    f"lanes: there is no lane {lane!r} on this site",
                    field=f"lanes.{i}",
                    way_out=f"did you mean {close}?" if close else "GET /api/v1/site lists them",
                )
        return [LaneId(lane) for lane in lanes]

    def _ways_in(self, area: Area) -> ClosedWays:
        if area.level not in self._site.levels:
            levels = ", ".join(self._site.levels)
            raise InvalidRequest(
                f"area: there is no level {area.level!r} on this site", field="area.level", way_out=f"levels: {levels}"
            )
        shape = Polygon(area.polygon)
        flat = shape.convex_hull.area == 0.0
        if flat or not shape.is_valid:
            what = "has no extent" if flat else f"is no simple polygon: {explain_validity(shape)}"
            raise InvalidRequest(
                f"area: the polygon {what}", field="area.polygon", way_out="give its corners in order, once round"
            )
        ways = ways_in(self._site, area)
        if not ways.lanes:
            raise InvalidRequest(
                f"area: no lane of level {area.level} touches it",
                field="area",
                way_out="draw it over the lanes, in metres of the site frame",
            )
        return ways

    def reopen(self, request: EndClosure) -> Closure:
        """End a closure early, unless its cause ends it."""
        closure = self._ledger.state.closures.get(ClosureId(request.closure))
        if closure is None:
            raise NotFound(f"there is no closure {request.closure}", way_out="GET /api/v1/closures lists them")
        if closure.kind is ClosureKind.LIFT:
            raise Conflict(
                f"closure {closure.id} ends when lift {closure.lift} reports again", way_out="have the lift looked at"
            )
        if closure.kind is ClosureKind.CROSSING:
            raise Conflict(
                f"closure {closure.id} ends when the signal of {closure.crossing} reports again",
                way_out="have the signal looked at",
            )
        if closure.kind is ClosureKind.WET:
            if closure.until is None:
                raise Conflict(
                    f"closure {closure.id} ends with task {closure.task}, which sprays there",
                    way_out=f"wait until then, or cancel {closure.task}: it stays closed while it is wet",
                )
            raise Conflict(
                f"closure {closure.id} ends at {closure.until:%H:%M} UTC: what was sprayed is still wet",
                way_out="wait until then",
            )
        if closure.kind is ClosureKind.PAUSED:
            raise Conflict(
                f"closure {closure.id} ends with its pause", way_out=f"DELETE /api/v1/pauses/{closure.id} ends that"
            )
        if closure.kind is ClosureKind.ALARM:
            raise Conflict(f"closure {closure.id} ends with its alarm", way_out="DELETE /api/v1/alarms/… ends that")
        self.end(closure, request.actor)
        return closure

    # --- start and end ---------------------------------------------------------------------------------

    def start(
        self,
        kind: ClosureKind,
        ways: ClosedWays,
        *,
        until: datetime | None,
        reason: str,
        actor: Actor = FLEET_MANAGER,
        area: Area | None = None,
        lift: LiftId | None = None,
        crossing: CrossingId | None = None,
        robot: RobotId | None = None,
        pause: Pause | None = None,
        task: TaskId | None = None,
    ) -> Closure:
        """Close lanes now; whoever is on the way over them gets another way.

        An alarm first holds those whom it concerns, and calls `enforce` for the others then; who makes a detour is led
        by whoever had it make one.
        """
        closure = Closure(
            id=ClosureId(f"C{self._ledger.state.seq + 1:06d}"),
            kind=kind,
            lanes=ways.lanes,
            inside=ways.inside,
            exits=ways.exits,
            area=area,
            lift=lift,
            crossing=crossing,
            robot=robot,
            pause=pause,
            task=task,
            since=self._ledger.now(),
            until=until,
            reason=reason,
            actor=actor,
        )
        self._ledger.record(ClosureStarted(closure=closure))
        if until is not None:
            self._ledger.set_timer("closure", closure.id, self._seconds_to(until))
        if closure.kind in (ClosureKind.PERSON, ClosureKind.WET):
            self.enforce()
        elif closure.kind not in (ClosureKind.ALARM, ClosureKind.DETOUR):
            self._execution.lead_round(frozenset(closure.lanes))
        self._dispatch_wanted()
        return closure

    def due(self, closure_id: str) -> None:
        """Its time is over."""
        closure = self._ledger.state.closures.get(ClosureId(closure_id))
        if closure is not None:
            self.end(closure, FLEET_MANAGER)

    def end(self, closure: Closure, actor: Actor) -> None:
        """Open the lanes again: robots that waited for it go on."""
        self._ledger.record(ClosureEnded(closure=closure.id, actor=actor))
        self._ledger.stop_timer("closure", closure.id)
        if closure.strict:
            for robot in tuple(self._ledger.state.robots.values()):
                self._ledger.close_alert("way_closed", robot.id)
                self._ledger.close_alert("inside_closure", robot.id)
                self._missions.resume(robot.id)
            self.enforce()
        for robot in tuple(self._ledger.state.robots.values()):
            if robot.drive is not None:
                self._execution.allocate(robot.id)
        self._dispatch_wanted()

    def take_up(self) -> None:
        """After a restart: set the timers, and see what is left to do."""
        for closure in self._ledger.state.closures.values():
            if closure.until is not None:
                self._ledger.set_timer("closure", closure.id, max(0.0, self._seconds_to(closure.until)))
        self.enforce()

    def _seconds_to(self, until: datetime) -> float:
        return (until - self._ledger.now()).total_seconds()

    # --- keeping robots out ----------------------------------------------------------------------------

    def enforce(self) -> None:
        """See that nobody stays, or goes, where strict closures are; look again until that is so."""
        self._ledger.stop_timer(*_ENFORCE)
        if not any(closure.strict for closure in self._ledger.state.closures.values()):
            return
        left = [r.id for r in tuple(self._ledger.state.robots.values()) if not self._keeps_out(r.id)]
        if left:
            self._ledger.set_timer(*_ENFORCE, self._patience.retry)

    def _keeps_out(self, robot_id: RobotId) -> bool:
        """Whether all is well with this robot; where it is not, the next thing is done for it."""
        robot = self._ledger.state.robots[robot_id]
        if self._execution.on_foot(robot) or robot.waypoint is None or robot.hold is not None:
            return True
        if self._claims_closed(robot):
            assert robot.drive is not None
            self._execution.withdraw(robot_id)
            self._missions.go(robot_id, robot.drive.goal)
            robot = self._ledger.state.robots[robot_id]
        if not self._stays_inside(robot):
            self._ledger.close_alert("inside_closure", robot_id)
            return not self._claims_closed(robot)
        self._leave(robot)
        return False

    def _claims_closed(self, robot: Robot) -> bool:
        """Whether the robot's way leads over a closed lane that it was not cleared for yet."""
        drive = robot.drive
        if drive is None:
            return False
        ahead = drive.nodes[drive.index(drive.cleared_to) :]
        task = self._ledger.state.works_for(robot.id)
        strict = [c for c in self._ledger.state.closures.values() if c.strict and c.keeps_out(task)]
        return any(node.lane in c.shuts(before.waypoint) for before, node in pairwise(ahead) for c in strict)

    def _stays_inside(self, robot: Robot) -> bool:
        """Whether the robot stands in a closed area, or will, and is not on its way out."""
        state = self._ledger.state
        stand = self._execution.will_stand_at(robot.id)
        task = state.works_for(robot.id)
        if stand is None or state.closure_at(stand, task) is None:
            return False
        return robot.drive is None or state.closure_at(robot.drive.goal, task) is not None

    def _leave(self, robot: Robot) -> None:
        """Send a robot out of the area in which it stands, as soon as it can go."""
        state = self._ledger.state
        mission = state.mission_of(robot)
        step = mission.step if mission is not None else None
        if not robot.able:
            self._ledger.alert(
                "inside_closure",
                robot.id,
                f"{robot.id} stands in a closed area, at {robot.waypoint}, and can't leave it",
                f"bring {robot.id} out of the closed area",
            )
        elif robot.unlocked:
            return
        elif mission is not None and mission.task is not None:
            if step is not None and step.kind is StepKind.GO_TO and step.status is StepStatus.ACTIVE:
                self._missions.go(robot.id, step.place)
            elif step is not None and step.kind in _WAITS_INSIDE:
                reason = Reason(subject=step.place, code="closed", text="is closed")
                self._missions.requeue(state.tasks[mission.task], reason, exclude=False)
        else:
            if mission is not None:
                self._missions.give_up(mission, "its place is closed")
            self._missions.step_aside(robot.id)
