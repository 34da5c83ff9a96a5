from __future__ import annotations

from fastapi import APIRouter

from fleet_manager.api.answers import answer
from fleet_manager.api.auth import RequestActor
from fleet_manager.api.schemas import RoomReport
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import ZoneView


def zone_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(prefix="/zones", tags=["zones"])

    @router.get("", summary="Zones: when each was cleaned, vacated and treated last, and with what dose")
    async def zones() -> list[ZoneView]:
        return manager.zones()

    @router.get("/{zone_id}", summary="One zone, by id or name")
    async def zone(zone_id: str) -> ZoneView:
        return manager.zone(zone_id)

    @router.post("/{zone_id}/status", summary="Tell that a zone is cleaned, vacated, entered, opened or shut")
    async def report_zone(zone_id: str, body: RoomReport, actor: RequestActor) -> ZoneView:
        return await answer(manager, body.to_command(actor, zone_id), ZoneView)

    return router
