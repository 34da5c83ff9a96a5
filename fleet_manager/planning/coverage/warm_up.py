"""How much a lamp gives while it warms up: its output rises evenly from nothing to full in `warm_up` seconds."""

from __future__ import annotations

import math


def full_output_time(age: float, duration: float, warm_up: float) -> float:
    """Seconds at full output that give as much as `duration` seconds of a lamp that was switched on `age` s before."""
    return _given(age + duration, warm_up) - _given(age, warm_up)


def stay_for(dwell: float, age: float, warm_up: float) -> float:
    """How long (s) a lamp switched on `age` s before has to shine to give as much as `dwell` seconds at full output."""
    wanted = _given(age, warm_up) + dwell
    end = wanted + warm_up / 2 if wanted >= warm_up / 2 else math.sqrt(2 * warm_up * wanted)
    return end - age


def _given(age: float, warm_up: float) -> float:
    return age**2 / (2 * warm_up) if age < warm_up else age - warm_up / 2
