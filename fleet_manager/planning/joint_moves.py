"""How robots that stand in each other's way get to where they shall be: a sequence of joint steps, if there is one.

For cases that planning one robot after the other can't solve, such as changing places in a corridor. Complete: with
enough iterations it finds a sequence or proves that there is none. It does not look for the shortest one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from fleet_manager.planning.joint_graph import JointGraph
from fleet_manager.planning.joint_moves_kernel import Flags, begin, new_scene, search, steps_to
from fleet_manager.planning.lacam_tree_kernel import EXHAUSTED, FOUND, FULL, GOAL, RUNNING, Tree, grown, new_tree
from fleet_manager.planning.random_kernel import seeded
from fleet_manager.planning.unit_graph import FAR, Ints

_FIRST_ATTEMPT: Final = 500
"""Iterations of the first attempt."""

Acts = tuple[int, ...]
"""What each robot does in one step: act v is to stand at vertex v, act `vertices + s` to drive stretch s."""


def joint_moves(
    graph: JointGraph,
    starts: Sequence[int],
    goals: Sequence[int | None],
    *,
    seed: int,
    max_iterations: int,
    immovable: Sequence[bool] | None = None,
) -> list[Acts] | None:
    """The steps that bring every robot to its goal, or None when there are none or the iterations did not suffice.

    Robots without a goal may be moved aside, and end where they can stay. Immovable ones stand where they are, whatever
    their goals. Raises ValueError when two robots exclude each other from the beginning.
    """
    _check_starts(graph, starts)
    moving = [r for r in range(len(starts)) if immovable is None or not immovable[r]]
    closed = np.zeros(len(graph.near_offsets) - 1, dtype=np.bool_)
    for robot in range(len(starts)):
        if robot not in moving:
            closed[_near(graph, starts[robot])] = True
    tables = np.empty((len(moving), len(graph.can_stay)), dtype=np.int32)
    for row, robot in enumerate(moving):
        goal = goals[robot]
        is_goal = graph.can_stay if goal is None else np.arange(len(graph.can_stay)) == goal
        tables[row] = steps_to(graph, is_goal & ~closed[: len(graph.can_stay)], closed)
    first = np.array([starts[robot] for robot in moving], dtype=np.int32)
    if (tables[np.arange(len(moving)), first] == FAR).any() or _goals_clash(graph, [goals[robot] for robot in moving]):
        return None
    found = _attempts(graph, tables, first, closed, seed, max_iterations)
    if found is None:
        return None
    acts = np.tile(np.array(starts, dtype=np.int32), (len(found), 1))
    acts[:, moving] = found
    return _hurried(graph, starts, acts)


def _attempts(graph: JointGraph, tables: Ints, starts: Ints, closed: Flags, seed: int, left: int) -> Ints | None:
    """One row of acts per step, from the first search that finds some.

    By turns all robots go where they like, or one after the other does; each pair of searches may take longer than the
    last one, for a search that has gone astray seldom comes back.
    """
    attempt = 0
    while left:
        limit = min(left, _FIRST_ATTEMPT * 4 ** (attempt // 2))
        state, acts = _search(graph, tables, starts, closed, seed + attempt, limit, one_by_one=attempt % 2 == 1)
        if state == FOUND:
            return acts
        if state == EXHAUSTED:
            return None
        left -= limit
        attempt += 1
    return None


def _search(
    graph: JointGraph, tables: Ints, starts: Ints, closed: Flags, seed: int, limit: int, *, one_by_one: bool
) -> tuple[int, Ints]:
    """How a search ends, and one row of acts per step if it has found the goal."""
    choices = int(np.diff(graph.out_offsets).max(initial=0)) + 1
    tree = new_tree(len(starts), 1024, choices)
    how = np.empty_like(tree.configuration)
    scene = new_scene(graph, len(starts), closed)
    rng = seeded(seed)
    begin(tree, tables, starts)
    state, done = RUNNING, 0
    while state in (RUNNING, FULL) and done < limit:
        if state == FULL:
            tree = grown(tree, choices)
            how = np.concatenate([how, np.empty_like(how)])
        state, took = search(graph, tables, tree, how, scene, one_by_one, rng, limit - done)
        done += took
    return state, how[_nodes_to_goal(tree)]


def _nodes_to_goal(tree: Tree) -> list[int]:
    """The nodes after the first one on the way to the goal; none when it has not been reached."""
    nodes: list[int] = []
    node = int(tree.counts[GOAL])
    while node > 0:
        nodes.append(node)
        node = int(tree.parent[node])
    return nodes[::-1]


def _hurried(graph: JointGraph, starts: Sequence[int], acts: Ints) -> list[Acts]:
    """The same moves, each as early as the moves allow that exclude it and come before it."""
    vertices = len(graph.can_stay)
    free_from = np.zeros(len(graph.near_offsets) - 1, dtype=np.int32)
    ready = [0] * len(starts)
    steps: list[list[tuple[int, int]]] = []
    for row in acts.tolist():
        for robot, act in enumerate(row):
            if act >= vertices:
                step = max(ready[robot], int(free_from[_near(graph, act)].max()))
                free_from[act] = ready[robot] = step + 1
                if step == len(steps):
                    steps.append([])
                steps[step].append((robot, act))
    standing = list(starts)
    hurried: list[Acts] = []
    for moves in steps:
        row = list(standing)
        for robot, act in moves:
            row[robot] = act
            standing[robot] = int(graph.ends[act - vertices])
        hurried.append(tuple(row))
    return hurried


def _near(graph: JointGraph, act: int) -> Ints:
    return graph.near[graph.near_offsets[act] : graph.near_offsets[act + 1]]


def _check_starts(graph: JointGraph, starts: Sequence[int]) -> None:
    for robot, start in enumerate(starts):
        near = set(_near(graph, start).tolist())
        for other in range(robot):
            if starts[other] in near:
                raise ValueError(f"robots {other} and {robot} can't stand at {starts[other]} and {start} together")


def _goals_clash(graph: JointGraph, goals: Sequence[int | None]) -> bool:
    wanted = [goal for goal in goals if goal is not None]
    return any(other in _near(graph, goal) for k, goal in enumerate(wanted) for other in wanted[:k])
