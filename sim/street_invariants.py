"""What must hold in streets: nobody is sent into one, or found in one, while the signal is red."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import hypot

from fleet_manager.domain import events as e
from fleet_manager.domain.events import Recorded
from fleet_manager.domain.state import Changed
from fleet_manager.planning.crossings import MARGIN, crossing_time
from maps.model import Crossing, Lane, RobotId, Site
from sim.bodies import Body
from sim.port import BodyMode
from sim.scene import Invariant, Scene
from sim.world import World

_AT_KERB = 0.6
"""Metres from a kerb within which a body still waits at it."""


class NeverInTheStreetOnRed(Invariant):
    """A robot is cleared onto a crossing only when the true green lasts, and is in the street only while it does.

    Who was stopped on its way across, by hand or by a fault, is excused until it is out of the street.
    """

    name = "never in the street on red"

    def __init__(self) -> None:
        self._excused: dict[RobotId, None] = {}

    def each(self, scene: Scene, recorded: Recorded) -> str | None:
        event = recorded.event
        if not isinstance(event, e.RouteAllocated) or scene.before is None or scene.before.drive is None:
            return None
        drive = scene.state.robots[event.robot].drive
        if drive is None:
            return None
        cleared = (n for n in drive.nodes if scene.before.drive.cleared_to < n.sequence <= event.cleared_to)
        for node in cleared:
            lane = scene.site.lanes[node.lane] if node.lane is not None else None
            if lane is None or lane.crossing is None:
                continue
            fleet = scene.site.fleets[scene.state.robots[event.robot].fleet]
            left = scene.world.crossings[lane.crossing].state.remaining
            if left < crossing_time(lane, fleet) - MARGIN:
                return f"{event.robot} is sent over {lane.crossing} with {left:.1f} s of green"
        return None

    def settled(self, scene: Scene, events: Sequence[Recorded], changed: Changed) -> str | None:
        found = list(in_streets(scene.site, scene.world))
        stopped = [b.robot for b, _ in found if b.mode is not BodyMode.AUTOMATIC or b.paused]
        here = [body.robot for body, _ in found]
        self._excused = dict.fromkeys([*(robot for robot in self._excused if robot in here), *stopped])
        for body, crossing in found:
            if not scene.world.crossings[crossing.id].green and body.robot not in self._excused:
                return f"{body.robot} is in the street at {crossing.id}, and its signal is red"
        return None


def in_streets(site: Site, world: World) -> Iterator[tuple[Body, Crossing]]:
    """The bodies that are between the kerbs of a crossing now."""
    lanes = [lane for lane in site.lanes.values() if lane.crossing is not None and lane.start < lane.end]
    now = world.loop.time()
    for body in world.bodies.values() if lanes else ():
        x, y = body.pose(now)[:2]
        for lane in lanes:
            if site.waypoints[lane.start].level == body.level and _between(site, lane, x, y):
                assert lane.crossing is not None
                yield body, site.crossings[lane.crossing]


def _between(site: Site, lane: Lane, x: float, y: float) -> bool:
    start, end = site.waypoints[lane.start], site.waypoints[lane.end]
    dx, dy = (end.x - start.x) / lane.length, (end.y - start.y) / lane.length
    along = (x - start.x) * dx + (y - start.y) * dy
    aside = hypot(x - start.x - along * dx, y - start.y - along * dy)
    return _AT_KERB < along < lane.length - _AT_KERB and aside <= lane.width
