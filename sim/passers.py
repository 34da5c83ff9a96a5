"""People who walk past robots, as an infrared and a daylight camera see them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin
from typing import Final

import shapely

from maps.model import LevelId, RobotId, Site
from sim.port import BodyEvent, PeopleSeen, Place, SeenPerson

SIGHT: Final = 20.0
"""Metres that the cameras reach; what counts of that is for the agent to say."""

PERIOD: Final = 0.1
WALKING: Final = 1.2
_AHEAD: Final = 12.0
"""Metres before and behind the robot between which somebody passes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walker:
    """Somebody who walks straight from `start` to `goal` (m, site frame) at `speed` (m/s), and is gone then."""

    level: LevelId
    start: tuple[float, float]
    goal: tuple[float, float]
    temperature: float
    mask: bool
    speed: float = WALKING


class Passers:
    """Nothing happens while nobody walks or no robot looks. Walls hide people; robots and other people do not."""

    def __init__(
        self,
        site: Site,
        loop: asyncio.AbstractEventLoop,
        tell: Callable[[RobotId, BodyEvent], None],
        place_of: Callable[[RobotId], Place],
    ) -> None:
        self._site = site
        self._loop = loop
        self._tell = tell
        self._place_of = place_of
        self._walkers: dict[str, tuple[Walker, float]] = {}
        self._watching: dict[RobotId, None] = {}
        self._walls: dict[LevelId, shapely.MultiLineString] = {}
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def walk(self, walker: Walker) -> str:
        """Somebody begins to walk; answers the number that cameras give them."""
        self._count += 1
        person = f"p{self._count}"
        self._walkers[person] = (walker, self._loop.time())
        self._wake()
        return person

    def pass_by(self, robot: RobotId, *, temperature: float, mask: bool = True, aside: float = 1.5) -> str:
        """Somebody comes towards a robot from where it sees farthest, ahead if it can, and passes it at `aside` m."""
        place = self._place_of(robot)
        yaw = max((place.yaw + turn * pi / 8.0 for turn in range(16)), key=lambda yaw: self._sight(place, yaw))
        side = yaw + pi / 2.0
        x, y = place.x + aside * cos(side), place.y + aside * sin(side)
        dx, dy = _AHEAD * cos(yaw), _AHEAD * sin(yaw)
        return self.walk(
            Walker(
                level=place.level,
                start=(x + dx, y + dy),
                goal=(x - dx, y - dy),
                temperature=temperature,
                mask=mask,
            )
        )

    def watch(self, robot: RobotId, watched: bool) -> None:
        if watched:
            self._watching[robot] = None
            self._wake()
        else:
            self._watching.pop(robot, None)

    def watching(self) -> tuple[RobotId, ...]:
        """The robots that look at people now."""
        return tuple(self._watching)

    def _wake(self) -> None:
        if self._timer is None and self._watching and self._walkers:
            self._timer = self._loop.call_later(PERIOD, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._loop.time()
        for person, (walker, began) in tuple(self._walkers.items()):
            if _position(walker, now - began) is None:
                del self._walkers[person]
        for robot in tuple(self._watching):
            people = self._seen_by(self._place_of(robot), now)
            if people:
                self._tell(robot, PeopleSeen(people, now))
        self._wake()

    def _seen_by(self, place: Place, now: float) -> tuple[SeenPerson, ...]:
        found: list[SeenPerson] = []
        for person, (walker, began) in self._walkers.items():
            at = _position(walker, now - began)
            if at is None or walker.level != place.level:
                continue
            dx, dy = at[0] - place.x, at[1] - place.y
            distance = hypot(dx, dy)
            if distance <= SIGHT and not self._hidden(place, at):
                bearing = (atan2(dy, dx) - place.yaw + pi) % (2.0 * pi) - pi
                found.append(SeenPerson(person, walker.temperature, walker.mask, distance, bearing))
        return tuple(found)

    def _sight(self, place: Place, yaw: float) -> int:
        """Whole metres that a robot sees in a direction, up to where people come from."""
        x, y = cos(yaw), sin(yaw)
        reach = range(1, int(_AHEAD) + 1)
        return next((m - 1 for m in reach if self._hidden(place, (place.x + m * x, place.y + m * y))), int(_AHEAD))

    def _hidden(self, place: Place, at: tuple[float, float]) -> bool:
        walls = self._walls.get(place.level)
        if walls is None:
            walls = shapely.MultiLineString([list(wall) for wall in self._site.levels[place.level].walls])
            shapely.prepare(walls)
            self._walls[place.level] = walls
        return bool(walls.intersects(shapely.LineString([(place.x, place.y), at])))


def _position(walker: Walker, seconds: float) -> tuple[float, float] | None:
    """Where somebody is; None when they are gone."""
    (x0, y0), (x1, y1) = walker.start, walker.goal
    share = seconds * walker.speed / max(hypot(x1 - x0, y1 - y0), 1e-9)
    return (x0 + share * (x1 - x0), y0 + share * (y1 - y0)) if share <= 1.0 else None
