"""Helps: which of them a robot that is stuck can be given now, and giving one."""

from __future__ import annotations

from collections.abc import Callable

from fleet_manager.domain.errors import Conflict
from fleet_manager.domain.events import RobotHelped
from fleet_manager.domain.helps import TAKEN_OVER, HelpKind
from fleet_manager.domain.missions import MissionKind, StepStatus
from fleet_manager.domain.robots import Robot, RobotMode
from fleet_manager.domain.tasks import Reason, TaskStatus
from fleet_manager.orchestration.commands import HelpRobot, SendPorter
from fleet_manager.orchestration.detours import Detours
from fleet_manager.orchestration.dispatch import CHARGED, Dispatch
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.help_offers import NoHelp, Offer, cannot_act
from fleet_manager.orchestration.intake import Intake
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.missions import Missions
from fleet_manager.orchestration.skipping import Skipping
from fleet_manager.orchestration.takeovers import Takeovers
from fleet_manager.orchestration.views import HelpView
from maps.model import RobotId, WaypointId


class Helps:
    def __init__(
        self,
        ledger: Ledger,
        execution: Execution,
        missions: Missions,
        dispatch: Dispatch,
        intake: Intake,
        detours: Detours,
        skipping: Skipping,
        takeovers: Takeovers,
    ) -> None:
        self._ledger = ledger
        self._execution = execution
        self._missions = missions
        self._dispatch = dispatch
        self._intake = intake
        self._kinds: dict[HelpKind, Callable[[Robot], Offer | NoHelp]] = {
            HelpKind.GO_ROUND: detours.offer,
            HelpKind.SKIP: skipping.offer,
            HelpKind.RETURN: takeovers.back,
            HelpKind.TAKE_OVER: takeovers.to_person,
            HelpKind.SEND_PORTER: self._porter,
            HelpKind.CHARGE: self._charge,
        }

    def offers(self, robot_id: str) -> list[HelpView]:
        """Every help, with what follows from it, or why it makes no sense now and what does."""
        robot = self._intake.robot(robot_id)
        return [_view(kind, offer(robot)) for kind, offer in self._kinds.items()]

    def help(self, request: HelpRobot) -> RobotId:
        """Give a help; one that was given already is not given twice. Raises Conflict when it makes no sense now."""
        robot = self._intake.robot(request.robot)
        if self._given(robot, request):
            return robot.id
        offer = self._kinds[request.help](robot)
        if isinstance(offer, NoHelp):
            raise Conflict(offer.text, way_out=offer.way_out)
        if request.step not in (None, offer.step):
            raise Conflict(f"{request.step} is not the stop before {robot.id}", way_out="ask again for its helps")
        task = self._ledger.state.task_of(robot)
        offer.give(request)
        self._ledger.record(
            RobotHelped(
                robot=robot.id,
                help=request.help,
                actor=request.actor,
                task=task.id if task is not None else None,
                place=offer.place,
                person=request.person,
                reason=request.reason,
            )
        )
        return robot.id

    def _given(self, robot: Robot, request: HelpRobot) -> bool:
        mission, task = self._ledger.state.mission_of(robot), self._ledger.state.task_of(robot)
        match request.help:
            case HelpKind.CHARGE:
                return mission is not None and mission.ordered
            case HelpKind.SKIP if request.step is not None:
                over = (StepStatus.DONE, StepStatus.FAILED)
                return mission is None or any(s.id == request.step and s.status in over for s in mission.steps)
            case HelpKind.RETURN if task is not None and task.status is TaskStatus.CANCELLING:
                return all(reason.code != TAKEN_OVER for reason in task.reasons)
            case HelpKind.TAKE_OVER:
                step = mission.step if mission is not None else None
                return step is not None and step.taker is not None and step.taker == request.person
            case HelpKind.SEND_PORTER:
                loaded = dict(robot.loads)
                sent = (t for t in self._ledger.state.tasks.values() if t.porter_only)
                return any(item.id in loaded for t in sent for item in t.on_board)
        return False

    # --- a person instead --------------------------------------------------------------------------------

    def _porter(self, robot: Robot) -> Offer | NoHelp:
        task = self._ledger.state.task_of(robot)
        if task is None or self._execution.on_foot(robot):
            return NoHelp(code="no_task", text=f"{robot.id} has no task", way_out="send a person for a task that waits")
        refused = self._intake.porter_refusal(task)
        if refused is not None:
            return NoHelp(code="no_porter", text=str(refused), way_out=refused.way_out or "cancel it")
        return Offer(
            give=lambda request: self._send_porter(request, task.id),
            text=f"a porter goes to {robot.id} for its goods, and carries {task.id} on",
            place=robot.waypoint,
            moves_goods=bool(task.on_board),
        )

    def _send_porter(self, request: HelpRobot, task: str) -> None:
        self._intake.send_porter(SendPorter(actor=request.actor, task=self._intake.open_task(task).id))

    # --- charge ------------------------------------------------------------------------------------------

    def _charge(self, robot: Robot) -> Offer | NoHelp:
        mission, task = self._ledger.state.mission_of(robot), self._ledger.state.task_of(robot)
        able = robot.mode is RobotMode.AUTOMATIC and robot.in_service and not robot.paused
        unable = cannot_act(robot.id, connected=robot.connected, automatic=robot.mode is RobotMode.AUTOMATIC)
        if unable is not None or self._execution.on_foot(robot):
            return unable or NoHelp(code="on_foot", text=f"{robot.id} is a person", way_out="let them rest")
        if not able or robot.hold is not None:
            return NoHelp(
                code="not_in_service",
                text=f"{robot.id} is paused, held or out of service",
                way_out="resume it, or return it to service, first",
            )
        if robot.docked or (mission is not None and mission.kind is MissionKind.CHARGE):
            return NoHelp(code="charges", text=f"{robot.id} charges, or is on its way to", way_out="leave it alone")
        if robot.state_of_charge >= CHARGED:
            return NoHelp(
                code="is_charged",
                text=f"{robot.id} has {robot.state_of_charge:.0%} and would leave the charger at once",
                way_out="take it out of service, if it shall not work",
            )
        if robot.loads or robot.unlocked or (task is not None and (task.guides or task.on_board)):
            return NoHelp(
                code="has_goods",
                text=f"{robot.id} has goods on board, leads a visitor, or is not done where it is",
                way_out="let it end that, bring the goods back (return), or let a person take them (take_over)",
            )
        charger = self._dispatch.nearest_charger(robot)
        if charger is None:
            return NoHelp(
                code="no_charger",
                text=f"{robot.id} finds no free charger",
                way_out="free a charger or charge it by hand",
            )
        gives_up = f"; {task.id} goes back to the queue" if task is not None else ""
        return Offer(
            give=lambda request: self._send_to_charge(request, charger),
            text=f"{robot.id} goes to the charger at {charger}{gives_up}",
            place=charger,
        )

    def _send_to_charge(self, request: HelpRobot, charger: WaypointId) -> None:
        task = self._ledger.state.task_of(self._ledger.state.robots[request.robot])
        if task is not None:
            text = f"{request.actor.id} sent {request.robot} to charge"
            self._missions.requeue(task, Reason(subject=request.robot, code="charges", text=text), exclude=False)
        self._dispatch.send_to_charge(request.robot, charger)


def _view(kind: HelpKind, offer: Offer | NoHelp) -> HelpView:
    given = offer if isinstance(offer, Offer) else None
    refused = offer if isinstance(offer, NoHelp) else None
    return HelpView(
        kind=kind,
        possible=given is not None,
        text=offer.text,
        way_out=refused.way_out if refused is not None else None,
        code=refused.code if refused is not None else None,
        place=given.place if given is not None else None,
        step=given.step if given is not None else None,
        moves_goods=given is not None and given.moves_goods,
    )
