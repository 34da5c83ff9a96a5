"""The tasks that a scenario's demand comes to: the same scenario, site and seed give the same ones."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, product
from types import MappingProxyType
from typing import Final

from fleet_manager.domain.tasks import Priority
from fleet_manager.orchestration.commands import SubmitAny
from maps.model import ItemClassId, Site
from sim.people import delivery
from sim.scenario import Curve, Delivery, Demand, Places, RandomDemand, Round, Scenario, UsualDemand
from sim.scenario_fields import DAY, seconds_after, seconds_of
from sim.scenario_site import start_of
from sim.scenario_tasks import AskedTask

CURVES: Final[Mapping[str, tuple[float, ...]]] = MappingProxyType(
    {
        "even": (1.0,) * 24,
        "day": tuple(n / 10 for n in (1, 1, 1, 1, 1, 2, 5, 9, 10, 10, 9, 8, 7, 7, 8, 8, 8, 7, 5, 4, 3, 2, 1, 1)),
        "morning": tuple(n / 10 for n in (0, 0, 0, 0, 1, 4, 9, 10, 8, 5, 4, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0)),
        "meals": tuple(n / 10 for n in (0, 0, 0, 0, 0, 0, 4, 10, 4, 1, 2, 10, 8, 1, 1, 1, 4, 10, 4, 0, 0, 0, 0, 0)),
    }
)
"""Factors by hour of the day. `day` is the demand of a whole hospital, `morning` that of a laboratory."""


class DemandError(ValueError):
    """The site has no places of the kind that a usual demand needs; the message says which field gives them."""


@dataclass(frozen=True, slots=True)
class Request:
    """One task; `at` in seconds from the scenario's beginning. `group` is what expectations call it."""

    at: float
    group: str | None
    submit: SubmitAny
    words: str


def group_of(demand: Demand) -> str | None:
    """What expectations call the tasks of a demand; usual demand is called by its kind."""
    return demand.name or (demand.kind if isinstance(demand, UsualDemand) else None)


def requests_of(scenario: Scenario, site: Site) -> list[Request]:
    """All tasks that people ask for within the scenario's hours, in order of time. Raises DemandError."""
    start = start_of(scenario, site)

    def moment(clock: str) -> datetime:
        return start + timedelta(seconds=seconds_after(scenario.begin, clock))

    found: list[Request] = []
    for number, demand in enumerate(scenario.demand):
        if isinstance(demand, AskedTask):
            at = seconds_after(scenario.begin, demand.at)
            found += [Request(at, demand.name, command, demand.words) for command in demand.commands(moment)]
            continue
        rng = random.Random(f"{scenario.seed}/demand/{number}")
        part = as_plain(demand, site) if isinstance(demand, UsualDemand) else demand
        found += _deliveries(part, scenario, rng)
    end = scenario.hours * 3600.0
    return sorted((request for request in found if request.at <= end), key=lambda request: request.at)


def _deliveries(demand: Delivery | Round | RandomDemand, scenario: Scenario, rng: random.Random) -> Iterator[Request]:
    pickups, dropoffs = _several(demand.pickup), _several(demand.dropoff)
    times = (
        [seconds_after(scenario.begin, demand.at)] if isinstance(demand, Delivery) else _times(demand, scenario, rng)
    )
    for at in times:
        pairs = [pair for pair in product(pickups, dropoffs) if pair[0] != pair[1]]
        if isinstance(demand, RandomDemand):
            pairs = [rng.choice(pairs)]
        for pickup, dropoff in pairs:
            submit = delivery(pickup, dropoff, demand.item, item_class=demand.item_class, priority=demand.priority)
            yield Request(at, demand.name, submit, f"{pickup} → {dropoff}")


def _several(places: Places) -> tuple[str, ...]:
    return (places,) if isinstance(places, str) else places


def _times(demand: Round | RandomDemand, scenario: Scenario, rng: random.Random) -> Iterator[float]:
    end = scenario.hours * 3600.0
    first = 0.0 if demand.begin is None else seconds_after(scenario.begin, demand.begin)
    last = end if demand.until is None else min(end, seconds_after(scenario.begin, demand.until))
    if isinstance(demand, RandomDemand):
        yield from _random_times(demand, seconds_of(scenario.begin), first, last, rng)
    elif demand.every is not None:
        while first <= last:
            yield first
            first += demand.every * 60.0
    else:
        for clock in demand.at:
            for day in count():
                at = seconds_after(scenario.begin, clock) + day * DAY
                if at > last:
                    break
                if at >= first:
                    yield at


