"""Goods on board of a robot that can't bring them: they go back, or a person takes them where it stands."""

from __future__ import annotations

from dataclasses import replace

from fleet_manager.domain.errors import InvalidRequest
from fleet_manager.domain.events import CancellationStarted
from fleet_manager.domain.helps import BROUGHT_BACK, TAKEN_OVER
from fleet_manager.domain.missions import Mission, Step, StepId, StepKind, StepStatus
from fleet_manager.domain.robots import Robot, RobotMode
from fleet_manager.domain.tasks import DeliveryTask, Item, Reason, TaskStatus
from fleet_manager.orchestration.advance import Signal
from fleet_manager.orchestration.commands import HelpRobot
from fleet_manager.orchestration.decontamination import Decontamination
from fleet_manager.orchestration.execution import Execution
from fleet_manager.orchestration.help_offers import NoHelp, Offer, cannot_act
from fleet_manager.orchestration.intake import Intake
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.missions import Missions
from fleet_manager.orchestration.pausing import Pausing
from maps.model import Site


class Takeovers:
    def __init__(
        self,
        site: Site,
        ledger: Ledger,
        execution: Execution,
        missions: Missions,
        intake: Intake,
        decontamination: Decontamination,
        pausing: Pausing,
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._execution = execution
        self._missions = missions
        self._intake = intake
        self._decontamination = decontamination
        self._pausing = pausing

    # --- back to where they came from --------------------------------------------------------------------

    def back(self, robot: Robot) -> Offer | NoHelp:
        """Bring what is on board back, as its class and the zones that it was in allow."""
        found = self._loaded(robot)
        if isinstance(found, NoHelp):
            return found
        task, mission, goods = found
        if task.status is TaskStatus.CANCELLING:
            return NoHelp(
                code="on_the_way_back",
                text=f"the goods of {task.id} go to {task.destination} already",
                way_out="let a person take them where the robot stands (take_over)",
            )
        unable = cannot_act(
            robot.id, connected=robot.connected, automatic=robot.mode is RobotMode.AUTOMATIC and robot.in_service
        )
        if unable is not None:
            return unable
        if robot.paused:
            return NoHelp(code="paused", text=f"{robot.id} is paused", way_out="resume it first")
        target = self._missions.destination(task, robot, list(goods), uncollected=False)
        if target.place is None or target.place == task.dropoff != task.pickup:
            return NoHelp(
                code="does_not_go_back",
                text=target.because,
                way_out="let a person take the goods where the robot stands (take_over)",
            )
        return Offer(
            give=lambda request: self._bring_back(request, task, mission),
            text=f"{target.because}; {task.id} ends as failed",
            place=target.place,
            moves_goods=True,
        )

    def _bring_back(self, request: HelpRobot, task: DeliveryTask, mission: Mission) -> None:
        said = f"sent back by {request.actor.id}" + (f": {request.reason}" if request.reason else "")
        self._intake.bring_back(task, mission, request.actor, BROUGHT_BACK, said)

    # --- to a person where the robot stands --------------------------------------------------------------

    def to_person(self, robot: Robot) -> Offer | NoHelp:
        found = self._loaded(robot)
        if isinstance(found, NoHelp):
            return found
        task, mission, goods = found
        unable = cannot_act(robot.id, connected=robot.connected, automatic=robot.mode is RobotMode.AUTOMATIC)
        refused = unable or self._not_here(robot, mission)
        if refused is not None:
            return refused
        at = robot.waypoint
        assert at is not None
        names = ", ".join(item.name for item in goods)
        return Offer(
            give=lambda request: self._give_out(request, task, mission, goods),
            text=f"{robot.id} stops near {at} and gives {names} to this person; {task.id} ends as failed",
            place=at,
            moves_goods=True,
        )

    def _not_here(self, robot: Robot, mission: Mission) -> NoHelp | None:
        """Why nobody takes anything from a robot where it is now."""
        step, at = mission.step, robot.waypoint
        if at is None or self._site.waypoints[at].lift is not None:
            return NoHelp(
                code="in_lift",
                text=f"{robot.id} stands in a lift",
                way_out="take it out, and confirm its place",
            )
        if robot.unlocked and (step is None or step.status is not StepStatus.WAITING_FOR_PERSON):
            return NoHelp(
                code="compartment_moves",
                text=f"{robot.id} is not locked yet, or not done where it is",
                way_out="try again in a few seconds",
            )
        if step is not None and step.kind is StepKind.DROP_OFF and step.status is StepStatus.WAITING_FOR_PERSON:
            return NoHelp(
                code="handover_due",
                text=f"{robot.id} stands at {step.place} for somebody to take the goods",
                way_out="take them there: Hand over on the task",
            )
        if step is not None and step.kind is StepKind.PICK_UP and step.status is not StepStatus.PENDING:
            return NoHelp(
                code="is_loaded", text=f"{robot.id} is being loaded at {step.place}", way_out="end that hand-over first"
            )
        need = self._decontamination.shut_out(robot, at)
        if need is not None:
            return NoHelp(
                code="needs_decontamination",
                text=f"{robot.id} {need.because} and gives nothing out at {at}",
                way_out="send a person for the goods (send-porter)",
            )
        return None

    def _give_out(self, request: HelpRobot, task: DeliveryTask, mission: Mission, goods: tuple[Item, ...]) -> None:
        if not request.person:
            raise InvalidRequest(
                "person: nobody is named", field="person", way_out="name who takes the goods, by their id"
            )
        robot = self._ledger.state.robots[request.robot]
        at = robot.waypoint
        assert at is not None
        if robot.drive is not None and not robot.drive.arrived:
            self._pausing.pause(robot.id, request.actor)
        self._execution.withdraw(robot.id)
        self._execution.stay(robot.id)
        done = mission.steps[: mission.current]
        step = Step(
            id=StepId(f"{mission.id}-{mission.next_step}"),
            kind=StepKind.DROP_OFF,
            place=at,
            items=tuple(item.id for item in goods),
            by_code=True,
            taker=request.person,
        )
        why = f": {request.reason}" if request.reason else ""
        text = f"{request.person} takes the goods over from {robot.id} near {at}{why}"
        self._ledger.record(
            CancellationStarted(
                task=task.id,
                actor=request.actor,
                destination=at,
                mission=replace(mission, steps=(*done, step)),
                reason=Reason(subject=task.id, code=TAKEN_OVER, text=text),
            )
        )
        self._missions.signal(robot.id, Signal.BEGIN)

    def _loaded(self, robot: Robot) -> tuple[DeliveryTask, Mission, tuple[Item, ...]] | NoHelp:
        mission, task = self._ledger.state.mission_of(robot), self._ledger.state.task_of(robot)
        own = dict(robot.loads)
        goods = tuple(item for item in task.on_board if item.id in own) if task is not None else ()
        if mission is None or task is None or not goods or self._execution.on_foot(robot):
            return NoHelp(
                code="nothing_on_board",
                text=f"{robot.id} has nothing of a task on board",
                way_out="cancel its task, or skip its stop",
            )
        return task, mission, goods
