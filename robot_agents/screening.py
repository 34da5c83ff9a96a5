"""An inspection as the robot itself carries it out: it stays, looks around, and warns people on the spot.

The warning is spoken by the agent at once and asks nobody. Whom it concerns is a number of the robot's own tracking;
no image is part of what is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from robot_agents.agent import Clock, Reporter
from robot_agents.protocol import Inspect, ObservationKind, Pose, ScreeningLimits, Sighting

LIVE_PERIOD: Final = 0.1
"""Seconds between two messages of what is seen, at least."""

_SOON: Final = 1e-6
_WARNINGS: Final = {
    ObservationKind.TEMPERATURE: "Please wait here. Somebody will measure your temperature again.",
    ObservationKind.MASK: "Please put on a mask.",
}


class Inspector(Protocol):
    """What a robot that inspects can do; `InspectionRun.sees` is told whom its sensors see."""

    def pose(self) -> Pose: ...

    def say(self, text: str) -> None:
        """Speak to the people around, loudly."""
        ...


class InspectionRun:
    """Carries out one `Inspect` command. Call all methods from the loop's thread."""

    def __init__(self, command: Inspect, robot: Inspector, clock: Clock, reporter: Reporter) -> None:
        self.command = command
        self.over = False
        self._robot = robot
        self._clock = clock
        self._reporter = reporter
        self._loop = asyncio.get_running_loop()
        self._began = clock.now()
        self._warned: set[tuple[str, ObservationKind]] = set()
        self._told_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = self._loop.call_later(command.seconds, self._end)

    def sees(self, people: Sequence[Sighting]) -> None:
        """Whom the robot sees now, all of them; as often as its sensors tell."""
        limits = self.command.screening
        if self.over or self._timer is None or limits is None:
            return
        pose = self._robot.pose()
        near = [person for person in people if person.distance <= limits.distance]
        for person in near:
            for kind, value in _findings(person, limits):
                if (person.person, kind) not in self._warned:
                    self._warned.add((person.person, kind))
                    self._robot.say(_WARNINGS[kind])
                    self._reporter.observed(self.command.command_id, kind, value, person, pose)
        if near and self._loop.time() - self._told_at >= LIVE_PERIOD - _SOON:
            self._told_at = self._loop.time()
            self._reporter.sees(near, pose)

    def hold(self) -> None:
        """The robot went off, or was taken by hand."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def go_on(self) -> None:
        """The robot is itself again: it stays for the whole time anew."""
        if not self.over and self._timer is None:
            self._began = self._clock.now()
            self._timer = self._loop.call_later(self.command.seconds, self._end)

    def give_up(self) -> None:
        """End it early; it does not count as an inspection."""
        if not self.over:
            self.hold()
            self.over = True
            self._reporter.done(self.command.command_id)

    def _end(self) -> None:
        self.over = True
        self._reporter.inspected(self.command.command_id, self._robot.pose(), self._began)
        self._reporter.done(self.command.command_id)


def _findings(person: Sighting, limits: ScreeningLimits) -> Iterator[tuple[ObservationKind, float]]:
    if person.temperature is not None and person.temperature >= limits.temperature:
        yield ObservationKind.TEMPERATURE, person.temperature
    if limits.masks and person.mask is False:
        yield ObservationKind.MASK, 0.0
