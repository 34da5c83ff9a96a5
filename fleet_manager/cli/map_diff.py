"""`wardfleet map diff`: what differs between two maps, and which routes that changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from fleet_manager.cli.problems import plain_problems
from fleet_manager.cli.progress import progress_bar
from fleet_manager.domain.errors import UnknownPlace
from fleet_manager.planning.route_changes import (
    ChangeKind,
    Journey,
    RouteChange,
    RouteChanges,
    fleets_of,
    route_changes,
)
from maps.differences import KINDS, Difference, Happened, differences
from maps.importers import read_any
from maps.model import FleetId, Site, WaypointId
from maps.places import public_places

_FEW: Final = 8
"""So many parts of a kind are named."""

_SHOWN: Final = 25
"""So many routes are shown; the JSON has them all."""


class _DiffError(Exception):
    """The sites can't be compared so."""


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A site folder, or a map in a known format.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The map that shall replace it.")],
    places: Annotated[
        list[str] | None, typer.Argument(metavar="[PLACE PLACE…]", help="Only routes between these places.")
    ] = None,
    fleet: Annotated[str | None, typer.Option(help="Fleet whose robots drive; the first that has a way.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all of it to this file.")] = None,
) -> None:
    """Say what differs between two maps, and which routes between public places change.

    Exit code 0 when no route changes, 1 when one does or a public place is gone, 2 when a file can't be used.
    """
    with plain_problems(_DiffError):
        before, after = read_any(old), read_any(new)
        _check_fleets(before, after, fleet)
        known, gone = _places(before, after, places or [])
        parts = differences(before, after)
        with progress_bar() as bar:
            task = bar.add_task("Comparing routes", total=1.0)
            found = route_changes(
                before,
                after,
                known,
                FleetId(fleet) if fleet is not None else None,
                lambda share: bar.update(task, completed=share),
            )
        if json_file is not None:
            json_file.write_text(json.dumps(_document(parts, gone, found), indent=2) + "\n", encoding="utf-8")
    _show(before, after, parts, gone, found)
    if found.changes or gone:
        raise typer.Exit(1)


def _check_fleets(before: Site, after: Site, fleet: str | None) -> None:
    for site in (before, after):
        known = fleets_of(site)
        if fleet is not None and fleet not in known:
            raise _DiffError(f"site {site.name} has no fleet {fleet} of robots; it has {', '.join(known) or 'none'}")
        if not known:
            raise _DiffError(f"site {site.name} has no fleet of robots, so nobody drives a route")


def _places(before: Site, after: Site, wanted: list[str]) -> tuple[list[WaypointId], list[WaypointId]]:
    """The places to compare, and the public ones that only the old site has. Raises _DiffError."""
    if wanted:
        if len(wanted) < 2:
            raise _DiffError("name at least two places, or none for all public ones")
        return [_both_know(before, after, name) for name in dict.fromkeys(wanted)], []
    public = public_places(before)
    return [p for p in public if p in after.waypoints], [p for p in public if p not in after.waypoints]


def _both_know(before: Site, after: Site, name: str) -> WaypointId:
    for site, which in ((before, "OLD"), (after, "NEW")):
        if name not in site.waypoints:
            unknown = UnknownPlace(name, public_places(site), field=which)
            raise _DiffError(f"{unknown}; {unknown.way_out}")
    return WaypointId(name)


# --- JSON ------------------------------------------------------------------------------------------------------


def _document(parts: tuple[Difference, ...], gone: list[WaypointId], found: RouteChanges) -> object:
    return {
        "differences": msgspec.to_builtins(parts),
        "places_gone": gone,
        "pairs": found.pairs,
        "counts": {str(kind): found.count(kind) for kind in ChangeKind},
        "routes": [
            {
                "from": change.start,
                "to": change.goal,
                "kind": str(change.kind),
                "metres": round(change.metres, 3),
                "seconds": round(change.seconds, 3),
                "before": _journey(change.before),
                "after": _journey(change.after),
            }
            for change in found.changes
        ],
    }


