"""What `check` finds on a map, told on small plans drawn for the purpose."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import pytest

from maps.importers import read_any
from maps.model import (
    CarrierKind,
    Charger,
    Door,
    DoorId,
    DoorKind,
    Facing,
    Fleet,
    FleetId,
    Furniture,
    FurnitureId,
    HoldingPoint,
    Lane,
    LaneId,
    Level,
    LevelId,
    Lift,
    LiftId,
    Robot,
    RobotId,
    Site,
    Surface,
    SurfaceId,
    UvLamp,
    Waypoint,
    WaypointId,
    Zone,
    ZoneClass,
    ZoneId,
    ZoneKind,
)
from maps.validation import Finding, Severity, check
from tests.data import public_data

L1 = LevelId("L1")
CARTS = FleetId("carts")


def _ward(places: dict[str, tuple[float, float]], ways: str, *, robots: dict[str, str] | None = None) -> Site:
    """A site of one level; `ways` such as "a-b b>c" are two-way and one-way lanes."""
    waypoints = {
        WaypointId(name): Waypoint(id=WaypointId(name), level=L1, x=x, y=y, name=name)
        for name, (x, y) in places.items()
    }
    lanes = {}
    for way in ways.split():
        start, end = way.replace("-", ">").split(">")
        for one, other in ((start, end), (end, start)) if "-" in way else ((start, end),):
            lane = LaneId(f"{one}>{other}")
            length = math.dist(places[one], places[other])
            lanes[lane] = Lane(id=lane, start=WaypointId(one), end=WaypointId(other), length=length)
    homes = {"cart-1": "a"} if robots is None else robots
    fleet = Fleet(id=CARTS, robots=tuple(Robot(id=RobotId(r), home=WaypointId(h)) for r, h in homes.items()))
    chargers = {home: Charger(waypoint=home) for home in (WaypointId(name) for name in homes.values())}
    return Site(
        name="ward",
        levels={L1: Level(id=L1, elevation=0.0)},
        waypoints=waypoints,
        lanes=lanes,
        chargers=chargers,
        fleets={CARTS: fleet},
    )


LINE = {"a": (0.0, 0.0), "b": (10.0, 0.0), "c": (20.0, 0.0)}


def _codes(findings: Iterable[Finding]) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.place) for finding in findings]


def _only(site: Site, code: str) -> Finding:
    found = [finding for finding in check(site) if finding.code == code]
    assert len(found) == 1, _codes(check(site))
    return found[0]


def test_a_good_ward_has_no_findings() -> None:
    assert check(_ward(LINE, "a-b b-c")) == []


def test_places_robots_never_come_back_from() -> None:
    finding = _only(_ward(LINE, "a-b b>c"), "trapped")
    assert (finding.severity, finding.place, finding.level) == (Severity.ERROR, "c", "L1")
    assert "never away from c" in finding.message


def test_places_robots_never_get_to() -> None:
    finding = _only(_ward(LINE, "a-b c>b"), "unreachable")
    assert "but never to c" in finding.message
    assert _codes(check(_ward({**LINE, "d": (0.0, 9.0)}, "a-b c-d"))) == [("unreachable", "c")]


def test_a_zone_the_fleet_may_not_enter_is_neither_a_way_nor_a_goal() -> None:
    site = _ward(LINE, "a-b b-c")
    ring = ((8.0, -2.0), (12.0, -2.0), (12.0, 2.0), (8.0, 2.0))
    zone = Zone(id=ZoneId("z"), level=L1, polygon=ring, zone_class=ZoneClass.ISOLATION)
    assert _codes(check(replace(site, zones={zone.id: zone}))) == [("unreachable", "c")]
    fleet = replace(site.fleets[CARTS], zones=frozenset(ZoneClass))
    assert check(replace(site, zones={zone.id: zone}, fleets={CARTS: fleet})) == []


def test_a_place_without_lanes() -> None:
    finding = _only(_ward({**LINE, "chapel": (10.0, 7.5)}, "a-b b-c"), "no-lane")
    assert "7.5 m from the nearest lane" in finding.message


def test_lifts_robots_cannot_use() -> None:
    site = _ward(LINE, "a-b b-c")
    lift = Lift(id=LiftId("lift"), x=0, y=0, yaw=0, width=2, depth=2, levels=(L1,), initial_level=L1, connected=False)
    assert "no lane leads into it" in _only(replace(site, lifts={lift.id: lift}), "lift-unconnected").message
    cabin = replace(site.waypoints[WaypointId("c")], lift=lift.id)
    boarded = replace(
        site,
        waypoints={**site.waypoints, cabin.id: cabin},
        lifts={lift.id: replace(lift, cabins={L1: (cabin.id,)})},
    )
    assert "no building interface" in _only(boarded, "lift-unconnected").message
    connected = replace(boarded, lifts={lift.id: replace(boarded.lifts[lift.id], connected=True)})
    assert "on level 'L1' only" in _only(connected, "lift-unused").message


def test_doors_on_no_lane_are_told_together() -> None:
    doors = {DoorId(f"door_{n}"): Door(id=DoorId(f"door_{n}"), level=L1, start=(n, 5), end=(n, 6)) for n in range(10)}
    finding = _only(replace(_ward(LINE, "a-b b-c"), doors=doors), "door-unused")
    assert finding.severity is Severity.INFO
    assert "10 doors: door_0, door_1" in finding.message
    assert "and 4 more" in finding.message


def _with_walls(site: Site, *walls: tuple[tuple[float, float], ...]) -> Site:
    return replace(site, levels={L1: replace(site.levels[L1], walls=walls)})


def test_lanes_through_walls_unless_there_is_a_door() -> None:
    site = _with_walls(_ward(LINE, "a-b b-c"), ((5.0, -3.0), (5.0, 3.0)))
    finding = _only(site, "lane-through-wall")
    assert (finding.severity, finding.place) == (Severity.ERROR, "a>b")
    assert "(5.0, 0.0)" in finding.message
    door = Door(id=DoorId("d"), level=L1, start=(5.0, -0.6), end=(5.0, 0.6), automatic=False)
    doored = replace(
        site,
        doors={door.id: door},
        lanes={i: replace(lane, door=door.id if "a" in i else None) for i, lane in site.lanes.items()},
    )
    assert check(doored) == []


def test_a_lane_through_two_doors() -> None:
    doors = {DoorId(f"d{x}"): Door(id=DoorId(f"d{x}"), level=L1, start=(x, -0.6), end=(x, 0.6)) for x in (3.0, 6.0)}
    assert _only(replace(_ward(LINE, "a-b b-c"), doors=doors), "lane-through-doors").place == "a>b"


def test_bodies_too_wide() -> None:
    site = _ward(LINE, "a-b b-c")
    door = Door(id=DoorId("d"), level=L1, start=(5.0, -0.2), end=(5.0, 0.2))
    lanes = {i: replace(lane, width=0.4, door=door.id if "a" in i else None) for i, lane in site.lanes.items()}
    narrow = replace(site, lanes=lanes, doors={door.id: door})
    assert "4 lanes" in _only(narrow, "lane-too-narrow").message
    touching = {i: replace(lane, width=0.59) for i, lane in site.lanes.items()}
    assert "0.50 m wide" in _only(replace(site, lanes=touching), "lane-too-narrow").message
    assert check(replace(site, lanes={i: replace(lane, width=0.6) for i, lane in site.lanes.items()})) == []
    assert "1 doors: d" in _only(narrow, "door-too-narrow").message


def test_duplicate_names() -> None:
    site = _ward(LINE, "a-b b-c")
    twin = replace(site.waypoints[WaypointId("c")], name="a")
    assert "'a': a, c" in _only(replace(site, waypoints={**site.waypoints, twin.id: twin}), "duplicate-name").message


@pytest.mark.parametrize(("kind", "found"), [(ZoneKind.ROOM, 1), (ZoneKind.AREA, 1), (ZoneKind.NO_SIGNAL, 0)])
def test_zones_without_a_class(kind: ZoneKind, found: int) -> None:
    zone = Zone(id=ZoneId("z"), level=L1, polygon=((0, 0), (1, 0), (1, 1)), kind=kind)
    site = replace(_ward(LINE, "a-b b-c"), zones={zone.id: zone})
    assert sum(finding.code == "zone-without-class" for finding in check(site)) == found


def test_robots_and_their_homes() -> None:
    shared = _ward(LINE, "a-b b-c", robots={"cart-1": "a", "cart-2": "a"})
    assert "'cart-1' and 'cart-2' share" in _only(shared, "shared-home").message
    site = _ward({**LINE, "d": (0.0, 9.0)}, "a-b b-c", robots={"cart-1": "a", "cart-2": "d"})
    assert _only(site, "home-out-of-reach").place == "d"
    homeless = replace(site.fleets[CARTS], robots=(Robot(id=RobotId("stray")),))
    assert _only(replace(site, fleets={CARTS: homeless}), "no-home").place == "stray"


def test_people_need_no_home() -> None:
    site = _ward(LINE, "a-b b-c")
    porters = Fleet(id=FleetId("porters"), carrier=CarrierKind.PERSON, robots=(Robot(id=RobotId("ann")),))
    assert check(replace(site, fleets={**site.fleets, porters.id: porters})) == []


def test_a_home_in_the_way_of_others() -> None:
    finding = _only(_ward(LINE, "a-b b-c", robots={"cart-1": "b"}), "home-in-the-way")
    assert finding.place == "b"
    beside = _ward({**LINE, "d": (15.0, 0.5), "e": (15.0, 9.0)}, "a-b b-c d-e e-a", robots={"cart-1": "d"})
    assert "reaches into lane 'b>c'" in _only(beside, "home-too-near-lane").message


def test_chargers_and_parking() -> None:
    site = _ward(LINE, "a-b b-c", robots={"cart-1": "a", "cart-2": "c"})
    nothing = replace(site, chargers={})
    assert _only(nothing, "no-charger").place == "carts"
    assert "2 robots and 0 parking" in _only(nothing, "too-few-parking-places").message
    others = {i: replace(charger, fleets=frozenset({FleetId("drones")})) for i, charger in site.chargers.items()}
    assert _only(replace(site, chargers=others), "no-charger")
    parked = {WaypointId("c"): HoldingPoint(waypoint=WaypointId("c"), parking=True)}
    one_charger = {WaypointId("a"): site.chargers[WaypointId("a")]}
    assert check(replace(site, chargers=one_charger, holding_points=parked)) == []


def test_standing_robots_keep_doors_and_escape_routes_free() -> None:
    site = _ward(LINE, "a-b b-c")
    door = Door(id=DoorId("d"), level=L1, start=(-1.2, 0.0), end=(-0.2, 0.0), kind=DoorKind.HINGED, swing=1.5)
    swinging = replace(site, doors={door.id: door})
    assert "swing of door 'd'" in _only(swinging, "in-door-swing").message
    away = replace(door, kind=DoorKind.DOUBLE_HINGED, start=(-9.0, 0.0), end=(-7.0, 0.0))
    assert "in-door-swing" not in dict(_codes(check(replace(site, doors={door.id: away}))))
    ring = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
    route = Zone(id=ZoneId("stairs"), level=L1, polygon=ring, kind=ZoneKind.ESCAPE_ROUTE)
    finding = _only(replace(site, zones={route.id: route}), "in-escape-route")
    assert (finding.severity, finding.place) == (Severity.ERROR, "a")


def test_furniture_keeps_off_the_lanes() -> None:
    site = _ward(LINE, "a-b b-c")
    ring = ((4.0, 0.7), (5.0, 0.7), (5.0, 2.0), (4.0, 2.0))
    trolley = Furniture(id=FurnitureId("trolley"), level=L1, polygon=ring, height=1.0)
    finding = _only(replace(site, furniture={trolley.id: trolley}), "furniture-in-lane")
    assert (finding.severity, finding.place) == (Severity.ERROR, "a>b")
    aside = replace(trolley, polygon=tuple((x, y + 0.1) for x, y in ring))
    assert check(replace(site, furniture={aside.id: aside})) == []


def test_surfaces_lie_in_their_room_and_not_in_furniture() -> None:
    ring = ((0.0, 5.0), (4.0, 5.0), (4.0, 9.0), (0.0, 9.0))
    zone = Zone(id=ZoneId("ward"), level=L1, polygon=ring, zone_class=ZoneClass.CLEAN)
    locker = Furniture(
        id=FurnitureId("locker"), level=L1, polygon=((1.0, 6.0), (2.0, 6.0), (2.0, 7.0), (1.0, 7.0)), height=1.0
    )
    site = replace(_ward(LINE, "a-b b-c"), zones={zone.id: zone}, furniture={locker.id: locker})
    handle = Surface(id=SurfaceId("handle"), level=L1, zone=zone.id, x=1.0, y=6.5, height=0.8)

    def with_surface(surface: Surface) -> Site:
        return replace(site, surfaces={surface.id: surface})

    assert check(with_surface(handle)) == []
    assert check(with_surface(replace(handle, x=1.5, height=1.0, facing=Facing.UP))) == []
    assert check(with_surface(replace(handle, x=1.5, facing=Facing.DOWN))) == []
    assert "inside of 'locker'" in _only(with_surface(replace(handle, x=1.5)), "surface-inside").message
    assert "outside its zone 'ward'" in _only(with_surface(replace(handle, y=4.0)), "surface-outside").message


def test_a_lamp_without_calibration() -> None:
    site = _ward(LINE, "a-b b-c")
    lamp = UvLamp(length=1.2, height=1.0)
    finding = _only(replace(site, fleets={CARTS: replace(site.fleets[CARTS], lamp=lamp)}), "lamp-without-calibration")
    assert finding.place == "carts"
    assert "`lamp.irradiance`: W/m² at 1 m" in finding.remedy


def test_errors_come_first() -> None:
    severities = [finding.severity for finding in check(_ward({**LINE, "chapel": (10.0, 7.5)}, "a-b b>c"))]
    assert severities == [Severity.ERROR, Severity.WARNING]


def test_an_empty_site() -> None:
    assert check(Site(name="meadow", levels={}, waypoints={}, lanes={})) == []


def test_the_clinics_unconnected_lifts_are_named() -> None:
    findings = check(read_any(public_data() / "rmf" / "clinic.building.yaml"))
    assert [f.place for f in findings if f.code == "lift-unconnected"] == ["lift_2", "lift_24"]
    unused = [f.message for f in findings if f.code == "door-unused"]
    assert len(unused) == 2
    assert "67 doors" in unused[0]
    assert not [f for f in findings if f.severity is Severity.ERROR]
