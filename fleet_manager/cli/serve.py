"""`wardfleet serve`: the fleet manager with its API, agents' endpoint and console."""

from __future__ import annotations

import asyncio
import random
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvicorn

from fleet_manager.bootstrap import SettingsError, fleet_manager
from fleet_manager.cli.problems import plain_problems
from fleet_manager.logs import configure_logs
from fleet_manager.settings import ServerSettings
from sim.clock import ScaledLoop
from sim.people import Nurses

log = structlog.get_logger()


def serve(
    site: Annotated[Path, typer.Option(help="Site folder.", envvar="WARDFLEET_SITE")],
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for every interface.", envvar="WARDFLEET_HOST")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.", envvar="WARDFLEET_PORT")
    ] = 8000,
    database: Annotated[
        str, typer.Option(help="SQLAlchemy URL.", envvar="WARDFLEET_DATABASE")
    ] = "sqlite+aiosqlite:///wardfleet.sqlite3",
    tokens: Annotated[
        Path | None,
        typer.Option(help="JSON file with each robot's token; see `wardfleet tokens`.", envvar="WARDFLEET_TOKENS"),
    ] = None,
    staff: Annotated[
        Path | None,
        typer.Option(help="JSON file with who may sign for goods; see `wardfleet staff`.", envvar="WARDFLEET_STAFF"),
    ] = None,
    world: Annotated[str | None, typer.Option(help="URL of a simulated world whose doors and lifts are used.")] = None,
    recording_days: Annotated[
        float,
        typer.Option(
            min=0,
            max=366,
            help="How long what consoles show is kept; 0: not at all.",
            envvar="WARDFLEET_RECORDING_DAYS",
        ),
    ] = 7.0,
    recording_megabytes: Annotated[
        int,
        typer.Option(
            min=1, help="The most that it takes; the oldest goes first.", envvar="WARDFLEET_RECORDING_MEGABYTES"
        ),
    ] = 1000,
    auto_handover: Annotated[
        bool, typer.Option("--auto-handover", help="Simulated staff load and unload the robots.")
    ] = False,
    speed: Annotated[
        float, typer.Option(min=0.01, max=100, help="How much faster than the wall clock time runs.")
    ] = 1.0,
    epoch: Annotated[
        datetime | None, typer.Option(help="When the simulated clock was right (UTC); the same in all processes.")
    ] = None,
) -> None:
    """Run the fleet manager for a site until it is interrupted.

    Agents connect to /agents/v1, people to the console at /, programs to /api/v1.

    Example: `wardfleet serve --site maps/sites/general_hospital --tokens tokens.json`
    """
    configure_logs()
    chosen = {"epoch": epoch.replace(tzinfo=UTC)} if epoch is not None else {}
    settings = ServerSettings(
        site=site,
        host=host,
        port=port,
        database=database,
        tokens=tokens,
        staff=staff,
        world=world,
        recording_days=recording_days,
        recording_megabytes=recording_megabytes,
        auto_handover=auto_handover,
        speed=speed,
        **chosen,
    )
    with (
        plain_problems(SettingsError),
        _listening(settings) as listening,
        asyncio.Runner(loop_factory=lambda: ScaledLoop(settings.speed)) as runner,
    ):
        runner.run(_serve(settings, listening))


def _listening(settings: ServerSettings) -> socket.socket:
    """The port comes first: a second manager by mistake ends here, before it touches the first one's database."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        where, why = f"{settings.host}:{settings.port}", str(error.strerror).partition(" (")[0]
        raise SettingsError(f"can't listen on {where}: {why}; choose others with --host and --port") from error


async def _serve(settings: ServerSettings, listening: socket.socket) -> None:
    async with fleet_manager(settings) as running:
        if settings.auto_handover:
            Nurses(running.manager.do, random.Random()).attend(running.manager)
        config = uvicorn.Config(
            running.app,
            host=settings.host,
            port=settings.port,
            log_level="warning",
            ws_ping_interval=20.0 * settings.speed,
            ws_ping_timeout=20.0 * settings.speed,
            timeout_keep_alive=int(30 * settings.speed),
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=2,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve([listening]))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.handle_exit, number, None)
        await asyncio.wait([serving, running.failed], return_when=asyncio.FIRST_COMPLETED)
        if running.failed.done():
            server.should_exit = True
            log.error("the fleet manager ended", error=repr(running.failed.exception()))
        await serving
        if running.failed.done():
            running.failed.result()


class _Server(uvicorn.Server):
    """Says where it listens, in one line that programs can wait for; signals are handled by the loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are left to `_serve`, which ends the manager as well."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in self.servers:
            for one in listening.sockets:
                host, port = one.getsockname()[:2]
                print(f"wardfleet is listening on http://{host}:{port}", flush=True)