def _journey(journey: Journey | None) -> object:
    if journey is None:
        return None
    return {
        "fleet": journey.fleet,
        "length": round(journey.length, 3),
        "duration": round(journey.duration, 3),
        "lifts": journey.lifts,
        "zones": sorted(journey.zones),
    }


# --- what is shown ---------------------------------------------------------------------------------------------


def _show(
    before: Site, after: Site, parts: tuple[Difference, ...], gone: list[WaypointId], found: RouteChanges
) -> None:
    console = Console()
    for line in _part_lines(parts):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if gone:
        console.print(f"No more: {', '.join(gone)}", markup=False, highlight=False, soft_wrap=True)
    if found.changes:
        console.print(_table(found.changes[:_SHOWN], before, after))
    if len(found.changes) > _SHOWN:
        console.print(f"… and {len(found.changes) - _SHOWN} more; --json FILE has them all", highlight=False)
    counts = [f"{found.count(kind)} {kind}" for kind in ChangeKind if found.count(kind)]
    told = ", ".join(counts) or "none changes"
    console.print(f"Routes: {told}, of {found.pairs} compared", highlight=False)


def _part_lines(parts: tuple[Difference, ...]) -> Iterator[str]:
    """`lanes: 2 removed (a>b, b>a), 1 changed (c>d: width)`, a line for each kind that differs."""
    if not parts:
        yield "The maps are the same."
    for kind in KINDS:
        told = []
        for happened in Happened:
            names = [_named(part) for part in parts if part.kind == kind and part.happened is happened]
            if names:
                more = f", … {len(names) - _FEW} more" if len(names) > _FEW else ""
                told.append(f"{len(names)} {happened} ({', '.join(names[:_FEW])}{more})")
        if told:
            yield f"{kind}: {'; '.join(told)}"


def _named(part: Difference) -> str:
    return f"{part.id}: {' and '.join(part.fields)}" if part.fields else part.id


def _table(changes: tuple[RouteChange, ...], before: Site, after: Site) -> Table:
    table = Table(
        "route",
        "change",
        Column("length", justify="right"),
        Column("time", justify="right"),
        Column("zones", justify="right"),
        "lifts and zone classes",
    )
    for change in changes:
        was, now = change.before, change.after
        table.add_row(
            escape(f"{change.start} → {change.goal}"),
            str(change.kind),
            _figure(was.length if was else None, now.length if now else None, "m"),
            _figure(was.duration if was else None, now.duration if now else None, "s"),
            _other_zones(change),
            escape(_otherwise(change, before, after)),
        )
    return table


def _figure(before: float | None, after: float | None, unit: str) -> str:
    """`84 → 96 m (+12)`."""
    if before is None or after is None:
        return f"{'–' if before is None else f'{before:.0f}'} → {'–' if after is None else f'{after:.0f} {unit}'}"
    return f"{before:.0f} → {after:.0f} {unit} ({after - before:+.0f})"


def _otherwise(change: RouteChange, before: Site, after: Site) -> str:
    """Other lifts, zone classes that came or went, and another fleet."""
    was, now = change.before, change.after
    if was is None or now is None:
        return ""
    told = []
    if was.lifts != now.lifts:
        told.append(f"{', '.join(was.lifts) or 'no lift'} → {', '.join(now.lifts) or 'no lift'}")
    old, new = _classes(was, before), _classes(now, after)
    told += [f"+{name}" for name in sorted(new - old)]
    told += [f"-{name}" for name in sorted(old - new)]
    if was.fleet != now.fleet:
        told.append(f"with {now.fleet}, was {was.fleet}")
    return "; ".join(told)


def _classes(journey: Journey, site: Site) -> set[str]:
    """The zone classes on the way."""
    zones = (site.zones[zone].zone_class for zone in journey.zones)
    return {zone_class.replace("_", " ") for zone_class in zones if zone_class is not None}


def _other_zones(change: RouteChange) -> str:
    """How many zones the route enters that it did not, and leaves alone that it entered."""
    was, now = change.before, change.after
    if was is None or now is None or was.zones == now.zones:
        return ""
    return f"+{len(now.zones - was.zones)} -{len(was.zones - now.zones)}"
