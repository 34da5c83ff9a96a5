"""The agent of a robot that runs Nav2, in virtual time, with everything around it and its robot at hand."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from maps.model import FrameTransform, LevelId, Site, WaypointId
from robot_agents.protocol import Blocked, Drive, ModeChanged, OffRoute, Via
from robot_agents.ros2.agent import Ros2Agent
from robot_agents.ros2.frames import MapFrames
from robot_agents.ros2.memory import Memory
from robot_agents.ros2.settings import RobotSettings, VoiceKind
from robot_agents.ros2.voice import Voice
from sim.clock import LoopClock, run_virtual
from sim.world import World
from tests.builders import DOOR, FLEET, LIFT, ROBOT_1, corridor_site, lanes_both_ways, site_of, waypoint
from tests.contract.agent_rigs import Manager, MemoryLine, Rig, until
from tests.nav2_in_memory import MemoryNav2
from tests.silent_voice import SilentVoice

FRAMES = {
    LevelId("L1"): FrameTransform(x=3.0, y=-7.0, rotation=0.7),
    LevelId("L2"): FrameTransform(x=-20.0, y=11.0, rotation=-2.1),
}


class Nav2Rig(Rig):
    """A rig whose robot runs Nav2 in memory. The maps of its levels are turned and moved against the site."""

    def __init__(self, site: Site, world: World, robot: MemoryNav2, settings: RobotSettings, path: Path | None) -> None:
        self.world = world
        self.robot = robot
        self.settings = settings
        self.path = path
        self.voice: Voice = SilentVoice()
        manager = Manager()
        super().__init__(site, manager, MemoryLine(ROBOT_1, manager), self.new_agent(site))
        self.running = asyncio.create_task(self.runtime.run())

    def new_agent(self, site: Site) -> Ros2Agent:
        frames = MapFrames(site.fleets[FLEET].frames)
        memory = Memory(self.path)
        voice = None if self.settings.voice is VoiceKind.ROBOT else self.voice
        return Ros2Agent(
            ROBOT_1,
            self.robot,
            LoopClock(),
            self.settings,
            level="L1",
            frames=frames,
            memory=memory,
            site=site,
            voice=voice,
        )

    async def kill(self) -> None:
        """The agent's process ends at once: nothing is said to the robot or the manager."""
        self.running.cancel()
        with suppress(asyncio.CancelledError):
            await self.running

    def start_again(self) -> None:
        """Another process that knows only what the one before wrote down."""
        self.agent = self.new_agent(self.site)
        self.runtime = self.new_runtime()
        self.running = asyncio.create_task(self.runtime.run())

    def of_type(self, kind: type[Any]) -> list[Any]:
        return [report for report in self.manager.reports if isinstance(report, kind)]

    @property
    def blocks(self) -> list[str]:
        """What blocked the robot; `over` where it went on."""
        return ["over" if report.over else report.reason for report in self.of_type(Blocked)]

    @property
    def modes(self) -> list[str]:
        return [report.mode.value for report in self.of_type(ModeChanged)]

    @property
    def off_routes(self) -> list[OffRoute]:
        return self.of_type(OffRoute)


def route_upstairs(site: Site, command_id: str, *, cleared_to: int) -> Drive:
    """From home by lift to the ward on the second level; node 5 is reached in the lift."""
    names = ("home-1", "a", "b", "lobby-1", "cabin-1", "cabin-2", "lobby-2", "c", "ward")
    drive = Rig.route(site, command_id, *names, cleared_to=cleared_to)
    ride = drive.nodes[5].model_copy(update={"via": Via.LIFT, "lift": str(LIFT)})
    return drive.model_copy(update={"nodes": (*drive.nodes[:5], ride, *drive.nodes[6:])})


Nav2Story: TypeAlias = Callable[[Nav2Rig], Awaitable[None]]


def framed(site: Site) -> Site:
    frames = {level: frame for level, frame in FRAMES.items() if level in site.levels}
    fleets = {name: replace(fleet, frames=frames) for name, fleet in site.fleets.items()}
    return replace(site, fleets=fleets)


def long_corridor(places: int = 22) -> Site:
    """`home-1`, `p1`, `p2`, … in a row, two metres apart, on one level."""
    row = [waypoint("home-1", 0.0, 0.0), *(waypoint(f"p{number}", 2.0 * number, 0.0) for number in range(1, places))]
    fleets = corridor_site().fleets.values()
    return site_of(row, lanes_both_ways(row), fleets=[replace(fleet, robots=fleet.robots[:1]) for fleet in fleets])


def with_nav2(
    story: Nav2Story,
    *,
    site: Site | None = None,
    settings: RobotSettings | None = None,
    path: Path | None = None,
    offers: set[str] | None = None,
    **options: Any,
) -> None:
    """Run a story with a robot that stands at home, the door on its way open. `options` are the simulated robot's."""

    async def main() -> None:
        place = framed(site or corridor_site())
        world = World(place, rng=random.Random(1))
        world.spawn(ROBOT_1, FLEET, WaypointId("home-1"))
        if place.doors:
            world.open_door(DOOR, "test", lease=1e6)
        robot = MemoryNav2(ROBOT_1, place.fleets[FLEET], place, world, **{"rng": random.Random(1), **options})
        if offers is not None:
            robot.offers = offers
        await robot.start()
        chosen = settings or RobotSettings(map_of_level="{level}.yaml")
        rig = Nav2Rig(place, world, robot, chosen, path)
        try:
            await until(lambda: bool(rig.manager.telemetry))
            await story(rig)
        finally:
            await rig.kill()
            await robot.stop()

    run_virtual(main())
