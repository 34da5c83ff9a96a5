"""`wardfleet sim`: the simulated world as a process, and scenarios in virtual time."""

from __future__ import annotations

import typer

from fleet_manager.cli.sim_explore import explore
from fleet_manager.cli.sim_init import init
from fleet_manager.cli.sim_replay import replay_log
from fleet_manager.cli.sim_run import run
from fleet_manager.cli.sim_schema import schema
from fleet_manager.cli.sim_world import world

app = typer.Typer(
    help="Simulate: a world for agents and manager, or a whole day.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
)
app.command("world")(world)
app.command("run")(run)
app.command("explore")(explore)
app.command("replay")(replay_log)
app.command("init")(init)
app.command("schema")(schema)
