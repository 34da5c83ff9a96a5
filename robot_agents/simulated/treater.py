"""A simulated body that disinfects: it roves between the stops of a treatment and carries lamp or sprayer."""

from __future__ import annotations

from collections.abc import Callable
from math import hypot
from typing import Final

from maps.model import RobotId, ZoneId
from robot_agents.protocol import Pose
from sim.port import BodyPort

_THERE: Final = 1e-3


class SimulatedTreater:
    """Satisfies `treatment.Treater` for a body of `world`."""

    def __init__(
        self, robot: RobotId, zone: ZoneId, world: BodyPort, pose: Callable[[], Pose], said: list[str]
    ) -> None:
        self._robot = robot
        self._zone = zone
        self._world = world
        self._pose = pose
        self._said = said
        self._aim: tuple[float, float] | None = None

    def pose(self) -> Pose:
        return self._pose()

    def watch(self, watched: bool) -> None:
        """Its sensors tell of the room from now on, or no longer."""
        self._world.watch_room(self._robot, self._zone, watched)

    def go_to(self, x: float, y: float, speed: float | None = None) -> None:
        self._aim = (x, y)
        self._world.rove(self._robot, x, y, speed)

    def stand(self) -> None:
        self._aim = None
        self._world.stand(self._robot)

    def switch(self, on: bool, rate: float = 0.0) -> None:
        self._world.switch(self._robot, on, rate)

    def tank(self) -> float | None:
        return self._world.state(self._robot).tank

    def say(self, text: str) -> None:
        self._said.append(text)

    def stopped(self) -> bool:
        """Whether the body, which stands now, stands where it was sent."""
        if self._aim is None:
            return False
        pose = self._pose()
        return hypot(pose.x - self._aim[0], pose.y - self._aim[1]) <= _THERE
