"""The timetable of all robots, put together by compiled code: it is made anew for every search.

`timetables.py` holds the plain reference.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from fleet_manager.planning.itinerary_kernel import by_resource


@njit(cache=True, nogil=True)
def chunk_ahead(  # type: ignore[no-untyped-def]
    at,
    end,
    given,
    goal,
    dwell,
    stuck,
    begin,
    stop,
    offsets,
    first,
    last,
    near_ptr,
    near,
    stretch,
    resource,
    node,
    release,
    standing,
):
    """What lies ahead of a robot at node `at`, up to node `end`: the stretches from `begin` to before `stop`.

    Answers `sizes` (nodes, stretches, resources near them, holds), `offset`, `wait`, and in one array `first`, `last`,
    `given`, `near_count`, `near`, `hold_resource`, `hold_stretch` and `hold_release` one after the other.
    """
    nodes, stretches = end + 1 - at, stop - begin
    offset = offsets[at : end + 1].copy()
    offset[0] = 0.0
    partly = stretches > 0 and first[begin] <= at
    if partly:
        for i in range(1, last[begin] - at + 1):
            offset[i] -= offsets[at]
    ahead = 0
    for h in range(len(node)):
        if at < node[h] <= min(last[stretch[h]], end):
            ahead += 1
    nears = near_ptr[stop] - near_ptr[begin]
    holds = len(standing) + ahead
    numbers = np.empty(4 * stretches + nears + 3 * holds, dtype=np.int32)
    wait = np.zeros(stretches, dtype=np.float64)
    for k in range(stretches):
        numbers[k] = max(first[begin + k] - at, 1)
        numbers[stretches + k] = last[begin + k] - at
        numbers[2 * stretches + k] = last[begin + k] <= given
        numbers[3 * stretches + k] = near_ptr[begin + k + 1] - near_ptr[begin + k]
        if first[begin + k] == goal + 1:
            wait[k] = dwell
    base = 4 * stretches
    numbers[base : base + nears] = near[near_ptr[begin] : near_ptr[stop]]
    base += nears
    final = 0 if stuck else end - at
    here = 0 if partly and last[begin] > given else -1
    for h in range(len(standing)):
        numbers[base + h] = standing[h]
        numbers[base + holds + h] = here
        numbers[base + 2 * holds + h] = 1 if final >= 1 else -1
    to = base + len(standing)
    for h in range(len(node)):
        if at < node[h] <= min(last[stretch[h]], end):
            numbers[to] = resource[h]
            numbers[to + holds] = -1 if last[stretch[h]] <= given else stretch[h] - begin
            numbers[to + 2 * holds] = release[h] - at if release[h] - at <= final else -1
            to += 1
    sizes = np.array([nodes, stretches, nears, holds], dtype=np.int32)
    return sizes, offset, wait, numbers


@njit(cache=True, nogil=True)
def assembled(sizes, numbers, resources):  # type: ignore[no-untyped-def]
    """Number the chunks' nodes, stretches and holds through; `sizes` and `numbers` are theirs, one after the other.

    Answers where each robot's nodes and stretches begin, each stretch's `robot`, `first`, `last` and `given`, what is
    `near` it in CSR form, each hold's `robot`, `resource`, `stretch` and `release`, and the holds by resource in CSR
    form.
    """
    robots = len(sizes)
    node_base = np.zeros(robots + 1, dtype=np.int32)
    stretch_base = np.zeros(robots + 1, dtype=np.int32)
    nears = holds = 0
    for r in range(robots):
        node_base[r + 1] = node_base[r] + sizes[r, 0]
        stretch_base[r + 1] = stretch_base[r] + sizes[r, 1]
        nears += sizes[r, 2]
        holds += sizes[r, 3]
    stretches = stretch_base[robots]
    robot = np.empty(stretches, dtype=np.int32)
    first = np.empty(stretches, dtype=np.int32)
    last = np.empty(stretches, dtype=np.int32)
    given = np.empty(stretches, dtype=np.int32)
    near_ptr = np.zeros(stretches + 1, dtype=np.int32)
    near = np.empty(nears, dtype=np.int32)
    hold_robot = np.empty(holds, dtype=np.int32)
    hold_resource = np.empty(holds, dtype=np.int32)
    hold_stretch = np.empty(holds, dtype=np.int32)
    hold_release = np.empty(holds, dtype=np.int32)
    base = near_to = hold_to = 0
    for r in range(robots):
        count = sizes[r, 1]
        for k in range(count):
            s = stretch_base[r] + k
            robot[s] = r
            first[s] = numbers[base + k] + node_base[r]
            last[s] = numbers[base + count + k] + node_base[r]
            given[s] = numbers[base + 2 * count + k]
            near_ptr[s + 1] = near_ptr[s] + numbers[base + 3 * count + k]
        base += 4 * count
        count = sizes[r, 2]
        near[near_to : near_to + count] = numbers[base : base + count]
        near_to += count
        base += count
        count = sizes[r, 3]
        for k in range(count):
            h = hold_to + k
            hold_robot[h] = r
            hold_resource[h] = numbers[base + k]
            since = numbers[base + count + k]
            hold_stretch[h] = since + stretch_base[r] if since >= 0 else -1
            until = numbers[base + 2 * count + k]
            hold_release[h] = until + node_base[r] if until >= 0 else -1
        hold_to += count
        base += 3 * count
    by_ptr, by_order = by_resource(hold_resource, resources)
    return (
        node_base,
        stretch_base,
        robot,
        first,
        last,
        given,
        near_ptr,
        near,
        hold_robot,
        hold_resource,
        hold_stretch,
        hold_release,
        by_ptr,
        by_order,
    )


@njit(cache=True, nogil=True)
def holds_between(hold_stretch, hold_release, start, passed, forever):  # type: ignore[no-untyped-def]
    """From when until when each hold lasts (s); from or until for ever where it has no stretch or release."""
    begins = np.empty(len(hold_stretch), dtype=np.float64)
    ends = np.empty(len(hold_stretch), dtype=np.float64)
    for h in range(len(hold_stretch)):
        begins[h] = start[hold_stretch[h]] if hold_stretch[h] >= 0 else -forever
        ends[h] = passed[hold_release[h]] if hold_release[h] >= 0 else forever
    return begins, ends
