"""Few robots on small random routing graphs: joint moves are found exactly when a plain search finds some."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_manager.planning.joint_graph import JointGraph, joint_graph
from fleet_manager.planning.joint_moves import Acts, joint_moves


@dataclass(frozen=True)
class Case:
    graph: JointGraph
    starts: list[int]
    goals: list[int | None]
    immovable: list[bool]


def near(graph: JointGraph, act: int) -> list[int]:
    found: list[int] = graph.near[graph.near_offsets[act] : graph.near_offsets[act + 1]].tolist()
    return found


def together(graph: JointGraph, acts: Sequence[int]) -> bool:
    return all(b not in near(graph, a) for a, b in combinations(acts, 2))


def after(graph: JointGraph, act: int) -> int:
    return act if act < len(graph.can_stay) else int(graph.ends[act - len(graph.can_stay)])


def is_done(case: Case, positions: Sequence[int]) -> bool:
    return all(
        immovable or (case.graph.can_stay[at] if goal is None else at == goal)
        for at, goal, immovable in zip(positions, case.goals, case.immovable, strict=True)
    )


def assert_valid(case: Case, steps: list[Acts]) -> None:
    positions = case.starts
    for acts in steps:
        assert together(case.graph, acts)
        for at, act, immovable in zip(positions, acts, case.immovable, strict=True):
            stretch = act - len(case.graph.can_stay)
            assert act == at or (not immovable and stretch >= 0 and case.graph.starts[stretch] == at)
        positions = [after(case.graph, act) for act in acts]
    assert is_done(case, positions)


def plain_search(case: Case) -> int | None:
    """Steps until all are done, by breadth-first search over all positions; None: impossible."""
    vertices = len(case.graph.can_stay)
    acts = [
        [at, *(vertices + case.graph.out[case.graph.out_offsets[at] : case.graph.out_offsets[at + 1]]).tolist()]
        for at in range(vertices)
    ]
    first = tuple(case.starts)
    known = {first: 0}
    queue = deque([first])
    while queue:
        now = queue.popleft()
        if is_done(case, now):
            return known[now]
        options = [[at] if fixed else acts[at] for at, fixed in zip(now, case.immovable, strict=True)]
        for chosen in product(*options):
            then = tuple(after(case.graph, act) for act in chosen)
            if then not in known and together(case.graph, chosen):
                known[then] = known[now] + 1
                queue.append(then)
    return None


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A random graph, some of it one way or closer than robots are wide, and robots that can stand where they are."""
    vertices = draw(st.integers(3, 7))
    vertex = st.integers(0, vertices - 1)
    pairs = draw(st.lists(st.tuples(vertex, vertex).filter(lambda p: p[0] != p[1]), min_size=vertices, max_size=10))
    one_way = draw(st.lists(st.integers(0, 9), max_size=2))
    stretches = [pair for k, (a, b) in enumerate(pairs) for pair in ((a, b), *(() if k in one_way else ((b, a),)))]
    act = st.integers(0, vertices + len(stretches) - 1)
    conflicts = draw(st.lists(st.tuples(act, act), max_size=4))
    can_stay = draw(st.lists(st.booleans(), min_size=vertices, max_size=vertices))
    graph = joint_graph(vertices, stretches, conflicts, can_stay)
    starts: list[int] = []
    for at in draw(st.permutations(range(vertices))):
        if len(starts) < 3 and together(graph, [*starts, at]):
            starts.append(at)
    goals = [draw(st.none() | vertex) for _ in starts]
    immovable = [draw(st.integers(0, 5)) == 0 for _ in starts]
    return Case(graph, starts, goals, immovable)


@settings(deadline=None, max_examples=400)
@given(cases(), st.integers(0, 3))
def test_moves_are_found_when_there_are_some(case: Case, seed: int) -> None:
    possible = plain_search(case)
    steps = joint_moves(
        case.graph, case.starts, case.goals, seed=seed, max_iterations=10**6, immovable=case.immovable
    )  # fmt: skip
    assert (steps is None) == (possible is None)
    if steps is not None and possible is not None:
        assert_valid(case, steps)
        assert len(steps) >= possible
