"""What each robot drives and when, flat for the kernel: nodes, stretches and holds of all robots together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from fleet_manager.domain.robots import Precedence, RouteNode
from fleet_manager.planning.itinerary_kernel import FOREVER
from fleet_manager.planning.stretches import Floats, Holds, Ints, Leg, Stretch, StretchGraph
from fleet_manager.planning.timetable_kernel import assembled, chunk_ahead, holds_between
from maps.model import FleetId, RobotId, WaypointId


def leg_of(node: RouteNode) -> Leg:
    return Leg(node.waypoint, node.lane, node.lift)


@dataclass(slots=True)
class Chunk:
    """One robot's part of the timetable; nodes count from the last one passed, stretches from the running one.

    `passed` and `start` are views of the timetable it was last part of, so retiming reaches them. `numbers` are what
    `timetable_kernel.chunk_ahead` says.
    """

    sizes: Ints
    passed: Floats
    offset: Floats
    start: Floats
    wait: Floats
    numbers: Ints


class _Flat(NamedTuple):
    """All holds of a course, with the numbers of its nodes and stretches; it lasts until stretches come or go."""

    first: Ints
    last: Ints
    near_ptr: Ints
    near: Ints
    stretch: Ints
    resource: Ints
    node: Ints
    release: Ints


@dataclass(slots=True, kw_only=True)
class Course:
    """A robot's route from the last passed node on: the drive it has claimed, then its retreat.

    Indexes count `nodes`. It was last at node `at`, holds everything up to `given`, and stays at `goal` for `dwell`
    seconds before it retreats. A robot that is `stuck` is planned round: it stays where it is until further notice.
    `promised` is when it was to be at its goal when that was planned (s).
    """

    fleet: FleetId
    graph: StretchGraph
    nodes: list[RouteNode]
    at: int = 0
    given: int = 0
    goal: int = 0
    dwell: float = 0.0
    promised: float = 0.0
    _passed: list[float]
    firsts: list[int] = field(default_factory=list)
    lasts: list[int] = field(default_factory=list)
    _starts: list[float] = field(default_factory=list)
    offsets: list[float] = field(default_factory=lambda: [0.0])
    stretches: list[Stretch] = field(default_factory=list)
    _near: list[Ints] = field(default_factory=list)
    _holds: list[Holds] = field(default_factory=list)
    able: bool = True
    stuck: bool = False
    _chunk: Chunk | None = None
    _flat: _Flat | None = None

    def snapshot(self) -> Course:
        """The course as it is now, to come back to; it is good as long as this one is shortened before it changes."""
        return replace(self)

    @property
    def changed(self) -> bool:
        """Whether no chunk shows it as it is now."""
        return self._chunk is None

    @property
    def end(self) -> int:
        return len(self.nodes) - 1

    @property
    def stand(self) -> WaypointId:
        """Where the robot stands when it has driven all it holds."""
        return self.nodes[self.given].waypoint

    @property
    def heading(self) -> float:
        """The robot's heading there (rad), NaN when it is not known."""
        for k in range(len(self.stretches) - 1, -1, -1):
            if self.lasts[k] <= self.given and not np.isnan(self.stretches[k].heading_out):
                return self.stretches[k].heading_out
        return float("nan")

    @property
    def heading_at_end(self) -> float:
        """The heading after all of the course (rad), NaN when it is not known."""
        known = [s.heading_out for s in self.stretches if not np.isnan(s.heading_out)]
        return known[-1] if known else float("nan")

    def index(self, sequence: int) -> int:
        return sequence - self.nodes[0].sequence

    def passed(self, index: int) -> float:
        """When node `index` is or was passed (s), planned or real."""
        if self._chunk is not None and self.at <= index < self.at + len(self._chunk.passed):
            return float(self._chunk.passed[index - self.at])
        return self._passed[index]

    def starts_after(self, index: int) -> float:
        """When the stretch behind node `index` begins (s)."""
        k = next(k for k, last in enumerate(self.lasts) if last > index)
        shown = self._shown(self.at)
        if self._chunk is not None and k in shown:
            return float(self._chunk.start[k - shown.start])
        return self._starts[k]

    def set_passed(self, index: int, time: float) -> None:
        self.touch()
        self._passed[index] = time

    def set_start(self, stretch: int, time: float) -> None:
        """Stretch `stretch` begins at `time` (s), and its nodes follow."""
        self.touch()
        self._starts[stretch] = time
        for i in range(self.firsts[stretch], self.lasts[stretch] + 1):
            self._passed[i] = time + self.offsets[i]

    def touch(self) -> None:
        """Something is about to change: keep the chunk's times; it has to be made anew."""
        chunk = self._chunk
        if chunk is not None:
            self._passed[self.at : self.at + len(chunk.passed)] = chunk.passed.tolist()
            shown = self._shown(self.at)
            self._starts[shown.start : shown.stop] = chunk.start.tolist()
            self._chunk = None

    def _shown(self, at: int) -> range:
        """The stretches that lie ahead and count."""
        end = self.given if self.stuck else self.end
        begin = 0
        while begin < len(self.lasts) and self.lasts[begin] <= at:
            begin += 1
        stop = len(self.lasts)
        while stop > begin and self.lasts[stop - 1] > end:
            stop -= 1
        return range(begin, stop)

    def next_stop(self, after: int) -> int:
        """The node at which the next stretch behind node `after` ends."""
        return next(last for last in self.lasts if last > after)

    def shorten(self, to: int) -> None:
        """Give up what lies behind node `to`, and forget what lies behind the robot."""
        self.touch()
        self._flat = None
        keep = [k for k, last in enumerate(self.lasts) if self.at <= last and self.firsts[k] <= to]
        cut = self.at
        self.nodes = self.nodes[cut : to + 1]
        self._passed = self._passed[cut : to + 1]
        self.offsets = self.offsets[cut : to + 1]
        self.stretches = [self.stretches[k] for k in keep]
        self._near = [self._near[k] for k in keep]
        self._holds = [self._holds[k] for k in keep]
        self.firsts = [self.firsts[k] - cut for k in keep]
        self.lasts = [min(self.lasts[k], to) - cut for k in keep]
        self._starts = [self._starts[k] for k in keep]
        self.given = min(self.given, to) - cut
        self.goal = min(self.goal, to) - cut
        self.at = 0

    def append(self, stretch: Stretch, nodes: Sequence[RouteNode], start: float, arrival: float) -> None:
        """Drive one more stretch, from `start` to `arrival` (s)."""
        self.touch()
        self._flat = None
        later = arrival - start - stretch.duration
        self.firsts.append(len(self.nodes))
        for node, passed in zip(nodes, stretch.passed, strict=True):
            self.nodes.append(node)
            self.offsets.append(passed + later)
            self._passed.append(start + passed + later)
        self.lasts.append(len(self.nodes) - 1)
        self._starts.append(start)
        self.stretches.append(stretch)
        self._near.append(self.graph.near(stretch)[0])
        self._holds.append(self.graph.holds(stretch))

    def drive_on(self, stretch: Stretch, claim: int, start: float, arrival: float) -> None:
        """Append a stretch with new nodes of a claim."""
        following = self.nodes[-1].sequence + 1
        nodes = [
            RouteNode(
                sequence=following + n,
                waypoint=leg.waypoint,
                lane=leg.lane,
                lift=leg.lift,
                claim=claim,
                stop=n == len(stretch.legs) - 1,
            )
            for n, leg in enumerate(stretch.legs)
        ]
        self.append(stretch, nodes, start, arrival)

    def wait_for(self, index: int, precedences: Sequence[Precedence], is_open: Callable[[Precedence], bool]) -> None:
        """The way to a node becomes the robot's only after others."""
        self.nodes[index] = self.nodes[index].behind(precedences, is_open)

    def chunk(self) -> Chunk:
        if self._chunk is None:
            self._chunk = self._make_chunk()
        return self._chunk

    def _all_holds(self) -> _Flat:
        if self._flat is None:
            firsts, lasts = (np.array(numbers, dtype=np.int32) for numbers in (self.firsts, self.lasts))
            sizes = [len(holds.resource) for holds in self._holds]
            number = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
            begin = np.repeat(firsts, sizes)
            nothing = np.zeros(0, dtype=np.int32)
            near_ptr = np.zeros(len(sizes) + 1, dtype=np.int32)
            np.cumsum([len(numbers) for numbers in self._near], out=near_ptr[1:])
            self._flat = _Flat(
                first=firsts,
                last=lasts,
                near_ptr=near_ptr,
                near=np.concatenate([nothing, *self._near]),
                stretch=number,
                resource=np.concatenate([nothing, *(holds.resource for holds in self._holds)]),
                node=np.concatenate([nothing, *(holds.node for holds in self._holds)]) + begin,
                release=np.concatenate([nothing, *(holds.release for holds in self._holds)]) + begin,
            )
        return self._flat

    def _make_chunk(self) -> Chunk:
        at, end = self.at, self.given if self.stuck else self.end
        shown = self._shown(at)
        standing = self.graph.numbers_standing(self.nodes[at].waypoint)
        sizes, offset, wait, numbers = chunk_ahead(
            at,
            end,
            self.given,
            self.goal,
            self.dwell,
            self.stuck,
            shown.start,
            shown.stop,
            np.array(self.offsets),
            *self._all_holds(),
            standing,
        )
        return Chunk(
            sizes=sizes,
            passed=np.array(self._passed[at : end + 1]),
            offset=offset,
            start=np.array(self._starts[shown.start : shown.stop]),
            wait=wait,
            numbers=numbers,
        )


