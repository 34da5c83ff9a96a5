"""The live stream: a snapshot or the missed events first, then every change, poses and a sign of life.

Subscribe first, then read: a client is listening before its snapshot is taken or the log is read for it, and what it
gets twice is told apart by `seq`. A client that can't keep up loses its backlog and gets a fresh snapshot; nothing
here ever waits for a client while the fleet manager is calling. Without clients nothing happens here at all.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import (
    AlertView,
    Change,
    DoorView,
    EventView,
    FleetSnapshot,
    LiftView,
    LiveScreeningView,
    PoseView,
    RobotView,
    TaskView,
)
from maps.model import RobotId

REPLAY_LIMIT: Final = 5000
"""Events; who is further behind gets a snapshot."""

BACKLOG_LIMIT: Final = 500
"""Changes that wait for one slow client."""

POSE_PERIOD: Final = 0.1
ALIVE_PERIOD: Final = 2.0
SEND_TIMEOUT: Final = 30.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotMessage(FleetSnapshot):
    """Everything, as of event `seq`: the first message, and again for a client that fell behind."""

    type: Literal["snapshot"] = "snapshot"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedBy:
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMessage:
    """One event and the views that differ after it; `seq` counts up without gaps.

    `complete` marks the last missed event of a resumed stream: its views are all that is open, not only what differs.
    """

    type: Literal["change"] = "change"
    seq: int
    time: datetime
    event: ChangedBy
    complete: bool = False
    tasks: tuple[TaskView, ...] = ()
    robots: tuple[RobotView, ...] = ()
    alerts: tuple[AlertView, ...] = ()
    doors: tuple[DoorView, ...] = ()
    lifts: tuple[LiftView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingPose:
    robot: str
    level: str
    x: float
    y: float
    yaw: float
    speed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PosesMessage:
    """The robots that moved since the message before, at 10 Hz while any does. `time` is the newest pose's."""

    type: Literal["poses"] = "poses"
    time: datetime
    poses: tuple[MovingPose, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningMessage:
    """Whom the robots that screen see now, at up to 10 Hz while there is anybody; it is not kept, and has no `seq`."""

    type: Literal["screening"] = "screening"
    robots: tuple[LiveScreeningView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AliveMessage:
    """Nothing happened for two seconds, or nothing was missed: the client has everything up to `seq`."""

    type: Literal["alive"] = "alive"
    seq: int


StreamMessage: TypeAlias = SnapshotMessage | ChangeMessage | PosesMessage | ScreeningMessage | AliveMessage

_SEQ: Final = re.compile(r"[0-9]{1,18}")
_encoder: Final = msgspec.json.Encoder()


def _encode(message: StreamMessage) -> str:
    return _encoder.encode(message).decode()


def _snapshot_message(snapshot: FleetSnapshot) -> SnapshotMessage:
    return SnapshotMessage(**{field.name: getattr(snapshot, field.name) for field in fields(snapshot)})


def _change_message(change: Change) -> ChangeMessage:
    event = change.event
    return ChangeMessage(
        seq=event.seq,
        time=event.time,
        event=ChangedBy(kind=event.kind, data=event.data),
        tasks=change.tasks,
        robots=change.robots,
        alerts=change.alerts,
        doors=change.doors,
        lifts=change.lifts,
    )


def _caught_up_message(event: EventView, snapshot: FleetSnapshot) -> ChangeMessage:
    """The last missed event, with everything as it is now."""
    return ChangeMessage(
        seq=event.seq,
        time=event.time,
        event=ChangedBy(kind=event.kind, data=event.data),
        complete=True,
        tasks=snapshot.tasks,
        robots=snapshot.robots,
        alerts=snapshot.alerts,
        doors=snapshot.doors,
        lifts=snapshot.lifts,
    )


def _poses_message(poses: Mapping[RobotId, PoseView]) -> PosesMessage:
    return PosesMessage(
        time=max(pose.time for pose in poses.values()),
        poses=tuple(
            MovingPose(robot=robot, level=p.level, x=p.x, y=p.y, yaw=p.yaw, speed=p.speed) for robot, p in poses.items()
        ),
    )


def _standing(pose: PoseView) -> tuple[str, float, float, float, float]:
    """What of a pose is worth telling: the time alone is not."""
    return (pose.level, pose.x, pose.y, pose.yaw, pose.speed)


class _Client:
    """What one client has still to get. `behind` asks for a snapshot, `all_poses` for all robots' newest poses."""

    def __init__(self) -> None:
        self.seq = 0
        self.behind = False
        self.all_poses = False
        self.backlog: deque[tuple[int, str]] = deque()
        self.poses: str | None = None
        self.screening: str | None = None
        self.wake = asyncio.Event()

    def offer(self, seq: int, text: str) -> None:
        if self.behind:
            return
        if len(self.backlog) >= BACKLOG_LIMIT:
            self.fall_behind()
        else:
            self.backlog.append((seq, text))
        self.wake.set()

    def offer_poses(self, text: str) -> None:
        if self.poses is not None:
            self.all_poses = True
        self.poses = text
        self.wake.set()

    def offer_screening(self, text: str) -> None:
        """Only the newest counts."""
        self.screening = text
        self.wake.set()

    def fall_behind(self) -> None:
        self.backlog.clear()
        self.behind = True
        self.wake.set()


class Stream:
    """All clients of `/stream`. `run` must be running for poses and screening to be sent."""

    def __init__(self, manager: FleetManager) -> None:
        self._manager = manager
        self._clients: list[_Client] = []
        self._anyone = asyncio.Event()
        self._unsubscribe: Callable[[], None] | None = None

    @property
    def clients(self) -> int:
        return len(self._clients)

    async def run(self) -> None:
        """Tell poses, and whom robots see, while there are clients."""
        while True:
            await self._anyone.wait()
            told: dict[RobotId, tuple[str, float, float, float, float]] = {}
            looked = {live.robot: live.time for live in self._manager.screening()}
            while self._clients:
                poses = self._manager.poses()
                moved = {robot: pose for robot, pose in poses.items() if told.get(robot) != _standing(pose)}
                if moved:
                    told |= {robot: _standing(pose) for robot, pose in moved.items()}
                    text = _encode(_poses_message(moved))
                    for client in self._clients:
                        client.offer_poses(text)
                seen = tuple(live for live in self._manager.screening() if looked.get(live.robot) != live.time)
                if seen:
                    looked |= {live.robot: live.time for live in seen}
                    text = _encode(ScreeningMessage(robots=seen))
                    for client in self._clients:
                        client.offer_screening(text)
                await asyncio.sleep(POSE_PERIOD)

    async def serve(self, socket: WebSocket) -> None:
        """One client's whole connection."""
        await socket.accept()
        after = socket.query_params.get("after")
        if after is not None and not _SEQ.fullmatch(after):
            await socket.close(1008, "after: must be the last seq that is known already, a number")
            return
        client = _Client()
        self._join(client)
        try:
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(self._send_to(socket, client, None if after is None else int(after)))
                await _closed(socket)
                sending.cancel()
        except* (WebSocketDisconnect, TimeoutError):
            _log.info("stream client lost")
        finally:
            self._leave(client)

    def _join(self, client: _Client) -> None:
        self._clients.append(client)
        self._anyone.set()
        if self._unsubscribe is None:
            self._unsubscribe = self._manager.subscribe(self._tell)

    def _leave(self, client: _Client) -> None:
        self._clients.remove(client)
        if not self._clients and self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
            self._anyone.clear()

    def _tell(self, change: Change) -> None:
        text = _encode(_change_message(change))
        for client in self._clients:
            client.offer(change.event.seq, text)

    async def _send_to(self, socket: WebSocket, client: _Client, after: int | None) -> None:
        if after is None:
            client.fall_behind()
        else:
            await self._catch_up(socket, client, after)
        while True:
            client.wake.clear()
            while (text := self._next(client)) is not None:
                await _send(socket, text)
            try:
                async with asyncio.timeout(ALIVE_PERIOD):
                    await client.wake.wait()
            except TimeoutError:
                await _send(socket, _encode(AliveMessage(seq=client.seq)))

    async def _catch_up(self, socket: WebSocket, client: _Client, after: int) -> None:
        """Send what was missed since `after`, or ask for a snapshot when it is too much or not to be had.

        A snapshot taken during a commit is ahead of the log; the events between are told when they are stored.
        """
        snapshot = self._manager.snapshot()
        missed = range(after + 1, snapshot.seq + 1)
        if after > snapshot.seq or len(missed) > REPLAY_LIMIT:
            client.fall_behind()
            return
        events = await self._manager.events(after, len(missed)) if missed else []
        if [event.seq for event in events] != list(missed[: len(events)]):
            client.fall_behind()
            return
        client.seq = after + len(events)
        client.all_poses = True
        for event in events[:-1]:
            await _send(socket, _encode(_change_message(Change(event=event))))
        for event in events[-1:]:
            await _send(socket, _encode(_caught_up_message(event, snapshot)))
        await _send(socket, _encode(AliveMessage(seq=client.seq)))

    def _next(self, client: _Client) -> str | None:
        """What this client gets next, None when it has everything."""
        if client.behind:
            snapshot = self._manager.snapshot()
            client.behind, client.seq = False, snapshot.seq
            client.poses, client.all_poses = None, True
            return _encode(_snapshot_message(snapshot))
        while client.backlog:
            seq, text = client.backlog.popleft()
            if seq > client.seq + 1:
                client.fall_behind()
                return self._next(client)
            if seq > client.seq:
                client.seq = seq
                return text
        if client.all_poses:
            client.poses, client.all_poses = None, False
            poses = self._manager.poses()
            return _encode(_poses_message(poses)) if poses else None
        if client.poses is not None:
            text, client.poses = client.poses, None
            return text
        seen, client.screening = client.screening, None
        return seen


async def _send(socket: WebSocket, text: str) -> None:
    async with asyncio.timeout(SEND_TIMEOUT):
        await socket.send_text(text)


async def _closed(socket: WebSocket) -> None:
    """Clients have nothing to say here; wait until they go."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
