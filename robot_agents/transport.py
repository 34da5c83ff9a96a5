"""How an agent's runtime reaches the fleet manager, whatever carries the messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from robot_agents.protocol import FromAgent, FromManager


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A message from the manager that this agent's version of the protocol does not know.

    `command_id` is the command's, None when it wasn't one.
    """

    command_id: str | None
    reason: str


Received: TypeAlias = Callable[[FromManager | Unreadable], None]
Closed: TypeAlias = Callable[[str], None]


class Transport(Protocol):
    """One open connection to the manager."""

    def send(self, message: FromAgent) -> None:
        """Send in order, without waiting. Never raises; on a broken connection the message is lost."""
        ...

    def close(self) -> None:
        """End the connection; `closed` is not called any more."""
        ...


class Connect(Protocol):
    """Opens a connection for one robot.

    `received` is called for each message, in order, and `closed` once with the reason when the other side or the
    network ended the connection; both only after this call has returned. Raises `OSError` or `TimeoutError` when no
    connection comes about.
    """

    async def __call__(self, received: Received, closed: Closed) -> Transport: ...