class Timetable(NamedTuple):
    """All chunks in one, numbered through."""

    robots: tuple[RobotId, ...]
    node_base: Ints
    stretch_base: Ints
    passed: Floats
    offset: Floats
    robot: Ints
    first: Ints
    last: Ints
    start: Floats
    wait: Floats
    given: Ints
    near_ptr: Ints
    near: Ints
    hold_robot: Ints
    hold_resource: Ints
    hold_stretch: Ints
    hold_release: Ints
    by_ptr: Ints
    by_order: Ints

    @staticmethod
    def of(courses: Mapping[RobotId, Course], resources: int) -> Timetable:
        chunks = [course.chunk() for course in courses.values()]
        sizes = np.concatenate([c.sizes for c in chunks]).reshape(-1, 4)
        numbers = np.concatenate([c.numbers for c in chunks])
        node_base, stretch_base, robot, first, last, given, *rest = assembled(sizes, numbers, resources)
        table = Timetable(
            tuple(courses),
            node_base,
            stretch_base,
            np.concatenate([c.passed for c in chunks]),
            np.concatenate([c.offset for c in chunks]),
            robot,
            first,
            last,
            np.concatenate([c.start for c in chunks]),
            np.concatenate([c.wait for c in chunks]),
            given,
            *rest,
        )
        table.show(courses)
        return table

    def show(self, courses: Mapping[RobotId, Course]) -> None:
        """From now on the chunks of the courses that it is made of show its times."""
        nodes, stretches = self.node_base.tolist(), self.stretch_base.tolist()
        for i, course in enumerate(courses.values()):
            chunk = course.chunk()
            chunk.passed = self.passed[nodes[i] : nodes[i + 1]]
            chunk.start = self.start[stretches[i] : stretches[i + 1]]

    def holds_until(self) -> tuple[Floats, Floats]:
        """From when until when each hold lasts (s)."""
        begins, ends = holds_between(self.hold_stretch, self.hold_release, self.start, self.passed, FOREVER)
        return begins, ends
