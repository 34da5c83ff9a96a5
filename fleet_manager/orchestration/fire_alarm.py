"""Fire alarms: hold robots, clear people's ways out, leave lifts at the recall level only, keep others out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fleet_manager.domain.alarms import Alarm, AlarmId, AlarmKind, AlarmScope
from fleet_manager.domain.alerts import Severity
from fleet_manager.domain.closures import ClosureKind
from fleet_manager.domain.errors import InvalidRequest, NotFound
from fleet_manager.domain.events import AlarmEnded, AlarmRaised
from fleet_manager.domain.robots import Robot
from fleet_manager.domain.tasks import Actor
from fleet_manager.orchestration.closures import Closures
from fleet_manager.orchestration.commands import EndAlarm, RaiseAlarm
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.missions import Missions
from fleet_manager.orchestration.settings import Patience
from fleet_manager.orchestration.waiting_places import WaitingPlaces
from fleet_manager.planning.fire_scope import FireScope, fire_scope, ways_of_people
from fleet_manager.planning.routes import Routes
from maps.model import BuildingId, LevelId, RobotId, Site, WaypointId, ZoneId

PANEL: Final = Actor(id="fire-alarm-panel", role="building")
"""Who raises and ends the alarms that the building reports."""

_OBEY: Final = ("obey", "alarms")


class FireAlarms:
    """While an alarm lasts it is looked again and again whether all obey it: robots come to a stand one by one."""

    def __init__(
        self,
        site: Site,
        ledger: Ledger,
        routes: Routes,
        execution: Execution,
        missions: Missions,
        closures: Closures,
        places: WaitingPlaces,
        patience: Patience,
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._routes = routes
        self._execution = execution
        self._missions = missions
        self._closures = closures
        self._places = places
        self._patience = patience
        self._keep_clear = ways_of_people(site)
        self._scopes: dict[AlarmId, FireScope] = {}

    # --- raise and end ---------------------------------------------------------------------------------

    def begin(self, request: RaiseAlarm) -> Alarm:
        """Raise an alarm; one that has the same scope already is answered as it is."""
        scope = self._scope_of(request)
        if request.recall_level is not None:
            self._check_level(request.recall_level, "recall_level")
        recall_level = LevelId(request.recall_level) if request.recall_level is not None else None
        return self._begin(request.kind, scope, recall_level, request.actor)

    def _scope_of(self, request: RaiseAlarm) -> AlarmScope:
        if request.zone is not None and request.zone not in self._site.zones:
            raise InvalidRequest(f"zone: there is no zone {request.zone!r} on this site", field="zone")
        if request.building is not None and request.building not in self._site.buildings:
            known = ", ".join(self._site.buildings) or "none; name levels instead"
            raise InvalidRequest(
                f"building: there is no building {request.building!r} on this site",
                field="building",
                way_out=f"buildings: {known}",
            )
        for level in request.levels:
            self._check_level(level, "levels")
        return AlarmScope(
            zone=ZoneId(request.zone) if request.zone is not None else None,
            building=BuildingId(request.building) if request.building is not None else None,
            levels=tuple(LevelId(level) for level in request.levels),
        )

    def _check_level(self, level: str, field: str) -> None:
        if level not in self._site.levels:
            levels = ", ".join(self._site.levels)
            raise InvalidRequest(
                f"{field}: there is no level {level!r} on this site", field=field, way_out=f"levels: {levels}"
            )

    def _begin(self, kind: AlarmKind, scope: AlarmScope, recall_level: LevelId | None, actor: Actor) -> Alarm:
        known = next((a for a in self._ledger.state.alarms.values() if a.scope == scope), None)
        if known is not None:
            return known
        meaning = fire_scope(self._site, self._routes.zones, scope, recall_level)
        reason = f"{kind} alarm in {scope.text}"
        closure = self._closures.start(ClosureKind.ALARM, meaning.ways, until=None, reason=reason, actor=actor)
        alarm = Alarm(
            id=AlarmId(f"F{self._ledger.state.seq + 1:06d}"),
            kind=kind,
            scope=scope,
            recall_level=recall_level,
            closure=closure.id,
            since=self._ledger.now(),
            actor=actor,
        )
        self._scopes[alarm.id] = meaning
        self._ledger.record(AlarmRaised(alarm=alarm))
        self._ledger.alert(
            "fire_alarm",
            alarm.id,
            f"{alarm.text}: robots there clear the ways out and hold, lifts carry no robot",
            "end the alarm when the building may be used again",
            Severity.CRITICAL,
        )
        self.obey()
        self._closures.enforce()
        return alarm

    def end(self, request: EndAlarm) -> Alarm:
        alarm = self._ledger.state.alarms.get(AlarmId(request.alarm))
        if alarm is None:
            raise NotFound(f"there is no alarm {request.alarm}", way_out="GET /api/v1/alarms lists them")
        self._end(alarm, request.actor)
        return alarm

    def _end(self, alarm: Alarm, actor: Actor) -> None:
        self._ledger.record(AlarmEnded(alarm=alarm.id, actor=actor))
        self._ledger.close_alert("fire_alarm", alarm.id)
        closure = self._ledger.state.closures.get(alarm.closure)
        if closure is not None:
            self._closures.end(closure, actor)
        for robot in tuple(self._ledger.state.robots.values()):
            if robot.hold is not None and robot.hold.by == alarm.id:
                self._ledger.close_alert("in_peoples_way", robot.id)
                self._missions.let_go(robot.id)
        self.obey()

    def reported(self, place: str, *, active: bool) -> None:
        """The building's panel tells of a zone, building or level; a place that it alone knows means the whole site."""
        scope = self._place(place)
        if active:
            self._begin(AlarmKind.FIRE, scope, None, PANEL)
            return
        for alarm in tuple(self._ledger.state.alarms.values()):
            if alarm.scope == scope and alarm.actor == PANEL:
                self._end(alarm, PANEL)

    def _place(self, name: str) -> AlarmScope:
        if name in self._site.buildings:
            return AlarmScope(building=BuildingId(name))
        if name in self._site.zones:
            return AlarmScope(zone=ZoneId(name))
        return AlarmScope(levels=(LevelId(name),)) if name in self._site.levels else AlarmScope()

    # --- obeying ---------------------------------------------------------------------------------------

    def obey(self) -> None:
        """See that every robot in the scope of an alarm holds where it is in nobody's way."""
        self._ledger.stop_timer(*_OBEY)
        alarms = tuple(self._ledger.state.alarms.values())
        for robot_id in tuple(self._ledger.state.robots):
            for alarm in alarms:
                self._obey(robot_id, alarm)
        if alarms:
            self._ledger.set_timer(*_OBEY, self._patience.retry)

    def _obey(self, robot_id: RobotId, alarm: Alarm) -> None:
        robot = self._ledger.state.robots[robot_id]
        if self._execution.on_foot(robot) or robot.waypoint is None:
            return
        if robot.hold is None or robot.hold.by not in self._ledger.state.alarms:
            if not self._concerns(robot, self._scope(alarm)):
                return
            self._missions.hold(robot_id, alarm.id, alarm.text)
            robot = self._ledger.state.robots[robot_id]
        hold, drive = robot.hold, robot.drive
        if hold is None or hold.by != alarm.id or (drive is not None and drive.goal == hold.place):
            return
        if self._execution.will_stand_at(robot_id) in self._keep_clear:
            self._clear(robot, alarm)
        else:
            self._ledger.close_alert("in_peoples_way", robot_id)

    def _scope(self, alarm: Alarm) -> FireScope:
        known = self._scopes.get(alarm.id)
        if known is None:
            known = fire_scope(self._site, self._routes.zones, alarm.scope, alarm.recall_level)
            self._scopes[alarm.id] = known
        return known

    def _concerns(self, robot: Robot, scope: FireScope) -> bool:
        """Whether a robot is in the scope or one of its lifts when it has driven all it was cleared for."""
        drive = robot.drive
        end = drive.nodes[drive.index(drive.cleared_to)].waypoint if drive is not None else robot.waypoint
        return end is not None and (end in scope.places or self._site.waypoints[end].lift in scope.recalled)

    def _clear(self, robot: Robot, alarm: Alarm) -> None:
        """Send a robot out of people's way, or call somebody to push it."""
        stand = self._execution.will_stand_at(robot.id)
        assert stand is not None
        busy = robot.unlocked
        closed = self._ledger.state.closed_lanes(stand, strictly=True)
        place = None
        if robot.able and not busy:
            within, anywhere = self._refuges(stand, self._scope(alarm))
            place = self._places.nearest(robot.id, closed, within) or self._places.nearest(robot.id, closed, anywhere)
        if place is None:
            self._ledger.alert(
                "in_peoples_way",
                robot.id,
                f"{robot.id} stands where people have to get out, at {stand}, and can't leave by itself",
                f"push {robot.id} aside; end its hand-over first if there is one",
                Severity.CRITICAL,
            )
        else:
            self._missions.hold(robot.id, alarm.id, alarm.text, place)

    def _refuges(
        self, stand: WaypointId, scope: FireScope
    ) -> tuple[Callable[[WaypointId], bool], Callable[[WaypointId], bool]]:
        """Which places are out of people's way: in the scope, and otherwise anywhere.

        They are on the robot's level; on the recall level for one that stands in a car.
        """
        here = self._site.waypoints[stand]
        level = scope.recalled.get(here.lift, here.level) if here.lift is not None else here.level

        def anywhere(place: WaypointId) -> bool:
            return self._site.waypoints[place].level == level and place not in self._keep_clear

        def within(place: WaypointId) -> bool:
            return place in scope.places and anywhere(place)

        return within, anywhere

    def take_up(self) -> None:
        """After a restart: go on seeing to the alarms that last."""
        self.obey()
