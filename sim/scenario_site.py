"""The site of a scenario: one of ours, a map, or a generated one, with the scenario's fleets, doors and lifts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from maps.errors import BrokenReferenceError, MapReadError
from maps.fleets import with_robots
from maps.generator import generate
from maps.importers import read_any
from maps.model import Compartment, FleetId, InfectionRules, Lift, Site
from sim.clock import SIMULATED_START
from sim.random_hospitals import random_hospital
from sim.scenario import FleetPart, InfectionPart, Scenario
from sim.scenario_fields import nearest, seconds_of

SITES: Final = Path(__file__).parents[1] / "maps" / "sites"

_TRAY: Final = 15.0
"""Litres: room for one meal."""

P = TypeVar("P", bound=BaseModel)


def site_of(scenario: Scenario, folder: Path = Path()) -> Site:
    """The scenario's site; paths count from `folder`. Raises MapError."""
    site = _base(scenario.site, folder)
    for fleet, part in scenario.fleets.items():
        site = _with_fleet(site, FleetId(fleet), part)
    doors = _parts_of(scenario.doors, site.doors, "doors")
    lifts = _parts_of(scenario.lifts, site.lifts, "lifts")
    return replace(
        site,
        infection_rules=_rules(site, scenario.infection_rules),
        doors={door.id: replace(door, **_said(doors.get(door.id))) for door in site.doors.values()},
        lifts={lift.id: _with_lift(lift, lifts) for lift in site.lifts.values()},
    )


def start_of(scenario: Scenario, site: Site) -> datetime:
    """The scenario's first moment (UTC): its time of day at the site, on the first simulated day."""
    midnight = SIMULATED_START.replace(tzinfo=ZoneInfo(site.timezone))
    return (midnight + timedelta(seconds=seconds_of(scenario.begin))).astimezone(UTC)


def _base(name: str, folder: Path) -> Site:
    kind, _, floors = name.partition(":")
    if kind == "random" and floors.isdecimal():
        return random_hospital(int(floors))
    if kind == "generated":
        if not floors.isdecimal():
            raise MapReadError(f"{name}: not a number of floors", remedy="Write for example generated:2")
        return generate(floors=int(floors))
    ours = SITES / name
    if ours.is_dir():
        return read_any(ours)
    path = folder / name
    if not path.exists():
        known = [*(site.name for site in sorted(SITES.iterdir())), "generated:2"]
        raise MapReadError(
            "no such site",
            file=path,
            remedy=f"Name a path from the scenario's file, or a site of ours: {nearest(name, known)}",
        )
    return read_any(path)


def _with_fleet(site: Site, fleet_id: FleetId, part: FleetPart) -> Site:
    fleet = site.fleets.get(fleet_id)
    if fleet is None:
        raise BrokenReferenceError(
            f"no fleet is called {fleet_id!r} on this site; {nearest(fleet_id, site.fleets)}", feature="fleets"
        )
    said = _said(part)
    capacity = said.pop("capacity", fleet.battery.capacity)
    robots = said.pop("robots", None)
    said.pop("charge", None)
    capabilities = frozenset(said.pop("capabilities", None) or fleet.capabilities)
    if "compartments" in said:
        said["compartments"] = tuple(
            Compartment(id=f"tray-{number}", volume=_TRAY, features=frozenset({"locked"}))
            for number in range(1, said["compartments"] + 1)
        )
    battery = replace(fleet.battery, capacity=capacity)
    changed = replace(fleet, battery=battery, capabilities=capabilities, **said)
    site = replace(site, fleets={**site.fleets, fleet_id: changed})
    return site if robots is None else with_robots(site, fleet_id, robots)


def _rules(site: Site, part: InfectionPart) -> InfectionRules:
    said = _said(part)
    for field in ("wipe_fleets", "shared_fleets"):
        if field in said:
            said[field] = frozenset(said[field])
    return replace(site.infection_rules, **said)


def _with_lift(lift: Lift, parts: Mapping[str, BaseModel]) -> Lift:
    said = _said(parts.get(lift.id))
    level = said.pop("level", None)
    return replace(lift, initial_level=level or lift.initial_level, **said)


def _parts_of(parts: Mapping[str, P], known: Mapping[Any, object], field: str) -> dict[str, P]:
    """What is said of each door or lift; its own part goes before that of `all`."""
    for name in parts:
        if name != "all" and name not in known:
            raise BrokenReferenceError(
                f"no {field[:-1]} is called {name!r} on this site; {nearest(name, known)}", feature=field
            )
    everyone = parts.get("all")
    return {**({} if everyone is None else dict.fromkeys(map(str, known), everyone)), **parts}


def _said(part: BaseModel | None) -> dict[str, Any]:
    """The figures that a part gives."""
    return {} if part is None else part.model_dump(exclude_none=True)
