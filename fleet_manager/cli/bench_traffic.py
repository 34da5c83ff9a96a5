"""`wardfleet bench traffic`: as much work as the robots can do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.day import SITE
from benchmarks.traffic import named_site, run_traffic
from fleet_manager.cli import figures
from fleet_manager.cli.problems import plain_problems
from fleet_manager.cli.progress import progress_bar
from fleet_manager.logs import configure_logs


def traffic(
    site: Annotated[str, typer.Option(help="A site or map, or generated:FLOORS for a new hospital.")] = str(SITE),
    robots: Annotated[int, typer.Option(min=1, help="Robots of the first fleet; no others are on the floor.")] = 10,
    hours: Annotated[float, typer.Option(min=0.01, help="Hours with always as many open tasks as robots.")] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same tasks.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
) -> None:
    """Keep all robots busy. Exit code 1 when a task was not completed, footprints overlapped, or robots jammed.

    Example: `wardfleet bench traffic --site generated:6 --robots 50 --hours 2 --json traffic.json`
    """
    configure_logs(level="ERROR")
    with plain_problems(), progress_bar() as bar:
        simulating = bar.add_task("Simulating the traffic", total=1.0)
        result = run_traffic(
            named_site(site), robots, hours, seed, lambda share: bar.update(simulating, completed=share)
        )
    figures.tell(asdict(result), json_file)
    if result.completed < result.tasks or result.violations or result.jams:
        raise typer.Exit(1)
