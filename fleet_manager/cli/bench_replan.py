"""`wardfleet bench replan`: how long one robot's plan takes between other itineraries."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.day import SITE
from benchmarks.replan import run_replan
from benchmarks.traffic import named_site
from fleet_manager.cli import figures
from fleet_manager.cli.problems import plain_problems
from fleet_manager.cli.progress import progress_bar
from fleet_manager.logs import configure_logs
from maps.model import LevelId


def replan(
    site: Annotated[str, typer.Option(help="A site or map, or generated:FLOORS for a new hospital.")] = str(SITE),
    level: Annotated[str | None, typer.Option(help="Where the robots drive; the site's first level.")] = None,
    itineraries: Annotated[int, typer.Option(min=0, help="Robots that are on their way.")] = 10,
    plans: Annotated[int, typer.Option(min=1, help="How many plans are made.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed gives the same questions.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Plan one robot between others. Exit code 1 when a plan was missed that there is.

    Example: `wardfleet bench replan --site clinic.building.yaml --level L1 --json replan.json`
    """
    configure_logs(level="ERROR")
    with plain_problems(), progress_bar() as bar:
        planning = bar.add_task("Planning", total=1.0)
        place = named_site(site)
        result = run_replan(
            place,
            LevelId(level) if level is not None else next(iter(place.levels)),
            itineraries,
            plans,
            seed,
            lambda share: bar.update(planning, completed=share),
        )
    figures.tell(asdict(result), json_file, decimals=2)
    if result.failures:
        raise typer.Exit(1)
