"""The port between the agent runtime and one robot's own language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from robot_agents.protocol import Command, Mode, ObservationKind, Pose, Sighting, Telemetry


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, aware and in UTC."""
        ...


class Reporter(Protocol):
    """Where an agent tells what happened; the runtime numbers, keeps and sends it. Call from the loop's thread."""

    def done(self, command_id: str) -> None: ...
    def failed(self, command_id: str, reason: str, *, retry: bool = False) -> None: ...
    def passed(self, drive_id: str, sequence: int, speed: float) -> None: ...
    def mode(self, mode: Mode, reason: str = "", pose: Pose | None = None, waypoint: str | None = None) -> None: ...
    def off_route(self, pose: Pose, distance: float, reason: str = "") -> None: ...
    def blocked(self, reason: str, *, over: bool = False) -> None: ...
    def charge_reached(self) -> None: ...
    def treatment(
        self, treat_id: str, pose: Pose, *, on: bool, because: str = "", interrupted: bool = False
    ) -> None: ...

    def inspected(self, inspect_id: str, pose: Pose, began: datetime) -> None: ...
    def observed(self, inspect_id: str, kind: ObservationKind, value: float, person: Sighting, pose: Pose) -> None: ...

    def sees(self, people: Sequence[Sighting], pose: Pose) -> None:
        """Told now or never: it is neither numbered nor kept."""
        ...

    def power(self, on: bool) -> None:
        """The robot's computer went off: nothing is sent or heard, and nobody is told, until it is on again."""
        ...


class Agent(Protocol):
    """One robot behind its own language: the simulator, Nav2 over ROS 2, MAVLink, VDA 5050, or a person's phone.

    Calls come in this order: `start` once; then `execute` for each new command and `telemetry` at any time;
    `stop` once. `execute` returns at once and never raises: what becomes of the command is told to the reporter
    later. A `Drive` that a newer one replaces gets no outcome. When the manager falls silent the robot finishes its
    cleared part and holds; nothing is asked of `stop` then.
    """

    @property
    def robot(self) -> str: ...

    async def start(self, reporter: Reporter) -> None: ...

    def execute(self, command: Command) -> None: ...

    def telemetry(self) -> Telemetry: ...

    async def stop(self) -> None: ...
