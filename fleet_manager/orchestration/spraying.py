"""Zones that are sprayed: what may be, in which sorties, when it is done, and until when nobody enters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final

from fleet_manager.domain.alerts import Severity
from fleet_manager.domain.disinfection import TreatmentRecord
from fleet_manager.domain.errors import Conflict, InvalidRequest, NotServable
from fleet_manager.domain.events import TankTold, TreatmentEnded
from fleet_manager.domain.missions import Mission, TreatmentStop
from fleet_manager.domain.robots import CommandKind, Robot
from fleet_manager.domain.tasks import DeliveryTask, Reason, SprayOrder, TaskStatus, Treatment, TreatmentMethod
from fleet_manager.orchestration.commands import SubmitDisinfection
from fleet_manager.orchestration.cordons import stays_closed
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.thinking import Think
from fleet_manager.planning.coverage.coverage_map import CoverageMap
from fleet_manager.planning.spray_treatments import ENOUGH, SprayPlans, SprayTreatment
from maps.model import Fleet, Site, SprayAgent, SprayAgentId, WaypointId, ZoneId, ZoneKind

_TOO_LITTLE: Final = 0.1
"""With less than this share of its tank a robot is refilled first."""

_TOLD_ANEW: Final = 1.0
"""Litres by which a tank differs from what was known of it when somebody filled or emptied it by hand."""

_CLOCKS_DIFFER: Final = timedelta(seconds=30)

_LEAST, _MOST = 0.005, 2.0
"""L/m²; less wets nothing, more stands in puddles."""

GREETING: Final = (
    "Hello. This area is being disinfected and closed. Please leave it, keep your distance and wear your mask."
)


class Spraying:
    def __init__(self, site: Site, ledger: Ledger, place_in: Callable[[ZoneId], WaypointId], think: Think) -> None:
        self._site = site
        self._ledger = ledger
        self._think = think
        self._plans = SprayPlans(site, place_in)

    # --- what may be sprayed -----------------------------------------------------------------------------

    def treatment(self, request: SubmitDisinfection, zone: ZoneId) -> Treatment:
        """What a request asks for. Raises InvalidRequest or NotServable for what is never done here."""
        agent = self._agent(request.agent)
        volume = agent.rate if request.volume is None else request.volume
        if not _LEAST <= volume <= _MOST:
            raise InvalidRequest(
                f"volume: {volume * 1000.0:g} mL/m² is no film on the ground",
                field="volume",
                way_out=f"ask for {_LEAST * 1000.0:g} to {_MOST * 1000.0:g} mL/m², or leave it out for the agent's own",
            )
        if self._site.zones[zone].kind is ZoneKind.OUTDOOR:
            self._check_order(zone, request.order)
        return Treatment(zone=zone, method=TreatmentMethod.SPRAY, agent=agent.id, volume=volume, order=request.order)

    def _agent(self, name: str | None) -> SprayAgent:
        agents = self._site.spray_agents
        if name is None and agents:
            return next(iter(agents.values()))
        found = agents.get(SprayAgentId(name or ""))
        if found is None:
            known = ", ".join(agents)
            raise InvalidRequest(
                f"agent: the site has no disinfectant {name!r}" if name else "agent: the site has no disinfectants",
                field="agent",
                way_out=f"choose {known}" if known else "list them under spray_agents in site.yaml",
            )
        return found

    def _check_order(self, zone: ZoneId, order: SprayOrder | None) -> None:
        if not self._site.spraying.outdoors:
            raise NotServable(
                f"zone: {zone} lies outdoors, and this site does not spray outdoors",
                field="zone",
                way_out="wipe what people touch; where infection control decides otherwise, set spraying.outdoors",
            )
        if order is None or not order.by.strip() or not order.reason.strip():
            raise InvalidRequest(
                f"order: {zone} lies outdoors, and is sprayed by order of infection control only",
                field="order",
                way_out="name who ordered it and the reason: order {by, reason}",
            )

    def is_outdoors(self, zone: ZoneId) -> bool:
        return self._site.zones[zone].kind is ZoneKind.OUTDOOR

    def unfit(self, treatment: Treatment, fleet: Fleet) -> str | None:
        """Why a fleet never sprays a zone, None when it may."""
        return self._plans.unfit(treatment, fleet)

    async def prepare(self, treatment: Treatment) -> None:
        """Plan the path of every fleet that may do it."""
        for fleet in self._plans.fleets(treatment):
            made = await self._think(partial(self._plans.made, treatment, fleet))
            self._plans.keep(treatment, fleet, made)

    # --- sorties -------------------------------------------------------------------------------------------

    def needs_refill(self, robot: Robot) -> str | None:
        """Why a robot's tank has to be filled before it sprays; None for one that has enough, or no sprayer."""
        sprayer = self._site.fleets[robot.fleet].sprayer
        if sprayer is None:
            return None
        if robot.tank is None:
            return "has not told what is in its tank"
        if robot.tank < _TOO_LITTLE * sprayer.tank:
            return f"has {robot.tank:.0f} L in its tank: it is refilled first"
        return None

    def refill_points(self, fleet: Fleet) -> list[WaypointId]:
        points = self._site.refill_points.values()
        return [p.waypoint for p in points if p.fleets is None or fleet.id in p.fleets]

    def tank_told(self, robot: Robot, tank: float | None) -> None:
        """By telemetry: known the first time, or changed by hand."""
        busy = any(c.kind in (CommandKind.TREAT, CommandKind.REFILL) for c in robot.pending)
        if tank is None or busy:
            return
        if robot.tank is None or abs(robot.tank - tank) > _TOLD_ANEW:
            self._ledger.record(TankTold(robot=robot.id, tank=tank))

    def sortie(self, task: DeliveryTask, robot: Robot) -> tuple[TreatmentStop, ...] | str | None:
        """Where a robot goes on with a task, or why it can't now; None while the path is being planned."""
        assert task.treatment is not None
        record = self.so_far(task)
        return self._plans.sortie(
            task.treatment,
            self._site.fleets[robot.fleet],
            robot.id,
            record.samples if record is not None else (),
            robot.tank or 0.0,
            robot.state_of_charge,
        )

    def so_far(self, task: DeliveryTask) -> TreatmentRecord | None:
        """What was done for a task, or by an unfinished one that it goes on with."""
        known = self._ledger.state.treatments.get(task.id)
        if known is not None or task.treatment is None:
            return known
        room = self._ledger.state.rooms.get(task.treatment.zone)
        left = room.left_over if room is not None else None
        if left is None or left.last_on is None:
            return None
        mine, theirs = replace(task.treatment, order=None), replace(left.treatment, order=None)
        fresh = self._ledger.now() - left.last_on <= timedelta(seconds=self._site.spraying.resume_within)
        return left if mine == theirs and fresh else None

    def plan_for(self, treatment: Treatment, fleet: Fleet) -> SprayTreatment | None:
        """How a fleet sprays a zone; None for other treatments, and while it is being planned."""
        return self._plans.plan(treatment, fleet) if treatment.method is TreatmentMethod.SPRAY else None

    def plan_of(self, record: TreatmentRecord) -> SprayTreatment:
        """The plan of the robot that is at it; of a task that ended before the last restart it is made anew."""
        fleet = self._site.fleets[self._ledger.state.robots[record.robot].fleet]
        plan = self._plans.plan(record.treatment, fleet)
        if plan is None:
            made = self._plans.made(record.treatment, fleet)
            if isinstance(made, str):
                raise Conflict(f"task {record.task}: the map has changed since, and {made}")
            self._plans.keep(record.treatment, fleet, made)
            plan = made
        return plan

    def wet(self, record: TreatmentRecord) -> CoverageMap:
        return self._plans.wet(self.plan_of(record), record.samples)

    # --- the end -------------------------------------------------------------------------------------------

    def finish(self, mission: Mission) -> tuple[TaskStatus, str] | Reason:
        """What became of a sortie that its robot has ended: the end of its task, or why the task goes on."""
        assert mission.task is not None
        record = self._ledger.state.treatments[mission.task]
        share = self.wet(record).share
        zone = record.treatment.zone
        if share >= ENOUGH:
            self._end(record, complete=True)
            return TaskStatus.COMPLETED, f"sprayed: {share:.1%} of what the sprayer reaches is wet"
        if _sprayed_since(record, mission):
            return Reason(
                subject=zone, code="next_sortie", text=f"{share:.0%} of {zone} is wet: the next sortie goes on"
            )
        self._end(record, complete=False)
        self._ledger.alert(
            "not_covered",
            mission.task,
            f"{share:.1%} of {zone} was sprayed, and its robot can't reach the rest",
            "see the certificate, then spray the rest by hand",
            Severity.WARNING,
        )
        return TaskStatus.FAILED, f"only {share:.1%} of what the sprayer reaches is wet"

    def given_up(self, task: DeliveryTask) -> None:
        """A task is cancelled, or fails for good, with what it has sprayed."""
        record = self._ledger.state.treatments.get(task.id)
        if record is not None and record.ended_at is None:
            self._end(record, complete=False)

    def _end(self, record: TreatmentRecord, *, complete: bool) -> None:
        assert record.treatment.agent is not None
        agent = self._site.spray_agents[record.treatment.agent]
        wet = any(sample.on for sample in record.samples)
        until = self._ledger.now() + stays_closed(agent) if wet else None
        self._ledger.record(TreatmentEnded(task=record.task, dose=0.0, complete=complete, re_entry_at=until))


def _sprayed_since(record: TreatmentRecord, mission: Mission) -> bool:
    """Whether anything was sprayed in this mission; the robot's clock may differ from the manager's."""
    began = min((step.started_at for step in mission.steps if step.started_at is not None), default=None)
    return began is not None and record.last_on is not None and record.last_on >= began - _CLOCKS_DIFFER
