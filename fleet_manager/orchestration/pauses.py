"""Pauses of a zone, of a fleet, or of the whole site: its robots stand still, and no other one comes into a zone."""

from __future__ import annotations

from fleet_manager.domain.closures import Area, Closure, ClosureId, ClosureKind, Pause
from fleet_manager.domain.errors import InvalidRequest, NotFound
from fleet_manager.domain.robots import Robot
from fleet_manager.orchestration.closures import Closures
from fleet_manager.orchestration.commands import EndPause, StartPause
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.missions import Missions
from fleet_manager.orchestration.pausing import Pausing
from fleet_manager.planning.closed_ways import ClosedWays, ways_in
from maps.model import FleetId, Site, ZoneId


class Pauses:
    """A pause is a closure: it is stored, listed and taken up after a restart like every other one."""

    def __init__(
        self,
        site: Site,
        ledger: Ledger,
        execution: Execution,
        missions: Missions,
        closures: Closures,
        pausing: Pausing,
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._execution = execution
        self._missions = missions
        self._closures = closures
        self._pausing = pausing

    def begin(self, request: StartPause) -> Closure:
        """Asked for twice, it is the same pause."""
        zone, fleet = self._scope(request)
        known = next((c for c in self._running() if c.pause and (c.pause.zone, c.pause.fleet) == (zone, fleet)), None)
        if known is not None:
            return known
        found = self._site.zones[zone] if zone is not None else None
        area = Area(level=found.level, polygon=found.polygon) if found is not None else None
        ways = ways_in(self._site, area) if area is not None else ClosedWays(lanes=(), inside=(), exits=())
        robots = [r for r in tuple(self._ledger.state.robots.values()) if self._concerns(r, zone, fleet, ways)]
        for robot in robots:
            self._pausing.pause(robot.id, request.actor)
        what = (found.name or found.id) if found is not None else f"fleet {fleet}" if fleet else "every robot"
        why = f": {request.reason}" if request.reason else ""
        return self._closures.start(
            ClosureKind.PAUSED,
            ways,
            until=None,
            reason=f"{what} is paused by {request.actor.id}{why}",
            actor=request.actor,
            area=area,
            pause=Pause(zone=zone, fleet=fleet, robots=tuple(robot.id for robot in robots)),
        )

    def _scope(self, request: StartPause) -> tuple[ZoneId | None, FleetId | None]:
        if request.zone is not None and request.fleet is not None:
            raise InvalidRequest(
                "zone, fleet: a pause is for one of them", field="fleet", way_out="send one of the two, or neither"
            )
        if request.zone is not None and request.zone not in self._site.zones:
            raise InvalidRequest(
                f"zone: there is no zone {request.zone!r} on this site",
                field="zone",
                way_out="GET /api/v1/zones lists them",
            )
        if request.fleet is not None and request.fleet not in self._site.fleets:
            fleets = ", ".join(self._site.fleets)
            raise InvalidRequest(
                f"fleet: there is no fleet {request.fleet!r} on this site", field="fleet", way_out=f"fleets: {fleets}"
            )
        zone = ZoneId(request.zone) if request.zone is not None else None
        return zone, FleetId(request.fleet) if request.fleet is not None else None

    def _concerns(self, robot: Robot, zone: ZoneId | None, fleet: FleetId | None, ways: ClosedWays) -> bool:
        """Whether a robot is to be paused; one that is paused already is not, so that it stays so afterwards.

        In a zone that is who stands there, or is cleared to drive in.
        """
        if self._execution.on_foot(robot) or robot.paused or fleet not in (None, robot.fleet):
            return False
        if zone is None or robot.waypoint in ways.inside:
            return True
        drive = robot.drive
        if drive is None:
            return False
        cleared = drive.nodes[drive.index(drive.reached) + 1 : drive.index(drive.cleared_to) + 1]
        return any(node.lane in ways.lanes or node.waypoint in ways.inside for node in cleared)

    def end(self, request: EndPause) -> Closure:
        closure = next((c for c in self._running() if c.id == ClosureId(request.pause)), None)
        if closure is None or closure.pause is None:
            raise NotFound(f"there is no pause {request.pause}", way_out="GET /api/v1/pauses lists them")
        self._closures.end(closure, request.actor)
        others = {robot for other in self._running() if other.pause is not None for robot in other.pause.robots}
        for robot_id in closure.pause.robots:
            if robot_id not in others:
                self._pausing.resume(robot_id, request.actor)
                self._missions.retry_step(robot_id)
        return closure

    def _running(self) -> list[Closure]:
        return [c for c in self._ledger.state.closures.values() if c.kind is ClosureKind.PAUSED]
