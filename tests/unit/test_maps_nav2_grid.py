"""Occupancy grids of Nav2's map_server, and the draft sites they give."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from PIL import Image

from maps.draft.site import draft_site
from maps.errors import MapContentError, MapError
from maps.geometry import crossing
from maps.graph import routing_graph
from maps.importers import read_any
from maps.importers.nav2_grid_file import is_grid, read_grid
from maps.model import LevelId, Site, ZoneKind
from maps.places import public_places
from maps.site_files import load_site, save_site
from maps.validation import Severity, check
from tests.data import public_data
from tests.floor_plans import FloorPlan
from tests.reach import share_within_reach


def _write(folder: Path, pixels: Any, suffix: str = "pgm", **keys: Any) -> Path:
    """A map of these pixels (the first row is the top one), described with the usual keys unless others are given."""
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(np.asarray(pixels, dtype=np.uint8))
    picture.save(folder / f"ward.{suffix}")
    usual: dict[str, Any] = {
        "image": f"ward.{suffix}",
        "mode": "trinary",
        "resolution": 0.05,
        "origin": [-1.0, 2.0, 0.0],
        "negate": 0,
        "occupied_thresh": 0.65,
        "free_thresh": 0.25,
    }
    described = {key: value for key, value in (usual | keys).items() if value is not None}
    (folder / "ward.yaml").write_text(yaml.safe_dump(described))
    return folder / "ward.yaml"


# --- shades ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["pgm", "png"])
def test_trinary_knows_free_occupied_and_the_unknown_between(tmp_path: Path, suffix: str) -> None:
    grid = read_grid(_write(tmp_path, [[254, 0], [128, 200]], suffix))
    assert grid.cells.tolist() == [[-1, 0], [0, 100]], "row 0 is the lowest, as in nav_msgs/OccupancyGrid"


def test_what_map_saver_does_not_know_is_unknown_whatever_the_threshold_says(tmp_path: Path) -> None:
    """205 is an occupancy of 0.196: with map_saver's own 0.25 it would be free, and the whole yard with it."""
    for threshold in (0.25, 0.196):
        assert read_grid(_write(tmp_path, [[254, 205, 0]], free_thresh=threshold)).cells.tolist() == [[0, -1, 100]]
    shades = read_grid(_write(tmp_path, [[254, 205, 210, 0]]))
    assert shades.cells.tolist() == [[0, 0, 0, 100]], "in a picture with other shades it is a shade like them"


def test_negate_turns_dark_and_light_round(tmp_path: Path) -> None:
    assert read_grid(_write(tmp_path, [[254, 0, 128]], negate=1)).cells.tolist() == [[100, 0, -1]]
    assert read_grid(_write(tmp_path, [[254, 0, 128]], negate=True)).cells.tolist() == [[100, 0, -1]]


def test_scale_keeps_shades_and_takes_the_transparent_for_unknown(tmp_path: Path) -> None:
    opaque = read_grid(_write(tmp_path, [[254, 0, 140]], mode="scale"))
    assert opaque.cells.tolist() == [[0, 100, 50]]
    pixels = np.array([[[254, 254, 254, 255], [0, 0, 0, 255], [254, 254, 254, 0]]], dtype=np.uint8)
    seen = read_grid(_write(tmp_path, Image.fromarray(pixels, "RGBA"), "png", mode="scale"))
    assert seen.cells.tolist() == [[0, 100, -1]]


def test_raw_takes_shades_as_they_are(tmp_path: Path) -> None:
    grid = read_grid(_write(tmp_path, [[0, 30, 100, 101, 255]], mode="raw", negate=1))
    assert grid.cells.tolist() == [[0, 30, 100, -1, -1]]
    assert grid.free.tolist() == [[True, True, False, False, False]]


def test_colours_and_deep_greys_count_by_their_brightness(tmp_path: Path) -> None:
    colours = np.array([[[255, 255, 255], [255, 0, 0], [0, 0, 0]]], dtype=np.uint8)
    assert read_grid(_write(tmp_path, colours, "png")).cells.tolist() == [[0, 100, 100]]
    deep = Image.fromarray(np.array([[65535, 32000, 0]], dtype=np.uint16))
    assert read_grid(_write(tmp_path, deep, "png")).cells.tolist() == [[0, -1, 100]]
    clear = np.array([[[254, 254, 254, 255], [254, 254, 254, 0]]], dtype=np.uint8)
    assert read_grid(_write(tmp_path, Image.fromarray(clear, "RGBA"), "png")).cells.tolist() == [[0, -1]]


