"""A served world as a process of its own, to which a test tells on stdin what people and faults do.

`python -m tests.ros.world_process SITE SPEED` prints the port; then each line is a JSON list: a method of `World`, and
its arguments.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from maps.importers import read_any
from maps.model import RobotId
from sim.clock import run_scaled
from sim.port import BodyMode, Place
from sim.world import World
from sim.world_server import WorldServer


async def _serve(site: Path, speed: float) -> None:
    world = World(read_any(site), rng=random.Random(1))
    for fleet in world.site.fleets.values():
        for robot in fleet.robots:
            if robot.home is not None:
                world.spawn(robot.id, fleet.id, robot.home)
    deeds: dict[str, Callable[..., Any]] = {
        "set_mode": lambda robot, mode, reason: world.set_mode(RobotId(robot), BodyMode(mode), reason),
        "push": lambda robot, place, reason: world.push(RobotId(robot), Place(**place), reason),
        "open_door": world.open_door,
        "release_door": world.release_door,
        "call_lift": world.call_lift,
    }
    async with WorldServer(world, speed=speed).listening("127.0.0.1", 0) as port:
        print(port, flush=True)
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            deed, *arguments = json.loads(line)
            deeds[deed](*arguments)


if __name__ == "__main__":
    run_scaled(_serve(Path(sys.argv[1]), float(sys.argv[2])), float(sys.argv[2]))
