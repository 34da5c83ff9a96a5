"""Connections from agents to the fleet manager over WebSockets, JSON as in `protocol`."""

from __future__ import annotations

import asyncio
import json
from typing import Final

from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from robot_agents.protocol import FromAgent, FromManager, Telemetry, from_agent, from_manager
from robot_agents.transport import Closed, Received, Transport, Unreadable

_TELEMETRY_BACKLOG: Final = 20
"""Messages waiting to be sent; beyond it telemetry is dropped, as only the newest counts."""


class WebSocketConnect:
    """Connects to the manager at `url` (ws:// or wss://, path `/agents/v1`); satisfies `transport.Connect`.

    A broken line is noticed within two `ping_interval`s, in seconds of the loop like `patience`.
    """

    def __init__(self, url: str, *, ping_interval: float = 20.0, patience: float = 10.0) -> None:
        self._url = url
        self._ping_interval = ping_interval
        self._patience = patience

    async def __call__(self, received: Received, closed: Closed) -> Transport:
        try:
            socket = await connect(
                self._url,
                open_timeout=self._patience,
                close_timeout=self._patience,
                ping_interval=self._ping_interval,
                ping_timeout=self._ping_interval,
                proxy=None,
            )
        except WebSocketException as error:
            raise ConnectionError(str(error)) from error
        return _WebSocketTransport(socket, received, closed)


class _WebSocketTransport:
    def __init__(self, socket: ClientConnection, received: Received, closed: Closed) -> None:
        self._socket = socket
        self._received = received
        self._closed = closed
        self._outgoing: asyncio.Queue[FromAgent] = asyncio.Queue()
        self._left = False
        self._running = asyncio.get_running_loop().create_task(self._run())

    def send(self, message: FromAgent) -> None:
        if not isinstance(message, Telemetry) or self._outgoing.qsize() < _TELEMETRY_BACKLOG:
            self._outgoing.put_nowait(message)

    def close(self) -> None:
        self._left = True
        self._running.cancel()

    async def _run(self) -> None:
        reason = "the manager ended the connection"
        try:
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(self._send_all())
                async for text in self._socket:
                    if not self._left:
                        self._received(_understood(text))
                sending.cancel()
        except* ConnectionClosed as errors:
            reason = str(errors.exceptions[0])
        finally:
            await self._socket.close()
        if not self._left:
            self._closed(reason)

    async def _send_all(self) -> None:
        while True:
            await self._socket.send(from_agent.dump_json(await self._outgoing.get()).decode())


def _understood(text: str | bytes) -> FromManager | Unreadable:
    try:
        return from_manager.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"not understood: {'.'.join(map(str, first['loc'])) or 'message'}: {first['msg']}"
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    command = content.get("command_id") if isinstance(content, dict) else None
    return Unreadable(command_id=command if isinstance(command, str) else None, reason=reason)