def test_the_origin_places_and_turns_the_grid(tmp_path: Path) -> None:
    grid = read_grid(_write(tmp_path, [[254, 0]], resolution=0.1, origin=[10.0, 20.0, math.pi / 2]))
    assert grid.to_map([(0.0, 0.0), (1.0, 0.0)]) == pytest.approx(np.array([(10.0, 20.0), (10.0, 21.0)]))


def test_what_may_be_left_out(tmp_path: Path) -> None:
    missing: dict[str, Any] = dict.fromkeys(("mode", "negate", "occupied_thresh", "free_thresh"))
    assert read_grid(_write(tmp_path, [[254, 128, 0]], **missing)).cells.tolist() == [[0, -1, 100]]


# --- errors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"image": None}, "field 'image': missing. Name the picture"),
        ({"image": "gone.pgm"}, "field 'image': there is no file"),
        ({"resolution": None}, "field 'resolution': missing. Give the metres per pixel"),
        ({"resolution": 5}, "field 'resolution': 5.0 m per pixel"),
        ({"resolution": "fine"}, "field 'resolution': a finite number is expected, not 'fine'"),
        ({"origin": [1.0, 2.0]}, "field 'origin': three finite numbers are expected, not [1.0, 2.0]"),
        ({"origin": None}, "field 'origin': missing. Give x, y (m) and yaw (rad)"),
        ({"mode": "ternary"}, "field 'mode': 'ternary' is no mode. Use trinary, scale, raw"),
        ({"negate": 2}, "field 'negate': 0 or 1 is expected, not 2"),
        ({"free_thresh": 25}, "field 'free_thresh': 25.0 is no share from 0 to 1"),
        ({"free_thresh": 0.7}, "field 'free_thresh': 0.7 is above occupied_thresh, 0.65"),
        ({"occupied_thresh": True}, "field 'occupied_thresh': a finite number is expected"),
    ],
)
def test_errors_name_the_file_the_key_and_the_way_out(tmp_path: Path, keys: dict[str, Any], words: str) -> None:
    path = _write(tmp_path, [[254, 0]], **keys)
    with pytest.raises(MapContentError) as caught:
        read_any(path)
    assert f"{path}: {words}" in str(caught.value)


def _broken(folder: Path) -> None:
    (folder / "ward.pgm").write_bytes(b"P5\n10 10\n255\nshort")


def _text(folder: Path) -> None:
    (folder / "ward.pgm").write_text("a letter to the editor")


