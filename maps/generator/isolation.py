"""The isolation ward: three zones, two passages (三区两通道), buffer rooms between them.

It lies behind the main corridor's far end. From the clean zone a buffer room leads into the staff passage
(semi-contaminated), from whose end another one leads into the patient passage and the rooms (contaminated). All of
it is of zone class `isolation`, so that only a dedicated fleet enters; the others hand over at the window before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from maps.generator.corridors import BAY_OFFSET, HALF_WIDTH, Corridor, Side, Stop
from maps.generator.furnishing import (
    Room,
    anteroom,
    bare_room,
    nurse_room,
    patient_room,
    store_room,
    waste_room,
)
from maps.generator.plan import Box
from maps.model import FleetId, Passage, TransferKind, WaypointId, ZoneClass, ZoneKind

ISOLATION_FLEET = FleetId("isolation")
FIRST = 100.0
"""Where the main corridor's last ordinary station lies (m)."""

_JUNCTIONS = (116.0, 125.0, 134.0)
_ROOM = 4.5
_END = 142.0
_PATIENT_AXIS = -11.6
_ROOMS_TO_STAFF = -4.0

_FURNISHING: Mapping[str, Callable[[Room], None]] = {
    "isolation_nurse_station": nurse_room,
    "isolation_store": store_room,
    "isolation_waste_room": waste_room,
}


def build_isolation_ward(spine: Corridor) -> list[WaypointId]:
    """Continue `spine` beyond `FIRST`; returns the homes of the dedicated robots."""
    _window(spine)
    _staff_passage(spine)
    _patient_passage(spine)
    _rooms(spine)
    closed = (
        ("isolation_approach", Box(103.0, -HALF_WIDTH, 111.5, HALF_WIDTH)),
        ("isolation_ward", Box(111.5, _PATIENT_AXIS - HALF_WIDTH, _END + HALF_WIDTH, 7.6)),
    )
    for name, box in closed:
        spine.plan.zone(name, box, kind=ZoneKind.AREA, zone_class=ZoneClass.ISOLATION)
    return _north_rooms(spine)


def _window(spine: Corridor) -> None:
    plan = spine.plan
    window = spine.bay("isolation_window", FIRST, Side.LEFT, offset=BAY_OFFSET)
    spine.bay_door("isolation_window_door", FIRST, Side.LEFT, offset=BAY_OFFSET)
    plan.transfer(window, TransferKind.PASS_THROUGH_WINDOW)
    plan.room("isolation_clean_store", Box(99.4, HALF_WIDTH, 105.0, 6.0))
    plan.zone("isolation_clean_zone", Box(98.0, -HALF_WIDTH, 106.0, HALF_WIDTH), kind=ZoneKind.AREA)


def _staff_passage(spine: Corridor) -> None:
    plan = spine.plan
    spine.extend([(104.3, Stop.PASS)])
    spine.extend([(108.0, Stop.BARRED), (111.6, Stop.PASS)], mutex="isolation_staff_buffer")
    for junction in _JUNCTIONS:
        spine.extend([(junction, Stop.JUNCTION), (junction + _ROOM, Stop.PASS)])
    spine.extend([(_END, Stop.CROSSING)])
    spine.door("isolation_staff_buffer_outer", 106.0)
    spine.door("isolation_staff_buffer_inner", 110.0)
    plan.zone(
        "isolation_staff_buffer",
        Box(106.0, -HALF_WIDTH, 110.0, HALF_WIDTH),
        kind=ZoneKind.BUFFER_ROOM,
        zone_class=ZoneClass.SEMI_CONTAMINATED,
        passage=Passage.STAFF,
    )
    plan.zone(
        "isolation_staff_passage",
        Box(110.0, -HALF_WIDTH, _END + HALF_WIDTH, HALF_WIDTH),
        kind=ZoneKind.CORRIDOR,
        zone_class=ZoneClass.SEMI_CONTAMINATED,
        passage=Passage.STAFF,
    )


