"""`wardfleet bench ros`: agents of many Nav2 robots over a real ROS 2 graph, for a minute of wall time.

The robots are simulated, in at most five processes; each publishes its state `state_hz` times a second, and its agent
tells the manager where it is as often. Each drives up and down a row of places, cleared bit by bit as it goes, so that
every few metres its goal is extended. Half-way all connections to the manager break at once. The agents of each process
of robots share a process too; the manager and the world are one more.

- `robots`, `state_hz`: as asked for; `robot_processes`, `agent_processes` are for how many processes.
- `reports`, `lost_reports`: durable reports that the agents made, and those of them that the manager does not have at
  the end, or got out of order.
- `accept_ms_p50`, `accept_ms_p99`: from the manager's sending of a command that clears more of the way to Nav2's
  acceptance of the goal for it, as the agent hears it (ms); `accepted` is how many were measured. A command that was
  lost with its connection counts from when it is sent again.
- `loop_lag_ms_p999`, `loop_lag_ms_max`: by how much a callback of an agents' loop ran later than it was due (ms),
  looked at every 5 ms in each process.
- `agent_cpu`: cores that all agents' processes used together.
- `failed`: commands that failed.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from maps.model import Fleet, FleetId, Lane, LaneId, Level, LevelId, Robot, RobotId, Site, Waypoint, WaypointId
from maps.site_files import save_site
from robot_agents.ros2.domain import DOMAINS, free_domain
from robot_agents.ros2.environment import Ros, find_ros

MOST_PROCESSES: Final = 5
PLACES: Final = 12
"""Of a robot's row."""

_SPACING: Final = 3.0
_WARM_UP: Final = 5.0
_PATIENCE: Final = 30.0
_LEVEL: Final = LevelId("L1")


@dataclass(frozen=True, slots=True)
class RosResult:
    """See the module's text."""

    robots: int
    state_hz: float
    lost_reports: int
    accept_ms_p50: float
    accept_ms_p99: float
    loop_lag_ms_p999: float
    loop_lag_ms_max: float
    robot_processes: int
    agent_processes: int
    reports: int
    accepted: int
    agent_cpu: float
    seconds: float
    failed: int


class BrokenOffError(RuntimeError):
    """A part of the measurement ended early."""


def run_ros(*, robots: int = 50, state_hz: float = 5.0, seconds: float = 60.0) -> RosResult:
    """Measure. Raises `RosMissingError` without ROS, `BrokenOffError` with the last words of a part that ended."""
    ros = find_ros(packages=("fleet_interfaces", "nav2_msgs", "fleet_sim_ros2"))
    with ExitStack() as parts:
        folder = parts.enter_context(tempfile.TemporaryDirectory(prefix="wardfleet-bench-"))
        domain = parts.enter_context(free_domain(DOMAINS[1:]))
        stage = _Stage({**ros.variables, "ROS_DOMAIN_ID": str(domain)}, ros, Path(folder), robots, state_hz, parts)
        stage.start()
        time.sleep(_WARM_UP)
        began = time.monotonic()
        time.sleep(seconds / 2.0)
        stage.manager.send_signal(signal.SIGUSR1)
        time.sleep(seconds / 2.0)
        ended = time.monotonic()
        return stage.figures(began, ended)


def rows(robots: int) -> Site:
    """A level with a row of places for each robot, one above the other."""
    waypoints, lanes, members = [], [], []
    for number in range(robots):
        names = [WaypointId(f"r{number}-{i}") for i in range(PLACES)]
        waypoints += [
            Waypoint(id=name, level=_LEVEL, x=_SPACING * i, y=2.0 * number, name=name) for i, name in enumerate(names)
        ]
        lanes += [
            Lane(id=LaneId(f"{start}>{end}"), start=start, end=end, length=_SPACING)
            for start, end in (*pairwise(names), *pairwise(names[::-1]))
        ]
        members.append(Robot(id=RobotId(f"amr-{number}"), home=names[0]))
    fleet = Fleet(id=FleetId("amr"), robots=tuple(members))
    return Site(
        name="rows",
        levels={_LEVEL: Level(id=_LEVEL, elevation=0.0)},
        waypoints={waypoint.id: waypoint for waypoint in waypoints},
        lanes={lane.id: lane for lane in lanes},
        fleets={fleet.id: fleet},
    )


