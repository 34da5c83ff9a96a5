"""The transform between a site and a robot's map, fitted to places known in both.

Least squares over rotation and translation (Kabsch, Acta Crystallographica A32, 1976; with scale: Umeyama, IEEE TPAMI
13(4), 1991). Scale and mirroring are no part of a map frame: they are only looked at, to tell why a fit is bad.
"""

from __future__ import annotations

import cmath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maps.errors import MapContentError
from maps.model import FrameTransform, Point

_Places: TypeAlias = NDArray[np.complex128]
"""Points of the plane as complex numbers."""

_Distances: TypeAlias = NDArray[np.floating]

LEAST_PAIRS: Final = 3

GOOD_FIT: Final = 0.15
"""Root mean square of the residuals (m) of pairs measured with care: a localised robot's error, and a hand's."""

_SCALE_TOLERANCE: Final = 0.01
_OUTLIER_GAIN: Final = 3.0
"""Without an outlier the other pairs fit so many times better."""

_LEAST_WIDTH: Final = 1.0
"""Pairs that extend less far (m) across than this are on a line, as well as anybody can measure."""

_LEAST_EXTENT: Final = 2.0
"""Pairs nearer to each other (m) say little about the direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One place: what people call it, where it is on the site, and where on the robot's map (m)."""

    name: str
    site: Point
    map: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """`frame` takes the site frame to the map frame. `residuals` (m) are in the order of the pairs.

    `scale` is how many times longer distances are on the robot's map, were it free; `warnings` say what to look at.
    """

    frame: FrameTransform
    residuals: tuple[float, ...]
    rms: float
    scale: float
    warnings: tuple[str, ...]


def align(pairs: Sequence[Pair]) -> Alignment:
    """Raises MapContentError for fewer than three pairs, or pairs all on one spot."""
    if len(pairs) < LEAST_PAIRS:
        raise MapContentError(
            f"{len(pairs)} pairs of places are too few",
            remedy=f"Give at least {LEAST_PAIRS}, far apart and not on a line",
        )
    site, seen = (np.array([complex(*place) for place in places]) for places in _columns(pairs))
    if np.ptp(site.real) + np.ptp(site.imag) < 1e-6 or np.ptp(seen.real) + np.ptp(seen.imag) < 1e-6:
        raise MapContentError("all pairs lie on one spot", remedy="Choose places far apart from each other")
    turn, shift = _rigid(site, seen)
    residuals = np.abs(site * turn + shift - seen)
    return Alignment(
        frame=FrameTransform(x=float(shift.real), y=float(shift.imag), rotation=cmath.phase(complex(turn))),
        residuals=tuple(residuals.tolist()),
        rms=_rms(residuals),
        scale=_scale(site, seen),
        warnings=tuple(_warnings(pairs, site, seen, residuals)),
    )


def _columns(pairs: Sequence[Pair]) -> tuple[list[Point], list[Point]]:
    return [pair.site for pair in pairs], [pair.map for pair in pairs]


def _rigid(site: _Places, seen: _Places) -> tuple[complex, complex]:
    """The unit number that turns `site` into `seen`, and the shift after it."""
    centre, image = complex(site.mean()), complex(seen.mean())
    product = complex(np.vdot(site - centre, seen - image))
    turn = product / abs(product) if abs(product) > 1e-12 else 1.0 + 0.0j
    return turn, image - centre * turn


def _scale(site: _Places, seen: _Places) -> float:
    centred = site - site.mean()
    return float(abs(np.vdot(centred, seen - seen.mean())) / np.vdot(centred, centred).real)


def _rms(residuals: _Distances) -> float:
    return float(np.sqrt(np.mean(np.square(residuals))))


def _fit(site: _Places, seen: _Places) -> float:
    turn, shift = _rigid(site, seen)
    return _rms(np.abs(site * turn + shift - seen))


def _warnings(pairs: Sequence[Pair], site: _Places, seen: _Places, residuals: _Distances) -> Iterator[str]:
    rms = _rms(residuals)
    along, across = _extents(site)
    if along < _LEAST_EXTENT:
        yield f"The pairs lie within {along:.1f} m: the direction is uncertain. Choose places far apart."
    if across < _LEAST_WIDTH:
        yield "The pairs lie on one line: a mirrored map would fit as well. Add a place to the side of it."
    elif rms > GOOD_FIT and (mirrored := _fit(site.conjugate(), seen)) < rms / _OUTLIER_GAIN:
        yield (
            f"Mirrored, the map fits with {mirrored:.2f} m: its y axis points the other way. "
            "Picture coordinates count down, map coordinates up."
        )
        return
    yield from _scale_warning(site, seen, rms)
    if (worst := _outlier(site, seen, rms)) is not None:
        others = _fit(np.delete(site, worst), np.delete(seen, worst))
        yield (
            f"{pairs[worst].name!r} does not fit the others: without it they fit with {others:.2f} m. "
            "Measure it again, or leave it out."
        )
    elif rms > GOOD_FIT:
        yield f"The pairs fit only with {rms:.2f} m. Measure them again while the robot is localised well."


def _extents(site: _Places) -> tuple[float, float]:
    """The greatest extent of the places (m), and the one across it."""
    centred = np.column_stack([site.real, site.imag]) - (site.real.mean(), site.imag.mean())
    _, _, axes = np.linalg.svd(centred)
    spread = centred @ axes.T
    return float(np.ptp(spread[:, 0])), float(np.ptp(spread[:, 1]))


def _scale_warning(site: _Places, seen: _Places, rms: float) -> Iterator[str]:
    scale = _scale(site, seen)
    turn, _ = _rigid(site, seen)
    scaled = _rms(np.abs((site - site.mean()) * turn * scale - (seen - seen.mean())))
    if abs(scale - 1.0) <= _SCALE_TOLERANCE or scaled > 0.5 * rms:
        return
    if scale > 2.0 or scale < 0.5:
        yield (
            f"Distances on the robot's map are {scale:.3g} times those of the site: "
            "is one of them in pixels, or with another resolution?"
        )
    else:
        yield (
            f"Distances on the robot's map are {abs(scale - 1.0):.1%} {'longer' if scale > 1.0 else 'shorter'}: "
            "check the resolution of its map and the wheel diameter that it was made with."
        )


def _outlier(site: _Places, seen: _Places, rms: float) -> int | None:
    """The pair without which the others fit far better; three pairs cannot tell."""
    if len(site) <= LEAST_PAIRS or rms <= GOOD_FIT:
        return None
    without = [_fit(np.delete(site, i), np.delete(seen, i)) for i in range(len(site))]
    best = int(np.argmin(without))
    return best if without[best] * _OUTLIER_GAIN < rms else None
