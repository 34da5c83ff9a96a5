from __future__ import annotations

from fastapi import APIRouter

from fleet_manager.api.schemas import ActionReason
from fleet_manager.orchestration.porter_desk import PorterDesk, PorterView


def porter_routes(desk: PorterDesk) -> APIRouter:
    router = APIRouter(prefix="/porters", tags=["porters"])

    @router.get("", summary="All porters")
    async def porters() -> list[PorterView]:
        return desk.porters()

    @router.get("/{porter_id}", summary="What a porter shall do now")
    async def porter(porter_id: str) -> PorterView:
        return desk.porter(porter_id)

    @router.post("/{porter_id}/steps/{command_id}/done", summary="I did it")
    async def step_done(porter_id: str, command_id: str) -> PorterView:
        return desk.done(porter_id, command_id)

    @router.post("/{porter_id}/steps/{command_id}/refuse", summary="I can't do it")
    async def step_refused(porter_id: str, command_id: str, body: ActionReason | None = None) -> PorterView:
        return desk.refuse(porter_id, command_id, body.reason if body else "")

    return router
