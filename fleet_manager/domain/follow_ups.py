"""Follow-ups: what a difference at a hand-over leaves to be cleared up, until somebody writes down how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from fleet_manager.domain.tasks import Actor, ItemId, TaskId
from maps.model import RobotId, WaypointId

FollowUpId = NewType("FollowUpId", str)


class FollowUpState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class Difference(StrEnum):
    """What a person found of an item, that a bag does not weigh what it did where it was collected, or that a patient
    did not take a meal.
    """

    SHORT = "short"
    DAMAGED = "damaged"
    REFUSED = "refused"
    WEIGHT = "weight"
    NOT_TAKEN = "not_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """`what` differed when `actor` took or gave the item at `place`, in `detail` where that is known; `note` says how
    it ended.
    """

    id: FollowUpId
    task: TaskId
    item: ItemId
    name: str
    what: Difference
    place: WaypointId
    robot: RobotId
    actor: Actor
    opened_at: datetime
    detail: str = ""
    state: FollowUpState = FollowUpState.OPEN
    closed_at: datetime | None = None
    closed_by: str | None = None
    note: str = ""
