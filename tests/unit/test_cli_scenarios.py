"""`wardfleet sim run`, `init` and `schema`, as typed in a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from sim.scenario_file import FIRST
from sim.scenario_schema import schema_text
from tests.unit.test_cli_commands import assert_one_line, wardfleet

DELIVERY = "{kind: delivery, name: heparin, at: '07:01', pickup: pharmacy, dropoff: icu, item: heparin}"


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scenario(name: str, *expect: str, demand: str = DELIVERY) -> Path:
    lines = [
        "site: generated:1",
        f"title: {name}",
        "hours: 0.2",
        "fleets: {delivery: {robots: 2}}",
        f"demand: [{demand}]",
        f"expect: {json.dumps(expect, ensure_ascii=False)}",
    ]
    path = Path(f"{name}.scenario.yaml")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def in_process(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(FIRST.parents[1])}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)


def test_a_scenario_that_holds_ends_with_0_and_the_results_as_json(here: Path) -> None:
    path = scenario("quiet", "heparin is delivered within 10 min")
    told = wardfleet("sim", "run", str(path), "--json", "result.json")
    assert (told.exit_code, told.stderr) == (0, "")
    assert "pharmacy → icu" in told.stdout
    assert "holds" in told.stdout
    (result,) = json.loads((here / "result.json").read_text(encoding="utf-8")).values()
    assert result["holds"] is True
    assert [(task["group"], task["view"]["status"]) for task in result["tasks"]] == [("heparin", "completed")]
    assert result["outcomes"][0]["sentence"] == "heparin is delivered within 10 min"
    assert (result["violations"], result["jams"], result["refused"]) == ([], [], [])
    assert len(result["log_sha256"]) == 64
    assert result["figures"]["tasks"]["completed"] == 1
    assert sum(result["figures"]["time_spent"].values()) == pytest.approx(
        result["figures"]["seconds"] * len(result["figures"]["robots"])
    )


def test_a_report_tells_of_all_scenarios_and_is_the_same_in_every_process(here: Path) -> None:
    for name in ("quiet", "hasty"):
        scenario(name, "heparin is delivered within 10 min" if name == "quiet" else "heparin is delivered before 07:02")
    pages = []
    for jobs in ("1", "2"):
        told = in_process("fleet_manager.cli", "sim", "run", ".", "--jobs", jobs, "--html", "report.html")
        assert told.returncode == 1, told.stderr
        pages.append((here / "report.html").read_text(encoding="utf-8"))
    assert pages[0] == pages[1]
    assert "1 of 1 tasks; T00001 was delivered at 07:0" in pages[0]
    assert [line in pages[0] for line in (">quiet<", ">hasty<", "robot-1", "robot-2")] == [True] * 4


def test_a_report_that_cant_be_written_is_one_clear_line() -> None:
    told = wardfleet("sim", "run", str(scenario("quiet", "no jams")), "--html", "none/report.html")
    assert_one_line(told, "none/report.html")


def test_one_that_fails_ends_with_1_the_expectation_and_its_story() -> None:
    told = wardfleet("sim", "run", str(scenario("hasty", "heparin is delivered before 07:02", "no jams")))
    assert told.exit_code == 1
    assert "hasty.scenario.yaml: heparin is delivered before 07:02" in told.stdout
    assert "found: 1 of 1 tasks; T00001 was delivered at 07:0" in told.stdout
    assert "07:01:00 nurse-1 asks for heparin, pharmacy → icu (routine): T00001" in told.stdout
    assert "07:02:00 T00001 is underway with robot-" in told.stdout


def test_many_run_in_parallel_in_the_order_of_their_names() -> None:
    for name in ("b", "c", "a"):
        scenario(name, "heparin is delivered" if name != "c" else "heparin is refused")
    told = in_process("fleet_manager.cli", "sim", "run", ".", "--jobs", "2")
    assert told.returncode == 1, told.stderr
    rows = [line.split()[1:4:2] for line in told.stdout.splitlines() if line.startswith("│")]
    assert rows == [["a", "holds"], ["b", "holds"], ["c", "fails"]]
    assert "c.scenario.yaml: heparin is refused" in told.stdout


def test_a_seed_replaces_the_scenarios_own(here: Path) -> None:
    path = scenario("quiet", "heparin is delivered")
    logs = []
    for seed in ("7", "7", "8"):
        wardfleet("sim", "run", str(path), "--seed", seed, "--json", "result.json")
        (result,) = json.loads((here / "result.json").read_text(encoding="utf-8")).values()
        logs.append(result["log_sha256"])
    assert logs[0] == logs[1] != logs[2]


def test_a_file_that_cant_be_used_is_one_clear_line(here: Path) -> None:
    wrong = scenario("wrong", "heparin is delivered", demand=DELIVERY.replace("pharmacy", "farmacy"))
    words = "wrong.scenario.yaml:5: demand.0.pickup: no place is called 'farmacy' on this site; did you mean pharmacy"
    assert_one_line(wardfleet("sim", "run", str(scenario("right", "no jams")), str(wrong)), words)
    (here / "empty").mkdir()
    assert_one_line(wardfleet("sim", "run", "empty"), "empty: no *.scenario.yaml file in this folder")


def test_a_way_that_no_robot_may_drive_is_one_clear_line() -> None:
    path = scenario("nowhere", "no jams")
    bed = "people: [{kind: bed, at: '07:01', way: [pharmacy, pharmacy], minutes: 3}]"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{bed}", encoding="utf-8")
    words = "nowhere.scenario.yaml: people.0: between pharmacy and pharmacy lies no lane"
    assert_one_line(wardfleet("sim", "run", str(path)), words)


# --- a first scenario ------------------------------------------------------------------------------------------


def test_the_first_scenario_is_written_with_its_schema_and_holds(here: Path) -> None:
    told = wardfleet("sim", "init")
    assert told.exit_code == 0
    assert "wardfleet sim run first.scenario.yaml" in told.stdout
    assert (here / "first.scenario.yaml").read_text(encoding="utf-8") == FIRST.read_text(encoding="utf-8")
    assert (here / "scenario.schema.json").read_text(encoding="utf-8") == schema_text()
    assert wardfleet("sim", "run", "first.scenario.yaml").exit_code == 0


def test_it_may_be_called_otherwise_and_never_replaces_one(here: Path) -> None:
    assert wardfleet("sim", "init", "nights/quiet").exit_code == 0
    path = here / "nights" / "quiet.scenario.yaml"
    path.write_text("mine", encoding="utf-8")
    assert_one_line(wardfleet("sim", "init", "nights/quiet.scenario.yaml"), "exists already; give another name")
    assert path.read_text(encoding="utf-8") == "mine"


def test_the_schema_is_printed() -> None:
    assert json.loads(wardfleet("sim", "schema").stdout) == json.loads(schema_text())


# --- pytest ----------------------------------------------------------------------------------------------------


def collected(*arguments: str) -> subprocess.CompletedProcess[str]:
    return in_process("pytest", "-p", "no:cacheprovider", *arguments)


def test_pytest_collects_scenarios_and_tells_the_story_of_one_that_fails() -> None:
    scenario("quiet", "heparin is delivered within 10 min")
    scenario("hasty", "heparin is delivered before 07:02")
    scenario("wrong", "heparin is delivered", demand=DELIVERY.replace("pharmacy", "farmacy"))
    told = collected("-q")
    assert told.returncode == 1
    assert "2 failed, 1 passed" in told.stdout
    assert "heparin is delivered before 07:02\n  found: 1 of 1 tasks" in told.stdout
    assert "    07:01:00 nurse-1 asks for heparin, pharmacy → icu (routine): T00001" in told.stdout
    assert "no place is called 'farmacy' on this site; did you mean pharmacy" in told.stdout
    assert "Traceback" not in told.stdout


def test_pytest_selects_scenarios_by_name() -> None:
    scenario("quiet", "heparin is delivered")
    scenario("hasty", "heparin is delivered before 07:02")
    told = collected("-q", "-k", "quiet")
    assert told.returncode == 0, told.stdout
    assert "1 passed, 1 deselected" in told.stdout
