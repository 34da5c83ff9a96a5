"""Many agents on small random grids: compiled kernels against plain references, and what holds for every solution."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.mapf_check import faults
from benchmarks.movingai import Grid, grid_of
from fleet_manager.planning.distances_kernel import distance_tables
from fleet_manager.planning.lacam import lacam
from fleet_manager.planning.lns import lns
from fleet_manager.planning.mapf import Problem, arrivals
from fleet_manager.planning.plans_kernel import adopt, cost, new_plans, release, reserve, steps_of
from fleet_manager.planning.stop import Iterations
from fleet_manager.planning.unit_graph import FAR, Ints, UnitGraph, distances_to
from fleet_manager.planning.unit_sipp import quickest_arrival
from fleet_manager.planning.unit_sipp_kernel import new_agenda, plan

ENOUGH = Iterations(1_000_000)


@dataclass(frozen=True)
class Case:
    grid: Grid
    starts: Ints
    goals: Ints

    @property
    def problem(self) -> Problem:
        return Problem.of(self.grid.graph, self.starts, self.goals)


@st.composite
def cases(draw: st.DrawFn, *, side: int, agents: int) -> Case:
    """A random grid, and agents with different starts and different goals, not always with a way between them."""
    width, height = draw(st.integers(1, side)), draw(st.integers(2, side))
    blocked = draw(st.lists(st.integers(0, width * height - 1), max_size=width * height // 3))
    free = np.ones(width * height, dtype=np.bool_)
    free[blocked] = False
    free[:2] = True
    grid = grid_of(Path("random.map"), free.reshape(height, width))
    vertices = list(range(grid.graph.size))
    count = min(draw(st.integers(2, agents)), len(vertices))
    starts, goals = draw(st.permutations(vertices))[:count], draw(st.permutations(vertices))[:count]
    return Case(grid, np.array(starts, np.int32), np.array(goals, np.int32))


def assert_valid(case: Case, steps: Ints) -> None:
    cells = [(int(x), int(y)) for x, y in case.grid.cells]
    paths = [[cells[v] for v in steps[:, agent]] for agent in range(len(case.starts))]
    ends = [(cells[s], cells[g]) for s, g in zip(case.starts, case.goals, strict=True)]
    assert faults(paths, ends, set(cells)) == []


def joint_search(graph: UnitGraph, starts: Ints, goals: Ints) -> int | None:
    """Steps until all agents are at their goals, by breadth-first search over all their positions; None: impossible."""
    near = [[v, *graph.neighbours[graph.offsets[v] : graph.offsets[v + 1]].tolist()] for v in range(graph.size)]
    first, last = tuple(starts.tolist()), tuple(goals.tolist())
    known = {first: 0}
    queue = deque([first])
    while queue:
        now = queue.popleft()
        if now == last:
            return known[now]
        for after in product(*(near[v] for v in now)):
            if after in known or len(set(after)) < len(after):
                continue
            moves = set(zip(now, after, strict=True))
            if not any(a != b and (b, a) in moves for a, b in moves):
                known[after] = known[now] + 1
                queue.append(after)
    return None


@settings(deadline=None)
@given(cases(side=7, agents=4))
def test_distance_tables_are_those_of_the_plain_search(case: Case) -> None:
    tables = distance_tables(case.grid.graph, case.goals)
    for row, goal in zip(tables, case.goals, strict=True):
        assert row.tolist() == distances_to(case.grid.graph, int(goal)).tolist()


@settings(deadline=None, max_examples=300)
@given(cases(side=4, agents=3), st.integers(0, 9))
def test_lacam_solves_what_can_be_solved_and_proves_the_rest_impossible(case: Case, seed: int) -> None:
    possible = joint_search(case.grid.graph, case.starts, case.goals)
    found = lacam(case.problem, seed=seed, stop=ENOUGH)
    assert found.exhausted == (possible is None)
    if possible is not None:
        assert found.steps is not None
        assert_valid(case, found.steps)
        assert len(found.steps) - 1 >= possible


@settings(deadline=None)
@given(cases(side=7, agents=20), st.integers(0, 9))
def test_crowds_are_solved_without_conflicts_and_improving_keeps_it_so(case: Case, seed: int) -> None:
    problem = case.problem
    first = lacam(problem, seed=seed, stop=Iterations(2000))
    if first.steps is None:
        return
    assert_valid(case, first.steps)
    assert (problem.distances != FAR).all()
    before = int(arrivals(problem, first.steps).sum())
    for iterations in (1, 200):
        better = lns(problem, first.steps, seed=seed, stop=Iterations(iterations))
        assert_valid(case, better.steps)
        after = int(arrivals(problem, better.steps).sum())
        assert problem.distances.sum() <= after <= before
        assert len(better.steps) <= len(first.steps)


@settings(deadline=None)
@given(cases(side=6, agents=8), st.integers(0, 9))
def test_one_agents_new_plan_is_the_quickest_past_the_others(case: Case, seed: int) -> None:
    problem = case.problem
    first = lacam(problem, seed=seed, stop=Iterations(2000))
    if first.steps is None:
        return
    room = 2 * len(first.steps) + problem.graph.size
    plans = new_plans(problem.graph.size, len(case.starts), room)
    adopt(plans, first.steps)
    agenda = new_agenda(plans)
    for agent in range(len(case.starts)):
        others = np.delete(steps_of(plans), agent, axis=1)
        start, goal = int(case.starts[agent]), int(case.goals[agent])
        quickest = quickest_arrival(problem.graph, start, goal, others)
        assert quickest is not None
        release(plans, agent)
        left = problem.tables[agent]
        assert not plan(problem.graph, left, start, goal, plans, agenda, agent, quickest - 1)
        assert plan(problem.graph, left, start, goal, plans, agenda, agent, quickest + 5)
        reserve(plans, agent)
        assert cost(plans, agent) == quickest
        assert_valid(case, steps_of(plans))


class OneByOne:
    """The same iterations, in calls of one each."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def more(self, done: int) -> int:
        return min(1, self._limit - done)


@settings(deadline=None, max_examples=20)
@given(cases(side=7, agents=15), st.integers(0, 9))
def test_the_same_seed_and_iterations_give_the_same_solution(case: Case, seed: int) -> None:
    problem = case.problem
    one, other = (lacam(problem, seed=seed, stop=stop) for stop in (Iterations(500), OneByOne(500)))
    assert one.iterations == other.iterations
    assert (one.steps is None) == (other.steps is None)
    if one.steps is None or other.steps is None:
        return
    assert one.steps.tolist() == other.steps.tolist()
    better, again = (lns(problem, one.steps, seed=seed, stop=stop) for stop in (Iterations(100), OneByOne(100)))
    assert better.steps.tolist() == again.steps.tolist()
