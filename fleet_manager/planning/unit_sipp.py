"""The plain reference of `unit_sipp_kernel.plan`: step by step, all vertices where the agent can be."""

from __future__ import annotations

from fleet_manager.planning.unit_graph import Ints, UnitGraph


def quickest_arrival(graph: UnitGraph, start: int, goal: int, others: Ints) -> int | None:
    """The first step from which on the agent can be at `goal` for good, or None when it can't.

    `others` has one row of the other agents' vertices per step; they stay where the last one says.
    """
    rows: list[list[int]] = others.tolist()
    reached = {start}
    for step in range(len(rows) + graph.size):
        now = rows[min(step, len(rows) - 1)]
        after = rows[min(step + 1, len(rows) - 1)]
        if goal in reached and all(goal not in row for row in rows[step:]):
            return step
        moves = set(zip(now, after, strict=True))
        reached = {
            there
            for here in reached
            for there in (here, *graph.neighbours[graph.offsets[here] : graph.offsets[here + 1]].tolist())
            if there not in after and (there, here) not in moves
        }
    return None
