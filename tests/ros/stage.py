"""Real ROS 2 for tests: a domain of one's own, simulated robots that run Nav2 as a process, and agents as another."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest

from maps.model import Site
from maps.site_files import save_site
from robot_agents.ros2.domain import DOMAINS, free_domain

PATIENCE = 30.0
"""Wall seconds that a process may take to start or to end."""


def why_no_ros() -> str | None:
    """Why ROS 2 can't be used in this process; None when it can."""
    for package in ("rclpy", "fleet_interfaces.action", "nav2_msgs.action"):
        try:
            import_module(package)
        except ImportError as error:
            return f"ROS 2 is not in this process's environment: {error}"
    return None


needs_ros = pytest.mark.skipif(why_no_ros() is not None, reason=why_no_ros() or "")


@contextmanager
def ros_domain() -> Iterator[int]:
    """A ROS domain of one's own, in this process and those it starts."""
    with free_domain(random.sample(DOMAINS[1:], len(DOMAINS) - 1)) as domain, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROS_DOMAIN_ID", str(domain))
        patch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        # What killed processes leave in shared memory would disturb those that come after them.
        patch.setenv("FASTDDS_BUILTIN_TRANSPORTS", "UDPv4")
        yield domain


class Process:
    """A child process that ends with `close`, and whose words are kept in a file."""

    def __init__(self, folder: Path, name: str, command: Sequence[str]) -> None:
        self._log = folder / f"{name}-{time.monotonic_ns()}.log"
        self._command = command
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            environment = os.environ | {"PYTHONUNBUFFERED": "1"}
            return subprocess.Popen(self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)

    @property
    def words(self) -> str:
        return self._log.read_text(errors="replace")

    def check(self) -> None:
        """Raises `RuntimeError` with its last words when it ended by itself."""
        if self._process.poll() is not None:
            raise RuntimeError(f"{self._log.name} ended: {self.words[-2000:]}")

    def kill(self) -> None:
        """kill -9, and nothing before it."""
        self._process.kill()
        self._process.wait()

    def start_again(self) -> None:
        self._process = self._start()

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()


def simulated_nav2(
    folder: Path, site: Site, world: str, *, speed: float, robots: Sequence[str] = (), **parameters: float
) -> Process:
    """The process of `fleet_sim_ros2` for robots of the world at an address."""
    if not (folder / "site").exists():
        save_site(site, folder / "site")
    given: dict[str, object] = {"world": world, "site": str(folder / "site"), "speed": speed} | parameters
    if robots:
        given["robots"] = f"[{', '.join(robots)}]"
    arguments = [argument for name, value in given.items() for argument in ("-p", f"{name}:={value}")]
    start = "from fleet_sim_ros2.robots import main; main()"
    return Process(folder, "nav2", [sys.executable, "-c", start, "--ros-args", *arguments])
