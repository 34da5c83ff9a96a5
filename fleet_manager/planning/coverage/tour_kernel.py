"""Putting drives that all have to be done into a short order, compiled.

A drive has two ends, 2 i and 2 i + 1, and may be done from either. The moves from one drive's end to the next one's
start are what is made short: 2-opt and or-opt with reversal, and restarts from a locally shuffled order (iterated local
search; Lourenço, Martin, Stützle 2003).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fleet_manager.planning.random_kernel import Rng, below

Ends = NDArray[np.int32]
Distances = NDArray[np.float32]

_LONGEST_CHAIN = 40


@njit(cache=True, nogil=True)
def tour_length(tour: Ends, distances: Distances) -> float:
    """Metres of moves when the drives are begun at the ends `tour`."""
    total = 0.0
    for k in range(len(tour) - 1):
        total += distances[tour[k] ^ 1, tour[k + 1]]
    return total


@njit(cache=True, nogil=True)
def nearest_first(start: int, distances: Distances) -> Ends:
    """Begin at end `start`, and always go on with the nearest drive."""
    count = len(distances) // 2
    tour = np.empty(count, dtype=np.int32)
    done = np.zeros(count, dtype=np.bool_)
    here = start
    for k in range(count):
        tour[k] = here
        done[here >> 1] = True
        leave = here ^ 1
        nearest, found = np.inf, -1
        for end in range(2 * count):
            if not done[end >> 1] and distances[leave, end] < nearest:
                nearest, found = distances[leave, end], end
        if found < 0:
            for end in range(2 * count):
                if not done[end >> 1]:
                    found = end
                    break
        here = found
    return tour


@njit(cache=True, nogil=True)
def _reverse(tour: Ends, first: int, last: int) -> None:
    while first < last:
        tour[first], tour[last] = tour[last] ^ 1, tour[first] ^ 1
        first += 1
        last -= 1
    if first == last:
        tour[first] ^= 1


@njit(cache=True, nogil=True)
def _between(a: int, b: int, distances: Distances) -> float:
    """From leaving drive end `a` to entering `b`; nothing where the tour ends (-1)."""
    return 0.0 if a < 0 or b < 0 else distances[a, b]


@njit(cache=True, nogil=True)
def _two_opt(tour: Ends, distances: Distances) -> bool:
    count, better = len(tour), False
    for i in range(count):
        for j in range(i, count):
            before = tour[i - 1] ^ 1 if i > 0 else -1
            after = tour[j + 1] if j + 1 < count else -1
            old = _between(before, tour[i], distances) + _between(tour[j] ^ 1, after, distances)
            new = _between(before, tour[j] ^ 1, distances) + _between(tour[i], after, distances)
            if new < old - 1e-4:
                _reverse(tour, i, j)
                better = True
    return better


@njit(cache=True, nogil=True)
def _move(tour: Ends, first: int, last: int, gap: int, turned: bool) -> None:
    """Put the drives `first`..`last` before the one at `gap`, which is outside of them."""
    size = last - first + 1
    chain = tour[first : last + 1].copy()
    if turned:
        _reverse(chain, 0, size - 1)
    if gap > last:
        for k in range(last + 1, gap):
            tour[k - size] = tour[k]
        tour[gap - size : gap] = chain
    else:
        for k in range(first - 1, gap - 1, -1):
            tour[k + size] = tour[k]
        tour[gap : gap + size] = chain


@njit(cache=True, nogil=True)
def _or_opt(tour: Ends, distances: Distances) -> bool:
    count, better = len(tour), False
    for size in range(1, min(_LONGEST_CHAIN, count - 1) + 1):
        first = 0
        while first + size <= count:
            last = first + size - 1
            before = tour[first - 1] ^ 1 if first > 0 else -1
            after = tour[last + 1] if last + 1 < count else -1
            head, tail = tour[first], tour[last] ^ 1
            saved = _between(before, head, distances) + _between(tail, after, distances)
            saved -= _between(before, after, distances)
            best, best_gap, best_turned = 1e-4, -1, False
            if saved > best:
                for gap in range(count + 1):
                    if first <= gap <= last + 1:
                        continue
                    left = tour[gap - 1] ^ 1 if gap > 0 else -1
                    right = tour[gap] if gap < count else -1
                    cut = _between(left, right, distances)
                    straight = _between(left, head, distances) + _between(tail, right, distances) - cut
                    turned = _between(left, tail, distances) + _between(head, right, distances) - cut
                    if saved - straight > best:
                        best, best_gap, best_turned = saved - straight, gap, False
                    if saved - turned > best:
                        best, best_gap, best_turned = saved - turned, gap, True
            if best_gap >= 0:
                _move(tour, first, last, best_gap, best_turned)
                better = True
            first += 1
    return better


@njit(cache=True, nogil=True)
def _settle(tour: Ends, distances: Distances) -> None:
    better = True
    while better:
        better = _two_opt(tour, distances)
        better = _or_opt(tour, distances) or better


@njit(cache=True, nogil=True)
def short_tour(tour: Ends, distances: Distances, rng: Rng, restarts: int) -> Ends:
    """A tour not longer than `tour`, after so many restarts from a locally shuffled one."""
    best = tour.copy()
    _settle(best, distances)
    length = tour_length(best, distances)
    count = len(best)
    if count < 4:
        return best
    for _ in range(restarts):
        trial = best.copy()
        width = min(count, 30)
        at = below(rng, count - width + 1)
        a, b, c = at + below(rng, width), at + below(rng, width), at + below(rng, width)
        a, b, c = min(a, b, c), a + b + c - min(a, b, c) - max(a, b, c), max(a, b, c)
        if a < b < c:
            _move(trial, a, b - 1, c, below(rng, 2) == 1)
        else:
            _reverse(trial, a, c)
        _settle(trial, distances)
        found = tour_length(trial, distances)
        if found < length - 1e-4:
            best, length = trial, found
    return best
