"""`wardfleet sim run`: scenarios in virtual time, several at once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from fleet_manager.cli.problems import plain_problems
from fleet_manager.cli.progress import progress_bar
from fleet_manager.logs import configure_logs
from fleet_manager.orchestration.views import TaskView
from sim.recorded_log import write_log
from sim.report.figures import figures_of
from sim.report.html import Chapter, chapter, page
from sim.scenario import Scenario
from sim.scenario_file import ScenarioError, read_scenario, scenarios_in, told_by
from sim.scenario_run import ScenarioResult, run_scenario
from sim.scenario_site import site_of

_FEW: Final = 30
"""So many tasks of a single scenario are shown one by one."""


def run(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Scenarios, or folders with *.scenario.yaml files.")
    ],
    seed: Annotated[int | None, typer.Option(help="Instead of the scenarios' own seeds.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; as many as cores when left out.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the results to this file.")] = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", help="Write a report with pictures to this file; it needs no other.")
    ] = None,
    log_file: Annotated[
        Path | None, typer.Option("--log", help="Write the event log of a single scenario, for sim replay.")
    ] = None,
) -> None:
    """Run scenarios and say which expectations hold.

    Exit code 1 when an expectation does not hold, with the story of what led to it; 2 when a file can't be used.

    Example: `wardfleet sim run sim/scenarios --jobs 2 --html report.html`
    """
    configure_logs(level="ERROR")
    with plain_problems(ScenarioError):
        paths = scenarios_in(files)
        scenarios = [_seeded(read_scenario(path), seed) for path in paths]
        if log_file is not None:
            _record(log_file, paths[0], scenarios[0])
        runs = _run_all(paths, scenarios, min(jobs or os.cpu_count() or 1, len(paths)))
        if json_file is not None:
            documents = {str(path): _document(run) for path, run in zip(paths, runs, strict=True)}
            json_file.write_text(json.dumps(documents, indent=2, default=str) + "\n", encoding="utf-8")
        if html_file is not None:
            html_file.write_text(page([run.chapter for run in runs]), encoding="utf-8")
    results = [run.result for run in runs]
    _show(paths, results)
    if not all(result.holds for result in results):
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Run:
    """What is kept of a run: its result without the record, and what the report draws from it."""

    result: ScenarioResult
    chapter: Chapter


def _record(log_file: Path, path: Path, scenario: Scenario) -> None:
    """Run a scenario for its log alone. Raises ScenarioError."""
    write_log(log_file, scenario, run_scenario(scenario, path.parent).log)


def _seeded(scenario: Scenario, seed: int | None) -> Scenario:
    return scenario if seed is None else scenario.model_copy(update={"seed": seed})


def _run_all(paths: list[Path], scenarios: list[Scenario], jobs: int) -> list[_Run]:
    """The runs in the order of the files. Raises ScenarioError."""
    with progress_bar() as bar:
        total = bar.add_task("Simulating", total=float(len(paths)))
        if jobs == 1:
            return [
                _run_one(path, scenario, partial(_tell_share, bar.update, total, number))
                for number, (path, scenario) in enumerate(zip(paths, scenarios, strict=True))
            ]
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            running = [pool.submit(_run_one, *work) for work in zip(paths, scenarios, strict=True)]
            for future in running:
                future.add_done_callback(lambda _: bar.advance(total))
            return [future.result() for future in running]


def _tell_share(update: Callable[..., None], total: object, before: int, share: float) -> None:
    update(total, completed=before + share)


def _run_one(path: Path, scenario: Scenario, progress: Callable[[float], None] = lambda _: None) -> _Run:
    """One scenario in this process. What is recorded of it stays here: it is large."""
    configure_logs(level="ERROR")
    try:
        result = run_scenario(scenario, path.parent, progress)
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from error
    site = site_of(scenario, path.parent)
    figures = figures_of(result, site)
    drawn = chapter(result, figures, site, file=path.name, about=told_by(path))
    return _Run(result.without_record(), drawn)


def _document(run: _Run) -> object:
    result = run.result
    document: dict[str, object] = msgspec.to_builtins(result)
    for recorded in ("log", "motion"):
        del document[recorded]
    return {
        "holds": result.holds,
        "completed": result.completed,
        "longest_wait": result.longest_wait,
        **document,
        "figures": msgspec.to_builtins(run.chapter.figures),
    }


# --- what is shown ---------------------------------------------------------------------------------------------


def _show(paths: list[Path], results: list[ScenarioResult]) -> None:
    console = Console()
    if len(results) == 1 and len(results[0].tasks) <= _FEW:
        console.print(_task_table(results[0]))
    console.print(_scenario_table(paths, results))
    for path, result in zip(paths, results, strict=True):
        for outcome in result.failed:
            console.print(f"\n[red]{escape(str(path))}: {escape(outcome.sentence)}[/]", soft_wrap=True)
            console.print(f"  found: {outcome.found}", markup=False, highlight=False, soft_wrap=True)
            for line in outcome.story:
                console.print(f"    {line}", markup=False, highlight=False, soft_wrap=True)


def _scenario_table(paths: list[Path], results: list[ScenarioResult]) -> Table:
    table = Table(Column("scenario", min_width=24), "result", "expected", "tasks", "longest wait", "took")
    for path, result in zip(paths, results, strict=True):
        held = len(result.outcomes) - len(result.failed)
        table.add_row(
            escape(result.title or path.name),
            "[green]holds[/]" if result.holds else "[red]fails[/]",
            f"{held}/{len(result.outcomes)}",
            f"{result.completed}/{len(result.tasks)}",
            _minutes(result.longest_wait),
            f"{result.wall_seconds:.1f} s",
        )
    return table


def _task_table(result: ScenarioResult) -> Table:
    table = Table("task", "demand", Column("way", min_width=24), "carrier", "picked up", "done", "status")
    for asked in result.tasks:
        task = asked.view
        picked_up, done = _since(task)
        table.add_row(
            task.id,
            asked.group or "–",
            f"{task.pickup} → {task.dropoff}",
            task.robot or "–",
            picked_up,
            done,
            task.outcome or task.status,
        )
    return table


def _since(task: TaskView) -> Iterator[str]:
    """The time from the request until the goods were picked up, and until the end."""
    for time in (task.picked_up_at, task.ended_at):
        yield _minutes((time - task.requested_at).total_seconds() if time is not None else None)


def _minutes(seconds: float | None) -> str:
    return f"{seconds / 60:.1f} min" if seconds is not None else "–"
