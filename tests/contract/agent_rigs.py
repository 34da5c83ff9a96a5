"""Agents under test, each with its robot, its runtime and a manager that says and hears what the test wants.

A new kind of agent needs one `Rig` here and one line in `test_robot_agent.py`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, TypeAlias

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from maps.model import Site, WaypointId
from robot_agents.agent import Agent
from robot_agents.memory_link import ManagerEnd, MemoryNetwork
from robot_agents.porter.agent import PorterAgent
from robot_agents.porter.walking import WalkingPorter, home_pose
from robot_agents.protocol import (
    PROTOCOL_VERSION,
    CommandDone,
    CommandFailed,
    Drive,
    FromAgent,
    FromManager,
    Hello,
    Observation,
    Passed,
    Refused,
    Report,
    ReportsAcknowledged,
    RouteNode,
    Telemetry,
    Welcome,
    from_agent,
    from_manager,
)
from robot_agents.ros2.agent import Ros2Agent
from robot_agents.ros2.factory import ros2_robots
from robot_agents.ros2.frames import MapFrames
from robot_agents.ros2.settings import RobotSettings
from robot_agents.runtime import AgentRuntime, AgentSettings
from robot_agents.simulated.agent import SimulatedAgent
from robot_agents.transport import Connect, Unreadable
from robot_agents.websocket_link import WebSocketConnect
from sim.clock import LoopClock, run_scaled, run_virtual
from sim.followers import Dawdle
from sim.link import RemoteWorld
from sim.port import BodyMode
from sim.world import World
from sim.world_server import WorldServer
from tests.builders import DOOR, FLEET, ROBOT_1, corridor_site
from tests.nav2_in_memory import MemoryNav2
from tests.ros.stage import ros_domain, simulated_nav2
from tests.silent_voice import SilentVoice

SPEED = 40.0
"""Simulated seconds per wall second where sockets are used."""

ROS_SPEED = 10.0
"""The same where ROS is used: a position told ten times a second of wall time is then a metre old."""


class Manager:
    """A manager as tests need it: it welcomes agents, keeps what they say, and sends what it is told to.

    `stored` is the report number it welcomes them with; `refusal` is its answer to the next hello instead.
    """

    def __init__(self) -> None:
        self.stored = 0
        self.refusal: Refused | None = None
        self.heard: list[FromAgent] = []
        self.connections = 0
        self.say: Callable[[FromManager | Unreadable], None] = _nobody_listens

    def hear(self, message: FromAgent) -> None:
        self.heard.append(message)
        if isinstance(message, Hello):
            self.connections += 1
            welcome = Welcome(protocol_version=PROTOCOL_VERSION, acknowledged=self.stored)
            answer, self.refusal = self.refusal or welcome, None
            self.say(answer)

    def acknowledge(self, through: int) -> None:
        self.stored = through
        self.say(ReportsAcknowledged(through=through))

    @property
    def reports(self) -> list[Report]:
        return [message for message in self.heard if not isinstance(message, Hello | Telemetry | Observation)]

    @property
    def hellos(self) -> list[Hello]:
        return [message for message in self.heard if isinstance(message, Hello)]

    @property
    def telemetry(self) -> list[Telemetry]:
        return [message for message in self.heard if isinstance(message, Telemetry)]

    def passed(self) -> list[int]:
        return [report.sequence for report in self.reports if isinstance(report, Passed)]

    def outcomes(self, command_id: str) -> list[CommandDone | CommandFailed]:
        return [
            report
            for report in self.reports
            if isinstance(report, CommandDone | CommandFailed) and report.command_id == command_id
        ]

    async def outcome(self, command_id: str) -> CommandDone | CommandFailed:
        await until(lambda: bool(self.outcomes(command_id)))
        return self.outcomes(command_id)[-1]


class Network(Protocol):
    """The line between the manager and the agent."""

    connect: Connect

    def cut(self) -> None:
        """Break the line; the agent can't come back before `restore`."""
        ...

    def restore(self) -> None: ...


