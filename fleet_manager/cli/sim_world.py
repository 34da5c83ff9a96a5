"""`wardfleet sim world`: the simulated robots, doors and lifts of a site, as a process of their own."""

from __future__ import annotations

import asyncio
import random
import signal
from pathlib import Path
from typing import Annotated

import typer

from fleet_manager.cli.problems import plain_problems
from fleet_manager.logs import configure_logs
from maps.importers import read_any
from maps.model import CarrierKind, Site
from sim.clock import run_scaled
from sim.visitors import Visitors
from sim.world import World
from sim.world_server import WorldServer


def world(
    site: Annotated[Path, typer.Option(help="A site folder, or a map in a known format.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free one.")] = 8700,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    seed: Annotated[int, typer.Option(help="The same seed gives the same variations.")] = 1,
    speed: Annotated[float, typer.Option(min=0.01, help="Run so many times faster than the wall clock.")] = 1.0,
    robots: Annotated[int | None, typer.Option(min=0, help="Only the first so many robots of the site.")] = None,
    visitors: Annotated[
        float, typer.Option(min=0.0, help="People an hour who pass each robot that screens; 0: nobody.")
    ] = 0.0,
    token: Annotated[str, typer.Option(envvar="WARDFLEET_WORLD_TOKEN", help="What clients have to know.")] = "",
) -> None:
    """Run the simulated world that agents and the fleet manager connect to. Ends on SIGTERM or Ctrl-C.

    Example: `wardfleet sim world --site maps/sites/general_hospital --port 8700`
    """
    configure_logs()
    with plain_problems():
        run_scaled(_serve(read_any(site), host, port, seed, speed, robots, visitors, token), speed)


async def _serve(
    site: Site, host: str, port: int, seed: int, speed: float, robots: int | None, visitors: float, token: str
) -> None:
    world = World(site, rng=random.Random(seed))
    _spawn_at_home(world, robots)
    if visitors > 0.0:
        coming = Visitors(world.passers, random.Random(f"{seed} visitors"), per_hour=visitors)
        people = asyncio.get_running_loop().create_task(coming.come(), name="visitors")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with WorldServer(world, token=token, speed=speed).listening(host, port) as free_port:
        typer.echo(f"world of {site.name} ready at ws://{host}:{free_port} with {len(world.bodies)} robots")
        await stop.wait()
    if visitors > 0.0:
        people.cancel()


def _spawn_at_home(world: World, most: int | None) -> None:
    """Put the robots that have a home there; people have no simulated body."""
    for fleet in world.site.fleets.values():
        for robot in fleet.robots:
            if fleet.carrier is CarrierKind.PERSON or robot.home is None:
                continue
            if most is None or len(world.bodies) < most:
                world.spawn(robot.id, fleet.id, robot.home)
