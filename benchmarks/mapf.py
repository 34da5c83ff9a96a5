"""`wardfleet bench mapf`: the planner on a problem of the MovingAI multi-agent path finding benchmarks.

The clock starts when the files are read; distance tables are counted, compilation is not. README.md beside this file
says what the figures mean.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.mapf_check import violations
from benchmarks.movingai import Cell, Grid, problem_of, read_grid, read_scenario
from fleet_manager.planning.lacam import lacam
from fleet_manager.planning.lns import lns
from fleet_manager.planning.mapf import Problem, arrivals
from fleet_manager.planning.stop import Deadline, Iterations
from fleet_manager.planning.unit_graph import Ints, UnitGraph


@dataclass(frozen=True, slots=True)
class MapfResult:
    solved: bool
    unsolvable: bool
    first_seconds: float | None
    seconds: float
    sum_of_costs: int | None
    sum_of_costs_lower_bound: int
    first_sum_of_costs: int | None
    makespan: int | None
    makespan_lower_bound: int
    violations: int
    iterations: int
    agents: int
    time_limit: float
    seed: int


def warm_up() -> None:
    """Compile all kernels, on two agents that change places in a ring of six cells."""
    graph = UnitGraph(np.arange(0, 14, 2, dtype=np.int32), np.array([1, 5, 0, 2, 1, 3, 2, 4, 3, 5, 0, 4], np.int32))
    problem = Problem.of(graph, np.array([0, 1], np.int32), np.array([1, 0], np.int32))
    first = lacam(problem, seed=0, stop=Iterations(100), room=1)
    assert first.steps is not None
    lns(problem, first.steps, seed=0, stop=Iterations(10))


def run_mapf(
    map_file: Path, scen_file: Path, *, agents: int, time_limit: float, seed: int
) -> tuple[MapfResult, list[list[Cell]]]:
    """Solve, and improve the solution until `time_limit` seconds are over; the paths are empty when not solved.

    Raises MapError when a file can't be used.
    """
    grid = read_grid(map_file)
    scenario = read_scenario(scen_file, grid, agents)
    began = time.perf_counter()
    problem = problem_of(grid, scenario)
    first = lacam(problem, seed=seed, stop=Deadline(began + time_limit))
    found = time.perf_counter()
    better = None
    if first.steps is not None:
        better = lns(problem, first.steps, seed=seed, stop=Deadline(began + time_limit))
    ended = time.perf_counter()
    paths = [] if better is None else _paths(grid, problem, better.steps)
    result = MapfResult(
        solved=better is not None,
        unsolvable=first.exhausted,
        first_seconds=None if first.steps is None else found - began,
        seconds=ended - began,
        sum_of_costs=None if better is None else int(arrivals(problem, better.steps).sum()),
        sum_of_costs_lower_bound=int(problem.distances.sum()),
        first_sum_of_costs=None if first.steps is None else int(arrivals(problem, first.steps).sum()),
        makespan=None if better is None else len(better.steps) - 1,
        makespan_lower_bound=int(problem.distances.max()),
        violations=len(violations(map_file, scen_file, paths)),
        iterations=0 if better is None else better.iterations,
        agents=agents,
        time_limit=time_limit,
        seed=seed,
    )
    return result, paths


def _paths(grid: Grid, problem: Problem, steps: Ints) -> list[list[Cell]]:
    """Each agent's cells per step, up to its arrival for good."""
    cells = grid.cells[steps]
    return [
        [(int(x), int(y)) for x, y in cells[: arrival + 1, agent]]
        for agent, arrival in enumerate(arrivals(problem, steps).tolist())
    ]
