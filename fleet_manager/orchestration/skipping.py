"""Skipping: a robot that is stuck leaves out its present stop, where no goods are lost by that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from fleet_manager.domain.events import ItemsHandedOver, MissionChanged, StopSkipped
from fleet_manager.domain.missions import Mission, Step, StepKind, StepStatus
from fleet_manager.domain.robots import Robot
from fleet_manager.domain.tasks import (
    FLEET_MANAGER,
    DeliveryTask,
    ItemOutcome,
    ItemState,
    StopKind,
    TaskStatus,
)
from fleet_manager.orchestration.advance import Signal
from fleet_manager.orchestration.commands import HelpRobot
from fleet_manager.orchestration.help_offers import NoHelp, Offer
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.missions import Missions
from fleet_manager.planning.steps import STEP_OF

_HANDOVERS: Final = (StepKind.PICK_UP, StepKind.DROP_OFF)
_MOVES: Final = (StepStatus.ACTIVE, StepStatus.CLOSING)


class Skipping:
    def __init__(self, ledger: Ledger, missions: Missions, dispatch_wanted: Callable[[], None]) -> None:
        self._ledger = ledger
        self._missions = missions
        self._dispatch_wanted = dispatch_wanted

    def offer(self, robot: Robot) -> Offer | NoHelp:
        mission, task = self._ledger.state.mission_of(robot), self._ledger.state.task_of(robot)
        stop = _stop_step(mission) if mission is not None else None
        if mission is None or task is None or stop is None:
            return NoHelp(
                code="no_stop", text=f"{robot.id} has no stop before it", way_out="send it to charge, or leave it alone"
            )
        if task.status is TaskStatus.CANCELLING:
            return NoHelp(
                code="on_the_way_back",
                text=f"{task.id} is over; its goods go to {task.destination or stop.place}",
                way_out="let a person take the goods where the robot stands",
            )
        if task.guides:
            return NoHelp(
                code="leads_a_visitor",
                text=f"{robot.id} leads a visitor to {task.dropoff}",
                way_out=f"cancel {task.id}, and show the visitor the way",
            )
        refused = self._goods_lost(task, mission, stop, robot) if stop.kind in _HANDOVERS else None
        if refused is not None:
            return refused
        over = stop.kind is StepKind.TREAT
        then = f"{task.id} ends without it" if over else "it goes on with the next stop"
        return Offer(
            give=self._skip,
            text=f"{robot.id} leaves out {stop.place}; {then}",
            place=stop.place,
            step=stop.id,
            moves_goods=stop.kind is StepKind.DROP_OFF and bool(stop.items),
        )

    def _goods_lost(self, task: DeliveryTask, mission: Mission, stop: Step, robot: Robot) -> NoHelp | None:
        """Why a hand-over can't be left out."""
        if mission.step is stop and stop.status in _MOVES:
            return NoHelp(
                code="compartment_moves",
                text=f"a compartment of {robot.id} is moving",
                way_out="try again in a few seconds",
            )
        if stop.kind is StepKind.PICK_UP:
            if not self._missions.fetches(robot.id, stop):
                return None
            return NoHelp(
                code="goods_on_a_robot",
                text=f"the goods of {task.id} stand on a robot at {stop.place} that can't go on",
                way_out="send a person for them (send-porter)",
            )
        loaded = [item for item in task.on_board if item.id in stop.items]
        if not loaded:
            return None
        if not any(step.kind in _HANDOVERS for step in mission.steps[mission.steps.index(stop) + 1 :]):
            return NoHelp(
                code="last_stop",
                text=f"{stop.place} is the last stop, and {robot.id} has its goods on board",
                way_out="bring the goods back (return), or let a person take them where the robot stands (take_over)",
            )
        back = self._missions.destination(task, robot, loaded, uncollected=True)
        if back.place is None and stop.called is None:
            return NoHelp(
                code="goods_are_held",
                text=back.because,
                way_out="let a person take them where the robot stands (take_over)",
            )
        return None

    def _skip(self, request: HelpRobot) -> None:
        robot = self._ledger.state.robots[request.robot]
        mission, task = self._ledger.state.mission_of(robot), self._ledger.state.task_of(robot)
        assert mission is not None
        assert task is not None
        stop = _stop_step(mission)
        assert stop is not None
        self._note(request, task, stop)
        task = self._ledger.state.tasks[task.id]
        if stop.kind is StepKind.TREAT:
            said = task.stops[0].skipped or request.actor.id
            self._missions.end_task(task, TaskStatus.CANCELLED, f"left out by {said}", request.actor)
            return
        if stop.kind in _HANDOVERS and stop.status is StepStatus.WAITING_FOR_PERSON:
            self._missions.leave_out(task, mission, stop)
            return
        if stop.kind in _HANDOVERS and stop.items:
            self._goods_stay(task, mission, stop, robot)
        else:
            self._missions.stop_inspecting(robot.id)
        self._drop(robot, stop)
        self._missions.signal(robot.id, Signal.BEGIN)
        self._missions.renew_eta(robot.id)
        self._dispatch_wanted()

    def _note(self, request: HelpRobot, task: DeliveryTask, stop: Step) -> None:
        for index, known in enumerate(task.stops):
            fits = STEP_OF[known.kind] is stop.kind and known.place == stop.place and known.skipped is None
            numbered = known.kind in (StopKind.INSPECT, StopKind.SAY)
            if fits and (not numbered or index == stop.checkpoint) and set(stop.items) <= set(known.items):
                self._ledger.record(
                    StopSkipped(task=task.id, stop=index, place=stop.place, actor=request.actor, reason=request.reason)
                )
                return

    def _goods_stay(self, task: DeliveryTask, mission: Mission, stop: Step, robot: Robot) -> None:
        """The robot does not go there: nothing is handed over, and what depends on it is planned anew."""
        after = ItemState.MISSING if stop.kind is StepKind.PICK_UP else ItemState.ON_BOARD
        self._ledger.record(
            ItemsHandedOver(
                task=task.id,
                mission=mission.id,
                step=stop.id,
                robot=robot.id,
                place=stop.place,
                actor=FLEET_MANAGER,
                proof="none",
                items=tuple((item, after, ItemOutcome.REFUSED) for item in stop.items),
                loads=robot.loads,
            )
        )
        self._missions.plan_without(robot.id, list(stop.items), stop)

    def _drop(self, robot: Robot, stop: Step) -> None:
        """A stop, and the way there that is not done yet, are over without success."""
        mission = self._ledger.state.mission_of(robot)
        assert mission is not None
        after = next(i for i, step in enumerate(mission.steps) if step.id == stop.id) + 1
        given_up = tuple(replace(step, status=StepStatus.FAILED) for step in mission.steps[mission.current : after])
        steps = mission.steps[: mission.current] + given_up + mission.steps[after:]
        changed = replace(mission, steps=steps, current=after)
        self._ledger.record(MissionChanged(mission=changed, reason=f"{stop.place} is left out"))


def _stop_step(mission: Mission) -> Step | None:
    """The stop that a robot of a task is at, or on its way to."""
    step = mission.step
    if step is not None and step.kind is StepKind.GO_TO:
        following = mission.steps[mission.current + 1 : mission.current + 2]
        return following[0] if following else None
    return step
