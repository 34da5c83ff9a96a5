"""The faults of a scenario: what goes wrong at which time. Each kind is one class; `happen` makes it so.

A new kind is a class here and a member of `Fault`.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from maps.model import CrossingId, DoorId, LaneId, LiftId, RobotId, WaypointId
from sim import faults
from sim.scenario_fields import (
    AlarmPlaceName,
    ClockTime,
    CrossingName,
    DoorName,
    LaneName,
    LiftName,
    Minutes,
    Part,
    PlaceName,
    RobotName,
)
from sim.stage import Stage


class DoorStuck(Part):
    """The door's leaves stay where they are."""

    kind: Literal["door_stuck"] = "door_stuck"
    at: ClockTime
    door: DoorName
    minutes: Minutes

    def happen(self, stage: Stage) -> None:
        faults.door_stuck(stage.world, DoorId(self.door), seconds=self.minutes * 60.0)
        stage.tell(f"door {self.door} is stuck for {self.minutes:g} min", self.door)


class LiftStuck(Part):
    """The car ends its movement and answers no call; the lift says that it is out of order."""

    kind: Literal["lift_stuck"] = "lift_stuck"
    at: ClockTime
    lift: LiftName
    minutes: Minutes

    def happen(self, stage: Stage) -> None:
        faults.lift_stuck(stage.world, LiftId(self.lift), seconds=self.minutes * 60.0)
        stage.tell(f"lift {self.lift} is out of order for {self.minutes:g} min", self.lift)


class LiftSilent(Part):
    """The lift's controller is down: the car stays, and nothing is told of it."""

    kind: Literal["lift_silent"] = "lift_silent"
    at: ClockTime
    lift: LiftName
    minutes: Minutes

    def happen(self, stage: Stage) -> None:
        faults.lift_silent(stage.world, LiftId(self.lift), seconds=self.minutes * 60.0)
        stage.tell(f"the controller of lift {self.lift} is down for {self.minutes:g} min", self.lift)


class CrossingSilent(Part):
    """The controller of a crossing's signal hears and tells nothing; its lights go on as before."""

    kind: Literal["crossing_silent"] = "crossing_silent"
    at: ClockTime
    crossing: CrossingName
    minutes: Minutes

    def happen(self, stage: Stage) -> None:
        faults.crossing_silent(stage.world, CrossingId(self.crossing), seconds=self.minutes * 60.0)
        stage.tell(f"the signal of {self.crossing} is silent for {self.minutes:g} min", self.crossing)


class Fire(Part):
    """The fire alarm goes off in a zone, a building or on a level, until somebody resets it."""

    kind: Literal["fire"] = "fire"
    at: ClockTime
    place: AlarmPlaceName
    minutes: Minutes

    def happen(self, stage: Stage) -> None:
        faults.fire(stage.world, self.place, seconds=self.minutes * 60.0)
        stage.tell(f"fire alarm in {self.place} for {self.minutes:g} min", self.place)


class Spot(Part):
    """Where something stands in the way: a lane, or half way between two places as robots drive there."""

    lane: LaneName | None = None
    way: tuple[PlaceName, PlaceName] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Spot:
        if (self.lane is None) is (self.way is None):
            raise ValueError("name either a lane, or a way such as [pharmacy, ward_1a]")
        return self

    def lane_of(self, stage: Stage) -> LaneId:
        if self.way is not None:
            return stage.lane_on_way(self.way)
        assert self.lane is not None
        return LaneId(self.lane)


class LaneObstructed(Spot):
    """Something stands in the way, for both directions."""

    kind: Literal["lane_obstructed"] = "lane_obstructed"
    at: ClockTime
    what: str = "something in the way"
    minutes: Minutes

    def happen(self, stage: Stage) -> None:
        lane = self.lane_of(stage)
        faults.lane_obstructed(stage.world, lane, self.what, seconds=self.minutes * 60.0)
        stage.tell(f"{self.what} on lane {lane} for {self.minutes:g} min", lane)


class RobotDead(Part):
    """The robot stops hard and is silent; after `minutes` somebody restarts it, without them nobody does."""

    kind: Literal["robot_dead"] = "robot_dead"
    at: ClockTime
    robot: RobotName
    minutes: Minutes | None = None

    def happen(self, stage: Stage) -> None:
        robot = RobotId(self.robot)
        faults.robot_dead(stage.world, robot)
        stage.tell(f"{robot} breaks down", robot)
        if self.minutes is not None:
            stage.world.loop.call_later(self.minutes * 60.0, self._revive, stage)

    def _revive(self, stage: Stage) -> None:
        faults.robot_revived(stage.world, RobotId(self.robot))
        stage.tell(f"{self.robot} is restarted", self.robot)


class RobotFailing(Part):
    """The robot reports an error and stands until it is over."""

    kind: Literal["robot_failing"] = "robot_failing"
    at: ClockTime
    robot: RobotName
    reason: str = "sensor fault"
    minutes: Minutes

    def happen(self, stage: Stage) -> None:
        faults.robot_failing(stage.world, RobotId(self.robot), self.reason, seconds=self.minutes * 60.0)
        stage.tell(f"{self.robot} fails for {self.minutes:g} min: {self.reason}", self.robot)


class RobotSlow(Part):
    """The robot drives at only a share of its speed; without `minutes` until the end."""

    kind: Literal["robot_slow"] = "robot_slow"
    at: ClockTime
    robot: RobotName
    speed_share: Annotated[float, Field(gt=0, le=1)] = 0.3
    minutes: Minutes | None = None

    def happen(self, stage: Stage) -> None:
        robot = RobotId(self.robot)
        stage.slow(robot, "fault", self.speed_share)
        stage.tell(f"{robot} drives at {self.speed_share:.0%} of its speed", robot)
        if self.minutes is not None:
            stage.world.loop.call_later(self.minutes * 60.0, stage.slow, robot, "fault", 1.0)


class PutBack(Part):
    """Somebody brings the robot to a place and gives it back, whatever befell it."""

    kind: Literal["put_back"] = "put_back"
    at: ClockTime
    robot: RobotName
    place: PlaceName

    def happen(self, stage: Stage) -> None:
        faults.put_back(stage.world, RobotId(self.robot), WaypointId(self.place))
        stage.tell(f"somebody brings {self.robot} to {self.place} and gives it back", self.robot)


Fault: TypeAlias = Annotated[
    DoorStuck
    | LiftStuck
    | LiftSilent
    | CrossingSilent
    | Fire
    | LaneObstructed
    | RobotDead
    | RobotFailing
    | RobotSlow
    | PutBack,
    Field(discriminator="kind"),
]
