"""Parallel strips over a free area, placed so that nothing is left between them.

Boustrophedon coverage (Choset & Pignon, "Coverage path planning: the boustrophedon cellular decomposition", FSR 1997)
needs a direction and the places of the lines. The lines go through the whole area, and a dynamic programme places them:
no two farther apart than the swath, as short as possible in sum, and on the walls that run along them, because what is
left beside such a wall costs another strip. Cutting a line at the walls gives the strips; cells appear by themselves
when the strips are put into an order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

Floats = NDArray[np.float64]

_STEP: Final = 1 / 10
"""Distance between two places that a line may have (swaths)."""

_LEFT_OVER: Final = 0.12
"""So much left beside a wall (swaths) costs as much as a strip along it."""

_SLANTED: Final = 0.5
"""A wall steeper to the lines than this is met by their ends: no place of the lines serves it better."""

_ASLANT, _SQUARE = 0.6, 0.1
"""Metres of detours for a metre of wall that strips meet aslant, and at a right angle."""

_NUDGE: Final = 1e-6
"""A line on a wall is moved into the area by so much (swaths), so that it crosses the wall's ends properly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strips:
    """Straight drives at one angle (rad). `ends` is (n, 2, 2) in site coordinates, `lines` numbers their lines.

    `cost` compares angles: metres of strips and turns, and what walls left uncovered will cost, roughly.
    """

    angle: float
    ends: Floats
    lines: NDArray[np.int64]
    cost: float


def sweep_angles(centres: Polygon, most: int = 6) -> list[float]:
    """Directions worth sweeping in, in [0, π): along the longest walls, square to them, and of the tightest box."""
    rings = [np.asarray(ring.coords) for ring in (centres.exterior, *centres.interiors)]
    steps = np.concatenate([np.diff(ring, axis=0) for ring in rings])
    lengths, headings = np.hypot(*steps.T), np.arctan2(steps[:, 1], steps[:, 0]) % (math.pi / 2)
    box = shapely.minimum_rotated_rectangle(centres)
    found: list[float] = []
    wanted: list[float] = []
    while len(wanted) < most // 2 - 1 and np.any(lengths > 0.0):
        # The longest wall gives the exact direction, all that are nearly parallel or square to it the weight.
        weights = [lengths[np.abs(np.sin(2 * (headings - headings[k]))) < 0.04].sum() for k in range(len(headings))]
        parallel = np.abs(np.sin(2 * (headings - headings[int(np.argmax(weights))]))) < 0.04
        wanted.append(float(headings[int(np.argmax(np.where(parallel, lengths, 0.0)))]))
        lengths = np.where(parallel, 0.0, lengths)
    if isinstance(box, Polygon):
        corners = np.asarray(box.exterior.coords)
        step = max(np.diff(corners, axis=0), key=lambda step: math.hypot(*step))
        wanted = [*wanted, math.atan2(step[1], step[0])]
    for angle in wanted:
        for turned in (angle % math.pi, (angle + math.pi / 2) % math.pi):
            if all(abs(math.sin(turned - other)) > 0.02 for other in found):
                found.append(turned)
    return found


def strips(centres: Polygon, swath: float, angle: float, spacing: float = 1.0) -> Strips:
    """Strips at `angle`, their lines at most `spacing` swaths apart."""
    edges = _edges(centres, angle)
    widest = swath * spacing
    places = _candidates(edges, swath)
    lengths, crossings = _profile(edges, places)
    chosen, lost = _place(edges, places, lengths + 0.5 * swath * crossings, widest, swath)
    pieces: list[tuple[int, float, float, float]] = []
    for number, v in enumerate(places[chosen]):
        ends = _crossings(edges, v)
        pieces += [(number, left, right, v) for left, right in zip(ends[::2], ends[1::2], strict=True)]
    flat = np.array([[(left, v), (right, v)] for _, left, right, v in pieces]).reshape(-1, 2, 2)
    cos, sin = math.cos(angle), math.sin(angle)
    ends_xy = np.stack([flat[..., 0] * cos - flat[..., 1] * sin, flat[..., 0] * sin + flat[..., 1] * cos], axis=-1)
    cost = float(np.sum(lengths[chosen]) + swath * len(pieces) + lost + _left_at_ends(edges))
    return Strips(angle=angle, ends=ends_xy, lines=np.array([p[0] for p in pieces], dtype=np.int64), cost=cost)


def _left_at_ends(edges: Floats) -> float:
    """Metres that finishing will cost along the walls that strips end at: the most at those that they meet aslant."""
    along, across = np.abs(edges[:, 2] - edges[:, 0]), np.abs(edges[:, 3] - edges[:, 1])
    lengths = np.maximum(np.hypot(along, across), 1e-12)
    return float(np.sum((_ASLANT * 2 * along + _SQUARE * across) * across / lengths))


def _edges(centres: Polygon, angle: float) -> Floats:
    """All walls as rows (u1, v1, u2, v2), the area on their left; u along the strips, v across."""
    cos, sin = math.cos(angle), math.sin(angle)
    oriented = shapely.geometry.polygon.orient(centres)
    rows = []
    for ring in (oriented.exterior, *oriented.interiors):
        xy = np.asarray(ring.coords)
        uv = np.stack([xy[:, 0] * cos + xy[:, 1] * sin, xy[:, 1] * cos - xy[:, 0] * sin], axis=1)
        rows.append(np.hstack([uv[:-1], uv[1:]]))
    return np.vstack(rows)


