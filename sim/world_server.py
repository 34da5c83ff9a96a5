"""The simulated world as a process of its own: agents and the fleet manager come and go, the world goes on."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from hmac import compare_digest
from typing import Final, assert_never

import msgspec
import structlog
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from maps.model import RobotId
from sim.link_messages import (
    AskCrossing,
    CallLift,
    Dock,
    Drive,
    FromWorld,
    MoveCompartment,
    OpenDoor,
    Proceed,
    Refill,
    Rejected,
    ReleaseCrossing,
    ReleaseDoor,
    ReleaseLift,
    Request,
    RequestFailed,
    Rove,
    SetPaused,
    Spawn,
    Subscribe,
    Subscribed,
    Switch,
    Told,
    Unsubscribe,
    WatchBuilding,
    WatchFollower,
    WatchPeople,
    WatchRoom,
    Welcome,
    decode_hello,
    decode_request,
    encode,
)
from sim.port import BodyEvent
from sim.world import World

log = structlog.get_logger()

STATE_PERIOD: Final = 0.1
"""Wall seconds between two states of a moving robot."""

_STANDING_EVERY: Final = 10
"""A robot that stands is told about only in each so many periods."""

_EVENTS_KEPT: Final = 1_000
_BACKLOG: Final = 5_000
_PATIENCE: Final = 10.0


class WorldServer:
    """Serves `world`. `speed` is how many times faster than the wall its loop runs."""

    def __init__(self, world: World, *, token: str = "", speed: float = 1.0) -> None:
        self._world = world
        self._token = token
        self._speed = speed
        self._id = secrets.token_hex(8)
        self._histories: dict[RobotId, _History] = {}
        for robot in world.bodies:
            self._follow(robot)

    @asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[int]:
        """Accept clients; yields the port, which is a free one when 0 was asked for. Raises `OSError`."""
        ping = 20.0 * self._speed
        async with serve(
            self._serve, host, port, ping_interval=ping, ping_timeout=ping, open_timeout=ping, close_timeout=self._speed
        ) as server:
            yield next(iter(server.sockets)).getsockname()[1]

    async def _serve(self, socket: ServerConnection) -> None:
        try:
            async with asyncio.timeout(_PATIENCE * self._speed):
                hello = decode_hello(await socket.recv())
            if not compare_digest(hello.token.encode(), self._token.encode()):
                await socket.send(encode(Rejected("wrong token")), text=True)
                return
            client = _Client(socket)
            client.tell(Welcome(self._id, self._world.site.name))
            await self._serve_client(client)
        except (ConnectionClosed, TimeoutError):
            log.info("client of the world left")
        except msgspec.DecodeError as error:
            await socket.close(1008, str(error)[:100])

    async def _serve_client(self, client: _Client) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                background = [group.create_task(client.send_all()), group.create_task(self._tell_states(client))]
                async for text in client.socket:
                    request = decode_request(text)
                    try:
                        self._do(client, request)
                    except LookupError as error:
                        client.tell(RequestFailed(type(request).__name__, _subject(request), str(error)))
                for task in background:
                    task.cancel()
        except* ConnectionClosed:
            log.info("connection of a client broke")
        except* msgspec.DecodeError as errors:
            await client.socket.close(1008, str(errors.exceptions[0])[:100])
        finally:
            client.end()
            for history in self._histories.values():
                history.readers.pop(client, None)

    async def _tell_states(self, client: _Client) -> None:
        """The newest state of all robots the client subscribes to: soon while they move, seldom while they stand."""
        period = 0
        while True:
            await asyncio.sleep(STATE_PERIOD * self._speed)
            period += 1
            for robot, history in self._histories.items():
                if client in history.readers and (self._world.body(robot).moving or period % _STANDING_EVERY == 0):
                    client.tell(self._world.state(robot))

    def _do(self, client: _Client, request: Request) -> None:
        world = self._world
        match request:
            case Spawn(robot, fleet, waypoint, charge):
                world.spawn(robot, fleet, waypoint, charge)
                self._follow(robot)
            case Drive(robot, nodes, cleared_to):
                world.drive(robot, nodes, cleared_to)
            case Proceed(robot, cleared_to):
                world.proceed(robot, cleared_to)
            case SetPaused(robot, paused):
                (world.pause if paused else world.resume)(robot)
            case Dock(robot, charger):
                world.dock(robot, charger)
            case MoveCompartment(robot, compartment, opened):
                (world.open_compartment if opened else world.close_compartment)(robot, compartment)
            case Rove(robot, float(x), float(y), speed):
                world.rove(robot, x, y, speed)
            case Rove(robot):
                world.stand(robot)
            case Switch(robot, on, rate):
                world.switch(robot, on, rate)
            case Refill(robot, place):
                world.refill(robot, place)
            case WatchRoom(robot, zone, watched):
                world.watch_room(robot, zone, watched)
            case WatchPeople(robot, watched):
                world.watch_people(robot, watched)
            case WatchFollower(robot, watched):
                world.watch_follower(robot, watched)
            case Subscribe(robot, after):
                self._subscribe(client, robot, after)
            case Unsubscribe(robot):
                if robot in self._histories:
                    self._histories[robot].readers.pop(client, None)
            case WatchBuilding():
                client.end()
                client.end = world.watch_building(client.tell)
            case OpenDoor(door, session, lease, fencing):
                world.open_door(door, session, lease, fencing)
            case ReleaseDoor(door, session):
                world.release_door(door, session)
            case CallLift(lift, session, level, lease, fencing):
                world.call_lift(lift, session, level, lease, fencing)
            case ReleaseLift(lift, session):
                world.release_lift(lift, session)
            case AskCrossing(crossing, session, lease, fencing):
                world.ask_crossing(crossing, session, lease, fencing)
            case ReleaseCrossing(crossing, session):
                world.release_crossing(crossing, session)
            case _:
                assert_never(request)

    def _follow(self, robot: RobotId) -> None:
        """Keep the robot's events from now on, for clients that come back."""
        if robot not in self._histories:
            history = _History()
            self._histories[robot] = history
            self._world.subscribe(robot, partial(self._happened, robot, history))

    def _happened(self, robot: RobotId, history: _History, event: BodyEvent) -> None:
        history.number += 1
        told = Told(history.number, event, self._world.state(robot))
        history.events.append(told)
        for client in history.readers:
            client.tell(told)

    def _subscribe(self, client: _Client, robot: RobotId, after: int | None) -> None:
        state = self._world.state(robot)
        history = self._histories[robot]
        history.readers[client] = None
        for told in history.events:
            if after is not None and told.number > after:
                client.tell(told)
        client.tell(Subscribed(history.number, state))


