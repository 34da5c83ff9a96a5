"""A simulated body that inspects: its cameras are the world's, and its voice is remembered."""

from __future__ import annotations

from collections.abc import Callable

from robot_agents.protocol import Pose, Sighting
from sim.port import PeopleSeen


class SimulatedInspector:
    """Satisfies `screening.Inspector`; `said` is all that it said."""

    def __init__(self, pose: Callable[[], Pose], said: list[str]) -> None:
        self._pose = pose
        self._said = said

    def pose(self) -> Pose:
        return self._pose()

    def say(self, text: str) -> None:
        self._said.append(text)


def sightings(event: PeopleSeen) -> list[Sighting]:
    return [
        Sighting(
            person=one.person,
            distance=one.distance,
            bearing=one.bearing,
            temperature=one.temperature,
            mask=one.mask,
        )
        for one in event.people
    ]
