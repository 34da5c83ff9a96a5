"""Screening people: what a robot observes, and when that is a cue for a person to look again.

A cue is no diagnosis. It holds neither a name nor an image: a person goes there, measures again and closes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from fleet_manager.domain.inspections import Visit
from fleet_manager.domain.tasks import Actor, TaskId
from maps.model import ScreeningRules, WaypointId

CueId = NewType("CueId", str)


class ObservationKind(StrEnum):
    TEMPERATURE = "temperature"
    MASK = "mask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Of one person, `distance` m away in the direction `bearing` (rad, from the robot's heading, left is positive).

    `value` is a skin temperature (°C), or for a mask 1 when it is worn and 0 when it is not. `person` is the number
    that the robot's own tracking gave, good for one inspection. `seen_from` says which robot saw it, where and when.
    """

    kind: ObservationKind
    value: float
    distance: float
    bearing: float
    person: str
    seen_from: Visit


def cue_in(seen: Observation, rules: ScreeningRules) -> str | None:
    """What there is to look at again, in words; None when there is nothing."""
    if seen.distance > rules.distance:
        return None
    if seen.kind is ObservationKind.TEMPERATURE:
        return f"a skin temperature of {seen.value:.1f} °C" if seen.value >= rules.temperature else None
    return "a person without a mask" if rules.masks and seen.value < 0.5 else None


class CueState(StrEnum):
    OPEN = "open"
    RECHECKED = "rechecked"


class RecheckResult(StrEnum):
    """What the person found who looked again. `gone`: there was nobody any more."""

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """Something that a person has to look at again, seen at `place` by the robot of `task`.

    `task` is None when the robot could tell of it only after its task was over.
    """

    id: CueId
    task: TaskId | None
    place: WaypointId
    seen: Observation
    opened_at: datetime
    state: CueState = CueState.OPEN
    rechecked_at: datetime | None = None
    rechecked_by: Actor | None = None
    result: RecheckResult | None = None
    note: str = ""
