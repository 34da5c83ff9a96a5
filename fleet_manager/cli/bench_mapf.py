"""`wardfleet bench mapf`: the planner on a problem of the MovingAI benchmarks."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.mapf import run_mapf, warm_up
from fleet_manager.cli import figures
from fleet_manager.cli.problems import plain_problems
from fleet_manager.cli.progress import progress_bar


def mapf(
    map_file: Annotated[Path, typer.Option("--map", metavar="FILE", help="A grid map of the MovingAI benchmarks.")],
    scen_file: Annotated[Path, typer.Option("--scen", metavar="FILE", help="A scenario of that map.")],
    agents: Annotated[int, typer.Option(min=1, help="The first so many agents of the scenario.")] = 100,
    time_limit: Annotated[
        float, typer.Option(min=0.001, help="Seconds; what is left after the first solution improves it.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of all random choices.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    paths_file: Annotated[
        Path | None, typer.Option("--paths", help="Write the paths to this file: [x, y] per step, per agent.")
    ] = None,
) -> None:
    """Find paths for many agents on a grid. Exit code 1 when none were found in time, 2 when a file can't be used.

    Example: `wardfleet bench mapf --map room.map --scen room.scen --agents 50 --json mapf.json`
    """
    with plain_problems(), progress_bar() as bar:
        compiling = bar.add_task("Compiling", total=None)
        warm_up()
        bar.update(compiling, description="Planning")
        result, paths = run_mapf(map_file, scen_file, agents=agents, time_limit=time_limit, seed=seed)
        if paths_file is not None:
            paths_file.write_text(json.dumps(paths) + "\n")
    figures.tell(asdict(result), json_file, decimals=3)
    if not result.solved or result.violations:
        raise typer.Exit(1)
