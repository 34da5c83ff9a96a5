"""What lazy constraints addition search (LaCAM) knows, compiled: configurations, and a tree of constraints for each.

A constraint fixes one agent's choice for the next step ("agent 3 goes to vertex 7"), its branch of the tree those of
several. A tree grows by one constraint's branches whenever its configuration is visited, so that in the end every
successor is tried, but usually the first will do (Okumura: "LaCAM: Search-Based Algorithm for Quick Multi-Agent
Pathfinding", AAAI 2023). What a choice is, and what follows from it, is the business of the kernels that use the tree.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fleet_manager.planning.unit_graph import Ints

NONE = -1

RUNNING, FOUND, EXHAUSTED, FULL = 0, 1, 2, 3
"""How a search stands: it may go on, the goal is reached, there is no solution, it needs more memory."""

NODES, CONSTRAINTS, OPEN, GOAL = 0, 1, 2, 3
"""Places in `Tree.counts`: configurations, constraints and open entries so far, and the node of the goal."""


class Tree(NamedTuple):
    """Rows of the first block are nodes (a configuration each), of the second constraints.

    `waited` are the steps since an agent last was where it shall be; `order` is who decides first. The constraints of
    a node wait in a queue from `first` over `after` to `last`.
    """

    configuration: Ints
    waited: Ints
    order: Ints
    parent: Ints
    first: Ints
    last: Ints

    agent: Ints
    choice: Ints
    above: Ints
    depth: Ints
    after: Ints

    open_nodes: Ints
    slots: Ints
    counts: NDArray[np.int64]


def new_tree(agents: int, nodes: int, choices: int) -> Tree:
    """Room for `nodes` configurations of agents that have at most so many choices each."""
    constraints = nodes * (choices + 1)
    return Tree(
        configuration=np.empty((nodes, agents), dtype=np.int32),
        waited=np.empty((nodes, agents), dtype=np.int32),
        order=np.empty((nodes, agents), dtype=np.int32),
        parent=np.empty(nodes, dtype=np.int32),
        first=np.empty(nodes, dtype=np.int32),
        last=np.empty(nodes, dtype=np.int32),
        agent=np.empty(constraints, dtype=np.int32),
        choice=np.empty(constraints, dtype=np.int32),
        above=np.empty(constraints, dtype=np.int32),
        depth=np.empty(constraints, dtype=np.int32),
        after=np.empty(constraints, dtype=np.int32),
        open_nodes=np.empty(2 * nodes, dtype=np.int32),
        slots=np.full(1 << (2 * nodes).bit_length(), NONE, dtype=np.int32),
        counts=np.array([0, 0, 0, NONE], dtype=np.int64),
    )


def grown(tree: Tree, choices: int) -> Tree:
    """The same tree with twice the room."""
    larger = new_tree(tree.configuration.shape[1], 2 * len(tree.parent), choices)
    for name, old in tree._asdict().items():
        if name != "slots":
            getattr(larger, name)[: len(old)] = old
    _rehash(larger)
    return larger


def path_to_goal(tree: Tree) -> Ints:
    """The configurations from the first one to the goal, one row per step."""
    nodes: list[int] = []
    node = int(tree.counts[GOAL])
    while node != NONE:
        nodes.append(node)
        node = int(tree.parent[node])
    return tree.configuration[nodes[::-1]]


@njit(cache=True, nogil=True)
def _slot(tree: Tree, configuration: Ints) -> int:
    """Where in the hash table the configuration is, or belongs (FNV-1a, linear probing)."""
    code = np.uint64(0xCBF29CE484222325)
    for agent in range(len(configuration)):
        code = (code ^ np.uint64(configuration[agent])) * np.uint64(0x100000001B3)
    code ^= code >> np.uint64(29)
    mask = len(tree.slots) - 1
    slot = np.int64(code & np.uint64(mask))
    while tree.slots[slot] != NONE:
        known = tree.configuration[tree.slots[slot]]
        agent = 0
        while agent < len(configuration) and known[agent] == configuration[agent]:
            agent += 1
        if agent == len(configuration):
            break
        slot = (slot + 1) & mask
    return int(slot)


@njit(cache=True, nogil=True)
def _rehash(tree: Tree) -> None:
    for node in range(tree.counts[NODES]):
        tree.slots[_slot(tree, tree.configuration[node])] = node


@njit(cache=True, nogil=True)
def is_full(tree: Tree, choices: int) -> bool:
    """Whether there may be no room for what one iteration adds."""
    return bool(
        tree.counts[NODES] == len(tree.parent)
        or tree.counts[CONSTRAINTS] + choices >= len(tree.agent)
        or tree.counts[OPEN] == len(tree.open_nodes)
    )


@njit(cache=True, nogil=True)
def visit(tree: Tree, configuration: Ints, parent: int, is_home: NDArray[np.bool_], rank: Ints) -> int:
    """Go on from a configuration, and answer its node; `is_home` are the agents that are where they shall be.

    Who has waited longest decides first, among equals who has the higher rank.
    """
    slot = _slot(tree, configuration)
    node = tree.slots[slot]
    if node == NONE:
        node = tree.counts[NODES]
        tree.counts[NODES] += 1
        tree.slots[slot] = node
        agents = len(configuration)
        keys = np.empty(agents, dtype=np.int64)
        arrived = True
        for agent in range(agents):
            tree.configuration[node, agent] = configuration[agent]
            if is_home[agent]:
                tree.waited[node, agent] = 0
            else:
                arrived = False
                tree.waited[node, agent] = 1 if parent == NONE else tree.waited[parent, agent] + 1
            keys[agent] = -(np.int64(tree.waited[node, agent]) << 32) - rank[agent]
        tree.order[node] = np.argsort(keys, kind="mergesort").astype(np.int32)
        tree.parent[node] = parent
        tree.first[node] = NONE
        add_constraint(tree, node, NONE, NONE, NONE)
        if arrived:
            tree.counts[GOAL] = node
    tree.open_nodes[tree.counts[OPEN]] = node
    tree.counts[OPEN] += 1
    return int(node)


@njit(cache=True, nogil=True)
def next_constraint(tree: Tree) -> int:
    """Take the next constraint of the node that is being visited; when it has none left, NONE, and the node is left."""
    node = tree.open_nodes[tree.counts[OPEN] - 1]
    constraint = tree.first[node]
    if constraint == NONE:
        tree.counts[OPEN] -= 1
    else:
        tree.first[node] = tree.after[constraint]
    return int(constraint)


@njit(cache=True, nogil=True)
def add_constraint(tree: Tree, node: int, agent: int, choice: int, above: int) -> None:
    """Put a constraint at the end of a node's queue, below another one; the root has none above and fixes nothing."""
    new = tree.counts[CONSTRAINTS]
    tree.counts[CONSTRAINTS] += 1
    tree.agent[new] = agent
    tree.choice[new] = choice
    tree.above[new] = above
    tree.depth[new] = 0 if above == NONE else tree.depth[above] + 1
    tree.after[new] = NONE
    if tree.first[node] == NONE:
        tree.first[node] = new
    else:
        tree.after[tree.last[node]] = new
    tree.last[node] = new
