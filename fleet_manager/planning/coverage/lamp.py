"""Irradiance of a vertical UV-C lamp, as a line source that radiates like a matt cylinder.

Each piece ds of the arc sends I₀·sin θ ds into the direction at the angle θ from the axis: the assumption behind
Keitz's formula for the power of tubular lamps (H. A. E. Keitz, Light Calculations and Measurements, 2nd ed., 1971), to
which the integral below comes down for a surface that faces the lamp's middle. For a surface at the horizontal
distance r, whose normal has the part c towards the axis and the part n upwards, and s the height over the surface:

    E = I₀ · r · ∫ (c·r + n·s) / (r² + s²)² ds

taken over the part of the arc that the surface sees. Both integrals are elementary. I₀ follows from one irradiance of
the data sheet. Far away E falls with 1/r², close to a long lamp with 1/r.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from maps.model import UvLamp

Floats: TypeAlias = NDArray[np.float64]

_NEAREST = 1e-3
"""Metres from the axis; nothing is nearer to a lamp."""


def bottom(lamp: UvLamp) -> float:
    """Height of the arc's lower end (m)."""
    return lamp.height - lamp.length / 2


def strength(lamp: UvLamp) -> float:
    """I₀ (W/sr per metre of arc); raises ValueError for a lamp without calibration."""
    if lamp.irradiance is None:
        raise ValueError("the lamp has no calibration")
    half = np.array([lamp.length / 2])
    distance = np.array([lamp.distance])
    facing, _ = _integrals(distance, -half, half)
    return float(lamp.irradiance / (lamp.distance**2 * facing[0]))


def irradiance(lamp: UvLamp, r: Floats, towards: Floats, upwards: Floats, height: Floats, lowest: Floats) -> Floats:
    """W/m² on surfaces at horizontal distances `r` and `height` (m), that see the arc above `lowest` (m).

    `towards` and `upwards` are the parts of their normals: horizontally to the lamp's axis, and up.
    """
    r = np.maximum(r, _NEAREST)
    low = np.maximum(lowest, bottom(lamp)) - height
    high = np.full_like(low, lamp.height + lamp.length / 2) - height
    with np.errstate(divide="ignore", invalid="ignore"):
        horizon = -towards * r / upwards
    # What lies behind the surface does not shine on it.
    low = np.where(upwards > 0.0, np.maximum(low, horizon), low)
    high = np.where(upwards < 0.0, np.minimum(high, horizon), high)
    lit = (high > low) & ((upwards != 0.0) | (towards > 0.0))
    low, high = np.where(lit, low, 0.0), np.where(lit, high, 0.0)
    facing, rising = _integrals(r, low, high)
    return np.where(lit, strength(lamp) * r * (towards * r * facing + upwards * rising), 0.0)


def _integrals(r: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """∫ ds / (r² + s²)² and ∫ s ds / (r² + s²)² from `low` to `high`."""

    def facing(s: Floats) -> Floats:
        return s / (2 * r**2 * (r**2 + s**2)) + np.arctan(s / r) / (2 * r**3)

    rising = (1 / (r**2 + low**2) - 1 / (r**2 + high**2)) / 2
    return facing(high) - facing(low), rising
