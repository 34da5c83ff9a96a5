"""One step of all agents at once, compiled: priority inheritance with backtracking (PIBT), with swaps.

Agents move in the order of their priority, each to the best free neighbour; who is in the way inherits the priority
and moves first; who finds no place makes the other look elsewhere (Okumura, Machida, Défago, Tamura: "Priority
Inheritance with Backtracking for Iterative Multi-agent Path Finding", Artificial Intelligence 310, 2022). Two agents
that have to pass each other in a corridor go to where a third way branches off, one pulling the other (Okumura:
"Improving LaCAM for Scalable Eventually Optimal Multi-Agent Pathfinding", IJCAI 2023, section 4).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from fleet_manager.planning.random_kernel import Rng, below
from fleet_manager.planning.unit_graph import Ints, UnitGraph

NOBODY = -1
NOWHERE = -1


class Step(NamedTuple):
    """A step in the making: where each agent is and will be, who is and will be at each vertex, and the chain of
    agents that wait for one another's decision."""

    now: Ints
    then: Ints
    now_at: Ints
    then_at: Ints
    choices: Ints
    choices_of: Ints
    tried: Ints
    partner: Ints
    chain: Ints


def new_step(graph: UnitGraph, agents: int) -> Step:
    return Step(
        now=np.full(agents, NOWHERE, dtype=np.int32),
        then=np.full(agents, NOWHERE, dtype=np.int32),
        now_at=np.full(graph.size, NOBODY, dtype=np.int32),
        then_at=np.full(graph.size, NOBODY, dtype=np.int32),
        choices=np.empty((agents, graph.degree + 1), dtype=np.int32),
        choices_of=np.zeros(agents, dtype=np.int32),
        tried=np.zeros(agents, dtype=np.int32),
        partner=np.full(agents, NOBODY, dtype=np.int32),
        chain=np.empty(agents, dtype=np.int32),
    )


@njit(cache=True, nogil=True)
def place(step: Step, configuration: Ints) -> None:
    """Start a step with every agent where `configuration` says and nobody decided."""
    for agent in range(len(step.now)):
        if step.now[agent] != NOWHERE:
            step.now_at[step.now[agent]] = NOBODY
        if step.then[agent] != NOWHERE:
            step.then_at[step.then[agent]] = NOBODY
            step.then[agent] = NOWHERE
    for agent in range(len(step.now)):
        step.now[agent] = configuration[agent]
        step.now_at[configuration[agent]] = agent


@njit(cache=True, nogil=True)
def decide(step: Step, agent: int, there: int) -> bool:
    """Fix an agent's move beforehand; False when it meets another fixed move."""
    if step.then_at[there] != NOBODY:
        return False
    other = step.now_at[there]
    if other != NOBODY and other != agent and step.then[other] == step.now[agent]:
        return False
    step.then[agent] = there
    step.then_at[there] = agent
    return True


@njit(cache=True, nogil=True)
def decide_all(graph: UnitGraph, tables: Ints, goals: Ints, step: Step, order: Ints, rng: Rng) -> bool:
    """Decide all moves that are not fixed; False when the fixed ones leave some agent no place."""
    for k in range(len(order)):
        if step.then[order[k]] == NOWHERE and not _decide_chain(graph, tables, goals, step, order[k], rng):
            return False
    return True


@njit(cache=True, nogil=True)
def _decide_chain(graph: UnitGraph, tables: Ints, goals: Ints, step: Step, first: int, rng: Rng) -> bool:
    """The move of one agent and of all that are in its way; False when it can only stay and was not meant to."""
    step.chain[0] = first
    length = 1
    _consider(graph, tables, goals, step, first, rng)
    while length:
        agent = step.chain[length - 1]
        here = step.now[agent]
        pushed = NOBODY
        found = False
        while step.tried[agent] < step.choices_of[agent]:
            there = step.choices[agent, step.tried[agent]]
            step.tried[agent] += 1
            if step.then_at[there] != NOBODY:
                continue
            other = step.now_at[there]
            if other != NOBODY and step.then[other] == here:
                continue
            step.then[agent] = there
            step.then_at[there] = agent
            if other != NOBODY and other != agent and step.then[other] == NOWHERE:
                pushed = other
            else:
                found = True
            break
        if pushed != NOBODY:
            step.chain[length] = pushed
            length += 1
            _consider(graph, tables, goals, step, pushed, rng)
        elif found:
            _pull_partners(step, length)
            return True
        else:
            step.then[agent] = here
            step.then_at[here] = agent
            length -= 1
    return False


