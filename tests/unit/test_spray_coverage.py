"""Spraying rooms and yards: covered whole, on a short path, in sorties, going on after an interruption."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely import Polygon, box
from shapely.geometry import mapping
from typer.testing import CliRunner

from fleet_manager.cli.main import app
from fleet_manager.planning.coverage.coverage_map import CoverageMap, tracks
from fleet_manager.planning.coverage.finishing import without
from fleet_manager.planning.coverage.free_area import NotSprayable, free_area
from fleet_manager.planning.coverage.sorties import spray_plan
from fleet_manager.planning.coverage.spray_plan import CoveragePath, coverage_path
from maps.areas import read_area
from maps.errors import MapError
from maps.model import Sprayer
from maps.site_files import load_site, save_site
from maps.spraying import CHLORINE, WOXIAOBAI
from tests.areas import ROOMS_AND_YARDS, U_YARD, look_at, sticks_out
from tests.small_hospital import small_hospital

YARD = Polygon(box(0.0, 0.0, 30.0, 20.0).exterior, [box(10.0, 8.0, 16.0, 12.0).exterior])
assert WOXIAOBAI.sprayer is not None
SPRAYER: Sprayer = replace(WOXIAOBAI.sprayer, swath=1.5)


@pytest.mark.parametrize("name", ROOMS_AND_YARDS)
def test_a_room_or_yard_is_covered_on_a_short_path(name: str) -> None:
    area, swath = ROOMS_AND_YARDS[name]
    path = coverage_path(free_area(area, swath))
    seen = look_at(area, swath, path.points)
    assert seen.share >= 0.995
    assert seen.outside <= 1e-6
    assert path.length <= 1.15 * seen.reachable / swath


def test_the_same_seed_gives_the_same_path() -> None:
    one, other = (coverage_path(free_area(YARD, 1.5), seed=3) for _ in range(2))
    assert one.points == other.points


def test_a_thin_arm_and_a_narrow_neck_are_sprayed_too() -> None:
    area = box(0, 0, 5, 5) | box(5, 2, 8, 2.7) | box(8, 0, 13, 5) | box(13, 2, 17, 2.65)
    assert isinstance(area, Polygon)
    path = coverage_path(free_area(area, 0.6))
    seen = look_at(area, 0.6, path.points)
    assert seen.share >= 0.995
    assert seen.outside <= 1e-6


def test_only_the_part_where_the_robot_gets_in_is_sprayed() -> None:
    two_rooms = box(0, 0, 5, 5) | box(5, 2, 8, 2.4) | box(8, 0, 11, 5)
    assert isinstance(two_rooms, Polygon)
    largest = coverage_path(free_area(two_rooms, 0.6))
    assert max(x for x, _ in largest.points) < 5.0
    chosen = coverage_path(free_area(two_rooms, 0.6, start=(9.0, 1.0)))
    assert min(x for x, _ in chosen.points) > 8.0


def test_outlines_that_defeat_the_exact_difference_are_taken_on_a_grid() -> None:
    crossing = Polygon([(0, 0), (4, 4), (4, 0), (0, 4)])
    assert shapely.area(without(box(0, 0, 4, 4), crossing)) == pytest.approx(8.0)


# --- sorties ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def u_path() -> CoveragePath:
    return coverage_path(free_area(U_YARD, 1.5))


def test_every_sortie_is_within_tank_and_battery_and_comes_back(u_path: CoveragePath) -> None:
    small = replace(SPRAYER, tank=20.0, area_per_charge=700.0)
    plan = spray_plan(u_path, small, CHLORINE, refill=(2.0, 2.0))
    assert len(plan.sorties) >= 7
    battery = 1.0
    for sortie in plan.sorties:
        battery = 1.0 if sortie.recharge else battery
        battery -= sortie.battery
        assert sortie.litres <= small.tank + 1e-9
        assert battery >= 0.0
        assert sortie.way_out[0] == sortie.way_back[-1] == plan.refill
    assert any(sortie.recharge for sortie in plan.sorties)
    assert [s.start for s in plan.sorties[1:]] == [s.end for s in plan.sorties[:-1]]
    assert plan.sorties[-1].end == pytest.approx(u_path.length)
    assert sum(s.area for s in plan.sorties) == pytest.approx(u_path.free.reachable.area, rel=0.02)


def test_the_ways_to_the_refill_point_stay_in_the_area(u_path: CoveragePath) -> None:
    plan = spray_plan(u_path, replace(SPRAYER, tank=20.0), CHLORINE, refill=(2.0, 38.0))
    for sortie in plan.sorties:
        for way in (sortie.way_out, sortie.way_back):
            assert len(way) < 2 or sticks_out(U_YARD, 1.5, way) <= 1e-6


def test_a_weak_pump_makes_the_robot_slower() -> None:
    path = coverage_path(free_area(YARD, 1.5))
    strong, weak = (spray_plan(path, replace(SPRAYER, flow=flow), CHLORINE) for flow in (1.0, 0.05))
    assert sum(s.seconds for s in weak.sorties) > 2 * sum(s.seconds for s in strong.sorties)
    assert weak.litres == pytest.approx(strong.litres)


def test_a_battery_that_does_not_suffice_is_refused(u_path: CoveragePath) -> None:
    with pytest.raises(NotSprayable, match="charge") as problem:
        spray_plan(u_path, replace(SPRAYER, battery_time=30.0), CHLORINE)
    assert problem.value.way_out is not None


# --- the coverage map ------------------------------------------------------------------------------------------


def test_interrupted_work_goes_on_where_the_coverage_map_says() -> None:
    free = free_area(YARD, 1.5)
    path = coverage_path(free)
    half = len(path.points) // 2
    so_far = CoverageMap(free=free).with_sprayed(path.points[:half])
    assert 0.2 < so_far.share < 0.8
    rest = so_far.rest()
    assert rest.length < path.length * (1.0 - so_far.share) * 1.3
    assert sticks_out(YARD, 1.5, rest.points) <= 1e-6
    finished = so_far.with_sprayed(rest.points)
    assert finished.share >= 0.995
    assert finished.rest().points == ()
    assert spray_plan(finished.rest(), SPRAYER, CHLORINE).sorties == ()


def test_what_was_sprayed_in_the_middle_is_left_out() -> None:
    free = free_area(box(0, 0, 30, 20), 1.5)
    so_far = CoverageMap(free=free).with_sprayed([(5.0, y) for y in (5.0, 15.0)], [(x, 10.0) for x in (8.0, 20.0)])
    finished = so_far.with_sprayed(so_far.rest().points)
    assert finished.share >= 0.995


def test_driving_with_the_sprayer_off_covers_nothing() -> None:
    poses = [((0.0, 0.0), True), ((1.0, 0.0), False), ((2.0, 0.0), False), ((3.0, 0.0), True), ((4.0, 0.0), True)]
    assert tracks(poses) == [[(0.0, 0.0), (1.0, 0.0)], [(3.0, 0.0), (4.0, 0.0)]]


# --- bad input -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("swath", [0.0, -1.0, float("nan"), float("inf"), 25.0])
def test_a_swath_that_covers_nothing_or_has_no_room_is_refused(swath: float) -> None:
    with pytest.raises(NotSprayable, match="swath") as problem:
        free_area(YARD, swath)
    assert problem.value.way_out is not None


BAD: dict[str, tuple[Any, str]] = {
    "empty": ({"type": "Polygon", "coordinates": []}, "empty"),
    "line": ({"type": "LineString", "coordinates": [[0, 0], [1, 1]]}, "LineString is no polygon"),
    "degrees": (mapping(box(114.30, 30.50, 114.32, 30.51)), "look like degrees"),
    "crs": ({**mapping(YARD), "crs": {"properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}}, "degrees"),
    "open ring": ({"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 9]]]}, "ring"),
    "text": ({"type": "Polygon", "coordinates": [[[0, 0], ["9", 0], [9, 9], [0, 0]]]}, "no position"),
    "two": ({"type": "FeatureCollection", "features": [{}, {}]}, "2 features"),
    "nothing": ({"type": "Feature", "geometry": None}, "not GeoJSON"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_polygon_in_metres_is_refused(name: str, tmp_path: Path) -> None:
    document, reason = BAD[name]
    file = tmp_path / "area.geojson"
    file.write_text(json.dumps(document))
    with pytest.raises(MapError, match=reason) as problem:
        read_area(file)
    assert problem.value.remedy is not None


def test_an_outline_that_crosses_itself_is_refused() -> None:
    with pytest.raises(NotSprayable, match="not valid"):
        free_area(Polygon([(0, 0), (9, 9), (9, 0), (0, 9)]), 1.0)


# --- the command and the site file -----------------------------------------------------------------------------


def test_the_command_writes_the_plan_and_a_picture(tmp_path: Path) -> None:
    file, plan_file, picture = tmp_path / "yard.geojson", tmp_path / "plan.json", tmp_path / "plan.png"
    file.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": mapping(YARD)}))
    command = ["coverage", "spray", "--polygon", str(file), "--swath", "1.5", "--json", str(plan_file)]
    ran = CliRunner().invoke(app, [*command, "--png", str(picture)])
    assert ran.exit_code == 0, ran.output
    plan = json.loads(plan_file.read_text())
    seen = look_at(YARD, 1.5, [(x, y) for x, y in plan["path"]])
    assert seen.share >= 0.995
    assert seen.outside <= 1e-6
    assert plan["covered_share"] == pytest.approx(seen.share, abs=2e-3)
    assert plan["sortie_count"] == len(plan["sorties"])
    assert picture.stat().st_size > 0
    poses = [[*point, True] for point in plan["path"][: len(plan["path"]) // 2]]
    (tmp_path / "driven.json").write_text(json.dumps(poses))
    again = CliRunner().invoke(app, [*command, "--driven", str(tmp_path / "driven.json")])
    assert again.exit_code == 0, again.output
    rest = json.loads(plan_file.read_text())
    assert rest["path_m"] < 0.8 * plan["path_m"]
    assert rest["covered_share"] >= 0.995


def test_the_command_says_what_is_wrong_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "yard.geojson"
    file.write_text(json.dumps(mapping(YARD)))
    ran = CliRunner().invoke(app, ["coverage", "spray", "--polygon", str(file), "--swath", "30"])
    assert ran.exit_code == 2
    assert "no room for a swath of 30 m" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_sprayers_and_agents_are_kept_in_the_site_files(tmp_path: Path) -> None:
    site = small_hospital()
    site = replace(site, fleets={**site.fleets, WOXIAOBAI.id: WOXIAOBAI}, spray_agents={CHLORINE.id: CHLORINE})
    save_site(site, tmp_path / "site")
    assert load_site(tmp_path / "site") == site
