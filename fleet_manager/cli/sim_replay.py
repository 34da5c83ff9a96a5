"""`wardfleet sim replay`: today's code over a recorded log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleet_manager.cli.problems import plain_problems
from fleet_manager.logs import configure_logs
from sim.recorded_log import LogError, read_log, replay
from sim.scenario_file import ScenarioError


def replay_log(log: Annotated[Path, typer.Argument(metavar="LOG", help="A file written by sim run --log.")]) -> None:
    """Run today's code over a recorded log and show the first event that it decides otherwise.

    Exit code 1 when there is a difference, 2 when the file can't be used.

    Example: `wardfleet sim replay monday.log.jsonl`
    """
    configure_logs(level="ERROR")
    with plain_problems(LogError, ScenarioError):
        recorded = read_log(log)
        difference = replay(recorded, log.parent)
    if difference is None:
        typer.echo(f"{len(recorded.lines)} events, no difference")
        return
    typer.echo(f"the first difference is event {difference.seq}")
    typer.echo(f"  recorded: {difference.recorded or 'nothing, the log ends'}")
    typer.echo(f"  today:    {difference.now or 'nothing, the run ends'}")
    raise typer.Exit(1)
