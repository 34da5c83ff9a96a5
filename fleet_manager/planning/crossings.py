"""How long a robot needs to get over a street."""

from __future__ import annotations

from math import pi
from typing import Final

from maps.model import Fleet, Lane

MARGIN: Final = 3.0
"""Seconds of green beyond the time that a robot needs: its orders take a moment, and wheels slip."""


def crossing_time(lane: Lane, fleet: Fleet) -> float:
    """Seconds from the order at one kerb, standing and perhaps turned away, until it stands at the other one."""
    speed = fleet.speed if lane.speed_limit is None else min(fleet.speed, lane.speed_limit)
    return pi / 2.0 / fleet.turn_speed + lane.length / speed + speed / fleet.acceleration + MARGIN
