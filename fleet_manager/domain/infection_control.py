"""Who may enter where, where goods may go, and what needs decontamination before: infection control.

The rules themselves are site data (`maps.model.InfectionRules`). Zone classes follow the three-zones-two-passages
scheme (三区两通道): clean, semi-contaminated, contaminated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from fleet_manager.domain.robots import Robot
from fleet_manager.domain.tasks import DeliveryTask, Item
from maps.model import CarrierKind, Disposition, Fleet, Flow, ItemClass, ItemClassId, Site, WaypointId, ZoneClass

ClassesAt: TypeAlias = Callable[[WaypointId], frozenset[ZoneClass]]
"""The classes of the zones that a place lies in."""

SOILING: Final = frozenset({ZoneClass.CONTAMINATED, ZoneClass.ISOLATION})
"""Zone classes after which nothing goes back into a clean zone without decontamination."""


def dedicated(fleet: Fleet, site: Site) -> bool:
    """Whether a fleet lives in contaminated or isolation zones: its robots come out to transfer points only."""
    shared = fleet.id in site.infection_rules.shared_fleets
    return fleet.carrier is not CarrierKind.PERSON and bool(fleet.zones & SOILING) and not shared


def stays_inside(fleet: Fleet, site: Site) -> bool:
    """Whether robots of a fleet never serve a clean place, so that they are decontaminated in their own zone.

    Robots that disinfect rooms go wherever they are asked to.
    """
    return dedicated(fleet, site) and bool({"delivery", "meals"} & fleet.capabilities)


def refusal(fleet: Fleet, place: WaypointId, classes: frozenset[ZoneClass], site: Site) -> str | None:
    """Why a fleet never serves a place, or None when it does."""
    if fleet.carrier is CarrierKind.PERSON:
        return None
    soiling = bool(classes & SOILING)
    if dedicated(fleet, site) and not soiling and place not in site.transfer_points:
        return f"is kept for isolation and does not come to {place}"
    if not fleet.zones & SOILING and soiling:
        return f"does not enter the isolation zone of {place}"
    return None


# --- decontamination ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Why a robot has to be decontaminated; `because` reads as what it has done."""

    because: str


def is_clean_place(place: WaypointId, classes: frozenset[ZoneClass], site: Site) -> bool:
    """Whether only a robot without exposure may serve a place: transfer points and quarantine are for the others."""
    exempt = place in site.transfer_points or place == site.quarantine
    return not exempt and not classes & site.infection_rules.leaving


def decontamination_needed(
    robot: Robot, fleet: Fleet, places: Iterable[WaypointId], items: Iterable[Item], site: Site, classes_at: ClassesAt
) -> Need | None:
    """Why a robot has to be decontaminated before it serves these places with these goods, or None."""
    if fleet.carrier is CarrierKind.PERSON:
        return None
    exposed = robot.exposure & site.infection_rules.leaving
    if exposed and any(is_clean_place(place, classes_at(place), site) for place in places):
        return Need(because=f"has been in a zone of class {', '.join(sorted(exposed))}")
    if not may_carry(robot.carried, items, site):
        return Need(because=f"has carried {', '.join(dict.fromkeys(kind for _, kind in robot.carried))}")
    return wipe_down_due(robot, fleet, site)


def decontamination_due(
    robot: Robot, fleet: Fleet, home: WaypointId | None, site: Site, classes_at: ClassesAt
) -> Need | None:
    """Why a robot with nothing to do is decontaminated without being asked for, or None.

    One whose home lies in a soiling zone is exposed there all the time: it waits for a task that needs it clean.
    """
    if fleet.carrier is CarrierKind.PERSON:
        return None
    exposed = robot.exposure & site.infection_rules.leaving
    lives_outside = home is None or not classes_at(home) & site.infection_rules.leaving
    if exposed and lives_outside and not stays_inside(fleet, site):
        return Need(because=f"has been in a zone of class {', '.join(sorted(exposed))}")
    return wipe_down_due(robot, fleet, site)


def wipe_down_due(robot: Robot, fleet: Fleet, site: Site) -> Need | None:
    """Whether a robot has done as many deliveries as it may between two wipe-downs."""
    rules = site.infection_rules
    wiped = rules.wipe_fleets is None or fleet.id in rules.wipe_fleets
    if rules.wipe_after is None or not wiped or robot.deliveries < rules.wipe_after:
        return None
    return Need(because=f"has done {robot.deliveries} deliveries")


def may_carry(carried: Iterable[tuple[str, str]], items: Iterable[Item], site: Site) -> bool:
    """Whether goods may go where `carried` (compartment, item class) were since the last decontamination.

    Waste and other soiled goods, and food, drugs and sterile goods, never share a robot, whichever compartment.
    """
    classes = [ItemClassId(kind) for _, kind in carried] + [i.item_class for i in items if i.item_class is not None]
    soiled = any(_flow(kind, site) is Flow.SOILED for kind in classes)
    return not (soiled and any(kind in site.infection_rules.protected_goods for kind in classes))


def brings_out(task: DeliveryTask, fleet: Fleet, site: Site, classes_at: ClassesAt) -> str | None:
    """Why a robot can't do a whole task: it would come from a soiling zone to a clean place with goods on board."""
    if fleet.carrier is CarrierKind.PERSON:
        return None
    exposed = False
    for stop in task.stops:
        classes = classes_at(stop.place)
        exposed = exposed or bool(classes & site.infection_rules.leaving)
        if exposed and is_clean_place(stop.place, classes, site):
            return f"would come to {stop.place} from an isolation zone without decontamination"
    return None


def _flow(kind: ItemClassId, site: Site) -> Flow:
    known = site.item_classes.get(kind)
    return known.flow if known is not None else Flow.CLEAN


# --- goods that are not delivered --------------------------------------------------------------------------


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
