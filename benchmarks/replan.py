"""`wardfleet bench replan`: one robot is planned again and again, each time between other itineraries.

Each plan is a question of its own: `itineraries` robots appear somewhere on the level at a moment of half an hour,
drive to a goal and vanish there; the robot stands somewhere else at another moment, wants to a goal, stays for the time
of a hand-over and drives to a bay. Places, moments and headings are drawn from the seed.

- `plans`: questions asked that have an answer. `impossible`: others that were drawn between them, where somebody drives
  over the robot's place before it can leave; neither the kernel nor the reference finds an answer to those.
- `plan_ms_p50`, `plan_ms_p99`: wall time of an answer by the production kernel, with making the table of the others'
  holds; the routing tables and the stretches of the site are there before.
- `failures`: plans that the kernel does not find, but the plain reference (`planning.itineraries`) does.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from fleet_manager.planning.conflicts import Conflicts
from fleet_manager.planning.estimates import HANDOVER
from fleet_manager.planning.itineraries import Hold, PlainItinerary, Question, TimedStretch, quickest
from fleet_manager.planning.itinerary_kernel import FOREVER, by_resource, sipp
from fleet_manager.planning.parking import Parking
from fleet_manager.planning.routes import Routes, RouteTables
from fleet_manager.planning.stretches import Floats, Ints, Resources, StretchGraph
from maps.errors import BrokenReferenceError
from maps.model import CarrierKind, Fleet, LevelId, Site, WaypointId

HALF_AN_HOUR: Final = 1800.0

_LABELS: Final = 20_000
_MOST_LABELS: Final = 640_000
_TRIES: Final = 50
"""How often another start is drawn for an itinerary that finds no way between the others."""


@dataclass(frozen=True, slots=True)
class ReplanResult:
    """The figures, as the module's text explains them."""

    plans: int
    failures: int
    impossible: int
    plan_ms_p50: float
    plan_ms_p99: float
    level: str
    places: int
    itineraries: int
    seed: int


class HoldTable(NamedTuple):
    """Who needs which resource when, and the holds of each resource, for the kernel."""

    robot: Ints
    resource: Ints
    begin: Floats
    end: Floats
    by_ptr: Ints
    by_order: Ints

    @staticmethod
    def of(holds: Sequence[tuple[Ints, Floats, Floats]], resources: int) -> HoldTable:
        """From each robot's resources with begin and end; robots are numbered in this order."""
        resource = np.concatenate([np.zeros(0, dtype=np.int32), *(r for r, _, _ in holds)])
        robot = np.repeat(np.arange(len(holds), dtype=np.int32), [len(r) for r, _, _ in holds])
        begin = np.concatenate([np.zeros(0), *(b for _, b, _ in holds)])
        end = np.concatenate([np.zeros(0), *(e for _, _, e in holds)])
        return HoldTable(robot, resource, begin, end, *by_resource(resource, resources))

    def plain(self) -> tuple[Hold, ...]:
        """The same, one by one."""
        columns = (self.robot, self.resource, self.begin, self.end)
        return tuple(Hold(*row) for row in zip(*(column.tolist() for column in columns), strict=True))


def compiled(question: Question, table: HoldTable, tables: RouteTables) -> PlainItinerary | None:
    """The kernel's answer to a question; `table` has its holds."""
    number = question.graph.number
    home = np.zeros(len(number), dtype=np.bool_)
    home[[number[place] for place in question.homes]] = True
    to_home = np.min([tables.times(place) for place in question.homes], axis=0)
    labels = _LABELS
    while True:
        stretches, starts, arrivals, to = sipp(
            *question.graph.arrays,
            table.by_ptr,
            table.by_order,
            table.robot,
            table.begin,
            table.end,
            question.me,
            number[question.start],
            question.ready,
            question.heading,
            number[question.goal],
            question.dwell,
            tables.times(question.goal),
            home,
            to_home,
            question.graph.turn_speed,
            question.graph.restart,
            FOREVER,
            labels,
        )
        if to != -2 or labels >= _MOST_LABELS:
            break
        labels *= 4
    if to < 0:
        return None
    known = question.graph.stretches
    way = [TimedStretch(known[s], float(a), float(b)) for s, a, b in zip(stretches, starts, arrivals, strict=True)]
    return PlainItinerary(tuple(way), int(to))


def holds_of(graph: StretchGraph, start: WaypointId, ready: float, way: Sequence[TimedStretch]) -> list[Hold]:
    """What a robot needs that appears at `start`, drives and vanishes at the end, and when (robot number 0)."""
    holds: list[Hold] = []
    at, since = start, ready
    for timed in way:
        later = timed.arrival - timed.start - timed.stretch.duration
        for leg, seconds in zip(timed.stretch.legs, timed.stretch.passed, strict=True):
            passed = timed.start + later + seconds
            holds += [Hold(0, r, timed.start, passed) for r in graph.held_passing(leg.lane)]
            holds += [Hold(0, r, since, passed) for r in graph.held_standing(at)]
            at, since = leg.waypoint, timed.start
    if way:
        holds += [Hold(0, r, since, way[-1].arrival) for r in graph.held_standing(at)]
    return holds


