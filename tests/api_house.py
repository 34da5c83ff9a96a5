"""What API tests stand in: the fake fleet manager's application, called in-process or served on a free port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from fleet_manager.api.app import create_app
from tests.fake_fleet_manager import FakeFleetManager
from tests.small_hospital import small_hospital

DELIVERY: dict[str, Any] = {
    "kind": "delivery",
    "pickup": "pharmacy",
    "dropoff": "ward_2a",
    "items": [{"name": "cefazolin 1 g", "quantity": 10, "item_class": "medicine"}],
}


def hospital() -> FakeFleetManager:
    return FakeFleetManager(small_hospital())


@asynccontextmanager
async def calling(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of `app` without a socket between; paths are relative to /api/v1."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://fleet/api/v1") as client:
        yield client


@lru_cache(maxsize=2)
def _app(manager: FakeFleetManager) -> FastAPI:
    return create_app(manager)


def call(manager: FakeFleetManager, method: str, path: str, **request: Any) -> httpx.Response:
    """One request to an application over `manager`."""

    async def one() -> httpx.Response:
        async with calling(_app(manager)) as client:
            return await client.request(method, path, **request)

    return asyncio.run(one())


async def until(wanted: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not wanted():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """`app` behind a real server on this loop; the answer is its address, `127.0.0.1:port`."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, ws_per_message_deflate=False, timeout_graceful_shutdown=1)
    )
    running = asyncio.create_task(server.serve([listening]))
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        listening.close()