@njit(cache=True, nogil=True)
def _pull_partners(step: Step, length: int) -> None:
    """All agents of the chain move; those that took their first choice of a swap draw their partner behind them."""
    for k in range(length - 1, -1, -1):
        agent = step.chain[k]
        partner = step.partner[agent]
        here = step.now[agent]
        is_first_choice = step.tried[agent] == 1
        if partner != NOBODY and is_first_choice and step.then[partner] == NOWHERE and step.then_at[here] == NOBODY:
            step.then[partner] = here
            step.then_at[here] = partner


@njit(cache=True, nogil=True)
def _consider(graph: UnitGraph, tables: Ints, goals: Ints, step: Step, agent: int, rng: Rng) -> None:
    """Sort an agent's choices by their distance to its goal, equal ones at random; reversed when it has to swap."""
    here = step.now[agent]
    choices = step.choices[agent]
    keys = np.empty(len(choices), dtype=np.int64)
    count = 0
    for k in range(graph.offsets[here], graph.offsets[here + 1] + 1):
        there = graph.neighbours[k] if k < graph.offsets[here + 1] else here
        key = np.int64(tables[agent, there]) * 1024 + below(rng, 1024)
        at = count
        while at > 0 and keys[at - 1] > key:
            keys[at] = keys[at - 1]
            choices[at] = choices[at - 1]
            at -= 1
        keys[at] = key
        choices[at] = there
        count += 1
    step.choices_of[agent] = count
    step.tried[agent] = 0
    step.partner[agent] = _partner(graph, tables, goals, step, agent)
    if step.partner[agent] != NOBODY:
        for k in range(count // 2):
            choices[k], choices[count - 1 - k] = choices[count - 1 - k], choices[k]


@njit(cache=True, nogil=True)
def _partner(graph: UnitGraph, tables: Ints, goals: Ints, step: Step, agent: int) -> int:
    """The agent with which `agent` has to change places, and can, or NOBODY."""
    here = step.now[agent]
    best = step.choices[agent, 0]
    if best == here:
        return NOBODY
    ahead = step.now_at[best]
    if ahead != NOBODY and step.then[ahead] == NOWHERE and _swaps(graph, tables, goals, step, agent, ahead, here, best):
        return int(ahead)
    for k in range(graph.offsets[here], graph.offsets[here + 1]):
        behind = step.now_at[graph.neighbours[k]]
        if behind == NOBODY or graph.neighbours[k] == best:
            continue
        if _swaps(graph, tables, goals, step, behind, agent, here, best):
            return int(behind)
    return NOBODY


@njit(cache=True, nogil=True)
def _swaps(
    graph: UnitGraph, tables: Ints, goals: Ints, step: Step, pusher: int, puller: int, behind: int, ahead: int
) -> bool:
    """Whether the two have to change places on the way from `behind` over `ahead`, and there is room for it."""
    return _must_swap(graph, tables, goals, step, pusher, puller, behind, ahead) and _can_swap(
        graph, goals, step, ahead, behind
    )


@njit(cache=True, nogil=True)
def _branches(graph: UnitGraph, goals: Ints, step: Step, here: int, without: int) -> tuple[int, int]:
    """How many ways lead on from a vertex, and one of them; dead ends taken by who is at home there don't count."""
    count = 0
    onward = NOWHERE
    for k in range(graph.offsets[here], graph.offsets[here + 1]):
        there = graph.neighbours[k]
        if there == without:
            continue
        who = step.now_at[there]
        if who != NOBODY and goals[who] == there and graph.offsets[there + 1] - graph.offsets[there] == 1:
            continue
        count += 1
        onward = there
    return count, int(onward)


@njit(cache=True, nogil=True)
def _must_swap(
    graph: UnitGraph, tables: Ints, goals: Ints, step: Step, pusher: int, puller: int, behind: int, ahead: int
) -> bool:
    """Whether the pusher drives the puller down a corridor that each of them has to leave by the other end."""
    while tables[pusher, ahead] < tables[pusher, behind]:
        count, onward = _branches(graph, goals, step, ahead, behind)
        if count >= 2:
            return False
        if count == 0:
            break
        behind, ahead = ahead, onward
    pusher_goes_on = tables[pusher, behind] == 0 or tables[pusher, ahead] < tables[pusher, behind]
    return bool(pusher_goes_on and tables[puller, behind] < tables[puller, ahead])


@njit(cache=True, nogil=True)
def _can_swap(graph: UnitGraph, goals: Ints, step: Step, behind: int, ahead: int) -> bool:
    """Whether, going from `behind` over `ahead`, there is a fork where one lets the other pass."""
    first = behind
    while True:
        count, onward = _branches(graph, goals, step, ahead, behind)
        if count >= 2:
            return True
        if count == 0 or onward == first:
            return False
        behind, ahead = ahead, onward