class _Floor:
    """One level of a site as one fleet sees it, with everything that does not change from plan to plan."""

    def __init__(self, site: Site, level: LevelId, fleet: Fleet) -> None:
        routes = Routes(site)
        conflicts = Conflicts(site, routes.zones)
        resources = Resources(conflicts)
        self.resources = resources.count
        self.tables = routes.of(fleet.id)
        self.graph = StretchGraph(site, fleet, self.tables, conflicts, resources)
        stops = [w.id for w in site.waypoints.values() if w.level == level and w.stop and w.lift is None]
        self.places = _ground(self.tables, [w for w in stops if self.tables.reaches(w)])
        if len(self.places) < 2:
            raise BrokenReferenceError(f"{fleet.id} has nowhere to drive on level {level}", remedy="Name another level")
        bays = Parking(site, routes, conflicts).bays(fleet.id)
        self.bays = [bay for bay in bays if bay in self.places] or self.places

    def itinerary(self, rng: random.Random, others: Sequence[tuple[Ints, Floats, Floats]]) -> list[Hold]:
        """What one more robot holds that drives between the others; nothing where they leave it no way."""
        table = HoldTable.of(others, self.resources)
        for _ in range(_TRIES):
            start, goal = rng.sample(self.places, 2)
            question = Question(
                graph=self.graph,
                holds=(),
                me=len(others),
                start=start,
                ready=rng.uniform(0.0, HALF_AN_HOUR),
                heading=rng.uniform(-math.pi, math.pi),
                goal=goal,
                dwell=0.0,
                homes=self.places,
            )
            found = compiled(question, table, self.tables)
            if found is not None:
                return holds_of(self.graph, start, question.ready, found.way[: found.to])
        return []


def _ground(tables: RouteTables, places: Sequence[WaypointId]) -> list[WaypointId]:
    """The largest set of places that can all reach each other."""
    left, best = list(places), list[WaypointId]()
    while len(left) > len(best):
        one = left[0]
        part = [p for p in left if tables.time(one, p) is not None and tables.time(p, one) is not None]
        best = max(best, part, key=len)
        left = [p for p in left if p not in set(part)]
    return best


def ground_fleet(site: Site) -> Fleet:
    """The first fleet of the site that drives on the floor. Raises BrokenReferenceError."""
    for fleet in site.fleets.values():
        if fleet.carrier is CarrierKind.GROUND:
            return fleet
    raise BrokenReferenceError(f"site {site.name!r} has no ground fleet", remedy="Add a fleet to the site")


def questions(
    floor: _Floor, itineraries: int, seed: int
) -> Iterator[tuple[Question, list[tuple[Ints, Floats, Floats]]]]:
    """Questions without end, with the others' holds as they are kept for each robot."""
    rng = random.Random(f"{seed}/replan")
    while True:
        others: list[tuple[Ints, Floats, Floats]] = []
        while len(others) < itineraries:
            others.append(_columns(floor.itinerary(rng, others)))
        start, goal = rng.sample(floor.places, 2)
        yield (
            Question(
                graph=floor.graph,
                holds=HoldTable.of(others, floor.resources).plain(),
                me=itineraries,
                start=start,
                ready=rng.uniform(0.0, HALF_AN_HOUR),
                heading=rng.uniform(-math.pi, math.pi),
                goal=goal,
                dwell=HANDOVER,
                homes=(rng.choice(floor.bays),),
            ),
            others,
        )


def _columns(holds: Sequence[Hold]) -> tuple[Ints, Floats, Floats]:
    return (
        np.array([hold.resource for hold in holds], dtype=np.int32),
        np.array([hold.begin for hold in holds], dtype=np.float64),
        np.array([hold.end for hold in holds], dtype=np.float64),
    )


def run_replan(
    site: Site,
    level: LevelId,
    itineraries: int,
    plans: int,
    seed: int,
    progress: Callable[[float], None] = lambda _: None,
) -> ReplanResult:
    """Ask all questions; `progress` gets the share that is answered. Raises BrokenReferenceError."""
    if level not in site.levels:
        raise BrokenReferenceError(
            f"site {site.name!r} has no level {level!r}", remedy=f"Its levels are {', '.join(site.levels)}"
        )
    floor = _Floor(site, level, ground_fleet(site))
    seconds: list[float] = []
    failures = impossible = 0
    for question, others in questions(floor, itineraries, seed):
        for place in (question.goal, *question.homes):
            floor.tables.times(place)
        began = time.perf_counter()
        answer = compiled(question, HoldTable.of(others, floor.resources), floor.tables)
        taken = time.perf_counter() - began
        if answer is None and quickest(question) is None:
            impossible += 1
            continue
        seconds.append(taken)
        failures += answer is None
        progress(len(seconds) / plans)
        if len(seconds) == plans:
            break
    middle, late = np.percentile(np.array(seconds) * 1000.0, [50, 99]).tolist()
    return ReplanResult(
        plans=plans,
        failures=failures,
        impossible=impossible,
        plan_ms_p50=middle,
        plan_ms_p99=late,
        level=level,
        places=len(floor.places),
        itineraries=itineraries,
        seed=seed,
    )
