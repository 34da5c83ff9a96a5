"""What must hold where is sprayed: nobody but the sprayer is there, until it may be entered again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shapely.geometry import Point, Polygon
from shapely.prepared import PreparedGeometry, prep

from fleet_manager.domain.events import Recorded
from fleet_manager.domain.state import Changed
from maps.model import RobotId, SprayAgentId, ZoneId
from sim.scene import Invariant, Scene


@dataclass(slots=True)
class _Sprayed:
    """`until` is when it may be entered again, by the manager's clock; `own` are the sprayers that are in it."""

    until: datetime
    own: dict[RobotId, None] = field(default_factory=dict)


class NobodyInTheSpray(Invariant):
    """No robot but its sprayer is in an area that is sprayed, and none comes in before its re-entry time is over.

    It goes by where bodies and sprayers truly are. A sprayer that was cleared to go there before its task was taken
    from it ends its way there. People in an area are the business of `LampShinesOnNobody`.
    """

    name = "no robot in an area that is sprayed"

    def __init__(self) -> None:
        self._sprayed: dict[ZoneId, _Sprayed] = {}
        self._sent: dict[RobotId, tuple[str, ZoneId]] = {}
        self._shapes: dict[ZoneId, PreparedGeometry[Polygon]] = {}

    def settled(self, scene: Scene, events: Sequence[Recorded], changed: Changed) -> str | None:
        now = events[-1].time
        for robot in scene.ground:
            drive, zone = scene.state.robots[robot].drive, _treats(scene, robot)
            if drive is not None and zone is not None:
                self._sent[robot] = (drive.id, zone)
        for robot, where, agent in _spraying(scene):
            until = now + timedelta(seconds=scene.site.spray_agents[agent].reentry_time)
            known = self._sprayed.setdefault(where, _Sprayed(until))
            known.until = until
            known.own[robot] = None
        for zone, sprayed in tuple(self._sprayed.items()):
            inside = dict.fromkeys(self._inside(scene, zone))
            at_work = [robot for robot in inside if self._works_in(scene, robot) == zone]
            sprayed.own = dict.fromkeys([*(robot for robot in sprayed.own if robot in inside), *at_work])
            stranger = next((robot for robot in inside if robot not in sprayed.own), None)
            if now >= sprayed.until:
                del self._sprayed[zone]
            elif stranger is not None:
                return f"{stranger} is in {zone}, which was sprayed and may be entered at {sprayed.until:%H:%M:%S}"
        return None

    def _works_in(self, scene: Scene, robot: RobotId) -> ZoneId | None:
        """Where it treats, or was sent to treat before its task was taken from it."""
        drive, (sent, zone) = scene.state.robots[robot].drive, self._sent.get(robot, ("", None))
        return _treats(scene, robot) or (zone if drive is not None and drive.id == sent else None)

    def _inside(self, scene: Scene, zone_id: ZoneId) -> Iterator[RobotId]:
        zone = scene.site.zones[zone_id]
        shape = self._shapes.setdefault(zone_id, prep(Polygon(zone.polygon)))
        now = scene.world.loop.time()
        for body in scene.world.bodies.values():
            if body.level == zone.level and shape.contains(Point(body.pose(now)[:2])):
                yield body.robot


def _spraying(scene: Scene) -> Iterator[tuple[RobotId, ZoneId, SprayAgentId]]:
    """The robots whose sprayers are on, where, and with what."""
    for robot in scene.ground:
        state = scene.state.robots[robot]
        if scene.site.fleets[state.fleet].sprayer is None or not scene.world.is_on(robot):
            continue
        for zone in scene.world.rooms.watched_by(robot):
            agents = (t.treatment.agent for t in scene.state.treatments.values() if t.treatment.zone == zone)
            agent = next((agent for agent in agents if agent is not None), None)
            yield robot, zone, agent or next(iter(scene.site.spray_agents))


def _treats(scene: Scene, robot: RobotId) -> ZoneId | None:
    """The zone that a robot works for."""
    task = scene.state.task_of(scene.state.robots[robot])
    return task.treatment.zone if task is not None and task.treatment is not None else None
