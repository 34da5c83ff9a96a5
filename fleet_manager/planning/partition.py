"""Checkpoints of one patrol for several robots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import inf

from maps.model import WaypointId


def shares(
    places: Sequence[WaypointId], robots: int, time: Callable[[WaypointId, WaypointId], float | None]
) -> list[list[int]]:
    """Which robot visits which places, as indices, in the order of their visits.

    The places are put in a row, from the first one always to the nearest that is left, and the row is cut at its
    `robots` - 1 longest ways. With one robot the order stays as it is.
    """
    if robots <= 1:
        return [list(range(len(places)))]

    def way(start: int, goal: int) -> float:
        found = time(places[start], places[goal])
        return inf if found is None else found

    row, left = [0], list(range(1, len(places)))
    while left:
        nearest = min(left, key=lambda index: (way(row[-1], index), index))
        left.remove(nearest)
        row.append(nearest)
    ways = [(way(start, goal), -cut) for cut, (start, goal) in enumerate(pairwise(row), start=1)]
    cuts = sorted(-cut for _, cut in sorted(ways, reverse=True)[: robots - 1])
    return [row[start:end] for start, end in pairwise([0, *cuts, len(row)])]
