from __future__ import annotations

from gzip import compress
from hashlib import sha256
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query, Response

from fleet_manager.api.site_document import SiteView, site_view
from fleet_manager.domain.errors import NotFound
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import RouteView


class NoRoute(NotFound):
    def __init__(self, start: str, goal: str, fleet: str | None) -> None:
        who = f"robots of {fleet}" if fleet else "any robot"
        super().__init__(
            f"there is no route for {who} from {start} to {goal}",
            way_out="ask for another fleet, or send a person",
        )


def site_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(tags=["site"])
    body = msgspec.json.encode(site_view(manager.site))
    compressed = compress(body, mtime=0)
    tag = f'"{sha256(body).hexdigest()[:32]}"'

    @router.get("/site", summary="The hospital: levels, places, fleets, drawing", response_model=SiteView)
    async def site(
        if_none_match: Annotated[str, Header()] = "", accept_encoding: Annotated[str, Header()] = ""
    ) -> Response:
        headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if tag in if_none_match:
            return Response(status_code=304, headers=headers)
        if "gzip" in accept_encoding:
            headers["Content-Encoding"] = "gzip"
            return Response(compressed, headers=headers, media_type="application/json")
        return Response(body, headers=headers, media_type="application/json")

    @router.get("/route", summary="The way a robot would take between two places")
    async def route(
        start: Annotated[str, Query(alias="from", min_length=1, max_length=100)],
        goal: Annotated[str, Query(alias="to", min_length=1, max_length=100)],
        fleet: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
    ) -> RouteView:
        found = manager.route(start, goal, fleet)
        if found is None:
            raise NoRoute(start, goal, fleet)
        return found

    return router
