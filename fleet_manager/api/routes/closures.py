from __future__ import annotations

from fastapi import APIRouter, Response

from fleet_manager.api.answers import answer
from fleet_manager.api.auth import RequestActor
from fleet_manager.api.schemas import ClosureRequest
from fleet_manager.orchestration.commands import EndClosure
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import ClosureView


def closure_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(prefix="/closures", tags=["closures"])

    @router.post("", status_code=201, summary="Close an area or lanes for a while")
    async def close(body: ClosureRequest, actor: RequestActor, response: Response) -> ClosureView:
        closure = await answer(manager, body.to_command(actor), ClosureView)
        response.headers["Location"] = f"/api/v1/closures/{closure.id}"
        return closure

    @router.get("", summary="What is closed now, by people, trouble and alarms")
    async def closures() -> list[ClosureView]:
        return manager.closures()

    @router.delete("/{closure_id}", summary="Reopen early")
    async def reopen(closure_id: str, actor: RequestActor) -> ClosureView:
        return await answer(manager, EndClosure(actor=actor, closure=closure_id), ClosureView)

    return router
