"""What else people ask for in an explored hospital, beside deliveries, and who gets in the way of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from fleet_manager.domain.tasks import TreatmentMethod
from maps.model import Flow, Site, ZoneKind
from sim.random_services import SPRAYED, SPRAYERS
from sim.scenario_people import People
from sim.scenario_rooms import LampCheck, RoomVisitor
from sim.scenario_tasks import Announcement, Collection, Disinfection, Guidance, MealRound, Order, OtherTask
from sim.scenario_voices import Dawdler, Sleepers

Clock = Callable[[float], str]
"""The time of day so many seconds after the beginning."""

_ORDER: Final = Order(by="infection-control-li", reason="an outbreak")
_TEXTS: Final = {"zh": "探视时间已结束。", "en": "Visiting hours are over."}


def other_work(seed: int, site: Site, clock: Clock, within: float) -> list[OtherTask]:
    """One or two tasks of each kind that some robot of the site is there for, `within` so many seconds."""
    can = frozenset(name for fleet in site.fleets.values() for name in fleet.capabilities if fleet.robots)
    found: list[OtherTask] = []
    if "uv_disinfection" in can:
        rng = random.Random(f"explore {seed} disinfection")
        found += [
            Disinfection(at=at, zone="isolation", dose=rng.choice((20.0, 100.0))) for at in _times(rng, clock, within)
        ]
    if "spray" in can:
        rng = random.Random(f"explore {seed} spraying")
        order = _ORDER if site.zones[SPRAYED].kind is ZoneKind.OUTDOOR else None
        found += [
            Disinfection(at=at, zone=SPRAYED, method=TreatmentMethod.SPRAY, order=order)
            for at in _times(rng, clock, within)
        ]
    makers: dict[str, Callable[[random.Random, Site, str], OtherTask]] = {
        "meals": _meals,
        "guide": _guidance,
        "announce": _announcement,
    }
    for name, make in makers.items():
        if name in can:
            rng = random.Random(f"explore {seed} {name}")
            found += [make(rng, site, at) for at in _times(rng, clock, within)]
    if any(fleet.flow is Flow.SOILED for fleet in site.fleets.values()):
        rng = random.Random(f"explore {seed} collection")
        found += [_collection(rng, site, at) for at in _times(rng, clock, within)]
    return found


def _times(rng: random.Random, clock: Clock, within: float) -> list[str]:
    return [clock(at) for at in sorted(rng.uniform(0.0, within) for _ in range(rng.randint(1, 2)))]


def bays(site: Site) -> list[str]:
    """Where people are, and goods go."""
    return [place for place in site.waypoints if "bay" in place]


def _meals(rng: random.Random, site: Site, at: str) -> MealRound:
    pickup, *places = rng.sample(bays(site), rng.randint(2, 3))
    return MealRound(at=at, pickup=pickup, places=tuple(places), beds=rng.randint(1, 2))


def _guidance(rng: random.Random, site: Site, at: str) -> Guidance:
    meet_at, to = rng.sample(bays(site), 2)
    return Guidance(at=at, meet_at=meet_at, to=to)


def _announcement(rng: random.Random, site: Site, at: str) -> Announcement:
    places = tuple(rng.sample(bays(site), rng.randint(1, 3)))
    return Announcement(at=at, places=places, texts=_TEXTS, times=rng.randint(1, 2))


def _collection(rng: random.Random, site: Site, at: str) -> Collection:
    dropoff, *places = rng.sample(bays(site), rng.randint(2, 4))
    kinds = [kind.id for kind in site.item_classes.values() if kind.flow is Flow.SOILED]
    return Collection(at=at, places=tuple(places), dropoff=dropoff, item_class=rng.choice(kinds))


# --- people ------------------------------------------------------------------------------------------------


def people_around(seed: int, site: Site, clock: Clock, within: float) -> list[People]:
    """Lamps are checked in the morning; people walk into rooms at any time, oversleep their meals, and dawdle."""
    found: list[People] = []
    if any(fleet.lamp is not None for fleet in site.fleets.values()):
        found.append(LampCheck(at=clock(0.0)))
        found += _visitors(random.Random(f"explore {seed} visitors"), "isolation", clock, within)
    if SPRAYERS in site.fleets:
        found += _visitors(random.Random(f"explore {seed} passers-by"), SPRAYED, clock, within)
    rng = random.Random(f"explore {seed} patience")
    if rng.random() < 0.3:
        found.append(Sleepers(share=rng.choice((0.3, 1.0))))
    if rng.random() < 0.5:
        found.append(Dawdler(after=0.1, minutes=rng.choice((0.5, 3.0, None))))
    return found


def _visitors(rng: random.Random, zone: str, clock: Clock, within: float) -> list[People]:
    times = [rng.uniform(0.0, within) for _ in range(rng.randint(0, 4))]
    minutes = [round(rng.uniform(0.05, 2.0), 2) for _ in times]
    return [RoomVisitor(at=clock(at), zone=zone, minutes=n) for at, n in zip(times, minutes, strict=True)]
