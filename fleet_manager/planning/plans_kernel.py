"""Who is where when, compiled: the plans of all agents as stays at vertices.

A plan is a row of stays. The stays of all agents at one vertex are also a list sorted by time; between them lie the
safe intervals, each known by the stay before it. Before all others each vertex has a stay of nobody, so that its first
safe interval is known by a stay too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fleet_manager.planning.unit_graph import Ints

NONE = -1

FOREVER = 2**30
"""Until when an agent stays at its goal."""

STAY = np.dtype(
    [
        *((name, np.int32) for name in ("vertex", "agent", "start", "end", "before", "after")),
        *((name, np.int32) for name in ("search", "arrival", "origin", "above", "below")),
        *((name, np.int32) for name in ("looked_in", "looked_at")),
        ("_cache_line", np.int32, 3),
    ]
)
"""From step `start` on, until before step `end`, between `before` and `after` in the list of the vertex.

In the same cache line is what a search for a path knows of the safe interval behind the stay, see `unit_sipp_kernel`.
"""


class Plans(NamedTuple):
    """Stay v is nobody's at vertex v. From `vertices` on follow `room` stays per agent, the first `stays_of` in use."""

    stays: NDArray[np.void]
    stays_of: Ints
    vertices: int
    room: int


def new_plans(vertices: int, agents: int, room: int) -> Plans:
    """No plans yet; each may take `room` - 1 steps."""
    stays = np.zeros(vertices + agents * room, dtype=STAY)
    stays["vertex"][:vertices] = np.arange(vertices)
    for name in ("agent", "start", "before", "after"):
        stays[name][:vertices] = NONE
    return Plans(stays=stays, stays_of=np.zeros(agents, dtype=np.int32), vertices=vertices, room=room)


@njit(cache=True, nogil=True)
def first_stay(plans: Plans, agent: int) -> int:
    return plans.vertices + agent * plans.room


@njit(cache=True, nogil=True)
def cost(plans: Plans, agent: int) -> int:
    """Steps until the agent is at its goal for good."""
    return int(plans.stays[first_stay(plans, agent) + plans.stays_of[agent] - 1].start)


@njit(cache=True, nogil=True)
def reserve(plans: Plans, agent: int) -> None:
    """Put an agent's stays into the lists of their vertices, each behind the stay that it names as the one before."""
    first = first_stay(plans, agent)
    for new in range(first, first + plans.stays_of[agent]):
        stay = plans.stays[new]
        stay.after = plans.stays[stay.before].after
        _link(plans, new)


@njit(cache=True, nogil=True)
def release(plans: Plans, agent: int) -> None:
    """Take an agent's stays out of the lists; they keep their places in mind."""
    first = first_stay(plans, agent)
    for old in range(first, first + plans.stays_of[agent]):
        stay = plans.stays[old]
        plans.stays[stay.before].after = stay.after
        if stay.after != NONE:
            plans.stays[stay.after].before = stay.before


@njit(cache=True, nogil=True)
def restore(plans: Plans, agent: int) -> None:
    """Undo a release, when all that happened since is undone (Knuth: "Dancing Links", 2000)."""
    first = first_stay(plans, agent)
    for old in range(first + plans.stays_of[agent] - 1, first - 1, -1):
        _link(plans, old)


@njit(cache=True, nogil=True)
def _link(plans: Plans, new: int) -> None:
    stay = plans.stays[new]
    plans.stays[stay.before].after = new
    if stay.after != NONE:
        plans.stays[stay.after].before = new


@njit(cache=True, nogil=True)
def adopt(plans: Plans, steps: Ints) -> None:
    """Take over plans that are given as one row of all agents' vertices per step, and reserve them."""
    last_at = np.arange(plans.vertices)
    for step in range(len(steps)):
        for agent in range(len(plans.stays_of)):
            vertex = steps[step, agent]
            new = first_stay(plans, agent) + plans.stays_of[agent]
            if step > 0:
                if plans.stays[new - 1].vertex == vertex:
                    continue
                plans.stays[new - 1].end = step
            stay = plans.stays[new]
            stay.vertex, stay.agent, stay.start, stay.end = vertex, agent, step, FOREVER
            stay.before, stay.after = last_at[vertex], NONE
            plans.stays[last_at[vertex]].after = new
            last_at[vertex] = new
            plans.stays_of[agent] += 1


@njit(cache=True, nogil=True)
def agent_at(plans: Plans, vertex: int, step: int) -> int:
    """The agent that is at a vertex in a step, or NONE."""
    here = plans.stays[vertex].after
    while here != NONE and plans.stays[here].end <= step:
        here = plans.stays[here].after
    if here == NONE or plans.stays[here].start > step:
        return NONE
    return int(plans.stays[here].agent)


@njit(cache=True, nogil=True)
def vertex_of(plans: Plans, agent: int, step: int) -> int:
    """The vertex at which an agent is in a step."""
    low = first_stay(plans, agent)
    high = low + plans.stays_of[agent] - 1
    while low < high:
        middle = (low + high + 1) // 2
        if plans.stays[middle].start <= step:
            low = middle
        else:
            high = middle - 1
    return int(plans.stays[low].vertex)


@njit(cache=True, nogil=True)
def steps_of(plans: Plans) -> Ints:
    """One row of all agents' vertices per step, up to the last arrival."""
    agents = len(plans.stays_of)
    makespan = 0
    for agent in range(agents):
        makespan = max(makespan, cost(plans, agent))
    steps = np.empty((makespan + 1, agents), dtype=np.int32)
    for agent in range(agents):
        stay = first_stay(plans, agent)
        for step in range(makespan + 1):
            if step == plans.stays[stay].end:
                stay += 1
            steps[step, agent] = plans.stays[stay].vertex
    return steps
