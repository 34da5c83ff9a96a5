"""Announcements: what robots say at which places, in whose languages, and not in quiet hours."""

from __future__ import annotations

from collections import Counter

from fleet_manager.domain.errors import InvalidRequest
from fleet_manager.domain.events import PlaceTold, QuietHoursKept
from fleet_manager.domain.missions import Step
from fleet_manager.domain.robots import CommandKind, PendingCommand, Robot
from fleet_manager.domain.tasks import DeliveryTask, Priority, Reason, Stop, StopKind, TaskStatus, left_out
from fleet_manager.domain.voices import Saying, quiet_until
from fleet_manager.orchestration.commands import SubmitAnnouncement
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.settings import Patience
from maps.model import CarrierKind, Fleet, Site, WaypointId
from robot_agents import protocol


class Voices:
    def __init__(self, site: Site, ledger: Ledger, patience: Patience) -> None:
        self._site = site
        self._ledger = ledger
        self._patience = patience

    # --- what is asked for -----------------------------------------------------------------------------------

    @staticmethod
    def unfit(fleet: Fleet) -> str | None:
        """Why a fleet never announces anything, None when it may."""
        if fleet.carrier is CarrierKind.PERSON or "announce" not in fleet.capabilities:
            return "does not announce"
        return None

    def stops(self, request: SubmitAnnouncement, places: tuple[WaypointId, ...]) -> tuple[Stop, ...]:
        """Raises InvalidRequest for a language or place that is there twice."""
        spoken = Counter(language for language, _ in request.texts)
        twice = [language for language, count in spoken.items() if count > 1]
        if twice or not request.texts:
            problem = f"{twice[0]!r} is there twice" if twice else "there is nothing to say"
            raise InvalidRequest(f"texts: {problem}", field="texts", way_out="name each language once")
        again = [place for place, count in Counter(places).items() if count > 1]
        if again:
            raise InvalidRequest(
                f"places: {again[0]} is there twice", field="places", way_out="say how often it is said by `times`"
            )
        saying = Saying(texts=request.texts, times=request.times)
        return tuple(Stop(place=place, kind=StopKind.SAY, saying=saying) for place in places)

    # --- quiet hours -----------------------------------------------------------------------------------------

    def quiet(self, task: DeliveryTask) -> Reason | None:
        """Why nothing is said aloud for a task now; None when it may be: what is stat is never silent."""
        end = None
        if task.priority is not Priority.STAT:
            end = quiet_until(self._site.voices, self._site.timezone, self._ledger.now())
        if end is None:
            return None
        what = "it waits" if task.announces else "people are spoken to on the screen only"
        return Reason(subject=task.id, code="quiet_hours", text=f"it is quiet until {end:%H:%M}: {what}")

    def waits(self, task: DeliveryTask) -> float:
        """Seconds until an announcement may begin."""
        if not task.announces or self.quiet(task) is None:
            return 0.0
        end = quiet_until(self._site.voices, self._site.timezone, self._ledger.now())
        return max(0.0, (end - self._ledger.now()).total_seconds()) if end is not None else 0.0

    def aloud(self, task: DeliveryTask) -> bool:
        """Whether people are called aloud now; the task's reasons say when they are not."""
        reason = self.quiet(task)
        if reason is not None and reason not in task.reasons:
            self._ledger.record(QuietHoursKept(task=task.id, reason=reason))
        return reason is None

    # --- on the way ------------------------------------------------------------------------------------------

    def message(self, command: PendingCommand) -> protocol.FromManager:
        if command.kind is CommandKind.GUIDE:
            distance = self._patience.follow_distance
            return protocol.Guide(command_id=command.id, step_id=command.step or "", distance=distance)
        if command.kind is CommandKind.STOP_GUIDING:
            return protocol.StopGuiding(command_id=command.id, guide_id=command.subject or "")
        assert command.saying is not None
        return protocol.Say(
            command_id=command.id,
            step_id=command.step or "",
            texts=tuple(protocol.Text(language=language, text=text) for language, text in command.saying.texts),
            times=command.saying.times,
            aloud=command.aloud,
        )

    def said(self, robot: Robot, report: protocol.Said) -> bool:
        """Note that a place was told; False for a call or greeting, and for what comes too late."""
        command = next((c for c in robot.pending if c.id == report.say_id), None)
        mission, task = self._ledger.state.mission_of(robot), self._ledger.state.task_of(robot)
        step = mission.step if mission is not None else None
        if command is None or task is None or step is None or not _is_for(command, step):
            return False
        self._ledger.record(
            PlaceTold(
                task=task.id,
                stop=step.checkpoint,
                place=step.place,
                robot=robot.id,
                report=report.number,
                state_of_charge=report.state_of_charge,
            )
        )
        return True

    @staticmethod
    def finish(task: DeliveryTask) -> tuple[TaskStatus, str]:
        """How an announcement ended whose robot is through."""
        told = sum(stop.done_at is not None for stop in task.stops)
        lacking = any(stop.done_at is None and stop.skipped is None for stop in task.stops)
        status = TaskStatus.COMPLETED if told > 0 and not lacking else TaskStatus.FAILED
        return status, f"said at {told} of {len(task.stops)} places" + left_out(task.stops)


def _is_for(command: PendingCommand, step: Step) -> bool:
    """Whether saying it is what the step is about."""
    return step.saying is not None and command.step == step.id
