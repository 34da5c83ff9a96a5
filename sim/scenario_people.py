"""The people of a scenario: crowds, beds, passengers of lifts, and those who touch the robots."""

from __future__ import annotations

import math
from functools import partial
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field
from shapely.geometry import Point, Polygon
from shapely.prepared import prep

from maps.model import LevelId, LiftId, RobotId, ZoneId
from sim import faults, people
from sim.attendant import Attendant
from sim.passengers import Passengers
from sim.port import BodyEvent, ModeChanged, Passed, Place
from sim.scenario_faults import Spot
from sim.scenario_fields import ClockTime, LevelName, LiftName, Minutes, Part, RobotName, ZoneName
from sim.scenario_rooms import LampCheck, RoomVisitor
from sim.scenario_screening import Passer, ScreeningPost
from sim.scenario_voices import Dawdler, Sleepers
from sim.stage import Stage

_STANDING: Final = 8.0
"""Seconds that somebody stands in a robot's way, median of a lognormal distribution (sigma 0.5)."""


class Findings(Part):
    """Who loads and unloads finds a share of the items short, damaged or not wanted; as often a wrong PIN is typed."""

    kind: Literal["findings"] = "findings"
    share: Annotated[float, Field(gt=0, le=1)]

    def enter(self, stage: Stage, number: int) -> None:
        stage.hospital.nurses.findings = people.Findings(stage.rng(f"findings {number}"), self.share)


class Crowd(Part):
    """Visitors in a zone: robots there drive at a share of their speed, and people stand in their way.

    `in_the_way` counts how often per hour somebody stands on some lane of the zone, for about 8 seconds.
    """

    kind: Literal["crowd"] = "crowd"
    zone: ZoneName
    begin: ClockTime | None = None
    until: ClockTime | None = None
    speed_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    in_the_way: Annotated[float, Field(ge=0, le=3600)] = 30.0

    def enter(self, stage: Stage, number: int) -> None:
        start, end = stage.span(self.begin, self.until)
        stage.after(start, _CrowdThere(self, stage, number, end).come)
        stage.after(start, stage.tell, f"visitors crowd {self.zone}", self.zone)
        stage.after(end, stage.tell, f"the visitors in {self.zone} are gone", self.zone)


class _CrowdThere:
    """A crowd while it is there, until `end` (s of the loop)."""

    def __init__(self, crowd: Crowd, stage: Stage, number: int, end: float) -> None:
        self._crowd = crowd
        self._stage = stage
        self._cause = f"crowd {number}"
        self._rng = stage.rng(self._cause)
        self._end = end
        zone = stage.site.zones[ZoneId(crowd.zone)]
        waypoints = stage.waypoints_in(zone.id)
        self._lanes = [
            lane.id
            for lane in stage.site.lanes.values()
            if lane.door is None and lane.start in waypoints and lane.end in waypoints
        ]
        self._area = prep(Polygon(zone.polygon))
        self._level = zone.level
        self._slowed: dict[RobotId, None] = {}

    def come(self) -> None:
        for robot in self._stage.world.bodies:
            self._stage.world.subscribe(robot, partial(self._moved, robot))
            self._meet(robot)
        self._stage.after(self._end, self._go)
        self._next()

    def _go(self) -> None:
        for robot in self._slowed:
            self._stage.slow(robot, self._cause, 1.0)
        self._slowed = {}

    def _moved(self, robot: RobotId, event: BodyEvent) -> None:
        if isinstance(event, Passed | ModeChanged) and self._stage.world.loop.time() < self._end:
            self._stage.world.loop.call_soon(self._meet, robot)

    def _meet(self, robot: RobotId) -> None:
        place = self._stage.world.state(robot).place
        inside = place.level == self._level and self._area.intersects(Point(place.x, place.y))
        if inside and robot not in self._slowed:
            self._slowed[robot] = None
            self._stage.slow(robot, self._cause, self._crowd.speed_share)
        elif not inside and robot in self._slowed:
            del self._slowed[robot]
            self._stage.slow(robot, self._cause, 1.0)

    def _next(self) -> None:
        """The next one who stands in the way, after an exponential while."""
        if self._crowd.in_the_way > 0.0 and self._lanes:
            self._stage.world.loop.call_later(self._rng.expovariate(self._crowd.in_the_way / 3600.0), self._step_in)

    def _step_in(self) -> None:
        if self._stage.world.loop.time() >= self._end:
            return
        lane = self._rng.choice(self._lanes)
        seconds = _STANDING * math.exp(self._rng.gauss(0.0, 0.5))
        faults.lane_obstructed(self._stage.world, lane, "a visitor in the way", seconds=seconds)
        self._next()


