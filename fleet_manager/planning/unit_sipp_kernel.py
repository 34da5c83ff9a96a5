"""One agent's quickest path past all others' plans, compiled: safe-interval path planning.

A label is a vertex within one safe interval; reaching it earlier is never worse, for there the agent can wait
(Phillips, Likhachev: "SIPP: Safe Interval Path Planning for Dynamic Environments", ICRA 2011). A swap needs no
reservations of edges: it is an arrival in the very step in which another agent leaves the vertex for the one we come
from. `unit_sipp.quickest_arrival` is the plain reference.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fleet_manager.planning.plans_kernel import FOREVER, NONE, Plans, first_stay
from fleet_manager.planning.unit_graph import FAR, Ints, UnitGraph

SEARCHES, EXPANDED = 0, 1
"""Places in `Agenda.counts`: searches begun, and labels expanded in all of them."""


class Agenda(NamedTuple):
    """The open labels by estimated arrival: `buckets` holds the top of each stack, the stays the rest of it."""

    buckets: Ints
    counts: NDArray[np.int64]


def new_agenda(plans: Plans) -> Agenda:
    return Agenda(buckets=np.full(plans.room, NONE, dtype=np.int32), counts=np.zeros(2, dtype=np.int64))


@njit(cache=True, nogil=True)
def _push(plans: Plans, agenda: Agenda, label: int, estimate: int) -> None:
    top = agenda.buckets[estimate]
    plans.stays[label].below = top
    plans.stays[label].above = -2 - estimate
    if top != NONE:
        plans.stays[top].above = label
    agenda.buckets[estimate] = label


@njit(cache=True, nogil=True)
def _remove(plans: Plans, agenda: Agenda, label: int) -> None:
    above, below = plans.stays[label].above, plans.stays[label].below
    if above >= 0:
        plans.stays[above].below = below
    elif above != NONE:
        agenda.buckets[-2 - above] = below
    if below != NONE:
        plans.stays[below].above = above
    plans.stays[label].above = NONE
    plans.stays[label].below = NONE


@njit(cache=True, nogil=True)
def _last_begun(plans: Plans, vertex: int, step: int, search: int) -> int:
    """The last stay at a vertex that has begun by a step, looked for from where this search last looked."""
    place = plans.stays[vertex]
    here = place.looked_at if place.looked_in == search else vertex
    while plans.stays[here].start > step:
        here = plans.stays[here].before
    after = plans.stays[here].after
    while after != NONE and plans.stays[after].start <= step:
        here = after
        after = plans.stays[after].after
    place.looked_at = here
    place.looked_in = search
    return here


@njit(cache=True, nogil=True)
def _last_stay(plans: Plans, vertex: int) -> int:
    here = vertex
    while plans.stays[here].after != NONE:
        here = plans.stays[here].after
    return here


@njit(cache=True, nogil=True)
def plan(
    graph: UnitGraph, left: Ints, start: int, goal: int, plans: Plans, agenda: Agenda, agent: int, latest: int
) -> bool:
    """Plan the quickest path from `start` that is at `goal` for good by step `latest`; False when there is none.

    `left` are the steps from each vertex to the goal if nobody were there. The agent's stays must have been released;
    they are replaced, ready to be reserved.
    """
    latest = min(latest, plans.room - 1)
    target = _last_stay(plans, goal)
    earliest = plans.stays[target].end
    estimate = max(earliest, left[start])
    if estimate > latest:
        return False
    agenda.counts[SEARCHES] += 1
    search = agenda.counts[SEARCHES]
    plans.stays[start].search = search
    plans.stays[start].arrival = 0
    plans.stays[start].origin = NONE
    _push(plans, agenda, start, estimate)
    highest = estimate
    while estimate <= highest:
        label = agenda.buckets[estimate]
        if label == NONE:
            estimate += 1
            continue
        if label == target:
            break
        _remove(plans, agenda, label)
        agenda.counts[EXPANDED] += 1
        here = plans.stays[label].vertex
        step = plans.stays[label].arrival + 1
        next_here = plans.stays[label].after
        until = FOREVER if next_here == NONE else plans.stays[next_here].start
        for k in range(graph.offsets[here], graph.offsets[here + 1]):
            there = graph.neighbours[k]
            if left[there] == FAR:
                continue
            interval = _last_begun(plans, there, step, search)
            while interval != NONE:
                free = plans.stays[interval]
                arrival = max(step, free.end)
                if arrival > until or arrival + left[there] > latest:
                    break
                is_safe = free.after == NONE or arrival < plans.stays[free.after].start
                is_swap = arrival == free.end and arrival == until and plans.stays[next_here].agent == free.agent
                if is_safe and not is_swap and (free.search != search or arrival < free.arrival):
                    if free.search == search:
                        _remove(plans, agenda, interval)
                    free.search = search
                    free.arrival = arrival
                    free.origin = label
                    new = max(arrival + left[there], earliest)
                    highest = max(highest, new)
                    _push(plans, agenda, interval, new)
                interval = free.after
    for bucket in range(estimate, highest + 1):
        agenda.buckets[bucket] = NONE
    if estimate > highest:
        return False
    _write(plans, agent, target)
    return True


@njit(cache=True, nogil=True)
def _write(plans: Plans, agent: int, target: int) -> None:
    """Turn the chain of labels that leads to `target` into the agent's stays."""
    count = 0
    label = target
    while label != NONE:
        count += 1
        label = plans.stays[label].origin
    plans.stays_of[agent] = count
    new = first_stay(plans, agent) + count - 1
    end = FOREVER
    label = target
    while label != NONE:
        stay = plans.stays[new]
        stay.vertex = plans.stays[label].vertex
        stay.before = label
        stay.agent = agent
        stay.start = plans.stays[label].arrival
        stay.end = end
        end = stay.start
        new -= 1
        label = plans.stays[label].origin