def _patient_passage(spine: Corridor) -> None:
    plan = spine.plan
    link = spine.branch(_END, Side.RIGHT, "isolation_link")
    link.extend([(3.6, Stop.PASS)])
    link.extend([(6.0, Stop.BARRED), (8.4, Stop.PASS)], mutex="isolation_patient_buffer")
    link.extend([(-_PATIENT_AXIS, Stop.CROSSING)])
    link.mouth(HALF_WIDTH)
    link.door("isolation_patient_buffer_outer", 4.8)
    link.door("isolation_patient_buffer_inner", 7.2)
    link.walls(HALF_WIDTH, -_PATIENT_AXIS - HALF_WIDTH)
    link.mouth(-_PATIENT_AXIS - HALF_WIDTH)
    plan.zone(
        "isolation_patient_buffer",
        link.frame.box(4.8, -HALF_WIDTH, 7.2, HALF_WIDTH),
        kind=ZoneKind.BUFFER_ROOM,
        zone_class=ZoneClass.SEMI_CONTAMINATED,
        passage=Passage.PATIENT,
    )
    passage = link.branch(-_PATIENT_AXIS, Side.RIGHT, "isolation_patients")
    passage.extend([(_END - 138.5, Stop.PASS)])
    for junction in reversed(_JUNCTIONS):
        passage.extend([(_END - junction, Stop.JUNCTION)])
        if junction != _JUNCTIONS[0]:
            passage.extend([(_END - junction + _ROOM, Stop.PASS)])
    for number, junction in enumerate(_JUNCTIONS):
        for room, offset in ((2 * number + 1, BAY_OFFSET), (2 * number + 2, -BAY_OFFSET)):
            name = f"isolation_room_{room:02d}"
            passage.bay(name, _END - junction, Side.RIGHT, offset=offset)
            passage.bay_door(f"{name}_door", _END - junction, Side.RIGHT, offset=offset)
    box = Box(111.5, _PATIENT_AXIS - HALF_WIDTH, _END + HALF_WIDTH, _PATIENT_AXIS + HALF_WIDTH)
    plan.enclose(box)
    plan.zone(
        "isolation_patient_passage",
        box,
        kind=ZoneKind.CORRIDOR,
        zone_class=ZoneClass.CONTAMINATED,
        passage=Passage.PATIENT,
    )


def _rooms(spine: Corridor) -> None:
    """Each room lies between the passages, with an anteroom where staff take over what a robot brings."""
    plan = spine.plan
    for number, junction in enumerate(_JUNCTIONS):
        for room, offset in ((2 * number + 1, -BAY_OFFSET), (2 * number + 2, BAY_OFFSET)):
            left = junction - _ROOM if offset < 0 else junction
            plan.room(
                f"isolation_room_{room:02d}",
                Box(left, _PATIENT_AXIS + HALF_WIDTH, left + _ROOM, _ROOMS_TO_STAFF),
                zone_class=ZoneClass.CONTAMINATED,
            )
            along = -1 if offset < 0 else 1
            corner = (junction, _PATIENT_AXIS + HALF_WIDTH)
            patient_room(Room(plan=plan, name=f"isolation_room_{room:02d}", corner=corner, along=along, inward=1))
            name = f"isolation_anteroom_{room:02d}"
            bay = spine.bay(name, junction, Side.RIGHT, offset=offset)
            spine.bay_door(f"{name}_door", junction, Side.RIGHT, offset=offset)
            plan.transfer(bay, TransferKind.BUFFER)
            box = Box(left, _ROOMS_TO_STAFF, left + _ROOM, -HALF_WIDTH)
            plan.zone(name, box, kind=ZoneKind.BUFFER_ROOM, zone_class=ZoneClass.SEMI_CONTAMINATED)
            plan.enclose(box)
            anteroom(Room(plan=plan, name=name, corner=(junction, -HALF_WIDTH), along=along, inward=-1))


def _north_rooms(spine: Corridor) -> list[WaypointId]:
    plan = spine.plan
    names = (
        ("isolation_dock_1", "isolation_dock_2"),
        ("isolation_nurse_station", "isolation_decontamination"),
        ("isolation_store", "isolation_waste_room"),
    )
    places = []
    for junction, pair in zip(_JUNCTIONS, names, strict=True):
        for name, offset in zip(pair, (-BAY_OFFSET, BAY_OFFSET), strict=True):
            places.append(spine.bay(name, junction, Side.LEFT, offset=offset))
            spine.bay_door(f"{name}_door", junction, Side.LEFT, offset=offset)
            left = junction - _ROOM if offset < 0 else junction
            plan.room(name, Box(left, HALF_WIDTH, left + _ROOM, 7.6), zone_class=ZoneClass.SEMI_CONTAMINATED)
            along = -1 if offset < 0 else 1
            furnish = _FURNISHING.get(name, bare_room)
            furnish(Room(plan=plan, name=name, corner=(junction, HALF_WIDTH), along=along, inward=1))
    homes = places[:2]
    for home in homes:
        plan.charger(home, fleets=frozenset({ISOLATION_FLEET}))
    plan.decontamination(places[3])
    return homes
