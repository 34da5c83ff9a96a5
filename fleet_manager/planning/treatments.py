"""How each fleet would treat a room: planned once, kept for as long as the site stays as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fleet_manager.domain.disinfection import TreatmentSample
from fleet_manager.domain.errors import InvalidRequest
from fleet_manager.domain.missions import TreatmentStop
from fleet_manager.domain.tasks import Treatment, TreatmentMethod
from fleet_manager.planning.coverage.dose import LampReport, executed_dose
from fleet_manager.planning.coverage.lamp import Floats
from fleet_manager.planning.coverage.uv_plan import UvPlan, plan_uv
from maps.model import Fleet, FleetId, Site


@dataclass(frozen=True, slots=True)
class UvTreatment:
    """`stops` are the plan's with the places between them, which are driven through."""

    plan: UvPlan
    stops: tuple[TreatmentStop, ...]

    def executed(self, samples: Iterable[TreatmentSample]) -> Floats:
        """The dose (J/m²) that each target of the plan got."""
        reports: list[LampReport] = []
        begin = None
        for sample in samples:
            begin = begin or sample.at
            time = (sample.at - begin).total_seconds()
            reports.append(LampReport(time=time, x=sample.x, y=sample.y, on=sample.on))
        return executed_dose(self.plan, reports)

    def least(self, doses: Floats) -> float:
        """The least dose of the targets that light can reach at all."""
        return float(doses[self.plan.seen].min()) if self.plan.seen.any() else 0.0

    def short(self, doses: Floats) -> int:
        """How many targets in reach got less than the treatment asks for."""
        return int(np.count_nonzero(doses[self.plan.seen] < self.plan.dose * (1.0 - 1e-6)))


class TreatmentPlans:
    """Plans by fleet and treatment. To make one takes seconds: make it beside the loop, with `made`, then `keep` it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._plans: dict[tuple[FleetId, Treatment], UvTreatment] = {}
        self._refused: dict[tuple[FleetId, Treatment], str] = {}

    def fleets(self, treatment: Treatment) -> list[Fleet]:
        """The fleets that could do it, and whose plan is not known."""
        return [
            fleet
            for fleet in self._site.fleets.values()
            if fleet.robots and self.unfit(treatment, fleet) is None and (fleet.id, treatment) not in self._plans
        ]

    def unfit(self, treatment: Treatment, fleet: Fleet) -> str | None:
        """Why a fleet never does this treatment, as far as that is known without a plan."""
        zone = self._site.zones[treatment.zone]
        if treatment.method is not TreatmentMethod.UV or fleet.lamp is None:
            return f"does not disinfect by {treatment.method}"
        if fleet.lamp.irradiance is None:
            return "has a lamp without calibration"
        if zone.zone_class is not None and zone.zone_class not in fleet.zones:
            return f"may not enter {zone.id}, which is {zone.zone_class}"
        return self._refused.get((fleet.id, treatment))

    def made(self, treatment: Treatment, fleet: Fleet) -> UvTreatment | str:
        """A new plan, or why there can be none; touches nothing, so that it may run in a thread of its own."""
        try:
            plan = plan_uv(self._site, self._site.zones[treatment.zone], fleet, treatment.dose)
        except InvalidRequest as error:
            return str(error)
        return UvTreatment(plan, _stops(plan))

    def keep(self, treatment: Treatment, fleet: Fleet, made: UvTreatment | str) -> None:
        if isinstance(made, str):
            self._refused[fleet.id, treatment] = made
        else:
            self._plans[fleet.id, treatment] = made

    def plan(self, treatment: Treatment, fleet: Fleet) -> UvTreatment | None:
        """None while none is made."""
        return self._plans.get((fleet.id, treatment))


def _stops(plan: UvPlan) -> tuple[TreatmentStop, ...]:
    stops: list[TreatmentStop] = []
    for stop in plan.stops:
        stops += [TreatmentStop(x=x, y=y, dwell=0.0) for x, y in stop.way[1:-1]]
        stops.append(TreatmentStop(x=stop.x, y=stop.y, dwell=stop.dwell))
    stops += [TreatmentStop(x=x, y=y, dwell=0.0) for x, y in plan.way_back[1:]]
    return tuple(stops)
