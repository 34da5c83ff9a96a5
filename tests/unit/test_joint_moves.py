"""Robots in each other's way: corridors with and without a bay, crossings, dead ends, and robots that can't move."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fleet_manager.planning.joint_graph import JointGraph, joint_graph
from fleet_manager.planning.joint_moves import Acts, joint_moves

MANY = 100_000


def corridor(length: int, bays: Sequence[int] = (), conflicts: Sequence[tuple[int, int]] = ()) -> JointGraph:
    """Vertices 0…length-1 in a row, then the bays, each off one of them; two-way stretches."""
    pairs = [(v, v + 1) for v in range(length - 1)] + [(v, length + k) for k, v in enumerate(bays)]
    return joint_graph(length + len(bays), both_ways(pairs), conflicts)


def both_ways(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return [way for a, b in pairs for way in ((a, b), (b, a))]


def ends(graph: JointGraph, starts: Sequence[int], steps: list[Acts] | None) -> list[int]:
    """Where the robots are in the end, after a look at every step: who does what excludes another is caught."""
    assert steps is not None
    vertices = len(graph.can_stay)
    positions = list(starts)
    for acts in steps:
        for robot, act in enumerate(acts):
            near = set(graph.near[graph.near_offsets[act] : graph.near_offsets[act + 1]].tolist())
            assert not near & {other for k, other in enumerate(acts) if k != robot}
            assert act == positions[robot] or graph.starts[act - vertices] == positions[robot]
        positions = [act if act < vertices else int(graph.ends[act - vertices]) for act in acts]
    return positions


def test_who_drives_needs_both_ends_and_what_lies_near_them() -> None:
    graph = joint_graph(4, [(0, 1), (2, 3)], conflicts=[(1, 2)])
    near = [graph.near[graph.near_offsets[a] : graph.near_offsets[a + 1]].tolist() for a in range(6)]
    assert near == [[0, 4], [1, 2, 4, 5], [1, 2, 4, 5], [3, 5], [0, 1, 2, 4, 5], [1, 2, 3, 4, 5]]


@pytest.mark.parametrize("bay", [1, 5, 9])
def test_two_change_places_in_a_corridor_with_a_bay(bay: int) -> None:
    graph = corridor(11, [bay])
    steps = joint_moves(graph, [3, 7], [10, 0], seed=1, max_iterations=MANY)
    assert ends(graph, [3, 7], steps) == [10, 0]


def test_without_a_bay_it_is_impossible() -> None:
    assert joint_moves(corridor(40), [0, 39], [39, 0], seed=1, max_iterations=MANY) is None


def test_a_bay_too_near_to_the_corridor_does_not_help() -> None:
    bay = 11
    wide = corridor(11, [5], conflicts=[(bay, v) for v in (4, 5, 6)])
    assert joint_moves(wide, [3, 7], [10, 0], seed=1, max_iterations=MANY) is None


def test_a_bay_two_stretches_deep_does() -> None:
    pairs = [*((v, v + 1) for v in range(10)), (5, 11), (11, 12)]
    graph = joint_graph(13, both_ways(pairs), conflicts=[(11, v) for v in (4, 5, 6)])
    steps = joint_moves(graph, [3, 7], [10, 0], seed=1, max_iterations=MANY)
    assert ends(graph, [3, 7], steps) == [10, 0]


def test_two_on_the_arms_of_a_t_change_places() -> None:
    graph = corridor(3, [1])
    steps = joint_moves(graph, [0, 2], [2, 0], seed=1, max_iterations=MANY)
    assert ends(graph, [0, 2], steps) == [2, 0]


def test_three_on_the_arms_of_a_t_take_turns_when_the_arms_are_long_enough() -> None:
    graph = joint_graph(7, both_ways([(0, 1), (1, 2), (2, 3), (3, 4), (2, 5), (5, 6)]))
    steps = joint_moves(graph, [0, 4, 6], [4, 6, 0], seed=1, max_iterations=MANY)
    assert ends(graph, [0, 4, 6], steps) == [4, 6, 0]


@pytest.mark.parametrize(
    ("starts", "goals"),
    [
        ([8, 9, 10, 11, 12], [0, 1, 2, 3, 4]),
        ([8, 9, 10, 11, 12], [4, 3, 2, 1, 0]),
        ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0]),
        ([0, 1, 2, 3, 4], [12, 11, 10, 9, 8]),
    ],
    ids=["in", "in by another order", "to the opposite order inside", "out"],
)
def test_five_robots_and_a_dead_end_behind_a_hall(starts: list[int], goals: list[int]) -> None:
    dead_end = [(v, v + 1) for v in range(7)]
    hall = [(7, 8), (7, 9), (9, 10), (8, 11), (11, 12), (10, 12), (12, 13), (13, 14)]
    graph = joint_graph(15, both_ways([*dead_end, *hall]))
    steps = joint_moves(graph, starts, goals, seed=1, max_iterations=MANY)
    assert ends(graph, starts, steps) == goals


def test_who_has_no_goal_makes_room_and_ends_where_it_can_stay() -> None:
    pairs = both_ways([(0, 1), (1, 2), (2, 3), (1, 4), (4, 5)])
    graph = joint_graph(6, pairs, can_stay=[True, True, True, True, False, True])
    steps = joint_moves(graph, [0, 1], [3, None], seed=1, max_iterations=MANY)
    end, aside = ends(graph, [0, 1], steps)
    assert end == 3
    assert aside in (0, 1, 5)


def test_who_stands_where_nobody_can_stay_leaves() -> None:
    graph = joint_graph(3, both_ways([(0, 1), (1, 2)]), can_stay=[False, False, True])
    assert ends(graph, [0], joint_moves(graph, [0], [None], seed=1, max_iterations=MANY)) == [2]


def test_an_immovable_robot_is_driven_round_or_nothing_can_be_done() -> None:
    ring = joint_graph(6, both_ways([(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0)]))
    fixed = [False, True]
    steps = joint_moves(ring, [0, 1], [3, None], seed=1, max_iterations=MANY, immovable=fixed)
    assert ends(ring, [0, 1], steps) == [3, 1]
    assert joint_moves(corridor(5, [3]), [0, 1], [4, None], seed=1, max_iterations=MANY, immovable=fixed) is None


def test_goals_that_exclude_each_other_and_starts_that_do() -> None:
    graph = corridor(5, conflicts=[(0, 1)])
    assert joint_moves(graph, [2, 4], [0, 1], seed=1, max_iterations=MANY) is None
    with pytest.raises(ValueError, match="robots 0 and 1 can't stand at 0 and 1 together"):
        joint_moves(graph, [0, 1], [2, 4], seed=1, max_iterations=MANY)


def test_nothing_to_do_is_done_in_no_steps() -> None:
    graph = corridor(3)
    assert joint_moves(graph, [0, 2], [0, 2], seed=1, max_iterations=MANY) == []
    assert joint_moves(graph, [0, 2], [1, None], seed=1, max_iterations=MANY, immovable=[True, True]) == []


def test_the_same_seed_gives_the_same_steps() -> None:
    graph = joint_graph(9, both_ways([(v, v + 1) for v in (0, 1, 3, 4, 6, 7)] + [(v, v + 3) for v in range(6)]))
    one, same = (joint_moves(graph, [0, 2, 6, 8], [8, 6, 2, 0], seed=5, max_iterations=MANY) for _ in range(2))
    assert one == same
    assert ends(graph, [0, 2, 6, 8], one) == [8, 6, 2, 0]
