"""Graphs on which every move takes one step, and how many steps lie between their vertices."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]

FAR: Final = np.iinfo(np.int32).max
"""Stands in distance tables where there is no way."""


class UnitGraph(NamedTuple):
    """Vertices 0…n-1 and edges both ways: `neighbours[offsets[v] : offsets[v + 1]]` are those of vertex v."""

    offsets: Ints
    neighbours: Ints

    @property
    def size(self) -> int:
        """How many vertices there are."""
        return len(self.offsets) - 1

    @property
    def degree(self) -> int:
        """The largest number of neighbours."""
        return int(np.diff(self.offsets).max(initial=0))


def distances_to(graph: UnitGraph, goal: int) -> Ints:
    """Steps from each vertex to `goal`; the plain reference of `distances_kernel.distance_tables`."""
    steps = np.full(graph.size, FAR, dtype=np.int32)
    steps[goal] = 0
    queue = deque([goal])
    while queue:
        here = queue.popleft()
        for there in graph.neighbours[graph.offsets[here] : graph.offsets[here + 1]].tolist():
            if steps[there] == FAR:
                steps[there] = steps[here] + 1
                queue.append(there)
    return steps