class _Stage:
    """All processes; `folder` holds what they share and say."""

    def __init__(
        self, environment: Mapping[str, str], ros: Ros, folder: Path, robots: int, state_hz: float, parts: ExitStack
    ) -> None:
        self.manager: subprocess.Popen[str]
        self._ros = ros
        self._folder = folder
        self._robots = robots
        self._state_hz = state_hz
        self._parts = parts
        self._agents: list[subprocess.Popen[str]] = []
        self._environment = environment

    def start(self) -> None:
        """Returns when all robots drive."""
        site = rows(self._robots)
        save_site(site, self._folder / "site")
        names = [robot.id for fleet in site.fleets.values() for robot in fleet.robots]
        folder = str(self._folder / "site")
        self.manager = self._start([*_PYTHON, "benchmarks.ros_manager", folder, str(self._folder / "manager.json")])
        assert self.manager.stdout is not None
        world, port = self.manager.stdout.readline().split()
        shares = [names[first :: min(MOST_PROCESSES, self._robots)] for first in range(min(MOST_PROCESSES, len(names)))]
        for number, share in enumerate(shares):
            given = {"world": f"ws://127.0.0.1:{world}", "site": folder, "state_rate": self._state_hz}
            self._start(self._simulated(given | {"robots": f"[{', '.join(share)}]"}), f"robots-{number}")
        for number, share in enumerate(shares):
            result = str(self._folder / f"agents-{number}.json")
            command = [*_PYTHON, "benchmarks.ros_agents", folder, str(self._folder), result]
            command += [f"ws://127.0.0.1:{port}/agents/v1", str(self._state_hz), *share]
            self._agents.append(self._start(command, f"agents-{number}"))
        if self.manager.stdout.readline().strip() != "driving":
            raise BrokenOffError(f"the robots do not drive: {self._last_words()}")

    def figures(self, began: float, ended: float) -> RosResult:
        self._end(self.manager)
        for agents in self._agents:
            self._end(agents)
        told = json.loads((self._folder / "manager.json").read_text())
        seen = [json.loads((self._folder / f"agents-{number}.json").read_text()) for number in range(len(self._agents))]
        made = {robot: json.loads((self._folder / f"{robot}.json").read_text())["number"] for robot in told["stored"]}
        waits = np.array(_waits(told, seen, began, ended)) * 1000.0
        lags = np.array([late for part in seen for when, late in part["lags"] if began <= when <= ended]) * 1000.0
        return RosResult(
            robots=self._robots,
            state_hz=self._state_hz,
            lost_reports=sum(made[robot] - stored for robot, stored in told["stored"].items()) + told["gaps"],
            accept_ms_p50=float(np.percentile(waits, 50)),
            accept_ms_p99=float(np.percentile(waits, 99)),
            loop_lag_ms_p999=float(np.percentile(lags, 99.9)),
            loop_lag_ms_max=float(lags.max()),
            robot_processes=len(self._agents),
            agent_processes=len(self._agents),
            reports=sum(made.values()),
            accepted=len(waits),
            agent_cpu=sum(_share(part["cpu"], began, ended) for part in seen),
            seconds=ended - began,
            failed=len(told["failed"]),
        )

    def _start(self, command: Sequence[str], name: str | None = None) -> subprocess.Popen[str]:
        log = self._folder / f"{name}.log" if name is not None else None
        return self._parts.enter_context(_process(command, self._environment, log))

    def _end(self, process: subprocess.Popen[str]) -> None:
        process.terminate()
        if process.wait(_PATIENCE):
            raise BrokenOffError(f"a process of the measurement failed: {self._last_words()}")

    def _simulated(self, given: Mapping[str, object]) -> list[str]:
        parameters = [text for name, value in given.items() for text in ("-p", f"{name}:={value}")]
        return [str(self._ros.executable("fleet_sim_ros2", "simulated_robots")), "--ros-args", *parameters]

    def _last_words(self) -> str:
        logs = [path.read_text(errors="replace").strip().splitlines() for path in self._folder.glob("*.log")]
        return "; ".join(lines[-1] for lines in logs if lines) or "nobody says why"


_PYTHON: Final = (sys.executable, "-m")


def _waits(told: Mapping[str, Any], seen: Sequence[Mapping[str, Any]], began: float, ended: float) -> list[float]:
    """Seconds from each command to the first acceptance of a goal that ends where it clears the way to."""
    accepted: dict[tuple[str, int], float] = {}
    for part in seen:
        for drive, end, when in part["accepted"]:
            accepted.setdefault((drive, end), when)
    sent = {(drive, to): at for drive, to, at in told["sent"] if began <= at <= ended}
    return [when - sent[key] for key, when in accepted.items() if key in sent and when >= sent[key]]


def _share(cpu: Sequence[Sequence[float]], began: float, ended: float) -> float:
    inside = [(when, used) for when, used in cpu if began <= when <= ended]
    (first, used_first), (last, used_last) = inside[0], inside[-1]
    return (used_last - used_first) / (last - first)


@contextmanager
def _process(
    command: Sequence[str], environment: Mapping[str, str], log: Path | None
) -> Iterator[subprocess.Popen[str]]:
    """A process, what it says going to `log`, or else its standard output to a pipe."""
    with log.open("w") if log is not None else nullcontext() as out:
        process = subprocess.Popen(command, stdout=out or subprocess.PIPE, stderr=out, text=True, env=dict(environment))
        try:
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10.0)
            process.kill()
            process.communicate()
