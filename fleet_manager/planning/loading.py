"""Which compartment takes which item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from fleet_manager.domain.tasks import Item, ItemId
from maps.model import Compartment, ItemClass, ItemClassId


def load(
    items: Iterable[Item],
    compartments: Sequence[Compartment],
    classes: Mapping[ItemClassId, ItemClass],
    apart: Mapping[ItemId, str] = MappingProxyType({}),
) -> dict[ItemId, str] | None:
    """Put each item into the first compartment that has what its class needs and room left; None if one won't fit.

    Items of classes with the most needs are placed first (first-fit decreasing), so that plain goods leave the special
    compartments to those that need them. Goods without a class need nothing special. Items that are for different
    receivers by `apart` share no compartment.
    """
    room = {c.id: c.volume for c in compartments}
    plan: dict[ItemId, str] = {}
    kept_for: dict[str, str | None] = {}

    def needs(item: Item) -> frozenset[str]:
        known = classes.get(item.item_class) if item.item_class else None
        return known.needs if known else frozenset()

    def volume(item: Item) -> float:
        known = classes.get(item.item_class) if item.item_class else None
        return (known.volume if known else 1.0) * item.quantity

    ordered = sorted(items, key=lambda item: (-len(needs(item)), -volume(item), item.id))
    for item in ordered:
        goes_to = apart.get(item.id)
        fits = [c for c in compartments if needs(item) <= c.features and room[c.id] >= volume(item)]
        fits = [c for c in fits if kept_for.get(c.id, goes_to) == goes_to]
        if not fits:
            return None
        chosen = min(fits, key=lambda c: (c.id not in kept_for if apart else False, len(c.features)))
        kept_for[chosen.id] = goes_to
        room[chosen.id] -= volume(item)
        plan[item.id] = chosen.id
    return plan
