"""Drives: claim a route, follow it from report to report, find another one, make room, give up."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Final

from fleet_manager.domain.events import (
    DriveEnded,
    NodePassed,
    RobotRehomed,
    RouteAllocated,
    RouteClaimed,
    RouteGivenUp,
    ZoneEntered,
)
from fleet_manager.domain.missions import MissionKind
from fleet_manager.domain.robots import Drive, Robot, RouteNode
from fleet_manager.orchestration.allocation import Allocation
from fleet_manager.planning.assignment import WEIGHT
from fleet_manager.planning.estimates import HANDOVER, TRAFFIC
from fleet_manager.planning.itinerary_kernel import FOREVER
from fleet_manager.planning.routes import Route
from fleet_manager.planning.traffic import Claim, Movable
from maps.model import LaneId, LevelId, RobotId, WaypointId
from robot_agents import protocol

_OTHER_RESTS: Final = 3
"""How many bays are tried when the way home is blocked."""


_LONG_STAY: Final = 600.0
"""Seconds that a robot is expected to stay where it charges or parks."""

_LONG_WAIT: Final = 60.0
"""Seconds of waiting for others from which on a robot's time counts more, and ever more."""

_LESS_OFTEN: Final = 0.1
_SELDOM: Final = 30.0
"""Who can't set out looks again after this share of the time it has waited, and after so many seconds at most."""

_WORTH_REPLANNING: Final = 10.0
"""Seconds by which a new route must be quicker than the one that waits."""


