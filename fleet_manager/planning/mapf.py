"""Multi-agent path finding on a graph of unit steps: the problem, and what a solution costs.

Agents move in steps, along an edge or not at all; no two are at one vertex, and no two pass each other on an edge.
Following one another, also in a circle, is allowed. Agents stay at their goals (Stern et al.: "Multi-Agent Pathfinding:
Definitions, Variants, and Benchmarks", SoCS 2019).

A solution has one row of all agents' vertices per step, from the starts to the goals. `lacam` finds one, `lns` makes it
cheaper.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fleet_manager.planning.distances_kernel import distance_tables
from fleet_manager.planning.unit_graph import Ints, UnitGraph


@dataclass(frozen=True, slots=True)
class Problem:
    """`tables` holds the steps from each vertex to each agent's goal, FAR where there is no way."""

    graph: UnitGraph
    starts: Ints
    goals: Ints
    tables: Ints

    @staticmethod
    def of(graph: UnitGraph, starts: Ints, goals: Ints) -> Problem:
        """Starts are different vertices, and so are goals."""
        return Problem(graph, starts, goals, distance_tables(graph, goals))

    @property
    def distances(self) -> Ints:
        """Steps that each agent would need alone."""
        return self.tables[np.arange(len(self.starts)), self.starts]


def arrivals(problem: Problem, steps: Ints) -> Ints:
    """The step from which on each agent is at its goal for good."""
    away = (steps != problem.goals)[::-1]
    last_away = np.where(away.any(axis=0), len(steps) - np.argmax(away, axis=0), 0)
    return last_away.astype(np.int32)
