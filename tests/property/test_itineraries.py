"""The compiled kernels against their plain reference, on random small sites between random holds."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.replan import HoldTable, compiled
from fleet_manager.planning.conflicts import Conflicts
from fleet_manager.planning.itineraries import (
    Hold,
    PlainItinerary,
    PlannedHold,
    PlannedStretch,
    Question,
    quickest,
    retimed,
)
from fleet_manager.planning.itinerary_kernel import FOREVER, by_resource
from fleet_manager.planning.routes import Routes
from fleet_manager.planning.stretches import Resources, StretchGraph
from maps.model import FleetId
from tests.floor import DELAY, Floor
from tests.property.test_traffic_graph import history
from tests.random_sites import scattered

ME = 7


@dataclass(frozen=True)
class Case:
    """A question with the same holds as a table, and how many resources there are."""

    question: Question
    table: HoldTable
    routes: Routes
    fleet: FleetId


def case(seed: int) -> Case:
    rng = random.Random(seed)
    site = scattered(rng)
    routes = Routes(site)
    conflicts = Conflicts(site, routes.zones)
    resources = Resources(conflicts)
    fleet = rng.choice(list(site.fleets))
    graph = StretchGraph(site, site.fleets[fleet], routes.of(fleet), conflicts, resources)
    stops = [w.id for w in site.waypoints.values() if w.stop]
    holds: list[Hold] = []
    for _ in range(rng.randint(0, 25)):
        begin = -FOREVER if rng.random() < 0.05 else rng.uniform(-5.0, 60.0)
        end = rng.choice([begin, *(max(begin, -5.0) + rng.uniform(0.0, 20.0) for _ in range(9))])
        end = FOREVER if rng.random() < 0.04 else end
        holds.append(Hold(rng.choice([0, 1, 2, ME]), rng.randrange(resources.count), begin, end))
    question = Question(
        graph=graph,
        holds=tuple(holds),
        me=ME,
        start=rng.choice(stops),
        ready=rng.uniform(0.0, 10.0),
        heading=rng.choice([math.nan, rng.uniform(-math.pi, math.pi)]),
        goal=rng.choice(stops),
        dwell=rng.choice([0.0, rng.uniform(0.0, 30.0)]),
        homes=tuple(rng.sample(stops, rng.randint(1, 2))),
    )
    resource = np.array([hold.resource for hold in holds], dtype=np.int32)
    table = HoldTable(
        np.array([hold.robot for hold in holds], dtype=np.int32),
        resource,
        np.array([hold.begin for hold in holds], dtype=np.float64),
        np.array([hold.end for hold in holds], dtype=np.float64),
        *by_resource(resource, resources.count),
    )
    return Case(question, table, routes, fleet)


def assert_free(question: Question, found: PlainItinerary) -> None:
    """What the robot needs is nobody else's: where it waits, and what it drives over, until it has passed that."""
    graph = question.graph
    others = [hold for hold in question.holds if hold.robot != question.me and hold.end > hold.begin]

    def free(resource: int, begin: float, end: float) -> None:
        for hold in others:
            met = hold.resource == resource and hold.begin < end - 1e-5 and hold.end > begin + 1e-5
            assert not met, f"{resource} from {begin} to {end} meets {hold}"

    at, since = question.start, question.ready
    for number, timed in enumerate((*found.way, None)):
        if number == found.to:
            assert at == question.goal
            since_goal = since + question.dwell
        start = timed.start if timed is not None else FOREVER
        stand = graph.arrays.stand_ptr[graph.number[at]], graph.arrays.stand_ptr[graph.number[at] + 1]
        for resource in graph.arrays.stand[stand[0] : stand[1]].tolist():
            free(resource, since, start)
        if timed is None:
            break
        assert timed.stretch.start == at
        assert timed.start >= (since_goal if number == found.to else since) - 1e-6
        later = timed.arrival - timed.start - timed.stretch.duration
        assert later >= -1e-9
        for resource, until in zip(*(column.tolist() for column in graph.near(timed.stretch)), strict=True):
            free(resource, timed.start, timed.start + until + later)
        at, since = timed.stretch.end, timed.arrival
    assert at in question.homes


@settings(max_examples=400, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1_000_000))
def test_the_kernel_finds_what_the_reference_finds_and_it_is_free(seed: int) -> None:
    asked = case(seed)
    found = compiled(asked.question, asked.table, asked.routes.of(asked.fleet))
    expected = quickest(asked.question)
    assert (found is None) == (expected is None)
    if found is None or expected is None:
        return
    ready = asked.question.ready
    assert found.arrival(ready) == pytest.approx(expected.arrival(ready), abs=1e-6)
    assert_free(asked.question, found)
    assert_free(asked.question, expected)


def assert_retimed_as_the_reference(floor: Floor, later: float) -> None:
    """Retiming by the kernel gives the reference's times, keeps who goes first, and never plans the past."""
    table = floor.traffic.retime(floor.now)
    passed, starts = table.passed.copy(), table.start.copy()
    order = floor.who_goes_first(table)
    moments = [floor.now + later + (0.0 if floor.robots[robot].able else DELAY) for robot in table.robots]
    near = [table.near[table.near_ptr[s] : table.near_ptr[s + 1]] for s in range(len(starts))]
    stretches = [
        PlannedStretch(
            robot=int(table.robot[s]),
            first=int(table.first[s]),
            last=int(table.last[s]),
            start=float(starts[s]),
            wait=float(table.wait[s]),
            given=bool(table.given[s]),
            near=frozenset(near[s].tolist()),
        )
        for s in range(len(starts))
    ]
    holds = [
        PlannedHold(robot=robot, resource=r, since=None if since < 0 else since, until=None if until < 0 else until)
        for robot, r, since, until in zip(
            table.hold_robot.tolist(),
            table.hold_resource.tolist(),
            table.hold_stretch.tolist(),
            table.hold_release.tolist(),
            strict=True,
        )
    ]
    times, begins = retimed(moments, passed.tolist(), table.offset.tolist(), stretches, holds)
    floor.now += later
    after = floor.traffic.retime(floor.now)
    assert after.passed.tolist() == pytest.approx(times, abs=1e-6)
    assert after.start.tolist() == pytest.approx(begins, abs=1e-6)
    assert floor.who_goes_first(after) == order
    for s, stretch in enumerate(stretches):
        assert stretch.given or after.start[s] >= moments[stretch.robot]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1_000_000))
def test_retiming_keeps_who_goes_first_and_agrees_with_the_reference(seed: int) -> None:
    past = history(seed)
    rng = random.Random(seed)
    for _ in range(8):
        past.steps(12)
        assert_retimed_as_the_reference(past.floor, rng.choice([0.0, 1.0, rng.expovariate(0.02)]))