class Execution(Allocation):
    """Every robot's drive, from the wish to go somewhere to the arrival."""

    # --- homes -------------------------------------------------------------------------------------

    def give_home_back(self, robot_id: RobotId) -> None:
        """Let a robot rest at its own home again when nobody is there or needs it any more."""
        robot, own = self._ledger.state.robots[robot_id], self._robots[robot_id].home
        if robot.home is None or own is None:
            return
        state = self._ledger.state
        goals = [s.place for m in state.missions.values() if m.robot != robot_id for s in m.steps[m.current :]]
        goals += [r.drive.goal for r in state.robots.values() if r.drive and r.id != robot_id]
        goals += [r.retreat[-1].waypoint for r in state.robots.values() if r.retreat and r.id != robot_id]
        goals += [goal for other, goal in self._wanted.items() if other != robot_id]
        goals += [at for other in state.robots if other != robot_id and (at := self.will_stand_at(other)) is not None]
        if not any(self._parking.touch(own, goal) for goal in goals):
            self._rehome(robot_id, None)

    def _rehome(self, robot_id: RobotId, home: WaypointId | None) -> None:
        self._ledger.record(RobotRehomed(robot=robot_id, home=home))
        self._ledger.set_timer("dispatch", robot_id, 0.0)

    def _free_goal(self, robot_id: RobotId, goal: WaypointId) -> None:
        """Whoever has its home at this robot's goal rests elsewhere for now."""
        for other in tuple(self._ledger.state.robots.values()):
            home = self.home(other.id)
            if other.id == robot_id or home is None or self.on_foot(other):
                continue
            if self._parking.touch(home, goal):
                self._move_aside(other.id, (goal,))

    def rest_elsewhere(self, robot_id: RobotId) -> None:
        """The way home is closed: rest in the nearest bay that is open and that nobody needs, if there is one."""
        self._move_aside(robot_id, ())

    def wait_aside(self, robot_id: RobotId, seconds: float) -> None:
        """Rest for a while in a bay that nobody needs, one from which the robot is back in time.

        Nobody waits for it there, as they would for one that is to leave. Where there is no such bay it stays.
        """
        start = self.will_stand_at(robot_id)
        robot = self._ledger.state.robots[robot_id]
        if start is None or self.on_foot(robot) or (start == self.home(robot_id) and not robot.retreat):
            return
        tables = self._routes.of(robot.fleet)
        near = self._parking.nearest(
            robot.fleet, start, self._needed_by_others(robot_id), self._closed(robot_id, start)
        )
        in_time = (bay for bay in near if 2.0 * TRAFFIC * (tables.time(start, bay) or 0.0) < seconds)
        any(self._claim(robot_id, bay, rest=bay) for bay in islice(in_time, _OTHER_RESTS))

    def _needed_by_others(self, robot_id: RobotId) -> set[WaypointId]:
        """Where other robots live, stand or go."""
        return self._kept_by_others(robot_id) | {r.drive.goal for r in self._others(robot_id) if r.drive}

    def _kept_by_others(self, robot_id: RobotId) -> set[WaypointId]:
        """Where other robots live or stand."""
        others = [robot.id for robot in self._others(robot_id)]
        kept = {place for other in others if (place := self.home(other)) is not None}
        return kept | {place for other in others if (place := self.will_stand_at(other)) is not None}

    def _others(self, robot_id: RobotId) -> list[Robot]:
        """The other robots on the floor; people need no bay."""
        return [r for r in self._ledger.state.robots.values() if r.id != robot_id and not self.on_foot(r)]

    def _move_aside(self, robot_id: RobotId, way: Collection[WaypointId]) -> None:
        """Let a robot rest where it touches nothing of `way`, in a bay that nobody needs (priority inheritance)."""
        robot = self._ledger.state.robots[robot_id]
        taken = self._needed_by_others(robot_id) | set(way)
        start = self.will_stand_at(robot_id) or self.home(robot_id)
        if start is None:
            return
        near = self._parking.nearest(robot.fleet, start, taken, self._closed(robot_id, start))
        bays = [bay for bay in near if self._ledger.state.closure_at(bay) is None]
        if robot.drive is None and not robot.retreat:
            if bays and bays[0] != self.home(robot_id):
                self._rehome(robot_id, bays[0])
            return
        goal = robot.drive.goal if robot.drive else start
        for bay in bays[:_OTHER_RESTS]:
            if self._claim(robot_id, goal, rest=bay):
                return

    # --- the floor ---------------------------------------------------------------------------------

    def place(self, robot_id: RobotId) -> None:
        """Put a robot on the floor as its state says: after it was located, moved by hand, or after a restart.

        A robot that nobody has heard of yet is taken to stand at its own home.
        """
        robot = self._ledger.state.robots[robot_id]
        at = robot.waypoint or self._robots[robot_id].home
        if self.on_foot(robot) or at is None:
            return
        self._traffic.place(robot_id, robot.fleet, at, self._now())
        self.mobility_changed(robot_id)
        self.wake_those_behind(robot_id)

    def take_up(self) -> None:
        """After a restart: all robots with the routes they had."""
        now = self._now()
        for robot in self._ledger.state.robots.values():
            at = robot.waypoint or self._robots[robot.id].home
            if not self.on_foot(robot) and at is not None:
                self._traffic.restore(robot.id, robot.fleet, at, robot.drive, robot.retreat, now)
        self._traffic.settle(now)
        self._ledger.start_timer("foresee", "fleet", self._patience.foresee)
        for robot_id in self._ledger.state.robots:
            self.mobility_changed(robot_id)

    def _closed(self, robot: RobotId, start: WaypointId) -> frozenset[LaneId]:
        """The lanes that a robot from `start` should not use now."""
        return self._ledger.state.closed_lanes(start, robot=robot)

    def _forbidden(self, robot: RobotId, start: WaypointId) -> frozenset[LaneId]:
        """The lanes that it must not use at all."""
        return self._ledger.state.closed_lanes(start, robot=robot, strictly=True)

    def _closed_for(self, robot: Robot, start: WaypointId, goal: WaypointId) -> frozenset[LaneId]:
        """The lanes that a robot should not use to `goal`: one that would come out of a soiling zone does not enter it.

        So it gives way and turns elsewhere, and is not exposed for nothing.
        """
        closed = self._closed(robot.id, start)
        rules = self._site.infection_rules
        if robot.fleet not in rules.shared_fleets or self._soils(goal):
            return closed
        return closed | self._into_soiling

    @cached_property
    def _into_soiling(self) -> frozenset[LaneId]:
        lanes = self._site.lanes.values()
        return frozenset(lane.id for lane in lanes if self._soils(lane.end) and not self._soils(lane.start))

    def _soils(self, place: WaypointId) -> bool:
        return any(zone.zone_class in self._site.infection_rules.leaving for zone in self._routes.zones.of[place])

    def mobility_changed(self, robot_id: RobotId) -> None:
        """Pause, e-stop, silence and their end: a robot that can't move for long is planned round."""
        robot = self._ledger.state.robots[robot_id]
        if not self._traffic.knows(robot_id):
            return
        able = robot.able and robot.waypoint is not None
        self._traffic.mobile(robot_id, able=able)
        if able:
            self._ledger.stop_timer("stuck", robot_id)
        elif robot.connected or robot.lost_since is not None:
            self._ledger.start_timer("stuck", robot_id, self._patience.blocked)

    def still_stuck(self, robot_id: RobotId) -> None:
        """A robot has not moved for long: what it holds is blocked, and the others are planned round it."""
        if self._traffic.knows(robot_id):
            self._give_up(robot_id, stuck=True)

    def stay(self, robot_id: RobotId) -> None:
        """Drive no farther than allocated and stay there until further notice; the others are planned round it."""
        if self._traffic.knows(robot_id):
            self._give_up(robot_id, stuck=False)

    def _give_up(self, robot_id: RobotId, *, stuck: bool) -> None:
        before = self._ledger.state.robots[robot_id].drive
        self._ledger.record(RouteGivenUp(robot=robot_id))
        self._traffic.give_up(robot_id, stuck=stuck)
        self._waiting.pop(robot_id, None)
        self._wanted.pop(robot_id, None)
        if self._ledger.state.robots[robot_id].drive != before:
            self._clear_wait(robot_id)
            self.send_drive(robot_id)
        self.wake_those_behind(robot_id)
        self.plan_round()

    # --- driving -----------------------------------------------------------------------------------

    def drive_to(self, robot_id: RobotId, goal: WaypointId) -> bool:
        """Claim a route to `goal`, keeping what is allocated already; False when there is none.

        Where leaving the old route would shut somebody in, the robot follows it to its end first; whoever wants it
        elsewhere asks again when it arrives.
        """
        with self._plan_times.planning():
            return self._drive_to(robot_id, goal)

    def _drive_to(self, robot_id: RobotId, goal: WaypointId) -> bool:
        robot = self._ledger.state.robots[robot_id]
        start = self.will_stand_at(robot_id)
        if start is None:
            return False
        tables = self._routes.of(robot.fleet)
        wanted = self._closed_for(robot, start, goal)
        route = tables.route(start, goal, wanted) or tables.route(start, goal, self._forbidden(robot_id, start))
        if route is None:
            return False
        if self.on_foot(robot):
            self._walk(robot, route)
            return True
        self._free_goal(robot_id, goal)
        self._wanted.pop(robot_id, None)
        if not self._claim(robot_id, goal) and not self._retreat(robot_id):
            self._postpone(robot_id, goal)
        return True

    def stay_home(self, robot_id: RobotId) -> None:
        """A robot at home has a retreat that it needs no more; if others count on its leaving, it leaves."""
        home = self.home(robot_id)
        assert home is not None
        if not self._claim(robot_id, home):
            self._retreat(robot_id)

    def _retreat(self, robot_id: RobotId) -> bool:
        """Drive home as planned when there is no other way now: from home there always is one again."""
        robot = self._ledger.state.robots[robot_id]
        if robot.drive is not None:
            return False
        nodes = self._traffic.retreat(robot_id)
        if not nodes:
            return False
        drive = Drive(
            id=f"{robot_id}-{robot.next_command}",
            goal=nodes[-1].waypoint,
            nodes=nodes,
            reached=nodes[0].sequence,
            allocated_to=nodes[0].sequence,
            cleared_to=nodes[0].sequence,
        )
        self._take_up(RouteClaimed(robot=robot_id, drive=drive))
        return True

    def _take_up(self, *claims: RouteClaimed) -> None:
        """Record claims that were planned together, and only then let the robots and those behind them go on."""
        for claimed in claims:
            self._ledger.record(claimed)
        self._ledger.start_timer("foresee", "fleet", self._patience.foresee)
        for claimed in claims:
            self._clear_wait(claimed.robot)
            self.allocate(claimed.robot)
            self.send_drive(claimed.robot)
        for claimed in claims:
            self.wake_those_behind(claimed.robot)

    def _walk(self, robot: Robot, route: Route) -> None:
        """People find their way: the whole route is theirs at once."""
        first = robot.next_sequence
        nodes = [RouteNode(sequence=first, waypoint=route.start)]
        nodes += [
            RouteNode(sequence=first + 1 + i, waypoint=leg.waypoint, lane=leg.lane, lift=leg.lift)
            for i, leg in enumerate(route.legs)
        ]
        end = nodes[-1].sequence
        drive = Drive(
            id=f"{robot.id}-{robot.next_command}",
            goal=route.goal,
            nodes=tuple(nodes),
            reached=first,
            allocated_to=end,
            cleared_to=end,
        )
        self._ledger.record(RouteClaimed(robot=robot.id, drive=drive))
        self.send_drive(robot.id)

    def _claim(
        self, robot_id: RobotId, goal: WaypointId, *, before: float = FOREVER, rest: WaypointId | None = None
    ) -> bool:
        """Plan and claim a route from the end of what the robot holds; False when there is none now.

        With `before` (s) it has to arrive earlier than that. It ends in the bay `rest`, or else in one that is free.
        """
        robot = self._ledger.state.robots[robot_id]
        start = self.will_stand_at(robot_id)
        assert start is not None
        first = self._first_node(robot)
        closed = self._closed_for(robot, start, goal)
        claim = self._find(robot, goal, first, closed, before, rest)
        if claim is None and closed and self._routes.of(robot.fleet).time(start, goal, closed) is None:
            claim = self._find(robot, goal, first, self._forbidden(robot_id, start), before, rest)
        if claim is None:
            return False
        claims = [self._route_claimed(robot_id, goal, claim, first)]
        for other, its in claim.others.items():
            drive = self._ledger.state.robots[other].drive
            assert drive is not None
            claims.append(self._route_claimed(other, drive.goal, its))
        self._take_up(*claims)
        return True

    @staticmethod
    def _first_node(robot: Robot) -> RouteNode | None:
        """The node from which a robot that stands sets out; None when it has a drive."""
        if robot.drive is not None or robot.waypoint is None:
            return None
        return RouteNode(sequence=robot.next_sequence, waypoint=robot.waypoint, claim=robot.next_command)

    def _route_claimed(
        self, robot_id: RobotId, goal: WaypointId, claim: Claim, first: RouteNode | None = None
    ) -> RouteClaimed:
        """The drive that follows from a claim: what is allocated is kept, or it begins at `first`."""
        robot = self._ledger.state.robots[robot_id]
        old = robot.drive
        if old is None:
            assert first is not None
            kept: tuple[RouteNode, ...] = (first,)
            reached = allocated_to = cleared_to = first.sequence
        else:
            kept = old.nodes[: old.index(old.allocated_to) + 1]
            reached, allocated_to, cleared_to = old.reached, old.allocated_to, old.cleared_to
        drive = Drive(
            id=f"{robot_id}-{robot.next_command}",
            goal=goal,
            nodes=kept + claim.nodes,
            reached=reached,
            allocated_to=allocated_to,
            cleared_to=cleared_to,
        )
        return RouteClaimed(robot=robot_id, drive=drive, retreat=claim.retreat, yields=claim.yields)

    def _weight(self, robot: Robot) -> float:
        """What a second of a robot's time counts: those with urgent goods go first, and those that waited for long.

        It grows with the square of the wait, so that after some minutes nobody's goods let a robot wait on.
        """
        task = self._ledger.state.task_of(robot)
        weight = WEIGHT[task.priority] if task is not None else min(WEIGHT.values())
        if robot.wait is None or robot.wait.held_by is None:
            return weight
        waited = (self._ledger.now() - robot.wait.since).total_seconds()
        return weight * max(1.0, waited / _LONG_WAIT) ** 2

    def _movable(self, robot: Robot) -> Mapping[RobotId, Movable]:
        """The driving robots that may have to let this one pass: those whose goods are less urgent."""
        weight = self._weight(robot)
        return {
            other.id: Movable(
                claim=other.next_command,
                weight=self._weight(other),
                closed=self._closed_for(other, other.drive.allocated_end, other.drive.goal),
            )
            for other in self._ledger.state.robots.values()
            if other.drive is not None
            and other.id != robot.id
            and other.able
            and other.hold is None
            and not self.on_foot(other)
            and self._weight(other) < weight
        }

    def _find(
        self,
        robot: Robot,
        goal: WaypointId,
        first: RouteNode | None,
        closed: frozenset[LaneId],
        before: float,
        only: WaypointId | None,
    ) -> Claim | None:
        """A claim that ends at home, or when the way there is blocked in another bay, which then is its home.

        With `only` it ends there and nowhere else.
        """
        home = self.home(robot.id)
        if only is None and before < FOREVER:
            only = home
        for rest in [only] if only is not None else self._rests(robot.id, home, goal):
            claim = self._traffic.claim(
                robot.id,
                goal,
                rest=rest,
                claim=robot.next_command,
                now=self._now(),
                dwell=self._dwell(robot),
                first=first,
                closed=closed,
                before=before,
                weight=self._weight(robot),
                movable=self._movable(robot),
            )
            if claim is not None:
                if rest != home:
                    self._rehome(robot.id, rest)
                return claim
        return None

    def _rests(self, robot_id: RobotId, home: WaypointId | None, goal: WaypointId) -> Iterator[WaypointId]:
        """Where it may rest after its goal: at home, else in the nearest free bays, from here and from the goal."""
        if home is not None:
            yield home
        robot = self._ledger.state.robots[robot_id]
        start = self.will_stand_at(robot_id)
        assert start is not None
        taken = self._kept_by_others(robot_id)
        near = self._parking.nearest(robot.fleet, start, taken, self._closed(robot_id, start))[:_OTHER_RESTS]
        yield from near
        beyond = self._parking.nearest(robot.fleet, goal, taken | set(near), self._closed(robot_id, goal))[
            :_OTHER_RESTS
        ]
        yield from (bay for bay in beyond if goal != start)

    def _dwell(self, robot: Robot) -> float:
        """How long the robot will probably stay at the end of its drive (s)."""
        mission = self._ledger.state.mission_of(robot)
        if mission is None or mission.kind is not MissionKind.DELIVER:
            return _LONG_STAY
        return HANDOVER

    def _postpone(self, robot_id: RobotId, goal: WaypointId) -> None:
        """There is no way between the others now: make room, ask those in the way to do the same, try again later."""
        robot = self._ledger.state.robots[robot_id]
        home = self.home(robot_id)
        makes_room = robot.drive is None and home is not None and home not in (goal, robot.waypoint)
        if makes_room and home is not None and self._claim(robot_id, home):
            return
        start = self.will_stand_at(robot_id) or goal
        others, way = self._traffic.in_the_way(
            robot_id, goal, home or goal, self._now(), self._forbidden(robot_id, start)
        )
        for other in others:
            self._ask_for_room(other, way)
        # Who can't move at all is the reason; the others in the way may be waiting for the same.
        robots = self._ledger.state.robots
        held_by = next((other for other in others if not robots[other].able), others[0] if others else None)
        because = f"blocked by {held_by}" if held_by else f"the way to {goal} is not free"
        if robot.drive is None:
            self._wanted[robot_id] = goal
            self._wait(robot_id, goal, held_by, because)
            self._ledger.start_timer("foresee", "fleet", self._patience.foresee)
        self._waiting[robot_id] = held_by
        wait = self._ledger.state.robots[robot_id].wait
        waited = (self._ledger.now() - wait.since).total_seconds() if wait is not None else 0.0
        patience = max(self._patience.retry, min(waited * _LESS_OFTEN, _SELDOM))
        self._ledger.start_timer("retry", robot_id, patience)
        if robot.drive is None and held_by is not None:
            level = self._site.waypoints[start].level
            if self._wait_for_each_other(robot_id) and self._untangle(level, to_goals=True):
                return
            if not self._parking.is_bay(robot.fleet, start):
                self._untangle(level, to_goals=False)

    def _wait_for_each_other(self, robot_id: RobotId) -> bool:
        """Whether the robots for which one waits wait for it in their turn."""
        behind: dict[RobotId, None] = {robot_id: None}
        holder = self._waiting.get(robot_id)
        while holder is not None and holder not in behind:
            behind[holder] = None
            holder = self._waiting.get(holder)
        return holder == robot_id

    def _untangle(self, level: LevelId, *, to_goals: bool) -> bool:
        """Robots on a level stand in each other's way and find no way one after the other: move them all together.

        They go home, or `to_goals` where they want to be; False when that leads nowhere.
        """
        state = self._ledger.state
        goals: dict[RobotId, WaypointId | None] = {}
        for robot in state.robots.values():
            at = self.will_stand_at(robot.id)
            if at is None or self._site.waypoints[at].level != level or self.on_foot(robot) or not robot.able:
                continue
            place = self._wanted.get(robot.id) if to_goals else None
            place = place or self.home(robot.id)
            tangled = robot.id in self._wanted or self._traffic.is_blocked(robot.id, self._now())
            if tangled and place is not None and self._site.waypoints[place].level == level:
                goals[robot.id] = place
            elif tangled or (robot.drive is None and robot.mission is None):
                goals[robot.id] = None
        claims = {robot: state.robots[robot].next_command for robot in goals}
        firsts = {robot: first for robot in goals if (first := self._first_node(state.robots[robot])) is not None}
        claimed: list[RouteClaimed] = []
        for robot_id, claim in self._traffic.untangle(level, goals, claims, firsts, self._now()).items():
            claimed.append(self._route_claimed(robot_id, claim.nodes[-1].waypoint, claim, firsts.get(robot_id)))
            self._wanted.pop(robot_id, None)
            self._waiting.pop(robot_id, None)
            if claim.nodes[-1].waypoint != self.home(robot_id):
                self._rehome(robot_id, claim.nodes[-1].waypoint)
        self._take_up(*claimed)
        return bool(claimed)

    def _ask_for_room(self, robot_id: RobotId, way: Collection[WaypointId]) -> None:
        """Let a robot that rests on the way of another rest elsewhere."""
        home = self.home(robot_id)
        if not self._ledger.state.robots[robot_id].able or home is None:
            return
        if any(self._parking.touch(home, place) for place in way):
            self._move_aside(robot_id, way)

    def plan_round(self) -> None:
        """Plan again for every robot whose route is blocked for good, until no further one finds a way."""
        with self._plan_times.planning():
            self._plan_round()

    def _plan_round(self) -> None:
        progress = True
        while progress:
            progress = False
            self._traffic.retime(self._now())
            for robot in tuple(self._ledger.state.robots.values()):
                if robot.drive is None or not robot.able or self.on_foot(robot):
                    continue
                if self._traffic.is_blocked(robot.id, self._now()):
                    progress = self._find_another_way(robot.id, robot.drive.goal) or progress

    def _find_another_way(self, robot_id: RobotId, goal: WaypointId) -> bool:
        """Lead a robot round what blocks it; where there is no way round, out of the others' way."""
        if self._claim(robot_id, goal):
            return True
        robot = self._ledger.state.robots[robot_id]
        start = self.will_stand_at(robot_id)
        if start is not None and self._parking.is_bay(robot.fleet, start):
            return False
        return any(
            place != goal and self._claim(robot_id, place) for place in self._rests(robot_id, self.home(robot_id), goal)
        )

    def turn_back(self, robot_id: RobotId) -> None:
        """A robot that stands where it last was, and is paused, gives all back that it was given beyond.

        Its agent gets a drive that stays there: the way that it was cleared for must not be driven any more.
        """
        self._ledger.record(DriveEnded(robot=robot_id))
        self.moved(robot_id)
        robot = self._ledger.state.robots[robot_id]
        first = self._first_node(robot)
        assert first is not None
        here = first.sequence
        drive = Drive(
            id=f"{robot_id}-{robot.next_command}",
            goal=first.waypoint,
            nodes=(first,),
            reached=here,
            allocated_to=here,
            cleared_to=here,
        )
        self._ledger.record(RouteClaimed(robot=robot_id, drive=drive))
        self._traffic.restore(robot_id, robot.fleet, first.waypoint, drive, (), self._now())
        self.mobility_changed(robot_id)
        self.send_drive(robot_id)

    # --- giving up ---------------------------------------------------------------------------------

    def halt(self, robot_id: RobotId) -> None:
        """End the route where the allocated part ends, but before a lift that the robot has not boarded yet.

        What is only claimed or wanted is given up.
        """
        self._wanted.pop(robot_id, None)
        drive = self._ledger.state.robots[robot_id].drive
        if drive is not None and self._waits_for_a_car(drive):
            self.withdraw(robot_id)
            drive = self._ledger.state.robots[robot_id].drive
        if drive is not None and drive.end != drive.allocated_to:
            self.drive_to(robot_id, drive.allocated_end)

    def _waits_for_a_car(self, drive: Drive) -> bool:
        """Whether the robot is allocated the way into a car and is not cleared to board it."""
        held = drive.nodes[drive.index(drive.cleared_to) : drive.index(drive.allocated_to) + 1]
        outside = self._site.waypoints[held[0].waypoint].lift is None
        return outside and any(self._site.waypoints[node.waypoint].lift is not None for node in held)

    def withdraw(self, robot_id: RobotId) -> None:
        """Give back what is allocated but not cleared, with its doors and lifts: the robot has not been told of it.

        It stands where its clearance ends then; a new route starts there.
        """
        robot = self._ledger.state.robots[robot_id]
        drive = robot.drive
        if drive is not None and drive.cleared_to < drive.allocated_to and not self.on_foot(robot):
            self._ledger.record(RouteAllocated(robot=robot_id, to=drive.cleared_to, cleared_to=drive.cleared_to))
            self._devices.give_back(robot_id)
            self._traffic.withdraw(robot_id, drive.cleared_to)

    def lead_round(self, lanes: Collection[LaneId]) -> list[RobotId]:
        """Lanes were closed: plan again for all that claim one, now or for their retreat, and do not hold it yet.

        Answers the robots that find no other way; they still claim the old one.
        """
        lost: list[RobotId] = []
        for robot in tuple(self._ledger.state.robots.values()):
            drive = robot.drive
            if self.on_foot(robot):
                continue
            ahead = drive.nodes[drive.index(drive.allocated_to) + 1 :] if drive is not None else ()
            if drive is not None and any(node.lane in lanes for node in ahead):
                if not self.drive_to(robot.id, drive.goal):
                    lost.append(robot.id)
            elif any(node.lane in lanes for node in robot.retreat):
                stays_at = drive.goal if drive is not None else robot.waypoint
                if stays_at is not None:
                    self._claim(robot.id, stays_at)
        return lost

    # --- waiting -----------------------------------------------------------------------------------

    def retry(self, robot_id: RobotId) -> None:
        """Look again at a waiting robot's way; one that waits for long is planned anew, if that brings it on sooner."""
        robot = self._ledger.state.robots[robot_id]
        if robot_id in self._wanted:
            self._tried[robot_id] = self._now()
            self.drive_to(robot_id, self._wanted[robot_id])
            return
        if robot_id not in self._waiting or robot.drive is None:
            self._waiting.pop(robot_id, None)
            return
        self.allocate(robot_id)
        robot = self._ledger.state.robots[robot_id]
        if robot_id not in self._waiting or robot.drive is None or robot.wait is None or not robot.able:
            return
        waited = (self._ledger.now() - robot.wait.since).total_seconds()
        if waited < _LONG_WAIT and self._traffic.late(robot_id) < _WORTH_REPLANNING:
            # As planned: another plan would hardly be better.
            return
        if waited >= self._patience.replan and not self._ledger.is_running("replanned", robot_id):
            self._ledger.set_timer("replanned", robot_id, min(waited, _LONG_WAIT))
            with self._plan_times.planning():
                self._traffic.retime(self._now())
                if self._traffic.is_blocked(robot_id, self._now()):
                    self._find_another_way(robot_id, robot.drive.goal)
                else:
                    sooner = self._traffic.arrival(robot_id) - _WORTH_REPLANNING
                    self._claim(robot_id, robot.drive.goal, before=sooner)

    # --- reports -----------------------------------------------------------------------------------

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
        self._expose(robot_id, node.waypoint)
        robot = self._ledger.state.robots[robot_id]
        assert robot.drive is not None
        if self.on_foot(robot):
            return True
        self._devices.passed(robot_id, robot.drive)
        self._traffic.passed(robot_id, report.sequence, self._now())
        self.allocate(robot_id)
        self.wake_those_behind(robot_id)
        return True

    def _expose(self, robot_id: RobotId, place: WaypointId) -> None:
        """The robot is in the zones of a place."""
        for zone in self._routes.zones.of[place]:
            known = self._ledger.state.robots[robot_id].exposure
            if zone.zone_class is not None and zone.zone_class not in known:
                self._ledger.record(ZoneEntered(robot=robot_id, zone_class=zone.zone_class))

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
        if robot.hold is not None:
            self.stay(robot_id)
        elif not self.on_foot(robot):
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
        self._wanted.pop(robot_id, None)
        at = self._ledger.state.robots[robot_id].waypoint
        if at is not None:
            self._expose(robot_id, at)
        self.place(robot_id)
