"""`wardfleet`, as typed in a terminal: help that helps, and bad input that ends in one clear line."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from fleet_manager.bootstrap import write_tokens
from fleet_manager.cli.main import app
from maps.generator import generate
from maps.site_files import load_site, save_site

COMMANDS = [
    "demo",
    "serve",
    "agent",
    "route",
    "tokens",
    "bench day",
    "bench replan",
    "bench traffic",
    "bench sim",
    "bench mapf",
    "coverage uv",
    "map check",
    "map import",
    "map export",
    "map generate",
    "map show",
    "sim run",
    "sim init",
    "sim schema",
    "sim world",
]


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Commands that run in this process set up logging for all of it."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the site `small`: one floor, two delivery robots."""
    folder = tmp_path_factory.mktemp("sites")
    save_site(generate(floors=1, robots=2), folder / "small")
    return folder


@pytest.fixture
def here(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The present folder: the small site and nothing else."""
    (tmp_path / "small").symlink_to(small / "small")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def taken_port() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield str(other.getsockname()[1])


def wardfleet(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """For commands that run a loop of their own."""
    command = [sys.executable, "-m", "fleet_manager.cli", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WARDFLEET_")}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


def pass_of_two(folder: Path, *, bay: bool) -> None:
    """The files pass.map and pass.scen: two in a corridor, with a bay or without."""
    rows = f".....\n@@{'.' if bay else '@'}@@\n"
    (folder / "pass.map").write_text(f"type octile\nheight 2\nwidth 5\nmap\n{rows}", encoding="utf-8")
    agents = "0 pass.map 5 2 0 0 4 0 4\n0 pass.map 5 2 4 0 0 0 4\n"
    (folder / "pass.scen").write_text(f"version 1\n{agents}", encoding="utf-8")


# --- help ------------------------------------------------------------------------------------------------------


def test_without_arguments_it_shows_what_there_is() -> None:
    told = wardfleet()
    for command in COMMANDS:
        assert command.split()[0] in told.output
    assert "wardfleet demo" in told.output


def test_it_knows_its_version() -> None:
    told = wardfleet("--version")
    assert (told.exit_code, told.stdout) == (0, "wardfleet 0.1.0\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(command: str) -> None:
    told = wardfleet(*command.split(), "--help")
    assert told.exit_code == 0
    assert "Example" in told.stdout
    assert f"wardfleet {command} " in told.stdout.replace(f"Usage: wardfleet {command}", "")
    assert "completion" not in told.stdout


@pytest.mark.parametrize("group", ["map", "sim", "bench"])
def test_a_group_without_a_command_shows_its_commands(group: str) -> None:
    told = wardfleet(group)
    for command in (c for c in COMMANDS if c.startswith(f"{group} ")):
        assert command.split()[1] in told.output


# --- bad input -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("route nowhere pharmacy kitchen", "nowhere: no such file or folder"),
        ("route small pharmasy kitchen", "FROM: no place is called 'pharmasy' on this site; did you mean pharmacy"),
        ("route small pharmacy kitschen", "did you mean kitchen"),
        ("route small pharmacy kitchen --fleet drones", "no fleet drones; its fleets are delivery"),
        ("route broken pharmacy kitchen", "site.yaml"),
        ("tokens nowhere -o tokens.json", "nowhere: no such site folder"),
        ("tokens small -o missing/tokens.json", "missing/tokens.json"),
        ("tokens small -o busy.json", "busy.json exists; --force replaces it"),
        ("demo --site nowhere", "nowhere: no such file or folder"),
        ("demo --site small --port 0 --robots 190", "room for"),
        ("sim run nowhere.yaml", "nowhere.yaml: No such file or directory"),
        ("sim run busy.json", "busy.json:1: site: this field is missing"),
        ("sim run broken.yaml", "broken.yaml: not YAML"),
        ("sim run empty.yaml", "empty.yaml:1: the file: "),
        ("sim world --site nowhere", "nowhere: no such file or folder"),
        ("bench day --site nowhere --deliveries 1", "nowhere: no such file or folder"),
        ("bench day --site small --robots 900 --deliveries 1", "not 900"),
        ("bench traffic --site nowhere --hours 0.1", "nowhere: no such file or folder"),
        ("bench traffic --site generated:many --hours 0.1", "not a number of floors"),
        ("bench traffic --site small --robots 900 --hours 0.1", "not 900"),
        ("bench sim --site nowhere --hours 0.1", "nowhere: no such file or folder"),
        ("bench sim --site small --robots 900 --hours 0.1", "not 900"),
        ("bench mapf --map nowhere.map --scen pass.scen", "nowhere.map: No such file or directory"),
        ("bench mapf --map pass.map --scen nowhere.scen", "nowhere.scen: No such file or directory"),
        ("bench mapf --map pass.scen --scen pass.scen", "pass.scen: line 1: not 'type octile'. A map begins with"),
        ("bench mapf --map pass.map --scen pass.scen --agents 3", "pass.scen: line 3: there are 2 agents, not 3. Ask"),
        ("bench mapf --map pass.map --scen pass.scen --agents 2 --paths missing/paths.json", "missing/paths.json"),
        ("agent --kind simulated --manager ws://127.0.0.1:1/agents/v1", "name at least one --robot"),
        ("agent --kind simulated --manager http://127.0.0.1:1 --robot robot-1", "is not an address such as ws://"),
        ("agent --kind spaceship --manager ws://127.0.0.1:1 --robot robot-1", "known are: porter, ros2, simulated"),
        ("agent --kind simulated --manager ws://127.0.0.1:1 --token-file nowhere.json", "nowhere.json"),
    ],
)
def test_bad_input_is_one_clear_line(here: Path, arguments: str, words: str) -> None:
    (here / "broken").mkdir()
    (here / "broken" / "site.yaml").write_text("name: [", encoding="utf-8")
    (here / "broken.yaml").write_text("demand: [", encoding="utf-8")
    (here / "empty.yaml").touch()
    (here / "busy.json").write_text("{}", encoding="utf-8")
    pass_of_two(here, bay=True)
    assert_one_line(wardfleet(*arguments.split()), words)
    assert (here / "busy.json").read_text(encoding="utf-8") == "{}"


def assert_one_line(ended: Result | subprocess.CompletedProcess[str], words: str) -> None:
    code = ended.exit_code if isinstance(ended, Result) else ended.returncode
    lines = ended.stderr.splitlines()
    assert code == 2, ended.stderr
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("wardfleet: ")
    assert words in lines[0]


def test_the_demo_says_that_its_port_is_in_use(here: Path, taken_port: str) -> None:
    told = wardfleet("demo", "--site", "small", "--port", taken_port)
    assert_one_line(told, f"port {taken_port} is in use; choose another one with --port")


def test_serve_says_that_its_port_is_in_use_and_makes_no_database(here: Path, taken_port: str) -> None:
    told = process("serve", "--site", "small", "--port", taken_port)
    assert_one_line(told, f"can't listen on 127.0.0.1:{taken_port}: ")
    assert not (here / "wardfleet.sqlite3").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "tokens: tokens.json: No such file or directory; `wardfleet tokens` writes one"),
        ("robot-1", "tokens: tokens.json: must be a JSON object of robot: token"),
        ('{"robot-1": "x"}', "tokens: tokens.json has none for robot-2"),
    ],
    ids=["no file", "no JSON", "a robot is lacking"],
)
def test_serve_wants_a_token_for_every_robot(here: Path, content: str | None, words: str) -> None:
    if content is not None:
        (here / "tokens.json").write_text(content, encoding="utf-8")
    assert_one_line(process("serve", "--site", "small", "--port", "0", "--tokens", "tokens.json"), words)


def test_serve_wants_a_site(here: Path) -> None:
    assert_one_line(process("serve", "--site", "nowhere", "--port", "0"), "nowhere: no such site folder")


# --- what the commands do --------------------------------------------------------------------------------------


def test_tokens_are_for_their_owner_and_are_not_replaced_by_accident(here: Path) -> None:
    assert wardfleet("tokens", "small", "-o", "tokens.json").exit_code == 0
    first = json.loads((here / "tokens.json").read_text(encoding="utf-8"))
    assert {"robot-1", "robot-2"} <= set(first)
    assert len(set(first.values())) == len(first)
    assert stat.S_IMODE((here / "tokens.json").stat().st_mode) == 0o600
    assert_one_line(wardfleet("tokens", "small", "-o", "tokens.json"), "--force")
    assert json.loads((here / "tokens.json").read_text(encoding="utf-8")) == first
    assert wardfleet("tokens", "small", "-o", "tokens.json", "--force").exit_code == 0
    assert json.loads((here / "tokens.json").read_text(encoding="utf-8")) != first


def test_tokens_that_the_command_writes_are_enough_for_the_manager(here: Path) -> None:
    write_tokens(here / "tokens.json", load_site(here / "small"))
    robots = {r.id for f in load_site(here / "small").fleets.values() if f.carrier != "person" for r in f.robots}
    assert set(json.loads((here / "tokens.json").read_text(encoding="utf-8"))) == robots


def test_a_route_as_text_and_as_json(here: Path) -> None:
    told = wardfleet("route", "small", "pharmacy", "kitchen")
    assert told.exit_code == 0
    assert "pharmacy → kitchen" in told.stdout
    found = json.loads(wardfleet("route", "small", "pharmacy", "kitchen", "--json").stdout)
    assert set(found) == {"start", "goal", "fleet", "length", "duration", "levels", "lifts", "steps"}
    assert (found["fleet"], found["levels"], found["lifts"]) == ("delivery", ["L1"], [])
    assert found["steps"][0] == ["pharmacy", "L1", "start"]
    assert found["steps"][-1][0] == "kitchen"
    assert f"{found['length']:.0f} m" in told.stdout


def test_a_small_bench_day_writes_its_figures(here: Path) -> None:
    told = wardfleet("bench", "day", "--site", "small", "--robots", "2", "--deliveries", "3", "--json", "day.json")
    assert (told.exit_code, told.stderr) == (0, "")
    figures = json.loads((here / "day.json").read_text(encoding="utf-8"))
    assert (figures["tasks"], figures["completed"], figures["violations"]) == (3, 3, 0)
    assert figures["realtime_factor"] > 1
    assert len(figures["log_sha256"]) == 64
    for figure in figures:
        assert figure in told.stdout


def test_a_small_bench_of_traffic_writes_its_figures(here: Path) -> None:
    told = wardfleet("bench", "traffic", "--site", "small", "--robots", "2", "--hours", "0.1", "--json", "traffic.json")
    assert (told.exit_code, told.stderr) == (0, "")
    figures = json.loads((here / "traffic.json").read_text(encoding="utf-8"))
    assert figures["tasks"] == figures["completed"] > 2
    assert (figures["jams"], figures["violations"], figures["hours"]) == (0, 0, 0.1)
    for figure in figures:
        assert figure in told.stdout


def test_a_small_bench_of_the_simulation_writes_its_figures(here: Path) -> None:
    short = ("--robots", "2", "--tasks", "60", "--begin", "9", "--hours", "0.5", "--movement", "300")
    told = wardfleet("bench", "sim", "--site", "small", *short, "--json", "sim.json")
    assert (told.exit_code, told.stderr) == (0, "")
    figures = json.loads((here / "sim.json").read_text(encoding="utf-8"))
    assert figures["tasks"] == figures["completed"] > 0
    assert (figures["jams"], figures["violations"], figures["hours"]) == (0, 0, 0.5)
    for figure in figures:
        assert figure in told.stdout


def test_a_bench_of_two_in_a_corridor_writes_its_figures_and_paths(here: Path) -> None:
    pass_of_two(here, bay=True)
    files = ("--map", "pass.map", "--scen", "pass.scen", "--json", "mapf.json", "--paths", "paths.json")
    told = wardfleet("bench", "mapf", *files, "--agents", "2", "--time-limit", "0.05")
    assert (told.exit_code, told.stderr) == (0, "")
    figures = json.loads((here / "mapf.json").read_text(encoding="utf-8"))
    assert (figures["solved"], figures["violations"], figures["sum_of_costs_lower_bound"]) == (True, 0, 8)
    assert (figures["sum_of_costs"], figures["makespan"], figures["makespan_lower_bound"]) == (11, 6, 4)
    assert 0 < figures["first_seconds"] < figures["seconds"]
    one, other = json.loads((here / "paths.json").read_text(encoding="utf-8"))
    assert (one[0], one[-1], other[0], other[-1]) == ([0, 0], [4, 0], [4, 0], [0, 0])
    assert sorted(len(path) - 1 for path in (one, other)) == [5, 6]
    for figure in figures:
        assert figure in told.stdout


def test_a_bench_without_a_solution_ends_with_1(here: Path) -> None:
    pass_of_two(here, bay=False)
    files = ("--map", "pass.map", "--scen", "pass.scen", "--json", "mapf.json", "--paths", "paths.json")
    assert wardfleet("bench", "mapf", *files, "--agents", "2").exit_code == 1
    figures = json.loads((here / "mapf.json").read_text(encoding="utf-8"))
    assert (figures["solved"], figures["unsolvable"]) == (False, True)
    assert (figures["first_seconds"], figures["sum_of_costs"], figures["makespan"]) == (None, None, None)
    assert json.loads((here / "paths.json").read_text(encoding="utf-8")) == []
