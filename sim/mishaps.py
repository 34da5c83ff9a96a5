"""Faults of messages, processes, clocks, bodies and people, as parts of a scenario. Each kind is one class.

They act like those of `sim.scenario_faults`: `happen` makes it so at the time `at`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from fleet_manager.domain import events as e
from fleet_manager.domain.errors import WardFleetError
from fleet_manager.domain.events import Recorded
from fleet_manager.domain.state import Changed
from fleet_manager.domain.tasks import Actor, TaskId
from fleet_manager.orchestration.commands import (
    CancelTask,
    ChangeRobot,
    RobotAction,
    SendPorter,
    StartClosure,
    UserCommand,
)
from maps.model import DoorId, LaneId, LevelId, LiftId, RobotId
from sim import faults
from sim.crashes import Moment
from sim.scenario_fields import ClockTime, DoorName, LaneName, LevelName, LiftName, Minutes, Part, RobotName
from sim.stage import Stage

_OPERATOR = Actor(id="operator-1", role="operator")
_NURSE = Actor(id="nurse-2", role="nurse")

Seconds: TypeAlias = Annotated[float, Field(ge=0, le=3600)]


# --- messages and processes --------------------------------------------------------------------------------


class NetworkParted(Part):
    """No message comes through, and nobody is told."""

    kind: Literal["network_parted"] = "network_parted"
    at: ClockTime
    robot: RobotName
    minutes: Minutes

    def happen(self, stage: Stage) -> None:
        faults.network_parted(stage.hospital.network, RobotId(self.robot), seconds=self.minutes * 60.0)
        stage.tell(f"{self.robot} is out of reach for {self.minutes:g} min", self.robot)


class NetworkRough(Part):
    """Messages are late, some come twice, and those of which only the newest counts change places."""

    kind: Literal["network_rough"] = "network_rough"
    at: ClockTime
    robot: RobotName
    late_seconds: Seconds = 2.0
    minutes: Minutes

    def happen(self, stage: Stage) -> None:
        rng = stage.rng(f"network of {self.robot} at {self.at}")
        seconds = self.minutes * 60.0
        faults.network_rough(stage.hospital.network, RobotId(self.robot), rng, late=self.late_seconds, seconds=seconds)
        stage.tell(f"the network of {self.robot} is rough for {self.minutes:g} min", self.robot)


class ConnectionBroken(Part):
    """Messages under way are lost; both sides notice."""

    kind: Literal["connection_broken"] = "connection_broken"
    at: ClockTime
    robot: RobotName

    def happen(self, stage: Stage) -> None:
        faults.connection_broken(stage.hospital.network, RobotId(self.robot))
        stage.tell(f"the connection of {self.robot} breaks", self.robot)


class AgentRestarted(Part):
    """The process of the robot's agent ends, and a new one begins that remembers nothing."""

    kind: Literal["agent_restarted"] = "agent_restarted"
    at: ClockTime
    robot: RobotName

    def happen(self, stage: Stage) -> None:
        stage.run(stage.hospital.restart_agent(RobotId(self.robot)))
        stage.tell(f"the agent of {self.robot} restarts", self.robot)


class ManagerCrash(Part):
    """The manager dies at its next commit, and another one takes up what is stored."""

    kind: Literal["manager_crash"] = "manager_crash"
    at: ClockTime
    moment: Moment = Moment.STORED
    down_seconds: Seconds = 1.0

    def happen(self, stage: Stage) -> None:
        stage.hospital.crash(self.moment, self.down_seconds)
        stage.tell(f"the manager dies at its next commit ({self.moment}), for {self.down_seconds:g} s")


class ClockJump(Part):
    """Somebody sets the manager's clock."""

    kind: Literal["clock_jump"] = "clock_jump"
    at: ClockTime
    seconds: Annotated[float, Field(ge=-86_400, le=86_400)]

    def happen(self, stage: Stage) -> None:
        stage.hospital.wall_clock.jump(self.seconds)
        stage.tell(f"the manager's clock is set by {self.seconds:g} s")


# --- bodies and building -----------------------------------------------------------------------------------


