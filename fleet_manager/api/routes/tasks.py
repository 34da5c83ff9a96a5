from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response

from fleet_manager.api.answers import answer
from fleet_manager.api.auth import RequestActor
from fleet_manager.api.certificate import certificate_pdf
from fleet_manager.api.schemas import Cancellation, HandoverRequest, TaskChange, TaskQuery, TaskRequest
from fleet_manager.domain.tasks import TaskId
from fleet_manager.orchestration.commands import RetryTask, SendPorter
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import CertificateView, HandoverCodeView, ItemView, TaskView


def task_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(prefix="/tasks", tags=["tasks"])

    @router.post(
        "",
        status_code=201,
        summary="Request a delivery, collection, round of meals, disinfection, patrol, announcement or guidance",
    )
    async def request_task(
        body: TaskRequest,
        actor: RequestActor,
        response: Response,
        idempotency_key: Annotated[
            str | None,
            Header(
                min_length=1,
                max_length=200,
                description="the same key with the same body answers with the first task again",
            ),
        ] = None,
    ) -> TaskView:
        task = await answer(manager, body.to_command(actor, idempotency_key), TaskView)
        response.headers["Location"] = f"/api/v1/tasks/{task.id}"
        return task

    @router.get("", summary="Tasks, newest first")
    async def tasks(query: Annotated[TaskQuery, Query()]) -> list[TaskView]:
        return await manager.tasks(status=query.status, limit=query.limit, before=query.before)

    @router.get("/{task_id}", summary="One task with its mission")
    async def task(task_id: str) -> TaskView:
        return await manager.task(task_id)

    @router.get(
        "/{task_id}/certificate",
        summary="What a disinfection did: dose, times, interruptions; as a PDF with ?format=pdf",
        response_model=CertificateView,
        responses={200: {"content": {"application/pdf": {}}}},
    )
    async def certificate(
        task_id: str, form: Annotated[Literal["json", "pdf"], Query(alias="format")] = "json"
    ) -> CertificateView | Response:
        found = await manager.certificate(task_id)
        if form == "json":
            return found
        name = f"{found.zone}-{found.task}.pdf"
        headers = {"Content-Disposition": f'inline; filename="{name}"'}
        return Response(certificate_pdf(found), media_type="application/pdf", headers=headers)

    @router.patch("/{task_id}", summary="Change priority or due time")
    async def change_task(task_id: str, body: TaskChange, actor: RequestActor) -> TaskView:
        return await answer(manager, body.to_command(actor, task_id), TaskView)

    @router.post("/{task_id}/cancel", summary="Cancel; goods on board go where their class says")
    async def cancel_task(task_id: str, actor: RequestActor, body: Cancellation | None = None) -> TaskView:
        return await answer(manager, (body or Cancellation()).to_command(actor, task_id), TaskView)

    @router.post("/{task_id}/send-porter", summary="Let a person carry it instead of a robot")
    async def send_porter(task_id: str, actor: RequestActor) -> TaskView:
        return await answer(manager, SendPorter(actor=actor, task=TaskId(task_id)), TaskView)

    @router.post("/{task_id}/retry", summary="Let robots that have failed with it try again")
    async def retry_task(task_id: str, actor: RequestActor) -> TaskView:
        return await answer(manager, RetryTask(actor=actor, task=TaskId(task_id)), TaskView)

    @router.post("/{task_id}/handover", summary="Goods change hands where the carrier waits")
    async def hand_over(task_id: str, actor: RequestActor, body: HandoverRequest | None = None) -> TaskView:
        return await answer(manager, (body or HandoverRequest()).to_command(actor, task_id), TaskView)

    @router.get("/{task_id}/items", summary="The items of a task, and where each is in its custody")
    async def items(task_id: str) -> list[ItemView]:
        return list((await manager.task(task_id)).items)

    @router.get("/{task_id}/handover-code", summary="The one-time PIN and QR code of the hand-over that is due")
    async def handover_code(task_id: str, actor: RequestActor, response: Response) -> HandoverCodeView:
        response.headers["Cache-Control"] = "no-store"
        return manager.handover_code(task_id, actor)

    return router
