"""How soon what happens in a running hospital is told to a console, among many that are connected.

The hospital is `wardfleet demo`: manager, world and agents are processes. Each change carries the moment at which the
manager decided it, before it was stored; a client on the same machine notes when it has the message. What is measured
so holds the commit as well, and is longer than from the commit on.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import httpx
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.console_browser import free_port

_PATIENCE: Final = 120.0
_REQUEST_EVERY: Final = 2.0
"""Seconds between two deliveries that are asked for."""

_SETTLE: Final = 10.0


def message_delays(port: int, clients: int, seconds: float) -> list[float]:
    """Seconds from each decision of a hospital until a client had its message, with `clients` others connected."""
    return asyncio.run(_delays(port, clients, seconds))


async def _delays(port: int, clients: int, seconds: float) -> list[float]:
    url = f"ws://127.0.0.1:{port}/api/v1/stream"
    async with asyncio.TaskGroup() as group:
        others = [group.create_task(_drain(url)) for _ in range(clients)]
        asking = group.create_task(_ask(f"http://127.0.0.1:{port}/api/v1"))
        await asyncio.sleep(_SETTLE)
        async with connect(url, max_size=None) as client:
            delays = await _listen(client, seconds)
        for task in (*others, asking):
            task.cancel()
    return delays


async def _listen(client: ClientConnection, seconds: float) -> list[float]:
    delays: list[float] = []
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            async with asyncio.timeout(left):
                text = await client.recv()
        except TimeoutError:
            break
        heard = time.time()
        message: dict[str, Any] = json.loads(text)
        if message["type"] == "change":
            delays.append(heard - datetime.fromisoformat(message["time"]).timestamp())
    return delays


async def _drain(url: str) -> None:
    async with connect(url, max_size=None) as client:
        async for _ in client:
            pass


async def _ask(api: str) -> None:
    """Deliveries between wards, so that robots always have something to do."""
    rng = random.Random("console")
    async with httpx.AsyncClient(base_url=api, timeout=30.0) as client:
        site = (await client.get("/site")).json()
        places = [place["id"] for place in site["places"] if not place["charger"]]
        for number in itertools.count(1):
            pickup, dropoff = rng.sample(places, 2)
            items = [{"name": f"goods {number}", "quantity": 1}]
            await client.post("/tasks", json={"kind": "delivery", "pickup": pickup, "dropoff": dropoff, "items": items})
            await asyncio.sleep(_REQUEST_EVERY)


@contextmanager
def running_hospital(robots: int) -> Iterator[int]:
    """A demo hospital of plain simulated robots; the answer is its port. Raises OSError when it does not start."""
    port = free_port()
    command = [sys.executable, "-m", "fleet_manager.cli", "demo", "--agents", "simulated", "--auto-handover"]
    command += ["--robots", str(robots), "--port", str(port)]
    demo = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
    try:
        deadline = time.monotonic() + _PATIENCE
        while not _connected(port, robots):
            if demo.poll() is not None or time.monotonic() > deadline:
                raise OSError("the demo hospital did not start; `wardfleet demo` says why")
            time.sleep(0.5)
        yield port
    finally:
        demo.terminate()
        demo.wait(30)


def _connected(port: int, robots: int) -> bool:
    try:
        known = httpx.get(f"http://127.0.0.1:{port}/api/v1/robots", timeout=2.0).json()
    except (httpx.HTTPError, ValueError):
        return False
    return len([robot for robot in known if robot["connected"] and robot["kind"] != "person"]) >= robots
