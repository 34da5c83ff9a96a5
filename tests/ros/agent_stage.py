"""An agent of a robot that runs Nav2 as its own process, with its robot as another, before a manager of the test."""

from __future__ import annotations

import random
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeAlias

from maps.model import Site, WaypointId
from robot_agents.protocol import Blocked, Drive, ModeChanged, Proceed
from sim.clock import run_scaled
from sim.port import BodyMode
from sim.world import World
from sim.world_server import WorldServer
from tests.builders import DOOR, FLEET, ROBOT_1
from tests.contract.agent_rigs import Manager, Rig, SocketLine, until
from tests.nav2_rig import framed
from tests.ros.stage import Process, ros_domain, simulated_nav2

SPEED = 5.0


class RosStage:
    """The manager hears and says; `nav2` and `agent` are processes that can be killed and started again."""

    def __init__(self, site: Site, world: World, manager: Manager, line: SocketLine, folder: Path, domain: int) -> None:
        self.site = site
        self.world = world
        self.manager = manager
        self.line = line
        self.folder = folder
        self.domain = domain
        self.nav2: Process
        self.agent: Process

    def drive(self, command_id: str, *names: str, cleared_to: int | None = None) -> Drive:
        return Rig.route(self.site, command_id, *names, cleared_to=cleared_to)

    def clear(self, drive_id: str, to: int) -> None:
        self.manager.say(Proceed(command_id=f"{drive_id}/{to}", drive_id=drive_id, cleared_to=to))

    @property
    def way(self) -> list[int]:
        """The nodes passed, in order; reports that are told again after a reconnect count once."""
        return list(dict.fromkeys(self.manager.passed()))

    @property
    def speed(self) -> float:
        return self.world.state(ROBOT_1).speed

    @property
    def x(self) -> float:
        return self.world.state(ROBOT_1).place.x

    def press_estop(self, pressed: bool) -> None:
        self.world.set_mode(ROBOT_1, BodyMode.ESTOP if pressed else BodyMode.AUTOMATIC, "button")

    @property
    def blocks(self) -> list[str]:
        reports = [report for report in self.manager.reports if isinstance(report, Blocked)]
        return ["over" if report.over else report.reason for report in reports]

    @property
    def modes(self) -> list[str]:
        return [report.mode.value for report in self.manager.reports if isinstance(report, ModeChanged)]

    async def passed(self, sequence: int) -> None:
        await until(lambda: sequence in self.manager.passed())

    async def connected(self, times: int) -> None:
        """Until the agent has connected so many times in all, and says where the robot is."""

        def came() -> bool:
            self.nav2.check()
            self.agent.check()
            return self.manager.connections >= times

        await until(came, within=60.0 * SPEED)
        known = len(self.manager.telemetry)
        await until(lambda: len(self.manager.telemetry) > known)


RosStory: TypeAlias = Callable[[RosStage], Awaitable[None]]


def with_ros(story: RosStory, folder: Path, site: Site, *arguments: str, speed: float = SPEED, **nav2: float) -> None:
    """Run a story. `arguments` are more of `wardfleet agent`, `nav2` parameters of the simulated robots."""

    async def main(domain: int) -> None:
        place = framed(site)
        manager, world = Manager(), World(place, rng=random.Random(1))
        world.spawn(ROBOT_1, FLEET, WaypointId("home-1"))
        if place.doors:
            world.open_door(DOOR, "test", lease=1e6)
        async with AsyncExitStack() as stack:
            port = await stack.enter_async_context(WorldServer(world, speed=speed).listening("127.0.0.1", 0))
            line = await stack.enter_async_context(SocketLine.to(manager, speed))
            stage = RosStage(place, world, manager, line, folder, domain)
            stage.nav2 = simulated_nav2(folder, place, f"ws://127.0.0.1:{port}", speed=speed, robots=[ROBOT_1], **nav2)
            stack.callback(stage.nav2.close)
            command = [sys.executable, "-m", "fleet_manager.cli", "agent", "--kind", "ros2", "--manager", line.url]
            command += ["--robot", ROBOT_1, "--site", str(folder / "site"), "--state-dir", str(folder / "state")]
            command += ["--speed", str(speed), "--option", f"domain_id={domain}"]
            command += ["--option", "map_of_level={level}.yaml", *arguments]
            stage.agent = Process(folder, "agent", command)
            stack.callback(stage.agent.close)
            await stage.connected(1)
            await story(stage)

    with ros_domain() as domain:
        run_scaled(main(domain), speed)
