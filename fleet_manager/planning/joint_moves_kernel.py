"""Bringing robots out of each other's way, compiled: LaCAM's search for robots that need room while they drive.

In a step each robot stands or drives one stretch, and no two may do what excludes each other, see `joint_graph`. Who is
in the way of a robot with precedence leaves that robot's path first, pushing others in turn, while it waits (after
PIBT: Okumura et al., Artificial Intelligence 310, 2022). Who can't leave the path, because the robot itself stands in
between, gets the way past it to the nearest place off the path, and pushes it back; that takes several steps, each a
node of the search (after Push and Swap: Luna, Bekris, IJCAI 2011). What is left is found by LaCAM's constraints, which
in the end try everything.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fleet_manager.planning.joint_graph import JointGraph
from fleet_manager.planning.lacam_tree_kernel import (
    EXHAUSTED,
    FOUND,
    FULL,
    GOAL,
    NODES,
    NONE,
    OPEN,
    RUNNING,
    Tree,
    add_constraint,
    is_full,
    next_constraint,
    visit,
)
from fleet_manager.planning.random_kernel import Rng, shuffle
from fleet_manager.planning.unit_graph import FAR, Ints

Flags = NDArray[np.bool_]


class Scene(NamedTuple):
    """A step in the making.

    `act` is NONE while a robot is undecided; until then it stands. `holder` is who does an act. `closed` are acts that
    immovable robots exclude. A robot in `chain` waits for those that it pushes. `on_path` marks what the path of the
    robot with precedence excludes, and `clear` are the steps from each vertex to a place off that path.
    """

    now: Ints
    act: Ints
    holder: Ints
    closed: Flags
    chain: Flags
    on_path: Flags
    clear: Ints


def new_scene(graph: JointGraph, robots: int, closed: Flags) -> Scene:
    return Scene(
        now=np.full(robots, NONE, dtype=np.int32),
        act=np.full(robots, NONE, dtype=np.int32),
        holder=np.full(len(closed), NONE, dtype=np.int32),
        closed=closed,
        chain=np.zeros(robots, dtype=np.bool_),
        on_path=np.zeros(len(closed), dtype=np.bool_),
        clear=np.empty(len(graph.can_stay), dtype=np.int32),
    )


@njit(cache=True, nogil=True)
def steps_to(graph: JointGraph, goals: Flags, closed: Flags) -> Ints:
    """Steps from each vertex to the nearest goal without closed acts, FAR where there is no way."""
    vertices = len(graph.can_stay)
    steps = np.full(vertices, FAR, dtype=np.int32)
    queue = np.empty(vertices, dtype=np.int32)
    first, last = 0, 0
    for vertex in range(vertices):
        if goals[vertex]:
            steps[vertex] = 0
            queue[last] = vertex
            last += 1
    while first < last:
        here = queue[first]
        first += 1
        for k in range(graph.into_offsets[here], graph.into_offsets[here + 1]):
            stretch = graph.into[k]
            there = graph.starts[stretch]
            if steps[there] == FAR and not closed[vertices + stretch]:
                steps[there] = steps[here] + 1
                queue[last] = there
                last += 1
    return steps


@njit(cache=True, nogil=True)
def begin(tree: Tree, tables: Ints, starts: Ints) -> None:
    """Visit the first configuration."""
    visit(tree, starts, NONE, _home(tables, starts), _rank(tables, starts))


@njit(cache=True, nogil=True)
def search(
    graph: JointGraph,
    tables: Ints,
    tree: Tree,
    how: Ints,
    scene: Scene,
    one_by_one: bool,
    rng: Rng,
    iterations: int,
) -> tuple[int, int]:
    """Search on for some iterations; answers how it stands, and how many iterations it took.

    `how` gets the acts that led to each new node. If `one_by_one`, only the first robot in a node's order goes where it
    likes, and the others stand unless they are pushed.
    """
    choices = len(tree.agent) // len(tree.parent)
    done = 0
    while done < iterations:
        if tree.counts[GOAL] != NONE:
            return FOUND, done
        if tree.counts[OPEN] == 0:
            return EXHAUSTED, done
        if is_full(tree, choices):
            return FULL, done
        done += 1
        node = tree.open_nodes[tree.counts[OPEN] - 1]
        constraint = next_constraint(tree)
        if constraint == NONE:
            continue
        if tree.depth[constraint] < len(scene.now):
            _branch(graph, tree, scene, node, constraint, rng)
        _place(scene, tree.configuration[node])
        if not _fix(graph, tree, scene, constraint):
            continue
        first, stuck, towards = NONE, NONE, NONE
        for k in range(len(scene.now)):
            robot = tree.order[node, k]
            if scene.act[robot] == NONE and one_by_one and k > 0:
                _do(graph, scene, robot, scene.now[robot])
            elif scene.act[robot] == NONE:
                in_the_way, act = _decide(graph, tables, scene, robot, rng)
                if in_the_way != NONE and first == NONE:
                    first, stuck, towards = robot, in_the_way, act
        _visit(graph, tables, tree, how, scene, node)
        if first != NONE and tree.depth[constraint] == 0:
            done += _let_out(graph, tables, tree, how, scene, node, first, towards, stuck, choices, rng)
    return (FOUND if tree.counts[GOAL] != NONE else RUNNING), done


@njit(cache=True, nogil=True)
def _home(tables: Ints, configuration: Ints) -> Flags:
    """Which robots are where they shall be."""
    home = np.empty(len(configuration), dtype=np.bool_)
    for robot in range(len(configuration)):
        home[robot] = tables[robot, configuration[robot]] == 0
    return home


@njit(cache=True, nogil=True)
def _rank(tables: Ints, starts: Ints) -> Ints:
    """Steps that each robot would need alone."""
    rank = np.empty(len(starts), dtype=np.int32)
    for robot in range(len(starts)):
        rank[robot] = tables[robot, starts[robot]]
    return rank


@njit(cache=True, nogil=True)
def _visit(graph: JointGraph, tables: Ints, tree: Tree, how: Ints, scene: Scene, parent: int) -> int:
    """Go on from where the decided step leads."""
    vertices = len(graph.can_stay)
    after = np.empty(len(scene.now), dtype=np.int32)
    for robot in range(len(after)):
        act = scene.act[robot]
        after[robot] = act if act < vertices else graph.ends[act - vertices]
    nodes = tree.counts[NODES]
    node = visit(tree, after, parent, _home(tables, after), _rank(tables, tree.configuration[0]))
    if node == nodes:
        how[node] = scene.act
    return node


@njit(cache=True, nogil=True)
def _branch(graph: JointGraph, tree: Tree, scene: Scene, node: int, constraint: int, rng: Rng) -> None:
    """Below a constraint, let the next robot of the node's order drive each of its stretches, or stand."""
    robot = tree.order[node, tree.depth[constraint]]
    here = tree.configuration[node, robot]
    acts = np.empty(graph.out_offsets[here + 1] - graph.out_offsets[here] + 1, dtype=np.int32)
    acts[0] = here
    count = 1
    for k in range(graph.out_offsets[here], graph.out_offsets[here + 1]):
        act = len(graph.can_stay) + graph.out[k]
        if not scene.closed[act]:
            acts[count] = act
            count += 1
    shuffle(rng, acts, count)
    for k in range(count):
        add_constraint(tree, node, robot, acts[k], constraint)


