"""What else random hospitals have, beside carts and lamps: a sprayer, soiled goods, robots that speak, and a street.

Each hospital gets each of it by the luck of a stream of its own, so that a new one leaves the others as they were.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from maps.model import (
    Charger,
    Compartment,
    Crossing,
    CrossingId,
    Fleet,
    FleetId,
    Flow,
    ItemClass,
    ItemClassId,
    Lane,
    LaneId,
    RefillPoint,
    Robot,
    RobotId,
    Site,
    SprayAgent,
    SprayAgentId,
    Sprayer,
    SprayRules,
    Waypoint,
    WaypointId,
    Zone,
    ZoneClass,
    ZoneId,
    ZoneKind,
)

SPRAYERS, COLLECTORS = FleetId("sprayers"), FleetId("collectors")
SPRAYED, STREET, LINEN = ZoneId("sprayed"), CrossingId("street"), ItemClassId("linen")
CALLS: Final = ("meals", "guide", "announce")
"""Capabilities of robots that speak to people."""

_OFTEN: Final = 0.12
_TO_STREET: Final = 3.0
_STREET: Final = 6.0
_BAY: Final = 1.8
_APART: Final = 1.2
"""Metres between two places where robots stand."""


def with_services(site: Site, seed: int) -> Site:
    """One hospital in eight has a sprayer, one in eight a street, and so on."""
    for name, add in (
        ("voices", _with_voices),
        ("linen", _with_linen),
        ("spray", _with_spray),
        ("street", _with_street),
    ):
        rng = random.Random(f"hospital {seed} {name}")
        if rng.random() < _OFTEN:
            site = add(site, rng)
    return site


def _with_voices(site: Site, rng: random.Random) -> Site:
    """The carts speak: some serve meals, some guide and announce, some do all of it."""
    carts = next(iter(site.fleets.values()))
    can = frozenset(rng.choice(((CALLS[0],), CALLS[1:], CALLS)))
    meal = ItemClass(id=ItemClassId("meal"), name="meal")
    carts = replace(carts, capabilities=carts.capabilities | can)
    return replace(site, fleets={**site.fleets, carts.id: carts}, item_classes={**site.item_classes, meal.id: meal})


def _with_linen(site: Site, rng: random.Random) -> Site:
    """A robot for soiled goods only."""
    site, home = _with_dock(site, rng, "linen", -1.2, _BAY)
    linen = ItemClass(id=LINEN, name="linen", flow=Flow.SOILED)
    boxes = (Compartment(id="bin", volume=60.0), Compartment(id="lid", volume=30.0))[: rng.randint(1, 2)]
    fleet = Fleet(
        id=COLLECTORS, robots=(Robot(id=RobotId("linen-1"), home=home),), compartments=boxes, flow=Flow.SOILED
    )
    return _with_fleet(replace(site, item_classes={**site.item_classes, LINEN: linen}), fleet)


def _with_spray(site: Site, rng: random.Random) -> Site:
    """A robot that sprays a small place: a room of its own, or one through which the others drive."""
    site, home = _with_dock(site, rng, "spray", 1.2, -_BAY)
    homes = [home, *(r.home for fleet in site.fleets.values() for r in fleet.robots if r.home is not None)]
    driven_through = [c for c in _corridors(site) if c.id not in _beside(site, homes)]
    if rng.random() < 0.5 or not driven_through:
        crossing = _corridor(site, rng, -1.2, _BAY)
        room = _place(crossing, "bay-hall", -1.2, _BAY)
        site = _with_places(site, [room], [(crossing, room)])
        corner, size = (room.x - 1.4, room.y - 0.9), (2.4, 1.8)
    else:
        crossing = rng.choice(driven_through)
        corner, size = (crossing.x - 1.6, crossing.y - 0.8), (3.4, 3.4)
    outdoors = rng.random() < 0.3
    (x, y), (width, depth) = corner, size
    zone = Zone(
        id=SPRAYED,
        level=crossing.level,
        polygon=((x, y), (x + width, y), (x + width, y + depth), (x, y + depth)),
        kind=ZoneKind.OUTDOOR if outdoors else ZoneKind.ROOM,
    )
    fleet = Fleet(
        id=SPRAYERS,
        robots=(Robot(id=RobotId("sprayer-1"), home=home),),
        speed=0.8,
        battery=next(iter(site.fleets.values())).battery,
        compartments=(),
        capabilities=frozenset({"spray"}),
        zones=frozenset(ZoneClass),
        sprayer=Sprayer(
            tank=rng.choice((0.6, 5.0)),
            flow=0.1,
            swath=1.0,
            speed=0.5,
            area_per_charge=2_000.0,
            battery_time=4 * 3600.0,
            refill_time=40.0,
        ),
    )
    agent = SprayAgent(
        id=SprayAgentId("chlorine"), name="chlorine", concentration=1.0, contact_time=60.0, reentry_time=150.0
    )
    site = replace(
        site,
        zones={**site.zones, zone.id: zone},
        refill_points={home: RefillPoint(waypoint=home)},
        spray_agents={agent.id: agent},
        spraying=SprayRules(outdoors=outdoors),
    )
    return _with_fleet(site, fleet)


def _with_street(site: Site, rng: random.Random) -> Site:
    """A bay on the other side of a street."""
    level = next(iter(site.levels))
    corner = max((w for w in _corridors(site) if w.level == level), key=lambda w: (w.x, -w.y))
    near, far = _place(corner, "kerb", _TO_STREET, 0.0), _place(corner, "kerb-across", _TO_STREET + _STREET, 0.0)
    bay = _place(far, "bay-across", 1.2, _BAY)
    site = _with_places(site, [near, far, bay], [(corner, near), (near, far), (far, bay)])
    over = {lane.id: replace(lane, crossing=STREET) for lane in site.lanes.values() if {near.id, far.id} == _ends(lane)}
    signal = Crossing(
        id=STREET, green=rng.choice((22.0, 40.0)), red=rng.choice((10.0, 40.0)), request=rng.random() < 0.7
    )
    return replace(site, lanes={**site.lanes, **over}, crossings={STREET: signal})


# --- parts -------------------------------------------------------------------------------------------------


def _corridors(site: Site) -> list[Waypoint]:
    """The crossings of corridors, each with a bay of its own."""
    found = ((w, WaypointId(w.id.replace("c", "bay"))) for w in site.waypoints.values() if "c" in w.id)
    return [crossing for crossing, bay in found if bay in site.waypoints]


def _beside(site: Site, homes: Collection[WaypointId]) -> set[WaypointId]:
    """Where lanes lead to from homes: who lives in an area that is closed may have nowhere else to go."""
    return {lane.end for lane in site.lanes.values() if lane.start in homes}


def _corridor(site: Site, rng: random.Random, dx: float, dy: float) -> Waypoint:
    """One beside which there is room so far away from it."""
    others = site.waypoints.values()
    beside = {c: (c.x + dx, c.y + dy) for c in _corridors(site)}
    free = [c for c, at in beside.items() if all(o.level != c.level or math.dist(o.xy, at) > _APART for o in others)]
    return rng.choice(free)


def _place(beside: Waypoint, name: str, dx: float, dy: float) -> Waypoint:
    full = f"{beside.level}{name}"
    return Waypoint(id=WaypointId(full), level=beside.level, x=beside.x + dx, y=beside.y + dy, name=full)


def _with_dock(site: Site, rng: random.Random, name: str, dx: float, dy: float) -> tuple[Site, WaypointId]:
    """Where a robot lives and charges."""
    crossing = _corridor(site, rng, dx, dy)
    dock = _place(crossing, f"dock-{name}", dx, dy)
    site = _with_places(site, [dock], [(crossing, dock)])
    return replace(site, chargers={**site.chargers, dock.id: Charger(waypoint=dock.id)}), dock.id


def _with_places(site: Site, places: list[Waypoint], ways: list[tuple[Waypoint, Waypoint]]) -> Site:
    both = [pair for one, other in ways for pair in ((one, other), (other, one))]
    lanes = [Lane(id=LaneId(f"{a.id}>{b.id}"), start=a.id, end=b.id, length=math.dist(a.xy, b.xy)) for a, b in both]
    return replace(
        site,
        waypoints={**site.waypoints, **{place.id: place for place in places}},
        lanes={**site.lanes, **{lane.id: lane for lane in lanes}},
    )


def _ends(lane: Lane) -> set[WaypointId]:
    return {lane.start, lane.end}


def _with_fleet(site: Site, fleet: Fleet) -> Site:
    """The porters come last."""
    *others, porters = site.fleets.values()
    return replace(site, fleets={known.id: known for known in (*others, fleet, porters)})
