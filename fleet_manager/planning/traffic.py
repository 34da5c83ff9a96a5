"""The traffic of all ground robots: planned together, allocated in the planned order.

- *Planning*. A robot that wants to go somewhere gets the itinerary that is there first, round the itineraries of all
  others, which stay as they are; safe intervals make that a search of milliseconds. Every itinerary ends where the
  robot can stay for ever without being in anybody's way (its retreat), so on a well-formed site there always is one:
  at worst the robot waits at home until all others are at theirs (Čáp, Novák, Kleiner, Selecký: "Prioritized Planning
  Algorithms for Trajectory Coordination of Multiple Mobile Robots", IEEE T-ASE 12(3), 2015).
- *Execution*. What counts of an itinerary is not its times but who goes first at every resource: the precedence graph.
  A part of a route is allocated when all that go first have passed. All edges lead forward in planned time, so the
  graph has no cycle, and a late robot delays those behind it and nobody else.
- *Replanning* moves the itineraries of all to what is possible from now on, without changing any order, and then plans
  one robot anew from the end of what it has been allocated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fleet_manager.domain.robots import Precedence, RouteNode, Yield
from fleet_manager.planning.courses import Course, Timetable
from fleet_manager.planning.floor import Floor
from fleet_manager.planning.itinerary_kernel import FOREVER, NEVER, precedences, robots_met, sipp
from fleet_manager.planning.stretches import StretchGraph
from fleet_manager.planning.untangling import untangle
from maps.model import LaneId, LevelId, RobotId, WaypointId

_HELD_UP: Final = 20.0
"""Seconds by which others must hold a robot up before their routes are touched."""

_NEIGHBOURS: Final = 3
"""How many others are planned again together with one robot, at most."""

_WORTH: Final = 5.0
"""Seconds, weighted, that planning together must save per robot: good plans are kept."""

_ROUNDING: Final = 1e-3
"""Seconds by which sums of arrivals may be wrong."""

_GAP: Final = 1.0
"""Seconds between the steps of joint moves, so that their order shows in their times."""

_LABELS: Final = 20_000
_MOST_LABELS: Final = 640_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An itinerary that was found: `nodes` lead from what is allocated to the goal, `retreat` on to a place to stay.

    `yields` are others' nodes that wait for it; `arrival` is when it is at the goal (s). `others` are new claims of
    robots that were planned again together with this one.
    """

    nodes: tuple[RouteNode, ...]
    retreat: tuple[RouteNode, ...]
    yields: tuple[Yield, ...]
    arrival: float
    others: Mapping[RobotId, Claim] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movable:
    """A driving robot that may be planned again to let another one pass: `claim` is the number of its new claim.

    `weight` is what a second of its time counts beside the other's.
    """

    claim: int
    weight: float
    closed: frozenset[LaneId]


class _Found(NamedTuple):
    """Stretches of an itinerary with start and arrival (s); the first `to` of them lead to the goal."""

    graph: StretchGraph
    way: list[tuple[int, float, float]]
    to: int

    def arrival(self, ready: float) -> float:
        return self.way[self.to - 1][2] if self.to else ready

    def end(self, ready: float) -> float:
        return self.way[-1][2] if self.way else ready


class _Wanted(NamedTuple):
    """What one robot asks for."""

    robot: RobotId
    goal: WaypointId
    rest: WaypointId
    claim: int
    weight: float
    dwell: float
    closed: frozenset[LaneId]
    first: RouteNode | None


