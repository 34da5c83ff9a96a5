"""Missions: one carrier's steps for one leg of a task, or for its own needs (charge, park, decontaminate)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType

from fleet_manager.domain.inspections import Inspection
from fleet_manager.domain.tasks import ItemId, TaskId, Treatment
from fleet_manager.domain.voices import Called, Saying
from fleet_manager.domain.windows import Window
from maps.model import RobotId, WaypointId

MissionId = NewType("MissionId", str)
StepId = NewType("StepId", str)


class MissionKind(StrEnum):
    DELIVER = "deliver"
    TREAT = "treat"
    PATROL = "patrol"
    ANNOUNCE = "announce"
    GUIDE = "guide"
    CHARGE = "charge"
    REFILL = "refill"
    PARK = "park"
    DECONTAMINATE = "decontaminate"


class MissionStatus(StrEnum):
    RUNNING = "running"
    DONE = "done"
    ABORTED = "aborted"


class StepKind(StrEnum):
    GO_TO = "go_to"
    PICK_UP = "pick_up"
    DROP_OFF = "drop_off"
    VISIT = "visit"
    TREAT = "treat"
    INSPECT = "inspect"
    SAY = "say"
    MEET = "meet"
    DOCK = "dock"
    REFILL = "refill"
    DECONTAMINATE = "decontaminate"


class StepStatus(StrEnum):
    """A hand-over is `active` while the compartment moves and `waiting_for_person` while it is offered.

    A treatment is `waiting_for_person` until the room is confirmed as vacated, and `active` from then on. So is a
    decontamination until the robot is wiped down; it is `active` while the agent works.
    """

    PENDING = "pending"
    ACTIVE = "active"
    WAITING_FOR_PERSON = "waiting_for_person"
    CLOSING = "closing"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentStop:
    """Where a robot treats a room from, in the site frame (m), and for how long (s); 0 is driven through.

    `sprays`: the sprayer is on from here to the next.
    """

    x: float
    y: float
    dwell: float
    sprays: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`treatment` is done at `stops`, one after the other, off the lanes; then the robot comes back to `place`.

    `inspection` is that of the task's stop number `checkpoint`. `window`, `by_code` and `weighed` are the stop's; the
    way to a stop has its window too, so that the robot sets out in time and no earlier. `saying` and `called` are the
    stop's as well; on a way with `leads` a visitor follows. What a robot could not bring is given out to the person
    `taker`, and to nobody else.
    """

    id: StepId
    kind: StepKind
    place: WaypointId
    items: tuple[ItemId, ...] = ()
    treatment: Treatment | None = None
    stops: tuple[TreatmentStop, ...] = ()
    inspection: Inspection | None = None
    checkpoint: int = 0
    window: Window | None = None
    by_code: bool = False
    weighed: bool = False
    saying: Saying | None = None
    called: Called | None = None
    leads: bool = False
    taker: str | None = None
    status: StepStatus = StepStatus.PENDING
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def collects(self) -> bool:
        """Whether bags are taken over from a ward here."""
        return self.weighed and self.kind is StepKind.PICK_UP


@dataclass(frozen=True, slots=True, kw_only=True)
class Mission:
    """`steps` run in order; `current` is the index of the one that runs, len(steps) when all are done.

    `task` is None for a robot's own needs; one that a person `ordered` is not broken off for a task. `leg` counts the
    carriers a task had, from 1.
    """

    id: MissionId
    kind: MissionKind
    robot: RobotId
    steps: tuple[Step, ...]
    task: TaskId | None = None
    leg: int = 1
    ordered: bool = False
    current: int = 0
    status: MissionStatus = MissionStatus.RUNNING
    reason: str = ""

    @property
    def step(self) -> Step | None:
        """The step that runs now, None when all are done."""
        return self.steps[self.current] if self.current < len(self.steps) else None

    @property
    def next_step(self) -> int:
        """The number of a step to add; those of steps that were given up are not used again."""
        return 1 + max((int(step.id.rpartition("-")[2]) for step in self.steps), default=0)

    @property
    def goal(self) -> WaypointId:
        """Where the mission ends."""
        return self.steps[-1].place

    def with_step(self, step: Step, *, current: int | None = None) -> Mission:
        """Replace the step of the same id."""
        steps = tuple(step if known.id == step.id else known for known in self.steps)
        return replace(self, steps=steps, current=self.current if current is None else current)
