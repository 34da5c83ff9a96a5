"""Whole hospitals to order: `generate(floors, seed)` gives the same site for the same arguments, everywhere.

A long main corridor per storey joins two wings of wards or theatres, three banks of lifts, the departments and
the robots' garages. Corridors have a lane for each direction; every place where a robot stops is a bay beside
the lanes, so that the site is well-formed (`maps.bays`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from random import Random
from typing import Any, Final

from maps.doses import DEFAULT_DOSE_PRESETS
from maps.errors import NoRoomError
from maps.fleets import with_robots
from maps.generator.corridors import Side
from maps.generator.isolation import ISOLATION_FLEET
from maps.generator.plan import Plan
from maps.generator.storeys import BANKS, GARAGES, LARGEST_GARAGE, Storey, build_storey
from maps.generator.wings import DOCKS_PER_STATION, Car, lift
from maps.goods import DEFAULT_COMPARTMENTS, DEFAULT_ITEM_CLASSES
from maps.model import (
    Battery,
    CarrierKind,
    Compartment,
    Fleet,
    FleetId,
    Flow,
    GeoAnchor,
    LiftId,
    Robot,
    RobotId,
    Site,
    UvLamp,
    WaypointId,
    ZoneClass,
)

DELIVERY_FLEET = FleetId("delivery")
SOILED_FLEET = FleetId("soiled_goods")
PORTERS = FleetId("porters")
DISINFECTION_FLEET = FleetId("disinfection")

_LAMP = UvLamp(length=1.2, height=1.0, irradiance=26.7, distance=1.0, warm_up=60.0, rated_hours=9000.0)
"""Eight low-pressure lamps of 130 W around a column: 2.67 mW/cm² at 1 m (Fuchs et al., J. Photochem. Photobiol.
11:100123, 2022, on the robot HERO21)."""

DEFAULT_ROBOTS = 10
DOCKS_PER_FLOOR = 20


def generate(floors: int = 6, seed: int = 1, robots: int | None = None, name: str = "General Hospital") -> Site:
    """A hospital of 1 to 10 `floors` with `robots` delivery robots (10 by default).

    There are docks for at least 20 robots per floor. Raises NoRoomError for fewer than 1 or more than 10 floors
    and for more robots than its garages can hold.
    """
    wanted = DEFAULT_ROBOTS if robots is None else robots
    most = floors * len(GARAGES) * LARGEST_GARAGE * DOCKS_PER_STATION - 2
    if not 1 <= floors <= 10:
        raise NoRoomError(f"a hospital of {floors} floors cannot be generated", remedy="Ask for 1 to 10 floors")
    if not 0 <= wanted <= most:
        raise NoRoomError(f"a hospital of {floors} floors holds 0 to {most} robots, not {wanted}")
    rng = Random(seed)
    room_width = rng.choice((4.3, 4.4, 4.5, 4.6))
    cars = _cars(floors)
    docks = max(DOCKS_PER_FLOOR, math.ceil((wanted + 2) / floors))
    isolation_level = min(2, floors)
    plans: list[Plan] = []
    isolation_homes: list[WaypointId] = []
    for number in range(1, floors + 1):
        storey = Storey(
            number=number,
            floors=floors,
            cars=[(bank, at, cars[bank]) for bank, at in BANKS if cars],
            docks=docks,
            room_width=room_width,
            isolation=number == isolation_level,
        )
        plan, spine, homes = build_storey(storey, rng)
        plans.append(plan)
        isolation_homes += homes
    storeys = {plan.level: plan.close() for plan in plans}
    levels = tuple(storeys)
    lifts = [lift(car, spine, at, levels, rng.choice(levels)) for bank, at in BANKS if cars for car in cars[bank]]
    site = Site(
        name=name,
        timezone="Asia/Shanghai",
        anchor=GeoAnchor(latitude_deg=31.2304, longitude_deg=121.4737, rotation=0.0),
        levels=storeys,
        lifts={one.id: one for one in lifts},
        fleets={fleet.id: fleet for fleet in _fleets(isolation_homes)},
        item_classes=DEFAULT_ITEM_CLASSES,
        dose_presets=DEFAULT_DOSE_PRESETS,
        quarantine=WaypointId("quarantine"),
        **_merged(plans),
    )
    return with_robots(site, DELIVERY_FLEET, wanted, stem="robot-")


def _merged(plans: list[Plan]) -> dict[str, Any]:
    """The mappings of all storeys joined, under the names that Site has for them."""
    names = {f.name for f in fields(Plan)} & {f.name for f in fields(Site)}
    return {name: {key: item for plan in plans for key, item in getattr(plan, name).items()} for name in sorted(names)}


def _cars(floors: int) -> Mapping[str, list[Car]]:
    """Four cars per bank, six in tall houses; the farthest pair of the last bank carries soiled goods."""
    if floors == 1:
        return {}
    pairs = 2 if floors < 8 else 3
    cars: dict[str, list[Car]] = {}
    number = 0
    for bank, _ in BANKS:
        cars[bank] = []
        for pair in range(pairs):
            for side in (Side.LEFT, Side.RIGHT):
                number += 1
                soiled = bank == BANKS[-1][0] and pair == pairs - 1
                flow = Flow.SOILED if soiled else Flow.CLEAN
                cars[bank].append(Car(id=LiftId(f"lift_{number}"), pair=pair, side=side, flow=flow))
    return cars


_KEY: Final = "key no. 3 from the porters' lodge, in the lock below the lid"
"""How these robots are opened by hand."""


def _fleets(isolation_homes: list[WaypointId]) -> list[Fleet]:
    """The fleets, that of deliveries still without robots; that for disinfection has none until somebody buys one."""
    open_zones = frozenset(ZoneClass) - {ZoneClass.ISOLATION, ZoneClass.CONTAMINATED}
    return [
        Fleet(
            id=DELIVERY_FLEET,
            compartments=DEFAULT_COMPARTMENTS,
            by_hand=_KEY,
            zones=open_zones,
            flow=Flow.CLEAN,
        ),
        Fleet(
            id=SOILED_FLEET,
            robots=tuple(
                Robot(id=RobotId(f"soiled-{number}"), home=WaypointId(f"dock_1_{number:02d}")) for number in (1, 2)
            ),
            compartments=(Compartment(id="bin", volume=240.0, features=frozenset({"locked", "sealed"})),),
            by_hand=_KEY,
            payload=120.0,
            speed=0.8,
            capabilities=frozenset({"delivery", "waste"}),
            zones=open_zones - {ZoneClass.PROTECTIVE},
            flow=Flow.SOILED,
        ),
        Fleet(
            id=ISOLATION_FLEET,
            robots=tuple(
                Robot(id=RobotId(f"isolation-{number}"), home=home)
                for number, home in enumerate(isolation_homes, start=1)
            ),
            compartments=DEFAULT_COMPARTMENTS,
            by_hand=_KEY,
            speed=0.8,
            battery=Battery(capacity=800.0),
            zones=frozenset(ZoneClass),
        ),
        Fleet(
            id=PORTERS,
            carrier=CarrierKind.PERSON,
            robots=(
                Robot(id=RobotId("porter-1"), home=WaypointId("porters_lodge")),
                Robot(id=RobotId("porter-2"), home=WaypointId("porters_lodge_2")),
            ),
            footprint=((0.25, 0.25), (-0.25, 0.25), (-0.25, -0.25), (0.25, -0.25)),
            speed=1.2,
            compartments=(Compartment(id="trolley", volume=120.0, features=frozenset({"cooled", "locked", "sealed"})),),
            payload=40.0,
            capabilities=frozenset({"delivery", "waste"}),
            zones=frozenset(ZoneClass),
        ),
        Fleet(
            id=DISINFECTION_FLEET,
            speed=0.8,
            compartments=(),
            capabilities=frozenset({"uv_disinfection"}),
            zones=frozenset(ZoneClass),
            lamp=_LAMP,
        ),
    ]
