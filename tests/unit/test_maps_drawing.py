"""Sites as pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.image import imread

from maps.drawing import draw
from maps.errors import BrokenReferenceError, MapWriteError
from maps.generator import generate
from maps.importers import read_any
from maps.model import LevelId, Site, WaypointId
from tests.data import public_data


@pytest.fixture(scope="module")
def hospital() -> Site:
    return generate(floors=2)


def test_all_levels_side_by_side_or_one(hospital: Site, tmp_path: Path) -> None:
    draw(hospital, tmp_path / "all.png")
    draw(hospital, tmp_path / "one.png", LevelId("L2"))
    everything, one = imread(tmp_path / "all.png"), imread(tmp_path / "one.png")
    assert everything.shape[1] > 1.5 * one.shape[1]
    # More than the white of an empty page: the rooms' green is there.
    assert (everything[:, :, 1] > everything[:, :, 0] + 0.05).mean() > 0.05


def test_an_svg_names_the_places(hospital: Site, tmp_path: Path) -> None:
    draw(hospital, tmp_path / "new" / "hospital.svg", LevelId("L1"))
    text = (tmp_path / "new" / "hospital.svg").read_text()
    for name in ("pharmacy", "lift_1", "ward_1a_room_07", "contaminated", "charger"):
        assert f"<!-- {name}" in text


def test_maps_of_several_fleets(tmp_path: Path) -> None:
    draw(read_any(public_data() / "rmf" / "clinic.building.yaml"), tmp_path / "clinic.svg")
    assert "lanes of deliveryRobot, tinyRobot" in (tmp_path / "clinic.svg").read_text()


def test_names_in_any_script_and_empty_sites(hospital: Site, tmp_path: Path) -> None:
    pharmacy = replace(hospital.waypoints[WaypointId("pharmacy")], name="中心药房")
    draw(replace(hospital, waypoints={**hospital.waypoints, pharmacy.id: pharmacy}), tmp_path / "a.png", LevelId("L1"))
    level = replace(hospital.levels[LevelId("L1")], walls=(), floors=())
    draw(Site(name="meadow", levels={level.id: level}, waypoints={}, lanes={}), tmp_path / "b.png")
    assert (tmp_path / "b.png").exists()


def test_what_cannot_be_drawn(hospital: Site, tmp_path: Path) -> None:
    with pytest.raises(BrokenReferenceError, match=r"no level 'L9'\. Its levels are L1, L2"):
        draw(hospital, tmp_path / "a.png", LevelId("L9"))
    with pytest.raises(MapWriteError, match=r"\.png, \.svg or \.pdf"):
        draw(hospital, tmp_path / "a.gif")
    (tmp_path / "b.png").mkdir()
    with pytest.raises(MapWriteError, match="cannot be written"):
        draw(hospital, tmp_path / "b.png", LevelId("L1"))
