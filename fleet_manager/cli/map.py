"""`wardfleet map`: look at, check, convert, align and generate site maps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fleet_manager.cli.map_align import map_align
from fleet_manager.cli.map_diff import diff
from fleet_manager.cli.problems import plain_problems
from fleet_manager.cli.progress import progress_bar
from maps.drawing import draw
from maps.exporters import nav2_grid, nav2_route_graph
from maps.generator import DEFAULT_ROBOTS, generate
from maps.importers import read_any
from maps.model import LevelId, Site
from maps.site_files import save_site
from maps.validation import Finding, Severity, check

app = typer.Typer(
    help="Look at, check, convert, align and generate site maps.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    epilog="Maps are read from a site folder, an Open-RMF `building.yaml`, a Nav2 route graph (`.geojson`) or a Nav2 "
    "occupancy grid (`.yaml` with its picture).",
)

SiteArgument = Annotated[Path, typer.Argument(metavar="SITE", help="A site folder, or a map in a known format.")]


class ExportFormat(StrEnum):
    NAV2 = "nav2"
    NAV2_GRID = "nav2-grid"


_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


@app.command("check", epilog="Example: `wardfleet map check maps/sites/general_hospital`")
def check_site(
    site: SiteArgument,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as a JSON list.")] = False,
) -> None:
    """Say what robots would stumble over. Exit code 1 when there are errors, 2 when SITE cannot be read."""
    with plain_problems(), _steps("Reading", "Checking") as step:
        loaded = read_any(site)
        step()
        findings = check(loaded)
        step()
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        _print_findings(loaded, findings)
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise typer.Exit(1)


@app.command("import", epilog="Example: `wardfleet map import clinic.building.yaml -o sites/clinic`")
def import_map(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A map in a known format.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The site folder to write.")],
) -> None:
    """Convert a map to a site folder that can be edited and run.

    An occupancy grid gives a draft: lanes, doorways and numbered rooms, for you to name and correct.
    """
    with plain_problems(), _steps("Reading", "Checking", "Writing") as step:
        site = read_any(file)
        step()
        findings = check(site)
        step()
        save_site(site, output)
        step()
    _print_summary(site, findings, output)


@app.command("export", epilog="Example: `wardfleet map export sites/clinic --format nav2 -o clinic.geojson`")
def export_map(
    site: SiteArgument,
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write; a folder for grids.")],
    form: Annotated[ExportFormat, typer.Option("--format", help="The format to write.")] = ExportFormat.NAV2,
) -> None:
    """Write a site in another system's format.

    `nav2` is the route server's GeoJSON graph, `nav2-grid` an occupancy grid (YAML and PGM) for each level.
    """
    writers: dict[ExportFormat, Callable[[Site, Path], None]] = {
        ExportFormat.NAV2: nav2_route_graph.write,
        ExportFormat.NAV2_GRID: nav2_grid.write,
    }
    with plain_problems(), _steps("Reading", "Writing") as step:
        loaded = read_any(site)
        step()
        writers[form](loaded, output)
        step()
    if form is ExportFormat.NAV2_GRID:
        typer.echo(f"{output}: {len(loaded.levels)} levels")
    else:
        typer.echo(f"{output}: {len(loaded.waypoints)} waypoints, {len(loaded.lanes)} lanes")


@app.command("generate", epilog="Example: `wardfleet map generate -o sites/big --floors 10 --seed 7 --robots 100`")
def generate_site(
    output: Annotated[Path, typer.Option("-o", "--output", help="The site folder to write.")],
    floors: Annotated[int, typer.Option(min=1, max=10, help="Storeys above ground.")] = 6,
    seed: Annotated[int, typer.Option(help="The same seed gives the same hospital.")] = 1,
    robots: Annotated[int, typer.Option(min=0, help="Delivery robots, each with a dock.")] = DEFAULT_ROBOTS,
    name: Annotated[str, typer.Option(help="The hospital's name.")] = "General Hospital",
) -> None:
    """Make a whole hospital: wards, theatres, departments, lifts, docks, an isolation ward and a yard."""
    with plain_problems(), _steps("Generating", "Checking", "Writing") as step:
        site = generate(floors=floors, seed=seed, robots=robots, name=name)
        step()
        findings = check(site)
        step()
        save_site(site, output)
        step()
    _print_summary(site, findings, output)


app.command(
    "align",
    epilog="Example: `wardfleet map align sites/clinic --fleet delivery --level L1 --pair pharmacy=3.2,-1.0 "
    "--pair kitchen=14.8,-0.9 --pair lobby=9.1,6.4 --write`",
)(map_align)
app.command("diff", epilog="Example: `wardfleet map diff sites/clinic sites/clinic_with_new_wing`")(diff)


@app.command("show", epilog="Example: `wardfleet map show maps/sites/general_hospital -o hospital.svg --level L2`")
def show(
    site: SiteArgument,
    output: Annotated[Path, typer.Option("-o", "--output", help="The picture to write: .png, .svg or .pdf.")],
    level: Annotated[str | None, typer.Option(help="Only this level.")] = None,
) -> None:
    """Draw a site, all levels side by side."""
    with plain_problems(), _steps("Reading", "Drawing") as step:
        loaded = read_any(site)
        step()
        draw(loaded, output, None if level is None else LevelId(level))
        step()
    typer.echo(str(output))


@contextmanager
def _steps(*names: str) -> Iterator[Callable[[], None]]:
    """Show progress; call the yielded function after each of the steps."""
    with progress_bar() as progress:
        upcoming = iter([*names[1:], names[-1]])
        task = progress.add_task(names[0], total=len(names))
        yield lambda: progress.update(task, advance=1, description=next(upcoming))


def _print_findings(site: Site, findings: list[Finding]) -> None:
    console = Console()
    if not findings:
        console.print(f"{escape(site.name)}: nothing to mend")
        return
    table = Table(title=escape(site.name), show_lines=False)
    for title in ("Severity", "Level", "Finding", "What to do"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        colour = _COLOURS[finding.severity]
        cells = (finding.level or "", finding.message, finding.remedy)
        table.add_row(f"[{colour}]{finding.severity}[/]", *(escape(cell) for cell in cells))
    console.print(table)


def _print_summary(site: Site, findings: list[Finding], output: Path) -> None:
    robots = sum(len(fleet.robots) for fleet in site.fleets.values())
    typer.echo(
        f"{output}: {site.name}, {len(site.levels)} levels, {len(site.waypoints)} waypoints, {len(site.lanes)} lanes, "
        f"{len(site.lifts)} lifts, {len(site.fleets)} fleets with {robots} robots"
    )
    counts = Counter(finding.severity for finding in findings)
    if counts:
        told = ", ".join(f"{counts[severity]} × {severity}" for severity in Severity if counts[severity])
        typer.echo(f"Findings: {told}. See `wardfleet map check {output}`.")