@njit(cache=True, nogil=True)
def _fix(graph: JointGraph, tree: Tree, scene: Scene, constraint: int) -> bool:
    """Decide the acts that a constraint and those above it ask for; False when they exclude others or each other."""
    fixed = constraint
    while tree.agent[fixed] != NONE:
        _do(graph, scene, tree.agent[fixed], tree.choice[fixed])
        fixed = tree.above[fixed]
    while tree.agent[constraint] != NONE:
        for k in range(graph.near_offsets[tree.choice[constraint]], graph.near_offsets[tree.choice[constraint] + 1]):
            other = scene.holder[graph.near[k]]
            if other != NONE and other != tree.agent[constraint]:
                return False
        constraint = tree.above[constraint]
    return True


@njit(cache=True, nogil=True)
def _place(scene: Scene, configuration: Ints) -> None:
    """Start a step with every robot standing where `configuration` says and nobody decided."""
    for robot in range(len(scene.now)):
        if scene.now[robot] != NONE:
            scene.holder[scene.now[robot]] = NONE
        if scene.act[robot] != NONE:
            scene.holder[scene.act[robot]] = NONE
        scene.act[robot] = NONE
        scene.chain[robot] = False
    for robot in range(len(scene.now)):
        scene.now[robot] = configuration[robot]
        scene.holder[configuration[robot]] = robot


