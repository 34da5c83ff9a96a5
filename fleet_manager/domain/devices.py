"""Doors and lifts as the fleet manager remembers them from one session to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from maps.model import CrossingId, DoorId, LiftId, RobotId


class TurnCause(StrEnum):
    """Why a robot left the line for a lift: the car was full, or somebody asked it to give way (让梯)."""

    FULL = "full"
    GIVE_WAY = "give_way"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedAway:
    """A robot that asks for a lift again at `until`. `times` counts how often in a row that was for the same cause."""

    robot: RobotId
    cause: TurnCause
    until: datetime
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """`fencing` is the number of its newest session; it only grows, through all restarts.

    Of a lift, `turned_away` holds the robots that left its line and have not boarded it since; `full` counts how often
    a robot found it full.
    """

    id: DoorId | LiftId | CrossingId
    fencing: int = 0
    turned_away: tuple[TurnedAway, ...] = ()
    full: int = 0

    def turn_of(self, robot: RobotId) -> TurnedAway | None:
        return next((turn for turn in self.turned_away if turn.robot == robot), None)

    def without_turn_of(self, robot: RobotId) -> Device:
        return replace(self, turned_away=tuple(turn for turn in self.turned_away if turn.robot != robot))
