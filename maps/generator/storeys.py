"""One storey of the hospital around its main corridor, the spine: who has which room where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from maps.generator.corridors import BAY_OFFSET, HALF_WIDTH, Corridor, Side, Stop
from maps.generator.isolation import FIRST, build_isolation_ward
from maps.generator.plan import Box, Frame, Plan
from maps.generator.wings import DOCKS_PER_STATION, Block, Car, build_garage, build_lift_bank, build_wing, surgery, ward
from maps.model import DoorKind, Flow, LevelId, TransferKind, WaypointId, ZoneClass, ZoneKind

BANKS = (("lifts_west", 7.0), ("lifts_centre", 50.0), ("lifts_east", 93.0))
WINGS = (("a", 22.0), ("b", 78.0))
GARAGES = (50.0, 22.0, 78.0)
LARGEST_GARAGE = 9
"""Stations of one garage; beyond that its aisle is too long a way for the last robot."""

FLOOR_HEIGHT = 4.5

_JUNCTIONS = (0.0, 14.5, 32.0, 41.0, 59.0, 68.0, 85.5, FIRST)
_PASSES = (3.5, 10.75, 18.25, 27.0, 36.5, 45.5, 54.5, 63.5, 73.0, 81.75, 89.25, 96.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A room at the spine with bays at one or two junctions; the first bay bears the department's name."""

    name: str
    side: Side
    at: tuple[float, ...]
    span: tuple[float, float]
    bays: int
    depth: float = 7.4
    zone_class: ZoneClass = ZoneClass.CLEAN
    flow: Flow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Storey:
    """What a storey shall hold."""

    number: int
    floors: int
    cars: Sequence[tuple[str, float, Sequence[Car]]]
    docks: int
    room_width: float
    isolation: bool


def build_storey(storey: Storey, rng: Random) -> tuple[Plan, Corridor, list[WaypointId]]:
    """The storey's plan, its spine, and the homes of the isolation fleet when it has the isolation ward."""
    number = storey.number
    plan = Plan(LevelId(f"L{number}"), round(FLOOR_HEIGHT * (number - 1), 3))
    spine = Corridor(plan, "spine", Frame(0.0, 0.0))
    if number == 1:
        _yard(spine)
    crossings = {at for _, at in WINGS} | {GARAGES[0]} | {at for _, at, _ in storey.cars}
    ends = {at for _, at in BANKS} - crossings
    kinds = dict.fromkeys(_PASSES, Stop.PASS) | dict.fromkeys((*_JUNCTIONS, *ends), Stop.JUNCTION)
    kinds |= dict.fromkeys(crossings, Stop.CROSSING)
    spine.extend(sorted(kinds.items()))
    for name, at, cars in storey.cars:
        build_lift_bank(spine, at, name, cars)
    for letter, at in WINGS:
        build_wing(spine, at, f"wing_{letter}", _wing(number, letter, storey.floors, rng), storey.room_width)
    _garages(spine, storey)
    for department in _departments(storey, rng):
        _build_department(spine, department)
    homes = build_isolation_ward(spine) if storey.isolation else []
    for at, name in ((43.5, "fire_door_west"), (57.0, "fire_door_east")):
        spine.door(name, at, automatic=False, fire_door=True)
    west = -6.0 if number == 1 else -4.0
    corridor = spine.walls(west, 143.6 if storey.isolation else 104.0)
    clean_end = 106.0 if storey.isolation else corridor.x1
    plan.zone("main_corridor", Box(west, -HALF_WIDTH, clean_end, HALF_WIDTH), kind=ZoneKind.CORRIDOR)
    return plan, spine, homes


def _wing(number: int, letter: str, floors: int, rng: Random) -> list[list[Block]]:
    is_surgery = (letter == "b" and floors == 1) or (letter == "a" and number == 2)
    return surgery() if is_surgery else ward(f"ward_{number}{letter}", rng)


