"""What the explorer's invariants look at, and what each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleet_manager.domain.events import Recorded
from fleet_manager.domain.robots import Robot
from fleet_manager.domain.state import Changed, FleetState
from maps.model import RobotId, Site
from sim.world import World


@dataclass(frozen=True, slots=True)
class Broken:
    """The first invariant that did not hold, after event `seq`, at `time` (s of the run)."""

    invariant: str
    text: str
    seq: int
    time: float

    def __str__(self) -> str:
        return f"{self.invariant}: {self.text} (after event {self.seq}, at {self.time:.1f} s)"


@dataclass(slots=True)
class Scene:
    """What invariants look at: the state as the log alone tells it, and the true world.

    `before` is the robot that the event is about, as it was before.
    """

    site: Site
    world: World
    state: FleetState
    before: Robot | None = None
    ground: tuple[RobotId, ...] = ()


class Invariant:
    """`each` is called after every event, `settled` after every commit; both answer what is wrong, or nothing."""

    name: str

    def each(self, scene: Scene, recorded: Recorded) -> str | None:
        return None

    def settled(self, scene: Scene, events: Sequence[Recorded], changed: Changed) -> str | None:
        return None
