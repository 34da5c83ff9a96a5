"""Agents at the door: who is let in, who is refused and why, and what happens when one talks nonsense."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from fleet_manager.agent_link.server import OUTGOING_LIMIT, AgentServer
from fleet_manager.api.app import create_app
from maps.model import RobotId
from robot_agents.protocol import PROTOCOL_VERSION, Pause, Resume, Telemetry
from tests.api_house import hospital, serving, until
from tests.fake_fleet_manager import FakeFleetManager

AMBER = RobotId("amber")
HELLO = {
    "type": "hello",
    "protocol_version": PROTOCOL_VERSION,
    "robot": "amber",
    "token": "amber's secret",
    "agent": "test 1",
}
TELEMETRY = {
    "type": "telemetry",
    "robot": "amber",
    "time": "2026-03-01T08:00:00Z",
    "pose": {"level": "L1", "x": 1.0, "y": 2.0, "yaw": 0.0},
    "speed": 0.0,
    "state_of_charge": 0.5,
}


Story: TypeAlias = Callable[[FakeFleetManager, AgentServer, str], Awaitable[None]]


def with_server(story: Story, *, attached: bool = True) -> None:
    async def day() -> None:
        manager = hospital()
        server = AgentServer({"amber": "amber's secret", "birch": "birch's secret"}, hello_timeout=0.3)
        if attached:
            server.attach(manager)
        async with serving(create_app(manager, agent_endpoint=server.endpoint)) as house:
            await story(manager, server, house)

    asyncio.run(day())


@asynccontextmanager
async def agent(house: str, first: object = None) -> AsyncIterator[ClientConnection]:
    async with connect(f"ws://{house}/agents/v1") as socket:
        if first is not None:
            await say(socket, first)
        yield socket


async def say(socket: ClientConnection, message: object) -> None:
    await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))


async def hear(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(5):
        message: dict[str, Any] = json.loads(await socket.recv())
        return message


async def closed(socket: ClientConnection) -> bool:
    async with asyncio.timeout(5):
        try:
            await socket.recv()
        except ConnectionClosed:
            return True
    return False


def test_an_agent_is_welcomed_with_the_last_stored_report_and_its_words_reach_the_fleet() -> None:
    async def story(manager: FakeFleetManager, server: AgentServer, house: str) -> None:
        async with agent(house, HELLO) as socket:
            welcome = await hear(socket)
            assert welcome == {"type": "welcome", "protocol_version": PROTOCOL_VERSION, "acknowledged": 7}
            await say(socket, TELEMETRY)
            await until(lambda: len(manager.heard) == 2)
            server.send(AMBER, Pause(command_id="c1"))
            assert await hear(socket) == {"type": "pause", "command_id": "c1"}
        await until(lambda: manager.heard[-1] == ("lost", "amber"))
        assert manager.heard[:2] == [("connected", "amber"), ("amber", Telemetry.model_validate(TELEMETRY))]
        server.send(AMBER, Resume(command_id="c2"))

    with_server(story)


def test_a_newer_agent_is_answered_with_our_version() -> None:
    async def story(manager: FakeFleetManager, server: AgentServer, house: str) -> None:
        async with agent(house, HELLO | {"protocol_version": PROTOCOL_VERSION + 1, "dialect": "new"}) as socket:
            assert (await hear(socket))["protocol_version"] == PROTOCOL_VERSION

    with_server(story)


@pytest.mark.parametrize(
    ("first", "words", "final"),
    [
        (HELLO | {"token": "guess"}, "wrong token", True),
        (HELLO | {"token": ""}, "wrong token", True),
        (HELLO | {"robot": "zeppelin"}, "not of this site", True),
        (
            HELLO | {"protocol_version": PROTOCOL_VERSION - 1},
            f"version {PROTOCOL_VERSION - 1}, this",
            True,
        ),
        (HELLO | {"protocol_version": "newest"}, "protocol_version", True),
        ({"type": "hello"}, "robot", True),
        (TELEMETRY, "first message must be a hello", True),
        ([], "first message must be a hello", True),
        ("hello", "not JSON", True),
        ("[" * 100_000, "not JSON", True),
        (b"\x00", "not binary", True),
        (None, "no hello within 0.3 s", False),
    ],
)
def test_who_is_not_let_in_hears_why(first: object, words: str, final: bool) -> None:
    async def story(manager: FakeFleetManager, server: AgentServer, house: str) -> None:
        async with agent(house, first) as socket:
            refused = await hear(socket)
            assert refused["type"] == "refused"
            assert words in refused["reason"]
            assert "secret" not in refused["reason"]
            assert refused["final"] is final
            assert await closed(socket)
        assert manager.heard == []

    with_server(story)


def test_agents_that_come_too_early_are_asked_to_try_again() -> None:
    async def story(manager: FakeFleetManager, server: AgentServer, house: str) -> None:
        async with agent(house, HELLO) as socket:
            refused = await hear(socket)
            assert (refused["reason"], refused["final"]) == ("the fleet manager is still starting", False)

    with_server(story, attached=False)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("{", "malformed message"),
        (TELEMETRY | {"speed": "fast"}, "speed"),
        (TELEMETRY | {"colour": "red"}, "colour"),
        ({"type": "gossip"}, "gossip"),
        (HELLO, "second hello"),
        (TELEMETRY | {"robot": "birch"}, "a message of birch on the connection of amber"),
        (b"\x00", "not binary"),
    ],
)
def test_nonsense_ends_one_connection_with_a_reason_and_the_fleet_goes_on(message: object, words: str) -> None:
    async def story(manager: FakeFleetManager, server: AgentServer, house: str) -> None:
        async with (
            agent(house, HELLO | {"robot": "birch", "token": "birch's secret"}) as other,
            agent(house, HELLO) as socket,
        ):
            await hear(other)
            await hear(socket)
            await say(socket, message)
            refused = await hear(socket)
            assert refused["type"] == "refused"
            assert words in refused["reason"]
            assert await closed(socket)
            await until(lambda: manager.heard[-1] == ("lost", "amber"))
            await say(other, TELEMETRY | {"robot": "birch"})
            await until(lambda: manager.heard[-1][0] == "birch")

    with_server(story)


def test_the_newest_connection_of_a_robot_counts() -> None:
    async def story(manager: FakeFleetManager, server: AgentServer, house: str) -> None:
        async with agent(house, HELLO) as first:
            await hear(first)
            async with agent(house, HELLO) as second:
                await hear(second)
                refused = await hear(first)
                assert (refused["type"], refused["final"]) == ("refused", True)
                assert await closed(first)
                server.send(AMBER, Pause(command_id="c1"))
                assert (await hear(second))["command_id"] == "c1"
                assert manager.heard == [("connected", "amber"), ("lost", "amber"), ("connected", "amber")]
            await until(lambda: manager.heard[-1] == ("lost", "amber"))
        assert len(manager.heard) == 4

    with_server(story)


def test_an_agent_that_does_not_read_is_cut_off() -> None:
    async def story(manager: FakeFleetManager, server: AgentServer, house: str) -> None:
        async with agent(house, HELLO) as socket:
            await hear(socket)
            for number in range(OUTGOING_LIMIT + 1):
                server.send(AMBER, Pause(command_id=f"c{number}"))
            refused = await hear(socket)
            assert (refused["type"], refused["final"]) == ("refused", False)
            assert await closed(socket)
        await until(lambda: manager.heard[-1] == ("lost", "amber"))

    with_server(story)
