"""Seeded random numbers for compiled kernels, the same in every process and whatever the kernel is split into.

SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014); the state is an array
of one 64-bit number, so that a kernel that is called again goes on where it stopped.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Rng = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_30, _27, _31, _33 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(33)


def seeded(seed: int) -> Rng:
    return np.array([seed % 2**64], dtype=np.uint64)


@njit(cache=True, nogil=True)
def below(rng: Rng, limit: int) -> int:
    """A whole number from 0 to `limit` - 1."""
    rng[0] += _STEP
    mixed = rng[0]
    mixed = (mixed ^ (mixed >> _30)) * _MIX_1
    mixed = (mixed ^ (mixed >> _27)) * _MIX_2
    mixed ^= mixed >> _31
    return int(np.int64(mixed >> _33) % limit)


@njit(cache=True, nogil=True)
def shuffle(rng: Rng, items: NDArray[np.int32], count: int) -> None:
    """Put the first `count` items into a random order."""
    for last in range(count - 1, 0, -1):
        other = below(rng, last + 1)
        items[last], items[other] = items[other], items[last]
