"""The plain reference of `timetable_kernel`: the same arrays put together by numpy, to be read and compared with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from fleet_manager.planning.stretches import Floats, Ints


def chunk_ahead(
    at: int,
    end: int,
    given: int,
    goal: int,
    dwell: float,
    stuck: bool,
    begin: int,
    stop: int,
    offsets: Floats,
    first: Ints,
    last: Ints,
    near_ptr: Ints,
    near: Ints,
    stretch: Ints,
    resource: Ints,
    node: Ints,
    release: Ints,
    standing: Ints,
) -> tuple[Ints, Floats, Floats, Ints]:
    """See `timetable_kernel.chunk_ahead`."""
    firsts, lasts = first[begin:stop], last[begin:stop]
    is_given = lasts <= given
    offset = offsets[at : end + 1].copy()
    offset[0] = 0.0
    partly = len(firsts) > 0 and firsts[0] <= at
    if partly:
        offset[1 : lasts[0] - at + 1] -= offsets[at]
    ahead = (node > at) & (node <= np.minimum(last[stretch], end))
    number = stretch[ahead] - begin
    releases = np.concatenate([np.ones(len(standing), dtype=np.int32), release[ahead] - at])
    releases[releases > (0 if stuck else end - at)] = -1
    nears = near[near_ptr[begin] : near_ptr[stop]]
    here = np.full(len(standing), 0 if partly and not is_given[0] else -1)
    numbers = [
        np.maximum(firsts - at, 1),
        lasts - at,
        is_given,
        np.diff(near_ptr[begin : stop + 1]),
        nears,
        standing,
        resource[ahead],
        here,
        np.where(is_given[number], -1, number),
        releases,
    ]
    sizes = np.array([end + 1 - at, len(firsts), len(nears), len(releases)], dtype=np.int32)
    wait = np.where(firsts == goal + 1, dwell, 0.0)
    return sizes, offset, wait, np.concatenate(numbers).astype(np.int32)


def assembled(sizes: Ints, numbers: Ints, resources: int) -> tuple[Ints, ...]:
    """See `timetable_kernel.assembled`."""
    nodes, stretches, _, holds = sizes.T
    robots = np.arange(len(sizes))
    node_base, stretch_base = (np.concatenate([[0], np.cumsum(counts)]) for counts in (nodes, stretches))
    columns: list[list[Ints]] = [[] for _ in range(8)]
    lengths = np.stack([stretches, stretches, stretches, stretches, sizes[:, 2], holds, holds, holds], axis=1).ravel()
    for i, (begin, end) in enumerate(pairwise(np.concatenate([[0], np.cumsum(lengths)]).tolist())):
        columns[i % 8].append(numbers[begin:end])
    first, last, given, near_count, near, resource, stretch, release = (np.concatenate(column) for column in columns)
    return tuple(
        part.astype(np.int32)
        for part in (
            node_base,
            stretch_base,
            np.repeat(robots, stretches),
            first + np.repeat(node_base[:-1], stretches),
            last + np.repeat(node_base[:-1], stretches),
            given,
            np.concatenate([[0], np.cumsum(near_count)]),
            near,
            np.repeat(robots, holds),
            resource,
            np.where(stretch < 0, -1, stretch + np.repeat(stretch_base[:-1], holds)),
            np.where(release < 0, -1, release + np.repeat(node_base[:-1], holds)),
            *_by_resource(resource.tolist(), resources),
        )
    )


def _by_resource(resource: Sequence[int], count: int) -> tuple[Ints, Ints]:
    """Where each resource's holds begin, and the holds in the order of their resources."""
    order = sorted(range(len(resource)), key=lambda hold: resource[hold])
    numbers = np.bincount(np.array(resource, dtype=np.int64), minlength=count)
    return np.concatenate([[0], np.cumsum(numbers)]), np.array(order, dtype=np.int64)
