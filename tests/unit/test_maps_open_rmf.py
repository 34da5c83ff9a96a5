"""Open-RMF buildings become sites: pixels, metres or degrees in, one metric frame out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
import yaml

from maps.errors import MapError
from maps.graph import largest_component, routing_graph
from maps.importers import read_any
from maps.importers.open_rmf import read
from maps.model import DoorId, DoorKind, FleetId, LaneId, LevelId, LiftId, Orientation, Site, WaypointId
from maps.site_files import load_site, save_site
from maps.validation import Severity, check
from tests.data import public_data

Building = dict[str, Any]


def _p(**params: object) -> dict[str, list[object]]:
    """Parameters as the traffic editor writes them: [type, value]."""
    kinds = {str: 1, int: 2, float: 3, bool: 4}
    return {name: [kinds[type(value)], value] for name, value in params.items()}


def _building() -> Building:
    """Two rooms on a drawing of 0.05 m per pixel, and above them a level drawn twice as large and turned."""
    return {
        "name": "cottage",
        "levels": {
            "G": {
                "elevation": 0.0,
                "measurements": [[0, 1, _p(distance=10.0)]],
                "fiducials": [[0, 0, "west"], [200, 0, "east"], [0, 100, "south"]],
                "vertices": [
                    [0, 0, 0, ""],
                    [200, 0, 0, ""],
                    [20, 40, 0, "kitchen", _p(pickup_dispenser="hatch", is_holding_point=True)],
                    [100, 40, 0, "", _p(is_passthrough_point=True)],
                    [180, 40, 0, "kitchen", _p(is_parking_spot=True)],
                    [140, 20, 0, ""],
                    [140, 60, 0, ""],
                    [100, 80, 0, "", _p(lift_cabin="lift")],
                    [20, 80, 0, "dock", _p(is_charger=True, spawn_robot_name="r1", spawn_robot_type="Acme/TinyRobot")],
                    [60, 60, 0, "statue"],
                ],
                "lanes": [
                    [2, 3, _p(bidirectional=True, graph_idx=0, orientation="forward", speed_limit=0.4, mutex="hall")],
                    [3, 4, _p(bidirectional=True, graph_idx=0, orientation="", speed_limit=0.0, mutex="")],
                    [3, 7, _p(bidirectional=True, graph_idx=0)],
                    [2, 3, _p(bidirectional=False, graph_idx=1, orientation="forward", speed_limit=0.4, mutex="hall")],
                    [8, 2, _p(bidirectional=True)],
                    [3, 3, {}],
                ],
                "doors": [
                    [5, 6, _p(name="gate", type="hinged", motion_degrees=90.0, motion_direction=1, plugin="normal")],
                    [0, 1, _p(name="gate", type="double_sliding", plugin="none", motion_axis="end")],
                ],
                "walls": [[0, 1, _p(alpha=1.0)], [1, 6, {}]],
                "floors": [{"parameters": {}, "vertices": [0, 1, 4, 2]}, {"vertices": [0, 1]}],
            },
            "U": {
                "elevation": 3.0,
                # Twice the pixels, turned by 90°: the same places as below.
                "fiducials": [[300, 100, "west"], [300, 500, "east"], [100, 100, "south"], [9, 9, "attic only"]],
                "vertices": [[140, 300, 0, "", _p(lift_cabin="lift")], [220, 180, 0, "loft"]],
                "lanes": [[0, 1, _p(bidirectional=True)]],
            },
            "empty": None,
        },
        "lifts": {
            "lift": {
                "x": 100, "y": 80, "yaw": 0.5, "width": 2.0, "depth": 1.5, "reference_floor_name": "G",
                "initial_floor_name": "U", "level_doors": {"G": ["d"], "U": ["d"]}, "doors": {"d": {}},
            },
            "goods": {"x": 10, "y": 10, "width": 1.0, "depth": 1.0, "lowest_floor": "G", "highest_floor": "G"},
        },
    }  # fmt: skip


def _read(tmp_path: Path, building: Mapping[str, Any]) -> Site:
    file = tmp_path / "cottage.building.yaml"
    file.write_text(yaml.safe_dump(dict(building)))
    return read(file)


def test_pixels_become_metres_with_y_up(tmp_path: Path) -> None:
    site = _read(tmp_path, _building())
    assert site.name == "cottage"
    assert site.waypoints[WaypointId("dock")].xy == pytest.approx((1.0, -4.0))
    start, end = site.levels[LevelId("G")].walls[0]
    assert start == pytest.approx((0.0, 0.0))
    assert end == pytest.approx((10.0, 0.0))
    assert len(site.levels[LevelId("G")].floors) == 1
    assert site.lanes[LaneId("dock>kitchen")].length == pytest.approx(2.0)
    assert site.anchor is None


def test_levels_are_laid_over_each_other_by_fiducials(tmp_path: Path) -> None:
    site = _read(tmp_path, _building())
    lower, upper = (site.waypoints[site.lifts[LiftId("lift")].cabins[LevelId(level)][0]] for level in "GU")
    assert upper.xy == pytest.approx(lower.xy)
    assert site.waypoints[WaypointId("loft")].xy == pytest.approx((2.0, -2.0))


def test_levels_without_fiducials_keep_their_own_scale_or_take_the_reference(tmp_path: Path) -> None:
    building = _building()
    del building["levels"]["U"]["fiducials"]
    assert _read(tmp_path, building).waypoints[WaypointId("loft")].xy == pytest.approx((11.0, -9.0))
    building["levels"]["U"]["measurements"] = [[0, 1, _p(distance=math.dist((140, 300), (220, 180)))]]
    assert _read(tmp_path, building).waypoints[WaypointId("loft")].xy == pytest.approx((220.0, -180.0))
    del building["levels"]["U"]["measurements"], building["levels"]["G"]["measurements"]
    assert _read(tmp_path, building).waypoints[WaypointId("loft")].xy == pytest.approx((220.0, -180.0))


def test_one_common_fiducial_fixes_the_place_only(tmp_path: Path) -> None:
    building = _building()
    building["levels"]["U"]["fiducials"] = [[300, 100, "east"]]
    assert _read(tmp_path, building).waypoints[WaypointId("loft")].xy == pytest.approx((10.0 - 4.0, 0.0 - 4.0))


def test_names_duplicates_and_unnamed_waypoints(tmp_path: Path) -> None:
    site = _read(tmp_path, _building())
    assert list(site.waypoints) == [
        "kitchen", "G_v3", "kitchen_2", "G_v7", "dock", "statue", "U_v0", "loft",
    ]  # fmt: skip
    assert site.waypoints[WaypointId("kitchen_2")].name == "kitchen"
    assert site.waypoints[WaypointId("G_v3")].name is None


def test_a_name_given_on_the_map_is_never_taken_by_a_duplicate(tmp_path: Path) -> None:
    building = _building()
    building["levels"]["G"]["vertices"][9][3] = "kitchen_2"
    site = _read(tmp_path, building)
    assert {i: w.name for i, w in site.waypoints.items() if w.name and "kitchen" in w.name} == {
        "kitchen": "kitchen",
        "kitchen_3": "kitchen",
        "kitchen_2": "kitchen_2",
    }


def test_roles_of_places(tmp_path: Path) -> None:
    site = _read(tmp_path, _building())
    assert not site.waypoints[WaypointId("G_v3")].stop
    assert site.waypoints[WaypointId("kitchen")].dispenser == "hatch"
    assert list(site.chargers) == ["dock"]
    assert {i: point.parking for i, point in site.holding_points.items()} == {"kitchen": False, "kitchen_2": True}
    assert "medicine" in site.item_classes


def test_lanes_per_graph_direction_and_limits(tmp_path: Path) -> None:
    site = _read(tmp_path, _building())
    forth, back = site.lanes[LaneId("kitchen>G_v3")], site.lanes[LaneId("G_v3>kitchen")]
    assert forth.fleets == frozenset({FleetId("tinyRobot"), FleetId("graph_1")})
    assert back.fleets == frozenset({FleetId("tinyRobot")})
    assert (forth.orientation, back.orientation) == (Orientation.FORWARD, Orientation.BACKWARD)
    assert (forth.speed_limit, forth.mutex) == (0.4, "hall")
    plain = site.lanes[LaneId("G_v3>kitchen_2")]
    assert (plain.orientation, plain.speed_limit, plain.mutex) == (None, None, None)
    assert "G_v3>G_v3" not in site.lanes


def test_a_second_lane_that_differs_gets_its_own_id(tmp_path: Path) -> None:
    building = _building()
    building["levels"]["G"]["lanes"].append([2, 3, _p(graph_idx=1, speed_limit=0.9)])
    site = _read(tmp_path, building)
    assert site.lanes[LaneId("kitchen>G_v3#2")].speed_limit == 0.9


def test_doors_and_the_lanes_that_pass_them(tmp_path: Path) -> None:
    site = _read(tmp_path, _building())
    gate, other = site.doors[DoorId("gate")], site.doors[DoorId("gate_2")]
    assert (gate.kind, gate.automatic) == (DoorKind.HINGED, True)
    assert gate.swing == pytest.approx(-math.pi / 2)
    assert (other.kind, other.automatic) == (DoorKind.DOUBLE_SLIDING, False)
    assert other.start == pytest.approx((10.0, 0.0))
    assert site.lanes[LaneId("G_v3>kitchen_2")].door == "gate"
    assert site.lanes[LaneId("G_v3>kitchen")].door is None


def test_lifts(tmp_path: Path) -> None:
    site = _read(tmp_path, _building())
    lift, goods = site.lifts[LiftId("lift")], site.lifts[LiftId("goods")]
    assert (lift.x, lift.y) == pytest.approx((5.0, -4.0))
    assert (lift.yaw, lift.width, lift.depth, lift.initial_level) == (0.5, 2.0, 1.5, "U")
    assert lift.cabins == {"G": ("G_v7",), "U": ("U_v0",)}
    assert lift.connected
    assert site.waypoints[WaypointId("G_v7")].lift == "lift"
    assert (goods.levels, goods.cabins, goods.connected) == (("G", "empty"), {}, False)
    graph = routing_graph(site, site.fleets[FleetId("tinyRobot")])
    assert nx.has_path(graph, WaypointId("dock"), WaypointId("loft"))


def test_an_older_map_has_its_cabins_where_the_cars_are(tmp_path: Path) -> None:
    building = _building()
    del building["levels"]["G"]["vertices"][7][4]
    assert _read(tmp_path, building).lifts[LiftId("lift")].cabins[LevelId("G")] == ("G_v7",)


def test_a_lift_without_plugins_is_not_connected(tmp_path: Path) -> None:
    building = _building()
    building["lifts"]["lift"]["plugins"] = False
    assert not _read(tmp_path, building).lifts[LiftId("lift")].connected


def test_fleets_are_named_after_their_robots_or_graphs(tmp_path: Path) -> None:
    building = _building()
    building["graphs"] = {1: {"name": "carts"}, 0: {"name": "ignored, for robots spawn there"}}
    site = _read(tmp_path, building)
    assert list(site.fleets) == ["tinyRobot", "carts"]
    robot = site.fleets[FleetId("tinyRobot")].robots[0]
    assert (robot.id, robot.home) == ("r1", "dock")
    assert site.fleets[FleetId("tinyRobot")].speed == 0.5


def test_keys_may_be_absent(tmp_path: Path) -> None:
    site = _read(tmp_path, {"levels": {1: {"vertices": [[0, 0], [10, 0, 0, 101], [5, 5, 0, None, None]]}}})
    assert site.name == "cottage"
    assert list(site.waypoints) == ["101"]
    assert list(site.levels) == ["1"]
    assert not site.lanes
    assert check(site)


def _campus(**params: object) -> Building:
    return {
        "name": "campus",
        "coordinate_system": "wgs84",
        "parameters": _p(**params),
        "levels": {
            "L1": {
                "vertices": [[103.770, 1.290, 0, "gate"], [103.771, 1.290, 0, "lab"], [103.770, 1.292, 0, "hall"]],
                "lanes": [[0, 1, _p(bidirectional=True)], [0, 2, _p(bidirectional=True)]],
            }
        },
    }


@pytest.mark.parametrize(
    "params",
    [
        {"generate_crs": "EPSG:3414", "suggested_offset_x": 20000.0, "suggested_offset_y": 30000.0},
        {"generate_crs": "EPSG:3414"},
        {"generate_crs": "EPSG:3414", "suggested_offset_x": -9e6, "suggested_offset_y": 0.0},
        {"generate_crs": "EPSG:3857"},
        {"generate_crs": "EPSG:2263"},
        {},
    ],
)
def test_degrees_become_metres_near_the_anchor(tmp_path: Path, params: dict[str, object]) -> None:
    """111.29 m per 0.001° of longitude and 221.15 m per 0.002° of latitude at 1.29° north (WGS 84)."""
    site = _read(tmp_path, _campus(**params))
    gate, lab, hall = (site.waypoints[WaypointId(name)] for name in ("gate", "lab", "hall"))
    assert (lab.x - gate.x, lab.y - gate.y) == pytest.approx((111.29, 0.0), abs=0.2)
    assert (hall.x - gate.x, hall.y - gate.y) == pytest.approx((0.0, 221.15), abs=0.3)
    assert site.anchor is not None
    assert site.anchor.rotation == pytest.approx(0.0, abs=1e-3)
    assert gate.x == pytest.approx((103.770 - site.anchor.longitude_deg) * 111_290, abs=2.0)
    assert gate.y == pytest.approx((1.290 - site.anchor.latitude_deg) * 110_575, abs=2.0)


def test_a_given_offset_is_the_origin(tmp_path: Path) -> None:
    campus = _campus(generate_crs="EPSG:3414", suggested_offset_x=20000.0, suggested_offset_y=30000.0)
    gate = _read(tmp_path, campus).waypoints[WaypointId("gate")]
    assert gate.xy == pytest.approx((953.18, 267.25), abs=0.1)


def test_metres_stay_metres(tmp_path: Path) -> None:
    building = {
        "name": "yard",
        "coordinate_system": "cartesian_meters",
        "parameters": _p(offset_x=100.0, offset_y=200.0, generate_crs="EPSG:3414"),
        "levels": {"L1": {"vertices": [[110, 220, 0, "a"], [113, 224, 0, "b"]], "lanes": [[0, 1, {}]]}},
    }
    site = _read(tmp_path, building)
    assert site.waypoints[WaypointId("a")].xy == (10.0, 20.0)
    assert site.lanes[LaneId("a>b")].length == 5.0
    assert site.anchor is not None


def _change(*path: Any, to: object) -> Callable[[Building], None]:
    def change(building: Building) -> None:
        at: Any = building
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_change("levels", to=[]), ["'levels'", "no levels"]),
        (_change("levels", "G", to=[1]), ["level G", "mapping"]),
        (_change("levels", "G", "vertices", to={}), ["level G, lane 0", "'start'", "no vertex 2; the level has 0"]),
        (_change("levels", "G", "vertices", 2, to=[1]), ["level G, vertex 2", "[x, y, z, name"]),
        (_change("levels", "G", "vertices", 2, 1, to="north"), ["level G, vertex 2", "'y'", "north"]),
        (_change("levels", "G", "vertices", 2, 0, to=float("inf")), ["level G, vertex 2", "'x'", "finite"]),
        (_change("levels", "G", "vertices", 2, 0, to=1e12), ["level G, vertex 2", "km from"]),
        (_change("levels", "G", "vertices", 2, 4, to=[1]), ["level G, vertex 2", "parameters"]),
        (
            _change("levels", "G", "vertices", 2, 4, "lift_cabin", to=[1, "x"]),
            ["vertex 2", "lift_cabin", "no lift 'x'"],
        ),
        (_change("levels", "G", "lanes", 1, 1, to=77), ["level G, lane 1", "'end'", "there is no vertex 77"]),
        (_change("levels", "G", "lanes", 1, 0, to="a"), ["level G, lane 1", "'start'", "index"]),
        (_change("levels", "G", "lanes", 1, to=4), ["level G, lane 1", "[start, end"]),
        (_change("levels", "G", "doors", 0, 0, to=-1), ["level G, door 0", "'start'"]),
        (_change("levels", "G", "floors", 0, to=[]), ["level G, floor 0", "'vertices'"]),
        (_change("levels", "G", "walls", to="none"), ["level G", "'walls'", "a list"]),
        (_change("levels", "G", "fiducials", 0, to=[1, 2]), ["level G, fiducial 0"]),
        (_change("levels", "G", "elevation", to="high"), ["level G", "'elevation'"]),
        (_change("levels", "G", "measurements", 0, 2, to=_p(distance=0.0)), ["level G, measurement 0", "'distance'"]),
        (_change("lifts", "lift", "x", to=None), ["lift lift", "'x'", "missing"]),
        (_change("lifts", "lift", "width", to=-2), ["lift lift", "'width'", "greater than 0"]),
        (_change("lifts", "lift", "level_doors", to={"L9": ["d"]}), ["lift lift", "'level_doors'", "L9"]),
        (_change("lifts", "lift", "reference_floor_name", to="L9"), ["lift lift", "'reference_floor_name'", "L9"]),
        (_change("reference_level_name", to="L9"), ["'reference_level_name'", "L9"]),
        (_change("coordinate_system", to="polar"), ["'coordinate_system'", "polar", "wgs84"]),
        (_change("coordinate_system", to="wgs84"), ["level G, vertex 1", "longitude and latitude"]),
    ],
)
def test_a_broken_building_is_told_by_feature_and_field(
    tmp_path: Path, change: Callable[[Building], None], words: list[str]
) -> None:
    building = _building()
    change(building)
    with pytest.raises(MapError) as caught:
        _read(tmp_path, building)
    message = str(caught.value)
    assert "cottage.building.yaml" in message
    assert "\n" not in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"generate_crs": "EPSG:999999"}, ["generate_crs", "not a coordinate reference system"]),
        ({"generate_crs": "EPSG:3414", "suggested_offset_x": "far"}, ["suggested_offset_x", "a number"]),
    ],
)
def test_a_broken_grid(tmp_path: Path, params: dict[str, object], words: list[str]) -> None:
    with pytest.raises(MapError) as caught:
        _read(tmp_path, _campus(**params))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("name", "levels", "waypoints", "robots"),
    [("clinic", 2, 95, 4), ("office", 1, 29, 2), ("triple_H", 1, 23, 4)],
)
def test_public_buildings(tmp_path: Path, name: str, levels: int, waypoints: int, robots: int) -> None:
    site = read_any(public_data() / "rmf" / f"{name}.building.yaml")
    assert (len(site.levels), len(site.waypoints)) == (levels, waypoints)
    assert sum(len(fleet.robots) for fleet in site.fleets.values()) == robots
    for fleet in site.fleets.values():
        graph = routing_graph(site, fleet)
        assert largest_component(graph) == set(graph)
    assert not [finding for finding in check(site) if finding.severity is Severity.ERROR]
    save_site(site, tmp_path / name)
    assert load_site(tmp_path / name) == site


def test_the_clinic() -> None:
    site = read_any(public_data() / "rmf" / "clinic.building.yaml")
    assert len(site.doors) == 132
    assert sum(door.automatic for door in site.doors.values()) == 13
    assert {lift.id for lift in site.lifts.values() if lift.connected} == {"lift_1", "lift_25"}
    for name in ("lift_1", "lift_25"):
        lift = site.lifts[LiftId(name)]
        ground, upper = (site.waypoints[lift.cabins[LevelId(level)][0]] for level in ("L1", "L2"))
        assert ground.xy == pytest.approx(upper.xy, abs=1e-6)
        assert ground.xy == pytest.approx((lift.x, lift.y), abs=1e-6)
    assert list(site.fleets) == ["deliveryRobot", "tinyRobot"]
    homes = [robot.home for robot in site.fleets[FleetId("deliveryRobot")].robots]
    assert homes == ["L1_sub_waiting_area_1", "deliveryRobot_2_charger"]
    into_the_lift = [lane.fleets for lane in site.lanes.values() if lane.end == "L1_v370"]
    assert into_the_lift == [frozenset({FleetId("deliveryRobot"), FleetId("tinyRobot")})]
