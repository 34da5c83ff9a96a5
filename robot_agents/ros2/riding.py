"""A ride in a lift's car: be carried, take the other level's map, and find oneself on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import hypot
from typing import Final

from robot_agents.protocol import RouteNode
from robot_agents.ros2.goals import Failures, reason_of
from robot_agents.ros2.port import Ended, LoadMap, MapPose, Outcome, Position, Request, RideLift, RobotPort
from robot_agents.ros2.settings import RobotSettings

FOUND_WITHIN: Final = 1.0
"""Metres from where it was told to be within which the localisation has taken up the robot's new place."""

_TELL_AGAIN: Final = 3.0
"""Seconds after which the localisation is told once more."""


class _Step(StrEnum):
    CAR = "car"
    MAP = "map"
    PLACE = "place"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Ride:
    """From node `start` in the car to node `end`, where the robot will stand at `place`; it leaves the car to `out`.

    Both are in the map frame of the new level.
    """

    start: RouteNode
    end: RouteNode
    place: MapPose
    out: MapPose


class Riding:
    """One ride. `over` becomes True at its end; `failure` says why there is none. Times are loop time (s).

    The robot is there when the action `ride_lift` says so and the manager has cleared the node; for a robot that has no
    such action the clearance alone tells, as the manager gives it only while the car stands there with open doors.
    """

    def __init__(
        self, ride: Ride, port: RobotPort, ask: Callable[[Request], int], settings: RobotSettings, level: str | None
    ) -> None:
        self.ride = ride
        self.failure: str | None = None
        self._port = port
        self._ask = ask
        self._settings = settings
        self._step = _Step.CAR
        self._carried = level == ride.end.level
        self._cleared = False
        self._number: int | None = None
        self._failures = Failures()
        self._told_at: float | None = None

    @property
    def over(self) -> bool:
        return self._step is _Step.OVER

    @property
    def level_changed(self) -> bool:
        """Whether the robot has its new level's map."""
        return self._step in (_Step.PLACE, _Step.OVER)

    def go_on(self, now: float, cleared: bool) -> None:
        """Do what is next, unless something is awaited."""
        self._cleared = cleared
        if self._number is not None or self.failure is not None or now < self._failures.not_before:
            return
        if self._step is _Step.CAR and not self._carried:
            start, end = self.ride.start, self.ride.end
            self._number = self._ask(RideLift(end.lift or "", start.level, end.level, self.ride.out))
        elif self._step is _Step.CAR and cleared:
            self._step = _Step.MAP
            self.go_on(now, cleared)
        elif self._step is _Step.MAP:
            url = self._settings.map_url(self.ride.end.level)
            if url is not None:
                self._number = self._ask(LoadMap(url))
            else:
                self._place(now)
        elif self._step is _Step.PLACE and self._told_at is not None and now >= self._told_at + _TELL_AGAIN:
            self._failed("the localisation does not find the robot on the new level", now)
            if self.failure is None:
                self._place(now)

    def ended(self, ended: Ended, now: float) -> bool:
        """Whether this was about the ride."""
        if ended.number != self._number:
            return False
        self._number = None
        if ended.outcome is Outcome.NOT_OFFERED and self._step is _Step.CAR:
            self._carried = True
        elif ended.outcome is not Outcome.SUCCEEDED or ended.code != 0:
            what = f"the ride in lift {self.ride.end.lift}" if self._step is _Step.CAR else "the change of map"
            self._failed(reason_of(ended, what), now)
        elif self._step is _Step.CAR:
            self._carried = True
        else:
            self._place(now)
        return True

    def located(self, position: Position) -> None:
        """The localisation says where the robot is."""
        place = self.ride.place
        away = hypot(position.pose.x - place.x, position.pose.y - place.y)
        if self._step is _Step.PLACE and position.located and away <= FOUND_WITHIN:
            self._step = _Step.OVER

    def give_up(self) -> None:
        """The robot goes elsewhere."""
        if self._number is not None:
            self._port.cancel(self._number)

    def _place(self, now: float) -> None:
        self._step = _Step.PLACE
        self._told_at = now
        self._port.set_pose(self.ride.place)

    def _failed(self, reason: str, now: float) -> None:
        self._failures = self._failures.another(now, self._settings.first_retry, self._settings.last_retry)
        if self._failures.count >= self._settings.goal_attempts:
            self.failure = reason
