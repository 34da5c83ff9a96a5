"""Zones that are disinfected: what is known of them, whether a lamp or sprayer may start, and what was really done."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from fleet_manager.domain.alerts import Severity
from fleet_manager.domain.disinfection import (
    DEFAULT_DOSE,
    DisinfectionRules,
    LampRecord,
    Room,
    RoomNews,
    TreatmentRecord,
    TreatmentSample,
)
from fleet_manager.domain.errors import Conflict, InvalidRequest, NotFound, NotServable
from fleet_manager.domain.events import (
    LampChecked,
    RoomReported,
    TreatmentBegun,
    TreatmentEnded,
    TreatmentResumed,
    TreatmentSampled,
)
from fleet_manager.domain.missions import Mission, Step, TreatmentStop
from fleet_manager.domain.robots import CommandKind, PendingCommand, Robot
from fleet_manager.domain.tasks import FLEET_MANAGER, DeliveryTask, Reason, TaskStatus, Treatment, TreatmentMethod
from fleet_manager.orchestration.certificate import certificate_view
from fleet_manager.orchestration.commands import CheckLamp, ReportRoom, SubmitDisinfection
from fleet_manager.orchestration.cordons import Cordons
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.spray_certificate import spray_certificate_view
from fleet_manager.orchestration.spraying import GREETING, Spraying
from fleet_manager.orchestration.thinking import Think
from fleet_manager.orchestration.views import CertificateView
from fleet_manager.planning.estimates import spraying_time
from fleet_manager.planning.routes import Routes
from fleet_manager.planning.treatments import TreatmentPlans, UvTreatment
from maps.model import Fleet, RobotId, Site, WaypointId, ZoneId
from robot_agents import protocol

_HOUR: Final = 3600.0
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a room was vacated of which nobody says so any more."""


