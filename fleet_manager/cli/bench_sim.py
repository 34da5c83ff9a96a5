"""`wardfleet bench sim`: a whole hospital's day, and the movement of its robots alone."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.sim import MOVEMENT_SECONDS, run_sim
from fleet_manager.cli import figures
from fleet_manager.cli.problems import plain_problems
from fleet_manager.cli.progress import progress_bar
from fleet_manager.logs import configure_logs
from maps.importers import read_any


def sim(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    site: Annotated[Path | None, typer.Option(help="Another site than the general hospital.")] = None,
    robots: Annotated[int, typer.Option(min=1, help="Robots of the first fleet; no others are on the floor.")] = 100,
    tasks: Annotated[int, typer.Option(min=1, help="Deliveries of a whole day.")] = 5000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same day.")] = 1,
    begin: Annotated[float, typer.Option(min=0.0, max=24.0, help="The hour of the day to begin with.")] = 0.0,
    hours: Annotated[float, typer.Option(min=0.01, max=24.0, help="How many hours of the day.")] = 24.0,
    movement: Annotated[
        float, typer.Option(min=60.0, max=MOVEMENT_SECONDS, help="Simulated seconds of the movement alone.")
    ] = MOVEMENT_SECONDS,
) -> None:
    """Simulate a hospital's day. Exit code 1 when a task was not completed, footprints overlapped, or robots jammed.

    Example: `wardfleet bench sim --json sim.json`
    """
    configure_logs(level="ERROR")
    with plain_problems(ModuleNotFoundError), progress_bar() as bar:
        simulating = bar.add_task("Simulating the day", total=1.0)
        result = run_sim(
            site=read_any(site) if site is not None else None,
            robots=robots,
            tasks=tasks,
            seed=seed,
            begin=begin,
            hours=hours,
            movement_seconds=movement,
            progress=lambda share: bar.update(simulating, completed=share),
        )
    figures.tell(asdict(result), json_file)
    if result.completed < result.tasks or result.violations or result.jams:
        raise typer.Exit(1)
