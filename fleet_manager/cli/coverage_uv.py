"""`wardfleet coverage uv`: a plan to disinfect a room with UV-C light."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fleet_manager.cli.coverage_uv_picture import draw_uv_plan
from fleet_manager.cli.problems import plain_problems
from fleet_manager.cli.progress import progress_bar
from fleet_manager.domain.errors import InvalidRequest
from fleet_manager.planning.coverage.room import zone_called
from fleet_manager.planning.coverage.targets import TargetKind
from fleet_manager.planning.coverage.uv_plan import DEFAULT_DOSE, UvPlan, plan_uv, uv_fleet
from maps.importers import read_any
from maps.model import DosePresetId, Site

_TOLD = 5
"""Targets whose cost in time is told."""


class _Refused(Exception):
    """What was asked for cannot be planned; the message says why and what to do."""


def uv(
    site: Annotated[Path, typer.Option(metavar="DIR", help="A site folder, or a map in a known format.")],
    zone: Annotated[str, typer.Option(metavar="NAME", help="The room: name or id of a zone.")],
    dose: Annotated[
        float | None,
        typer.Option(metavar="J/M2", help="Dose for every surface, in J/m²; 1000 (for spores) by default."),
    ] = None,
    organism: Annotated[
        str | None, typer.Option(metavar="PRESET", help="Instead of a dose: one of the site's `dose_presets`.")
    ] = None,
    fleet: Annotated[str | None, typer.Option(help="Fleet that disinfects; the first with a lamp.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="Write the plan to this file.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--png", metavar="OUT", help="Draw room, stops and doses: .png, .svg or .pdf.")
    ] = None,
) -> None:
    """Plan where a robot with a UV-C lamp stops in a room, and for how long; say what its light cannot reach.

    Exit code 2 when there is nothing to plan with: no such room, a dose of 0, a lamp without calibration.

    Example: `wardfleet coverage uv --site maps/sites/general_hospital --zone isolation_room_01 --dose 1000
    --json plan.json --png plan.png`
    """
    with plain_problems(_Refused), progress_bar() as bar:
        planning = bar.add_task("Reading", total=None)
        loaded = read_any(site)
        bar.update(planning, description="Planning")
        plan = _plan(loaded, zone, _dose(loaded, dose, organism), fleet)
        if json_file is not None:
            json_file.write_text(json.dumps(document(plan), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        if picture is not None:
            bar.update(planning, description="Drawing")
            draw_uv_plan(plan, picture)
    _tell(plan)


def _dose(site: Site, dose: float | None, organism: str | None) -> float:
    if organism is None:
        return DEFAULT_DOSE if dose is None else dose
    if dose is not None:
        raise _Refused("a dose and an organism were given; say one of them")
    preset = site.dose_presets.get(DosePresetId(organism))
    if preset is None:
        known = ", ".join(site.dose_presets) or "none; add `dose_presets` to its site.yaml, or say a --dose"
        raise _Refused(f"site {site.name} has no dose preset {organism!r}; it has {known}")
    return preset.dose


def _plan(site: Site, zone: str, dose: float, fleet: str | None) -> UvPlan:
    try:
        return plan_uv(site, zone_called(site, zone), uv_fleet(site, fleet), dose)
    except InvalidRequest as refused:
        raise _Refused(f"{refused}; {refused.way_out}") from refused


# --- JSON ------------------------------------------------------------------------------------------------------


def document(plan: UvPlan) -> dict[str, Any]:
    """The plan as it is written: metres of the site frame, seconds, J/m² (and mJ/cm² where the name says so)."""
    return {
        "zone": plan.room.zone.id,
        "level": plan.room.zone.level,
        "fleet": plan.fleet.id,
        "dose": plan.dose,
        "dose_mj_cm2": _mj_cm2(plan.dose),
        "covered_share": plan.covered_share,
        "shadowed_share": plan.shadowed_share,
        "min_dose": _rounded(plan.least_dose),
        "min_dose_mj_cm2": _mj_cm2(plan.least_dose),
        "dwell_s": _rounded(plan.dwell),
        "bound_s": _rounded(plan.bound),
        "drive_s": _rounded(plan.drive),
        "total_s": _rounded(plan.duration),
        "stops": [
            {
                "x": _rounded(stop.x),
                "y": _rounded(stop.y),
                "dwell_s": round(stop.dwell, 6),
                "stay_s": round(stop.stay, 6),
            }
            for stop in plan.stops
        ],
        "surfaces": [
            {"id": surface, "name": _name(plan, index), **_target(plan, index)}
            for index, surface in enumerate(plan.targets.surface)
            if surface is not None
        ],
        "grid": [
            {"kind": kind.value, **_target(plan, index)}
            for index, kind in enumerate(plan.targets.kind)
            if kind is not TargetKind.SURFACE
        ],
    }


def _target(plan: UvPlan, index: int) -> dict[str, Any]:
    targets, dose = plan.targets, float(plan.doses[index])
    return {
        "x": _rounded(targets.xy[index, 0]),
        "y": _rounded(targets.xy[index, 1]),
        "height": _rounded(targets.height[index]),
        "normal": [round(float(part), 6) for part in targets.normal[index]],
        "dose": _rounded(dose),
        "dose_mj_cm2": _mj_cm2(dose),
        "shadowed": not plan.seen[index],
        "reason": plan.shadowed[index],
        "costs_s": _rounded(plan.costs[index]),
    }


def _rounded(value: float) -> float:
    return round(float(value), 3)


def _mj_cm2(dose: float) -> float:
    return round(dose / 10.0, 4)


# --- the terminal ----------------------------------------------------------------------------------------------


def _tell(plan: UvPlan) -> None:
    console = Console()
    console.print(
        f"[bold]{escape(plan.room.zone.name or plan.room.zone.id)}[/] with fleet {escape(plan.fleet.id)}: "
        f"{_both(plan.dose)} for every surface that is not shadowed"
    )
    table = Table("figure", "value")
    for figure, value in _figures(plan):
        table.add_row(figure, value)
    console.print(table)
    stops = Table("stop", "x", "y", "dwell (s)", "stay, warm-up included (s)", title="Stops")
    for number, stop in enumerate(plan.stops, start=1):
        stops.add_row(str(number), f"{stop.x:.2f}", f"{stop.y:.2f}", f"{stop.dwell:.1f}", f"{stop.stay:.1f}")
    console.print(stops)
    surfaces = Table("surface", "dose", "", title="Surfaces")
    for index, surface in enumerate(plan.targets.surface):
        if surface is not None:
            reason = plan.shadowed[index]
            said = "" if reason is None else f"[red]untreated: {escape(reason)}[/]"
            surfaces.add_row(escape(_name(plan, index)), _both(float(plan.doses[index])), said)
    console.print(surfaces)
    for line in (*_untreated(plan), *_costly(plan)):
        console.print(line, highlight=False)


def _figures(plan: UvPlan) -> Iterator[tuple[str, str]]:
    yield "covered_share", f"{plan.covered_share:.3f}"
    yield "shadowed_share", f"{plan.shadowed_share:.3f}"
    yield "min_dose", _both(plan.least_dose)
    yield "dwell_s", f"{plan.dwell:.1f}"
    yield "bound_s", f"{plan.bound:.1f}"
    yield "drive_s", f"{plan.drive:.1f}"
    yield "total_s", f"{plan.duration:.1f}"


def _untreated(plan: UvPlan) -> Iterator[str]:
    """Floor and wall edges that stay dark, counted by what hides them."""
    dark = Counter(
        (reason, kind)
        for reason, kind in zip(plan.shadowed, plan.targets.kind, strict=True)
        if reason is not None and kind is not TargetKind.SURFACE
    )
    if dark:
        told = ", ".join(f"{count} × {kind} {escape(reason)}" for (reason, kind), count in dark.items())
        yield f"[red]Untreated[/] points of floor and wall edges: {told}. Wipe them by hand."


def _costly(plan: UvPlan) -> Iterator[str]:
    most = [index for index in np.argsort(-plan.costs, kind="stable")[:_TOLD] if plan.costs[index] > 0.0]
    if most:
        told = ", ".join(
            f"{escape(_name(plan, int(index)))} {plan.costs[index]:.0f} s of {plan.bound:.0f} s" for index in most
        )
        yield f"What takes most of the time: {told}."


def _name(plan: UvPlan, index: int) -> str:
    """What people call a target."""
    surface = plan.targets.surface[index]
    if surface is None:
        x, y = plan.targets.xy[index]
        return f"{plan.targets.kind[index]} ({x:.2f}, {y:.2f})"
    named = next(one for one in plan.room.surfaces if one.id == surface)
    return named.name or named.id


def _both(dose: float) -> str:
    return f"{dose:,.0f} J/m² ({dose / 10.0:,.1f} mJ/cm²)"
