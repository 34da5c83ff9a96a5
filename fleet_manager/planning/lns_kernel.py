"""Making a solution for many agents cheaper, compiled: large neighbourhood search.

Again and again the plans of a few agents are given up and planned anew, one after the other in a random order, past the
plans of all others (prioritised planning); the new ones stay when together they cost no more (Li, Chen, Harabor,
Stuckey, Koenig: "Anytime Multi-Agent Path Finding via Large Neighborhood Search", IJCAI 2021). Three ways lead to the
few: those that keep a late agent from a shorter path, those that meet around a place, and any. What has lately gained
most for its labour is done most often, with few agents or more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fleet_manager.planning.plans_kernel import (
    NONE,
    STAY,
    Plans,
    agent_at,
    cost,
    first_stay,
    release,
    reserve,
    restore,
    vertex_of,
)
from fleet_manager.planning.random_kernel import Rng, below, shuffle
from fleet_manager.planning.unit_graph import Ints, UnitGraph
from fleet_manager.planning.unit_sipp_kernel import EXPANDED, Agenda, plan

_WAYS = 3
_SIZES = 5
_MOST = 1 << (_SIZES - 1)
"""Neighbourhoods have 1, 2, 4, 8 or 16 agents."""

_REACTION = 0.01
"""Weight of the newest gain in the mean gain of a way and size."""

_EVEN = 0.5
"""Share of the mean weight that each way and size gets in any case."""

_LABOUR = 100.0
"""What an iteration costs at least, in expanded labels."""


class Neighbourhood(NamedTuple):
    """Whom to plan anew, `weights` per way and size, and the old plans in case the new ones are worse."""

    agents: Ints
    is_in: NDArray[np.bool_]
    weights: NDArray[np.float64]
    old_stays: NDArray[np.void]
    old_stays_of: Ints
    queue: Ints
    seen: NDArray[np.bool_]


def new_neighbourhood(plans: Plans) -> Neighbourhood:
    agents = len(plans.stays_of)
    most = min(_MOST, agents)
    return Neighbourhood(
        agents=np.empty(most, dtype=np.int32),
        is_in=np.zeros(agents, dtype=np.bool_),
        weights=np.ones(_WAYS * _SIZES),
        old_stays=np.zeros((most, plans.room), dtype=STAY),
        old_stays_of=np.empty(most, dtype=np.int32),
        queue=np.empty(plans.vertices, dtype=np.int32),
        seen=np.zeros(plans.vertices, dtype=np.bool_),
    )


@njit(cache=True, nogil=True)
def improve(
    graph: UnitGraph,
    tables: Ints,
    starts: Ints,
    goals: Ints,
    plans: Plans,
    agenda: Agenda,
    some: Neighbourhood,
    rng: Rng,
    iterations: int,
) -> int:
    """Run some iterations; answers by how many steps the sum of costs fell."""
    gained = 0
    for _ in range(iterations):
        arm = _spin(some.weights, rng)
        size = min(1 << (arm % _SIZES), len(some.agents))
        if arm // _SIZES == 0:
            count = _in_the_way(graph, tables, starts, plans, some, size, rng)
        elif arm // _SIZES == 1:
            count = _around_a_place(graph, plans, some, size, rng)
        else:
            count = _any(plans, some, size, rng)
        for k in range(count):
            some.is_in[some.agents[k]] = False
        shuffle(rng, some.agents, count)
        labour = agenda.counts[EXPANDED]
        gain = _replan(graph, tables, starts, goals, plans, agenda, some, count)
        labour = agenda.counts[EXPANDED] - labour
        some.weights[arm] += _REACTION * (gain / (labour + _LABOUR) - some.weights[arm])
        gained += gain
    return gained


@njit(cache=True, nogil=True)
def _replan(
    graph: UnitGraph,
    tables: Ints,
    starts: Ints,
    goals: Ints,
    plans: Plans,
    agenda: Agenda,
    some: Neighbourhood,
    count: int,
) -> int:
    """Plan the neighbourhood anew, in its order; answers by how much its costs fell.

    An agent may become later only by what those before it have won. When one finds no such plan, all keep the old ones.
    """
    late = 0
    for k in range(count):
        late += cost(plans, some.agents[k]) - tables[some.agents[k], starts[some.agents[k]]]
    if late == 0:
        return 0
    _give_up(plans, some, count)
    won = 0
    for k in range(count):
        agent = some.agents[k]
        old = cost(plans, agent)
        if not plan(graph, tables[agent], starts[agent], goals[agent], plans, agenda, agent, old + won):
            for planned in range(k - 1, -1, -1):
                release(plans, some.agents[planned])
            _take_back(plans, some, count)
            return 0
        reserve(plans, agent)
        won += old - cost(plans, agent)
    return won


@njit(cache=True, nogil=True)
def _give_up(plans: Plans, some: Neighbourhood, count: int) -> None:
    for k in range(count):
        agent = some.agents[k]
        first = first_stay(plans, agent)
        some.old_stays_of[k] = plans.stays_of[agent]
        release(plans, agent)
        for stay in range(plans.stays_of[agent]):
            some.old_stays[k, stay] = plans.stays[first + stay]


@njit(cache=True, nogil=True)
def _take_back(plans: Plans, some: Neighbourhood, count: int) -> None:
    for k in range(count - 1, -1, -1):
        agent = some.agents[k]
        first = first_stay(plans, agent)
        plans.stays_of[agent] = some.old_stays_of[k]
        for stay in range(plans.stays_of[agent]):
            plans.stays[first + stay] = some.old_stays[k, stay]
        restore(plans, agent)


@njit(cache=True, nogil=True)
def _spin(weights: NDArray[np.float64], rng: Rng) -> int:
    """An index at random: half in proportion to its weight, half evenly."""
    total = weights.sum()
    even = _EVEN * total / len(weights) + 1e-9
    left = (total + even * len(weights)) * below(rng, 1 << 30) / (1 << 30)
    for k in range(len(weights)):
        left -= weights[k] + even
        if left < 0.0:
            return k
    return len(weights) - 1


@njit(cache=True, nogil=True)
def _add(some: Neighbourhood, count: int, agent: int) -> int:
    """Put an agent into the neighbourhood, which has `count` so far, if it is not in it; answers how many it has."""
    if agent == NONE or some.is_in[agent]:
        return count
    some.is_in[agent] = True
    some.agents[count] = agent
    return count + 1


@njit(cache=True, nogil=True)
def _any(plans: Plans, some: Neighbourhood, size: int, rng: Rng) -> int:
    count = 0
    while count < size:
        count = _add(some, count, below(rng, len(plans.stays_of)))
    return count


@njit(cache=True, nogil=True)
def _in_the_way(
    graph: UnitGraph, tables: Ints, starts: Ints, plans: Plans, some: Neighbourhood, size: int, rng: Rng
) -> int:
    """A late agent, and whom it meets on random walks by which it would be at its goal earlier."""
    late = _late_agent(tables, starts, plans, rng)
    if late == NONE:
        return 0
    count = _add(some, 0, late)
    limit = cost(plans, late)
    step = 0
    for _ in range(10):
        here = vertex_of(plans, late, step)
        while count < size:
            onward = NONE
            options = 0
            for k in range(graph.offsets[here], graph.offsets[here + 1] + 1):
                there = graph.neighbours[k] if k < graph.offsets[here + 1] else here
                if step + 1 + tables[late, there] < limit:
                    options += 1
                    if below(rng, options) == 0:
                        onward = there
            if onward == NONE:
                break
            count = _add(some, count, agent_at(plans, onward, step + 1))
            if count < size and onward != here:
                opposite = agent_at(plans, onward, step)
                if opposite != NONE and vertex_of(plans, opposite, step + 1) == here:
                    count = _add(some, count, opposite)
            here = onward
            step += 1
        if count == size:
            break
        step = below(rng, limit)
    return count


@njit(cache=True, nogil=True)
def _late_agent(tables: Ints, starts: Ints, plans: Plans, rng: Rng) -> int:
    """An agent at random, in proportion to the steps it needs more than alone; NONE when nobody does."""
    total = 0
    for agent in range(len(starts)):
        total += cost(plans, agent) - tables[agent, starts[agent]]
    if total == 0:
        return NONE
    left = below(rng, total)
    agent = -1
    while left >= 0:
        agent += 1
        left -= cost(plans, agent) - tables[agent, starts[agent]]
    return agent


@njit(cache=True, nogil=True)
def _around_a_place(graph: UnitGraph, plans: Plans, some: Neighbourhood, size: int, rng: Rng) -> int:
    """Agents that come through the vertices nearest to a random one, if possible one where ways branch off."""
    middle = below(rng, plans.vertices)
    for _ in range(100):
        if graph.offsets[middle + 1] - graph.offsets[middle] > 2:
            break
        middle = below(rng, plans.vertices)
    some.queue[0] = middle
    some.seen[middle] = True
    first, last = 0, 1
    count = 0
    while first < last and count < size:
        here = some.queue[first]
        first += 1
        count = _passing(plans, some, count, size, here, rng)
        for k in range(graph.offsets[here], graph.offsets[here + 1]):
            there = graph.neighbours[k]
            if not some.seen[there]:
                some.seen[there] = True
                some.queue[last] = there
                last += 1
    for k in range(last):
        some.seen[some.queue[k]] = False
    return count


@njit(cache=True, nogil=True)
def _passing(plans: Plans, some: Neighbourhood, count: int, size: int, vertex: int, rng: Rng) -> int:
    """Add those that come through a vertex, from a random one on in the order of time."""
    passing = 0
    stay = plans.stays[vertex].after
    while stay != NONE:
        passing += 1
        stay = plans.stays[stay].after
    if passing == 0:
        return count
    stay = plans.stays[vertex].after
    for _ in range(below(rng, passing)):
        stay = plans.stays[stay].after
    for _ in range(passing):
        if count == size:
            break
        count = _add(some, count, plans.stays[stay].agent)
        stay = plans.stays[stay].after
        if stay == NONE:
            stay = plans.stays[vertex].after
    return count
