"""The parts of a storey that hang off its main corridor: wards, theatres, lift banks and the robots' garage."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from maps.generator.corridors import BAY_OFFSET, HALF_WIDTH, Corridor, Side, Stop
from maps.model import Flow, LevelId, Lift, LiftId, WaypointId, ZoneClass, ZoneKind

WARD_SPEED = 0.8
"""Speed limit among patients (m/s)."""

GARAGE_SPEED = 0.6

_VESTIBULE = 5.0
"""From the main corridor's centre line to the first room of a wing (m); the wing's door stands in between."""

_STAIRS = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The rooms at one junction of a wing, on one side: one room per name, or one room for all of them."""

    side: Side
    names: Sequence[str]
    shared: bool = False
    zone_class: ZoneClass = ZoneClass.CLEAN
    flow: Flow | None = None
    door: bool = True
    automatic: bool = False


def ward(name: str, rng: Random) -> list[list[Block]]:
    """A ward of 20 rooms; its nurse station, `name` itself, and its store rooms lie at the entrance."""
    station, stores = (Side.RIGHT, Side.LEFT) if rng.random() < 0.5 else (Side.LEFT, Side.RIGHT)
    blocks = [
        [
            Block(side=station, names=(name, f"{name}_2"), shared=True, door=False),
            Block(side=stores, names=(f"{name}_clean_store", f"{name}_linen_store")),
        ]
    ]
    for first in range(1, 21, 4):
        rooms = [f"{name}_room_{number:02d}" for number in range(first, first + 4)]
        blocks.append([Block(side=Side.LEFT, names=rooms[::2]), Block(side=Side.RIGHT, names=rooms[1::2])])
    return blocks


def surgery() -> list[list[Block]]:
    """Four operating theatres with automatic doors opposite the intensive care unit."""
    clean, protective = ZoneClass.CLEAN, ZoneClass.PROTECTIVE
    left = [
        Block(side=Side.LEFT, names=("surgery_control", "surgery_control_2"), shared=True, door=False),
        Block(side=Side.LEFT, names=("icu", "icu_2"), shared=True, zone_class=protective),
        Block(side=Side.LEFT, names=("icu_3", "icu_4"), shared=True, zone_class=protective),
        Block(side=Side.LEFT, names=("recovery", "recovery_2"), shared=True, zone_class=clean),
        Block(side=Side.LEFT, names=("anaesthesia", "endoscopy")),
        Block(side=Side.LEFT, names=("blood_bank", "blood_bank_2"), shared=True),
    ]
    right = [Block(side=Side.RIGHT, names=("sterile_store", "equipment_store"))]
    right += [
        Block(side=Side.RIGHT, names=(f"theatre_{number}",), shared=True, zone_class=protective, automatic=True)
        for number in range(1, 5)
    ]
    right.append(Block(side=Side.RIGHT, names=("surgery_soiled_room", "surgery_soiled_room_2"), shared=True))
    return [list(pair) for pair in zip(left, right, strict=True)]


def build_wing(spine: Corridor, at: float, name: str, blocks: list[list[Block]], room_width: float) -> None:
    """A wing to the left of `spine`: entrance with an automatic door, a junction per block, stairs at the end."""
    wing = spine.branch(at, Side.LEFT, name, speed_limit=WARD_SPEED)
    end = _VESTIBULE + 2 * room_width * len(blocks)
    wing.extend([(3.2, Stop.PASS), (6.0, Stop.PASS)])
    for number, block in enumerate(blocks):
        middle = round(_VESTIBULE + room_width * (2 * number + 1), 3)
        wing.extend([(middle, Stop.JUNCTION)])
        for part in block:
            _rooms(wing, middle, room_width, part)
        if number < len(blocks) - 1:
            wing.extend([(round(middle + room_width, 3), Stop.PASS)])
    wing.mouth(HALF_WIDTH)
    wing.door(f"{name}_entrance", 4.6)
    corridor = wing.walls(HALF_WIDTH, end + _STAIRS)
    wing.plan.zone(f"{name}_corridor", corridor, kind=ZoneKind.CORRIDOR)
    wing.plan.zone(f"{name}_escape_route", corridor, kind=ZoneKind.ESCAPE_ROUTE, zone_class=None)


def _rooms(wing: Corridor, middle: float, width: float, block: Block, depth: float = 6.0) -> None:
    near, far = block.side.value * HALF_WIDTH, block.side.value * (HALF_WIDTH + depth)
    offsets = (0.0,) if len(block.names) == 1 else (-BAY_OFFSET, BAY_OFFSET)
    for name, offset in zip(block.names, offsets, strict=True):
        wing.bay(name, middle, block.side, offset=offset)
        if block.door:
            wing.bay_door(f"{name}_door", middle, block.side, offset=offset, automatic=block.automatic)
        if not block.shared:
            low, high = sorted((middle, middle + math.copysign(width, offset)))
            box = wing.frame.box(low, near, high, far)
            wing.plan.room(name, box, zone_class=block.zone_class, flow=block.flow)
    if block.shared:
        box = wing.frame.box(middle - width, near, middle + width, far)
        wing.plan.room(block.names[0], box, zone_class=block.zone_class, flow=block.flow)
    if not block.door:
        counter = width - 0.5
        wing.plan.opening(wing.frame.point(middle - counter, near), wing.frame.point(middle + counter, near))


