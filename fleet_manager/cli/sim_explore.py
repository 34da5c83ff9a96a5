"""`wardfleet sim explore`: random hospitals, demand and faults, until something breaks."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from fleet_manager.cli.problems import plain_problems
from fleet_manager.cli.progress import progress_bar
from fleet_manager.logs import configure_logs
from sim.explore import Failure, explored, scenario_text
from sim.scenario import Scenario
from sim.scenario_file import SUFFIX

Found = tuple[Scenario, Failure]


def explore(
    runs: Annotated[int, typer.Option(min=1, help="How many.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="The first run's seed; the others count up from it.")] = 0,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; as many as cores when left out.")] = None,
    jams: Annotated[bool, typer.Option("--jams", help="A jam of the traffic is a failure too.")] = False,
    folder: Annotated[Path, typer.Option("--to", help="Where the small scenarios of failing runs go.")] = Path(
        "explored"
    ),
) -> None:
    """Run random hospitals with random demand and faults, and check all invariants after every event.

    A run that fails is printed with its seed and shrunk to a small scenario file that fails the same way; `wardfleet
    sim run` plays it. Exit code 1 when one failed.

    Example: `wardfleet sim explore --runs 200 --seed 1000`
    """
    configure_logs(level="CRITICAL")
    console = Console()
    began = time.perf_counter()
    failed = 0
    with plain_problems(), progress_bar() as bar:
        exploring = bar.add_task("Exploring", total=runs)
        for number, found in _explored(range(seed, seed + runs), min(jobs or os.cpu_count() or 1, runs), jams):
            bar.advance(exploring)
            if found is None:
                continue
            failed += 1
            scenario, failure = found
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"seed-{number}{SUFFIX}"
            path.write_text(scenario_text(scenario, failure), encoding="utf-8")
            console.print(f"[red]seed {number} fails[/]: {escape(failure.what)}: {escape(failure.text)}")
            for line in failure.story:
                console.print(f"    {line}", markup=False, highlight=False)
            console.print(f"  wardfleet sim run {path}", markup=False, highlight=False)
    console.print(f"{runs} runs in {time.perf_counter() - began:.0f} s, {failed} failed")
    if failed:
        raise typer.Exit(1)


def _explored(seeds: range, jobs: int, jams: bool) -> Iterator[tuple[int, Found | None]]:
    """Each seed, and what was found when its run failed, in the order of the seeds."""
    if jobs == 1:
        yield from ((seed, explored(seed, jams=jams)) for seed in seeds)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_quiet) as pool:
        yield from zip(seeds, pool.map(explored, seeds, [jams] * len(seeds), chunksize=5), strict=True)


def _quiet() -> None:
    configure_logs(level="CRITICAL")