@njit(cache=True, nogil=True)
def _do(graph: JointGraph, scene: Scene, robot: int, act: int) -> None:
    """The robot is decided; a stretch needs its start too, so that nobody has to be told that it no longer stands."""
    scene.act[robot] = act
    scene.holder[scene.now[robot]] = NONE
    scene.holder[act] = robot


@njit(cache=True, nogil=True)
def _in_the_way(graph: JointGraph, scene: Scene, robot: int, act: int, others: Ints) -> int:
    """Fill in who, undecided, stands in the way of an act; answers how many, or -1 when the act is excluded."""
    if scene.closed[act]:
        return -1
    count = 0
    for k in range(graph.near_offsets[act], graph.near_offsets[act + 1]):
        other = scene.holder[graph.near[k]]
        if other != NONE and other != robot:
            if scene.act[other] != NONE or scene.chain[other]:
                return -1
            others[count] = other
            count += 1
    return count


@njit(cache=True, nogil=True)
def _sorted_acts(graph: JointGraph, scene: Scene, here: int, first: Ints, second: Ints, rng: Rng) -> Ints:
    """The stretches out of a vertex, by `first` of their ends, then by `second`, then at random; only where `first`
    says that there is a way."""
    vertices = len(graph.can_stay)
    begin, end = graph.out_offsets[here], graph.out_offsets[here + 1]
    acts = np.empty(end - begin, dtype=np.int32)
    count = 0
    for k in range(begin, end):
        act = vertices + graph.out[k]
        if first[graph.ends[graph.out[k]]] != FAR and not scene.closed[act]:
            acts[count] = act
            count += 1
    shuffle(rng, acts, count)
    for k in range(1, count):
        act = acts[k]
        there = graph.ends[act - vertices]
        at = k
        while at > 0:
            before = graph.ends[acts[at - 1] - vertices]
            if first[before] < first[there] or (first[before] == first[there] and second[before] <= second[there]):
                break
            acts[at] = acts[at - 1]
            at -= 1
        acts[at] = act
    return acts[:count]


@njit(cache=True, nogil=True)
def _decide(graph: JointGraph, tables: Ints, scene: Scene, robot: int, rng: Rng) -> tuple[int, int]:
    """Decide what a robot does, and who is in its way; answers who can't leave its path, and its act on it, or NONE.

    It drives nearer to its goal, or stands and waits until its way is clear; it gives way by itself only when it is
    pushed.
    """
    here = scene.now[robot]
    left = tables[robot]
    stuck, towards = NONE, NONE
    others = np.empty(len(scene.now), dtype=np.int32)
    acts = _sorted_acts(graph, scene, here, left, left, rng)
    for k in range(len(acts)):
        if left[graph.ends[acts[k] - len(graph.can_stay)]] >= left[here]:
            break
        count = _in_the_way(graph, scene, robot, acts[k], others)
        if count == 0:
            _do(graph, scene, robot, acts[k])
            return NONE, NONE
        if count < 0:
            continue
        _mark_path(graph, scene, left, acts[k])
        _find_clear(graph, scene, here)
        scene.chain[robot] = True
        failed = _push_all(graph, tables, scene, others, count, rng)
        scene.chain[robot] = False
        if failed == NONE:
            stuck = NONE
            break
        if stuck == NONE:
            stuck, towards = failed, acts[k]
    _do(graph, scene, robot, here)
    return stuck, towards


