from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from fleet_manager.api.answers import answer
from fleet_manager.api.auth import RequestActor
from fleet_manager.api.schemas import FollowUpClosing, FollowUpQuery
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import FollowUpView, ItemTraceView


def custody_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(tags=["custody"])

    @router.get("/items/{item_id}/trace", summary="Who had an item, who gave and took it, where, when and how proven")
    async def trace(item_id: str) -> ItemTraceView:
        return await manager.trace(item_id)

    @router.get("/follow-ups", summary="What differed at hand-overs, newest first")
    async def follow_ups(query: Annotated[FollowUpQuery, Query()]) -> list[FollowUpView]:
        return await manager.follow_ups(state=query.state, limit=query.limit)

    @router.post("/follow-ups/{follow_up_id}/close", summary="It is cleared up, and this is how")
    async def close_follow_up(follow_up_id: str, body: FollowUpClosing, actor: RequestActor) -> FollowUpView:
        return await answer(manager, body.to_command(actor, follow_up_id), FollowUpView)

    return router
