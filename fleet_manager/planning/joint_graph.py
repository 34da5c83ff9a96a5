"""A routing graph for robots that stand and drive in the flesh: which of them exclude each other.

What a robot does in a step is an *act*: standing at vertex v is act v, driving stretch s is act `vertices + s`. A robot
on a stretch also needs both its ends for the whole step, so nobody follows into a place that is just being left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fleet_manager.planning.unit_graph import Ints


class JointGraph(NamedTuple):
    """Stretch s leads from `starts[s]` to `ends[s]`.

    `out[out_offsets[v] : out_offsets[v + 1]]` are the stretches that leave vertex v, `into` those that lead there.
    `near[near_offsets[a] : near_offsets[a + 1]]` are the acts that two robots can't do together with act a, itself
    among them. At vertices with `can_stay` a robot may be left standing.
    """

    starts: Ints
    ends: Ints
    out_offsets: Ints
    out: Ints
    into_offsets: Ints
    into: Ints
    near_offsets: Ints
    near: Ints
    can_stay: NDArray[np.bool_]


def joint_graph(
    vertices: int,
    stretches: Sequence[tuple[int, int]],
    conflicts: Iterable[tuple[int, int]] = (),
    can_stay: Sequence[bool] | None = None,
) -> JointGraph:
    """The graph in which the bodies at a vertex or on a stretch come too close in the pairs `conflicts` of acts.

    That an act excludes itself, and that who drives needs both ends too, is added here.
    """
    ends = np.array(stretches, dtype=np.int32).reshape(-1, 2)
    count = len(ends)
    acts = np.arange(vertices + count)
    pairs = np.array([*conflicts], dtype=np.int64).reshape(-1, 2)
    rows = np.concatenate([acts, pairs[:, 0], pairs[:, 1]])
    columns = np.concatenate([acts, pairs[:, 1], pairs[:, 0]])
    bodies = _relation(rows, columns, vertices + count)
    moves = acts[vertices:]
    needs = _relation(
        np.concatenate([acts, moves, moves]), np.concatenate([acts, ends[:, 0], ends[:, 1]]), vertices + count
    )
    near = sparse.csr_array(needs @ bodies @ needs.T)
    near.sort_indices()
    out_offsets, out = _by_vertex(ends[:, 0], vertices)
    into_offsets, into = _by_vertex(ends[:, 1], vertices)
    return JointGraph(
        starts=np.ascontiguousarray(ends[:, 0]),
        ends=np.ascontiguousarray(ends[:, 1]),
        out_offsets=out_offsets,
        out=out,
        into_offsets=into_offsets,
        into=into,
        near_offsets=near.indptr.astype(np.int32),
        near=near.indices.astype(np.int32),
        can_stay=np.ones(vertices, dtype=np.bool_) if can_stay is None else np.array(can_stay, dtype=np.bool_),
    )


def _relation(rows: NDArray[np.int64], columns: NDArray[np.int64], size: int) -> sparse.csr_array:
    return sparse.csr_array((np.ones(len(rows), dtype=np.bool_), (rows, columns)), shape=(size, size))


def _by_vertex(vertex_of: Ints, vertices: int) -> tuple[Ints, Ints]:
    """Numbers of stretches sorted by their vertex, and where each vertex's begin."""
    order = np.argsort(vertex_of, kind="stable").astype(np.int32)
    offsets = np.searchsorted(vertex_of[order], np.arange(vertices + 1)).astype(np.int32)
    return offsets, order