class LocalisationLost(Part):
    """The robot takes itself to be (dx, dy) m from where it is; it notices after `unnoticed_seconds` and stands."""

    kind: Literal["localisation_lost"] = "localisation_lost"
    at: ClockTime
    robot: RobotName
    dx: float = 0.0
    dy: float = 1.0
    unnoticed_seconds: Seconds = 0.0
    minutes: Minutes

    def happen(self, stage: Stage) -> None:
        robot, seconds = RobotId(self.robot), self.minutes * 60.0
        faults.robot_drifts(stage.world, robot, self.dx, self.dy, unnoticed=self.unnoticed_seconds, seconds=seconds)
        stage.tell(f"{robot} is lost for {self.minutes:g} min", robot)


class EstopPressed(Part):
    kind: Literal["estop_pressed"] = "estop_pressed"
    at: ClockTime
    robot: RobotName
    minutes: Minutes

    def happen(self, stage: Stage) -> None:
        faults.estop_pressed(stage.world, RobotId(self.robot), seconds=self.minutes * 60.0)
        stage.tell(f"somebody presses the button of {self.robot} for {self.minutes:g} min", self.robot)


class BatterySags(Part):
    """The battery loses `share` of its capacity's worth of charge at once."""

    kind: Literal["battery_sags"] = "battery_sags"
    at: ClockTime
    robot: RobotName
    share: Annotated[float, Field(gt=0, le=1)]

    def happen(self, stage: Stage) -> None:
        faults.battery_sags(stage.world, RobotId(self.robot), self.share)
        stage.tell(f"the battery of {self.robot} sags by {self.share:.0%}", self.robot)


class DoorSlow(Part):
    kind: Literal["door_slow"] = "door_slow"
    at: ClockTime
    door: DoorName
    speed_share: Annotated[float, Field(gt=0, le=1)] = 0.1
    minutes: Minutes

    def happen(self, stage: Stage) -> None:
        faults.door_slow(stage.world, DoorId(self.door), self.speed_share, seconds=self.minutes * 60.0)
        stage.tell(f"door {self.door} is slow for {self.minutes:g} min", self.door)


class LiftFull(Part):
    """People are in the car the next `times` it opens at a level."""

    kind: Literal["lift_full"] = "lift_full"
    at: ClockTime
    lift: LiftName
    level: LevelName
    to: LevelName
    times: Annotated[int, Field(ge=1, le=20)] = 1

    def happen(self, stage: Stage) -> None:
        level, to = LevelId(self.level), LevelId(self.to)
        faults.people_fill_lift(stage.world, LiftId(self.lift), at=level, to=to, times=self.times)
        stage.tell(f"people fill lift {self.lift} at {self.level}", self.lift)


# --- people ------------------------------------------------------------------------------------------------


class NurseAbsent(Part):
    """Nobody comes for the next hand-overs that fall due."""

    kind: Literal["nurse_absent"] = "nurse_absent"
    at: ClockTime
    times: Annotated[int, Field(ge=1, le=20)] = 1

    def happen(self, stage: Stage) -> None:
        stage.hospital.nurses.stay_away(self.times)
        stage.tell("nobody comes for a hand-over")


class WrongCompartment(Part):
    """Somebody opens a compartment that nobody offered, and closes it again."""

    kind: Literal["wrong_compartment"] = "wrong_compartment"
    at: ClockTime
    robot: RobotName
    compartment: str
    minutes: Minutes

    def happen(self, stage: Stage) -> None:
        robot, seconds = RobotId(self.robot), self.minutes * 60.0
        faults.compartment_opened_by_hand(stage.world, robot, self.compartment, seconds=seconds)
        stage.tell(f"somebody opens {self.compartment} of {robot}", robot)


class TaskCancelled(Part):
    """Somebody cancels a task just when the `event`th event about it is stored, once it is `at`.

    `task` counts the tasks in the order in which they were asked for, from 1.
    """

    kind: Literal["task_cancelled"] = "task_cancelled"
    at: ClockTime
    task: Annotated[int, Field(ge=1)]
    event: Annotated[int, Field(ge=1)] = 1

    def happen(self, stage: Stage) -> None:
        def cancel(task: TaskId) -> None:
            stage.tell(f"somebody cancels {task}", task)
            stage.run(_insist(stage, CancelTask(actor=_NURSE, task=task, reason="not needed any more")))

        _at_event(stage, self.task, self.event, cancel)


