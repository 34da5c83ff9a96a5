"""Who takes which task: the assignment problem over the robots that are free now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import numpy as np
from scipy.optimize import linear_sum_assignment

from fleet_manager.domain.tasks import Priority

WEIGHT: Final = {Priority.STAT: 8.0, Priority.URGENT: 4.0, Priority.ROUTINE: 2.0, Priority.BACKGROUND: 1.0}
"""What a second of waiting counts, by priority, when several tasks compete: for robots, or for the way."""

CostTable: TypeAlias = Sequence[Sequence[float | None]]

Assigner: TypeAlias = Callable[[CostTable], list[tuple[int, int]]]
"""Takes a table of costs, a row per task in order of urgency and a column per robot (None: impossible), and answers
(task, robot) pairs, each at most once."""


def hungarian(costs: CostTable) -> list[tuple[int, int]]:
    """The cheapest set of pairs that serves as many tasks as possible (Kuhn 1955; scipy's implementation).

    Ties fall to the first robot, so the same table gives the same pairs.
    """
    if not costs or not costs[0]:
        return []
    impossible = 1e12
    table = np.array([[impossible if c is None else c for c in row] for row in costs])
    rows, columns = linear_sum_assignment(table)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if table[i, j] < impossible]
