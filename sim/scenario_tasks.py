"""Demand for other work than deliveries: what is disinfected, patrolled and screened, each asked for once.

A new kind of task becomes a class here that says which command asks for it, and joins `OtherTask`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from fleet_manager.domain.disinfection import DEFAULT_DOSE
from fleet_manager.domain.tasks import Actor, Priority, TreatmentMethod
from fleet_manager.orchestration.commands import CheckpointRequest, SubmitAny, SubmitDisinfection, SubmitPatrol
from sim.scenario_fields import ClockTime, Minutes, Part, PlaceName, ZoneName

Moments: TypeAlias = Callable[[str], datetime]
"""What a time of day of the scenario is in UTC."""

TaskName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z][\w-]*$")]
"""What expectations call the tasks of a demand."""

FACILITY: Final = Actor(id="simulated-facility", role="facility")
GUARD: Final = Actor(id="simulated-guard", role="security")


class AskedTask(Part):
    """A task that somebody asks for at `at`."""

    name: TaskName | None = None
    at: ClockTime
    priority: Priority = Priority.ROUTINE

    @abstractmethod
    def command(self, moments: Moments) -> SubmitAny:
        """What is asked of the manager."""

    @property
    @abstractmethod
    def words(self) -> str:
        """What it is, for a person."""


class Disinfection(AskedTask):
    """A zone is disinfected; `dose` in J/m² for ultraviolet light."""

    kind: Literal["disinfection"] = "disinfection"
    zone: ZoneName
    method: TreatmentMethod = TreatmentMethod.UV
    dose: Annotated[float, Field(gt=0, le=100_000)] = DEFAULT_DOSE

    def command(self, moments: Moments) -> SubmitAny:
        return SubmitDisinfection(
            actor=FACILITY, zone=self.zone, method=self.method, dose=self.dose, priority=self.priority
        )

    @property
    def words(self) -> str:
        return f"disinfect {self.zone}"


class Checkpoint(Part):
    """A place to visit between two times of the day, and at least every `within` minutes."""

    place: PlaceName
    not_before: ClockTime | None = None
    not_after: ClockTime | None = None
    within: Minutes | None = None


class Patrol(AskedTask):
    """Robots visit checkpoints and stay `seconds` at each; with `screens` they screen the people there."""

    kind: Literal["patrol"] = "patrol"
    checkpoints: Annotated[tuple[Checkpoint, ...], Field(min_length=1, max_length=100)]
    seconds: Annotated[float, Field(gt=0, le=86_400)] = 10.0
    robots: Annotated[int, Field(ge=1, le=20)] = 1
    screens: bool = False

    def command(self, moments: Moments) -> SubmitAny:
        checkpoints = tuple(
            CheckpointRequest(
                place=checkpoint.place,
                not_before=moments(checkpoint.not_before) if checkpoint.not_before else None,
                not_after=moments(checkpoint.not_after) if checkpoint.not_after else None,
                within=checkpoint.within * 60.0 if checkpoint.within else None,
            )
            for checkpoint in self.checkpoints
        )
        return SubmitPatrol(
            actor=GUARD,
            checkpoints=checkpoints,
            screens=self.screens,
            seconds=self.seconds,
            robots=self.robots,
            priority=self.priority,
        )

    @property
    def words(self) -> str:
        return f"patrol {', '.join(checkpoint.place for checkpoint in self.checkpoints)}"


OtherTask: TypeAlias = Disinfection | Patrol
"""All that may stand in a scenario's demand beside deliveries."""
