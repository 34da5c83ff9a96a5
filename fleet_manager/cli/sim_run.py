"""`wardfleet sim run`: a scenario, in virtual time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from fleet_manager.cli.problems import plain_problems
from fleet_manager.cli.progress import progress_bar
from fleet_manager.domain.tasks import TaskStatus
from fleet_manager.logs import configure_logs
from fleet_manager.orchestration.views import TaskView
from sim.scenario import ScenarioError, ScenarioResult, read_scenario, run_scenario, site_of


def run(
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO", help="YAML file.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same run.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")] = None,
) -> None:
    """Run a scenario and show what became of each delivery.

    Exit code 1 when one was not completed or two footprints overlapped, 2 when the file can't be used.

    Example: `wardfleet sim run sim/scenarios/morning_round.yaml --seed 7`
    """
    configure_logs(level="ERROR")
    with plain_problems(ScenarioError), progress_bar() as bar:
        wanted = read_scenario(scenario)
        site = site_of(wanted, scenario)
        running = bar.add_task("Simulating", total=1.0)
        result = run_scenario(wanted, site, seed, lambda share: bar.update(running, completed=share))
        if json_file is not None:
            json_file.write_text(json.dumps(msgspec.to_builtins(result), indent=2, default=str) + "\n")
    _show(result)
    done = all(task.status is TaskStatus.COMPLETED for task in result.tasks)
    if not done or result.refused or result.violations:
        raise typer.Exit(1)


def _show(result: ScenarioResult) -> None:
    console = Console()
    table = Table("task", "priority", "from", "to", "carrier", "picked up after", "done after", "status")
    for task in result.tasks:
        table.add_row(
            task.id,
            task.priority,
            task.pickup,
            task.dropoff,
            task.robot or "–",
            _since(task, picked_up=True),
            _since(task, picked_up=False),
            task.outcome or task.status,
        )
    console.print(table)
    for refusal in result.refused:
        console.print(f"[red]refused[/] {refusal}")
    console.print(f"{result.violations} overlaps of footprints; log {result.log_sha256[:12]}")


def _since(task: TaskView, *, picked_up: bool) -> str:
    time = task.picked_up_at if picked_up else task.ended_at
    return f"{(time - task.requested_at).total_seconds() / 60:.1f} min" if time is not None else "–"
