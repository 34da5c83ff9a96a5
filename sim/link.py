"""A simulated world in another process, used like one in this: `RemoteWorld` satisfies `port.WorldPort`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, assert_never

import msgspec
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from maps.model import CrossingId, DoorId, FleetId, LevelId, LiftId, RobotId, WaypointId, ZoneId
from sim.link_messages import (
    AskCrossing,
    CallLift,
    Dock,
    Drive,
    FromWorld,
    Hello,
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
    decode_from_world,
    encode,
)
from sim.port import (
    LEASE,
    BodyListener,
    BodyMode,
    BodyState,
    BuildingEvent,
    BuildingListener,
    CrossingState,
    DoorState,
    FireAlarmState,
    LiftState,
    ModeChanged,
    Node,
    SessionRefused,
)

log = structlog.get_logger()

_FIRST_BACKOFF: Final = 0.2
_LAST_BACKOFF: Final = 5.0
_PATIENCE: Final = 10.0
_PING: Final = 20.0
"""Wall seconds."""


class WorldRejectedError(RuntimeError):
    """The world's server does not let this client in."""


class RemoteWorld:
    """The world behind the WebSocket at `url`, reached anew whenever the connection breaks.

    What was asked for and still holds is asked for again after each reconnect, and events missed in between are told
    then. `speed` is how many times faster than the wall the loop runs (see `clock.ScaledLoop`). Use it within
    `connected`.
    """

    def __init__(self, url: str, *, token: str = "", speed: float = 1.0, rng: random.Random | None = None) -> None:
        self._url = url
        self._token = token
        self._speed = speed
        self._rng = rng or random.Random()
        self._outgoing: asyncio.Queue[Request] | None = None
        self._wanted: dict[tuple[str, ...], Request] = {}
        self._catching_up: set[RobotId] = set()
        self._world = ""
        self._numbers: dict[RobotId, int] = {}
        self._states: dict[RobotId, BodyState] = {}
        self._unknown: dict[RobotId, str] = {}
        self._news: dict[RobotId, asyncio.Event] = {}
        self._listeners: dict[RobotId, tuple[BodyListener, ...]] = {}
        self._devices: dict[str, BuildingEvent] = {}
        self._watchers: tuple[BuildingListener, ...] = ()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Keep connected while inside; it may be entered before the server runs.

        Raises `WorldRejectedError` (in a group) when the server refuses.
        """
        async with asyncio.TaskGroup() as group:
            running = group.create_task(self._stay_connected())
            yield
            running.cancel()

    # --- bodies (see `port.BodyPort`) ---------------------------------------------------------------------

    def spawn(self, robot: RobotId, fleet: FleetId, waypoint: WaypointId, state_of_charge: float = 1.0) -> None:
        if ("spawn", robot) not in self._wanted:
            self._want(("spawn", robot), Spawn(robot, fleet, waypoint, state_of_charge))

    def drive(self, robot: RobotId, nodes: Sequence[Node], cleared_to: int) -> None:
        self._want(("motion", robot), Drive(robot, tuple(nodes), cleared_to))

    def proceed(self, robot: RobotId, cleared_to: int) -> None:
        wanted = self._wanted.get(("motion", robot))
        if isinstance(wanted, Drive) and cleared_to > wanted.cleared_to:
            self._wanted["motion", robot] = msgspec.structs.replace(wanted, cleared_to=cleared_to)
            self._ask(Proceed(robot, cleared_to))

    def pause(self, robot: RobotId) -> None:
        self._want(("pause", robot), SetPaused(robot, True))

    def resume(self, robot: RobotId) -> None:
        self._want(("pause", robot), SetPaused(robot, False))

    def dock(self, robot: RobotId, charger: WaypointId) -> None:
        self._want(("motion", robot), Dock(robot, charger))

    def open_compartment(self, robot: RobotId, compartment: str) -> None:
        self._want(("compartment", robot, compartment), MoveCompartment(robot, compartment, True))

    def close_compartment(self, robot: RobotId, compartment: str) -> None:
        self._want(("compartment", robot, compartment), MoveCompartment(robot, compartment, False))

    def rove(self, robot: RobotId, x: float, y: float, speed: float | None = None) -> None:
        self._want(("motion", robot), Rove(robot, x, y, speed))

    def stand(self, robot: RobotId) -> None:
        self._want(("motion", robot), Rove(robot, None, None))

    def switch(self, robot: RobotId, on: bool, rate: float = 0.0) -> None:
        self._want(("switch", robot), Switch(robot, on, rate))

    def refill(self, robot: RobotId, place: WaypointId) -> None:
        self._want(("motion", robot), Refill(robot, place))

    def watch_room(self, robot: RobotId, zone: ZoneId, watched: bool) -> None:
        self._want(("room", robot), WatchRoom(robot, zone, watched))

    def watch_people(self, robot: RobotId, watched: bool) -> None:
        self._want(("people", robot), WatchPeople(robot, watched))

    def watch_follower(self, robot: RobotId, watched: bool) -> None:
        self._want(("follower", robot), WatchFollower(robot, watched))

    def state(self, robot: RobotId) -> BodyState:
        if robot not in self._states:
            raise LookupError(self._unknown.get(robot, f"nothing is known of robot {robot} yet"))
        return self._states[robot]

    async def seen(self, robot: RobotId) -> BodyState:
        """Raises `LookupError` when the world says that it has no such robot."""
        if robot not in self._states:
            await self._news.setdefault(robot, asyncio.Event()).wait()
        return self.state(robot)

    def subscribe(self, robot: RobotId, listener: BodyListener) -> Callable[[], None]:
        self._listeners[robot] = (*self._listeners.get(robot, ()), listener)
        if len(self._listeners[robot]) == 1:
            self._ask(Subscribe(robot, self._numbers.get(robot)))

        def end() -> None:
            self._listeners[robot] = tuple(other for other in self._listeners[robot] if other is not listener)
            if not self._listeners[robot]:
                del self._listeners[robot]
                self._ask(Unsubscribe(robot))

        return end

    # --- the building (see `port.BuildingPort`) -----------------------------------------------------------

    def open_door(self, door: DoorId, session: str, lease: float = LEASE, fencing: int = 0) -> None:
        self._want(("door", door, session), OpenDoor(door, session, lease, fencing))

    def release_door(self, door: DoorId, session: str) -> None:
        self._release(("door", door, session), ReleaseDoor(door, session))

    def ask_crossing(self, crossing: CrossingId, session: str, lease: float = LEASE, fencing: int = 0) -> None:
        self._want(("crossing", crossing, session), AskCrossing(crossing, session, lease, fencing))

    def release_crossing(self, crossing: CrossingId, session: str) -> None:
        self._release(("crossing", crossing, session), ReleaseCrossing(crossing, session))

    def call_lift(self, lift: LiftId, session: str, level: LevelId, lease: float = LEASE, fencing: int = 0) -> None:
        self._want(("lift", lift, session), CallLift(lift, session, level, lease, fencing))

    def release_lift(self, lift: LiftId, session: str) -> None:
        self._release(("lift", lift, session), ReleaseLift(lift, session))

    def watch_building(self, listener: BuildingListener) -> Callable[[], None]:
        self._watchers = (*self._watchers, listener)
        if len(self._watchers) == 1:
            self._ask(WatchBuilding())
        for state in tuple(self._devices.values()):
            listener(state)

        def end() -> None:
            self._watchers = tuple(other for other in self._watchers if other is not listener)

        return end

    # --- asking -------------------------------------------------------------------------------------------

    def _want(self, key: tuple[str, ...], request: Request) -> None:
        """Ask now, and again after each reconnect until something else is wanted under the same key."""
        self._wanted[key] = request
        if key[1] not in self._catching_up:
            self._ask(request)

    def _release(self, key: tuple[str, ...], request: Request) -> None:
        if self._outgoing is None:
            self._wanted[key] = request
        else:
            self._wanted.pop(key, None)
            self._ask(request)

    def _ask(self, request: Request) -> None:
        if self._outgoing is not None:
            self._outgoing.put_nowait(request)

    def _ask_again(self) -> None:
        """After a reconnect: what is wanted of a robot only when it is known what happened to it meanwhile."""
        self._catching_up = set(self._listeners)
        for key, request in tuple(self._wanted.items()):
            if isinstance(request, Spawn) or key[1] not in self._catching_up:
                self._ask(request)
            if isinstance(request, ReleaseDoor | ReleaseLift | ReleaseCrossing):
                del self._wanted[key]
        for robot in self._listeners:
            self._ask(Subscribe(robot, self._numbers.get(robot)))
        if self._watchers:
            self._ask(WatchBuilding())

    # --- the connection -----------------------------------------------------------------------------------

    async def _stay_connected(self) -> None:
        backoff = _FIRST_BACKOFF
        while True:
            try:
                async with connect(
                    self._url,
                    open_timeout=_PATIENCE * self._speed,
                    close_timeout=self._speed,
                    ping_interval=_PING * self._speed,
                    ping_timeout=_PING * self._speed,
                    proxy=None,
                ) as socket:
                    await self._greet(socket)
                    backoff = _FIRST_BACKOFF
                    await self._converse(socket)
                reason = "the world ended the connection"
            except (OSError, TimeoutError, WebSocketException) as error:
                reason = str(error) or type(error).__name__
            finally:
                self._outgoing = None
            log.info("not connected to the world", reason=reason)
            await asyncio.sleep(backoff * self._speed * self._rng.uniform(0.5, 1.0))
            backoff = min(2.0 * backoff, _LAST_BACKOFF)

    async def _greet(self, socket: ClientConnection) -> None:
        await socket.send(encode(Hello(self._token)), text=True)
        async with asyncio.timeout(_PATIENCE * self._speed):
            answer = decode_from_world(await socket.recv())
        if isinstance(answer, Rejected):
            raise WorldRejectedError(f"the world at {self._url} says: {answer.reason}")
        if isinstance(answer, Welcome) and answer.world != self._world:
            self._world = answer.world
            self._numbers.clear()

    async def _converse(self, socket: ClientConnection) -> None:
        outgoing: asyncio.Queue[Request] = asyncio.Queue()
        self._outgoing = outgoing
        self._ask_again()
        sending = asyncio.create_task(_send_all(socket, outgoing))
        try:
            async for text in socket:
                self._hear(decode_from_world(text))
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError, ConnectionClosed):
                await sending

    def _hear(self, message: FromWorld) -> None:
        match message:
            case Told(number, event, state):
                robot = state.robot
                self._numbers[robot] = number
                self._states[robot] = state
                if isinstance(event, ModeChanged) and event.mode is BodyMode.MANUAL:
                    # The robot forgot its route when it was taken by hand, and must not be sent on it again.
                    self._wanted.pop(("motion", robot), None)
                for listener in self._listeners.get(robot, ()):
                    listener(event)
            case Subscribed(number, state):
                self._numbers[state.robot] = number
                self._catch_up(state)
            case BodyState():
                self._states[message.robot] = message
            case CrossingState(crossing):
                self._devices[f"crossing {crossing}"] = message
                self._tell_watchers(message)
            case DoorState() | LiftState():
                self._device(message)
            case SessionRefused(device, session):
                self._wanted.pop(("door", device, session), None)
                self._wanted.pop(("lift", device, session), None)
                self._wanted.pop(("crossing", device, session), None)
                self._tell_watchers(message)
            case FireAlarmState(place):
                self._devices[f"alarm {place}"] = message
                self._tell_watchers(message)
            case RequestFailed(request, subject, reason):
                log.warning("the world can't do what was asked", request=request, reason=reason)
                if request == Subscribe.__name__:
                    self._unknown[RobotId(subject)] = reason
                    self._news.setdefault(RobotId(subject), asyncio.Event()).set()
            case Welcome() | Rejected():
                log.warning("the world greets twice")
            case _:
                assert_never(message)

    def _catch_up(self, state: BodyState) -> None:
        """All that happened to the robot meanwhile is told: now it may be asked again."""
        robot = state.robot
        self._states[robot] = state
        self._unknown.pop(robot, None)
        self._news.setdefault(robot, asyncio.Event()).set()
        if robot in self._catching_up:
            self._catching_up.discard(robot)
            for key, request in tuple(self._wanted.items()):
                if key[1] == robot and not isinstance(request, Spawn):
                    self._ask(request)

    def _device(self, state: DoorState | LiftState) -> None:
        """A door's state is told when it is new; a lift's always, because it answers a call."""
        key = f"door {state.door}" if isinstance(state, DoorState) else f"lift {state.lift}"
        if isinstance(state, LiftState) or self._devices.get(key) != state:
            self._devices[key] = state
            self._tell_watchers(state)

    def _tell_watchers(self, event: BuildingEvent) -> None:
        for listener in self._watchers:
            listener(event)


async def _send_all(socket: ClientConnection, outgoing: asyncio.Queue[Request]) -> None:
    while True:
        await socket.send(encode(await outgoing.get()), text=True)
