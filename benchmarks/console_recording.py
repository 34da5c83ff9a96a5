"""The stream of a busy hospital, as one console got it: simulated once, then played to a browser.

Robots that stand at the time tread on the spot in the recording, so that every message tells of all of them: in a real
house most wait for lifts, people or each other, and a console has less to do.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.websockets import WebSocket

from benchmarks.traffic import only
from fleet_manager.api.site_document import site_view
from fleet_manager.api.stream import POSE_PERIOD, Stream
from fleet_manager.domain.errors import NotServable
from maps.model import Site
from maps.places import public_places
from robot_agents.runtime import AgentSettings
from sim.clock import run_virtual
from sim.harness import Hospital

TELLING: Final = AgentSettings(moving_period=POSE_PERIOD, idle_period=1.0)
"""As often as the stream tells poses."""

WARM_UP: Final = 30.0
"""Seconds until the robots are on their way."""

_TREAD: Final = 0.3
"""Metres to and fro, in a second."""


class Message(msgspec.Struct):
    """What a console heard, and when (s, from the first message on)."""

    at: float
    text: str


class Recording(msgspec.Struct):
    """The site's document with what was heard; `changes` of it are events."""

    site: str
    messages: list[Message]
    changes: int

    def save(self, path: Path) -> None:
        path.write_bytes(msgspec.msgpack.encode(self))

    @staticmethod
    def load(path: Path) -> Recording:
        return msgspec.msgpack.decode(path.read_bytes(), type=Recording)


def record(site: Site, robots: int, seconds: float, seed: int) -> Recording:
    """Simulate `robots` that are all at work. Raises NoRoomError."""
    floor = only(site, robots)
    heard = run_virtual(_heard(floor, robots, seconds, seed))
    changes = sum('"type":"change"' in message.text for message in heard)
    return Recording(msgspec.json.encode(site_view(floor)).decode(), list(_treading(heard)), changes)


async def _heard(site: Site, robots: int, seconds: float, seed: int) -> list[Message]:
    async with Hospital(site, seed=seed, agents=TELLING, judge=False, keep_events=False) as hospital:
        stream = Stream(hospital.manager)
        running = asyncio.create_task(stream.run())
        await _set_to_work(hospital, robots, seed)
        await asyncio.sleep(WARM_UP)
        heard: list[Message] = []
        listening = asyncio.create_task(stream.serve(_socket(heard)))
        await asyncio.sleep(seconds)
        for task in (listening, running):
            task.cancel()
        await asyncio.wait([listening, running])
        return heard


def _socket(heard: list[Message]) -> WebSocket:
    """A client that never leaves."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    connecting: Iterator[dict[str, Any]] = iter([{"type": "websocket.connect"}])

    async def receive() -> dict[str, Any]:
        for message in connecting:
            return message
        never: asyncio.Future[dict[str, Any]] = loop.create_future()
        return await never

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            heard.append(Message(loop.time() - begin, message["text"]))

    return WebSocket({"type": "websocket", "path": "/", "query_string": b"", "headers": []}, receive, send)


async def _set_to_work(hospital: Hospital, robots: int, seed: int) -> None:
    """As many deliveries as robots, between places all over the house."""
    rng = random.Random(f"{seed}/console")
    places = public_places(hospital.site)
    asked = 0
    while asked < robots:
        pickup, dropoff = rng.sample(places, 2)
        try:
            await hospital.request(pickup, dropoff)
        except NotServable:
            continue
        asked += 1


def _treading(heard: list[Message]) -> Iterator[Message]:
    """The same messages, those with poses at the stream's full rate and of all robots."""
    poses: dict[str, dict[str, Any]] = {}
    told = -math.inf
    for message in heard:
        content = json.loads(message.text)
        if content["type"] == "snapshot":
            poses |= {
                robot["id"]: {"robot": robot["id"], **robot["pose"]} for robot in content["robots"] if robot["pose"]
            }
        if content["type"] != "poses":
            yield message
        moved = content["poses"] if content["type"] == "poses" else []
        poses |= {pose["robot"]: pose for pose in moved}
        if poses and message.at - told >= POSE_PERIOD * 0.99:
            told = message.at
            moving = {pose["robot"] for pose in moved}
            standing = [_trod(pose, message.at) for robot, pose in poses.items() if robot not in moving]
            time = content.get("time") or next(iter(poses.values())).get("time")
            yield Message(message.at, json.dumps({"type": "poses", "time": time, "poses": [*moved, *standing]}))


def _trod(pose: dict[str, Any], at: float) -> dict[str, Any]:
    step = _TREAD * math.sin(2 * math.pi * at)
    fields = {name: pose[name] for name in ("robot", "level", "x", "y", "yaw", "speed")}
    return fields | {"x": pose["x"] + step, "y": pose["y"] + step}
