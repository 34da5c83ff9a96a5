"""The console over the fake fleet manager, live: `python -m tests.fake_demo 8000`."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from fleet_manager.api.app import create_app
from tests.fake_fleet_manager import FakeFleetManager, FakePorterDesk
from tests.small_hospital import small_hospital

CONSOLE = Path(__file__).parents[1] / "fleet_manager" / "console" / "dist"
_TICK = 0.1


async def run(listening: socket.socket, stop: threading.Event, speed: float = 1.0) -> None:
    """Serve until `stop` is set; the hospital's time passes `speed` times as fast as ours."""
    manager = FakeFleetManager(small_hospital(), start=datetime.now(UTC))
    app = create_app(manager, console_dir=CONSOLE, porters=FakePorterDesk(manager))
    config = uvicorn.Config(app, log_config=None, ws_per_message_deflate=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    while not stop.is_set() and not serving.done():
        manager.advance(_TICK * speed)
        await asyncio.sleep(_TICK)
    server.should_exit = True
    await serving


@contextmanager
def demo(speed: float = 1.0) -> Iterator[str]:
    """The address of a demo that runs in a thread of its own."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: asyncio.run(run(listening, stop, speed)))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            stop.set()
            thread.join()


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as door:
        asyncio.run(run(door, threading.Event()))
