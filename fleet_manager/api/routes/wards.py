from __future__ import annotations

from fastapi import APIRouter

from fleet_manager.api.answers import answer
from fleet_manager.api.auth import RequestActor
from fleet_manager.api.schemas import DeliveryRequest, ShiftAcknowledgement
from fleet_manager.orchestration.commands import SubmitTask
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import ForecastView, ShiftView


def ward_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(tags=["wards"])

    @router.post("/forecast", summary="How soon a robot, and a porter, would have done a delivery")
    async def forecast(body: DeliveryRequest, actor: RequestActor) -> ForecastView:
        request: SubmitTask = body.to_command(actor, None)
        return manager.forecast(request)

    @router.get("/wards/{place}/shift", summary="What is open, late or not collected at a ward, and who has read it")
    async def shift(place: str) -> ShiftView:
        return manager.shift(place)

    @router.post("/wards/{place}/shift", summary="Somebody of the next shift has read what is open")
    async def acknowledge_shift(place: str, body: ShiftAcknowledgement, actor: RequestActor) -> ShiftView:
        return await answer(manager, body.to_command(actor, place), ShiftView)

    return router
