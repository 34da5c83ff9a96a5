"""The order of a few stops that takes the least driving, from the entry and back to it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from fleet_manager.planning.coverage.free_space import FreeSpace

ENTRY = -1


class Tours:
    """Round trips over cells of a free space. Driving times are kept, so that many tours may be asked for."""

    def __init__(self, space: FreeSpace) -> None:
        self._space = space
        self._times: dict[tuple[int, int], float] = {}

    def time(self, start: int, end: int) -> float:
        """Seconds to drive from one cell to another."""
        pair = (min(start, end), max(start, end))
        if pair not in self._times:
            self._times[pair] = self._space.drive_time(*pair)
        return self._times[pair]

    def length(self, order: Sequence[int]) -> float:
        """Seconds from the entry through the cells in this order and back."""
        places = (ENTRY, *order, ENTRY)
        return sum(self.time(start, end) for start, end in pairwise(places))

    def shortest(self, cells: Sequence[int]) -> tuple[int, ...]:
        """The cells in a good order: nearest neighbours, then untangled until no reversal of a part helps (2-opt)."""
        order = [ENTRY]
        rest = list(cells)
        while rest:
            nearest = min(rest, key=lambda cell: (self.time(order[-1], cell), cell))
            order.append(nearest)
            rest.remove(nearest)
        order.append(ENTRY)
        while self._untangle(order):
            pass
        return tuple(order[1:-1])

    def _untangle(self, order: list[int]) -> bool:
        better = False
        for first in range(1, len(order) - 2):
            for last in range(first + 1, len(order) - 1):
                before, after = order[first - 1], order[last + 1]
                now = self.time(before, order[first]) + self.time(order[last], after)
                then = self.time(before, order[last]) + self.time(order[first], after)
                if then < now - 1e-9:
                    order[first : last + 1] = order[first : last + 1][::-1]
                    better = True
        return better
