"""`wardfleet coverage spray`: a path that sprays an area, in sorties."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import shapely
import typer
from shapely import Polygon

from fleet_manager.cli import figures
from fleet_manager.cli.problems import plain_problems
from fleet_manager.domain.errors import WardFleetError
from fleet_manager.planning.coverage.bounds import least_length, whole_passes
from fleet_manager.planning.coverage.coverage_map import CoverageMap, tracks
from fleet_manager.planning.coverage.finishing import swept
from fleet_manager.planning.coverage.free_area import NotSprayable, free_area
from fleet_manager.planning.coverage.sorties import Sortie, SprayPlan, spray_plan
from maps.area_drawing import draw_area
from maps.areas import read_area
from maps.documents import read_json
from maps.errors import MapContentError
from maps.model import Point, Sprayer
from maps.spraying import CHLORINE, WOXIAOBAI

_SPRAYER: Final = WOXIAOBAI.sprayer or Sprayer(
    tank=0.0, flow=0.0, swath=0.0, speed=0.0, area_per_charge=0.0, battery_time=0.0
)


_ENOUGH: Final = 0.995
"""The share of the area that `bound_m` and `whole_passes_m` are for."""


class _SprayError(Exception):
    """The area can't be sprayed so; says the way out as well."""


def spray(
    polygon: Annotated[Path, typer.Option(metavar="FILE", help="The area: a GeoJSON polygon with holes, in metres.")],
    swath: Annotated[float, typer.Option(help="Width that the sprayer wets (m).")],
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the plan to this file.")] = None,
    png_file: Annotated[Path | None, typer.Option("--png", help="Draw the plan to this file.")] = None,
    start: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="X Y", help="Where the robot gets in; without it the largest part is covered."),
    ] = None,
    refill: Annotated[
        tuple[float, float] | None, typer.Option(metavar="X Y", help="The refill point; by default the path's start.")
    ] = None,
    driven: Annotated[
        Path | None,
        typer.Option(help="Poses of an interrupted job, a JSON list of [x, y, on]: plan only what they left."),
    ] = None,
    rate: Annotated[float, typer.Option(help="Disinfectant on the ground (mL/m²).")] = CHLORINE.rate * 1000.0,
    tank: Annotated[float, typer.Option(help="Tank (L).")] = _SPRAYER.tank,
    flow: Annotated[float, typer.Option(help="What the pump gives at most (L/min).")] = _SPRAYER.flow * 60.0,
    speed: Annotated[float, typer.Option(help="Speed (m/s).")] = round(_SPRAYER.speed, 3),
    area_per_charge: Annotated[float, typer.Option(help="What a charge suffices for (m²).")] = _SPRAYER.area_per_charge,
    battery: Annotated[float, typer.Option(help="How long a charge lasts (h).")] = _SPRAYER.battery_time / 3600.0,
    seed: Annotated[int, typer.Option(help="Seed of all random choices.")] = 1,
) -> None:
    """Plan a path that sprays an area, in sorties that the tank and the battery suffice for.

    The swath is a disc that stays inside the polygon. The vehicle's figures are those of a Woxiaobai. Exit code 2 when
    the area can't be sprayed.

    `path_ratio` is the path as a multiple of area ÷ swath. No path is shorter than `bound_m`, and none of straight
    passes in the direction of most of its strips than `whole_passes_m`: across 3.3 swaths four passes lie.

    Example: `wardfleet coverage spray --polygon yard.geojson --swath 1.2 --json plan.json --png plan.png`
    """
    with plain_problems(_SprayError, NotSprayable):
        area = read_area(polygon)
        sprayer = replace(
            _SPRAYER,
            tank=tank,
            flow=flow / 60.0,
            swath=swath,
            speed=speed,
            area_per_charge=area_per_charge,
            battery_time=battery * 3600.0,
        )
        try:
            plan, done = _planned(area, sprayer, rate / 1000.0, start, refill, driven, seed)
        except WardFleetError as problem:
            raise _SprayError(f"{polygon}: {problem}; {problem.way_out}") from problem
        if json_file is not None:
            json_file.write_text(json.dumps(_document(plan)) + "\n", encoding="utf-8")
        if png_file is not None:
            wet = swept(plan.path.points, swath / 2) if plan.path.points else done
            draw_area(area, wet, done, plan.path.points, [plan.refill] if plan.refill else [], png_file)
    figures.tell(_told(plan), None, decimals=4)


def _planned(
    area: Polygon,
    sprayer: Sprayer,
    rate: float,
    start: Point | None,
    refill: Point | None,
    driven: Path | None,
    seed: int,
) -> tuple[SprayPlan, shapely.Geometry]:
    """The plan, and what was covered before. Raises NotSprayable."""
    so_far = CoverageMap(free=free_area(area, sprayer.swath, start))
    if driven is not None:
        so_far = so_far.with_sprayed(*tracks(_poses(driven)))
    return spray_plan(so_far.rest(seed), sprayer, replace(CHLORINE, rate=rate), refill), so_far.covered


def _poses(file: Path) -> list[tuple[Point, bool]]:
    document = read_json(file)
    poses: list[tuple[Point, bool]] = []
    for number, entry in enumerate(document if isinstance(document, list) else [document]):
        match entry:
            case [int() | float() as x, int() | float() as y, bool() as on]:
                poses.append(((float(x), float(y)), on))
            case _:
                raise MapContentError(
                    "not a pose", file=file, feature=f"entry {number + 1}", remedy="Write [x, y, true or false]"
                )
    return poses


def _document(plan: SprayPlan) -> Mapping[str, Any]:
    return {
        **_told(plan),
        "sorties": [_sortie(sortie) for sortie in plan.sorties],
        "refill": _points([plan.refill])[0] if plan.refill else None,
        "path": _points(plan.path.points),
    }


def _told(plan: SprayPlan) -> Mapping[str, object]:
    path = plan.path
    return {
        "covered_share": path.share,
        "path_m": path.length,
        "path_ratio": path.length * path.free.swath / path.free.reachable.area,
        "bound_m": least_length(path.free, _ENOUGH),
        "whole_passes_m": whole_passes(path.free, path.angle, _ENOUGH),
        "area_m2": path.free.reachable.area,
        "polygon_m2": path.free.area.area,
        "litres": plan.litres,
        "seconds": plan.seconds,
        "sortie_count": len(plan.sorties),
    }


def _sortie(sortie: Sortie) -> Mapping[str, Any]:
    return {
        "from_m": round(sortie.start, 4),
        "to_m": round(sortie.end, 4),
        "litres": round(sortie.litres, 4),
        "area_m2": round(sortie.area, 3),
        "metres": round(sortie.metres, 3),
        "seconds": round(sortie.seconds, 2),
        "battery": round(sortie.battery, 5),
        "recharge_before": sortie.recharge,
        "way_out": _points(sortie.way_out),
        "way_back": _points(sortie.way_back),
    }


def _points(points: Sequence[Point]) -> list[list[float]]:
    return [[round(x, 6), round(y, 6)] for x, y in points]
