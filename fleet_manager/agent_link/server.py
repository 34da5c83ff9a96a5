"""The WebSocket endpoint that robot agents connect to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from hmac import compare_digest
from typing import Any, Final

import structlog
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from fleet_manager.orchestration.ports import FleetManager
from maps.model import RobotId
from robot_agents.protocol import (
    PROTOCOL_VERSION,
    FromAgent,
    FromManager,
    Hello,
    Refused,
    Welcome,
    from_agent,
    from_manager,
)

HELLO_TIMEOUT: Final = 5.0
SEND_TIMEOUT: Final = 10.0
OUTGOING_LIMIT: Final = 256
"""Messages that wait for one agent. Beyond it the connection is ended; after the next hello all are sent anew."""

_log = structlog.get_logger(__name__)


class _Refusal(Exception):
    """Ends a connection. `final` tells the agent that trying again without a change is useless."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final


class _Connection:
    """What one agent is still to be told; a refusal in the queue ends the connection."""

    def __init__(self, robot: RobotId) -> None:
        self.robot = robot
        self.outgoing: asyncio.Queue[FromManager | _Refusal] = asyncio.Queue()

    def send(self, message: FromManager) -> None:
        if self.outgoing.qsize() < OUTGOING_LIMIT:
            self.outgoing.put_nowait(message)
        else:
            self.end(_Refusal("the agent does not read what it is sent", final=False))

    def end(self, refusal: _Refusal) -> None:
        """Drop what is not sent yet, say why, and close."""
        while not self.outgoing.empty():
            self.outgoing.get_nowait()
        self.outgoing.put_nowait(refusal)


class AgentServer:
    """The manager's side of all agents' connections (`ports.AgentLink`). Each robot has one: the newest."""

    def __init__(self, tokens: Mapping[str, str], *, hello_timeout: float = HELLO_TIMEOUT) -> None:
        self._tokens = tokens
        self._hello_timeout = hello_timeout
        self._manager: FleetManager | None = None
        self._connections: dict[RobotId, _Connection] = {}

    def attach(self, manager: FleetManager) -> None:
        """From now on agents are let in, and `manager` is told what they say."""
        self._manager = manager

    def send(self, robot: RobotId, message: FromManager) -> None:
        connection = self._connections.get(robot)
        if connection is not None:
            connection.send(message)

    async def endpoint(self, socket: WebSocket) -> None:
        """One agent's whole connection, from its hello on."""
        await socket.accept()
        try:
            hello = await self._hello(socket)
            if self._manager is None:
                raise _Refusal("the fleet manager is still starting", final=False)
            await self._serve(socket, self._manager, hello)
        except _Refusal as refusal:
            await _refuse(socket, refusal)
        except WebSocketDisconnect:
            _log.info("agent left before its hello")

    async def _hello(self, socket: WebSocket) -> Hello:
        """The agent's first message, accepted. Fields that only newer agents know are left aside."""
        try:
            async with asyncio.timeout(self._hello_timeout):
                text = await _receive(socket)
        except TimeoutError:
            raise _Refusal(f"no hello within {self._hello_timeout:g} s", final=False) from None
        raw = _json_object(text)
        if raw.get("type") != "hello":
            raise _Refusal("the first message must be a hello", final=True)
        try:
            hello = Hello.model_validate({name: raw[name] for name in Hello.model_fields if name in raw})
        except ValidationError as error:
            raise _Refusal(f"hello: {_findings(error)}", final=True) from None
        if hello.protocol_version < PROTOCOL_VERSION:
            raise _Refusal(
                f"the agent speaks protocol version {hello.protocol_version}, this fleet manager {PROTOCOL_VERSION}; "
                "update the agent",
                final=True,
            )
        self._check_token(hello)
        return hello

    def _check_token(self, hello: Hello) -> None:
        """Compares in constant time, and compares for an unknown robot too: the answer's time tells nothing."""
        known = self._tokens.get(hello.robot)
        right = compare_digest((known or "").encode(), hello.token.encode())
        if known is None:
            raise _Refusal(f"robot {hello.robot} is not of this site", final=True)
        if not right:
            raise _Refusal(f"robot {hello.robot}: wrong token", final=True)

    async def _serve(self, socket: WebSocket, manager: FleetManager, hello: Hello) -> None:
        connection = _Connection(RobotId(hello.robot))
        self._replace(manager, connection)
        try:
            acknowledged = manager.agent_connected(connection.robot, hello.agent)
            _log.info("agent connected", robot=connection.robot, agent=hello.agent)
            async with asyncio.TaskGroup() as group:
                hearing = group.create_task(self._hear_all(socket, manager, connection))
                await _send(socket, Welcome(protocol_version=PROTOCOL_VERSION, acknowledged=acknowledged))
                await _send_all(socket, connection)
                hearing.cancel()
        except* (WebSocketDisconnect, TimeoutError):
            _log.info("connection of agent broke", robot=connection.robot)
        finally:
            if self._is_current(connection):
                del self._connections[connection.robot]
                manager.agent_lost(connection.robot)

    def _replace(self, manager: FleetManager, connection: _Connection) -> None:
        before = self._connections.get(connection.robot)
        self._connections[connection.robot] = connection
        if before is not None:
            before.end(_Refusal(f"another agent connected for robot {connection.robot}", final=True))
            manager.agent_lost(connection.robot)

    def _is_current(self, connection: _Connection) -> bool:
        return self._connections.get(connection.robot) is connection

    async def _hear_all(self, socket: WebSocket, manager: FleetManager, connection: _Connection) -> None:
        """Pass on what the agent says until it says something that can't be understood."""
        while self._is_current(connection):
            try:
                message = _understood(await _receive(socket), connection.robot)
            except _Refusal as refusal:
                connection.end(refusal)
                return
            if self._is_current(connection):
                manager.agent_said(connection.robot, message)