class Bed(Spot):
    """A bed stands in a corridor and nothing gets past it."""

    kind: Literal["bed"] = "bed"
    at: ClockTime
    minutes: Minutes

    def enter(self, stage: Stage, number: int) -> None:
        stage.at(self.at, self._stand, stage)

    def _stand(self, stage: Stage) -> None:
        lane = self.lane_of(stage)
        faults.lane_obstructed(stage.world, lane, "a bed", seconds=self.minutes * 60.0)
        stage.tell(f"a bed stands on lane {lane} for {self.minutes:g} min", lane)


class LiftPassengers(Part):
    """From a time on people fill the car the next `times` that it opens at a level, and ride to another."""

    kind: Literal["lift_passengers"] = "lift_passengers"
    at: ClockTime
    lift: LiftName
    level: LevelName
    to: LevelName
    times: Annotated[int, Field(ge=1, le=100)] = 1

    def enter(self, stage: Stage, number: int) -> None:
        stage.at(self.at, self._wait, stage)

    def _wait(self, stage: Stage) -> None:
        lift = LiftId(self.lift)
        faults.people_fill_lift(stage.world, lift, at=LevelId(self.level), to=LevelId(self.to), times=self.times)
        stage.tell(f"people wait for lift {lift} at {self.level} and fill it {_times(self.times)}", lift)


class LiftCalls(Part):
    """People call a lift and ride between two of its levels, `per_hour` on average; robots wait for their turn."""

    kind: Literal["lift_calls"] = "lift_calls"
    lift: LiftName
    begin: ClockTime | None = None
    until: ClockTime | None = None
    per_hour: Annotated[float, Field(gt=0, le=600)] = 30.0

    def enter(self, stage: Stage, number: int) -> None:
        start, end = stage.span(self.begin, self.until)
        passengers = Passengers(stage.world, LiftId(self.lift), stage.rng(f"passengers {number}"))
        stage.after(start, passengers.ride_until, end, self.per_hour)


class PushAside(Part):
    """Somebody pushes the robot out of the way; after some minutes it is put back where it had last passed."""

    kind: Literal["push_aside"] = "push_aside"
    at: ClockTime
    robot: RobotName
    metres: Annotated[float, Field(gt=0, le=10)] = 0.5
    minutes: Minutes

    def enter(self, stage: Stage, number: int) -> None:
        stage.at(self.at, self._push, stage)

    def _push(self, stage: Stage) -> None:
        robot = RobotId(self.robot)
        place = stage.world.state(robot).place
        sideways = place.yaw + math.pi / 2.0
        x, y = place.x + self.metres * math.cos(sideways), place.y + self.metres * math.sin(sideways)
        faults.pushed_aside(stage.world, robot, Place(place.level, x, y, place.yaw))
        stage.tell(f"somebody pushes {robot} {self.metres:g} m aside", robot)
        stage.world.loop.call_later(self.minutes * 60.0, self._give_back, stage)

    def _give_back(self, stage: Stage) -> None:
        robot = RobotId(self.robot)
        passed = stage.hospital.manager.state.robots[robot].waypoint
        if passed is not None:
            faults.put_back(stage.world, robot, passed)
            stage.tell(f"somebody puts {robot} back at {passed} and gives it back", robot)


class PressEstop(Part):
    """Somebody presses the robot's emergency stop, and releases it after some minutes."""

    kind: Literal["press_estop"] = "press_estop"
    at: ClockTime
    robot: RobotName
    minutes: Minutes

    def enter(self, stage: Stage, number: int) -> None:
        stage.at(self.at, self._press, stage)

    def _press(self, stage: Stage) -> None:
        faults.estop_pressed(stage.world, RobotId(self.robot), seconds=self.minutes * 60.0)
        stage.tell(f"somebody presses the e-stop of {self.robot} for {self.minutes:g} min", self.robot)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


People: TypeAlias = Annotated[
    Crowd
    | Bed
    | LiftPassengers
    | LiftCalls
    | PushAside
    | PressEstop
    | Findings
    | ScreeningPost
    | Passer
    | LampCheck
    | RoomVisitor
    | Sleepers
    | Dawdler
    | Attendant,
    Field(discriminator="kind"),
]
