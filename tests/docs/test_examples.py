"""Every example in README.md and docs/ runs, or is checked against the thing that it is about.

Command lines are run where the page says `<!-- test: run -->`, otherwise parsed by the command they name. `curl` lines
and what speaks to http://127.0.0.1:8000 meet a real manager, with two robots on a small hospital.
"""

from __future__ import annotations

import asyncio
import configparser
import json
import re
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import httpx
import pytest
import typer
import yaml
from pydantic import TypeAdapter
from typer.core import TyperGroup

from fleet_manager.api.schemas import TaskRequest
from fleet_manager.cli.main import app
from maps.generator import generate
from maps.model import InfectionRules, SprayRules
from robot_agents import protocol
from robot_agents.registry import GROUP
from robot_agents.ros2.settings import robot_settings
from sim.scenario_file import FIRST, read_scenario
from sim.scenario_run import run_scenario
from tests.docs.pages import PAGES, ROOT, Block, all_blocks, blocks_of
from tests.processes import HospitalProcesses, hospital_processes

MANAGER: Final = "127.0.0.1:8000"
CHECKED: Final = {"python", "json", "yaml", "toml", "ini", "caddy", "sh", "console", "text"}
SHELL: Final = ("sh", "console")
VARIABLES: Final = {
    "RMW_IMPLEMENTATION",
    "ROS_AUTOMATIC_DISCOVERY_RANGE",
    "ROS_DISCOVERY_SERVER",
    "ROS_DOMAIN_ID",
    "WARDFLEET_AGENT_TOKEN",
}
"""What the pages set, and ROS or WardFleet reads."""
_SAID: Final = {"tasks": "T00001", "closures": "C000001", "pauses": "C000002", "alarms": "F000001"}
"""What the pages call the first thing that a reader makes."""


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HospitalProcesses]:
    folder = tmp_path_factory.mktemp("hospital")
    with hospital_processes(folder, generate(floors=2, robots=2), speed=10.0) as running:
        yield running


def test_no_example_stays_unchecked() -> None:
    assert [str(block) for block in all_blocks() if block.language not in CHECKED] == []


