"""A server that knows nothing but a recording: `python -m benchmarks.console_player FILE PORT`.

It has the built console and plays the recorded stream to whoever connects, again from its beginning when it is over.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from benchmarks.console_recording import Recording
from fleet_manager.api.console import ConsoleFiles
from fleet_manager.bootstrap import CONSOLE


def player(recording: Recording) -> Starlette:
    async def site(request: Request) -> Response:
        return Response(recording.site, media_type="application/json")

    async def nothing(request: Request) -> Response:
        return JSONResponse([])

    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        loop = asyncio.get_running_loop()
        begin = loop.time()
        try:
            for message in recording.messages:
                await asyncio.sleep(message.at - (loop.time() - begin))
                await socket.send_text(message.text)
            await socket.close()
        except (WebSocketDisconnect, RuntimeError):
            return

    return Starlette(
        routes=[
            Route("/api/v1/site", site),
            WebSocketRoute("/api/v1/stream", stream),
            Route("/api/v1/{rest:path}", nothing),
            Mount("/", ConsoleFiles(directory=CONSOLE)),
        ]
    )


def main(file: str, port: str) -> None:
    app = player(Recording.load(Path(file)))
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", ws_per_message_deflate=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
