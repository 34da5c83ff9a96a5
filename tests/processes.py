"""Real processes for integration tests: the world, the manager and agents, on 127.0.0.1 and free ports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from fleet_manager.bootstrap import write_tokens
from maps.model import CarrierKind, Site
from maps.site_files import save_site

PATIENCE: Final = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class HospitalProcesses:
    """A demo hospital whose parts can be killed one by one. Everything it started ends with `close`."""

    def __init__(self, folder: Path, site: Site, *, speed: float, agent_processes: int = 1) -> None:
        self.folder = folder
        self.port, self.world_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.robots = [r.id for f in site.fleets.values() if f.carrier is not CarrierKind.PERSON for r in f.robots]
        self._site = folder / "site"
        self._tokens = folder / "tokens.json"
        self._pace = ["--speed", str(speed), "--epoch", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")]
        self._speed = speed
        self._agent_processes = agent_processes
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        save_site(site, self._site)
        write_tokens(self._tokens, site)

    def start(self) -> None:
        """Start the world, the manager and all agents, and wait until every robot is connected."""
        world = ["sim", "world", "--site", str(self._site), "--port", str(self.world_port), "--speed", str(self._speed)]
        world += ["--visitors", "120"]
        self._start("world", world)
        self.start_manager()
        share = -(-len(self.robots) // self._agent_processes)
        for i in range(self._agent_processes):
            self._start_agents(f"agents-{i}", self.robots[i * share : (i + 1) * share])
        self.until(lambda: all(r["connected"] for r in self.get("/robots") if r["id"] in self.robots))

    def start_manager(self) -> None:
        """Start the manager and wait until it answers."""
        arguments = ["serve", "--site", str(self._site), "--port", str(self.port), "--tokens", str(self._tokens)]
        arguments += ["--world", f"ws://127.0.0.1:{self.world_port}"]
        arguments += ["--database", f"sqlite+aiosqlite:///{self.folder / 'fleet.sqlite3'}", *self._pace]
        self._start("manager", arguments)
        self.until(lambda: httpx.get(f"{self.url}/readyz", timeout=2.0).status_code == 200)

    def _start_agents(self, name: str, robots: list[Any]) -> None:
        arguments = ["agent", "--kind", "simulated", "--manager", f"ws://127.0.0.1:{self.port}/agents/v1"]
        arguments += ["--world", f"ws://127.0.0.1:{self.world_port}", "--token-file", str(self._tokens)]
        arguments += ["--site", str(self._site), "--state-dir", str(self.folder / name), *self._pace]
        for robot in robots:
            arguments += ["--robot", robot]
        self._start(name, arguments)

    def _start(self, name: str, arguments: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "fleet_manager.cli", *arguments], stdout=log, stderr=log, env=dict(os.environ)
            )

    def kill(self, name: str) -> None:
        """kill -9, and nothing before it."""
        process = self._processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def get(self, path: str) -> Any:
        answer = httpx.get(f"{self.url}/api/v1{path}", timeout=10.0)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        return httpx.post(f"{self.url}/api/v1{path}", json=body or {}, headers=headers, timeout=10.0)

    def until(self, condition: Callable[[], bool], within: float = PATIENCE) -> None:
        """Look again and again; a manager that does not answer is not ready yet. Raises TimeoutError."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            for name, process in self._processes.items():
                if process.poll() is not None:
                    raise RuntimeError(f"{name} ended: {self.log(name)[-2000:]}")
            try:
                if condition():
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.5)
        raise TimeoutError(f"not within {within:.0f} s; manager: {self.log('manager')[-2000:]}")

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def close(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def hospital_processes(
    folder: Path, site: Site, *, speed: float, agent_processes: int = 1
) -> Iterator[HospitalProcesses]:
    hospital = HospitalProcesses(folder, site, speed=speed, agent_processes=agent_processes)
    try:
        hospital.start()
        yield hospital
    finally:
        hospital.close()
