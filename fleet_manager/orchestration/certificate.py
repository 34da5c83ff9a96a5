"""The certificate of a disinfection: who, when, with what dose, what was interrupted, and what stayed below."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from fleet_manager.domain.disinfection import LampRecord, TreatmentRecord
from fleet_manager.domain.tasks import Actor, DeliveryTask
from fleet_manager.orchestration.views import CertificateView, InterruptionView, TargetView
from fleet_manager.planning.coverage.lamp import Floats
from fleet_manager.planning.coverage.targets import TargetKind
from fleet_manager.planning.treatments import UvTreatment
from maps.model import Ring, Site

STATEMENT: Final = "Calculated physical dose, not microbiological proof."

_PER_MJ_CM2: Final = 10.0
"""J/m² in 1 mJ/cm²."""

_ENOUGH: Final = 1.0 - 1e-6
_HOUR: Final = 3600.0


def certificate_view(
    task: DeliveryTask, record: TreatmentRecord, treatment: UvTreatment, doses: Floats, site: Site, lamp: LampRecord
) -> CertificateView:
    """`doses` (J/m²) are those of the plan's targets as executed."""
    plan = treatment.plan
    seen = doses[plan.seen]
    asked = record.treatment.dose
    short = plan.seen & (doses < asked * _ENOUGH)
    named = np.array([kind is TargetKind.SURFACE for kind in plan.targets.kind])
    zone = site.zones[record.treatment.zone]
    began = next((sample.at for sample in record.samples if sample.on), None)
    ended = next((sample.at for sample in reversed(record.samples) if sample.on), None)
    return CertificateView(
        task=task.id,
        zone=zone.id,
        zone_name=zone.name,
        method=record.treatment.method,
        asked=asked,
        asked_mj_cm2=asked / _PER_MJ_CM2,
        complete=record.ended_at is not None and not short.any(),
        ordered_by=task.requested_by.id,
        ordered_at=task.requested_at,
        cleaned_by=name_of(record.cleaned_by),
        cleaned_at=record.cleaned_at,
        confirmed_by=name_of(record.confirmed_by),
        confirmed_at=record.confirmed_at,
        robot=record.robot,
        lamp_hours=lamp.shone / _HOUR,
        lamp_checked_at=lamp.checked_at,
        began_at=began,
        ended_at=ended,
        seconds_on=record.shone,
        minimum=treatment.least(doses),
        percentile_5=float(np.percentile(seen, 5)) if seen.size else 0.0,
        covered_share=float((seen >= asked * _ENOUGH).mean()) if seen.size else 0.0,
        shadowed_share=plan.shadowed_share,
        interruptions=tuple(
            InterruptionView(at=i.at, because=i.because, over=i.over, confirmed_by=name_of(i.confirmed_by))
            for i in record.interruptions
        ),
        surfaces=tuple(_targets(treatment, doses, named & plan.seen)),
        outline=zone.polygon,
        furniture=tuple(
            f.polygon for f in site.furniture.values() if f.level == zone.level and lies_in(f.polygon, zone.polygon)
        ),
        dose_map=tuple(_dose_map(treatment, doses)),
        way=tuple((sample.x, sample.y) for sample in record.samples if sample.on),
        below_target=tuple(_targets(treatment, doses, short)),
        untreated=tuple(_targets(treatment, doses, named & ~plan.seen)),
        statement=STATEMENT,
    )


def _targets(treatment: UvTreatment, doses: Floats, which: NDArray[np.bool_]) -> Iterator[TargetView]:
    targets = treatment.plan.targets
    for index in np.flatnonzero(which):
        x, y = targets.xy[index]
        yield TargetView(
            name=targets.surface[index] or targets.kind[index],
            x=float(x),
            y=float(y),
            height=float(targets.height[index]),
            dose=float(doses[index]),
            dose_mj_cm2=float(doses[index]) / _PER_MJ_CM2,
            shadowed=treatment.plan.shadowed[index],
        )


def _dose_map(treatment: UvTreatment, doses: Floats) -> Iterator[tuple[float, float, float | None]]:
    targets, seen = treatment.plan.targets, treatment.plan.seen
    for index, kind in enumerate(targets.kind):
        if kind is TargetKind.FLOOR:
            x, y = targets.xy[index]
            yield float(x), float(y), float(doses[index]) if seen[index] else None


def lies_in(polygon: Ring, outline: Ring) -> bool:
    return shapely.Polygon(outline).contains(shapely.Polygon(polygon).representative_point())


def name_of(actor: Actor | None) -> str | None:
    return actor.id if actor is not None else None