def _candidates(edges: Floats, swath: float) -> Floats:
    """Where a line may be: on a grid from the lowest wall, on each wall along the lines, and whole swaths from it."""
    low, high = float(edges[:, [1, 3]].min()), float(edges[:, [1, 3]].max())
    nudge = min(_NUDGE * swath, (high - low) / 4)
    grid = np.arange(low + nudge, high, _STEP * swath)
    flat = np.abs(edges[:, 3] - edges[:, 1]) <= 0.02 * np.abs(edges[:, 2] - edges[:, 0])
    walls = edges[flat & (np.abs(edges[:, 2] - edges[:, 0]) > 0.25 * swath)]
    lower = walls[:, 2] > walls[:, 0]
    inside = np.where(lower, np.maximum(walls[:, 1], walls[:, 3]) + nudge, np.minimum(walls[:, 1], walls[:, 3]) - nudge)
    ladders = [inside + k * swath for k in (-2, -1, 0, 1, 2)]
    places = np.unique(np.round(np.concatenate([grid, [high - nudge], *ladders]), 9))
    return np.asarray(places[(places > low) & (places < high)])


def _profile(edges: Floats, places: Floats) -> tuple[Floats, Floats]:
    """Length of the area's cut at each place, and how many pieces it has."""
    lengths, pieces = np.zeros(len(places)), np.zeros(len(places))
    for u1, v1, u2, v2 in edges:
        if v1 == v2:
            continue
        first, last = np.searchsorted(places, (min(v1, v2), max(v1, v2)))
        along = u1 + (places[first:last] - v1) * (u2 - u1) / (v2 - v1)
        lengths[first:last] += along if v2 > v1 else -along
        pieces[first:last] += 0.5
    return lengths, pieces


def _crossings(edges: Floats, v: float) -> list[float]:
    """Where the line at `v` enters and leaves the area, in turn."""
    v1, v2 = edges[:, 1], edges[:, 3]
    hit = edges[((v1 <= v) & (v < v2)) | ((v2 <= v) & (v < v1))]
    return sorted(hit[:, 0] + (v - hit[:, 1]) * (hit[:, 2] - hit[:, 0]) / (hit[:, 3] - hit[:, 1]))


def _place(
    edges: Floats, places: Floats, costs: Floats, widest: float, swath: float
) -> tuple[NDArray[np.int64], float]:
    """Indices of the cheapest places for lines at most `widest` apart, and what the walls between them cost."""
    low_at, low_length = _walls(edges, swath, lower=True)
    high_at, high_length = _walls(edges, swath, lower=False)

    def left_over(distance: Floats) -> Floats:
        return 1.3 * np.minimum(distance / (_LEFT_OVER * swath), 1.0)

    count = len(places)
    reach = widest * (1 + 1e-9)
    firsts = np.searchsorted(places, places - reach)
    above: list[Floats] = []  # what upper walls between place i and each later one cost with i the last line below
    for i in range(count):
        last = int(np.searchsorted(places, places[i] + reach, side="right"))
        start, stop = np.searchsorted(high_at, (places[i], places[i] + reach))
        sums = np.concatenate([[0.0], np.cumsum(high_length[start:stop] * left_over(high_at[start:stop] - places[i]))])
        above.append(sums[np.searchsorted(high_at[start:stop], places[i + 1 : last])])
    best, came, lost = np.full(count, np.inf), np.full(count, -1), np.zeros(count)
    lowest, highest = edges[:, [1, 3]].min(), edges[:, [1, 3]].max()
    for j in range(count):
        start, stop = np.searchsorted(low_at, (places[j] - reach, places[j]), side="right")
        sums = np.cumsum((low_length[start:stop] * left_over(places[j] - low_at[start:stop]))[::-1])[::-1]
        sums = np.concatenate([sums, [0.0]])
        if places[j] - lowest <= reach:
            best[j] = lost[j] = sums[0]
        first = firsts[j]
        if first < j:
            below = sums[np.searchsorted(low_at[start:stop], places[first:j], side="right")]
            gaps = below + np.array([above[i][j - i - 1] for i in range(first, j)])
            totals = best[first:j] + gaps
            k = int(np.argmin(totals))
            if totals[k] < best[j]:
                best[j], came[j], lost[j] = totals[k], first + k, lost[first + k] + gaps[k]
        best[j] += costs[j]
    ends = np.full(count, np.inf)
    for i in range(count):
        if highest - places[i] <= reach:
            start, stop = np.searchsorted(high_at, (places[i], places[i] + reach))
            ends[i] = np.sum(high_length[start:stop] * left_over(high_at[start:stop] - places[i]))
    last = int(np.argmin(best + ends))
    total_lost = float(lost[last] + ends[last])
    chosen = []
    while last >= 0:
        chosen.append(last)
        last = int(came[last])
    return np.array(chosen[::-1], dtype=np.int64), total_lost


def _walls(edges: Floats, swath: float, *, lower: bool) -> tuple[Floats, Floats]:
    """Places and lengths, in small parts, of the walls below (or above) the area that run along the lines."""
    along, across = edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1]
    wanted = ((along > 0.0) if lower else (along < 0.0)) & (np.abs(across) <= _SLANTED * np.abs(along))
    at, length = [np.empty(0)], [np.empty(0)]
    for u1, v1, u2, v2 in edges[wanted]:
        parts = 1 + int(abs(v2 - v1) / (0.5 * _STEP * swath))
        at.append(v1 + (v2 - v1) * (np.arange(parts) + 0.5) / parts)
        length.append(np.full(parts, abs(u2 - u1) / parts))
    places, lengths = np.concatenate(at), np.concatenate(length)
    order = np.argsort(places, kind="stable")
    return places[order], lengths[order]
