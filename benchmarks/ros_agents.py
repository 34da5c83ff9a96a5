"""Some of the agents of `wardfleet bench ros`, a process of its own, as on the robots' own computers.

`python -m benchmarks.ros_agents SITE STATE RESULT MANAGER STATE_HZ ROBOT …` runs until SIGTERM, then writes to RESULT
what it saw, in monotonic seconds, which all processes of a machine share: `accepted` is (drive, last node of the goal,
when), `lags` is (when, seconds late), `cpu` is (when, seconds used).
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fleet_manager.logs import configure_logs
from robot_agents.ros2.factory import ros2_robots
from robot_agents.runtime import AgentRuntime, AgentSettings
from robot_agents.websocket_link import WebSocketConnect
from sim.clock import WallClock

_LOOK: Final = 0.005
_CPU_EVERY: Final = 1.0


class _Seen:
    def __init__(self) -> None:
        self.accepted: list[tuple[str, int, float]] = []
        self.lags: list[tuple[float, float]] = []
        self.cpu: list[tuple[float, float]] = []

    def accept(self, drive: str, end: int) -> None:
        self.accepted.append((drive, end, time.monotonic()))

    async def watch_loop(self) -> None:
        while True:
            due = time.monotonic() + _LOOK
            await asyncio.sleep(_LOOK)
            now = time.monotonic()
            self.lags.append((now, now - due))
            if not self.cpu or now >= self.cpu[-1][0] + _CPU_EVERY:
                self.cpu.append((now, time.process_time()))


async def _run(site: Path, state: Path, manager: str, state_hz: float, robots: Sequence[str]) -> _Seen:
    seen = _Seen()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    connect = WebSocketConnect(manager)
    settings = AgentSettings(moving_period=1.0 / state_hz, idle_period=1.0 / state_hz)
    options = {"site": str(site), "state_dir": str(state)}
    async with ros2_robots(robots, WallClock(), options, seen.accept) as agents, asyncio.TaskGroup() as group:
        running = [group.create_task(seen.watch_loop())]
        for agent in agents:
            runtime = AgentRuntime(agent, connect, WallClock(), settings, state_path=state / f"{agent.robot}.json")
            running.append(group.create_task(runtime.run()))
        await stop.wait()
        for task in running:
            task.cancel()
    return seen


def _main(site: str, state: str, result: str, manager: str, state_hz: str, *robots: str) -> None:
    configure_logs(level="ERROR")
    seen = asyncio.run(_run(Path(site), Path(state), manager, float(state_hz), robots))
    Path(result).write_text(
        json.dumps({"accepted": seen.accepted, "lags": seen.lags, "cpu": seen.cpu}), encoding="utf-8"
    )


if __name__ == "__main__":
    _main(*sys.argv[1:])