@pytest.mark.parametrize("spoil", [_broken, _text])
def test_a_picture_that_is_none(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    path = _write(tmp_path, [[254, 0]])
    spoil(tmp_path)
    with pytest.raises(MapError, match=r"ward\.pgm: .*PGM or PNG"):
        read_any(path)


def test_a_map_without_room_says_so(tmp_path: Path) -> None:
    with pytest.raises(MapContentError, match=r"nowhere on the map is a way 0\.7 m wide.*Look at free_thresh"):
        read_any(_write(tmp_path, np.full((40, 40), 0)))
    with pytest.raises(MapContentError, match=r"nowhere"):
        read_any(_write(tmp_path, [[254]]))


def test_only_descriptions_of_pictures_are_taken_for_grids(tmp_path: Path) -> None:
    assert is_grid(_write(tmp_path, [[254]]))
    for text in ("levels: {}", "image: [", "- 1", ""):
        (tmp_path / "other.yaml").write_text(text)
        assert not is_grid(tmp_path / "other.yaml")
    assert not is_grid(tmp_path / "missing.yaml")


# --- drafts ----------------------------------------------------------------------------------------------------


def _two_rooms_and_a_corridor() -> FloorPlan:
    plan = FloorPlan(16.0, 10.0)
    plan.room(1.0, 1.0, 15.0, 3.2)
    plan.room(1.0, 3.4, 6.0, 8.0)
    plan.room(6.2, 3.4, 15.0, 8.0)
    plan.opening(2.0, 3.1, 3.1, 3.5)
    plan.opening(9.0, 3.1, 10.8, 3.5)
    return plan


def test_a_ward_becomes_lanes_doors_and_numbered_rooms() -> None:
    site = draft_site(_two_rooms_and_a_corridor().grid(), "ward")
    kinds = {zone.id: zone.kind for zone in site.zones.values()}
    assert kinds == {"room_01": ZoneKind.ROOM, "room_02": ZoneKind.ROOM, "corridor_01": ZoneKind.CORRIDOR}
    assert public_places(site) == ["room_01", "room_02"], "a person gives them names"
    widths = sorted(round(math.dist(door.start, door.end), 1) for door in site.doors.values())
    assert widths == pytest.approx([1.1, 1.8], abs=0.1)
    for door in site.doors.values():
        passing = {lane.door for lane in site.lanes.values() if _crosses(site, lane.id, door.id)}
        assert passing == {door.id}
        assert not door.automatic, "what a robot has mapped stood open"
    assert [finding.code for finding in check(site)] == ["zone-without-class"] * 2


def _crosses(site: Site, lane: Any, door: Any) -> bool:
    way = (site.waypoints[site.lanes[lane].start].xy, site.waypoints[site.lanes[lane].end].xy)
    return crossing(way, (site.doors[door].start, site.doors[door].end)) is not None


def test_every_lane_has_its_way_back_and_a_width_that_is_there() -> None:
    plan = FloorPlan(12.0, 4.0)
    plan.room(1.0, 1.0, 11.0, 2.2)
    site = draft_site(plan.grid(), "passage")
    for lane in site.lanes.values():
        back = site.lanes[type(lane.id)(f"{lane.end}>{lane.start}")]
        assert (back.width, back.length) == (lane.width, lane.length)
    assert [lane.width for lane in site.lanes.values()] == pytest.approx([1.2] * len(site.lanes), abs=0.11)
    assert max(abs(waypoint.y - 1.6) for waypoint in site.waypoints.values()) < 0.11, "in the middle, straight"


def test_a_draft_lies_where_the_grid_lies() -> None:
    plan = _two_rooms_and_a_corridor()
    here, there = draft_site(plan.grid(), "ward"), draft_site(plan.grid(x=100.0, y=-50.0, yaw=1.0), "ward")
    assert list(here.waypoints) == list(there.waypoints)
    for name, waypoint in here.waypoints.items():
        moved = plan.grid(x=100.0, y=-50.0, yaw=1.0).to_map([waypoint.xy])[0]
        assert there.waypoints[name].xy == pytest.approx(tuple(moved), abs=0.005)


def test_a_wide_hall_gets_lanes_along_its_walls_and_across() -> None:
    plan = FloorPlan(24.0, 16.0)
    plan.room(1.0, 1.0, 23.0, 15.0)
    plan.block(11.0, 7.0, 12.0, 8.0)
    site = draft_site(plan.grid(), "hall")
    assert share_within_reach(site, plan.grid()) > 0.97
    assert nx.is_strongly_connected(routing_graph(site))
    free: NDArray[np.bool_] = plan.grid().free
    for lane in site.lanes.values():
        for x, y in np.linspace(site.waypoints[lane.start].xy, site.waypoints[lane.end].xy, 50):
            assert free[int(y / 0.05), int(x / 0.05)]


def test_the_hospital_of_the_public_map(tmp_path: Path) -> None:
    path = public_data() / "nav2" / "hospital.yaml"
    site = read_any(path)
    grid = read_grid(path)
    assert share_within_reach(site, grid) >= 0.95
    assert nx.is_strongly_connected(routing_graph(site))
    assert {finding.severity for finding in check(site)} <= {Severity.WARNING, Severity.INFO}
    assert len(site.doors) >= 20
    assert all(lane.width >= 0.6 for lane in site.lanes.values())
    level = site.levels[LevelId("L1")]
    assert level.walls
    assert level.floors
    save_site(site, tmp_path / "hospital")
    assert load_site(tmp_path / "hospital") == site
