"""`wardfleet coverage uv`, as typed in a terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread
from typer.testing import CliRunner, Result

from fleet_manager.cli.main import app
from maps.doses import DEFAULT_DOSE_PRESETS
from maps.model import Facing, FleetId, Site
from maps.site_files import save_site
from tests.rooms import LAMP, LAMPS, box, piece, room_site, surface


def _run(*arguments: str | Path) -> Result:
    words = ["coverage", "uv", *(str(argument) for argument in arguments)]
    return CliRunner().invoke(app, words, env={"COLUMNS": "200"})


def _ward() -> Site:
    site = room_site(
        3.0,
        4.0,
        furniture=[piece("bed", box(1.2, 2.6, 3.0, 3.5), 0.6)],
        surfaces=[
            surface("bed rail", 2.0, 2.6, 0.5, -1.5707963267948966),
            surface("bed underside", 2.0, 3.0, 0.3, facing=Facing.DOWN),
        ],
    )
    return replace(site, dose_presets=DEFAULT_DOSE_PRESETS)


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sites") / "ward"
    save_site(_ward(), folder)
    return folder


@pytest.fixture(scope="module")
def plan(ward: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, dict[str, Any], Path]:
    folder = tmp_path_factory.mktemp("plans")
    done = _run(
        *("--site", ward, "--zone", "room 1", "--dose", "1000"),
        *("--json", folder / "plan.json", "--png", folder / "plan.png"),
    )
    assert done.exit_code == 0, done.output
    return done, json.loads((folder / "plan.json").read_text(encoding="utf-8")), folder / "plan.png"


def test_the_figures_of_a_plan(plan: tuple[Result, dict[str, Any], Path]) -> None:
    _, document, _ = plan
    assert document["covered_share"] == 1.0
    assert document["min_dose"] >= 1000.0
    assert document["min_dose_mj_cm2"] == pytest.approx(document["min_dose"] / 10.0, abs=1e-3)
    assert document["bound_s"] <= document["dwell_s"] <= 1.05 * document["bound_s"]
    assert document["dwell_s"] == pytest.approx(sum(stop["dwell_s"] for stop in document["stops"]), abs=0.01)
    targets = [*document["surfaces"], *document["grid"]]
    dark = [target for target in targets if target["shadowed"]]
    assert document["shadowed_share"] == pytest.approx(len(dark) / len(targets))
    assert min(target["dose"] for target in targets if not target["shadowed"]) == document["min_dose"]
    assert all(target["reason"] for target in dark)
    assert sum(target["costs_s"] for target in targets) == pytest.approx(document["bound_s"], rel=1e-3)


def test_what_stays_untreated_is_told_before_anything_starts(plan: tuple[Result, dict[str, Any], Path]) -> None:
    done, document, _ = plan
    surfaces = {one["name"]: one for one in document["surfaces"]}
    assert not surfaces["bed rail"]["shadowed"]
    assert surfaces["bed underside"]["reason"] == "underside"
    assert "untreated: underside" in done.stdout
    assert "floor under bed" in done.stdout
    assert "1,000 J/m² (100.0 mJ/cm²)" in done.stdout
    assert "What takes most of the time" in done.stdout


def test_the_picture_shows_stops_doses_and_shadows(plan: tuple[Result, dict[str, Any], Path]) -> None:
    _, _, picture = plan
    pixels = imread(picture)
    assert min(pixels.shape[:2]) > 500
    red, green, blue = pixels[:, :, 0], pixels[:, :, 1], pixels[:, :, 2]
    assert ((red > 0.95) & (abs(green - 0.55) < 0.08) & (blue < 0.2)).sum() > 200, "stops"
    assert ((red > 0.7) & (green < 0.3) & (blue < 0.4)).sum() > 100, "untreated points"
    assert ((green > red + 0.1) & (blue > red)).sum() > 10_000, "the floor's doses"


def test_an_organism_instead_of_a_dose(ward: Path, tmp_path: Path) -> None:
    done = _run("--site", ward, "--zone", "room", "--organism", "coronavirus", "--json", tmp_path / "plan.json")
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["dose"] == 60.0


def test_without_a_dose_spores_are_meant(ward: Path) -> None:
    done = _run("--site", ward, "--zone", "room")
    assert done.exit_code == 0, done.output
    assert "1,000 J/m²" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--zone", "room", "--dose", "0"], "a dose of 0 J/m² disinfects nothing; ask for more than 0"),
        (["--zone", "room", "--dose", "-3"], "a dose of -3 J/m² disinfects nothing"),
        (["--zone", "room", "--dose", "nan"], "a dose of nan J/m²"),
        (["--zone", "rom"], "no zone is called 'rom' on this site; did you mean room"),
        (["--zone", "outside"], "'outside' is a place without a zone around it; draw the room as a zone"),
        (
            ["--zone", "room", "--fleet", "moon"],
            "no fleet is called 'moon' on this site; fleets with a UV-C lamp: lamps",
        ),
        (["--zone", "room", "--organism", "mould"], "no dose preset 'mould'; it has spores, vegetative_bacteria"),
        (["--zone", "room", "--organism", "spores", "--dose", "5"], "say one of them"),
        (["--zone", "room", "--png", "plan.gif"], ".png, .svg or .pdf"),
        (["--zone", "room", "--json", "nowhere/plan.json"], "nowhere/plan.json"),
    ],
)
def test_bad_input_is_refused_in_one_line(ward: Path, arguments: list[str], words: str) -> None:
    done = _run("--site", ward, *arguments)
    assert done.exit_code == 2, done.output
    assert words in done.stderr
    assert done.stderr.startswith("wardfleet: ")
    assert done.stderr.count("\n") == 1


def test_a_site_that_is_none_is_refused(tmp_path: Path) -> None:
    done = _run("--site", tmp_path / "nowhere", "--zone", "room")
    assert done.exit_code == 2
    assert "no such file or folder" in done.stderr


@pytest.mark.parametrize(
    ("lamp", "words"),
    [
        (None, "no fleet of this site has a UV-C lamp; give a fleet its `lamp` in site.yaml"),
        (
            replace(LAMP, irradiance=None),
            "the lamp of fleet 'lamps' has no calibration; set `lamp.irradiance` in site.yaml: W/m² at 1 m",
        ),
    ],
)
def test_a_lamp_that_cannot_be_planned_with_is_refused(tmp_path: Path, lamp: Any, words: str) -> None:
    site = _ward()
    changed = replace(site.fleets[LAMPS], lamp=lamp)
    save_site(replace(site, fleets={FleetId("lamps"): changed}), tmp_path / "site")
    done = _run("--site", tmp_path / "site", "--zone", "room")
    assert done.exit_code == 2, done.output
    assert words in done.stderr


def test_a_zone_without_a_polygon_is_refused(ward: Path, tmp_path: Path) -> None:
    """Drawn as a point, or not at all: the file cannot be read; flat: the plan is refused."""
    level = json.loads((ward / "L1.geojson").read_text(encoding="utf-8"))
    zone = next(one for one in level["features"] if one["properties"]["feature"] == "zone")
    (tmp_path / "site.yaml").write_text((ward / "site.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    flat = {"type": "Polygon", "coordinates": [[[0, 0], [3, 0], [1, 0], [0, 0]]]}
    for geometry, words in (
        (None, "a zone is drawn as a Polygon"),
        (flat, "zone 'room' has no polygon that encloses a floor; draw its outline in the level's file"),
    ):
        zone["geometry"] = geometry
        (tmp_path / "L1.geojson").write_text(json.dumps(level), encoding="utf-8")
        done = _run("--site", tmp_path, "--zone", "room")
        assert done.exit_code == 2
        assert words in done.stderr