# --- Python ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", all_blocks("python"), ids=str)
def test_python(block: Block, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs as a module of its own; what is named like a test is called."""
    text = block.text
    if MANAGER in text:
        running: HospitalProcesses = request.getfixturevalue("hospital")
        text = text.replace(MANAGER, f"127.0.0.1:{running.port}")
    example = ModuleType("example")
    monkeypatch.setitem(sys.modules, "example", example)
    exec(compile("\n" * block.line + text, str(block.page), "exec"), example.__dict__)
    for name, value in tuple(vars(example).items()):
        if name.startswith("test_"):
            value()
    asyncio.set_event_loop(None)


# --- documents -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", all_blocks("json"), ids=str)
def test_json(block: Block, hospital: HospitalProcesses) -> None:
    document = json.loads(block.text)
    match block.note:
        case "post-task":
            TypeAdapter[Any](TaskRequest).validate_json(block.text)
            answer = hospital.post("/tasks", document)
            assert answer.status_code == 201, answer.text
            hospital.post(f"/tasks/{answer.json()['id']}/cancel")
        case "request":
            TypeAdapter[Any](TaskRequest).validate_json(block.text)
        case "problem":
            goods = [{"name": "goods", "quantity": 1}]
            request = {"kind": "delivery", "pickup": "pharmacy", "dropoff": "ward_1aa", "items": goods}
            assert hospital.post("/tasks", request).json() == document
        case "transcript":
            _check_transcript(document)
        case note:
            pytest.fail(f"{block}: say what it is: post-task, request, problem or transcript, not {note!r}")


def _check_transcript(document: list[dict[str, Any]]) -> None:
    """Each message is one of the protocol; reports count up, and only what was sent is answered."""
    commands: set[str] = set()
    number = 0
    for entry in document:
        ((speaker, raw),) = entry.items()
        if speaker == "manager":
            said = protocol.from_manager.validate_python(raw)
            if isinstance(said, protocol.Welcome):
                number = said.acknowledged
            elif isinstance(said, protocol.ReportsAcknowledged):
                assert said.through <= number
            elif not isinstance(said, protocol.Refused):
                commands.add(said.command_id)
        else:
            heard = protocol.from_agent.validate_python(raw)
            if not isinstance(heard, protocol.Hello | protocol.Telemetry | protocol.Observation):
                number += 1
                assert heard.number == number
            if isinstance(heard, protocol.CommandDone | protocol.CommandFailed):
                assert heard.command_id in commands
            if isinstance(heard, protocol.Passed):
                assert heard.drive_id in commands


@pytest.mark.parametrize("block", all_blocks("yaml"), ids=str)
def test_yaml(block: Block, tmp_path: Path) -> None:
    """Whole scenarios, parts of one on the general hospital, ROS parameters of a robot's agent, or a site's rules."""
    what, _, name = block.note.partition(" ")
    if block.note == "agent parameters":
        (given,) = yaml.safe_load(block.text).values()
        robot_settings(given["ros__parameters"], {})
        return
    if block.note == "infection rules":
        assert TypeAdapter(InfectionRules).validate_python(yaml.safe_load(block.text)["infection_rules"]) == (
            InfectionRules()
        )
        return
    if block.note == "spray rules":
        assert TypeAdapter(SprayRules).validate_python(yaml.safe_load(block.text)["spraying"]) == SprayRules()
        return
    assert what in ("scenario", "part"), f"{block}: say what it is, such as `test: scenario NAME.scenario.yaml`"
    file = tmp_path / (name or "part.scenario.yaml")
    beginning = "site: general_hospital\n" if what == "part" else ""
    file.write_text(beginning + block.text, encoding="utf-8")
    read_scenario(file)


@pytest.mark.parametrize("block", [b for b in all_blocks("text") if b.note.startswith("story ")], ids=str)
def test_story(block: Block) -> None:
    """What the first scenario tells when it expects what the note says."""
    sentence = block.note.removeprefix("story ")
    first = read_scenario(FIRST).model_copy(update={"expect": (sentence,)})
    told = f"first.scenario.yaml: {run_scenario(first).told()}\n"
    clock = re.compile(r"\d\d:\d\d:\d\d")
    assert clock.sub("at that time", block.text) == clock.sub("at that time", told)


@pytest.mark.parametrize("block", all_blocks("toml"), ids=str)
def test_toml(block: Block) -> None:
    """Part of a pyproject.toml that names agents."""
    groups = tomllib.loads(block.text)["project"]["entry-points"]
    assert list(groups) == [GROUP]


@pytest.mark.parametrize("block", all_blocks("ini"), ids=str)
def test_systemd_unit(block: Block) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(block.text)
    assert set(unit.sections()) == {"Unit", "Service", "Install"}
    command, *arguments = unit["Service"]["ExecStart"].split()
    assert Path(command).name == "wardfleet"
    parse(arguments)


@pytest.mark.parametrize("block", all_blocks("caddy"), ids=str)
def test_reverse_proxy_leads_to_where_serve_listens(block: Block) -> None:
    assert block.text.count("{") == block.text.count("}")
    settings = parse(["serve", "--site", "site"])
    assert f"reverse_proxy {settings['host']}:{settings['port']}\n" in block.text


# --- command lines ---------------------------------------------------------------------------------------------


def parse(arguments: list[str]) -> dict[str, Any]:
    """The parameters of a `wardfleet` command line, parsed by the command itself and not run."""
    command: Any = typer.main.get_command(app)
    words = list(arguments)
    name = "wardfleet"
    while isinstance(command, TyperGroup):
        name = words.pop(0)
        command = command.get_command(typer.Context(command), name)
        assert command is not None, f"wardfleet has no command {' '.join(arguments)}"
    try:
        parameters: dict[str, Any] = command.make_context(name, words).params
    except Exception as error:
        pytest.fail(f"wardfleet {' '.join(arguments)}: {error}")
    for word in arguments:
        if word.startswith(("maps/sites/", "sim/scenarios/")):
            assert (ROOT / word).exists(), f"wardfleet {' '.join(arguments)}: there is no {word}"
    return parameters


def _pages_with_commands() -> list[Path]:
    return [page for page in PAGES if any(block.language in SHELL for block in blocks_of(page))]


@pytest.mark.parametrize("page", _pages_with_commands(), ids=lambda page: page.name)
def test_command_lines(page: Path, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """From top to bottom, in a folder where the repository's maps and scenarios are."""
    (tmp_path / "maps").symlink_to(ROOT / "maps")
    (tmp_path / "sim").symlink_to(ROOT / "sim")
    session = _Session(tmp_path, request)
    for block in blocks_of(page):
        if block.language == "yaml" and block.note.startswith("scenario "):
            (tmp_path / block.note.removeprefix("scenario ")).write_text(block.text, encoding="utf-8")
        elif block.language == "text" and not block.note.startswith("story "):
            assert block.note.startswith("file "), f"{block}: say which file it is, such as `test: file NAME`"
            (tmp_path / block.note.removeprefix("file ")).write_text(block.text, encoding="utf-8")
        elif block.language in SHELL:
            if block.note == "when a hand-over is due":
                session.wait_for_hand_over()
            for words in block.commands():
                session.do(words, block)


def check_ros2(arguments: list[str], block: Block) -> None:
    """What `ros2` is told of this project is there: executables, launch files with their arguments, interfaces."""
    match arguments:
        case ["run", package, executable, *_] if (setup := ROOT / "ros_ws" / "src" / package / "setup.py").exists():
            assert f'"{executable} = ' in setup.read_text(encoding="utf-8"), f"{block}: {package} has no {executable}"
        case ["run", package, *_]:
            assert not package.startswith("fleet_"), f"{block}: there is no package {package}"
        case ["launch", file, *given]:
            text = (ROOT / file).read_text(encoding="utf-8")
            for argument in given:
                name = argument.partition(":=")[0]
                assert f'DeclareLaunchArgument("{name}"' in text, f"{block}: {file} has no argument {name}"
        case ["service", "call", name, kind, *_]:
            package, folder, interface = kind.split("/")
            assert (ROOT / "ros_ws" / "src" / package / folder / f"{interface}.{folder}").exists(), f"{block}: {kind}"
            assert name.startswith("/fleet/"), f"{block}: {name}"
            bridge = ROOT / "ros_ws/src/fleet_bridge_ros2/fleet_bridge_ros2/node.py"
            assert f'"{name.removeprefix("/fleet/")}"' in bridge.read_text(encoding="utf-8"), f"{block}: {name}"
        case ["topic", "echo", name]:
            assert name.startswith("/fleet/"), f"{block}: {name}"
        case _:
            pytest.fail(f"{block}: teach this test what ros2 {' '.join(arguments)} does")


class _Session:
    """One reader who follows one page."""

    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        self._folder = folder
        self._request = request
        self._names: dict[str, str] = {}

    @property
    def _hospital(self) -> HospitalProcesses:
        running: HospitalProcesses = self._request.getfixturevalue("hospital")
        return running

    def do(self, words: list[str], block: Block) -> None:
        program, *arguments = words
        match Path(program).name:
            case "wardfleet" if block.note == "run":
                self._run(arguments, block)
            case "wardfleet":
                parse(arguments)
            case "curl":
                self._curl(arguments, block)
            case "make":
                makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
                assert f"\n{arguments[0]}:" in makefile, f"{block}: there is nothing to make called {arguments[0]}"
            case "pytest":
                options = zip(["", *arguments], arguments, strict=False)
                paths = [word for before, word in options if before != "-p" and not word.startswith("-")]
                assert paths
                assert all((ROOT / path).exists() for path in paths), f"{block}: {paths}"
            case "python":
                # A module of ours that runs another command.
                dash_m, module, *command = arguments
                assert dash_m == "-m"
                assert (ROOT / module.replace(".", "/")).with_suffix(".py").exists(), f"{block}: no module {module}"
                self.do(command, block)
            case "sqlite3":
                self._sqlite(*arguments)
            case "ros2":
                check_ros2(arguments, block)
            case "export":
                assert arguments[0].partition("=")[0] in VARIABLES, f"{block}: nobody reads {arguments[0]}"
            case "" | "pip" | "colcon" | "fastdds":  # "" is `. FILE`
                pass  # programs of ROS and Python, on a machine that has them
            case _:
                pytest.fail(f"{block}: nobody checks {program}")

    def _run(self, arguments: list[str], block: Block) -> None:
        command = [sys.executable, "-m", "fleet_manager.cli", *arguments]
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{block}: wardfleet {' '.join(arguments)}: {done.stdout}{done.stderr}"

    def _curl(self, arguments: list[str], block: Block) -> None:
        """What curl would do with the options that the pages use."""
        method, url, headers, body = None, "", {}, None
        words = iter(arguments)
        for word in words:
            match word:
                case "-X":
                    method = next(words)
                case "-H":
                    name, _, value = next(words).partition(": ")
                    headers[name] = value
                case "--json":
                    body = next(words)
                    headers["Content-Type"] = headers["Accept"] = "application/json"
                case _ if word.startswith("-"):
                    pytest.fail(f"{block}: teach this test what curl does with {word}")
                case _:
                    url = word
        assert f"http://{MANAGER}/" in url, f"{block}: {url}"
        url = url.replace(f"http://{MANAGER}", self._hospital.url)
        for said, name in self._names.items():
            url = url.replace(said, name)
        method = method or ("GET" if body is None else "POST")
        answer = httpx.request(method, url, headers=headers, content=body, timeout=20.0)
        assert answer.is_success, f"{block}: {method} {url}: {answer.status_code} {answer.text}"
        if answer.status_code == 201:
            self._names.setdefault(_SAID[url.rpartition("/")[2]], answer.json()["id"])

    def wait_for_hand_over(self) -> None:
        self._hospital.until(lambda: bool(self._hospital.get(f"/tasks/{self._names['T00001']}")["handover_step"]))

    def _sqlite(self, database: str, statement: str) -> None:
        """On the database of the running manager; the backup has to hold all that the manager had said before."""
        assert database in (ROOT / "docs" / "administrator.md").read_text(encoding="utf-8").replace("sqlite3 ", "", 1)
        seq = len(self._hospital.get("/events?limit=1000"))
        backup = self._folder / "backup.sqlite3"
        with closing(sqlite3.connect(self._hospital.folder / "fleet.sqlite3")) as connection:
            connection.execute(statement.replace("backup.sqlite3", str(backup)))
        with closing(sqlite3.connect(backup)) as connection:
            assert connection.execute("SELECT count(*) FROM events").fetchone()[0] >= seq
