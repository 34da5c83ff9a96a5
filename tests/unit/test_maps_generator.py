"""Generated hospitals: complete, roomy enough for traffic, and the same every time."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import time
from itertools import combinations, pairwise
from pathlib import Path

import networkx as nx
import pytest

from maps.bays import cut_off_by
from maps.errors import NoRoomError
from maps.fleets import with_robots
from maps.generator import generate
from maps.geometry import distance_to_segment
from maps.graph import routing_graph
from maps.model import FleetId, Flow, LevelId, Site, TransferKind, WaypointId, ZoneClass, ZoneKind
from maps.site_files import load_site
from maps.validation import check

GENERAL_HOSPITAL = Path(__file__).resolve().parents[2] / "maps" / "sites" / "general_hospital"
DELIVERY, SOILED, ISOLATION = FleetId("delivery"), FleetId("soiled_goods"), FleetId("isolation")


@pytest.fixture(scope="module")
def hospital() -> Site:
    return generate()


def test_the_stored_hospital_is_the_generated_one(hospital: Site) -> None:
    """After a change of the generator: save_site(generate(), Path("maps/sites/general_hospital"))."""
    assert load_site(GENERAL_HOSPITAL) == hospital


def test_the_default_hospital_is_large_but_not_too_large(hospital: Site) -> None:
    start = time.monotonic()
    assert generate() == hospital
    assert time.monotonic() - start < 5.0
    assert len(hospital.levels) == 6
    assert 1000 < len(hospital.waypoints) < 2500
    assert len(hospital.lifts) >= 12
    assert {lift.flow for lift in hospital.lifts.values()} == {Flow.CLEAN, Flow.SOILED}
    assert len({round(lift.x / 20) for lift in hospital.lifts.values()}) >= 3
    assert len(hospital.fleets[DELIVERY].robots) == 10
    assert [robot.id for robot in hospital.fleets[DELIVERY].robots][:2] == ["robot-1", "robot-2"]


def test_it_has_what_a_hospital_has(hospital: Site) -> None:
    places = set(hospital.waypoints)
    assert places >= {
        *("pharmacy", "pharmacy_2", "laboratory", "cssd", "kitchen", "waste_room", "icu", "theatre_1", "theatre_4"),
        *("decontamination", "quarantine", "isolation_window", "isolation_room_06", "uav_pad_1", "uav_pad_2", "annex"),
        *("ward_1a", "ward_3b", "ward_6a", "ward_3b_room_01", "ward_3b_room_20"),
    }
    rooms = [place for place in places if re.fullmatch(r"ward_3b_room_\d\d", place)]
    assert len(rooms) == 20
    assert {zone.kind for zone in hospital.zones.values()} == set(ZoneKind)
    assert {zone.zone_class for zone in hospital.zones.values()} >= {
        *(ZoneClass.CLEAN, ZoneClass.SEMI_CONTAMINATED, ZoneClass.CONTAMINATED, ZoneClass.ISOLATION),
    }
    assert {point.kind for point in hospital.transfer_points.values()} == set(TransferKind)
    assert hospital.quarantine == "quarantine"
    assert any(door.automatic and "theatre_1" in door.id for door in hospital.doors.values())
    assert sum("entrance" in door.id for door in hospital.doors.values()) == 12
    assert any(door.fire_door for door in hospital.doors.values())


@pytest.mark.parametrize("floors", range(1, 11))
def test_every_hospital_passes_its_check(floors: int) -> None:
    assert check(generate(floors=floors, seed=floors)) == []


def test_seeds_differ_and_repeat() -> None:
    assert generate(floors=2, seed=4) == generate(floors=2, seed=4)
    assert len({str(generate(floors=1, seed=seed).waypoints) for seed in range(6)}) > 1


def test_the_same_hospital_whatever_the_hash_seed() -> None:
    script = "from maps.generator import generate; import hashlib; s = generate(floors=2, seed=5)\n"
    script += (
        "parts = [list(s.waypoints.items()), list(s.lanes.items()), list(s.doors), list(s.zones), list(s.lifts)]\n"
    )
    script += "print(hashlib.sha256(str([parts, [list(f.robots) for f in s.fleets.values()]]).encode()).hexdigest())"
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            cwd=GENERAL_HOSPITAL.parents[2],
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


@pytest.mark.parametrize(("floors", "robots"), [(0, 1), (11, 1), (1, -1), (1, 107), (2, 215)])
def test_impossible_orders(floors: int, robots: int) -> None:
    with pytest.raises(NoRoomError):
        generate(floors=floors, robots=robots)


@pytest.mark.parametrize(("floors", "robots"), [(1, 100), (3, 100), (1, 0)])
def test_as_many_robots_as_ordered(floors: int, robots: int) -> None:
    site = generate(floors=floors, robots=robots)
    homes = [robot.home for fleet in site.fleets.values() for robot in fleet.robots]
    assert len(site.fleets[DELIVERY].robots) == robots
    assert len(set(homes)) == len(homes)
    assert check(site) == []


def test_a_hundred_robots_find_homes_in_the_stored_hospital(hospital: Site) -> None:
    site = with_robots(hospital, DELIVERY, 100)
    assert len(site.fleets[DELIVERY].robots) == 100
    assert site.fleets[DELIVERY].robots[:10] == hospital.fleets[DELIVERY].robots
    per_level = [
        sum(site.waypoints[WaypointId(str(robot.home))].level == level for robot in site.fleets[DELIVERY].robots)
        for level in site.levels
    ]
    assert max(per_level) - min(per_level) <= 1
    assert check(site) == []


# --- room for traffic --------------------------------------------------------------------------------------


def _standing_places(site: Site) -> list[WaypointId]:
    """Where robots stand for long: named places and the waiting places before lifts."""
    return [place.id for place in site.waypoints.values() if place.name is not None or place.id in site.holding_points]


def test_standing_robots_are_clear_of_all_lanes_but_their_own(hospital: Site) -> None:
    """At least 1.2 m from lanes that do not end there, and 1 m from other standing places."""
    places = _standing_places(hospital)
    for level in list(hospital.levels)[:3]:
        here = [place for place in places if hospital.waypoints[place].level == level]
        lanes = [lane for lane in hospital.lanes.values() if hospital.waypoints[lane.start].level == level]
        for place in here:
            xy = hospital.waypoints[place].xy
            nearest = min(
                distance_to_segment(xy, (hospital.waypoints[lane.start].xy, hospital.waypoints[lane.end].xy))
                for lane in lanes
                if place not in (lane.start, lane.end)
            )
            assert nearest >= 1.2, place
        for one, other in combinations(here, 2):
            assert math.dist(hospital.waypoints[one].xy, hospital.waypoints[other].xy) >= 1.0, (one, other)


def test_opposite_lanes_never_touch(hospital: Site) -> None:
    """Discs of radius 0.45 m swept along the two lanes of a corridor stay apart."""
    spine = [lane for lane in hospital.lanes.values() if re.match(r"L1_spine_\d\d_ahead>L1_spine_\d\d_ahead", lane.id)]
    assert len(spine) > 5
    for lane in spine:
        start, end = hospital.waypoints[lane.start], hospital.waypoints[lane.end]
        back = hospital.waypoints[WaypointId(lane.start.replace("ahead", "back"))]
        assert distance_to_segment(back.xy, (start.xy, end.xy)) == pytest.approx(1.3)
        assert 1.3 <= lane.length <= 9.5


def test_waiting_for_a_lift_is_not_in_the_way_of_leaving_it(hospital: Site) -> None:
    graph = routing_graph(hospital, hospital.fleets[DELIVERY])
    for lift in hospital.lifts.values():
        for level, (cabin,) in lift.cabins.items():
            wait, leave = WaypointId(f"{level}_{lift.id}_wait"), WaypointId(f"{level}_{lift.id}_leave")
            assert [p for p in graph.predecessors(cabin) if "lift" not in graph.edges[p, cabin]] == [wait]
            assert [p for p in graph.successors(cabin) if "lift" not in graph.edges[cabin, p]] == [leave]
            assert wait in hospital.holding_points
            way_out = [cabin, leave, next(iter(graph.successors(leave)))]
            for start, end in pairwise(way_out):
                segment = (hospital.waypoints[start].xy, hospital.waypoints[end].xy)
                assert distance_to_segment(hospital.waypoints[wait].xy, segment) > 0.9


def test_the_site_is_well_formed(hospital: Site) -> None:
    """Between any two standing places there is a way that passes no third one."""
    fleet = hospital.fleets[DELIVERY]
    graph = routing_graph(hospital, fleet)
    endpoints = [p for p in _standing_places(hospital) if p not in hospital.holding_points or p in hospital.chargers]
    for place in endpoints:
        assert len({*graph.successors(place), *graph.predecessors(place)}) == 1, place
        assert not cut_off_by(graph, set(graph), place)
    through = graph.subgraph([place for place in graph if place not in set(endpoints)])
    assert nx.is_strongly_connected(through)


def test_only_the_isolation_fleet_enters_the_isolation_ward(hospital: Site) -> None:
    assert ZoneClass.ISOLATION not in hospital.fleets[DELIVERY].zones
    assert ZoneClass.ISOLATION not in hospital.fleets[SOILED].zones
    assert ZoneClass.ISOLATION in hospital.fleets[ISOLATION].zones
    homes = [robot.home for robot in hospital.fleets[ISOLATION].robots]
    assert homes == ["isolation_dock_1", "isolation_dock_2"]
    assert hospital.waypoints[WaypointId("isolation_room_01")].level == LevelId("L2")
    passages = {zone.passage for zone in hospital.zones.values() if zone.passage}
    assert len(passages) == 2


def test_doors_are_on_the_lanes_that_pass_them(hospital: Site) -> None:
    used = {lane.door for lane in hospital.lanes.values()} - {None}
    assert used == set(hospital.doors)


# --- furniture and lamps ---------------------------------------------------------------------------------------


def test_the_isolation_ward_is_furnished(hospital: Site) -> None:
    for number in range(1, 7):
        room = f"isolation_room_{number:02d}"
        surfaces = {one.name for one in hospital.surfaces.values() if one.zone == f"L2_{room}"}
        assert surfaces >= {"bed rail 1", "bed rail 2", "locker handle", "door handle", "tap"}
        names = {one.name for one in hospital.furniture.values() if one.id.startswith(room)}
        assert names >= {"bed", "locker", "wardrobe", "chair"}
    assert {surface.level for surface in hospital.surfaces.values()} == {"L2"}


def test_a_fleet_for_disinfection_waits_for_its_robots(hospital: Site) -> None:
    fleet = hospital.fleets[FleetId("disinfection")]
    assert fleet.robots == ()
    assert fleet.lamp is not None
    assert fleet.lamp.irradiance == 26.7
    assert hospital.dose_presets
    bought = with_robots(hospital, fleet.id, 2)
    assert [robot.id for robot in bought.fleets[fleet.id].robots] == ["disinfection-1", "disinfection-2"]
    assert check(bought) == []
