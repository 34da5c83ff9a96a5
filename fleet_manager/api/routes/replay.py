from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from fleet_manager.api.schemas import ReplayQuery
from fleet_manager.orchestration.replay import Replay, Replays


def replay_routes(replays: Replays) -> APIRouter:
    router = APIRouter(tags=["replay"])

    @router.get("/replay", summary="What consoles showed in a span of the past", response_model=Replay)
    async def replay(query: Annotated[ReplayQuery, Query()]) -> Response:
        return Response(await replays.replay(query.begin, query.end), media_type="application/json")

    return router
