"""The register of what was collected: every bag of waste or linen, whose it was, what it weighed, and where it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from fleet_manager.domain.tasks import Actor, ItemId, TaskId
from maps.model import ItemClassId, RobotId, WaypointId

BagId = NewType("BagId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedBag:
    """A sealed bag from when it was handed over at `ward` by two persons; weights in kg.

    `received_at` is None while it is on the way; `place` is where it was given out then.
    """

    task: TaskId
    bag: ItemId
    item_class: ItemClassId | None
    ward: WaypointId
    robot: RobotId
    collected_at: datetime
    signed_by: Actor
    second: Actor | None
    weight: float
    place: WaypointId | None = None
    received_at: datetime | None = None
    received_by: Actor | None = None
    received_weight: float | None = None

    @property
    def id(self) -> BagId:
        return bag_id(self.task, self.bag)


def bag_id(task: TaskId, bag: ItemId) -> BagId:
    return BagId(f"{task}/{bag}")
