from __future__ import annotations

from fastapi import APIRouter

from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import TrafficView


def traffic_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(tags=["traffic"])

    @router.get("/traffic", summary="Who claims, holds and waits for what: the wait-for graph")
    async def traffic() -> TrafficView:
        return manager.traffic()

    return router
