"""A person as a carrier: the manager's commands become steps on a phone page, and its buttons become reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from robot_agents.agent import Clock, Reporter
from robot_agents.protocol import (
    CloseCompartment,
    Command,
    ConfirmVacated,
    Dock,
    Drive,
    Guide,
    HandoverDirection,
    Inspect,
    OpenCompartment,
    Pause,
    Pose,
    Proceed,
    Refill,
    Resume,
    RevokeVacated,
    RouteNode,
    Say,
    StopGuiding,
    StopInspecting,
    StopTreating,
    Telemetry,
    Treat,
)


class UnknownStepError(LookupError):
    """There is no such step and there never was one lately."""


class StepOverError(RuntimeError):
    """The step was done, refused or replaced already."""


class StepKind(StrEnum):
    GO_TO = "go_to"
    LOAD = "load"
    UNLOAD = "unload"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class PorterTask:
    """One thing to do now: walk the `route` to `waypoint`, or take, hand over, lock up `items` of a mission's step."""

    command_id: str
    kind: StepKind
    waypoint: str | None = None
    route: tuple[RouteNode, ...] = ()
    step_id: str | None = None
    items: tuple[str, ...] = ()


class PorterAgent:
    """An agent whose robot is a person, known to be at `pose` at first and then at the last place confirmed.

    `tasks` are the open steps, oldest first; `arrived`, `confirm`, `refuse` and `release` are the page's buttons.
    They raise `UnknownStepError` or `StepOverError`. `watch` is called after each change of the steps.
    """

    def __init__(self, robot: str, clock: Clock, pose: Pose) -> None:
        self._robot = robot
        self._clock = clock
        self._pose = pose
        self._reporter: Reporter
        self._open: dict[str, PorterTask] = {}
        self._over: dict[str, None] = {}
        self._drive: Drive | None = None
        self._paused = False
        self._watchers: tuple[Callable[[], None], ...] = ()

    @property
    def robot(self) -> str:
        return self._robot

    # --- the page -----------------------------------------------------------------------------------------

    def tasks(self) -> tuple[PorterTask, ...]:
        return tuple(self._open.values())

    def watch(self, changed: Callable[[], None]) -> None:
        self._watchers = (*self._watchers, changed)

    def arrived(self, command_id: str) -> None:
        """The porter is where a `GO_TO` step leads."""
        task = self._close(command_id)
        if task.route:
            last = task.route[-1]
            self._pose = Pose(level=last.level, x=last.x, y=last.y, yaw=last.heading or 0.0)
            self._reporter.passed(command_id, last.sequence, 0.0)
        self._reporter.done(command_id)
        self._changed()

    def confirm(self, command_id: str) -> None:
        """A step other than `GO_TO` is done; for those it is the same as `arrived`."""
        self.arrived(command_id)

    def refuse(self, command_id: str, reason: str) -> None:
        """The porter can't do it; it is of no use to ask again."""
        self._close(command_id)
        self._reporter.failed(command_id, reason or "refused by the porter")
        self._changed()

    def release(self) -> None:
        """The porter has to leave: all open steps are given back and may be done by somebody else."""
        for command_id in tuple(self._open):
            self._close(command_id)
            self._reporter.failed(command_id, "given back by the porter", retry=True)
        self._changed()

    # --- the agent ----------------------------------------------------------------------------------------

    async def start(self, reporter: Reporter) -> None:
        self._reporter = reporter

    async def stop(self) -> None:
        return

    def telemetry(self) -> Telemetry:
        drive = self._drive
        return Telemetry(
            robot=self._robot,
            time=self._clock.now(),
            pose=self._pose,
            speed=0.0,
            state_of_charge=1.0,
            paused=self._paused,
            drive_id=drive.command_id if drive else None,
            cleared_to=drive.cleared_to if drive else None,
        )

    def execute(self, command: Command) -> None:
        match command:
            case Drive(command_id=command_id, nodes=()):
                self._reporter.failed(command_id, "the walk has no nodes")
            case Drive(command_id=command_id, nodes=nodes):
                if self._drive is not None and self._drive.command_id in self._open:
                    self._close(self._drive.command_id)
                self._drive = command
                self._add(
                    PorterTask(command_id=command_id, kind=StepKind.GO_TO, waypoint=nodes[-1].waypoint, route=nodes)
                )
            case OpenCompartment(command_id=command_id, direction=direction, step_id=step, items=items):
                kind = StepKind.LOAD if direction is HandoverDirection.LOAD else StepKind.UNLOAD
                self._add(PorterTask(command_id=command_id, kind=kind, step_id=step, items=items))
            case CloseCompartment(command_id=command_id, step_id=step):
                self._add(PorterTask(command_id=command_id, kind=StepKind.CLOSE, step_id=step))
            case Pause(command_id=command_id) | Resume(command_id=command_id):
                self._paused = isinstance(command, Pause)
                self._reporter.done(command_id)
            case Dock(command_id=command_id):
                self._reporter.failed(command_id, "a person has no charger")
            case Refill(command_id=command_id):
                self._reporter.failed(command_id, "a person has no tank")
            case Inspect(command_id=command_id):
                self._reporter.failed(command_id, "a person on an errand inspects nothing")
            case Say(command_id=command_id) | Guide(command_id=command_id):
                self._reporter.failed(command_id, "a person on an errand does not announce or guide")
            case Treat(command_id=command_id):
                self._reporter.failed(command_id, "a person has no lamp")
            case (
                ConfirmVacated(command_id=command_id)
                | RevokeVacated(command_id=command_id)
                | StopTreating(command_id=command_id)
                | StopInspecting(command_id=command_id)
                | StopGuiding(command_id=command_id)
            ):
                self._reporter.done(command_id)
            case Proceed():
                """People need no clearance."""
            case _:
                assert_never(command)

    def _add(self, task: PorterTask) -> None:
        self._open[task.command_id] = task
        self._changed()

    def _close(self, command_id: str) -> PorterTask:
        if command_id in self._over:
            raise StepOverError(f"step {command_id} of {self._robot} is over")
        if command_id not in self._open:
            raise UnknownStepError(f"{self._robot} has no step {command_id}")
        self._over[command_id] = None
        if len(self._over) > 100:
            del self._over[next(iter(self._over))]
        return self._open.pop(command_id)

    def _changed(self) -> None:
        for watcher in self._watchers:
            watcher()
