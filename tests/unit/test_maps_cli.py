"""`wardfleet map`, as typed in a terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fleet_manager.cli.map import app
from maps.generator import generate
from maps.model import FleetId, Site, WaypointId
from maps.site_files import load_site, save_site
from tests.data import public_data


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "160"})


def _broken() -> Site:
    """A hospital whose pharmacy robots never leave again."""
    site = generate(floors=1)
    way_out = next(lane.id for lane in site.lanes.values() if lane.start == "pharmacy")
    return replace(site, lanes={name: lane for name, lane in site.lanes.items() if name != way_out})


def test_generate_check_show_and_export(tmp_path: Path) -> None:
    folder = tmp_path / "hospital"
    made = _run("generate", "-o", folder, "--floors", "2", "--seed", "7", "--robots", "12", "--name", "St. Mary")
    assert made.exit_code == 0, made.output
    assert "St. Mary, 2 levels" in made.stdout
    assert len(load_site(folder).fleets[FleetId("delivery")].robots) == 12
    checked = _run("check", folder)
    assert (checked.exit_code, checked.stdout.strip()) == (0, "St. Mary: nothing to mend")
    assert _run("show", folder, "-o", tmp_path / "plan.png", "--level", "L1").exit_code == 0
    assert (tmp_path / "plan.png").stat().st_size > 10_000
    assert _run("export", folder, "--format", "nav2", "-o", tmp_path / "graph.geojson").exit_code == 0
    assert WaypointId("ward_2b") in load_site(folder).waypoints
    again = _run("import", tmp_path / "graph.geojson", "-o", tmp_path / "again")
    assert again.exit_code == 0
    assert load_site(tmp_path / "again").lanes == load_site(folder).lanes


def test_check_tells_errors_by_exit_code(tmp_path: Path) -> None:
    save_site(_broken(), tmp_path / "broken")
    told = _run("check", tmp_path / "broken")
    assert told.exit_code == 1
    assert "pharmacy" in told.stdout
    assert "error" in told.stdout
    listed = _run("check", tmp_path / "broken", "--json")
    assert listed.exit_code == 1
    finding = json.loads(listed.stdout)[0]
    assert (finding["severity"], finding["code"], finding["place"]) == ("error", "trapped", "pharmacy")


def test_import_of_the_clinic(tmp_path: Path) -> None:
    clinic = public_data() / "rmf" / "clinic.building.yaml"
    done = _run("import", clinic, "-o", tmp_path / "clinic")
    assert done.exit_code == 0, done.output
    assert "3 × warning, 2 × info" in done.stdout
    told = _run("check", tmp_path / "clinic")
    assert told.exit_code == 0
    assert "lift_2" in told.stdout
    assert "lift_24" in told.stdout
    assert "unconnected" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "nowhere"], "nowhere: no such file or folder"),
        (["check", "."], "there is no site.yaml"),
        (["import", "broken.building.yaml", "-o", "out"], "level L1, lane 0: field 'end': there is no vertex 5"),
        (["import", "plan.dwg", "-o", "out"], "not a known map format"),
        (["generate", "-o", "busy"], "exists and is not a site"),
        (["generate", "-o", "out", "--floors", "1", "--robots", "5000"], "not 5000"),
        (["show", "small", "-o", "plan.gif"], ".png, .svg or .pdf"),
        (["show", "small", "-o", "plan.png", "--level", "L9"], "no level 'L9'"),
        (["export", "small", "-o", "busy"], "cannot be written"),
    ],
)
def test_bad_input_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.building.yaml").write_text("levels: {L1: {vertices: [[0, 0], [1, 1]], lanes: [[0, 5, {}]]}}")
    Path("plan.dwg").write_text("AC1032")
    Path("busy").mkdir()
    Path("busy", "thesis.txt").write_text("years of work")
    save_site(generate(floors=1), Path("small"))
    result = _run(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not Path("out").exists()


def test_help_gives_examples() -> None:
    for command in ("check", "import", "export", "generate", "show"):
        text = _run(command, "--help").stdout
        assert f"wardfleet map {command}" in text