def _random_times(
    demand: RandomDemand, midnight: float, first: float, last: float, rng: random.Random
) -> Iterator[float]:
    """A Poisson process whose rate follows the hours of the day, by thinning (Lewis, Shedler 1979)."""
    curve = _curve(demand.curve)
    most = max(curve)
    if most == 0.0:
        return
    at = first
    while True:
        at += rng.expovariate(demand.per_hour * most / 3600.0)
        if at > last:
            return
        if rng.random() * most < curve[int((midnight + at) % DAY // 3600.0)]:
            yield at


def _curve(curve: Curve) -> tuple[float, ...]:
    return CURVES[curve] if isinstance(curve, str) else curve


# --- what hospitals usually ask for ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Usual:
    """`base` and `wards` are patterns of place names; goods go from the base to the wards, or to it (`collects`).

    Of several patterns the first that some place fits counts.
    """

    item: str
    item_class: str
    base: tuple[str, ...]
    wards: tuple[str, ...] = (r"ward(_\d+[a-z]?)?",)
    collects: bool = False
    priority: Priority = Priority.ROUTINE
    at: tuple[str, ...] = ()
    per_hour: float = 0.0
    curve: Curve = "even"


_USUAL: Final[Mapping[str, _Usual]] = MappingProxyType(
    {
        "medication_rounds": _Usual("medication", "medicine", ("pharmacy",), at=("08:00", "12:00", "18:00", "22:00")),
        "specimens": _Usual(
            "specimen tubes",
            "specimen",
            ("laboratory",),
            collects=True,
            priority=Priority.URGENT,
            per_hour=6.0,
            curve="morning",
        ),
        "meals": _Usual("meals", "meal", ("kitchen",), at=("07:30", "11:45", "17:30")),
        "linen": _Usual("linen", "linen", ("laundry",), at=("09:00",)),
        "waste": _Usual("waste", "waste", ("waste_room",), collects=True, at=("10:00", "15:00")),
        "stat_calls": _Usual(
            "blood unit",
            "blood",
            ("blood_bank", "laboratory"),
            wards=(r"icu|theatre(_\d+)?",),
            priority=Priority.STAT,
            per_hour=1.0,
        ),
    }
)


def as_plain(demand: UsualDemand, site: Site) -> Round | RandomDemand:
    """What a usual demand means on a site. Raises DemandError."""
    usual = _USUAL[demand.kind]
    base = demand.base or _named(site, usual.base, demand.kind, "base")[0]
    wards = _several(demand.wards) if demand.wards is not None else _named(site, usual.wards, demand.kind, "wards")
    known = ItemClassId(usual.item_class) in site.item_classes
    pickup, dropoff = (wards, (base,)) if usual.collects else ((base,), wards)
    goods = {
        "name": group_of(demand),
        "item": usual.item,
        "item_class": usual.item_class if known else None,
        "priority": usual.priority,
        "pickup": pickup,
        "dropoff": dropoff,
        "begin": demand.begin,
        "until": demand.until,
    }
    if set(wards) == {base}:
        raise DemandError(f"{base} is both base and ward; name other wards or another base")
    if demand.at and demand.per_hour is not None:
        raise DemandError("say either at which times, or how many per hour")
    if demand.per_hour is None and (demand.at or usual.at):
        return Round.model_validate({**goods, "at": demand.at or usual.at})
    return RandomDemand.model_validate({**goods, "per_hour": demand.per_hour or usual.per_hour, "curve": usual.curve})


def _named(site: Site, patterns: tuple[str, ...], kind: str, field: str) -> tuple[str, ...]:
    """The named places whose id fits, in the order of the site."""
    for pattern in patterns:
        found = tuple(w.id for w in site.waypoints.values() if w.name is not None and re.fullmatch(pattern, w.id))
        if found:
            return found
    raise DemandError(f"this site has no place for {kind} by its usual name; say which it is in the field {field}")
