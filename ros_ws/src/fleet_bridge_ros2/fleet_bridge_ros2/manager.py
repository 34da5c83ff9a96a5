"""The fleet manager as its client sees it: requests over HTTP, and the stream for as long as it is wanted. No ROS."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import websockets

SILENCE: Final = 10.0
"""The stream gives a sign of life every 2 s; after so long (s) it is lost."""

_PATIENCE: Final = 10.0
_AGAIN: Final = (0.5, 10.0)
"""Seconds before the first and the later attempts to connect again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the manager said to a request: the task, or why it refuses."""

    task: str = ""
    refusal: str = ""


class Manager:
    """The manager at `url`, such as http://127.0.0.1:8000. `actor` is who asks, as its records keep it."""

    def __init__(self, url: str, actor: str) -> None:
        self._url = url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=f"{self._url}/api/v1",
            timeout=_PATIENCE,
            headers={"X-Actor": actor, "X-Actor-Role": "program"},
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def site(self) -> Mapping[str, Any]:
        """Raises `httpx.HTTPError` while the manager is not there."""
        answer = await self._http.get("/site")
        answer.raise_for_status()
        site: Mapping[str, Any] = answer.json()
        return site

    async def request(self, path: str, body: Mapping[str, Any], key: str = "") -> Answer:
        """POST; a manager that can't be reached is a refusal too. With a `key` asking again does nothing twice."""
        try:
            answer = await self._http.post(path, json=body, headers={"Idempotency-Key": key} if key else {})
        except httpx.HTTPError as error:
            return Answer(refusal=f"the fleet manager at {self._url} does not answer: {error or type(error).__name__}")
        try:
            said = answer.json()
        except ValueError:
            said = {}
        if answer.is_success:
            return Answer(task=str(said.get("id", "")))
        words = [str(said.get("detail") or f"the fleet manager answered {answer.status_code}")]
        words += [f"{wrong['field']}: {wrong['message']}" for wrong in said.get("errors") or ()]
        words += [str(said["way_out"])] if said.get("way_out") else []
        return Answer(refusal="; ".join(words))

    async def stream(self, after: Seq) -> AsyncIterator[Mapping[str, Any] | None]:
        """The stream's messages, for ever: what was missed while it was lost comes first. None tells of a loss.

        `after.known` is the last event that is known, kept up to date by the caller.
        """
        address = f"{self._url.replace('http', 'ws', 1)}/api/v1/stream"
        first, longest = _AGAIN
        pause = first
        while True:
            query = "" if after.known is None else f"?after={after.known}"
            try:
                async with websockets.connect(f"{address}{query}", max_size=None, open_timeout=_PATIENCE) as socket:
                    while True:
                        async with asyncio.timeout(SILENCE):
                            text = await socket.recv()
                        pause = first
                        yield json.loads(text)
            except (OSError, TimeoutError, websockets.WebSocketException):
                yield None
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)


class Seq:
    """The last event that is known; None before the first."""

    def __init__(self) -> None:
        self.known: int | None = None
