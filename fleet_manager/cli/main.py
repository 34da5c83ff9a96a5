"""The `wardfleet` command."""

from __future__ import annotations

from importlib.metadata import version as installed
from typing import Annotated, ClassVar

import typer

from fleet_manager.cli.lazy import LazyGroup


class _Commands(LazyGroup):
    places: ClassVar = {
        "demo": "demo:demo",
        "serve": "serve:serve",
        "agent": "agent:agent",
        "map": "map:app",
        "route": "route:route",
        "coverage": "coverage:app",
        "sim": "sim:app",
        "bench": "bench:app",
        "tokens": "tokens:tokens",
        "staff": "staff:staff",
    }


app = typer.Typer(
    name="wardfleet",
    cls=_Commands,
    help="Run a hospital's robots: one fleet manager, its agents, a simulator and a console.",
    epilog="Start with `wardfleet demo`, then open http://localhost:8000.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"wardfleet {installed('wardfleet')}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    """Options of all commands."""


def main() -> None:
    app()
