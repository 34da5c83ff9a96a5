"""Connections between agents and a manager in one process: no sockets, no serialisation, order kept.

Messages are passed as they are, after `latency` seconds of the loop's time. In bad weather they come late or twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeAlias, TypeVar

from robot_agents.protocol import FromAgent, FromManager, Observation, Proceed, Telemetry
from robot_agents.transport import Closed, Received, Transport

S = TypeVar("S")
R = TypeVar("R")

Weather: TypeAlias = Callable[[Any], tuple[float, ...]]
"""What becomes of a message on its way: for each copy that arrives, the seconds by which it is late."""

_OVERTAKING = (Telemetry, Observation, Proceed)
"""Messages of which only the newest counts: in bad weather they overtake others and are overtaken."""


class MemoryEnd(Generic[S, R]):
    """One end of a connection: sends messages of type `S`, calls `on_message` with those of type `R`.

    `on_closed` is called once, after all messages that the other end sent before it closed. After `close` nothing
    is called any more.
    """

    on_message: Callable[[R], None]
    on_closed: Callable[[str], None]

    def __init__(self, loop: asyncio.AbstractEventLoop, latency: float) -> None:
        self.on_message = _ignore
        self.on_closed = _ignore
        self.peer: MemoryEnd[R, S]
        self.silent = False
        self.weather: Weather | None = None
        self._loop = loop
        self._latency = latency
        self._closed = False
        self._delivering = False
        self._incoming: deque[tuple[float, R]] = deque()
        self._ending: str | None = None

    def send(self, message: S) -> None:
        if not self._closed and not self.silent:
            self.peer._enqueue(message)

    def close(self, reason: str = "closed by the other side") -> None:
        if not self._closed:
            self._closed = True
            self._incoming.clear()
            if not self.silent:
                self.peer._end(reason)

    def cut(self, reason: str) -> None:
        """The network broke: both ends learn of it, messages under way are lost."""
        self.peer.silent = self.silent = False
        for end in (self, self.peer):
            end._incoming.clear()
            end._end(reason)

    def _enqueue(self, message: R) -> None:
        if self._closed:
            return
        for late in (0.0,) if self.weather is None else self.weather(message):
            due = self._loop.time() + self._latency + late
            if late and isinstance(message, _OVERTAKING):
                self._loop.call_at(due, self._deliver_out_of_turn, message)
            else:
                self._line_up(due, message)

    def _line_up(self, due: float, message: R) -> None:
        self._incoming.append((max(due, self._incoming[-1][0]) if self._incoming else due, message))
        if len(self._incoming) == 1 and not self._delivering:
            self._schedule()

    def _deliver_out_of_turn(self, message: R) -> None:
        if not self._closed:
            self.on_message(message)

    def _schedule(self) -> None:
        due = self._incoming[0][0]
        if due <= self._loop.time():
            self._loop.call_soon(self._deliver)
        else:
            self._loop.call_at(due, self._deliver)

    def _deliver(self) -> None:
        self._delivering = True
        now = self._loop.time()
        try:
            while self._incoming and self._incoming[0][0] <= now:
                self.on_message(self._incoming.popleft()[1])
        finally:
            self._delivering = False
            if self._incoming:
                self._schedule()
            elif self._ending is not None:
                self._end(self._ending)

    def _end(self, reason: str) -> None:
        self._ending = reason
        if not self._incoming and not self._closed:
            self._closed = True
            self._loop.call_soon(self.on_closed, reason)


AgentEnd: TypeAlias = MemoryEnd[FromAgent, FromManager]
ManagerEnd: TypeAlias = MemoryEnd[FromManager, FromAgent]


def memory_pair(loop: asyncio.AbstractEventLoop, latency: float = 0.0) -> tuple[AgentEnd, ManagerEnd]:
    """The two ends of one connection; set `on_message` and `on_closed` of each before the loop goes on."""
    agent_end: AgentEnd = MemoryEnd(loop, latency)
    manager_end: ManagerEnd = MemoryEnd(loop, latency)
    agent_end.peer, manager_end.peer = manager_end, agent_end
    return agent_end, manager_end


class MemoryNetwork:
    """Lets agents connect to a manager in the same process, and breaks when told to.

    `accept` is the manager's door: it gets the manager's end of each new connection. None while no manager runs.
    """

    def __init__(
        self,
        accept: Callable[[ManagerEnd], None] | None,
        *,
        loop: asyncio.AbstractEventLoop | None = None,
        latency: float = 0.0,
    ) -> None:
        self.accept = accept
        self._loop = loop or asyncio.get_running_loop()
        self._latency = latency
        self._ends: dict[str, AgentEnd] = {}
        self._parted: set[str] = set()
        self._weather: dict[str, Weather] = {}

    async def connect(self, robot: str, received: Received, closed: Closed) -> Transport:
        """Satisfies `transport.Connect` once `robot` is bound: `functools.partial(network.connect, "robot-1")`."""
        if self.accept is None or robot in self._parted:
            raise ConnectionRefusedError("the fleet manager can't be reached")
        agent_end, manager_end = memory_pair(self._loop, self._latency)
        agent_end.on_message, agent_end.on_closed = received, closed
        agent_end.weather = manager_end.weather = self._weather.get(robot)
        self._ends[robot] = agent_end
        self.accept(manager_end)
        return agent_end

    def cut(self, robot: str) -> None:
        """Fault: the connection breaks, both sides notice."""
        if robot in self._ends:
            self._ends.pop(robot).cut("the connection broke")

    def part(self, robot: str) -> None:
        """Fault: the robot is out of reach until `heal`. Nobody is told: messages are lost, new connections fail."""
        self._parted.add(robot)
        if robot in self._ends:
            self._ends[robot].silent = self._ends[robot].peer.silent = True

    def heal(self, robot: str) -> None:
        """The network is back; as messages were lost, the old connection breaks and the agent comes anew."""
        self._parted.discard(robot)
        self.cut(robot)

    def disturb(self, robot: str, weather: Weather | None) -> None:
        """Fault: messages from and to the robot fare as `weather` says; None clears up."""
        if weather is None:
            self._weather.pop(robot, None)
        else:
            self._weather[robot] = weather
        if robot in self._ends:
            self._ends[robot].weather = self._ends[robot].peer.weather = weather


def _ignore(_message: Any) -> None:
    """What a new end does with what arrives before somebody listens."""
