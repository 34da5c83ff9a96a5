from __future__ import annotations

from fastapi import APIRouter

from fleet_manager.api.answers import answer
from fleet_manager.api.auth import RequestActor
from fleet_manager.api.help_requests import HelpRequest
from fleet_manager.api.schemas import ActionReason, LampCheck, WipeDown
from fleet_manager.domain.helps import HelpKind
from fleet_manager.orchestration.commands import ChangeRobot, RobotAction
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import HelpView, RobotView
from maps.model import RobotId


def robot_routes(manager: FleetManager) -> APIRouter:
    router = APIRouter(prefix="/robots", tags=["robots"])

    @router.get("", summary="All robots and porters")
    async def robots() -> list[RobotView]:
        return manager.robots()

    @router.get("/{robot_id}", summary="One robot")
    async def robot(robot_id: str) -> RobotView:
        return manager.robot(robot_id)

    @router.post("/{robot_id}/lamp-check", summary="Its lamp's irradiance was measured, or the lamp changed")
    async def check_lamp(robot_id: str, actor: RequestActor, body: LampCheck | None = None) -> RobotView:
        return await answer(manager, (body or LampCheck()).to_command(actor, robot_id), RobotView)

    @router.post("/{robot_id}/wiped-down", summary="Somebody wiped it down; it is fit again after the contact time")
    async def wiped_down(robot_id: str, actor: RequestActor, body: WipeDown | None = None) -> RobotView:
        return await answer(manager, (body or WipeDown()).to_command(actor, robot_id), RobotView)

    @router.get("/{robot_id}/helps", summary="How it can be helped now, and why not otherwise")
    async def helps(robot_id: str) -> list[HelpView]:
        return manager.helps(robot_id)

    @router.post("/{robot_id}/helps/{kind}", summary="Help a robot that is stuck")
    async def help_robot(
        robot_id: str, kind: HelpKind, actor: RequestActor, body: HelpRequest | None = None
    ) -> RobotView:
        return await answer(manager, (body or HelpRequest()).to_command(actor, robot_id, kind), RobotView)

    @router.post("/{robot_id}/{action}", summary="Pause, resume, take out of service or bring back")
    async def change_robot(
        robot_id: str, action: RobotAction, actor: RequestActor, body: ActionReason | None = None
    ) -> RobotView:
        command = ChangeRobot(actor=actor, robot=RobotId(robot_id), action=action, reason=body.reason if body else "")
        return await answer(manager, command, RobotView)

    return router
