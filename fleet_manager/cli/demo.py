"""`wardfleet demo`: a whole simulated hospital on this machine, each part a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer
from rich.console import Console

from fleet_manager.bootstrap import CONSOLE, write_tokens
from fleet_manager.cli.problems import plain_problems
from maps.fleets import with_robots
from maps.importers import read_any
from maps.model import CarrierKind, Site
from maps.site_files import save_site
from robot_agents.ros2.domain import free_domain
from robot_agents.ros2.environment import Ros, RosMissingError, find_ros

DEFAULT_SITE: Final = Path(__file__).parents[2] / "maps" / "sites" / "general_hospital"

_PATIENCE: Final = 60.0
_VISITORS: Final = "60"
"""People an hour who pass a robot that screens."""
"""Seconds that a part may take to start."""

out = Console(stderr=True, highlight=False)


class DemoError(Exception):
    """A part of the demo did not start, or a setting can't be used."""


class RobotKind(StrEnum):
    """How the demo's robots are simulated."""

    ROS2 = "ros2"
    SIMULATED = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class _RosGraph:
    """Where the robots' nodes are."""

    ros: Ros
    domain: int

    @property
    def environment(self) -> dict[str, str]:
        # What killed processes leave in shared memory would disturb those that are started again.
        transport = {"FASTDDS_BUILTIN_TRANSPORTS": "UDPv4"}
        return {**transport, **self.ros.variables, "ROS_DOMAIN_ID": str(self.domain)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What the processes share. `plain` are the robots that have no ROS 2: those that disinfect and screen people."""

    folder: Path
    site: Path
    tokens: Path
    robots: list[str]
    plain: list[str]
    port: int
    speed: float
    epoch: str
    auto_handover: bool
    graph: _RosGraph | None


@dataclass(frozen=True, slots=True)
class _Part:
    """A process of the demo."""

    command: list[str]
    environment: Mapping[str, str]


def demo(
    site: Annotated[Path, typer.Option(help="Site folder, or a map that can be imported.")] = DEFAULT_SITE,
    robots: Annotated[int, typer.Option(min=1, max=200, help="Robots of the site's first fleet.")] = 6,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the console; 0 takes a free one.")] = 8000,
    speed: Annotated[float, typer.Option(min=0.1, max=50, help="How much faster than the wall clock time runs.")] = 1.0,
    auto_handover: Annotated[
        bool, typer.Option("--auto-handover", help="Simulated staff load and unload the robots.")
    ] = False,
    agents: Annotated[
        RobotKind | None,
        typer.Option(help="Robots that run ROS 2 and Nav2, or plain simulated ones; ros2 where ROS 2 is there."),
    ] = None,
    state: Annotated[Path | None, typer.Option(help="Folder to keep the state in; a temporary one otherwise.")] = None,
) -> None:
    """Start manager, world, agents and console of a simulated hospital on this machine.

    The manager, the world (doors, lifts, bodies), the robots and their agents are separate processes: end any of them
    and see what happens. The demo starts it again.

    Examples: `wardfleet demo`, `wardfleet demo --site clinic.building.yaml --robots 4 --auto-handover`
    """
    with plain_problems(DemoError), ExitStack() as held:
        folder = held.enter_context(_folder(state))
        plan = _prepare(folder, site, robots, port, speed, auto_handover=auto_handover, held=held, agents=agents)
        _run(plan)


@contextmanager
def _folder(state: Path | None) -> Iterator[Path]:
    if state is not None:
        state.mkdir(parents=True, exist_ok=True)
        yield state
        return
    with tempfile.TemporaryDirectory(prefix="wardfleet-demo-") as folder:
        yield Path(folder)


def _prepare(
    folder: Path,
    source: Path,
    robots: int,
    port: int,
    speed: float,
    *,
    auto_handover: bool,
    held: ExitStack,
    agents: RobotKind | None,
) -> _Plan:
    if _taken(port):
        raise DemoError(f"port {port} is in use; choose another one with --port")
    site = _with_robots(read_any(source), robots)
    save_site(site, folder / "site")
    tokens = folder / "tokens.json"
    if not tokens.exists():
        write_tokens(tokens, site)
    ground = [f for f in site.fleets.values() if f.carrier is not CarrierKind.PERSON]
    graph = _ros_graph(held, agents)
    plain = [f for f in ground if graph is None or f.lamp is not None]
    return _Plan(
        folder=folder,
        site=folder / "site",
        tokens=tokens,
        robots=[robot.id for fleet in ground if fleet not in plain for robot in fleet.robots],
        plain=[robot.id for fleet in plain for robot in fleet.robots],
        port=port or _free_port(),
        speed=speed,
        epoch=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        auto_handover=auto_handover,
        graph=graph,
    )


def _ros_graph(held: ExitStack, agents: RobotKind | None) -> _RosGraph | None:
    """The domain of ROS_DOMAIN_ID, or else one that nobody has, until `held` ends; None without ROS 2."""
    if agents is RobotKind.SIMULATED:
        return None
    try:
        ros = find_ros(packages=("fleet_interfaces", "nav2_msgs", "fleet_sim_ros2", "fleet_bridge_ros2"))
    except RosMissingError as missing:
        if agents is RobotKind.ROS2:
            raise DemoError(str(missing)) from missing
        out.print(f"The robots run without ROS 2: {missing}.")
        return None
    given = os.environ.get("ROS_DOMAIN_ID", "")
    return _RosGraph(ros=ros, domain=int(given) if given.isdigit() else held.enter_context(free_domain()))


def _with_robots(site: Site, robots: int) -> Site:
    """So many robots in all: one of each other fleet that has any, when that leaves the first fleet the most.

    One more disinfects, screens people and patrols where the site has a fleet with a lamp.
    """
    ground = [f for f in site.fleets.values() if f.carrier is not CarrierKind.PERSON]
    if not ground:
        raise DemoError(f"site {site.name} has no robot fleet; add one to its site.yaml")
    first, others = ground[0], ground[1:]
    kept = [f.id for f in others if f.robots]
    if robots < 2 * (len(kept) + 1):
        kept = []
    for fleet in others:
        site = with_robots(site, fleet.id, 1 if fleet.id in kept else 0)
    site = with_robots(site, first.id, robots - len(kept))
    lamps = next((f for f in others if f.lamp is not None and f.id not in kept), None)
    if lamps is None:
        return site
    able = replace(lamps, capabilities=lamps.capabilities | {"screening", "patrol"})
    return with_robots(replace(site, fleets={**site.fleets, lamps.id: able}), lamps.id, 1)


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- processes -------------------------------------------------------------------------------------------------


def _run(plan: _Plan) -> None:
    parts = _parts(plan, world_port=_free_port())
    processes: dict[str, subprocess.Popen[bytes]] = {}
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        for name, part in parts.items():
            processes[name] = _start(plan, name, part)
        _wait_until_ready(plan, processes)
        count = len(plan.robots) + len(plan.plain)
        out.print(f"[bold green]WardFleet runs on http://localhost:{plan.port}[/] with {count} robots.")
        if plan.graph is not None:
            out.print(f"Each robot runs ROS 2 with Nav2's interface, in the ROS domain {plan.graph.domain}.")
            out.print("The fleet is there too: topics and services below /fleet, see docs/ros2.md.")
        if not CONSOLE.is_dir():
            out.print("The console is not built: `make console` builds it. The API is there all the same.")
        out.print(f"Logs and state: {plan.folder}. Ctrl+C ends the demo.")
        _watch(plan, parts, processes)
    except KeyboardInterrupt:
        out.print("Ending the demo.")
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _parts(plan: _Plan, world_port: int) -> dict[str, _Part]:
    wardfleet = [sys.executable, "-m", "fleet_manager.cli"]
    world = f"ws://127.0.0.1:{world_port}"
    pace = ["--speed", str(plan.speed), "--epoch", plan.epoch]
    site = ["--site", str(plan.site)]
    handover = ["--auto-handover"] if plan.auto_handover else []
    database = f"sqlite+aiosqlite:///{plan.folder / 'fleet.sqlite3'}"
    plain = os.environ | {"PYTHONUNBUFFERED": "1"}
    parts = {
        "world": _Part(
            [
                *wardfleet,
                "sim",
                "world",
                *site,
                "--port",
                str(world_port),
                "--speed",
                str(plan.speed),
                "--visitors",
                _VISITORS,
            ],
            plain,
        ),
        "manager": _Part(
            [
                *wardfleet,
                "serve",
                *site,
                "--port",
                str(plan.port),
                "--tokens",
                str(plan.tokens),
                "--world",
                world,
                "--database",
                database,
                *pace,
                *handover,
            ],
            plain,
        ),
    }
    graph = plan.graph
    if graph is not None:
        plain = plain | graph.environment
        parts["robots"] = _Part(_simulated_robots(plan, graph, world), plain)
        parts["bridge"] = _Part(_bridge(plan, graph), plain)
        ros = ["--kind", "ros2", "--option", "map_of_level={level}.yaml"]
        parts["agents"] = _Part(_agents(plan, "agents", ros, plan.robots), plain)
    if plan.plain:
        simulated = ["--kind", "simulated", "--world", world]
        parts["simulated"] = _Part(_agents(plan, "simulated", simulated, plan.plain), plain)
    return parts


def _agents(plan: _Plan, name: str, kind: list[str], robots: list[str]) -> list[str]:
    """One process for the agents of several robots."""
    (plan.folder / name).mkdir(exist_ok=True)
    manager = ["--manager", f"ws://127.0.0.1:{plan.port}/agents/v1", "--token-file", str(plan.tokens)]
    pace = ["--speed", str(plan.speed), "--epoch", plan.epoch]
    command = [sys.executable, "-m", "fleet_manager.cli", "agent", *kind, *manager, "--site", str(plan.site), *pace]
    named = [argument for robot in robots for argument in ("--robot", robot)]
    return [*command, "--state-dir", str(plan.folder / name), *named]


def _simulated_robots(plan: _Plan, graph: _RosGraph, world: str) -> list[str]:
    """Robots of the simulated world that run Nav2, as their agents see them."""
    executable = graph.ros.executable("fleet_sim_ros2", "simulated_robots")
    robots = ", ".join(f"'{robot}'" for robot in plan.robots)
    return _with_parameters(
        executable, {"site": plan.site, "world": world, "speed": plan.speed, "robots": f"[{robots}]"}
    )


def _bridge(plan: _Plan, graph: _RosGraph) -> list[str]:
    """The fleet as a ROS graph."""
    executable = graph.ros.executable("fleet_bridge_ros2", "fleet_bridge")
    return _with_parameters(executable, {"manager": f"http://127.0.0.1:{plan.port}"})


def _with_parameters(executable: Path, given: Mapping[str, object]) -> list[str]:
    parameters = [text for name, value in given.items() for text in ("-p", f"{name}:={value}")]
    return [str(executable), "--ros-args", *parameters]


def _start(plan: _Plan, name: str, part: _Part) -> subprocess.Popen[bytes]:
    with (plan.folder / f"{name}.log").open("ab") as log:
        return subprocess.Popen(part.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=part.environment)


def _wait_until_ready(plan: _Plan, processes: dict[str, subprocess.Popen[bytes]]) -> None:
    """Until the manager answers and all robots are connected. Raises DemoError with the part's last words."""
    deadline = time.monotonic() + _PATIENCE
    expected = {*plan.robots, *plan.plain}
    url = f"http://127.0.0.1:{plan.port}/api/v1/robots"
    with out.status("Starting the hospital …"):
        while time.monotonic() < deadline:
            for name, process in processes.items():
                if process.poll() is not None:
                    raise DemoError(f"the {name} ended: {_last_words(plan, name)}")
            try:
                views = httpx.get(url, timeout=2.0).json()
                if all(r["connected"] for r in views if r["id"] in expected):
                    return
            except (httpx.HTTPError, ValueError):
                pass
            time.sleep(0.2)
    raise DemoError(f"the hospital did not start within {_PATIENCE:.0f} s; the logs are in {plan.folder}")


def _last_words(plan: _Plan, name: str) -> str:
    lines = (plan.folder / f"{name}.log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _watch(plan: _Plan, parts: Mapping[str, _Part], processes: dict[str, subprocess.Popen[bytes]]) -> None:
    """Start a part again when it ends; a world without bodies would be another hospital, so its end is the demo's."""
    while True:
        time.sleep(0.5)
        for name, process in tuple(processes.items()):
            if process.poll() is None:
                continue
            if name == "world":
                raise DemoError(f"the world ended: {_last_words(plan, name)}")
            out.print(f"The {name} ended with code {process.returncode}; starting it again.")
            processes[name] = _start(plan, name, parts[name])
