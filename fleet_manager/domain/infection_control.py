"""Who may enter where, and where goods may go: infection control for the delivery task.

Zone classes follow the three-zones-two-passages scheme (三区两通道): clean, semi-contaminated, contaminated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fleet_manager.domain.tasks import Item
from maps.model import CarrierKind, Disposition, Fleet, ItemClass, ItemClassId, Site, WaypointId, ZoneClass

SOILING: Final = frozenset({ZoneClass.CONTAMINATED, ZoneClass.ISOLATION})
"""Zone classes after which nothing goes back into a clean zone without decontamination."""


def dedicated(fleet: Fleet) -> bool:
    """Whether a fleet lives in contaminated or isolation zones: its robots come out to transfer points only."""
    return fleet.carrier is not CarrierKind.PERSON and bool(fleet.zones & SOILING)


def refusal(fleet: Fleet, place: WaypointId, classes: frozenset[ZoneClass], site: Site) -> str | None:
    """Why a fleet never serves a place, or None when it does."""
    if fleet.carrier is CarrierKind.PERSON:
        return None
    soiling = bool(classes & SOILING)
    if dedicated(fleet) and not soiling and place not in site.transfer_points:
        return f"is kept for isolation and does not come to {place}"
    if not dedicated(fleet) and soiling:
        return f"does not enter the isolation zone of {place}"
    return None


_STRICTEST_FIRST: Final = (Disposition.HOLD, Disposition.QUARANTINE, Disposition.CONTINUE, Disposition.RETURN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where goods on board go now; `place` None: hold them where the carrier is and call a person."""

    place: WaypointId | None
    because: str


def disposition(item: Item, site: Site, *, uncollected: bool) -> Disposition:
    """What the item's class says; goods without a class return to the sender, of an unknown class are held."""
    if item.item_class is None:
        return Disposition.RETURN
    known: ItemClass | None = site.item_classes.get(ItemClassId(item.item_class))
    if known is None:
        return Disposition.HOLD
    return known.on_uncollected if uncollected else known.on_cancel


def destination(
    items: Iterable[Item],
    site: Site,
    *,
    pickup: WaypointId,
    dropoff: WaypointId,
    exposure: frozenset[ZoneClass],
    uncollected: bool,
) -> Destination:
    """Where a carrier brings goods whose delivery is cancelled or that nobody collected.

    The strictest of the items' classes decides for all of them: hold, quarantine, go on, return. Nothing that was in
    a contaminated or isolation zone returns. Uncollected goods that should go on stay where they are.
    """
    said = {disposition(item, site, uncollected=uncollected): item for item in items}
    what = next(d for d in _STRICTEST_FIRST if d in said)
    name = said[what].name
    if what is Disposition.RETURN and exposure & SOILING:
        what = Disposition.HOLD if uncollected else Disposition.CONTINUE
        name = f"{name} has been in a contaminated zone and"
    match what:
        case Disposition.RETURN:
            return Destination(place=pickup, because=f"{name} goes back to {pickup}")
        case Disposition.QUARANTINE if site.quarantine is not None:
            return Destination(place=site.quarantine, because=f"{name} goes to quarantine at {site.quarantine}")
        case Disposition.CONTINUE if not uncollected:
            return Destination(place=dropoff, because=f"{name} goes on to {dropoff}")
        case _:
            return Destination(place=None, because=f"{name} is held where it is until a person takes it")