class _History:
    """The last events of one robot, and who reads them."""

    def __init__(self) -> None:
        self.number = 0
        self.events: deque[Told] = deque(maxlen=_EVENTS_KEPT)
        self.readers: dict[_Client, None] = {}


class _Client:
    """One connection. `end` stops telling it about the building."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.end = _do_nothing
        self._outgoing: asyncio.Queue[FromWorld] = asyncio.Queue()

    def tell(self, message: FromWorld) -> None:
        if self._outgoing.qsize() < _BACKLOG:
            self._outgoing.put_nowait(message)

    async def send_all(self) -> None:
        while True:
            message = await self._outgoing.get()
            if self._outgoing.qsize() >= _BACKLOG - 1:
                log.warning("client does not read what it is told")
                await self.socket.close(1008, "you do not read")
            await self.socket.send(encode(message), text=True)


def _subject(request: Request) -> str:
    match request:
        case OpenDoor(door=subject) | ReleaseDoor(door=subject) | CallLift(lift=subject) | ReleaseLift(lift=subject):
            return subject
        case AskCrossing(crossing=subject) | ReleaseCrossing(crossing=subject):
            return subject
        case WatchBuilding():
            return ""
        case _:
            return request.robot


def _do_nothing() -> None:
    """A client that does not watch the building."""
