"""Closures: lanes that robots keep out of for a while, whoever or whatever closed them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from fleet_manager.domain.tasks import Actor, TaskId
from maps.model import CrossingId, FleetId, LaneId, LevelId, LiftId, Ring, RobotId, WaypointId, ZoneId

ClosureId = NewType("ClosureId", str)


class ClosureKind(StrEnum):
    """Who or what closes: a person, something in a robot's way, a lift or a crossing's signal that does not answer, a
    bed, a fire alarm, a zone that was sprayed; a detour that a person had one robot make, a pause.
    """

    PERSON = "person"
    BLOCKED = "blocked"
    LIFT = "lift"
    CROSSING = "crossing"
    RESERVED = "reserved"
    ALARM = "alarm"
    WET = "wet"
    DETOUR = "detour"
    PAUSED = "paused"


_STRICT: Final = frozenset({ClosureKind.PERSON, ClosureKind.ALARM, ClosureKind.WET})


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A polygon on a level, in metres of the site frame; its last point need not repeat the first."""

    level: LevelId
    polygon: Ring


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A zone, a fleet, or (neither) the whole site stands still; `robots` are those that were paused for it."""

    zone: ZoneId | None = None
    fleet: FleetId | None = None
    robots: tuple[RobotId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """`lanes` are closed until `until` (None: until somebody or something ends it).

    `inside` are the waypoints that nobody may stay at; `exits` those of the lanes by which a robot there still leaves.
    `area` is what the person drew, `lift` the car whose doorways the lanes are, `crossing` the street that they cross.
    A detour is closed for its `robot` alone; what is closed for the sake of `task` is not for the robot that does it.
    A `pause` may close no lanes: its robots stand still.
    """

    id: ClosureId
    kind: ClosureKind
    lanes: tuple[LaneId, ...]
    inside: tuple[WaypointId, ...] = ()
    exits: tuple[LaneId, ...] = ()
    area: Area | None = None
    lift: LiftId | None = None
    crossing: CrossingId | None = None
    robot: RobotId | None = None
    pause: Pause | None = None
    task: TaskId | None = None
    since: datetime
    until: datetime | None
    reason: str
    actor: Actor

    @property
    def strict(self) -> bool:
        """Whether robots keep out even when they have no other way; otherwise they go there and wait."""
        return self.kind in _STRICT

    @property
    def gated(self) -> bool:
        """Whether no robot is let onto its lanes: those that have no other way wait before them."""
        return self.strict or self.kind is ClosureKind.PAUSED

    def concerns(self, robot: RobotId | None) -> bool:
        """Whether it is closed for this robot too."""
        return self.robot is None or self.robot == robot

    def keeps_out(self, task: TaskId | None) -> bool:
        """Whether it holds for a robot that works for `task`."""
        return self.task is None or self.task != task

    def shuts(self, start: WaypointId | None) -> tuple[LaneId, ...]:
        """The lanes that are closed for a robot that stands at `start`."""
        if start in self.inside:
            return tuple(lane for lane in self.lanes if lane not in self.exits)
        return self.lanes

    @property
    def text(self) -> str:
        """Until when and why, as people say it."""
        until = f" until {self.until:%H:%M} UTC" if self.until is not None else ""
        return f"closed{until}: {self.reason}"