@njit(cache=True, nogil=True)
def _mark_path(graph: JointGraph, scene: Scene, left: Ints, act: int) -> None:
    """Mark what excludes a path that begins with an act and goes on where the steps `left` fall."""
    vertices = len(graph.can_stay)
    scene.on_path[:] = False
    while True:
        for k in range(graph.near_offsets[act], graph.near_offsets[act + 1]):
            scene.on_path[graph.near[k]] = True
        here = graph.ends[act - vertices]
        if left[here] == 0:
            return
        for k in range(graph.out_offsets[here], graph.out_offsets[here + 1]):
            stretch = graph.out[k]
            if left[graph.ends[stretch]] < left[here] and not scene.closed[vertices + stretch]:
                act = vertices + stretch
                break


@njit(cache=True, nogil=True)
def _find_clear(graph: JointGraph, scene: Scene, here: int) -> None:
    """Find the steps to places off the marked path, past the robot whose path it is, which stands `here`."""
    closed = scene.closed.copy()
    for k in range(graph.near_offsets[here], graph.near_offsets[here + 1]):
        closed[graph.near[k]] = True
    scene.clear[:] = steps_to(graph, ~scene.on_path[: len(graph.can_stay)], closed)


@njit(cache=True, nogil=True)
def _push_all(graph: JointGraph, tables: Ints, scene: Scene, others: Ints, count: int, rng: Rng) -> int:
    """Make some robots leave the marked path; answers the first one that can't, or NONE."""
    for k in range(count):
        if scene.act[others[k]] == NONE and not _push(graph, tables, scene, others[k], rng):
            return int(others[k])
    return NONE


@njit(cache=True, nogil=True)
def _push(graph: JointGraph, tables: Ints, scene: Scene, robot: int, rng: Rng) -> bool:
    """Make a robot drive towards a place off the marked path, or wait for who is in its way and is pushed in turn."""
    here = scene.now[robot]
    others = np.empty(len(scene.now), dtype=np.int32)
    acts = _sorted_acts(graph, scene, here, scene.clear, tables[robot], rng)
    for k in range(len(acts)):
        count = _in_the_way(graph, scene, robot, acts[k], others)
        if count == 0:
            _do(graph, scene, robot, acts[k])
            return True
        if count < 0:
            continue
        scene.chain[robot] = True
        pushed = True
        for i in range(count):
            if scene.act[others[i]] == NONE and not _push(graph, tables, scene, others[i], rng):
                pushed = False
                break
        scene.chain[robot] = False
        if pushed:
            _do(graph, scene, robot, here)
            return True
    return False


@njit(cache=True, nogil=True)
def _let_out(
    graph: JointGraph,
    tables: Ints,
    tree: Tree,
    how: Ints,
    scene: Scene,
    node: int,
    first: int,
    towards: int,
    stuck: int,
    choices: int,
    rng: Rng,
) -> int:
    """Bring `stuck` past `first` off its path, which begins with the act `towards`; answers how many steps it takes."""
    vertices = len(graph.can_stay)
    _mark_path(graph, scene, tables[first], towards)
    away = steps_to(graph, ~scene.on_path[:vertices], scene.closed)
    others = np.empty(len(scene.now), dtype=np.int32)
    steps = 0
    while steps < 2 * vertices and not is_full(tree, choices):
        _place(scene, tree.configuration[node])
        here = scene.now[stuck]
        if away[here] == 0 or away[here] == FAR:
            break
        act = _sorted_acts(graph, scene, here, away, tables[stuck], rng)[0]
        count = _in_the_way(graph, scene, stuck, act, others)
        if count < 0:
            break
        if count == 0:
            _do(graph, scene, stuck, act)
        else:
            _mark_path(graph, scene, away, act)
            _find_clear(graph, scene, here)
            scene.chain[stuck] = True
            if _push_all(graph, tables, scene, others, count, rng) != NONE:
                break
            _do(graph, scene, stuck, here)
        for robot in range(len(scene.now)):
            if scene.act[robot] == NONE:
                _do(graph, scene, robot, scene.now[robot])
        node = _visit(graph, tables, tree, how, scene, node)
        steps += 1
    return steps
