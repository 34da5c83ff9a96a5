from __future__ import annotations

from fastapi import APIRouter

from fleet_manager.api.answers import answer
from fleet_manager.api.auth import RequestActor
from fleet_manager.orchestration.commands import AlertAction, ChangeAlert
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import AlertView


def alert_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(prefix="/alerts", tags=["alerts"])

    @router.get("", summary="What a person has to see to")
    async def alerts() -> list[AlertView]:
        return manager.alerts()

    @router.post("/{alert_id}/take", summary="I see to it")
    async def take_alert(alert_id: str, actor: RequestActor) -> AlertView:
        return await answer(manager, ChangeAlert(actor=actor, alert=alert_id, action=AlertAction.TAKE), AlertView)

    @router.post("/{alert_id}/close", summary="It is seen to")
    async def close_alert(alert_id: str, actor: RequestActor) -> AlertView:
        return await answer(manager, ChangeAlert(actor=actor, alert=alert_id, action=AlertAction.CLOSE), AlertView)

    return router
