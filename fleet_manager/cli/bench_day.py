"""`wardfleet bench day`: one simulated day on the general hospital."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.day import run_day
from fleet_manager.cli import figures
from fleet_manager.cli.problems import plain_problems
from fleet_manager.cli.progress import progress_bar
from fleet_manager.logs import configure_logs
from maps.importers import read_any


def day(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    site: Annotated[Path | None, typer.Option(help="Another site than the general hospital.")] = None,
    robots: Annotated[int, typer.Option(min=1, help="Robots of the first fleet.")] = 10,
    deliveries: Annotated[int, typer.Option(min=1, help="Deliveries of the day.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed gives the same day.")] = 1,
) -> None:
    """Simulate a day of deliveries. Exit code 1 when a task was not completed or two footprints overlapped.

    Example: `wardfleet bench day --json day.json`
    """
    configure_logs(level="ERROR")
    with plain_problems(), progress_bar() as bar:
        simulating = bar.add_task("Simulating the day", total=1.0)
        result = run_day(
            site=read_any(site) if site is not None else None,
            robots=robots,
            deliveries=deliveries,
            seed=seed,
            progress=lambda share: bar.update(simulating, completed=share),
        )
    figures.tell(asdict(result), json_file)
    if result.completed < result.tasks or result.violations:
        raise typer.Exit(1)
