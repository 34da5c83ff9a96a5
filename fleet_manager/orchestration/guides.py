"""Leading visitors: who may, what they are told, and when a robot waits for them or gives up."""

from __future__ import annotations

from fleet_manager.domain.errors import InvalidRequest
from fleet_manager.domain.events import FollowerTold
from fleet_manager.domain.missions import Mission, Step, StepKind, StepStatus
from fleet_manager.domain.robots import CommandKind, PendingCommand, Robot
from fleet_manager.domain.tasks import FLEET_MANAGER, DeliveryTask, Stop, StopKind, TaskStatus
from fleet_manager.domain.voices import Called, Saying, farewell, greeting, reminder
from fleet_manager.orchestration.commands import SubmitGuidance
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.pausing import Pausing
from fleet_manager.orchestration.settings import Patience
from maps.model import CarrierKind, Fleet, RobotId, Site, WaypointId
from robot_agents import protocol


class Guides:
    def __init__(self, site: Site, ledger: Ledger, pausing: Pausing, patience: Patience) -> None:
        self._site = site
        self._ledger = ledger
        self._pausing = pausing
        self._patience = patience

    # --- what is asked for -----------------------------------------------------------------------------------

    @staticmethod
    def unfit(fleet: Fleet) -> str | None:
        """Why a fleet never guides anybody, None when it may."""
        if fleet.carrier is CarrierKind.PERSON or "guide" not in fleet.capabilities:
            return "does not guide visitors"
        return None

    @staticmethod
    def stops(request: SubmitGuidance, meet_at: WaypointId, to: WaypointId) -> tuple[Stop, ...]:
        """Raises InvalidRequest when there is nowhere to go."""
        if meet_at == to:
            raise InvalidRequest(f"to: the visitor is at {to} already", field="to", way_out="name another place")
        called = Called(name=request.visitor)
        return (
            Stop(place=meet_at, kind=StopKind.MEET, called=called),
            Stop(place=to, kind=StopKind.LEAD, called=called),
        )

    # --- what they are told ----------------------------------------------------------------------------------

    def greeting(self, task: DeliveryTask) -> Saying:
        called = task.stops[0].called
        assert called is not None
        return greeting(self._site.voices, called, self._name(task.dropoff))

    def reminder(self) -> Saying:
        return reminder(self._site.voices)

    def farewell(self, task: DeliveryTask) -> Saying:
        return farewell(self._site.voices, self._name(task.dropoff))

    def _name(self, place: WaypointId) -> str:
        """What people call a place."""
        return (self._site.waypoints[place].name or place).replace("_", " ")

    # --- on the way ------------------------------------------------------------------------------------------

    def awaited(self, robot_id: RobotId) -> None:
        """The robot is where a visitor is to be met."""
        self._ledger.start_timer("visitor", robot_id, self._patience.meet_patience)

    def told(self, robot: Robot, report: protocol.FollowerTold) -> bool:
        """Take what a robot tells of its follower, and wait for one who fell behind; False when that is over."""
        found = self._led_by(robot)
        command = guide_command(robot)
        if found is None or command is None or command.id != report.guide_id:
            return False
        _, task, step = found
        lost = step.leads and not report.following
        held = task.guidance is not None and task.guidance.waits
        waits = lost and (held or self._may_wait(robot))
        self._ledger.record(
            FollowerTold(
                task=task.id,
                robot=robot.id,
                following=report.following,
                waits=waits,
                report=report.number,
                state_of_charge=report.state_of_charge,
            )
        )
        if report.following:
            self._ledger.stop_timer("visitor", robot.id)
            self._ledger.stop_timer("remind", robot.id)
            if held:
                self._pausing.resume(robot.id, FLEET_MANAGER)
        elif lost:
            self._ledger.set_timer("visitor", robot.id, self._patience.follow_patience)
            self._ledger.set_timer("remind", robot.id, 0.0)
            if waits and not held:
                self._pausing.pause(robot.id, FLEET_MANAGER)
        return True

    def _may_wait(self, robot: Robot) -> bool:
        """In a lift's car nobody waits, and one that somebody else paused is theirs."""
        at = self._site.waypoints.get(robot.waypoint) if robot.waypoint is not None else None
        return not robot.paused and (at is None or at.lift is None)

    def reminds(self, robot_id: RobotId) -> bool:
        """Whether a visitor is to be asked now to follow; they are again after a while."""
        found = self._led_by(self._ledger.state.robots[robot_id])
        if found is None or found[1].guidance is None or found[1].guidance.lost_at is None:
            return False
        self._ledger.set_timer("remind", robot_id, self._patience.follow_reminder)
        return True

    def given_up(self, robot_id: RobotId) -> tuple[DeliveryTask, str] | None:
        """The visitor did not come, or stayed behind for too long: call a person. None when that is over."""
        found = self._led_by(self._ledger.state.robots[robot_id])
        if found is None:
            return None
        mission, task, step = found
        if step.kind is StepKind.MEET:
            text = f"the visitor of {task.id} did not come to {step.place}"
        else:
            near = self._ledger.state.robots[robot_id].waypoint or mission.steps[0].place
            text = f"the visitor of {task.id} does not follow {robot_id} any more, last near {near}"
        self.call(task, text)
        return task, text

    def call(self, task: DeliveryTask, text: str) -> None:
        self._ledger.alert("visitor_lost", task.id, text, f"find them, and show them the way to {task.dropoff}")

    def over(self, task: DeliveryTask, robot_id: RobotId) -> None:
        """Nobody is led any more: a robot that was stopped for its visitor goes on."""
        self._ledger.stop_timer("visitor", robot_id)
        self._ledger.stop_timer("remind", robot_id)
        if task.guidance is not None and task.guidance.waits:
            self._pausing.resume(robot_id, FLEET_MANAGER)

    def _led_by(self, robot: Robot) -> tuple[Mission, DeliveryTask, Step] | None:
        """The running step in which a robot meets or leads somebody."""
        mission, task = self._ledger.state.mission_of(robot), self._ledger.state.task_of(robot)
        step = mission.step if mission is not None else None
        if mission is None or task is None or step is None or step.status is not StepStatus.ACTIVE:
            return None
        return (mission, task, step) if step.kind is StepKind.MEET or step.leads else None

    @staticmethod
    def finish(task: DeliveryTask) -> tuple[TaskStatus, str]:
        """How a guidance ended whose robot is through."""
        return TaskStatus.COMPLETED, f"led to {task.dropoff}"

    def take_up(self) -> None:
        """After a restart: goes on waiting."""
        for robot in self._ledger.state.robots.values():
            found = self._led_by(robot)
            if found is None:
                continue
            if found[2].kind is StepKind.MEET:
                self.awaited(robot.id)
            elif found[1].guidance is not None and found[1].guidance.lost_at is not None:
                self._ledger.set_timer("visitor", robot.id, self._patience.follow_patience)
                self._ledger.set_timer("remind", robot.id, self._patience.follow_reminder)


def guide_command(robot: Robot) -> PendingCommand | None:
    """The command by which a robot watches who follows it."""
    return next((c for c in robot.pending if c.kind is CommandKind.GUIDE), None)
