"""A simulated world and its Nav2 robots, each a process, for tests with a real ROS 2."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from maps.model import Site
from maps.site_files import save_site
from robot_agents.ros2.domain import DOMAINS, free_domain
from robot_agents.ros2.environment import RosMissingError, find_ros

SPEED: Final = 4.0
"""How many times faster than the wall the world and its robots run."""

_PACKAGES: Final = ("fleet_interfaces", "nav2_msgs", "fleet_sim_ros2")


def need_ros() -> None:
    """Skip the test, in one line, where ROS 2 is not to be had in this process."""
    try:
        ros = find_ros(packages=_PACKAGES)
    except RosMissingError as missing:
        pytest.skip(str(missing))
    set_up = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    if any(str(prefix) not in set_up for prefix in ros.prefixes):
        pytest.skip("start pytest by `python -m robot_agents.ros2.environment pytest`, which sets ROS 2's environment")


class SimulatedHospital:
    """Ends all that it has started when it is closed."""

    def __init__(self, folder: Path, site: Site, domain: int, parameters: dict[str, Any]) -> None:
        self.folder = folder
        self.domain = domain
        self._parameters = parameters
        save_site(site, folder / "site")
        self._world = subprocess.Popen(
            [sys.executable, "-m", "tests.ros.world_process", str(folder / "site"), str(SPEED)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._world.stdout is not None
        self.world = f"ws://127.0.0.1:{int(self._world.stdout.readline())}"
        self._robots = self._start_robots()

    def _start_robots(self) -> subprocess.Popen[bytes]:
        ros = find_ros(packages=_PACKAGES)
        given = {"world": self.world, "site": str(self.folder / "site"), "speed": SPEED, **self._parameters}
        parameters = [text for name, value in given.items() for text in ("-p", f"{name}:={value}")]
        executable = ros.executable("fleet_sim_ros2", "simulated_robots")
        environment = {**ros.variables, "ROS_DOMAIN_ID": str(self.domain)}
        with (self.folder / "robots.log").open("ab") as log:
            return subprocess.Popen(
                [str(executable), "--ros-args", *parameters], stdout=log, stderr=log, env=environment
            )

    def do(self, deed: str, *arguments: Any) -> None:
        """Something that people or faults do to the world; see `world_process`."""
        assert self._world.stdin is not None
        self._world.stdin.write(json.dumps([deed, *arguments]) + "\n")
        self._world.stdin.flush()

    def kill_robots(self) -> None:
        """kill -9 of the robots' process; their bodies stay."""
        self._robots.kill()
        self._robots.wait()

    def restart_robots(self) -> None:
        self._robots = self._start_robots()

    def wait_for_robots(self) -> int:
        """The exit code of the robots' process, which ends by itself."""
        return self._robots.wait(20)

    @property
    def log(self) -> str:
        return (self.folder / "robots.log").read_text(errors="replace")

    def close(self) -> None:
        for process in (self._robots, self._world):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for pipe in (self._world.stdin, self._world.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def simulated_hospital(folder: Path, site: Site, **parameters: Any) -> Iterator[SimulatedHospital]:
    """Raises nothing at the end but what the test raised; the robots' log is in `log`."""
    with free_domain(random.sample(DOMAINS[1:], len(DOMAINS) - 1)) as domain:
        hospital = SimulatedHospital(folder, site, domain, parameters)
        try:
            yield hospital
        finally:
            hospital.close()
