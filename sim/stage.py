"""Where a scenario's people and faults act: a running hospital, its times of day, and a record of what was done."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVarTuple

from shapely.geometry import Point, Polygon
from shapely.prepared import prep

from maps.model import LaneId, RobotId, Site, WaypointId, ZoneId
from sim.harness import Hospital
from sim.scenario_fields import seconds_after

Ts = TypeVarTuple("Ts")


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that people or faults did; `subjects` are the robots, lifts, doors and lanes it is about."""

    time: datetime
    text: str
    subjects: tuple[str, ...]


class Stage:
    """`begin` is the scenario's first time of day, `seconds` how long it lasts."""

    def __init__(self, hospital: Hospital, *, begin: str, seconds: float, seed: int) -> None:
        self.hospital = hospital
        self.world = hospital.world
        self.begin = begin
        self.seconds = seconds
        self.happenings: list[Happening] = []
        self._seed = seed
        self._slow: dict[RobotId, dict[str, float]] = {}
        self._under_way: set[asyncio.Task[object]] = set()
        self._loop = asyncio.get_running_loop()

    @property
    def site(self) -> Site:
        return self.hospital.site

    def rng(self, purpose: str) -> random.Random:
        return random.Random(f"{self._seed}/{purpose}")

    def span(self, begin: str | None, until: str | None) -> tuple[float, float]:
        """Seconds from the scenario's beginning; all of it where nothing is said."""
        start = 0.0 if begin is None else seconds_after(self.begin, begin)
        return start, self.seconds if until is None else seconds_after(self.begin, until)

    def at(self, clock: str, do: Callable[[*Ts], object], *arguments: *Ts) -> None:
        """Do it at a time of day."""
        self.after(seconds_after(self.begin, clock), do, *arguments)

    def after(self, seconds: float, do: Callable[[*Ts], object], *arguments: *Ts) -> None:
        """Do it so many seconds after the scenario's beginning."""
        self._loop.call_at(seconds, do, *arguments)

    def run(self, doing: Coroutine[Any, Any, object]) -> None:
        """Let it go on beside everything else, until it or the run ends."""
        task = self._loop.create_task(doing)
        self._under_way.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[object]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.result()

    def tell(self, text: str, *subjects: str) -> None:
        """Write down what happens now, for the story of a scenario."""
        self.happenings.append(Happening(self.hospital.clock.now(), text, subjects))

    def lane_on_way(self, way: tuple[str, str]) -> LaneId:
        """The lane half way (by length) between two places, as robots drive it. Raises LookupError without a way."""
        route = self.hospital.manager.route(*way, None)
        if route is None:
            raise LookupError(f"no robot may drive from {way[0]} to {way[1]}")
        between = {(lane.start, lane.end): lane for lane in self.site.lanes.values()}
        pairs = zip(route.waypoints, route.waypoints[1:], strict=False)
        lanes = [between[pair] for one, two in pairs if (pair := (WaypointId(one), WaypointId(two))) in between]
        rest = sum(lane.length for lane in lanes) / 2.0
        for lane in lanes:
            rest -= lane.length
            if rest <= 0.0:
                return lane.id
        raise LookupError(f"between {way[0]} and {way[1]} lies no lane")

    def waypoints_in(self, zone_id: ZoneId) -> frozenset[WaypointId]:
        """The waypoints that lie in a zone."""
        zone = self.site.zones[zone_id]
        area = prep(Polygon(zone.polygon))
        waypoints = self.site.waypoints.values()
        return frozenset(w.id for w in waypoints if w.level == zone.level and area.intersects(Point(w.xy)))

    def slow(self, robot: RobotId, cause: str, factor: float) -> None:
        """Let a robot drive with a share of its speed because of `cause`, 1.0 ends it; the slowest cause counts."""
        causes = self._slow.setdefault(robot, {})
        causes[cause] = factor
        self.world.body(robot).slow_down(min(causes.values()))
