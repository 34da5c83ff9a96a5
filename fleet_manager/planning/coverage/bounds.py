"""How short a path that covers an area can be at all: what a planned path is compared with."""

from __future__ import annotations

import math
from typing import Final

import shapely
from shapely import affinity

from fleet_manager.planning.coverage.free_area import FreeArea

_SLICES: Final = 400
"""Cuts across an area."""


def least_length(free: FreeArea, share: float) -> float:
    """Metres below which no path covers `share` of the area: a disc wets its own area, and a swath's width a metre."""
    return max(0.0, (share * free.reachable.area - math.pi * free.radius**2) / free.swath)


def whole_passes(free: FreeArea, angle: float, share: float) -> float:
    """Metres below which no straight passes at `angle` (rad) cover `share` of the area.

    Across a width of 3.3 swaths lie four passes, if all is to be wet. Turns and ways between passes are not in it.
    """
    flat = affinity.rotate(free.reachable, -angle, origin=(0.0, 0.0), use_radians=True)
    left, bottom, right, top = flat.bounds
    step = (right - left) / _SLICES
    counts: list[int] = []
    for k in range(_SLICES):
        u = left + (k + 0.5) * step
        cut = shapely.get_parts(shapely.LineString([(u, bottom - 1.0), (u, top + 1.0)]).intersection(flat))
        counts.append(sum(math.ceil(share * part.length / free.swath - 1e-6) for part in cut))
    # A pass wets half a swath beyond either of its ends.
    ends = sum(max(0, after - before) for before, after in zip([0, *counts], [*counts, 0], strict=True))
    return max(0.0, sum(counts) * step - ends * free.swath)
