from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from fleet_manager.api.answers import answer
from fleet_manager.api.auth import RequestActor
from fleet_manager.api.schemas import CalendarQuery, OccurrenceMove, ScheduleChange, ScheduleRequest
from fleet_manager.orchestration.commands import DeleteSchedule
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import OccurrenceView, ScheduleView


def schedule_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(prefix="/schedules", tags=["schedules"])

    @router.post("", status_code=201, summary="Ask for a task again and again, by a recurrence rule")
    async def set_schedule(body: ScheduleRequest, actor: RequestActor, response: Response) -> ScheduleView:
        schedule = await answer(manager, body.to_command(actor), ScheduleView)
        response.headers["Location"] = f"/api/v1/schedules/{schedule.id}"
        return schedule

    @router.get("", summary="All schedules, with when they fall due next and what they made last")
    async def schedules() -> list[ScheduleView]:
        return manager.schedules()

    @router.get("/calendar", summary="When schedules will fall due between two moments")
    async def calendar(query: Annotated[CalendarQuery, Query()]) -> list[OccurrenceView]:
        return manager.calendar(query.since, query.until)

    @router.get("/{schedule_id}", summary="One schedule")
    async def schedule(schedule_id: str) -> ScheduleView:
        return manager.schedule(schedule_id)

    @router.patch("/{schedule_id}", summary="Pause it, go on with it, or leave out days")
    async def change_schedule(schedule_id: str, body: ScheduleChange, actor: RequestActor) -> ScheduleView:
        return await answer(manager, body.to_command(actor, schedule_id), ScheduleView)

    @router.post("/{schedule_id}/move", summary="Do what falls due at one moment at another, once")
    async def move_occurrence(schedule_id: str, body: OccurrenceMove, actor: RequestActor) -> ScheduleView:
        return await answer(manager, body.to_command(actor, schedule_id), ScheduleView)

    @router.delete("/{schedule_id}", summary="End it; what it has made already goes on")
    async def delete_schedule(schedule_id: str, actor: RequestActor) -> ScheduleView:
        return await answer(manager, DeleteSchedule(actor=actor, schedule=schedule_id), ScheduleView)

    return router
