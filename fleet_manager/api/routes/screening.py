from __future__ import annotations

from fastapi import APIRouter

from fleet_manager.api.answers import answer
from fleet_manager.api.auth import RequestActor
from fleet_manager.api.schemas import CueRecheck
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import CueView, LiveScreeningView


def screening_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(prefix="/screening", tags=["screening"])

    @router.get("/cues", summary="What robots observed and a person has to look at again, newest first")
    async def cues() -> list[CueView]:
        return manager.cues()

    @router.post("/cues/{cue_id}/recheck", summary="Somebody looked again, and this is what they found")
    async def recheck_cue(cue_id: str, body: CueRecheck, actor: RequestActor) -> CueView:
        return await answer(manager, body.to_command(actor, cue_id), CueView)

    @router.get("/live", summary="Whom each robot that screens saw last; not kept")
    async def live_screening() -> list[LiveScreeningView]:
        return manager.screening()

    return router
