"""Steps from every vertex to each of many goals, compiled; `unit_graph.distances_to` is the plain reference."""

from __future__ import annotations

import numpy as np
from numba import njit

from fleet_manager.planning.unit_graph import FAR, Ints, UnitGraph


@njit(cache=True, nogil=True)
def distance_tables(graph: UnitGraph, goals: Ints) -> Ints:
    """Breadth-first search from each goal: row i holds the steps to `goals[i]`, FAR where there is no way."""
    size = len(graph.offsets) - 1
    tables = np.full((len(goals), size), FAR, dtype=np.int32)
    queue = np.empty(size, dtype=np.int32)
    for row in range(len(goals)):
        steps = tables[row]
        steps[goals[row]] = 0
        queue[0] = goals[row]
        first, last = 0, 1
        while first < last:
            here = queue[first]
            first += 1
            for k in range(graph.offsets[here], graph.offsets[here + 1]):
                there = graph.neighbours[k]
                if steps[there] == FAR:
                    steps[there] = steps[here] + 1
                    queue[last] = there
                    last += 1
    return tables