class Traffic(Floor):
    """The floor, and the plans for who moves on it. It decides and remembers; it sends nothing."""

    def claim(
        self,
        robot: RobotId,
        goal: WaypointId,
        *,
        rest: WaypointId,
        claim: int,
        now: float,
        dwell: float,
        first: RouteNode | None = None,
        closed: frozenset[LaneId] = frozenset(),
        before: float = FOREVER,
        weight: float = 1.0,
        movable: Mapping[RobotId, Movable] | None = None,
    ) -> Claim | None:
        """Plan a route from the end of what is allocated to `goal`, and on to `rest`, where it can stay.

        None, and nothing changes, when there is no way between all others' itineraries that arrives earlier than
        `before` (s), or when the robot is stuck: nobody would heed its claim. `first` is the node where a robot stands
        that has no drive; others keep theirs. Where robots among `movable` hold it up, they are planned again behind
        it, if that makes the weighted arrivals earlier.
        """
        course = self._courses[robot]
        if course.stuck:
            return None
        table = self.retime(now)
        ready = max(course.passed(course.given), now)
        found = self._search(robot, course, goal, rest, table, ready, dwell, closed, before=before)
        if found is not None and found.end(ready) > now + NEVER / 2:
            return None
        arrival = min(before, FOREVER if found is None else found.arrival(ready))
        free = self._routes.of(course.fleet).time(course.stand, goal, closed)
        if movable and free is not None and arrival < FOREVER and arrival - ready - free > _HELD_UP:
            wanted = _Wanted(robot, goal, rest, claim, weight, dwell, closed, first)
            together = self._replan_together(wanted, arrival, movable, now)
            if together is not None:
                return together
        if found is None or found.arrival(ready) >= before:
            return None
        return self._adopt(robot, self._courses[robot], found, claim, first, dwell, now)

    # --- neighbourhoods --------------------------------------------------------------------------------

    def _replan_together(
        self, wanted: _Wanted, alone: float, movable: Mapping[RobotId, Movable], now: float
    ) -> Claim | None:
        """Take the routes of those who hold a robot up, plan it first and them again, each round the ones before.

        One step of large neighbourhood search (Li, Chen, Harabor, Stuckey, Koenig: "Anytime Multi-Agent Path Finding
        via Large Neighborhood Search", IJCAI 2021) with the neighbourhood that the delayed robot's free way gives.
        None, and nothing changes, unless the weighted sum of arrivals falls.
        """
        neighbours = self._holding_up(wanted, movable, now)
        if not neighbours:
            return None
        before = alone * wanted.weight
        plans = [wanted]
        for robot in neighbours:
            course = self._courses[robot]
            before += course.passed(course.goal) * movable[robot].weight
            goal, rest = course.nodes[course.goal].waypoint, course.nodes[course.end].waypoint
            other = movable[robot]
            plans.append(_Wanted(robot, goal, rest, other.claim, other.weight, course.dwell, other.closed, None))
        table = self._timetable()
        saved = {plan.robot: self._courses[plan.robot].snapshot() for plan in plans}
        if not self._plan_in_turn(plans, before - _WORTH * sum(plan.weight for plan in plans), now):
            self._courses.update(saved)
            self._show(table)
            return None
        yields = {plan.robot: self._order(plan.robot) for plan in plans}
        claims = [self._claimed(robot, [y for y in of if y.robot not in saved], now) for robot, of in yields.items()]
        return replace(claims[0], others=dict(zip(neighbours, claims[1:], strict=True)))

    def _plan_in_turn(self, plans: Sequence[_Wanted], limit: float, now: float) -> bool:
        """Put new itineraries into the courses, one after the other.

        False when one of them finds no way, or when the weighted sum of their arrivals can't be `limit` any more; then
        the courses are not to be used.
        """
        leaving: dict[RobotId, float] = {}
        soonest: dict[RobotId, float] = {}
        for plan in plans:
            course = self._courses[plan.robot]
            leaving[plan.robot] = max(course.passed(course.given), now)
            free = self._routes.of(course.fleet).time(course.stand, plan.goal, plan.closed)
            soonest[plan.robot] = plan.weight * (leaving[plan.robot] + (free or 0.0))
        left = limit - sum(soonest.values())
        if left < 0.0:
            return False
        for plan in plans:
            course = self._courses[plan.robot]
            course.shorten(course.given)
            if plan.first is not None:
                course.nodes[0] = plan.first
        for plan in plans:
            ready = leaving.pop(plan.robot)
            course = self._courses[plan.robot]
            table = self._timetable()
            latest = (left + soonest[plan.robot]) / plan.weight + _ROUNDING
            found = self._search(
                plan.robot,
                course,
                plan.goal,
                plan.rest,
                table,
                ready,
                plan.dwell,
                plan.closed,
                before=latest,
                leaving=leaving,
            )
            if found is None or found.end(ready) > now + NEVER / 2:
                return False
            left -= found.arrival(ready) * plan.weight - soonest[plan.robot]
            if left < 0.0:
                return False
            self._append(course, found, plan.claim, plan.dwell)
        return True

    def _holding_up(self, wanted: _Wanted, movable: Mapping[RobotId, Movable], now: float) -> list[RobotId]:
        """The robots whose routes lie in the way that a robot would take if they had none, the first ones first."""
        course = self._courses[wanted.robot]
        table = self._timetable()
        others = np.array([robot in movable and robot != wanted.robot for robot in table.robots])
        claims = others[table.hold_robot] & (table.hold_stretch >= 0)
        ready = max(course.passed(course.given), now)
        free = self._search(
            wanted.robot,
            course,
            wanted.goal,
            wanted.rest,
            table,
            ready,
            wanted.dwell,
            wanted.closed,
            over=claims,
        )
        if free is None or not free.to:
            return []
        begins, ends = table.holds_until()
        stretches, starts, arrivals = (np.array(column) for column in zip(*free.way[: free.to], strict=True))
        arrays = free.graph.arrays
        met = robots_met(
            stretches,
            starts,
            arrivals,
            arrays.near_ptr,
            arrays.near,
            claims,
            table.hold_robot,
            table.hold_resource,
            begins,
            ends,
            _NEIGHBOURS,
            self._resources.count,
        )
        return [table.robots[number] for number in met]

    def untangle(
        self,
        level: LevelId,
        goals: Mapping[RobotId, WaypointId | None],
        claims: Mapping[RobotId, int],
        firsts: Mapping[RobotId, RouteNode],
        now: float,
    ) -> dict[RobotId, Claim]:
        """Bring robots of a level to their goals that find no way one after the other: all at once, step by step.

        Those of `goals` without one may be moved aside; the level's others stand where their allocated parts end.
        `claims` are the numbers of the new claims, `firsts` the nodes where robots stand that have no drive. Empty when
        nothing is found, or while one of the others is still on its way.
        """
        self.retime(now)
        site = self._routes.site
        here = {r: c for r, c in self._courses.items() if site.waypoints[c.stand].level == level}
        if any(c.end > c.given and r not in goals for r, c in here.items()):
            return {}
        widest = max(here.values(), key=lambda c: self._conflicts.class_of(c.fleet))
        standing = {robot: course.stand for robot, course in here.items()}
        # Who stopped half-way holds all that was allocated to it, not only where that ends.
        half_way = [(robot, c) for robot, c in here.items() if robot not in goals and c.at < c.given]
        blocked = [n for robot, c in half_way for n in self._resources.held(c.graph.footprint, self._held[robot])]
        steps = untangle(site, self._graph(widest.fleet), level, standing, goals, blocked)
        moved = [robot for robot in goals if any(robot in step for step in steps or ())]
        ready = {robot: max(self._courses[robot].passed(self._courses[robot].given), now) for robot in moved}
        for robot in moved:
            course = self._courses[robot]
            course.shorten(course.given)
            course.dwell = 0.0
            course.nodes[0] = firsts.get(robot, course.nodes[0])
        moment = max(ready.values(), default=now)
        for step in steps or ():
            for robot, stretch in step.items():
                course = self._courses[robot]
                turn = course.graph.turn(course.heading_at_end, stretch.heading_in)
                course.drive_on(stretch, claims[robot], moment, moment + turn + stretch.duration)
            moment = max([moment, *(self._courses[robot].passed(self._courses[robot].end) for robot in step)]) + _GAP
        for robot in moved:
            self._courses[robot].goal = self._courses[robot].end
        yields = {robot: self._order(robot) for robot in moved}
        return {robot: self._claimed(robot, [y for y in yields[robot] if y.robot not in ready], now) for robot in moved}

    def _claimed(self, robot: RobotId, yields: Iterable[Yield], now: float) -> Claim:
        """What a robot claims beyond what it was allocated; from now on that is its promise."""
        course = self._courses[robot]
        course.promised = course.passed(course.goal)
        return Claim(
            nodes=tuple(course.nodes[course.given + 1 : course.goal + 1]),
            retreat=tuple(course.nodes[course.goal + 1 :]),
            yields=tuple(yields),
            arrival=max(course.passed(course.goal), now),
        )

    def retreat(self, robot: RobotId) -> tuple[RouteNode, ...]:
        """Make the retreat the robot's drive: in the order that was planned it can always be driven.

        Answers its nodes from where the robot stands; none when it has no retreat.
        """
        course = self._courses[robot]
        if course.goal == course.end or course.given != course.goal:
            return ()
        course.touch()
        course.goal = course.end
        return tuple(course.nodes[course.at :])

    def in_the_way(
        self, robot: RobotId, goal: WaypointId, rest: WaypointId, now: float, closed: frozenset[LaneId] = frozenset()
    ) -> tuple[tuple[RobotId, ...], tuple[WaypointId, ...]]:
        """Who stands for ever where a robot would have to drive to its goal, in order, and that way's waypoints.

        Where nobody does, those in the way from there on to `rest`.
        """
        course = self._courses[robot]
        table = self.retime(now)
        _, ends = table.holds_until()
        never = ends > now + NEVER / 2
        ready = max(course.passed(course.given), now)
        found = self._search(robot, course, goal, rest, table, ready, 0.0, closed, over=never)
        if found is None:
            return (), ()
        to_goal, onwards = found.way[: found.to], found.way[found.to :]
        blockers, way = self._standing_on(robot, found.graph, to_goal, table, never)
        return (blockers, way) if blockers else self._standing_on(robot, found.graph, onwards, table, never)

    def _standing_on(
        self,
        robot: RobotId,
        graph: StretchGraph,
        stretches: Sequence[tuple[int, float, float]],
        table: Timetable,
        never: NDArray[np.bool_],
    ) -> tuple[tuple[RobotId, ...], tuple[WaypointId, ...]]:
        """The other robots whose holds of `never` are on a way, in order, and its waypoints."""
        number = table.robots.index(robot)
        blockers: dict[RobotId, None] = {}
        way: list[WaypointId] = []
        for stretch_number, _, _ in stretches:
            stretch = graph.stretches[stretch_number]
            near = np.zeros(self._resources.count, dtype=np.bool_)
            near[graph.near(stretch)[0]] = True
            for hold in np.flatnonzero(never & near[table.hold_resource] & (table.hold_robot != number)):
                blockers[table.robots[table.hold_robot[hold]]] = None
            way += [leg.waypoint for leg in stretch.legs]
        return tuple(blockers), tuple(way)

    def _search(
        self,
        robot: RobotId,
        course: Course,
        goal: WaypointId,
        rest: WaypointId,
        table: Timetable,
        ready: float,
        dwell: float,
        closed: frozenset[LaneId],
        *,
        before: float = FOREVER,
        over: NDArray[np.bool_] | None = None,
        leaving: Mapping[RobotId, float] | None = None,
    ) -> _Found | None:
        """The quickest itinerary to the goal and on to `rest`, if it is at the goal `before` that time (s).

        The holds of `over` are looked over; robots that are `leaving` hold their place until then and no longer.
        """
        waypoint = self._routes.site.waypoints[goal]
        waits = waypoint.stop and waypoint.lift is None
        graph = self._graph(course.fleet, closed, frozenset() if waits else frozenset({goal}))
        tables = self._routes.of(course.fleet)
        to_goal = tables.times(goal, closed)
        to_home = tables.times(rest, closed)
        number = graph.number
        home = np.zeros(len(number), dtype=np.bool_)
        home[number[rest]] = True
        begins, ends = table.holds_until()
        if over is not None:
            ends = np.where(over, begins, ends)
        if leaving:
            until = np.array([leaving.get(robot, FOREVER) for robot in table.robots])[table.hold_robot]
            ends = np.where(ends >= FOREVER, until, ends)
        arrays = graph.arrays
        labels = _LABELS
        while True:
            stretches, starts, arrivals, to = sipp(
                *arrays,
                table.by_ptr,
                table.by_order,
                table.hold_robot,
                begins,
                ends,
                table.robots.index(robot),
                number[course.stand],
                ready,
                course.heading,
                number[goal],
                0.0 if goal == rest else dwell,
                to_goal,
                home,
                to_home,
                graph.turn_speed,
                graph.restart,
                before,
                labels,
            )
            if to != -2 or labels >= _MOST_LABELS:
                break
            labels *= 4
        if to < 0:
            return None
        way = [(int(s), float(a), float(b)) for s, a, b in zip(stretches, starts, arrivals, strict=True)]
        # Who rests at its goal is there only when it may stay: a way round, to let others pass, belongs to the drive.
        return _Found(graph, way, len(way) if goal == rest else int(to))

    def _adopt(
        self,
        robot: RobotId,
        course: Course,
        found: _Found,
        claim: int,
        first: RouteNode | None,
        dwell: float,
        now: float,
    ) -> Claim:
        course.shorten(course.given)
        if first is not None:
            course.nodes[0] = first
        self._append(course, found, claim, dwell)
        return self._claimed(robot, self._order(robot), now)

    def _append(self, course: Course, found: _Found, claim: int, dwell: float) -> None:
        """Let a course go on with what was found."""
        course.dwell = dwell
        course.goal = course.end
        for i, (number, start, arrival) in enumerate(found.way):
            course.drive_on(found.graph.stretches[number], claim, start, arrival)
            if i == found.to - 1:
                course.goal = course.end

    def _order(self, robot: RobotId) -> tuple[Yield, ...]:
        """Write down who goes first between a new itinerary and all others; answers what the others wait for."""
        table = self._timetable()
        waiting, owner, passed = precedences(
            table.robots.index(robot),
            len(table.robots),
            table.robot,
            table.start,
            table.given,
            table.near_ptr,
            table.near,
            table.hold_robot,
            table.hold_resource,
            table.hold_stretch,
            table.hold_release,
            table.by_ptr,
            table.by_order,
        )
        follower_of = table.robot[waiting] if len(waiting) else waiting
        first_of = table.first[waiting] - table.node_base[follower_of] if len(waiting) else waiting
        node_of = passed - table.node_base[owner] if len(waiting) else passed
        edges = zip(follower_of.tolist(), first_of.tolist(), owner.tolist(), node_of.tolist(), strict=True)
        waits_for: dict[tuple[int, int], list[Precedence]] = {}
        for follows, first, leads, node in edges:
            leader = self._courses[table.robots[leads]]
            before = leader.nodes[leader.at + node]
            precedence = Precedence(robot=table.robots[leads], sequence=before.sequence, claim=before.claim)
            waits_for.setdefault((follows, first), []).append(precedence)
        yields: list[Yield] = []
        for (follows, first), leaders in waits_for.items():
            follower_id = table.robots[follows]
            follower = self._courses[follower_id]
            index = follower.at + first
            known = set(follower.nodes[index].after)
            new = [precedence for precedence in leaders if precedence not in known]
            if not new:
                continue
            follower.wait_for(index, new, self._is_open)
            if follower_id != robot:
                sequence = follower.nodes[index].sequence
                yields += [Yield(robot=follower_id, sequence=sequence, after=precedence) for precedence in new]
        return tuple(yields)