class Rig:
    """One agent with everything around it, running. `robot_speed` and `estop` are None for people.

    `pass_by` lets somebody with a skin temperature (°C) pass, `follow` somebody follow who dawdles, where the robot has
    eyes for that; `empty` takes out what is in a compartment.
    """

    def __init__(self, site: Site, manager: Manager, network: Network, agent: Agent) -> None:
        self.site = site
        self.manager = manager
        self.network = network
        self.agent = agent
        self.robot_speed: Callable[[], float] | None = None
        self.press_estop: Callable[[bool], None] | None = None
        self.pass_by: Callable[[float], None] | None = None
        self.follow: Callable[[Dawdle], None] | None = None
        self.empty: Callable[[str], None] | None = None
        self.runtime = self.new_runtime()

    def new_runtime(self) -> AgentRuntime:
        return AgentRuntime(
            self.agent,
            self.network.connect,
            LoopClock(),
            AgentSettings(moving_period=0.5, idle_period=1.0),
            rng=random.Random(1),
        )

    def drive(self, command_id: str, *names: str, first: int = 0, cleared_to: int | None = None) -> Drive:
        return self.route(self.site, command_id, *names, first=first, cleared_to=cleared_to)

    @staticmethod
    def route(site: Site, command_id: str, *names: str, first: int = 0, cleared_to: int | None = None) -> Drive:
        """A drive through the named waypoints, numbered from `first` on, all of it cleared unless said otherwise."""
        places = [site.waypoints[WaypointId(name)] for name in names]
        nodes = tuple(
            RouteNode(sequence=first + number, waypoint=place.id, level=place.level, x=place.x, y=place.y)
            for number, place in enumerate(places)
        )
        return Drive(
            command_id=command_id, nodes=nodes, cleared_to=nodes[-1].sequence if cleared_to is None else cleared_to
        )


Story: TypeAlias = Callable[[Rig], Awaitable[None]]
RigRunner: TypeAlias = Callable[[Story], None]


