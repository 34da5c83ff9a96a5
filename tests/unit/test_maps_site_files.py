"""Sites are stored and read again exactly, and whatever is wrong with a file is told in one line."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from maps.errors import (
    BrokenReferenceError,
    DuplicateIdError,
    MapContentError,
    MapError,
    MapReadError,
    MapWriteError,
)
from maps.generator import generate
from maps.model import (
    Facing,
    FrameTransform,
    GeoAnchor,
    LevelId,
    Orientation,
    QuietHours,
    ScreeningRules,
    Site,
    VoiceRules,
    Zone,
    ZoneId,
)
from maps.site_files import load_site, save_site
from tests.rooms import box, piece, room_site, surface

Change = Callable[[Any], None]


@pytest.fixture(scope="module")
def hospital() -> Site:
    return generate(floors=2, seed=3)


@pytest.fixture(scope="module")
def stored(hospital: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sites") / "hospital"
    save_site(hospital, folder)
    return folder


@pytest.fixture
def folder(stored: Path, tmp_path: Path) -> Path:
    return shutil.copytree(stored, tmp_path / "hospital")


def test_a_stored_hospital_comes_back_exactly(hospital: Site, folder: Path) -> None:
    assert load_site(folder) == hospital
    assert load_site(folder / "site.yaml") == hospital


def test_the_same_site_is_stored_as_the_same_bytes(hospital: Site, folder: Path, tmp_path: Path) -> None:
    save_site(load_site(folder), tmp_path / "again")
    for file in folder.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes()


def test_awkward_values_survive(hospital: Site, tmp_path: Path) -> None:
    """Floats without a short decimal form, closed rings, and levels whose names are no file names."""
    lane = next(iter(hospital.lanes.values()))
    level = next(iter(hospital.levels.values()))
    fleet = next(iter(hospital.fleets.values()))
    ring = ((0.1, 1 / 3), (math.pi, 1e-17), (5.0, 2e5), (0.1, 1 / 3))
    site = replace(
        hospital,
        screening=ScreeningRules(temperature=37.5, masks=False, retention_days=0.5),
        voices=VoiceRules(languages=("en",), quiet_hours=(QuietHours(begin="21:30", until="05:00"),)),
        anchor=GeoAnchor(latitude_deg=-89.999999, longitude_deg=179.9, rotation=-math.pi),
        levels={
            **hospital.levels,
            LevelId("Étage 2/3"): replace(level, id=LevelId("Étage 2/3"), floors=((ring, ring),)),
        },
        lanes={**hospital.lanes, lane.id: replace(lane, length=lane.length * 1.1, orientation=Orientation.BACKWARD)},
        zones={**hospital.zones, ZoneId("9 a"): Zone(id=ZoneId("9 a"), level=level.id, polygon=ring)},
        fleets={**hospital.fleets, fleet.id: replace(fleet, frames={level.id: FrameTransform(x=1 / 7, rotation=0.3)})},
    )
    save_site(site, tmp_path / "site")
    assert load_site(tmp_path / "site") == site


def test_saving_again_replaces_the_site_and_keeps_other_files(hospital: Site, folder: Path) -> None:
    (folder / "notes.txt").write_text("call the porter")
    (folder / "old_level.geojson").write_text("{}")
    smaller = generate(floors=1, seed=3)
    save_site(smaller, folder)
    assert load_site(folder) == smaller
    assert {file.name for file in folder.iterdir()} == {"site.yaml", "L1.geojson", "notes.txt"}
    assert [entry.name for entry in folder.parent.iterdir()] == ["hospital"]


def test_a_folder_that_is_no_site_is_left_alone(hospital: Site, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(MapWriteError, match="is not a site"):
        save_site(hospital, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_editors_may_write_null_and_altitudes(hospital: Site, folder: Path) -> None:
    def like_an_editor(level: Any) -> None:
        for feature in level["features"]:
            if feature["properties"]["feature"] == "waypoint":
                feature["properties"] |= {"dispenser": None, "charger": feature["properties"].get("charger")}
                feature["geometry"]["coordinates"].append(0.0)

    _edit_level(folder, like_an_editor)
    assert load_site(folder) == hospital


def _edit_level(folder: Path, change: Change) -> None:
    document = json.loads((folder / "L1.geojson").read_text())
    change(document)
    (folder / "L1.geojson").write_text(json.dumps(document))


def _edit_site(folder: Path, change: Change) -> None:
    document = yaml.safe_load((folder / "site.yaml").read_text())
    change(document)
    (folder / "site.yaml").write_text(yaml.safe_dump(document))


def _first(level: Any, kind: str) -> Any:
    return next(feature for feature in level["features"] if feature["properties"]["feature"] == kind)


def _properties(kind: str, **values: object) -> Change:
    return lambda level: _first(level, kind)["properties"].update(values)


def _coordinates(kind: str, value: object) -> Change:
    return lambda level: _first(level, kind)["geometry"].update(coordinates=value)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (_properties("waypoint", colour="red"), MapContentError, ["feature 1", "'colour'", "no such field"]),
        (_properties("waypoint", stop="perhaps"), MapContentError, ["feature 1", "'stop'", "perhaps"]),
        (_properties("waypoint", holding="garage"), MapContentError, ["holding", "waiting"]),
        (_properties("waypoint", charger="strong"), MapContentError, ["'power'", "strong"]),
        (_properties("waypoint", lift="lift_99"), BrokenReferenceError, ["'lift'", "lift_99"]),
        (_properties("lane", end="nowhere"), BrokenReferenceError, ["'end'", "there is no waypoint 'nowhere'"]),
        (_properties("lane", end=["a"]), MapContentError, ["'end'", "string"]),
        (_properties("lane", width=-1.0), BrokenReferenceError, ["'width'", "greater than 0"]),
        (_properties("lane", door="gate"), BrokenReferenceError, ["'door'", "there is no door 'gate'"]),
        (_properties("lane", fleets="cats, dogs"), BrokenReferenceError, ["'fleets'", "cats"]),
        (_properties("zone", zone_class="spotless"), MapContentError, ["'zone_class'", "spotless"]),
        (_properties("door", id=7), MapContentError, ["'id'", "Put the value in quotes"]),
        (_properties("wall", id="w"), MapContentError, ["'id'", "no such field"]),
        (_properties("waypoint", feature="tree"), MapContentError, ["'feature'", "waypoint, lane, door"]),
        (lambda level: _first(level, "zone").update(geometry=None), MapContentError, ["a zone is drawn as a Polygon"]),
        (_coordinates("waypoint", [1.0]), MapContentError, ["geometry", "[x, y]"]),
        (_coordinates("waypoint", ["a", 1.0]), MapContentError, ["geometry", "not two numbers"]),
        (_coordinates("waypoint", [1e7, 0.0]), MapContentError, ["km from the site's origin"]),
        (_coordinates("zone", [[[0, 0], [1, 0], [1, 1]]]), MapContentError, ["geometry", "ring"]),
        (_coordinates("door", [[0, 0], [1, 0], [1, 1]]), MapContentError, ["a door is a line of 2 points"]),
        (lambda level: level["features"].append(level["features"][0]), DuplicateIdError, ["taken by another waypoint"]),
        (lambda level: level["features"].append(3), MapContentError, ["not a GeoJSON feature"]),
        (lambda level: level.update(features=None), MapReadError, ["features"]),
        (lambda level: level.update(type="Feature"), MapReadError, ["FeatureCollection"]),
        (lambda level: _first(level, "lane").update(geometry=None, properties=None), MapContentError, ["properties"]),
    ],
)
def test_a_broken_level_is_told_by_file_feature_and_field(
    folder: Path, change: Change, error: type[MapError], words: list[str]
) -> None:
    _edit_level(folder, change)
    with pytest.raises(error) as caught:
        load_site(folder)
    message = str(caught.value)
    assert "L1.geojson" in message
    assert "\n" not in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (_properties("furniture", height=0), BrokenReferenceError, ["'height'", "greater than 0"]),
        (_properties("furniture", colour="white"), MapContentError, ["'colour'", "no such field"]),
        (_coordinates("furniture", [[[0, 0], [1, 0], [0, 0]]]), MapContentError, ["'geometry'", "ring"]),
        (_properties("surface", zone="attic"), BrokenReferenceError, ["'zone'", "there is no zone 'attic'"]),
        (_properties("surface", height=-0.1), BrokenReferenceError, ["'height'", "0 or greater"]),
        (_properties("surface", facing="inwards"), MapContentError, ["'facing'", "inwards"]),
    ],
)
def test_broken_furniture_and_surfaces_are_told(
    tmp_path: Path, change: Change, error: type[MapError], words: list[str]
) -> None:
    bed, rail = piece("bed", box(1.0, 2.0, 3.0, 3.0)), surface("rail", 2.0, 2.0, 0.6, facing=Facing.UP)
    site = room_site(furniture=[bed], surfaces=[rail])
    save_site(site, tmp_path)
    assert load_site(tmp_path) == site
    _edit_level(tmp_path, change)
    with pytest.raises(error) as caught:
        load_site(tmp_path)
    for word in ("L1.geojson", *words):
        assert word in str(caught.value)


def _set(*path: Any, to: object) -> Change:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (_set("colour", to="red"), MapContentError, ["'colour'", "no such field"]),
        (_set("timezone", to="Mars/Olympus"), MapContentError, ["'timezone'", "Asia/Shanghai"]),
        (_set("name", to=3), MapContentError, ["'name'", "string"]),
        (_set("levels", 0, "file", to="../L1.geojson"), MapContentError, ["level 'L1'", "beside site.yaml"]),
        (_set("levels", 0, "file", to="L9.geojson"), MapReadError, ["L9.geojson", "no such file"]),
        (_set("levels", 1, "id", to="L1"), DuplicateIdError, ["level 'L1'"]),
        (_set("lifts", 0, "levels", to=["L1", "L7"]), BrokenReferenceError, ["lift 'lift_1'", "'L7'"]),
        (_set("lifts", 0, "width", to=0), BrokenReferenceError, ["lift 'lift_1'", "'width'"]),
        (_set("lifts", 0, "yaw", to=float("nan")), MapContentError, ["lift 'lift_1'", "'yaw'", "finite"]),
        (_set("lifts", to={"lift_1": {}}), MapContentError, ["'lifts'", "a list is expected"]),
        (_set("lifts", 1, "id", to="lift_1"), DuplicateIdError, ["lift 'lift_1'"]),
        (
            _set("voices", to={"quiet_hours": [{"begin": "22:00", "until": "6"}]}),
            BrokenReferenceError,
            ["quiet_hours", "until", "'6'"],
        ),
        (
            _set("voices", to={"quiet_hours": [{"begin": "9:00", "until": "9:00"}]}),
            BrokenReferenceError,
            ["quiet_hours", "begin"],
        ),
        (
            _set("voices", to={"quiet_hours": [{"begin": "12:00", "until": "12:00"}]}),
            BrokenReferenceError,
            ["both '12:00'"],
        ),
        (_set("voices", to={"languages": ["fr"]}), BrokenReferenceError, ["'languages'", "'fr'", "en, zh"]),
        (_set("voices", to={"languages": []}), BrokenReferenceError, ["'languages'", "at least one"]),
        (_set("fleets", 0, "robots", 0, "home", to="moon"), BrokenReferenceError, ["robot 'robot-1'", "moon"]),
        (_set("fleets", 0, "robots", 1, "id", to="robot-1"), BrokenReferenceError, ["robot-1", "delivery"]),
        (_set("fleets", 0, "speed", to=-2.0), BrokenReferenceError, ["fleet 'delivery'", "'speed'"]),
        (_set("fleets", 0, "compartments", 0, "volumes", to=3), MapContentError, ["compartments.0.volumes"]),
        (
            _set("buildings", to=[{"id": "A", "name": "A", "levels": ["L9"]}]),
            BrokenReferenceError,
            ["building 'A'", "L9"],
        ),
        (
            _set("buildings", to=[{"id": "A", "name": "A", "polygon": [[0, 0], [1, 1]]}]),
            BrokenReferenceError,
            ["building 'A'", "'polygon'", "three points"],
        ),
        (_set("fleets", 4, "lamp", "irradiance", to=0), BrokenReferenceError, ["'disinfection'", "lamp.irradiance"]),
        (_set("fleets", 4, "lamp", "warm_up", to=-1), BrokenReferenceError, ["'lamp.warm_up'", "0 or greater"]),
        (_set("fleets", 4, "lamp", "height", to=0.3), BrokenReferenceError, ["'lamp.height'", "below the floor"]),
        (_set("fleets", 4, "lamp", "length", to="long"), MapContentError, ["'disinfection'", "lamp.length"]),
        (_set("dose_presets", 0, "dose", to=-5.0), BrokenReferenceError, ["dose preset 'spores'", "greater than 0"]),
        (_set("dose_presets", 1, "id", to="spores"), DuplicateIdError, ["dose preset 'spores'"]),
        (_set("zone_care", to=[{"id": "attic"}]), BrokenReferenceError, ["zone care 'attic'", "no zone 'attic'"]),
        (
            _set("zone_care", to=[{"id": "L1_pharmacy", "after_goods": ["ashes"]}]),
            BrokenReferenceError,
            ["'L1_pharmacy'", "after_goods", "no item class 'ashes'"],
        ),
        (
            _set("zone_care", to=[{"id": "L1_pharmacy", "every": 0.0}]),
            BrokenReferenceError,
            ["'L1_pharmacy'", "every", "greater than 0"],
        ),
        (_set("quarantine", to="dungeon"), BrokenReferenceError, ["'quarantine'", "dungeon"]),
        (_set("item_classes", 0, "on_cancel", to="burn"), MapContentError, ["item class 'medicine'", "burn"]),
    ],
)
def test_a_broken_site_file_is_told_by_feature_and_field(
    folder: Path, change: Change, error: type[MapError], words: list[str]
) -> None:
    _edit_site(folder, change)
    with pytest.raises(error) as caught:
        load_site(folder)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [", ["line", "YAML"]),
        ("name: a\nname: b\n", ["'name' appears twice", "line 2"]),
        ("a: &a [x, x, x]\nb: &b [*a, *a]\n<<: 3\n", ["YAML"]),
        ("[" * 5000, ["YAML"]),
        ("- 1\n", ["site"]),
        ("name: " + "9" * 400, ["too large"]),
        ("", ["site"]),
    ],
)
def test_malformed_yaml(folder: Path, text: str, words: list[str]) -> None:
    (folder / "site.yaml").write_text(text)
    with pytest.raises(MapError) as caught:
        load_site(folder)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", ["line 1", "JSON"]),
        ('{"type": NaN}', ["NaN is not a number"]),
        ('{"type": 1, "type": 2}', ["'type' appears twice"]),
        ("[" * 100_000, ["JSON"]),
    ],
)
def test_malformed_geojson(folder: Path, text: str, words: list[str]) -> None:
    (folder / "L1.geojson").write_text(text)
    with pytest.raises(MapError) as caught:
        load_site(folder)
    for word in words:
        assert word in str(caught.value)


def test_files_that_are_no_maps(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MapReadError, match=r"there is no site\.yaml"):
        load_site(tmp_path)
    with pytest.raises(MapReadError, match="no such site folder"):
        load_site(tmp_path / "nowhere")
    (folder / "L2.geojson").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MapReadError, match="UTF-8"):
        load_site(folder)
    monkeypatch.setattr("maps.documents.MAXIMUM_BYTES", 100)
    with pytest.raises(MapReadError, match="larger than"):
        load_site(folder)


def test_a_small_file_cannot_unfold_to_billions_of_values(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maps.documents.MAXIMUM_VALUES", 10_000)
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (folder / "site.yaml").write_text("\n".join(lines))
    with pytest.raises(MapReadError, match="more than 10,000 values"):
        load_site(folder)