# --- lifts -------------------------------------------------------------------------------------------------

_CAR_WIDTH, _CAR_DEPTH = 2.2, 2.4
_HALL_HALF_WIDTH = 3.3
_PAIR_PITCH = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    """A lift car's place in its bank: `pair` counts from the main corridor."""

    id: LiftId
    pair: int
    side: Side
    flow: Flow


def build_lift_bank(spine: Corridor, at: float, name: str, cars: Sequence[Car]) -> None:
    """A lobby to the left of `spine` with cars on both sides.

    Every car has its own waiting place beside the lobby's lanes and another way out, so that a robot waiting for
    the car never stands in the way of the one inside.
    """
    lobby = spine.branch(at, Side.LEFT, name)
    plan = lobby.plan
    pairs = 1 + max(car.pair for car in cars)
    lobby.extend([(2.9, Stop.PASS)])
    lobby.extend([(5.5 + _PAIR_PITCH * pair, Stop.JUNCTION) for pair in range(pairs)])
    for car in cars:
        middle, side = 5.5 + _PAIR_PITCH * car.pair, car.side.value
        station = lobby.station(middle)
        here = station.ahead[0] if car.side is Side.RIGHT else station.back[0]
        cabin = plan.node(
            f"{car.id}_car",
            lobby.frame.point(middle, side * (_HALL_HALF_WIDTH + _CAR_DEPTH / 2)),
            stop=False,
            lift=car.id,
        )
        wait = plan.node(f"{car.id}_wait", lobby.frame.point(middle - 0.8, side * 2.15))
        leave = plan.node(f"{car.id}_leave", lobby.frame.point(middle + 0.8, side * 2.15), stop=False)
        plan.waiting(wait)
        plan.lanes_both_ways(here, wait)
        for start, end in ((wait, cabin), (cabin, leave), (leave, here)):
            plan.lane(start, end)
        near, far = side * _HALL_HALF_WIDTH, side * (_HALL_HALF_WIDTH + _CAR_DEPTH)
        shaft = lobby.frame.box(middle - _CAR_WIDTH / 2, near, middle + _CAR_WIDTH / 2, far)
        plan.enclose(shaft)
        plan.zone(f"{car.id}_no_signal", shaft, kind=ZoneKind.NO_SIGNAL, zone_class=None, flow=car.flow)
        plan.opening(lobby.frame.point(middle - 0.75, near), lobby.frame.point(middle + 0.75, near))
    hall = lobby.walls(HALF_WIDTH, 5.5 + _PAIR_PITCH * pairs - 2.0, _HALL_HALF_WIDTH)
    lobby.mouth(HALF_WIDTH, _HALL_HALF_WIDTH)
    plan.zone(f"{name}_lobby", hall, kind=ZoneKind.CORRIDOR)


def lift(car: Car, spine: Corridor, at: float, levels: tuple[LevelId, ...], initial_level: LevelId) -> Lift:
    """The car that `build_lift_bank` draws on each of `levels`; its door looks into the lobby."""
    lobby = spine.frame.left(at)
    middle, side = 5.5 + _PAIR_PITCH * car.pair, car.side.value
    x, y = lobby.point(middle, side * (_HALL_HALF_WIDTH + _CAR_DEPTH / 2))
    # The door is on the car's own y side: across the lobby towards its centre line.
    inward = lobby.heading - side * math.pi / 2
    return Lift(
        id=car.id,
        x=x,
        y=y,
        yaw=math.remainder(inward - math.pi / 2, math.tau),
        width=_CAR_WIDTH,
        depth=_CAR_DEPTH,
        levels=levels,
        cabins={level: (WaypointId(f"{level}_{car.id}_car"),) for level in levels},
        initial_level=initial_level,
        flow=car.flow,
        speed=1.5,
    )


# --- garage ------------------------------------------------------------------------------------------------

_DOCK_OFFSET = 0.9
_DOCK_PITCH = 3.6
DOCKS_PER_STATION = 4


def build_garage(spine: Corridor, at: float, name: str, stations: int, names: Iterator[str]) -> None:
    """An aisle to the right of `spine` with charging docks on both sides, four at each station."""
    aisle = spine.branch(at, Side.RIGHT, name, speed_limit=GARAGE_SPEED)
    for number in range(stations):
        middle = round(4.6 + _DOCK_PITCH * number, 3)
        turning = (stations - 1 - number) % 2 == 0
        aisle.extend([(middle, Stop.JUNCTION if turning else Stop.PASS)])
        for side in Side:
            for offset in (-_DOCK_OFFSET, _DOCK_OFFSET):
                aisle.plan.charger(aisle.bay(next(names), middle, side, offset=offset))
    hall = aisle.walls(HALF_WIDTH, 4.6 + _DOCK_PITCH * (stations - 1) + 2.0, 3.5)
    aisle.mouth(HALF_WIDTH, 3.5)
    aisle.plan.zone(name, hall, kind=ZoneKind.AREA)