class Treatments:
    """Lamps are planned and judged here, sprayers by `spraying`; `cordons` keep robots out of what is sprayed."""

    def __init__(
        self, site: Site, ledger: Ledger, routes: Routes, rules: DisinfectionRules, think: Think, cordons: Cordons
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._routes = routes
        self._rules = rules
        self._think = think
        self._plans = TreatmentPlans(site)
        self._cordons = cordons
        self.spraying = Spraying(site, ledger, self.place_in, think)

    # --- what can be done at all -------------------------------------------------------------------------

    def place_in(self, zone: ZoneId) -> WaypointId:
        """Where a robot stands that treats a zone: the first place with a name in it, else any. Raises NotServable."""
        inside = [w for w in self._site.waypoints.values() if any(z.id == zone for z in self._routes.zones.of[w.id])]
        named = [w for w in inside if w.name is not None] or inside
        if not named:
            raise NotServable(
                f"no robot can come into {zone}: no waypoint lies in it",
                way_out="add one to the map, with a lane to it",
            )
        return named[0].id

    def unfit(self, treatment: Treatment, fleet: Fleet) -> str | None:
        """Why a fleet never treats a zone, None when it may."""
        if treatment.method is TreatmentMethod.SPRAY:
            return self.spraying.unfit(treatment, fleet)
        return self._plans.unfit(treatment, fleet)

    def wanted(self, request: SubmitDisinfection) -> Treatment:
        """What a request asks for. Raises NotFound, InvalidRequest or NotServable."""
        zone = self.zone(request.zone)
        if request.method is TreatmentMethod.SPRAY:
            return self.spraying.treatment(request, zone)
        return Treatment(zone=zone, method=request.method, dose=request.dose)

    async def prepare(self, treatment: Treatment) -> None:
        """Plan a treatment for every fleet that may do it. Raises InvalidRequest for a dose that is none."""
        if treatment.method is TreatmentMethod.SPRAY:
            await self.spraying.prepare(treatment)
            return
        if not 0.0 < treatment.dose < math.inf:
            raise InvalidRequest(
                f"dose: {treatment.dose:g} J/m² disinfects nothing",
                field="dose",
                way_out=f"ask for more than 0 J/m², such as {DEFAULT_DOSE:g} against spores",
            )
        for fleet in self._plans.fleets(treatment):
            made = await self._think(partial(self._plans.made, treatment, fleet))
            self._plans.keep(treatment, fleet, made)

    async def prepare_open(self) -> None:
        """After a restart: plan again what is still to be done, and what is being done."""
        for task in tuple(self._ledger.state.tasks.values()):
            if task.treatment is not None:
                await self.prepare(task.treatment)

    def stops(self, task: DeliveryTask, robot: Robot) -> tuple[TreatmentStop, ...] | str | None:
        """Where a robot would treat a task's zone from, or why it can't now; None while that is being planned."""
        assert task.treatment is not None
        if task.treatment.method is TreatmentMethod.SPRAY:
            return self.spraying.sortie(task, robot)
        plan = self._plans.plan(task.treatment, self._site.fleets[robot.fleet])
        return plan.stops if plan is not None else None

    def refusal_of(self, robot: Robot, treatment: Treatment) -> str | None:
        """Why a robot's lamp or sprayer must not be used now."""
        if treatment.method is TreatmentMethod.SPRAY:
            return self.spraying.needs_refill(robot)
        lamp = self._site.fleets[robot.fleet].lamp
        if lamp is None:
            return "has no UV-C lamp"
        record = self._ledger.state.lamps.get(robot.id, LampRecord(robot=robot.id))
        return record.refusal(lamp.rated_hours * _HOUR, self._ledger.now(), self._rules)

    # --- what people and sensors tell ----------------------------------------------------------------------

    def room(self, zone: ZoneId) -> Room:
        return self._ledger.state.rooms.get(zone) or Room(zone=zone)

    def zone(self, name: str) -> ZoneId:
        """The zone with this id or name. Raises NotFound."""
        if name in self._site.zones:
            return ZoneId(name)
        named = [z.id for z in self._site.zones.values() if z.name == name]
        if not named:
            raise NotFound(f"there is no zone {name}", way_out="GET /api/v1/zones lists them")
        return named[0]

    def report(self, request: ReportRoom) -> ZoneId:
        """Take down what somebody tells of a room. Whoever calls it vacated answers for it, so it must be a person."""
        zone = self.zone(request.zone)
        person = request.actor.role != "system"
        if request.news in (RoomNews.VACATED, RoomNews.CLEANED) and not person:
            raise InvalidRequest(
                f"{request.actor.id} is no person: only a person confirms that {zone} is {request.news}",
                field="news",
                way_out="let somebody of the ward confirm it",
            )
        room = self.room(zone).told(request.news, request.actor, self._ledger.now())
        self._ledger.record(RoomReported(room=room, news=request.news, actor=request.actor))
        return zone

    def check_lamp(self, request: CheckLamp) -> RobotId:
        """The lamp's irradiance was measured; with `replaced` its hours begin anew."""
        robot = self._ledger.state.robots.get(RobotId(request.robot))
        if robot is None:
            raise NotFound(f"there is no robot {request.robot}", way_out="GET /api/v1/robots lists them")
        if self._site.fleets[robot.fleet].lamp is None:
            raise InvalidRequest(f"{robot.id} has no lamp", field="robot", way_out="choose a robot that disinfects")
        known = self._ledger.state.lamps.get(robot.id, LampRecord(robot=robot.id))
        shone = 0.0 if request.replaced else known.shone
        checked = replace(known, checked_at=self._ledger.now(), checked_by=request.actor, shone=shone)
        self._ledger.record(LampChecked(lamp=checked))
        return robot.id

    # --- a treatment ------------------------------------------------------------------------------------------

    def not_ready(self, step: Step) -> str | None:
        """Why a step's room can't be treated now."""
        assert step.treatment is not None
        return self.refusal(step.treatment.zone)

    def refusal(self, zone: ZoneId) -> str | None:
        """Why a zone can't be treated now."""
        room, now = self.room(zone), self._ledger.now()
        if room.is_wet(now):
            return f"{zone} was sprayed: nobody enters before {room.re_entry_at:%H:%M} UTC"
        if self.spraying.is_outdoors(zone):
            return room.not_ready_outdoors(now, timedelta(seconds=self._site.spraying.cordon_age))
        return room.not_ready(now, self._rules)

    def cordon(self, task: DeliveryTask, own: RobotId) -> RobotId | None:
        """Keep the other robots out of what is to be sprayed; answers one that is still in there."""
        if task.treatment is None or task.treatment.method is not TreatmentMethod.SPRAY:
            return None
        self._cordons.draw(task.treatment.zone, task.id)
        return self._cordons.stranger(task.id, own)

    def call_for_room(self, robot_id: RobotId, because: str, step: Step) -> None:
        assert step.treatment is not None
        zone = step.treatment.zone
        self._ledger.alert(
            "room_not_ready",
            robot_id,
            f"{robot_id} waits to disinfect {zone}: {because}",
            f"see that nobody is in {zone}, cordon it off, then confirm it as vacated"
            if self.spraying.is_outdoors(zone)
            else f"see that nobody is in {zone}, shut its door, then confirm it as vacated (and cleaned)",
        )

    def begin(self, robot_id: RobotId, task: DeliveryTask, *, anew: bool) -> None:
        """The room is ready: take down on whose word. `anew`: the robot sets out, rather than going on."""
        self._ledger.close_alert("room_not_ready", robot_id)
        assert task.treatment is not None
        room = self.room(task.treatment.zone)
        sprays = task.treatment.method is TreatmentMethod.SPRAY
        known = self._ledger.state.treatments.get(task.id)
        if known is not None and (sprays or known.robot == robot_id):
            by = room.vacated_by or FLEET_MANAGER
            self._ledger.record(TreatmentResumed(task=task.id, actor=by, robot=robot_id, sortie=anew))
            return
        before = self.spraying.so_far(task) if sprays else None
        self._ledger.record(
            TreatmentBegun(
                treatment=TreatmentRecord(
                    task=task.id,
                    treatment=task.treatment,
                    robot=robot_id,
                    cleaned_at=room.cleaned_at,
                    cleaned_by=room.cleaned_by,
                    confirmed_at=room.vacated_at,
                    confirmed_by=room.vacated_by,
                    samples=before.samples if before is not None else (),
                    continues=before.task if before is not None else None,
                    sorties=before.sorties + 1 if before is not None else 1,
                )
            )
        )

    def message(self, robot: Robot, command: PendingCommand) -> protocol.FromManager:
        """What a pending command of a treatment says, for the first time or after a reconnect."""
        treat = command.subject or ""
        match command.kind:
            case CommandKind.CONFIRM_VACATED:
                mission = self._ledger.state.mission_of(robot)
                step = mission.step if mission is not None else None
                room = self.room(step.treatment.zone) if step is not None and step.treatment is not None else None
                at = room.vacated_at if room is not None else None
                return protocol.ConfirmVacated(command_id=command.id, treat_id=treat, confirmed_at=at or _LONG_AGO)
            case CommandKind.REVOKE_VACATED:
                return protocol.RevokeVacated(command_id=command.id, treat_id=treat, reason=command.reason)
            case CommandKind.STOP_TREATING:
                return protocol.StopTreating(command_id=command.id, treat_id=treat)
            case _:
                mission = self._ledger.state.mission_of(robot)
                assert mission is not None
                return self._treat(robot, command.id, next(s for s in mission.steps if s.id == command.step))

    def _treat(self, robot: Robot, command_id: str, step: Step) -> protocol.Treat:
        assert step.treatment is not None
        room = self.room(step.treatment.zone)
        fleet = self._site.fleets[robot.fleet]
        plan = self.spraying.plan_for(step.treatment, fleet)
        return protocol.Treat(
            command_id=command_id,
            step_id=step.id,
            zone=step.treatment.zone,
            method=protocol.TreatmentMethod(step.treatment.method),
            stops=tuple(protocol.TreatmentStop(x=s.x, y=s.y, dwell=s.dwell, sprays=s.sprays) for s in step.stops),
            confirmed_at=room.vacated_at or _LONG_AGO,
            valid_for=self._valid_for(step, fleet),
            countdown=self._rules.countdown.total_seconds(),
            warm_up=fleet.lamp.warm_up if fleet.lamp is not None else 0.0,
            speed=plan.speed if plan is not None else None,
            rate=plan.litres_per_metre if plan is not None else 0.0,
            greeting=GREETING if plan is not None else "",
            begins_at=self._site.waypoints[step.place].xy,
        )

    def _valid_for(self, step: Step, fleet: Fleet) -> float:
        """Seconds for which a confirmation holds: while a robot sprays, it sees to it itself that nobody comes."""
        assert step.treatment is not None
        if step.treatment.method is not TreatmentMethod.SPRAY or fleet.sprayer is None:
            return self._rules.confirmation_age.total_seconds()
        if self.spraying.is_outdoors(step.treatment.zone):
            return self._site.spraying.cordon_age
        return self._rules.confirmation_age.total_seconds() + 2.0 * spraying_time(step.stops, fleet.sprayer)

    def told(self, robot: Robot, report: protocol.TreatmentTold) -> bool:
        """Add what a robot tells to the record of its task; False when it treats nothing any more."""
        mission = self._ledger.state.mission_of(robot)
        if mission is None or mission.task is None or mission.task not in self._ledger.state.treatments:
            return False
        sample = TreatmentSample(
            at=report.time,
            x=report.pose.x,
            y=report.pose.y,
            on=report.on,
            because=report.because,
            robot=robot.id,
            tank=report.tank,
        )
        self._ledger.record(
            TreatmentSampled(
                task=mission.task,
                robot=robot.id,
                sample=sample,
                interrupted=report.interrupted,
                report=report.number,
                state_of_charge=report.state_of_charge,
            )
        )
        return True

    def finish(self, mission: Mission) -> tuple[TaskStatus, str] | Reason:
        """What became of a treatment that its robot has ended, from what it reported; or why its task goes on."""
        state = self._ledger.state
        assert mission.task is not None
        record = state.treatments[mission.task]
        if record.treatment.method is TreatmentMethod.SPRAY:
            became = self.spraying.finish(mission)
            self._keep_out(record.treatment.zone)
            return became
        plan = self._plan_of(record)
        doses = plan.executed(record.samples)
        least, short = plan.least(doses), plan.short(doses)
        self._ledger.record(TreatmentEnded(task=mission.task, dose=least, complete=short == 0))
        zone = record.treatment.zone
        asked = f"{record.treatment.dose:.0f} J/m² ({record.treatment.dose / 10.0:.0f} mJ/cm²)"
        if short == 0:
            return TaskStatus.COMPLETED, f"disinfected: every target in reach got {asked}"
        self._ledger.alert(
            "dose_not_reached",
            mission.task,
            f"{short} targets in {zone} got less than {asked}, the least {least:.0f} J/m²",
            "see the certificate, then disinfect again or wipe those surfaces by hand",
            Severity.WARNING,
        )
        return TaskStatus.FAILED, f"{short} targets in reach got less than {asked}"

    def given_up(self, task: DeliveryTask) -> None:
        """A task is cancelled or fails for good: what it sprayed is wet all the same."""
        if task.treatment is not None and task.treatment.method is TreatmentMethod.SPRAY:
            self.spraying.given_up(task)
            self._keep_out(task.treatment.zone)

    def over(self, task: DeliveryTask) -> None:
        """It has ended: nothing is closed for its sake any more, once its robot is back on the lanes."""
        if task.treatment is not None and task.treatment.method is TreatmentMethod.SPRAY:
            self._cordons.review()

    def _keep_out(self, zone: ZoneId) -> None:
        until = self.room(zone).re_entry_at
        if until is not None and until > self._ledger.now():
            self._cordons.stays_wet(zone, until)

    def certificate(self, task: DeliveryTask, record: TreatmentRecord) -> CertificateView:
        """What a task did, as its robots reported it."""
        if record.treatment.method is TreatmentMethod.SPRAY:
            assert record.treatment.agent is not None
            return spray_certificate_view(
                task,
                record,
                self.spraying.plan_of(record),
                self.spraying.wet(record),
                self._site,
                self.room(record.treatment.zone),
            )
        plan = self._plan_of(record)
        lamp = self._ledger.state.lamps.get(record.robot) or LampRecord(robot=record.robot)
        return certificate_view(task, record, plan, plan.executed(record.samples), self._site, lamp)

    def _plan_of(self, record: TreatmentRecord) -> UvTreatment:
        """The plan that a robot followed; of a task that ended before the last restart it is made anew."""
        fleet = self._site.fleets[self._ledger.state.robots[record.robot].fleet]
        plan = self._plans.plan(record.treatment, fleet)
        if plan is None:
            made = self._plans.made(record.treatment, fleet)
            if isinstance(made, str):
                raise Conflict(f"task {record.task}: the map has changed since, and {made}")
            self._plans.keep(record.treatment, fleet, made)
            plan = made
        return plan

    def is_unsafe(self, step: Step) -> bool:
        """Whether somebody told of a person in the room, or of its door as open, since it was vacated."""
        assert step.treatment is not None
        room = self.room(step.treatment.zone)
        return room.person_at is not None or room.open_at is not None

    def steps_in(self, zone: ZoneId) -> list[tuple[Mission, Step]]:
        """The running steps that treat a zone, or wait to."""
        found: list[tuple[Mission, Step]] = []
        for mission in self._ledger.state.missions.values():
            step = mission.step
            if step is not None and step.treatment is not None and step.treatment.zone == zone:
                found.append((mission, step))
        return found
