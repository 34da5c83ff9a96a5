"""`wardfleet route`: the way a robot would take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, TypedDict

import typer
from rich.console import Console
from rich.table import Table

from fleet_manager.cli.problems import plain_problems
from fleet_manager.domain.errors import UnknownPlace
from fleet_manager.planning.routes import Routes, levels_of
from maps.importers import read_any
from maps.model import CarrierKind, FleetId, Site, WaypointId


class _RouteError(Exception):
    """There is no such place, fleet or route."""


class _Found(TypedDict):
    start: str
    goal: str
    fleet: str
    length: float
    duration: float
    levels: list[str]
    lifts: list[str]
    steps: list[tuple[str, str, str]]


def route(
    site: Annotated[Path, typer.Argument(metavar="SITE", help="A site folder, or a map in a known format.")],
    start: Annotated[str, typer.Argument(metavar="FROM", help="Name of a place.")],
    goal: Annotated[str, typer.Argument(metavar="TO", help="Name of a place.")],
    fleet: Annotated[str | None, typer.Option(help="Fleet whose robots drive; the first that has a way.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the route as JSON.")] = False,
) -> None:
    """Show the quickest route between two places: its length, time, levels and lifts.

    Example: `wardfleet route maps/sites/general_hospital pharmacy ward_3b`
    """
    with plain_problems(_RouteError):
        loaded = read_any(site)
        places = [_place(loaded, start, "FROM"), _place(loaded, goal, "TO")]
        found = _find(loaded, places[0], places[1], fleet)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    console = Console()
    console.print(
        f"{start} → {goal}: [bold]{found['length']:.0f} m[/], {found['duration']:.0f} s with {found['fleet']}, "
        f"levels {' → '.join(found['levels'])}"
    )
    table = Table("waypoint", "level", "by")
    for waypoint, level, by in found["steps"]:
        table.add_row(waypoint, level, by)
    console.print(table)


def _place(site: Site, name: str, field: str) -> WaypointId:
    if name in site.waypoints:
        return WaypointId(name)
    named = {w.name: w.id for w in site.waypoints.values() if w.name is not None}
    if name not in named:
        unknown = UnknownPlace(name, named, field=field)
        raise _RouteError(f"{unknown}; {unknown.way_out}")
    return named[name]


def _find(site: Site, start: WaypointId, goal: WaypointId, fleet: str | None) -> _Found:
    if fleet is not None and fleet not in site.fleets:
        raise _RouteError(f"site {site.name} has no fleet {fleet}; its fleets are {', '.join(site.fleets)}")
    ground = [f.id for f in site.fleets.values() if f.carrier is not CarrierKind.PERSON]
    routes = Routes(site)
    for fleet_id in [FleetId(fleet)] if fleet is not None else ground:
        way = routes.of(fleet_id).route(start, goal)
        if way is None:
            continue
        steps: list[tuple[str, str, str]] = [(start, site.waypoints[start].level, "start")]
        for leg in way.legs:
            by = f"lift {leg.lift}" if leg.lift is not None else "lane"
            steps.append((leg.waypoint, site.waypoints[leg.waypoint].level, by))
        return {
            "start": start,
            "goal": goal,
            "fleet": fleet_id,
            "length": way.length,
            "duration": way.duration,
            "levels": list(levels_of(site, way)),
            "lifts": [leg.lift for leg in way.legs if leg.lift is not None],
            "steps": steps,
        }
    raise _RouteError(f"no fleet of site {site.name} has a way from {start} to {goal}; `wardfleet map check` says why")
