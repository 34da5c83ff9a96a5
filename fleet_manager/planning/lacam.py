"""First solutions for many agents: LaCAM with PIBT. Complete: it ends with a solution or with the proof of none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fleet_manager.planning.lacam_kernel import begin, search
from fleet_manager.planning.lacam_tree_kernel import EXHAUSTED, FOUND, FULL, RUNNING, grown, new_tree, path_to_goal
from fleet_manager.planning.mapf import Problem
from fleet_manager.planning.pibt_kernel import new_step
from fleet_manager.planning.random_kernel import seeded
from fleet_manager.planning.stop import Stop
from fleet_manager.planning.unit_graph import Ints

_MOST_NUMBERS: Final = 2**28
"""Numbers that the configurations may take up: 3 per agent and configuration, 4 bytes each."""


@dataclass(frozen=True, slots=True)
class FirstSolution:
    """`steps` is None when none was found: there is none (`exhausted`), or time or memory ran out."""

    steps: Ints | None
    exhausted: bool
    iterations: int


def lacam(problem: Problem, *, seed: int, stop: Stop, room: int = 1024) -> FirstSolution:
    """Find a solution, whatever it costs; there is room for so many configurations at first."""
    agents = len(problem.starts)
    step = new_step(problem.graph, agents)
    choices = problem.graph.degree + 1
    tree = new_tree(agents, room, choices)
    rank = problem.distances
    rng = seeded(seed)
    begin(tree, problem.starts, problem.goals, rank)
    state, done = RUNNING, 0
    while state in (RUNNING, FULL) and (more := stop.more(done)):
        if state == FULL:
            if 6 * agents * len(tree.parent) > _MOST_NUMBERS:
                break
            tree = grown(tree, choices)
        state, took = search(problem.graph, problem.tables, problem.goals, rank, tree, step, rng, more)
        done += took
    return FirstSolution(path_to_goal(tree) if state == FOUND else None, state == EXHAUSTED, done)
