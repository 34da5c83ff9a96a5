"""`wardfleet coverage`: plan what a robot's light or spray has to reach."""

from __future__ import annotations

from typing import ClassVar

import typer

from fleet_manager.cli.lazy import LazyGroup


class _Coverage(LazyGroup):
    places: ClassVar = {"uv": "coverage_uv:uv", "spray": "coverage_spray:spray"}


app = typer.Typer(
    cls=_Coverage,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)


@app.callback()
def about() -> None:
    """Plan what a robot's light or spray has to reach, before it starts."""
