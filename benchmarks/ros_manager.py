"""The other side of `wardfleet bench ros`, a process of its own: the world, and a manager that keeps all driving.

`python -m benchmarks.ros_manager SITE RESULT` prints the ports of both, and `driving` once all robots do. On SIGUSR1 it
breaks all connections; on SIGTERM it clears no more, waits for the robots' last reports, and writes to RESULT what it
sent, when, and what it heard.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from maps.model import Site, WaypointId
from maps.site_files import load_site
from robot_agents.protocol import (
    PROTOCOL_VERSION,
    CommandDone,
    CommandFailed,
    Drive,
    FromManager,
    Hello,
    Observation,
    Passed,
    Proceed,
    ReportsAcknowledged,
    RouteNode,
    Telemetry,
    Welcome,
    from_agent,
    from_manager,
)
from sim.world import World
from sim.world_server import WorldServer

AHEAD: Final = 3
"""Nodes ahead of a robot that are cleared."""

DRAIN: Final = 15.0
"""Seconds for the last reports: so long a robot may drive on to the end of what was cleared for it."""


class _Robot:
    """One robot's rows, there and back, and what was heard of it."""

    def __init__(self, name: str, row: list[RouteNode]) -> None:
        self.name = name
        self.row = row
        self.drives = 0
        self.first = 0
        self.drive: Drive | None = None
        self.cleared = -1
        self.numbers: list[int] = []
        self.repeated = 0
        self.failed: list[str] = []

    @property
    def stored(self) -> int:
        return self.numbers[-1] if self.numbers else 0

    def next_drive(self) -> Drive:
        """Along the row, or back."""
        way = self.row if self.drives % 2 == 0 else self.row[::-1]
        nodes = tuple(node.model_copy(update={"sequence": self.first + i}) for i, node in enumerate(way))
        self.drives += 1
        self.cleared = self.first + AHEAD
        self.first += len(nodes)
        self.drive = Drive(command_id=f"{self.name}-{self.drives}", nodes=nodes, cleared_to=self.cleared)
        return self.drive


class _Manager:
    def __init__(self, site: Site) -> None:
        self.robots: dict[str, _Robot] = {}
        self.sent: list[tuple[str, int, float]] = []
        self.sockets: set[ServerConnection] = set()
        self.ending = self.driving = False
        for fleet in site.fleets.values():
            for member in fleet.robots:
                assert member.home is not None
                row = _row(site, member.home)
                self.robots[member.id] = _Robot(member.id, row)

    async def converse(self, socket: ServerConnection) -> None:
        self.sockets.add(socket)
        robot: _Robot | None = None
        with suppress(ConnectionClosed):
            async for text in socket:
                message = from_agent.validate_json(text)
                if isinstance(message, Hello):
                    robot = self.robots[message.robot]
                    await self._say(socket, Welcome(protocol_version=PROTOCOL_VERSION, acknowledged=robot.stored))
                    await self._say_again(socket, robot)
                elif robot is not None and not isinstance(message, Telemetry | Observation):
                    if message.number <= robot.stored:
                        robot.repeated += 1
                        continue
                    robot.numbers.append(message.number)
                    self._note_driving()
                    await self._say(socket, ReportsAcknowledged(through=message.number))
                    await self._answer(socket, robot, message)
        self.sockets.discard(socket)

    def _note_driving(self) -> None:
        if not self.driving and all(robot.numbers for robot in self.robots.values()):
            self.driving = True
            print("driving", flush=True)

    async def _say_again(self, socket: ServerConnection, robot: _Robot) -> None:
        if robot.drive is None:
            await self._clear(socket, robot, robot.next_drive())
        else:
            again = Proceed(command_id="again", drive_id=robot.drive.command_id, cleared_to=robot.cleared)
            await self._say(socket, robot.drive)
            await self._clear(socket, robot, again)

    async def _answer(self, socket: ServerConnection, robot: _Robot, report: Any) -> None:
        drive = robot.drive
        assert drive is not None
        if isinstance(report, CommandFailed):
            robot.failed.append(report.reason)
        if self.ending:
            return
        if isinstance(report, CommandDone | CommandFailed) and report.command_id == drive.command_id:
            await self._clear(socket, robot, robot.next_drive())
        elif isinstance(report, Passed) and report.drive_id == drive.command_id:
            to = min(drive.nodes[-1].sequence, report.sequence + AHEAD)
            if to > robot.cleared:
                robot.cleared = to
                await self._clear(socket, robot, Proceed(command_id=f"p{to}", drive_id=drive.command_id, cleared_to=to))

    async def _clear(self, socket: ServerConnection, robot: _Robot, command: Drive | Proceed) -> None:
        drive = command.command_id if isinstance(command, Drive) else command.drive_id
        self.sent.append((drive, command.cleared_to, time.monotonic()))
        await self._say(socket, command)

    @staticmethod
    async def _say(socket: ServerConnection, message: FromManager) -> None:
        await socket.send(from_manager.dump_json(message).decode())

    def break_all(self) -> None:
        for socket in tuple(self.sockets):
            socket.transport.abort()

    def result(self) -> dict[str, Any]:
        return {
            "sent": self.sent,
            "stored": {robot.name: robot.stored for robot in self.robots.values()},
            "gaps": sum(robot.stored - len(set(robot.numbers)) for robot in self.robots.values()),
            "reports": sum(len(robot.numbers) for robot in self.robots.values()),
            "repeated": sum(robot.repeated for robot in self.robots.values()),
            "failed": [reason for robot in self.robots.values() for reason in robot.failed],
        }


def _row(site: Site, home: WaypointId) -> list[RouteNode]:
    """The places of a robot's row, in the order of their x."""
    start = site.waypoints[home]
    places = sorted((w for w in site.waypoints.values() if w.y == start.y), key=lambda w: w.x)
    return [RouteNode(sequence=0, waypoint=w.id, level=w.level, x=w.x, y=w.y) for w in places]


async def _serve(site: Site) -> dict[str, Any]:
    world = World(site, rng=random.Random(1))
    for fleet in site.fleets.values():
        for robot in fleet.robots:
            assert robot.home is not None
            world.spawn(robot.id, fleet.id, robot.home)
    manager = _Manager(site)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, manager.break_all)
    async with (
        WorldServer(world).listening("127.0.0.1", 0) as world_port,
        serve(manager.converse, "127.0.0.1", 0) as server,
    ):
        port = next(iter(server.sockets)).getsockname()[1]
        print(world_port, port, flush=True)
        await stop.wait()
        manager.ending = True
        await asyncio.sleep(DRAIN)
        return manager.result()


if __name__ == "__main__":
    told = asyncio.run(_serve(load_site(Path(sys.argv[1]))))
    Path(sys.argv[2]).write_text(json.dumps(told), encoding="utf-8")
