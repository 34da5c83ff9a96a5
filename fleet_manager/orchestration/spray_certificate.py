"""The certificate of a spraying: which agent, how much of it, what of the zone is wet, and until when it is closed."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import shapely

from fleet_manager.domain.disinfection import Room, TreatmentRecord, TreatmentSample
from fleet_manager.domain.tasks import DeliveryTask
from fleet_manager.orchestration.certificate import lies_in, name_of
from fleet_manager.orchestration.views import CertificateView, InterruptionView, SprayProofView
from fleet_manager.planning.coverage.coverage_map import CoverageMap
from fleet_manager.planning.spray_treatments import ENOUGH, SprayTreatment, tracks
from maps.model import Ring, Site

STATEMENT: Final = "Calculated from reported poses and sprayer states, not microbiological proof."

_SMOOTH: Final = 0.05
"""Metres by which drawn outlines may differ."""

_REFILLED: Final = 1.0
"""Litres more than before that tell a refill."""


def spray_certificate_view(
    task: DeliveryTask,
    record: TreatmentRecord,
    plan: SprayTreatment,
    wet: CoverageMap,
    site: Site,
    room: Room,
) -> CertificateView:
    zone, treatment = site.zones[record.treatment.zone], record.treatment
    share = wet.share
    began = next((sample.at for sample in record.samples if sample.on), None)
    return CertificateView(
        task=task.id,
        zone=zone.id,
        zone_name=zone.name,
        method=treatment.method,
        asked=0.0,
        asked_mj_cm2=0.0,
        complete=record.ended_at is not None and share >= ENOUGH,
        ordered_by=task.requested_by.id,
        ordered_at=task.requested_at,
        cleaned_by=name_of(record.cleaned_by),
        cleaned_at=record.cleaned_at,
        confirmed_by=name_of(record.confirmed_by),
        confirmed_at=record.confirmed_at,
        robot=record.robot,
        lamp_hours=0.0,
        lamp_checked_at=None,
        began_at=began,
        ended_at=record.last_on if record.ended_at is not None else None,
        seconds_on=record.shone,
        minimum=0.0,
        percentile_5=0.0,
        covered_share=share,
        shadowed_share=0.0,
        interruptions=tuple(
            InterruptionView(at=i.at, because=i.because, over=i.over, confirmed_by=name_of(i.confirmed_by))
            for i in record.interruptions
        ),
        surfaces=(),
        outline=zone.polygon,
        furniture=tuple(
            f.polygon for f in site.furniture.values() if f.level == zone.level and lies_in(f.polygon, zone.polygon)
        ),
        dose_map=(),
        way=tuple(place for track in tracks(record.samples) for place in track),
        below_target=(),
        untreated=(),
        statement=STATEMENT,
        spray=SprayProofView(
            agent=plan.agent.id,
            agent_name=plan.agent.name,
            concentration=plan.agent.concentration,
            volume=treatment.volume,
            litres=_litres(record.samples),
            area=float(shapely.area(shapely.intersection(wet.free.reachable, wet.covered))),
            swath=wet.free.swath,
            sorties=record.sorties,
            refills=_refills(record.samples),
            robots=tuple(dict.fromkeys(str(s.robot) for s in record.samples if s.robot is not None)),
            contact_time=plan.agent.contact_time,
            re_entry_at=room.re_entry_at if record.ended_at is not None else None,
            ordered_by=treatment.order.by if treatment.order is not None else None,
            order_reason=treatment.order.reason if treatment.order is not None else None,
            continues=record.continues,
            wet=_rings(wet.covered),
            dry=_rings(shapely.buffer(wet.left, -_SMOOTH)),
        ),
    )


def _litres(samples: tuple[TreatmentSample, ...]) -> float:
    """What left the tank while the sprayer was on."""
    return sum(
        max(0.0, before.tank - after.tank)
        for before, after in pairwise(samples)
        if before.on and before.robot == after.robot and before.tank is not None and after.tank is not None
    )


def _refills(samples: tuple[TreatmentSample, ...]) -> int:
    """How often a robot came back with more in its tank."""
    tanks: dict[str, float] = {}
    refills = 0
    for sample in samples:
        if sample.robot is not None and sample.tank is not None:
            refills += sample.tank > tanks.get(sample.robot, sample.tank) + _REFILLED
            tanks[sample.robot] = sample.tank
    return refills


def _rings(shape: shapely.Geometry) -> tuple[tuple[Ring, ...], ...]:
    """Each polygon as its outline and its holes."""
    parts = [part for part in shapely.get_parts(shapely.simplify(shape, _SMOOTH)) if isinstance(part, shapely.Polygon)]
    return tuple(
        tuple(tuple((round(x, 2), round(y, 2)) for x, y in ring.coords[:-1]) for ring in (p.exterior, *p.interiors))
        for p in parts
        if not p.is_empty
    )
