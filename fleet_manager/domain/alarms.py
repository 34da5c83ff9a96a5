"""Fire alarms: while one lasts, robots in its scope keep out of people's way, and lifts are recalled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from fleet_manager.domain.closures import ClosureId
from fleet_manager.domain.tasks import Actor
from maps.model import BuildingId, LevelId, ZoneId

AlarmId = NewType("AlarmId", str)


class AlarmKind(StrEnum):
    FIRE = "fire"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmScope:
    """What an alarm covers: a zone, a building, levels, or, when nothing is named, the whole site."""

    zone: ZoneId | None = None
    building: BuildingId | None = None
    levels: tuple[LevelId, ...] = ()

    @property
    def text(self) -> str:
        if self.zone is not None:
            return f"zone {self.zone}"
        if self.building is not None:
            return f"building {self.building}"
        return f"level {', '.join(self.levels)}" if self.levels else "the whole site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """`recall_level` is where robots leave the lifts; None means each lift's own level of departure.

    `closure` keeps robots out of the scope and out of its lifts while the alarm lasts.
    """

    id: AlarmId
    kind: AlarmKind
    scope: AlarmScope
    recall_level: LevelId | None
    closure: ClosureId
    since: datetime
    actor: Actor

    @property
    def text(self) -> str:
        return f"{self.kind} alarm in {self.scope.text}"
