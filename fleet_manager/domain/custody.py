"""The chain of custody of an item: who had it, who gave and took it, where, when and with which proof, without a gap.

A chain is kept for each item of each task, whatever the task's kind. It begins with the sender and ends with a person;
every entry but the first says who gave the item away as the robots' loads tell it, so that an item that changed hands
unseen shows as a gap.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Final, NewType

from fleet_manager.domain.missions import MissionId, StepId
from fleet_manager.domain.tasks import Actor, Item, ItemId, ItemOutcome, TaskId
from maps.model import ItemClass, ItemClassId, RobotId, Site, WaypointId

ChainId = NewType("ChainId", str)


class Custody(StrEnum):
    """What happened to an item.

    `changed_carrier` is a carrier that takes it from another, which could not go on or meets it at a transfer point;
    `taken_out` are goods that a person took from the carrier at a place where they should not have gone.
    """

    REGISTERED = "registered"
    RELEASED = "released"
    NOT_RELEASED = "not_released"
    CHANGED_CARRIER = "changed_carrier"
    RECEIVED = "received"
    NOT_RECEIVED = "not_received"
    BROUGHT_BACK = "brought_back"
    QUARANTINED = "quarantined"
    TAKEN_OUT = "taken_out"


ENDS: Final = frozenset({Custody.RECEIVED, Custody.BROUGHT_BACK, Custody.QUARANTINED, Custody.TAKEN_OUT})
"""After these the item is with people, and the chain is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who has an item: the people at a place, or a carrier, in one of its compartments. Exactly one of them is set."""

    place: WaypointId | None = None
    carrier: RobotId | None = None
    compartment: str | None = None

    def __str__(self) -> str:
        if self.carrier is None:
            return f"the people at {self.place}"
        return f"{self.carrier} ({self.compartment or 'in no compartment'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change of custody, or an attempt at it. `giver` None begins the chain; giver and taker are the same where
    nothing changed hands. `actor` signed, and `second` where two persons have to; the proofs are kinds, never secrets.
    `weight` (kg) is that of a bag that was weighed.
    """

    kind: Custody
    time: datetime
    place: WaypointId
    giver: Holder | None
    taker: Holder
    actor: Actor
    proof: str = ""
    second: Actor | None = None
    second_proof: str = ""
    outcome: ItemOutcome | None = None
    weight: float | None = None
    mission: MissionId | None = None
    step: StepId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """All that happened to one item of one task, oldest first."""

    task: TaskId
    item: ItemId
    name: str
    quantity: int
    item_class: ItemClassId | None
    entries: tuple[Entry, ...] = ()

    @property
    def id(self) -> ChainId:
        return chain_id(self.task, self.item)

    @property
    def holder(self) -> Holder | None:
        """Who has the item now."""
        return self.entries[-1].taker if self.entries else None

    @property
    def released_at(self) -> datetime | None:
        """When it was first given to a carrier; its time on the way counts from here, whoever carries it."""
        return next((entry.time for entry in self.entries if entry.kind is Custody.RELEASED), None)

    def extended(self, entry: Entry) -> Chain:
        return replace(self, entries=(*self.entries, entry))


def chain_id(task: TaskId, item: ItemId) -> ChainId:
    return ChainId(f"{task}/{item}")


def gap(chain: Chain, *, ended: bool = False) -> str | None:
    """Where a chain is broken, None when it is whole. Once its task has `ended` no carrier may have the item."""
    if not chain.entries:
        return f"{chain.item} of {chain.task}: nothing is known of it"
    first, last = chain.entries[0], chain.entries[-1]
    if first.kind is not Custody.REGISTERED:
        return f"{chain.item} of {chain.task}: it was {first.kind} before it was known"
    for before, entry in pairwise(chain.entries):
        problem = _break(before, entry)
        if problem is not None:
            return f"{chain.item} of {chain.task}: {problem}"
    if ended and last.taker.carrier is not None:
        return f"{chain.item} of {chain.task}: the task has ended, and {last.taker} still has it"
    return None


def _break(before: Entry, entry: Entry) -> str | None:
    if entry.time < before.time:
        return f"it was {entry.kind} at {entry.time:%H:%M:%S}, before it was {before.kind} at {before.time:%H:%M:%S}"
    if before.kind in ENDS:
        return f"it was {entry.kind} after it had been {before.kind}"
    if entry.giver != before.taker:
        return f"{entry.giver or 'nobody'} gave it at {entry.place}, and {before.taker} had it since {before.kind}"
    return None


# --- what the items' classes ask for -----------------------------------------------------------------------


def classes_of(items: Iterable[Item], site: Site) -> list[ItemClass]:
    """The known classes of some items, each once, in the items' order."""
    named = dict.fromkeys(item.item_class for item in items if item.item_class is not None)
    return [site.item_classes[name] for name in named if name in site.item_classes]


_COLLECTED: Final = 2
"""Who signs for a bag that is collected: somebody of the ward, and a collector."""


def signatures_needed(items: Iterable[Item], site: Site, *, collected: bool = False) -> int:
    """How many persons have to sign when these items change hands: as many as the strictest class asks for.

    Two where waste or linen is `collected`.
    """
    return max((known.signatures for known in classes_of(items, site)), default=1) if not collected else _COLLECTED


def carry_limit(item: Item, site: Site) -> float | None:
    """Seconds that an item may be on the way, None for as long as it takes."""
    known = site.item_classes.get(item.item_class) if item.item_class is not None else None
    return known.maximum_carry_time if known is not None else None