async def _send_all(socket: WebSocket, connection: _Connection) -> None:
    """Send what is said to the agent, up to the end of the connection."""
    while True:
        message = await connection.outgoing.get()
        if isinstance(message, _Refusal):
            await _refuse(socket, message, connection.robot)
            return
        await _send(socket, message)


async def _refuse(socket: WebSocket, refusal: _Refusal, robot: str | None = None) -> None:
    _log.warning("agent refused", robot=robot, reason=refusal.reason, final=refusal.final)
    try:
        await _send(socket, Refused(reason=refusal.reason, final=refusal.final))
        await socket.close(1008, refusal.reason.encode()[:120].decode(errors="ignore"))
    except (WebSocketDisconnect, TimeoutError):
        _log.info("agent did not wait for the refusal", robot=robot)


async def _send(socket: WebSocket, message: FromManager) -> None:
    async with asyncio.timeout(SEND_TIMEOUT):
        await socket.send_text(from_manager.dump_json(message).decode())


async def _receive(socket: WebSocket) -> str:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"], message.get("reason"))
    text = message.get("text")
    if not isinstance(text, str):
        raise _Refusal("messages are JSON texts, not binary", final=True)
    return text


def _json_object(text: str) -> dict[str, Any]:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        raise _Refusal("the first message is not JSON", final=True) from None
    return raw if isinstance(raw, dict) else {}


def _understood(text: str, robot: RobotId) -> FromAgent:
    """The message, of this robot and after its hello. A fault may pass: the agent may try again."""
    try:
        message = from_agent.validate_json(text)
    except ValidationError as error:
        raise _Refusal(f"malformed message: {_findings(error)}", final=False) from None
    if isinstance(message, Hello):
        raise _Refusal("a second hello on one connection", final=False)
    if message.robot != robot:
        raise _Refusal(f"a message of {message.robot} on the connection of {robot}", final=False)
    return message


def _findings(error: ValidationError) -> str:
    """Where and what, without the values: they may be long, and a token is among them."""
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'message'}: {e['msg']}" for e in error.errors()[:3])
