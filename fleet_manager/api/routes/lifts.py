from __future__ import annotations

from fastapi import APIRouter

from fleet_manager.api.answers import answer
from fleet_manager.api.auth import RequestActor
from fleet_manager.api.schemas import LiftRequest
from fleet_manager.domain.errors import NotFound
from fleet_manager.orchestration.commands import LiftAction
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import LiftView


def lift_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(prefix="/lifts", tags=["lifts"])

    @router.get("", summary="Where the lifts are, who uses them, and who has reserved them")
    async def lifts() -> list[LiftView]:
        return manager.lifts()

    @router.get("/{lift_id}", summary="One lift")
    async def lift(lift_id: str) -> LiftView:
        found = next((view for view in manager.lifts() if view.id == lift_id), None)
        if found is None:
            raise NotFound(f"there is no lift {lift_id}", way_out="GET /api/v1/lifts lists them")
        return found

    @router.post("/{lift_id}/{action}", summary="Reserve it for a bed, free it, or let robots give way once (让梯)")
    async def change_lift(
        lift_id: str, action: LiftAction, actor: RequestActor, body: LiftRequest | None = None
    ) -> LiftView:
        return await answer(manager, (body or LiftRequest()).to_command(actor, lift_id, action), LiftView)

    return router
