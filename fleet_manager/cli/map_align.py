"""`wardfleet map align`: fit a robot's map to the site."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from fleet_manager.cli.problems import plain_problems
from maps.alignment import Alignment, Pair, align
from maps.errors import BrokenReferenceError, MapContentError
from maps.importers import read_any
from maps.model import FleetId, LevelId, Point, Site, WaypointId
from maps.site_files import save_site


def map_align(
    site: Annotated[Path, typer.Argument(metavar="SITE", help="A site folder, or a map in a known format.")],
    fleet: Annotated[str, typer.Option(help="The fleet whose robots have the map.")],
    level: Annotated[str, typer.Option(help="The level that the map shows.")],
    pair: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PLACE=X,Y", help="A place of the site (or its SITE_X,SITE_Y), and where the robot sees it."
        ),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Pairs as CSV: place,x,y or site_x,site_y,x,y; # begins a remark."),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Store the map frame in the site folder.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the fit as JSON.")] = False,
) -> None:
    """Fit a robot's map to the site from at least three pairs of places.

    Prints what each pair is off by, and the fleet's map frame on that level: the site frame turned by `rotation`, then
    moved by `x, y`. Exit code 1 when the fit has warnings, 2 when nothing can be fitted.
    """
    with plain_problems():
        loaded = read_any(site)
        _check(loaded, fleet, level)
        given = [_pair(loaded, LevelId(level), *_split(text)) for text in pair or []]
        given += list(_read(loaded, LevelId(level), pairs)) if pairs is not None else []
        fit = align(given)
        if write:
            _store(loaded, site, FleetId(fleet), LevelId(level), fit)
    if as_json:
        typer.echo(json.dumps(_document(given, fit), indent=2))
    else:
        _show(given, fit, fleet, level)
    if fit.warnings:
        raise typer.Exit(1)


def _check(site: Site, fleet: str, level: str) -> None:
    for name, known, kind in ((fleet, list(site.fleets), "fleet"), (level, list(site.levels), "level")):
        if name not in known:
            raise BrokenReferenceError(
                f"site {site.name!r} has no {kind} {name!r}", remedy=f"It has {', '.join(known) or 'none'}"
            )


def _split(text: str) -> tuple[str, str]:
    place, sign, seen = text.rpartition("=")
    if not sign:
        raise MapContentError(f"{text!r} is no pair", remedy="Write PLACE=X,Y, such as pharmacy=12.3,-4.5")
    return place.strip(), seen.strip()


def _pair(site: Site, level: LevelId, place: str, seen: str) -> Pair:
    return Pair(name=place, site=_on_site(site, level, place), map=_numbers(seen, place))


def _on_site(site: Site, level: LevelId, place: str) -> Point:
    if "," in place:
        return _numbers(place, place)
    named = site.waypoints.get(WaypointId(place))
    if named is None:
        named = next((waypoint for waypoint in site.waypoints.values() if waypoint.name == place), None)
    if named is None:
        raise BrokenReferenceError(
            f"site {site.name!r} has no place {place!r}", remedy="Name a waypoint, or give its coordinates"
        )
    if named.level != level:
        raise MapContentError(f"{place!r} is on level {named.level!r}", remedy=f"Choose places on {level!r}")
    return named.xy


def _numbers(text: str, place: str) -> Point:
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError as error:
        raise MapContentError(
            f"{text!r} are not two numbers", feature=f"pair {place!r}", remedy="Write X,Y in metres"
        ) from error
    if not (math.isfinite(x) and math.isfinite(y)):
        raise MapContentError(f"{text!r} are not finite", feature=f"pair {place!r}", remedy="Write X,Y in metres")
    return x, y


def _read(site: Site, level: LevelId, file: Path) -> Iterator[Pair]:
    lines = [
        line for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip() and not line.startswith("#")
    ]
    for number, row in enumerate(csv.reader(lines), start=1):
        cells = [cell.strip() for cell in row]
        if number == 1 and cells[-1].lower() == "y":
            continue
        if len(cells) not in (3, 4):
            raise MapContentError(
                "a pair is place,x,y or site_x,site_y,x,y",
                file=file,
                feature=f"pair {number}",
                remedy="Correct the line",
            )
        yield _pair(site, level, ",".join(cells[:-2]), ",".join(cells[-2:]))


def _store(site: Site, folder: Path, fleet: FleetId, level: LevelId, fit: Alignment) -> None:
    if not folder.is_dir() and folder.name != "site.yaml":
        raise MapContentError(
            "is no site folder",
            file=folder,
            remedy="Convert it with `wardfleet map import` first, then align the folder",
        )
    kept = site.fleets[fleet]
    aligned = replace(kept, frames={**kept.frames, level: fit.frame})
    save_site(replace(site, fleets={**site.fleets, fleet: aligned}), folder if folder.is_dir() else folder.parent)


def _document(pairs: list[Pair], fit: Alignment) -> object:
    return {
        "frame": {"x": fit.frame.x, "y": fit.frame.y, "rotation": fit.frame.rotation},
        "rms": fit.rms,
        "scale": fit.scale,
        "residuals": [
            {"place": pair.name, "residual": residual} for pair, residual in zip(pairs, fit.residuals, strict=True)
        ],
        "warnings": list(fit.warnings),
    }


def _show(pairs: list[Pair], fit: Alignment, fleet: str, level: str) -> None:
    console = Console()
    columns = [Column(title, justify="right") for title in ("on the site", "on the robot's map", "off by")]
    table = Table("place", *columns)
    for pair, residual in zip(pairs, fit.residuals, strict=True):
        where = [f"{x:.2f}, {y:.2f}" for x, y in (pair.site, pair.map)]
        table.add_row(escape(pair.name), *where, f"{residual:.2f} m")
    console.print(table)
    console.print(f"Root mean square {fit.rms:.2f} m, scale {fit.scale:.3f}", highlight=False)
    for warning in fit.warnings:
        console.print(f"[yellow]{escape(warning)}[/]", highlight=False, soft_wrap=True)
    frame = fit.frame
    typer.echo(f"Map frame of fleet {fleet} on {level}, for site.yaml:")
    told = {level: {"x": round(frame.x, 4), "y": round(frame.y, 4), "rotation": round(frame.rotation, 5)}}
    typer.echo(f"  frames: {yaml.safe_dump(told, default_flow_style=True, sort_keys=False, width=200).strip()}")
