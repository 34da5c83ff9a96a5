"""Small random hospitals in which much happens in a short time: narrow corridors, few bays, doors, one lift.

`random_hospital(seed)` gives the same site for the same seed, everywhere.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Final

from maps.model import (
    Battery,
    CarrierKind,
    Charger,
    Compartment,
    DecontaminationBay,
    Disposition,
    Door,
    DoorId,
    Fleet,
    FleetId,
    Flow,
    InfectionRules,
    ItemClass,
    ItemClassId,
    Lane,
    LaneId,
    Level,
    LevelId,
    Lift,
    LiftId,
    Ring,
    Robot,
    RobotId,
    Site,
    UvLamp,
    Waypoint,
    WaypointId,
    Zone,
    ZoneClass,
    ZoneId,
)
from sim.random_services import with_services

CARTS, TUGS, LAMPS, PORTERS = FleetId("carts"), FleetId("tugs"), FleetId("lamps"), FleetId("porters")

_SPACING: Final = 5.0
_BAY: Final = 1.8
_WIDE: Final[Ring] = ((0.6, 0.35), (-0.6, 0.35), (-0.6, -0.35), (0.6, -0.35))
_LIFT: Final = LiftId("lift")


def random_hospital(seed: int) -> Site:
    """One or two levels of corridors with bays at their crossings; every second crossing or so lies behind a door."""
    rng = random.Random(f"hospital {seed}")
    levels = (LevelId("L1"), LevelId("L2"))[: rng.randint(1, 2)]
    width, depth = rng.choice(((2, 1), (3, 1), (2, 2), (3, 2)) if len(levels) > 1 else ((4, 1), (5, 1), (2, 2), (3, 2)))
    places: list[Waypoint] = []
    lanes: list[Lane] = []
    doors: list[Door] = []
    bays: list[Waypoint] = []
    cabins: dict[LevelId, tuple[WaypointId, ...]] = {}
    for level in levels:
        crossings = {
            (i, j): Waypoint(id=WaypointId(f"{level}c{i}{j}"), level=level, x=i * _SPACING, y=j * _SPACING)
            for i in range(width)
            for j in range(depth)
        }
        for (i, j), crossing in crossings.items():
            for other in ((i + 1, j), (i, j + 1)):
                if other in crossings:
                    doors += _joined(lanes, crossing, crossings[other], rng)
            name = f"{level}bay{i}{j}"
            bays.append(Waypoint(id=WaypointId(name), level=level, x=crossing.x + 1.2, y=crossing.y + _BAY, name=name))
            _joined(lanes, crossing, bays[-1])
        places += crossings.values()
        if len(levels) > 1:
            lobby = crossings[0, 0]
            cabin = Waypoint(id=WaypointId(f"{level}cabin"), level=level, x=-2.5, y=0.0, lift=_LIFT)
            cabins[level] = (cabin.id,)
            places.append(cabin)
            _joined(lanes, lobby, cabin)
    lifts = [
        Lift(
            id=_LIFT,
            x=-2.5,
            y=0.0,
            yaw=0.0,
            width=2.0,
            depth=2.0,
            levels=levels,
            cabins=cabins,
            initial_level=levels[0],
        )
    ][: len(levels) - 1]
    rng.shuffle(bays)
    robots = rng.randint(2, min(4, len(bays) // 2))
    homes = [bay.id for bay in bays[:robots]]
    classes = (
        ItemClass(id=ItemClassId("specimen"), name="specimen", on_cancel=Disposition.CONTINUE),
        ItemClass(
            id=ItemClassId("blood"),
            name="blood",
            on_cancel=Disposition.QUARANTINE,
            on_uncollected=Disposition.QUARANTINE,
            maximum_carry_time=300.0,
            signatures=2,
        ),
    )
    fleets = _fleets(rng, homes)
    site = Site(
        name=f"random hospital {seed}",
        levels={level: Level(id=level, elevation=4.0 * number) for number, level in enumerate(levels)},
        waypoints={place.id: place for place in (*places, *bays)},
        lanes={lane.id: lane for lane in lanes},
        doors={door.id: door for door in doors},
        lifts={lift.id: lift for lift in lifts},
        fleets={fleet.id: fleet for fleet in fleets},
        chargers={home: Charger(waypoint=home) for home in homes},
        item_classes={known.id: known for known in classes},
        quarantine=bays[-1].id,
    )
    site = _with_infections(site, bays[robots:-1], random.Random(f"hospital {seed} infections"))
    return with_services(site, seed)


def _with_infections(site: Site, spare: list[Waypoint], rng: random.Random) -> Site:
    """Every third hospital has an isolation room, drugs and waste that its carts carry both, and often a lamp robot.

    Now and then a bay is for decontamination; elsewhere robots are wiped down where they are in nobody's way.
    """
    if rng.random() >= 1.0 / 3.0 or not spare:
        return site
    door = site.waypoints[WaypointId(spare[0].id.replace("bay", "c"))]
    x, y = door.x - 1.2, door.y - _BAY
    name = f"{door.level}bay-isolation"
    room = Waypoint(id=WaypointId(name), level=door.level, x=x, y=y, name=name)
    lanes: list[Lane] = []
    _joined(lanes, door, room)
    isolation = Zone(
        id=ZoneId("isolation"),
        level=room.level,
        polygon=((x - 0.9, y - 0.9), (x + 0.9, y - 0.9), (x + 0.9, y + 0.9), (x - 0.9, y + 0.9)),
        zone_class=ZoneClass.ISOLATION,
    )
    wall = ((x, y + 0.9), (x - 0.9, y + 0.9), (x - 0.9, y - 0.9), (x + 0.9, y - 0.9), (x + 0.9, y + 0.9))
    level = site.levels[room.level]
    kinds = (
        ItemClass(id=ItemClassId("medicine"), name="medicine"),
        ItemClass(id=ItemClassId("waste"), name="waste", flow=Flow.SOILED, on_cancel=Disposition.CONTINUE),
    )
    carts = replace(site.fleets[CARTS], zones=frozenset(ZoneClass))
    bays = {bay.id: DecontaminationBay(waypoint=bay.id) for bay in spare[: rng.randint(0, 1)]}
    site = replace(
        site,
        levels={**site.levels, level.id: replace(level, walls=(*level.walls, wall))},
        waypoints={**site.waypoints, room.id: room},
        lanes={**site.lanes, **{lane.id: lane for lane in lanes}},
        zones={isolation.id: isolation},
        item_classes={**site.item_classes, **{kind.id: kind for kind in kinds}},
        fleets={**site.fleets, CARTS: carts},
        decontamination_bays=bays,
        infection_rules=InfectionRules(shared_fleets=frozenset({CARTS})),
    )
    return _with_a_lamp(site, spare[1].id) if len(spare) > 1 else site


def _with_a_lamp(site: Site, home: WaypointId) -> Site:
    """A robot that disinfects the isolation room. It lives at `home`, where it charges."""
    lamps = Fleet(
        id=LAMPS,
        robots=(Robot(id=RobotId("lamp-1"), home=home),),
        speed=0.8,
        compartments=(),
        capabilities=frozenset({"uv_disinfection"}),
        zones=frozenset(ZoneClass),
        lamp=UvLamp(length=1.2, height=1.0, irradiance=26.7, warm_up=30.0),
    )
    chargers = {**site.chargers, home: Charger(waypoint=home)}
    porters = site.fleets[PORTERS]
    others = {known: fleet for known, fleet in site.fleets.items() if known != PORTERS}
    return replace(site, fleets={**others, LAMPS: lamps, PORTERS: porters}, chargers=chargers)


def _joined(lanes: list[Lane], one: Waypoint, other: Waypoint, rng: random.Random | None = None) -> list[Door]:
    """Add a lane there and back, with an automatic door on it now and then, which is answered."""
    door: Door | None = None
    if rng is not None and rng.random() < 0.3:
        middle = ((one.x + other.x) / 2.0, (one.y + other.y) / 2.0)
        across = (0.0, 0.7) if one.y == other.y else (0.7, 0.0)
        door = Door(
            id=DoorId(f"door-{one.id}-{other.id}"),
            level=one.level,
            start=(middle[0] - across[0], middle[1] - across[1]),
            end=(middle[0] + across[0], middle[1] + across[1]),
        )
    length = math.dist(one.xy, other.xy)
    for start, end in ((one, other), (other, one)):
        lane = Lane(id=LaneId(f"{start.id}>{end.id}"), start=start.id, end=end.id, length=length)
        lanes.append(lane if door is None else replace(lane, door=door.id))
    return [] if door is None else [door]


def _fleets(rng: random.Random, homes: list[WaypointId]) -> list[Fleet]:
    """Carts, and often a wide tug among them; small batteries, so that their charge matters; a porter."""
    battery = Battery(capacity=rng.choice((25.0, 60.0, 500.0)))
    boxes = (Compartment(id="upper", volume=30.0), Compartment(id="lower", volume=30.0))
    robots = [Robot(id=RobotId(f"robot-{number}"), home=home) for number, home in enumerate(homes, start=1)]
    tugs = rng.choice((0, 1)) if len(robots) > 2 else 0
    cut = len(robots) - tugs
    fleets = [Fleet(id=CARTS, robots=tuple(robots[:cut]), battery=battery, compartments=boxes[: rng.randint(1, 2)])]
    if tugs:
        fleets.append(Fleet(id=TUGS, robots=tuple(robots[cut:]), battery=battery, footprint=_WIDE, speed=0.8))
    porter = Robot(id=RobotId("porter-1"), home=homes[0])
    return [*fleets, Fleet(id=PORTERS, carrier=CarrierKind.PERSON, robots=(porter,), zones=frozenset(ZoneClass))]
