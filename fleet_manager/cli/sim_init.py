"""`wardfleet sim init`: a first scenario to change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleet_manager.cli.problems import plain_problems
from sim.scenario_file import FIRST, SUFFIX, ScenarioError
from sim.scenario_schema import SCHEMA_FILE, schema_text


def init(
    name: Annotated[str, typer.Argument(help="The scenario's name or path, with or without .scenario.yaml.")] = "first",
) -> None:
    """Write a first scenario that runs, with comments, and the schema for editors beside it.

    Example: `wardfleet sim init night_shift`
    """
    path = Path(name if name.endswith(SUFFIX) else name + SUFFIX)
    with plain_problems(ScenarioError):
        if path.exists():
            raise ScenarioError(f"{path}: exists already; give another name")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FIRST.read_text(encoding="utf-8"), encoding="utf-8")
        path.with_name(SCHEMA_FILE.name).write_text(schema_text(), encoding="utf-8")
    typer.echo(f"{path} is written; wardfleet sim run {path} runs it")