async def until(condition: Callable[[], bool], within: float = 120.0) -> None:
    """Wait for something to become true; `TimeoutError` after `within` seconds of the loop."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.1)


async def tell(rig: Rig, story: Story) -> None:
    running = asyncio.create_task(rig.runtime.run())
    try:
        await until(lambda: bool(rig.manager.telemetry))
        await story(rig)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


# --- lines -----------------------------------------------------------------------------------------------------


class MemoryLine:
    def __init__(self, robot: str, manager: Manager) -> None:
        self._robot = robot
        self._manager = manager
        self._network = MemoryNetwork(self._accept)
        self.connect: Connect = partial(self._network.connect, robot)

    def _accept(self, end: ManagerEnd) -> None:
        end.on_message = self._manager.hear
        # Unreadable messages are made by the transport's reader, which this line has not.
        self._manager.say = end.send  # type: ignore[assignment]

    def cut(self) -> None:
        self._network.accept = None
        self._network.cut(self._robot)

    def restore(self) -> None:
        self._network.accept = self._accept


class SocketLine:
    """A WebSocket at `url`, on a loop that runs `speed` times faster than the wall."""

    def __init__(self, url: str, speed: float) -> None:
        self.url = url
        self.connect: Connect = WebSocketConnect(url, ping_interval=20.0 * speed, patience=10.0 * speed)
        self.open = asyncio.Event()
        self.open.set()
        self.sockets: set[ServerConnection] = set()

    @staticmethod
    @asynccontextmanager
    async def to(manager: Manager, speed: float) -> AsyncIterator[SocketLine]:
        line: SocketLine

        async def handle(socket: ServerConnection) -> None:
            if not line.open.is_set():
                await socket.close(1001)
                return
            line.sockets.add(socket)
            loop = asyncio.get_running_loop()
            sending: set[asyncio.Task[None]] = set()

            def say(message: FromManager | Unreadable) -> None:
                raw = (
                    '{"type": "dance", "command_id": "%s"}' % message.command_id  # noqa: UP031 - JSON has braces
                    if isinstance(message, Unreadable)
                    else from_manager.dump_json(message).decode()
                )
                task = loop.create_task(socket.send(raw))
                sending.add(task)
                task.add_done_callback(sending.discard)

            manager.say = say
            with suppress(ConnectionClosed):
                async for text in socket:
                    manager.hear(from_agent.validate_json(text))
            line.sockets.discard(socket)

        async with serve(handle, "127.0.0.1", 0, ping_interval=None, close_timeout=speed) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            line = SocketLine(f"ws://127.0.0.1:{port}/agents/v1", speed)
            yield line

    def cut(self) -> None:
        self.open.clear()
        for socket in tuple(self.sockets):
            socket.transport.abort()

    def restore(self) -> None:
        self.open.set()


# --- rigs ------------------------------------------------------------------------------------------------------


def _world(site: Site) -> World:
    """Robot 1 at home, and the door on its way open all day."""
    world = World(site, rng=random.Random(1))
    world.spawn(ROBOT_1, FLEET, WaypointId("home-1"))
    world.open_door(DOOR, "test", lease=1e6)
    return world


def _pass_by(world: World, temperature: float) -> None:
    world.passers.pass_by(ROBOT_1, temperature=temperature)


def _follow(world: World, dawdle: Dawdle) -> None:
    world.followers.come(ROBOT_1, dawdles=(dawdle,))


def _press(world: World, pressed: bool) -> None:
    world.set_mode(ROBOT_1, BodyMode.ESTOP if pressed else BodyMode.AUTOMATIC, "button")


def simulated(story: Story) -> None:
    """The world in this process, a line in memory, virtual time."""

    async def main() -> None:
        site, manager = corridor_site(), Manager()
        world = _world(site)
        rig = Rig(site, manager, MemoryLine(ROBOT_1, manager), SimulatedAgent(ROBOT_1, world, LoopClock()))
        rig.robot_speed = lambda: world.state(ROBOT_1).speed
        rig.press_estop = partial(_press, world)
        rig.pass_by = partial(_pass_by, world)
        rig.follow = partial(_follow, world)
        rig.empty = partial(world.take_goods, ROBOT_1)
        await tell(rig, story)

    run_virtual(main())


def simulated_remote(story: Story) -> None:
    """The world behind its WebSocket, the manager behind another, wall time."""

    async def main() -> None:
        site, manager = corridor_site(), Manager()
        world = _world(site)
        async with AsyncExitStack() as stack:
            port = await stack.enter_async_context(WorldServer(world, speed=SPEED).listening("127.0.0.1", 0))
            line = await stack.enter_async_context(SocketLine.to(manager, SPEED))
            remote = RemoteWorld(f"ws://127.0.0.1:{port}", speed=SPEED)
            await stack.enter_async_context(remote.connected())
            rig = Rig(site, manager, line, SimulatedAgent(ROBOT_1, remote, LoopClock()))
            rig.robot_speed = lambda: world.state(ROBOT_1).speed
            rig.press_estop = partial(_press, world)
            rig.pass_by = partial(_pass_by, world)
            rig.follow = partial(_follow, world)
            rig.empty = partial(world.take_goods, ROBOT_1)
            await tell(rig, story)

    run_scaled(main(), SPEED)


def ros2_in_memory(story: Story) -> None:
    """The agent of a robot that runs Nav2, without ROS: the simulated Nav2 in this process, virtual time."""

    async def main() -> None:
        site, manager = corridor_site(), Manager()
        world = _world(site)
        robot = MemoryNav2(ROBOT_1, site.fleets[FLEET], site, world, rng=random.Random(1))
        await robot.start()
        settings = RobotSettings(map_of_level="{level}.yaml")
        agent = Ros2Agent(
            ROBOT_1,
            robot,
            LoopClock(),
            settings,
            level="L1",
            frames=MapFrames({}),
            site=site,
            voice=SilentVoice(),
        )
        rig = Rig(site, manager, MemoryLine(ROBOT_1, manager), agent)
        rig.robot_speed = lambda: world.state(ROBOT_1).speed
        rig.press_estop = partial(_press, world)
        try:
            await tell(rig, story)
        finally:
            await robot.stop()

    run_virtual(main())


def ros2(story: Story) -> None:
    """The agent with rclpy, the simulated Nav2 in another process, the manager behind a WebSocket, wall time."""

    async def main(folder: Path, domain: int) -> None:
        site, manager = corridor_site(), Manager()
        world = _world(site)
        async with AsyncExitStack() as stack:
            port = await stack.enter_async_context(WorldServer(world, speed=ROS_SPEED).listening("127.0.0.1", 0))
            line = await stack.enter_async_context(SocketLine.to(manager, ROS_SPEED))
            nav2 = simulated_nav2(folder, site, f"ws://127.0.0.1:{port}", speed=ROS_SPEED, robots=[ROBOT_1])
            stack.callback(nav2.close)
            options = {"speed": str(ROS_SPEED), "site": str(folder / "site"), "map_of_level": "{level}.yaml"}
            options["domain_id"] = str(domain)
            (agent,) = await stack.enter_async_context(ros2_robots([ROBOT_1], LoopClock(), options))
            rig = Rig(site, manager, line, agent)
            rig.robot_speed = lambda: world.state(ROBOT_1).speed
            rig.press_estop = partial(_press, world)
            await tell(rig, story)

    with ros_domain() as domain, TemporaryDirectory() as folder:
        run_scaled(main(Path(folder), domain), ROS_SPEED)


def walking_porter(story: Story) -> None:
    """A simulated person, a line in memory, virtual time."""

    async def main() -> None:
        site, manager = corridor_site(), Manager()
        agent = PorterAgent(ROBOT_1, LoopClock(), home_pose(site, ROBOT_1))
        WalkingPorter(agent, rng=random.Random(1))
        await tell(Rig(site, manager, MemoryLine(ROBOT_1, manager), agent), story)

    run_virtual(main())


def _nobody_listens(_message: FromManager | Unreadable) -> None:
    """Before the first connection."""
