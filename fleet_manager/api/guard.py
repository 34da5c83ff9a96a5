"""The outermost layer around every HTTP request: body limit, duration, and what nobody foresaw."""

from __future__ import annotations

from time import perf_counter
from typing import Final

import structlog
from prometheus_client import Histogram
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fleet_manager.api.problems import answer_with, from_http, unexpected

BODY_LIMIT: Final = 256 * 1024
"""Bytes; the longest sensible request, a delivery with a hundred items, has 30 kB."""

_log = structlog.get_logger(__name__)


class BodyTooLarge(HTTPException):
    def __init__(self) -> None:
        super().__init__(413, f"the body is larger than {BODY_LIMIT} bytes")


class RequestGuard:
    """Pure ASGI, so that WebSockets and streamed answers pass through untouched."""

    def __init__(self, app: ASGIApp, durations: Histogram, prefix: str) -> None:
        self._app = app
        self._prefix = prefix
        self._durations = durations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status: int | None = None
        started = perf_counter()
        received = 0

        async def counting_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > BODY_LIMIT:
                raise BodyTooLarge
            return message

        async def noting_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            if _announced_length(scope) > BODY_LIMIT:
                await answer_with(from_http(BodyTooLarge(), scope["path"]))(scope, receive, noting_send)
            else:
                await self._app(scope, counting_receive, noting_send)
        except Exception:
            _log.exception("request failed", method=scope["method"], path=scope["path"])
            if status is not None:
                raise
            await answer_with(unexpected(scope["path"]))(scope, receive, noting_send)
        finally:
            route = getattr(scope.get("route"), "path", "other").removeprefix(self._prefix)
            self._durations.labels(scope["method"], route, str(status or 500)).observe(perf_counter() - started)


def _announced_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
