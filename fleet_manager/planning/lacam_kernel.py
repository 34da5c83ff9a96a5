"""First solutions for many agents, compiled: LaCAM's search, with PIBT as what makes the next step."""

from __future__ import annotations

import numpy as np
from numba import njit

from fleet_manager.planning.lacam_tree_kernel import (
    EXHAUSTED,
    FOUND,
    FULL,
    GOAL,
    NONE,
    OPEN,
    RUNNING,
    Tree,
    add_constraint,
    is_full,
    next_constraint,
    visit,
)
from fleet_manager.planning.pibt_kernel import Step, decide, decide_all, place
from fleet_manager.planning.random_kernel import Rng, shuffle
from fleet_manager.planning.unit_graph import Ints, UnitGraph


@njit(cache=True, nogil=True)
def begin(tree: Tree, starts: Ints, goals: Ints, rank: Ints) -> None:
    """Visit the first configuration."""
    visit(tree, starts, NONE, starts == goals, rank)


@njit(cache=True, nogil=True)
def search(
    graph: UnitGraph, tables: Ints, goals: Ints, rank: Ints, tree: Tree, step: Step, rng: Rng, iterations: int
) -> tuple[int, int]:
    """Search on for some iterations; answers how it stands, and how many iterations it took."""
    most_choices = step.choices.shape[1]
    for done in range(iterations):
        if tree.counts[GOAL] != NONE:
            return FOUND, done
        if tree.counts[OPEN] == 0:
            return EXHAUSTED, done
        if is_full(tree, most_choices):
            return FULL, done
        node = tree.open_nodes[tree.counts[OPEN] - 1]
        constraint = next_constraint(tree)
        if constraint == NONE:
            continue
        if tree.depth[constraint] < len(goals):
            _branch(graph, tree, node, constraint, rng)
        place(step, tree.configuration[node])
        if _fix(tree, step, constraint) and decide_all(graph, tables, goals, step, tree.order[node], rng):
            visit(tree, step.then, node, step.then == goals, rank)
    return (FOUND if tree.counts[GOAL] != NONE else RUNNING), iterations


@njit(cache=True, nogil=True)
def _branch(graph: UnitGraph, tree: Tree, node: int, constraint: int, rng: Rng) -> None:
    """Below a constraint, send the next agent of the node's order to each of its neighbours, or let it stay."""
    agent = tree.order[node, tree.depth[constraint]]
    here = tree.configuration[node, agent]
    count = graph.offsets[here + 1] - graph.offsets[here]
    there = np.empty(count + 1, dtype=np.int32)
    there[:count] = graph.neighbours[graph.offsets[here] : graph.offsets[here + 1]]
    there[count] = here
    shuffle(rng, there, count + 1)
    for k in range(count + 1):
        add_constraint(tree, node, agent, there[k], constraint)


@njit(cache=True, nogil=True)
def _fix(tree: Tree, step: Step, constraint: int) -> bool:
    """Decide the moves that a constraint and those above it ask for; False when they meet."""
    while tree.agent[constraint] != NONE:
        if not decide(step, tree.agent[constraint], tree.choice[constraint]):
            return False
        constraint = tree.above[constraint]
    return True
