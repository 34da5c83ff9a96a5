"""The `wardfleet` command. Each command's module is imported when it is asked for, so that all of them start fast."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version as installed
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

_COMMANDS: Final = {
    "demo": "demo:demo",
    "serve": "serve:serve",
    "agent": "agent:agent",
    "map": "map:app",
    "route": "route:route",
    "sim": "sim:app",
    "bench": "bench:bench",
    "tokens": "tokens:tokens",
}
"""Name of the command, and where it is in this package."""


class _Commands(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name].split(":")
        found = getattr(import_module(f"fleet_manager.cli.{module}"), name)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_show_locals=False)
            alone.command(cmd_name)(found)
            found = alone
        command = typer.main.get_command(found)
        command.name = cmd_name
        return command


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
