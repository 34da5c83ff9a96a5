from __future__ import annotations

from fastapi import APIRouter, Response

from fleet_manager.api.answers import answer
from fleet_manager.api.auth import RequestActor
from fleet_manager.api.schemas import AlarmRequest
from fleet_manager.orchestration.commands import EndAlarm
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import AlarmView


def alarm_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(prefix="/alarms", tags=["alarms"])

    @router.post("", status_code=201, summary="Raise a fire alarm in a zone, a building, on levels, or everywhere")
    async def raise_alarm(body: AlarmRequest, actor: RequestActor, response: Response) -> AlarmView:
        alarm = await answer(manager, body.to_command(actor), AlarmView)
        response.headers["Location"] = f"/api/v1/alarms/{alarm.id}"
        return alarm

    @router.get("", summary="The alarms that last, and the robots that they hold")
    async def alarms() -> list[AlarmView]:
        return manager.alarms()

    @router.delete("/{alarm_id}", summary="The building may be used again")
    async def end_alarm(alarm_id: str, actor: RequestActor) -> AlarmView:
        return await answer(manager, EndAlarm(actor=actor, alarm=alarm_id), AlarmView)

    return router
