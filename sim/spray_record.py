"""What a log tells of a sprayer: its refills, how fast it sprayed, and what it took from its battery."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from fleet_manager.domain.events import CommandEnded, Recorded, TankTold, TreatmentSampled
from sim.violations import Motion

_POURED: Final = 1.0
"""Litres more than before that were poured in."""


@dataclass(frozen=True, slots=True)
class Refill:
    """The tank held `before` litres, and `after` it."""

    at: datetime
    before: float
    after: float


def refills(robot: str, log: Iterable[Recorded]) -> list[Refill]:
    tank: float | None = None
    found: list[Refill] = []
    for recorded in log:
        event = recorded.event
        match event:
            case CommandEnded(robot=name, tank=float(told)) if name == robot:
                if tank is not None and told > tank + _POURED:
                    found.append(Refill(recorded.time, tank, told))
                tank = told
            case TankTold(robot=name, tank=told) if name == robot:
                tank = told
            case TreatmentSampled(robot=name, sample=sample) if name == robot and sample.tank is not None:
                tank = sample.tank
    return found


def fastest(log: Iterable[Recorded], motion: Motion, start: datetime) -> tuple[float, str, datetime] | None:
    """The highest speed (m/s) of a robot with its sprayer on, whose and when; None when nobody sprayed."""
    sprayed = list(_sprayed(log))
    found: list[tuple[float, str, datetime]] = []
    for piece in motion.segments:
        at = start + timedelta(seconds=piece.time)
        middle = at + timedelta(seconds=piece.duration / 2.0)
        if any(s.robot == piece.robot and s.began <= middle <= s.ended for s in sprayed):
            speed = max(piece.speed, piece.speed + piece.acceleration * piece.duration)
            found.append((speed, piece.robot, at))
    return max(found, default=None)


def hours_per_charge(robot: str, log: Iterable[Recorded]) -> float | None:
    """How long a whole charge would last while it sprays; None when it did not."""
    sprayed = [s for s in _sprayed(log) if s.robot == robot]
    used = sum(s.charge for s in sprayed)
    seconds = sum((s.ended - s.began).total_seconds() for s in sprayed)
    return seconds / 3600.0 / used if used > 0.0 else None


def charge_used(robot: str, log: Iterable[Recorded]) -> float:
    """Shares of a charge that it took from its battery, for whatever it did."""
    told: list[float] = [
        charge
        for recorded in log
        if getattr(recorded.event, "robot", None) == robot
        and (charge := getattr(recorded.event, "state_of_charge", None)) is not None
    ]
    return sum(max(0.0, before - after) for before, after in pairwise(told))


@dataclass(frozen=True, slots=True)
class _Sprayed:
    robot: str
    began: datetime
    ended: datetime
    charge: float


def _sprayed(log: Iterable[Recorded]) -> Iterator[_Sprayed]:
    """Each way from one reported place to the next with the sprayer on."""
    before: dict[str, TreatmentSampled] = {}
    for recorded in log:
        event = recorded.event
        if not isinstance(event, TreatmentSampled):
            continue
        known = before.get(event.robot)
        if known is not None and known.sample.on and event.sample.tank is not None:
            charge = (known.state_of_charge or 0.0) - (event.state_of_charge or 0.0)
            yield _Sprayed(event.robot, known.sample.at, event.sample.at, charge)
        before[event.robot] = event
