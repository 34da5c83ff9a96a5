"""Patrols: checkpoints with their windows, the evidence of each visit, and what to do about those that were missed."""

from __future__ import annotations

from datetime import datetime

from fleet_manager.domain.errors import InvalidRequest
from fleet_manager.domain.events import CheckpointMissed, CheckpointVisited
from fleet_manager.domain.inspections import Inspection, Visit
from fleet_manager.domain.missions import Mission, Step, StepStatus
from fleet_manager.domain.robots import CommandKind, PendingCommand, Robot
from fleet_manager.domain.tasks import DeliveryTask, Stop, StopKind, TaskId, TaskStatus, left_out
from fleet_manager.orchestration.commands import CheckpointRequest, SubmitPatrol
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.planning.partition import shares
from fleet_manager.planning.routes import Routes
from maps.model import CarrierKind, Fleet, LevelId, RobotId, Site, WaypointId
from robot_agents import protocol


class Patrols:
    def __init__(self, site: Site, ledger: Ledger, routes: Routes) -> None:
        self._site = site
        self._ledger = ledger
        self._routes = routes

    # --- what is asked for -----------------------------------------------------------------------------------

    @staticmethod
    def unfit(task: DeliveryTask, fleet: Fleet) -> str | None:
        """Why a fleet never does a patrol or screening, None when it may."""
        if fleet.carrier is CarrierKind.PERSON:
            return "does not patrol"
        if task.screens and "screening" not in fleet.capabilities:
            return "does not screen people"
        if not task.screens and not fleet.capabilities & {"patrol", "screening"}:
            return "does not patrol"
        return None

    def stops(self, request: SubmitPatrol, places: tuple[WaypointId, ...]) -> list[tuple[Stop, ...]]:
        """The checkpoints of each robot's task. Raises InvalidRequest for windows that can't be kept."""
        stops = [
            Stop(place=place, kind=StopKind.INSPECT, inspection=self._inspection(request, wanted, index))
            for index, (place, wanted) in enumerate(zip(places, request.checkpoints, strict=True))
        ]
        if request.robots > len(stops):
            raise InvalidRequest(
                f"robots: {request.robots} robots for {len(stops)} checkpoints",
                field="robots",
                way_out="ask for no more robots than there are checkpoints",
            )
        parts = shares(places, request.robots, self._time)
        return [tuple(sorted((stops[i] for i in part), key=_latest)) for part in parts]

    def _inspection(self, request: SubmitPatrol, wanted: CheckpointRequest, index: int) -> Inspection:
        field = f"checkpoints.{index}.not_after"
        if wanted.not_after is not None and wanted.not_after <= self._ledger.now():
            raise InvalidRequest(
                f"not_after: {wanted.not_after.isoformat()} is in the past", field=field, way_out="name a later time"
            )
        if wanted.not_after and wanted.not_before and wanted.not_after <= wanted.not_before:
            raise InvalidRequest("not_after: is not after not_before", field=field)
        return Inspection(
            seconds=request.seconds,
            screens=request.screens,
            not_before=wanted.not_before,
            not_after=wanted.not_after,
            within=wanted.within,
        )

    def _time(self, start: WaypointId, goal: WaypointId) -> float | None:
        """Seconds of the quickest fleet that patrols."""
        fleets = (f for f in self._site.fleets.values() if f.capabilities & {"patrol", "screening"} and f.robots)
        times = [self._routes.of(fleet.id).time(start, goal) for fleet in fleets]
        return min((time for time in times if time is not None), default=None)

    def submitted(self, task: DeliveryTask) -> None:
        """Watch the windows of its checkpoints, and the bounds of its places."""
        now = self._ledger.now()
        for index, stop in enumerate(task.stops):
            window = stop.inspection.not_after if stop.inspection is not None else None
            if window is not None and stop.visit is None and not stop.missed and stop.skipped is None:
                seconds = (window - now).total_seconds()
                self._ledger.set_timer("checkpoint", f"{task.id}/{index}", max(0.0, seconds))
            self._watch(stop.place)

    def _watch(self, place: WaypointId) -> None:
        checkpoint = self._ledger.state.checkpoints.get(place)
        overdue = checkpoint.overdue_at if checkpoint is not None else None
        if overdue is None:
            self._ledger.stop_timer("overdue", place)
        else:
            seconds = (overdue - self._ledger.now()).total_seconds()
            self._ledger.set_timer("overdue", place, max(0.0, seconds))

    # --- on the way ------------------------------------------------------------------------------------------

    def early(self, step: Step) -> float:
        """Seconds until a checkpoint may be visited."""
        assert step.inspection is not None
        begins = step.inspection.not_before
        return max(0.0, (begins - self._ledger.now()).total_seconds()) if begins is not None else 0.0

    def message(self, robot: Robot, command: PendingCommand) -> protocol.FromManager:
        """As the agent is told; one whose step is over is told to look no longer."""
        if command.kind is CommandKind.STOP_INSPECTING:
            return protocol.StopInspecting(command_id=command.id, inspect_id=command.subject or "")
        mission = self._ledger.state.mission_of(robot)
        step = next((s for s in mission.steps if s.id == command.step), None) if mission is not None else None
        inspection = step.inspection if step is not None else None
        rules = self._site.screening
        limits = protocol.ScreeningLimits(temperature=rules.temperature, distance=rules.distance, masks=rules.masks)
        return protocol.Inspect(
            command_id=command.id,
            step_id=command.step or "",
            seconds=inspection.seconds if inspection is not None else 0.0,
            screening=limits if inspection is not None and inspection.screens else None,
        )

    def inspected(self, robot: Robot, report: protocol.Inspected) -> bool:
        """Take the evidence of a visit; False when its task has gone on without it."""
        found = self._step_of(robot, report.inspect_id)
        if found is None:
            return False
        task, step = found
        pose = report.pose
        visit = Visit(robot=robot.id, at=report.began, level=LevelId(pose.level), x=pose.x, y=pose.y, yaw=pose.yaw)
        self._ledger.record(
            CheckpointVisited(
                task=task.id,
                stop=step.checkpoint,
                place=step.place,
                visit=visit,
                report=report.number,
                state_of_charge=report.state_of_charge,
            )
        )
        self._ledger.stop_timer("checkpoint", f"{task.id}/{step.checkpoint}")
        if step.inspection is not None and step.inspection.not_after and visit.at > step.inspection.not_after:
            self._miss(self._ledger.state.tasks[task.id], step.checkpoint, "its window was over")
        self._ledger.close_alert("visit_overdue", step.place)
        self._watch(step.place)
        return True

    def _step_of(self, robot: Robot, inspect_id: str) -> tuple[DeliveryTask, Step] | None:
        command = next((c for c in robot.pending if c.id == inspect_id), None)
        mission, task = self._ledger.state.mission_of(robot), self._ledger.state.task_of(robot)
        step = mission.step if mission is not None else None
        if command is None or task is None or step is None or step.id != command.step:
            return None
        return task, step

    def finish(self, task: DeliveryTask) -> tuple[TaskStatus, str]:
        """How a patrol ended whose robot is through."""
        lacking = [i for i, stop in enumerate(task.stops) if stop.visit is None and stop.skipped is None]
        for index in lacking:
            self._miss(task, index, "its inspection was broken off")
        late = [stop.place for stop in task.stops if stop.missed and stop.visit is not None]
        visited = sum(stop.visit is not None for stop in task.stops)
        told = f"{visited} of {len(task.stops)} checkpoints visited"
        if late:
            told = f"{told}, late: {', '.join(late)}"
        done = not lacking and visited > 0
        return (TaskStatus.COMPLETED if done else TaskStatus.FAILED), told + left_out(task.stops)

    # --- time ------------------------------------------------------------------------------------------------

    def window_over(self, subject: str) -> None:
        """The window of a checkpoint is over: was somebody there?"""
        task_id, _, index = subject.partition("/")
        task = self._ledger.state.tasks.get(TaskId(task_id))
        if task is None or task.status.ended:
            return
        if task.stops[int(index)].visit is not None or task.stops[int(index)].skipped is not None:
            return
        mission = self._ledger.state.mission_for(task)
        if mission is None or not _is_at(mission, int(index)):
            self._miss(task, int(index), "its window is over")

    def _miss(self, task: DeliveryTask, index: int, because: str) -> None:
        stop = task.stops[index]
        if stop.missed:
            return
        self._ledger.record(CheckpointMissed(task=task.id, stop=index, place=stop.place))
        self._ledger.alert(
            "checkpoint_missed",
            stop.place,
            f"nobody was at {stop.place} in time for {task.id}: {because}",
            f"send somebody to {stop.place}, and see why {task.id} is late",
        )

    def overdue(self, place: WaypointId) -> None:
        """The longest time between two visits of a place is over."""
        checkpoint = self._ledger.state.checkpoints[place]
        if checkpoint.overdue_at is None or checkpoint.overdue_at > self._ledger.now():
            return
        last = f"last at {checkpoint.visit.at:%H:%M} UTC" if checkpoint.visit is not None else "never yet"
        self._ledger.alert(
            "visit_overdue",
            place,
            f"{place} was visited {last}; it should be every {(checkpoint.within or 0.0) / 60.0:.0f} min",
            f"send somebody to {place}, or patrol it more often",
        )

    def take_up(self) -> None:
        """After a restart."""
        for task in self._ledger.state.tasks.values():
            if task.inspects:
                self.submitted(task)
        for place in self._ledger.state.checkpoints:
            self._watch(place)

    def waiting(self) -> list[tuple[RobotId, Step]]:
        """The robots that stand at a checkpoint and were not told yet to inspect it."""
        found: list[tuple[RobotId, Step]] = []
        for mission in self._ledger.state.missions.values():
            step = mission.step
            if step is None or step.inspection is None or step.status is not StepStatus.ACTIVE:
                continue
            if all(c.kind is not CommandKind.INSPECT for c in self._ledger.state.robots[mission.robot].pending):
                found.append((mission.robot, step))
        return found


def _is_at(mission: Mission, checkpoint: int) -> bool:
    """Whether the robot is there, and began in time."""
    step = mission.step
    at = step is not None and step.inspection is not None and step.checkpoint == checkpoint
    return at and step is not None and step.status is StepStatus.ACTIVE


def _latest(stop: Stop) -> tuple[bool, datetime | None]:
    """What closes first goes first; checkpoints without a window keep their order, after those with one."""
    window = stop.inspection.not_after if stop.inspection is not None else None
    return (window is None, window)