def _garages(spine: Corridor, storey: Storey) -> None:
    """Garages with about as many stations each, so that the robots set out on several ways at once."""
    names = _dock_names(storey.number)
    stations = -(-storey.docks // DOCKS_PER_STATION)
    for number, at in enumerate(GARAGES):
        share = -(-stations // (len(GARAGES) - number))
        if share > 0:
            build_garage(spine, at, f"garage_{at:.0f}", share, names)
            stations -= share


def _dock_names(number: int) -> Iterator[str]:
    dock = 0
    while True:
        dock += 1
        yield f"dock_{number}_{dock:02d}"


def _departments(storey: Storey, rng: Random) -> list[Department]:
    left, right, number = Side.LEFT, Side.RIGHT, storey.number
    if number > 1:
        return [
            Department(name=f"store_{number}", side=right, at=(14.5,), span=(10.6, 17.6), bays=2),
            Department(name=f"day_room_{number}", side=right, at=(41.0,), span=(36.5, 45.6), bays=2),
            Department(name=f"office_{number}", side=left, at=(59.0,), span=(56.4, 63.5), bays=2),
            Department(
                name=f"soiled_room_{number}",
                side=right,
                at=(85.5,),
                span=(82.4, 89.4),
                bays=2,
                zone_class=ZoneClass.SEMI_CONTAMINATED,
                flow=Flow.SOILED,
            ),
        ]
    south = ["pharmacy", "laboratory"]
    north = ["cssd", "kitchen"]
    rng.shuffle(south)
    rng.shuffle(north)
    rooms = [
        Department(name=south[0], side=right, at=(32.0, 41.0), span=(26.4, 45.6), bays=4),
        Department(name=south[1], side=right, at=(59.0, 68.0), span=(54.4, 73.6), bays=4),
        Department(name=north[0], side=left, at=(32.0, 41.0), span=(29.9, 43.6), bays=4),
        Department(name=north[1], side=left, at=(59.0, 68.0), span=(56.4, 70.1), bays=4),
        Department(name="porters_lodge", side=right, at=(14.5,), span=(10.6, 17.6), bays=2),
        Department(
            name="waste_room",
            side=right,
            at=(85.5,),
            span=(82.4, 89.4),
            bays=2,
            zone_class=ZoneClass.SEMI_CONTAMINATED,
            flow=Flow.SOILED,
        ),
        Department(name="quarantine", side=right, at=(0.0,), span=(-4.0, 4.0), bays=2),
        Department(name="decontamination", side=left, at=(0.0,), span=(-4.0, 0.8), bays=1),
    ]
    if not storey.isolation:
        rooms.append(Department(name="laundry", side=right, at=(FIRST,), span=(95.5, 104.0), bays=2))
    return rooms


def _build_department(spine: Corridor, department: Department) -> None:
    side = department.side
    slots = [(at, offset) for at in department.at for offset in (-BAY_OFFSET, BAY_OFFSET)]
    for number, (at, offset) in enumerate(slots[: department.bays], start=1):
        name = department.name if number == 1 else f"{department.name}_{number}"
        bay = spine.bay(name, at, side, offset=offset)
        spine.bay_door(f"{name}_door", at, side, offset=offset)
        if department.name == "decontamination":
            spine.plan.decontamination(bay)
    near, far = side.value * HALF_WIDTH, side.value * (HALF_WIDTH + department.depth)
    box = spine.frame.box(department.span[0], near, department.span[1], far)
    spine.plan.room(department.name, box, zone_class=department.zone_class, flow=department.flow)


def _yard(spine: Corridor) -> None:
    """Outdoors, west of the building: loading dock, a street to cross, the annex and the pads of the UAVs."""
    plan = spine.plan
    spine.extend([(-28.0, Stop.JUNCTION), (-22.5, Stop.PASS)])
    spine.extend([(-13.5, Stop.PASS)], mutex="street_crossing")
    spine.extend([(-10.5, Stop.JUNCTION), (-7.5, Stop.PASS), (-4.5, Stop.PASS)])
    for number, offset in ((1, -2.4), (2, 2.4)):
        pad = spine.bay(f"uav_pad_{number}", -28.0, Side.LEFT, offset=offset, depth=4.4)
        plan.transfer(pad, TransferKind.PAD)
        x, y = plan.waypoints[pad].xy
        plan.zone(f"uav_pad_{number}", Box(x - 2.0, y - 2.0, x + 2.0, y + 2.0), kind=ZoneKind.OUTDOOR, zone_class=None)
    for name, offset in (("annex", -BAY_OFFSET), ("gas_store", BAY_OFFSET)):
        spine.bay(name, -28.0, Side.RIGHT, offset=offset)
    spine.bay("loading_dock", -10.5, Side.LEFT)
    spine.bay("loading_dock_2", -10.5, Side.RIGHT)
    start, end = spine.across(-6.0, HALF_WIDTH)
    plan.door("yard_door", start, end, kind=DoorKind.DOUBLE_SLIDING)
    plan.zone("yard", Box(-36.0, -12.0, -6.0, 12.0), kind=ZoneKind.OUTDOOR, zone_class=None)
    plan.zone("street_crossing", Box(-21.5, -3.0, -14.5, 3.0), kind=ZoneKind.STREET_CROSSING, zone_class=None)
