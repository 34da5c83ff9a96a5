"""The `wardfleet` command."""

from __future__ import annotations

from typing import Annotated

import typer

from fleet_manager.cli import map as map_commands
from fleet_manager.cli.agent import agent
from fleet_manager.cli.bench import bench
from fleet_manager.cli.demo import demo
from fleet_manager.cli.route import route
from fleet_manager.cli.serve import serve
from fleet_manager.cli.sim_run import run
from fleet_manager.cli.sim_world import world
from fleet_manager.cli.tokens import tokens

app = typer.Typer(
    name="wardfleet",
    help="Run a hospital's robots: one fleet manager, its agents, a simulator and a console.",
    epilog="Start with `wardfleet demo`, then open http://localhost:8000.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)

simulation = typer.Typer(help="Simulate: a world for agents and manager, or a whole day.", no_args_is_help=True)
simulation.command("world")(world)
simulation.command("run")(run)

app.command()(demo)
app.command()(serve)
app.command()(agent)
app.command()(route)
app.command()(tokens)
app.command()(bench)
app.add_typer(map_commands.app, name="map")
app.add_typer(simulation, name="sim")


@app.callback()
def about(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"wardfleet {installed('wardfleet')}")
        raise typer.Exit


def main() -> None:
    app()
