from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from fleet_manager.api.schemas import EventQuery
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import EventView


def event_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(tags=["events"])

    @router.get("/events", summary="The event log, oldest first")
    async def events(query: Annotated[EventQuery, Query()]) -> list[EventView]:
        return await manager.events(query.after, query.limit)

    return router
