"""Cordons: an area that is sprayed is closed to all robots but the one that sprays it, and stays so while it is wet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Protocol

from fleet_manager.domain.closures import Area, Closure, ClosureKind
from fleet_manager.domain.robots import CommandKind, Robot
from fleet_manager.domain.tasks import FLEET_MANAGER, Actor, TaskId
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.planning.closed_ways import ClosedWays, ways_in
from maps.model import CarrierKind, RobotId, Site, SprayAgent, ZoneId

LOOK: Final = 5.0
"""Seconds between two looks at who is still inside, and whether a cordon is still needed."""

_OFF_THE_LANES: Final = (CommandKind.TREAT, CommandKind.STOP_TREATING)
"""A robot with one of these commands drives about in the area, where no traffic rule protects it."""


class Closing(Protocol):
    """What closes lanes and leads robots out of them."""

    def start(
        self,
        kind: ClosureKind,
        ways: ClosedWays,
        *,
        until: datetime | None,
        reason: str,
        area: Area | None,
        task: TaskId | None,
    ) -> Closure: ...

    def end(self, closure: Closure, actor: Actor) -> None: ...


class Cordons:
    def __init__(self, site: Site, ledger: Ledger, closures: Callable[[], Closing]) -> None:
        self._site = site
        self._ledger = ledger
        self._closures = closures

    def draw(self, zone_id: ZoneId, task: TaskId) -> None:
        """Close a zone to all robots but the one that sprays it for `task`: those inside leave."""
        if self._of(task) is None:
            self._close(zone_id, f"{self._name(zone_id)} is sprayed", until=None, task=task)
            self._ledger.set_timer("cordons", "all", LOOK)

    def stays_wet(self, zone_id: ZoneId, until: datetime) -> None:
        """Close a zone that was sprayed to all robots, until it may be entered again."""
        self._close(zone_id, f"{self._name(zone_id)} was sprayed", until=until)

    def stranger(self, task: TaskId, own: RobotId) -> RobotId | None:
        """A robot that is, or is on its way, where `own` wants to spray."""
        closure = self._of(task)
        if closure is None:
            return None
        others = (r for r in self._ledger.state.robots.values() if r.id != own)
        return next((robot.id for robot in others if self._is_inside(robot, closure)), None)

    def review(self) -> None:
        """End the cordons that are needed no more, and look again as long as there are others."""
        left = [c for c in tuple(self._ledger.state.closures.values()) if c.task is not None]
        for closure in left:
            if not self._is_needed(closure):
                self._closures().end(closure, FLEET_MANAGER)
        if any(c.task is not None for c in self._ledger.state.closures.values()):
            self._ledger.set_timer("cordons", "all", LOOK)

    # --- parts -------------------------------------------------------------------------------------------

    def _of(self, task: TaskId) -> Closure | None:
        return next((c for c in self._ledger.state.closures.values() if c.task == task), None)

    def _name(self, zone_id: ZoneId) -> str:
        return self._site.zones[zone_id].name or zone_id

    def _close(self, zone_id: ZoneId, reason: str, *, until: datetime | None, task: TaskId | None = None) -> None:
        zone = self._site.zones[zone_id]
        area = Area(level=zone.level, polygon=zone.polygon)
        ways = ways_in(self._site, area)
        if ways.lanes:
            self._closures().start(ClosureKind.WET, ways, until=until, reason=reason, area=area, task=task)

    def _is_inside(self, robot: Robot, closure: Closure) -> bool:
        if self._site.fleets[robot.fleet].carrier is CarrierKind.PERSON:
            return False
        if robot.waypoint in closure.inside:
            return True
        drive = robot.drive
        if drive is None:
            return False
        cleared = drive.nodes[drive.index(drive.reached) : drive.index(drive.cleared_to) + 1]
        return any(node.lane in closure.lanes for _, node in pairwise(cleared))

    def _is_needed(self, closure: Closure) -> bool:
        state = self._ledger.state
        task = state.tasks.get(closure.task) if closure.task is not None else None
        inside = (r for r in state.robots.values() if r.waypoint in closure.inside)
        if any(command.kind in _OFF_THE_LANES for robot in inside for command in robot.pending):
            return True
        if task is None or task.status.ended:
            return False
        return state.mission_for(task) is not None or self._is_wet(task.id)

    def _is_wet(self, task: TaskId) -> bool:
        """Whether what was sprayed for an open task is still wet, or not to be entered yet."""
        record = self._ledger.state.treatments.get(task)
        if record is None or record.last_on is None or record.treatment.agent is None:
            return False
        return self._ledger.now() < record.last_on + stays_closed(self._site.spray_agents[record.treatment.agent])


def stays_closed(agent: SprayAgent) -> timedelta:
    """For how long nobody enters what was sprayed."""
    return timedelta(seconds=max(agent.reentry_time, agent.contact_time))
