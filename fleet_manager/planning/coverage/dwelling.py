"""Where to stand and for how long: the linear program of dwell times, and fewer stops for less driving.

The dose of each target is the sum over the stops of irradiance × dwell. With every free cell as a stop the program's
optimum is the least dwell time there is, the *bound*; its stops are many and near each other. The shortest ones are
then given up, many at a time at first, then one by one, as long as the time in all (dwell, solved again over the stops
that are left, and driving) falls and dwell stays within `SLACK` of the bound. Solved by HiGHS.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import linprog

from fleet_manager.planning.coverage.lamp import Floats
from fleet_manager.planning.coverage.tour import Tours

SLACK: Final = 1.04
"""Dwell time over the bound that fewer stops may cost; 1.05 is promised, the rest is for rounding."""

_TRIED: Final = 12
"""Stops with the least dwell that are tried one by one; long ones cannot be missed."""

_NO_TIME: Final = 1e-9
"""Share of the bound below which a stop is none."""

_TIGHT: Final = 1.5
"""Targets with at most so many times their dose are likely to decide; the others are looked at afterwards."""


@dataclass(frozen=True, slots=True)
class Dwelling:
    """Dwell times (s per J/m² of dose) at cells in driving order. `costs` are what each target adds to the bound."""

    cells: tuple[int, ...]
    dwell: tuple[float, ...]
    bound: float
    costs: Floats


def least_time(irradiance: Floats, tours: Tours, dose: float) -> Dwelling:
    """Stops that give every target `dose` (J/m²) in little time.

    `irradiance` has a row per cell and a column per target; each target gets light from some cell.
    """
    program = _Program(irradiance)
    choice = _Choice.of(program.first, tours, dose)
    most = SLACK * program.bound
    while (better := _with_fewer(choice, program, tours, dose, most)) is not None:
        choice = better
    dwell = dict(choice.stops)
    return Dwelling(
        cells=choice.order,
        dwell=tuple(dwell[cell] for cell in choice.order),
        bound=program.bound,
        costs=program.costs,
    )


_Stops = tuple[tuple[int, float], ...]
"""Cells and their dwell times (s per J/m²)."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """Stops in the order of their cells, the order to drive them in, and the time in all."""

    stops: _Stops
    order: tuple[int, ...]
    time: float

    @classmethod
    def of(cls, stops: _Stops, tours: Tours, dose: float) -> _Choice:
        order = tours.shortest([cell for cell, _ in stops])
        return cls(stops, order, dose * sum(time for _, time in stops) + tours.length(order))


def _with_fewer(choice: _Choice, program: _Program, tours: Tours, dose: float, most: float) -> _Choice | None:
    """A better choice after giving some stops up; None when none is found."""
    by_dwell = [cell for cell, _ in sorted(choice.stops, key=lambda stop: (stop[1], stop[0]))]
    many = len(by_dwell) // 4
    while many > 1:
        fewer = next(_without(choice, [by_dwell[:many]], program, tours, dose, most), None)
        if fewer is not None and fewer.time < choice.time:
            return fewer
        many //= 2
    found = _without(choice, [[cell] for cell in by_dwell[:_TRIED]], program, tours, dose, most)
    best = min(found, key=lambda one: (one.time, one.order), default=choice)
    return best if best.time < choice.time else None


def _without(
    choice: _Choice, given_up: Sequence[Collection[int]], program: _Program, tours: Tours, dose: float, most: float
) -> Iterator[_Choice]:
    """What is left of a choice without each of these sets of cells, where that is bright enough."""
    for lost in given_up:
        stops = program.solve([cell for cell, _ in choice.stops if cell not in lost])
        if stops is not None and sum(time for _, time in stops) <= most:
            yield _Choice.of(stops, tours, dose)


class _Program:
    """The linear program over all cells (`first`, `bound` and `costs`), and over some of them."""

    def __init__(self, irradiance: Floats) -> None:
        self._light = irradiance.T
        every = np.arange(len(irradiance))
        found = linprog(np.ones(len(every)), A_ub=-self._light, b_ub=-np.ones(len(self._light)), method="highs")
        assert found.x is not None  # enough time gives any dose
        self.first = self._stops(every.tolist(), found.x)
        self.bound = sum(time for _, time in self.first)
        self.costs = -np.asarray(found.ineqlin.marginals, dtype=np.float64)
        self._tight = self._light @ found.x <= _TIGHT

    def solve(self, cells: Sequence[int]) -> _Stops | None:
        """The least dwell times with stops at some of `cells`; None when a target stays dark."""
        light = self._light[:, cells]
        if not cells or not light.any(axis=1).all():
            return None
        while True:
            rows = light[self._tight]
            found = linprog(np.ones(len(cells)), A_ub=-rows, b_ub=-np.ones(len(rows)), method="highs")
            if found.x is None:
                return None
            missed = light @ found.x < 1.0 - 1e-7
            if not (missed & ~self._tight).any():
                return self._stops(cells, found.x)
            self._tight = self._tight | missed

    def _stops(self, cells: Sequence[int], times: Floats) -> _Stops:
        """Stretched by what the solver's tolerance leaves missing, so that every target gets its dose."""
        times = times / min(1.0, float((self._light[:, cells] @ times).min()))
        least = _NO_TIME * times.sum()
        return tuple((int(cell), float(time)) for cell, time in zip(cells, times, strict=True) if time > least)
