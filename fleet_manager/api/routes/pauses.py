from __future__ import annotations

from fastapi import APIRouter, Response

from fleet_manager.api.answers import answer
from fleet_manager.api.auth import RequestActor
from fleet_manager.api.help_requests import PauseRequest
from fleet_manager.orchestration.commands import EndPause
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import ClosureView


def pause_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(prefix="/pauses", tags=["robots"])

    @router.post("", status_code=201, summary="Let all robots of a zone, a fleet or the site stand still")
    async def pause(actor: RequestActor, response: Response, body: PauseRequest | None = None) -> ClosureView:
        begun = await answer(manager, (body or PauseRequest()).to_command(actor), ClosureView)
        response.headers["Location"] = f"/api/v1/pauses/{begun.id}"
        return begun

    @router.get("", summary="Which zones and fleets stand still")
    async def pauses() -> list[ClosureView]:
        return manager.pauses()

    @router.delete("/{pause_id}", summary="Let those go on that were paused with it")
    async def end_pause(pause_id: str, actor: RequestActor) -> ClosureView:
        return await answer(manager, EndPause(actor=actor, pause=pause_id), ClosureView)

    return router