class PorterSent(Part):
    """Somebody has a person do a task just when the `event`th event about it is stored, once it is `at`.

    `task` counts as for `task_cancelled`.
    """

    kind: Literal["porter_sent"] = "porter_sent"
    at: ClockTime
    task: Annotated[int, Field(ge=1)]
    event: Annotated[int, Field(ge=1)] = 1

    def happen(self, stage: Stage) -> None:
        def send(task: TaskId) -> None:
            stage.tell(f"somebody sends a porter for {task}", task)
            stage.run(_insist(stage, SendPorter(actor=_NURSE, task=task)))

        _at_event(stage, self.task, self.event, send)


def _at_event(stage: Stage, number: int, wanted: int, act: Callable[[TaskId], None]) -> None:
    """Act at the `wanted`th event about the task of that number."""
    task = TaskId(f"T{number:05d}")
    mission: dict[str, None] = {}
    seen = 0

    def watch(events: Sequence[Recorded], _changed: Changed) -> None:
        nonlocal seen
        for recorded in events:
            event = recorded.event
            if isinstance(event, e.TaskAssigned) and event.task == task:
                mission[event.mission.id] = None
            about = getattr(event, "task", None) == task or getattr(event, "mission", None) in mission
            seen += about
            if about and seen == wanted:
                act(task)

    stage.hospital.on_stored.append(watch)


async def _insist(stage: Stage, command: UserCommand) -> None:
    """What is refused was not possible any more."""
    try:
        await asyncio.sleep(0.0)
        await stage.hospital.insist(command)
    except WardFleetError:
        return


class RobotStopped(Part):
    """An operator pauses a robot, or takes it out of service, and lets it go on `minutes` later."""

    kind: Literal["robot_stopped"] = "robot_stopped"
    at: ClockTime
    robot: RobotName
    action: Literal[RobotAction.PAUSE, RobotAction.OUT_OF_SERVICE] = RobotAction.PAUSE
    minutes: Minutes

    def happen(self, stage: Stage) -> None:
        stage.tell(f"an operator gives {self.robot} the order {self.action}", self.robot)
        stage.run(self._stop(stage))

    async def _stop(self, stage: Stage) -> None:
        ends = {RobotAction.PAUSE: RobotAction.RESUME, RobotAction.OUT_OF_SERVICE: RobotAction.RETURN_TO_SERVICE}
        await stage.hospital.insist(ChangeRobot(actor=_OPERATOR, robot=RobotId(self.robot), action=self.action))
        await asyncio.sleep(self.minutes * 60.0)
        stage.tell(f"an operator gives {self.robot} the order {ends[self.action]}", self.robot)
        await stage.hospital.insist(ChangeRobot(actor=_OPERATOR, robot=RobotId(self.robot), action=ends[self.action]))


class LaneClosed(Part):
    """Somebody closes a lane in the console, both ways."""

    kind: Literal["lane_closed"] = "lane_closed"
    at: ClockTime
    lane: LaneName
    minutes: Minutes

    def happen(self, stage: Stage) -> None:
        stage.tell(f"somebody closes lane {self.lane} for {self.minutes:g} min", self.lane)
        stage.run(self._close(stage))

    async def _close(self, stage: Stage) -> None:
        lane = stage.site.lanes[LaneId(self.lane)]
        both = tuple(
            other.id for other in stage.site.lanes.values() if {other.start, other.end} == {lane.start, lane.end}
        )
        until = stage.hospital.manager_clock.now() + timedelta(minutes=self.minutes)
        command = StartClosure(actor=_OPERATOR, lanes=both, until=until, reason="the floor is wet")
        try:
            await stage.hospital.insist(command)
        except WardFleetError:
            return


Mishap: TypeAlias = (
    RobotStopped
    | LaneClosed
    | NetworkParted
    | NetworkRough
    | ConnectionBroken
    | AgentRestarted
    | ManagerCrash
    | ClockJump
    | LocalisationLost
    | EstopPressed
    | BatterySags
    | DoorSlow
    | LiftFull
    | NurseAbsent
    | WrongCompartment
    | TaskCancelled
    | PorterSent
)
