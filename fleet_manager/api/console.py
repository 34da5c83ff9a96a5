"""The built web console: its files, and its one page for every path that is a view."""

from __future__ import annotations

from mimetypes import guess_type
from pathlib import PurePath
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_SECURITY: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_FOREVER: Final = "public, max-age=31536000, immutable"
_NOT_A_VIEW: Final = ("api/", "agents/")
_PAGE: Final = "index.html"


class ConsoleFiles(StaticFiles):
    """Answers what no route of the API does.

    Names in `assets/` hold a digest, so browsers may keep them for ever. The build leaves a compressed `.gz` beside
    each larger file, so that nothing is compressed while the fleet is waiting.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        if f"{path}/".startswith(_NOT_A_VIEW):
            raise HTTPException(404)
        wanted = path if PurePath(path).suffix else _PAGE
        response = await self._compressed(wanted, scope) or await super().get_response(wanted, scope)
        response.headers["Cache-Control"] = _FOREVER if wanted.startswith("assets/") else "no-cache"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers.update(_SECURITY)
        return response

    async def _compressed(self, path: str, scope: Scope) -> Response | None:
        if "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            return None
        try:
            response = await super().get_response(f"{path}.gz", scope)
        except HTTPException as error:
            if error.status_code != 404:
                raise
            return None
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Type"] = guess_type(path)[0] or "application/octet-stream"
        return response
