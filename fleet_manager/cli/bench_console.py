"""`wardfleet bench console`: a console that shows many robots, and the way of a message to it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.console import run_console
from benchmarks.console_browser import BrowserMissingError
from benchmarks.traffic import named_site
from fleet_manager.cli import figures
from fleet_manager.cli.problems import plain_problems
from fleet_manager.cli.progress import progress_bar
from fleet_manager.logs import configure_logs


def console(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    site: Annotated[str, typer.Option(help="A site or map, or generated:FLOORS for a new hospital.")] = "generated:6",
    robots: Annotated[int, typer.Option(min=1, help="Robots that the console shows.")] = 200,
    clients: Annotated[int, typer.Option(min=0, help="Other consoles of the running hospital.")] = 50,
    demo_robots: Annotated[int, typer.Option(min=1, max=200, help="Robots of the running hospital.")] = 10,
    seconds: Annotated[float, typer.Option(min=1.0, help="How long each is measured.")] = 60.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same recording.")] = 1,
) -> None:
    """Measure the console in headless Chromium, and its messages. Exit code 1 when a bound does not hold.

    Bounds: 99 % of the page's tasks within 50 ms, none above 150 ms; 99 % of the messages within 150 ms; Lighthouse:
    performance 90, accessibility 100.

    Example: `wardfleet bench console --json console.json`
    """
    configure_logs(level="ERROR")
    with plain_problems(BrowserMissingError), progress_bar() as bar:
        doing = bar.add_task("", total=None)
        result = run_console(
            named_site(site),
            robots=robots,
            clients=clients,
            demo_robots=demo_robots,
            seconds=seconds,
            seed=seed,
            progress=lambda text: bar.update(doing, description=text),
        )
    figures.tell(asdict(result), json_file, decimals=2)
    if result.missed:
        raise typer.Exit(1)
