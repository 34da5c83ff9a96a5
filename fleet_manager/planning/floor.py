"""Who is where on the floor, what each robot holds, and in which order they may go on.

The courses of all robots, with who goes first at every resource: the precedence graph. A part of a route is allocated
when all that go first have passed, and never while another robot holds what conflicts with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from fleet_manager.domain.robots import Drive, Precedence, RouteNode
from fleet_manager.planning.conflicts import GEOMETRIC, Conflicts, Part
from fleet_manager.planning.courses import Course, Timetable, leg_of
from fleet_manager.planning.itinerary_kernel import NEVER, retime
from fleet_manager.planning.routes import Routes
from fleet_manager.planning.stretches import Resources, StretchGraph
from maps.model import FleetId, LaneId, RobotId, WaypointId

_DELAY: Final = 30.0
"""Seconds after which a robot that can't move now is expected to move again."""

_GRAPHS_KEPT: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a part can't be allocated now: `held_by` holds it, or goes first (`in_turn`)."""

    part: str
    held_by: RobotId
    in_turn: bool = False


class Floor:
    """The courses and allocations of all ground robots. It remembers and allows; it plans nothing.

    It follows from the robots' drives and retreats and can be rebuilt from them at any time. Times are seconds of any
    clock that all calls share.
    """

    def __init__(self, routes: Routes, conflicts: Conflicts) -> None:
        self._routes = routes
        self._conflicts = conflicts
        self._resources = Resources(conflicts)
        self._open_graphs: dict[FleetId, StretchGraph] = {}
        self._graphs: dict[tuple[FleetId, frozenset[LaneId], frozenset[WaypointId]], StretchGraph] = {}
        self._courses: dict[RobotId, Course] = {}
        self._table: Timetable | None = None
        self._retimed: tuple[Timetable, float] | None = None
        self._held: dict[RobotId, dict[Part, None]] = {}
        self._holders: dict[Part, dict[RobotId, None]] = {}

    # --- the floor -------------------------------------------------------------------------------------

    def place(self, robot: RobotId, fleet: FleetId, at: WaypointId, now: float) -> None:
        """A robot stands at a waypoint, holds only that, and has no route."""
        self.remove(robot)
        node = RouteNode(sequence=0, waypoint=at)
        self._courses[robot] = Course(fleet=fleet, graph=self._graph(fleet), nodes=[node], _passed=[now])
        self._held[robot] = {}
        self._hold(robot, self._conflicts.standing(at))

    def restore(
        self,
        robot: RobotId,
        fleet: FleetId,
        at: WaypointId,
        drive: Drive | None,
        retreat: tuple[RouteNode, ...],
        now: float,
    ) -> None:
        """Take up a route as it was stored, with all it had allocated; `settle` puts times to it."""
        self.place(robot, fleet, at, now)
        course = self._courses[robot]
        nodes = list(drive.nodes[drive.index(drive.reached) :]) if drive else []
        if not nodes:
            first = retreat[0].sequence - 1 if retreat else 0
            nodes = [RouteNode(sequence=first, waypoint=at)]
        course.nodes = nodes[:1]
        goal = len(nodes) - 1
        for route in (nodes[1:], list(retreat)):
            for nodes_of_stretch in _stretches(route):
                legs = [leg_of(node) for node in nodes_of_stretch]
                stretch = course.graph.stretch(course.nodes[-1].waypoint, legs)
                turn = course.graph.turn(course.heading_at_end, stretch.heading_in)
                course.append(stretch, nodes_of_stretch, now, now + turn + stretch.duration)
        course.goal = goal
        if drive is not None:
            course.given = course.index(drive.allocated_to)
            self._hold(robot, self._parts(course, 0, course.given))

    def settle(self, now: float) -> None:
        """Put times to restored routes: the earliest ones that keep who goes first."""
        waiting = {robot: list(range(len(c.lasts))) for robot, c in self._courses.items()}
        done = dict.fromkeys(self._courses, 0)
        progress = True
        while progress:
            progress = False
            for robot, stretches in waiting.items():
                course = self._courses[robot]
                while stretches and self._settle_stretch(course, stretches[0], done, now):
                    done[robot] = course.lasts[stretches.pop(0)]
                    progress = True
        assert not any(waiting.values()), f"the stored precedences run in a circle: {waiting}"
        for course in self._courses.values():
            course.promised = course.passed(course.goal)

    def _settle_stretch(self, course: Course, k: int, done: Mapping[RobotId, int], now: float) -> bool:
        first, last = course.firsts[k], course.lasts[k]
        start = max(course.passed(first - 1), now) + (course.dwell if first == course.goal + 1 else 0.0)
        if last > course.given:
            for node in course.nodes[first : last + 1]:
                for before in node.after:
                    other = self._courses.get(before.robot)
                    index = self._open(before)
                    if other is None or index is None:
                        continue
                    if done[before.robot] < index:
                        return False
                    start = max(start, other.passed(index))
        course.set_start(k, start)
        return True

    def remove(self, robot: RobotId) -> None:
        """Forget a robot: it was carried off the floor."""
        if robot in self._courses:
            self._drop(robot, list(self._held[robot]))
            del self._courses[robot], self._held[robot]
            self._table = None

    def knows(self, robot: RobotId) -> bool:
        return robot in self._courses

    def mobile(self, robot: RobotId, *, able: bool) -> None:
        """A robot that can't move now delays those behind it."""
        course = self._courses[robot]
        course.able = able
        self._retimed = None
        if able and course.stuck:
            course.touch()
            course.stuck = False

    def give_up(self, robot: RobotId, *, stuck: bool) -> None:
        """Its claims are void: it stays at the end of what it holds, or where it is when it is `stuck`.

        Everything that a stuck robot holds is blocked until it is `mobile` again.
        """
        course = self._courses[robot]
        course.shorten(course.given)
        course.stuck = stuck

    # --- times -----------------------------------------------------------------------------------------

    def _graph(
        self, fleet: FleetId, closed: frozenset[LaneId] = frozenset(), extra: frozenset[WaypointId] = frozenset()
    ) -> StretchGraph:
        site = self._routes.site
        base = self._open_graphs.get(fleet)
        if base is None:
            base = self._open_graphs[fleet] = StretchGraph(
                site, site.fleets[fleet], self._routes.of(fleet), self._conflicts, self._resources
            )
        if not closed and not extra:
            return base
        key = (fleet, closed, extra)
        found = self._graphs.get(key)
        if found is None:
            if len(self._graphs) >= _GRAPHS_KEPT:
                self._graphs.pop(next(iter(self._graphs)))
            found = self._graphs[key] = base.variant(closed, extra)
        return found

    def _timetable(self) -> Timetable:
        """All courses in one; the last one serves until a course changes."""
        table = self._table
        if table is None or len(table.robots) != len(self._courses) or any(c.changed for c in self._courses.values()):
            table = self._table = Timetable.of(self._courses, self._resources.count)
        return table

    def _show(self, table: Timetable) -> None:
        """Go on with an older timetable, whose courses are all in place again."""
        table.show(self._courses)
        self._table = table

    def retime(self, now: float) -> Timetable:
        """Move all itineraries to what is possible from now on."""
        table = self._timetable()
        if self._retimed is not None and self._retimed[0] is table and self._retimed[1] == now:
            return table
        self._retimed = (table, now)
        moments = np.array([now if course.able else now + _DELAY for course in self._courses.values()])
        retime(
            moments,
            table.passed,
            table.robot,
            table.first,
            table.last,
            table.start,
            table.wait,
            table.given,
            table.offset,
            table.near_ptr,
            table.near,
            table.hold_robot,
            table.hold_resource,
            table.hold_stretch,
            table.hold_release,
            self._resources.count,
        )
        return table

    def arrival(self, robot: RobotId) -> float:
        """When the robot will be at its goal (s), as of the last retiming."""
        course = self._courses[robot]
        return course.passed(course.goal)

    def late(self, robot: RobotId) -> float:
        """By how much (s) it will be later at its goal than it was planned to be, as of the last retiming."""
        course = self._courses[robot]
        return course.passed(course.goal) - course.promised

    def goes_on(self, robot: RobotId) -> float | None:
        """When the robot may leave the end of what it holds (s), as of the last retiming; None at its goal."""
        course = self._courses[robot]
        if course.given >= course.goal:
            return None
        return course.starts_after(course.given)

    def is_blocked(self, robot: RobotId, now: float) -> bool:
        """Whether it can't get to its goal or away from it unless somebody moves who has no reason to."""
        course = self._courses[robot]
        return course.passed(course.end) > now + NEVER / 2

    # --- allocating ------------------------------------------------------------------------------------

    def allocated(self, robot: RobotId) -> int:
        """The sequence of the last node that is allocated."""
        course = self._courses[robot]
        return course.nodes[course.given].sequence

    def extend(self, robot: RobotId) -> Obstacle | None:
        """Allocate the claimed route up to the next stop, or say what is in the way and change nothing."""
        course = self._courses[robot]
        to = course.next_stop(course.given)
        for node in course.nodes[course.given + 1 : to + 1]:
            for before in node.after:
                index = self._open(before)
                if index is not None:
                    part = self._shared(course, to, before.robot, index)
                    return Obstacle(part=part, held_by=before.robot, in_turn=True)
        parts = self._parts(course, course.given, to)
        for part in parts:
            holder = self._holder(robot, part)
            if holder is not None:
                return Obstacle(part=part, held_by=holder)
        self._hold(robot, parts)
        course.touch()
        course.given = to
        return None

    def _shared(self, course: Course, to: int, other: RobotId, index: int) -> Part:
        """What a robot's next stretch, up to node `to`, needs of the other's way to its node `index`."""
        first = self._courses[other]
        own, others = (self._conflicts.class_of(c.fleet) for c in (course, first))
        taken = self._parts(first, index - 1, index)
        needed = self._parts(course, course.given, to)
        table = self._conflicts.between(own, others)
        shared = [part for part in needed if any(near in taken for near in table[part])]
        wholes = [part for part in shared if not part.startswith(GEOMETRIC)]
        return (wholes or shared or needed)[0]

    def withdraw(self, robot: RobotId, sequence: int) -> None:
        """Give back what lies behind a node, though it was allocated: the robot has not been told of it."""
        course = self._courses[robot]
        course.touch()
        course.given = course.index(sequence)
        self._keep(robot, course)

    def _keep(self, robot: RobotId, course: Course) -> None:
        """Release all but where the robot is and what it may still drive."""
        needed = dict.fromkeys(self._conflicts.standing(course.nodes[course.at].waypoint))
        needed.update(dict.fromkeys(self._parts(course, course.at, course.given)))
        self._drop(robot, [part for part in self._held[robot] if part not in needed])

    def _is_open(self, before: Precedence) -> bool:
        return self._open(before) is not None

    def _open(self, before: Precedence) -> int | None:
        """The index of a node that must be passed and has not been; None when there is nothing to wait for."""
        course = self._courses.get(before.robot)
        if course is None:
            return None
        index = course.index(before.sequence)
        last = course.given if course.stuck else course.end
        if index <= course.at or index > last or course.nodes[index].claim != before.claim:
            return None
        return index

    def passed(self, robot: RobotId, sequence: int, now: float) -> None:
        """Release what lies behind the node."""
        course = self._courses[robot]
        course.touch()
        course.at = course.index(sequence)
        course.set_passed(course.at, now)
        self._keep(robot, course)

    def _parts(self, course: Course, after: int, to: int) -> list[Part]:
        parts: dict[Part, None] = {}
        for before, node in zip(course.nodes[after:to], course.nodes[after + 1 : to + 1], strict=True):
            parts.update(dict.fromkeys(self._conflicts.moving(before.waypoint, node.waypoint, node.lane)))
        return list(parts)

    def _hold(self, robot: RobotId, parts: Iterable[Part]) -> None:
        for part in parts:
            self._held[robot][part] = None
            self._holders.setdefault(part, {})[robot] = None

    def _drop(self, robot: RobotId, parts: Iterable[Part]) -> None:
        for part in parts:
            del self._held[robot][part]
            holders = self._holders[part]
            del holders[robot]
            if not holders:
                del self._holders[part]

    def _holder(self, robot: RobotId, part: Part) -> RobotId | None:
        """Another robot that holds something which conflicts with `part`."""
        own = self._conflicts.class_of(self._courses[robot].fleet)
        for other_class in self._conflicts.classes:
            for near in self._conflicts.between(own, other_class)[part]:
                for holder in self._holders.get(near, ()):
                    if holder != robot and self._conflicts.class_of(self._courses[holder].fleet) == other_class:
                        return holder
        return None


def _stretches(route: Sequence[RouteNode]) -> Iterator[list[RouteNode]]:
    """Divide a route at its stops, and where another claim begins: there the robot stood when it was planned anew."""
    stretch: list[RouteNode] = []
    for node in route:
        if stretch and stretch[-1].claim != node.claim:
            yield stretch
            stretch = []
        stretch.append(node)
        if node.stop:
            yield stretch
            stretch = []
    if stretch:
        yield stretch
