"""`wardfleet agent` and `wardfleet sim world` as processes, as in a real installation."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from fleet_manager.cli.main import app
from maps.site_files import save_site
from robot_agents.protocol import CommandDone, Refused
from robot_agents.registry import UnknownVendorError, agent_factory, vendors
from sim.clock import run_scaled
from tests.builders import corridor_site
from tests.contract.agent_rigs import Manager, Rig, SocketLine, until

SPEED = 10.0
TOKENS = {"robot-1": "one", "robot-2": "two"}


@contextmanager
def wardfleet(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "fleet_manager.cli", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and what was said on stderr."""
    _, errors = process.communicate(timeout=30.0)
    return process.returncode, errors


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Commands that run in this process set up logging for all of it."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corridor")
    save_site(corridor_site(), folder)
    return folder


@pytest.fixture(scope="module")
def world(site_folder: Path) -> Iterator[str]:
    """The address of a world process, in which both robots are at home at first."""
    arguments = ("sim", "world", "--site", str(site_folder), "--port", "0", "--speed", str(SPEED), "--token", "w")
    with wardfleet(*arguments) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        address = re.search(r"ws://\S+", ready)
        assert address is not None, ready
        assert "with 2 robots" in ready
        yield address.group()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10.0) == 0


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.json"
    path.write_text(json.dumps(TOKENS), encoding="utf-8")
    return path


async def line_of(process: subprocess.Popen[str], manager: Manager) -> None:
    await until(lambda: bool(manager.telemetry) or process.poll() is not None, within=30.0 * SPEED)


def test_an_agent_process_drives_its_robot_and_ends_cleanly(world: str, token_file: Path) -> None:
    async def main() -> None:
        manager = Manager()
        async with SocketLine.to(manager, SPEED) as line:
            arguments = ("--kind", "simulated", "--manager", line.url, "--world", world, "--world-token", "w")
            with wardfleet(
                "agent", *arguments, "--robot", "robot-2", "--token-file", str(token_file), "--speed", str(SPEED)
            ) as process:
                await line_of(process, manager)
                assert manager.hellos[0].token == "two"
                manager.say(Rig.route(corridor_site(), "d1", "home-2", "a", "home-1"))
                assert isinstance(await manager.outcome("d1"), CommandDone)
                process.send_signal(signal.SIGTERM)
                assert await asyncio.to_thread(process.wait, 10.0) == 0

    run_scaled(main(), SPEED)


def test_a_killed_agent_process_goes_on_where_it_was(world: str, token_file: Path, tmp_path: Path) -> None:
    async def main() -> None:
        manager = Manager()
        drive = Rig.route(corridor_site(), "d1", "home-1", "a", "home-2")
        async with SocketLine.to(manager, SPEED) as line:
            arguments = ["--kind", "simulated", "--manager", line.url, "--world", world, "--world-token", "w"]
            arguments += ["--robot", "robot-1", "--token-file", str(token_file), "--speed", str(SPEED)]
            arguments += ["--state-dir", str(tmp_path / "state")]
            with wardfleet("agent", *arguments) as process:
                await line_of(process, manager)
                manager.say(drive)
                await until(lambda: manager.passed() == [0])
                process.send_signal(signal.SIGKILL)
                await asyncio.to_thread(process.wait, 10.0)
            manager.heard.clear()
            with wardfleet("agent", *arguments) as process:
                await line_of(process, manager)
                manager.say(drive)
                assert isinstance(await manager.outcome("d1"), CommandDone)
            numbers = [report.number for report in manager.reports]
            assert numbers == list(range(1, len(numbers) + 1))
            assert manager.passed()[-1] == 2

    run_scaled(main(), SPEED)


def test_an_agent_that_is_refused_for_good_ends_with_the_reason(world: str) -> None:
    async def main() -> tuple[int, str]:
        manager = Manager()
        manager.refusal = Refused(reason="robot robot-1: wrong token", final=True)
        async with SocketLine.to(manager, SPEED) as line:
            arguments = ("--manager", line.url, "--world", world, "--world-token", "w", "--speed", str(SPEED))
            with wardfleet("agent", "--kind", "simulated", "--robot", "robot-1", *arguments) as process:
                return await asyncio.to_thread(ended, process)

    code, errors = run_scaled(main(), SPEED)
    assert code == 1
    assert "refuses robot-1: robot robot-1: wrong token" in errors


MANAGER = "ws://127.0.0.1:9/agents/v1"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--kind", "simulated", "--manager", MANAGER], "name at least one --robot"),
        (["--kind", "simulated", "--manager", "http://x", "--robot", "a"], "http://x is not an address"),
        (["--kind", "hovercraft", "--manager", MANAGER, "--robot", "a"], "no agents of kind hovercraft"),
        (["--kind", "simulated", "--manager", MANAGER, "--robot", "a"], "need the address of their world"),
        (["--kind", "porter", "--manager", MANAGER, "--robot", "a"], "need a site"),
        (["--kind", "porter", "--manager", MANAGER, "--robot", "a", "--option", "shoes"], "must be KEY=VALUE"),
        (["--kind", "simulated", "--manager", MANAGER, "--token-file", "/missing.json"], "/missing.json"),
        (["--kind", "simulated", "--manager", MANAGER, "--robot", "a", "--token-file", "TOKENS"], "no token for a"),
        (["--kind", "porter", "--manager", MANAGER, "--robot", "a", "--site", "SITE"], "a has no home"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str], reason: str, token_file: Path, site_folder: Path
) -> None:
    given = [argument.replace("TOKENS", str(token_file)).replace("SITE", str(site_folder)) for argument in arguments]
    result = CliRunner().invoke(app, ["agent", *given])
    assert result.exit_code == 2
    assert reason in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(("token", "reason"), [("w", "no robot ghost"), ("x", "wrong token")])
def test_what_the_world_says_no_to_is_bad_input(world: str, token: str, reason: str) -> None:
    given = ["--kind", "simulated", "--manager", MANAGER, "--robot", "ghost", "--speed", str(SPEED)]
    result = CliRunner().invoke(app, ["agent", *given, "--world", world, "--world-token", token])
    assert result.exit_code == 2
    assert reason in result.stderr


def test_a_world_needs_a_readable_site_and_a_free_port(site_folder: Path, world: str) -> None:
    port = world.rsplit(":", 1)[1]
    for given, reason in (
        (["--site", str(site_folder / "nowhere")], "no such file"),
        (["--site", str(site_folder), "--port", port], "in use"),
    ):
        result = CliRunner().invoke(app, ["sim", "world", *given])
        assert result.exit_code == 2
        assert reason in result.stderr


def test_vendors_are_found_wherever_they_are_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "acme-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n", encoding="utf-8")
    (package / "entry_points.txt").write_text("[wardfleet.agents]\nacme = acme_robots:serve\n", encoding="utf-8")
    (tmp_path / "acme_robots.py").write_text("serve = 'the factory'\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert "acme" in vendors()
    assert agent_factory("acme") == "the factory"  # type: ignore[comparison-overlap]
    with pytest.raises(UnknownVendorError, match=r"no agents of kind other.*acme"):
        agent_factory("other")
