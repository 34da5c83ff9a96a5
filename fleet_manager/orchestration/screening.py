"""Screening: what robots observe of people becomes cues, which people look at again and close."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from fleet_manager.domain.errors import Conflict, InvalidRequest, NotFound
from fleet_manager.domain.events import CueRaised, CueRechecked, CuesDeleted
from fleet_manager.domain.inspections import Visit
from fleet_manager.domain.robots import Robot
from fleet_manager.domain.screening import Cue, CueId, CueState, Observation, ObservationKind, cue_in
from fleet_manager.domain.tasks import FLEET_MANAGER
from fleet_manager.orchestration.commands import RecheckCue
from fleet_manager.orchestration.ledger import Ledger
from maps.model import LevelId, RobotId, Site
from robot_agents import protocol

_LOOK: Final = 3600.0
"""Seconds between two looks for what is kept no longer."""


class Screening:
    def __init__(self, site: Site, ledger: Ledger) -> None:
        self._site = site
        self._ledger = ledger
        self.live: dict[RobotId, protocol.Observation] = {}

    def sees(self, robot: RobotId, observation: protocol.Observation) -> None:
        """Remember only the newest of each robot, and nothing in the log."""
        known = self.live.get(robot)
        if known is None or observation.time >= known.time:
            self.live[robot] = observation

    def observed(self, robot: Robot, report: protocol.Observed) -> bool:
        """Take what a robot observed, however late it tells; False when it is no cue."""
        task, pose = self._ledger.state.task_of(robot), report.pose
        seen = Observation(
            kind=ObservationKind(report.kind),
            value=report.value,
            distance=report.distance,
            bearing=report.bearing,
            person=report.person,
            seen_from=Visit(
                robot=robot.id, at=report.time, level=LevelId(pose.level), x=pose.x, y=pose.y, yaw=pose.yaw
            ),
        )
        what = cue_in(seen, self._site.screening)
        if what is None or robot.waypoint is None:
            return False
        cue = Cue(
            id=CueId(f"{robot.id}-{report.number}"),
            task=task.id if task is not None else None,
            place=robot.waypoint,
            seen=seen,
            opened_at=self._ledger.now(),
        )
        self._ledger.record(
            CueRaised(cue=cue, robot=robot.id, report=report.number, state_of_charge=report.state_of_charge)
        )
        self._ledger.alert(
            "screening_cue",
            cue.id,
            f"{robot.id} at {cue.place} saw {what}, {seen.distance:.1f} m away",
            f"go to {cue.place}, look again and measure again, then close it with what you found",
        )
        return True

    def recheck(self, request: RecheckCue) -> CueId:
        """A person looked again, and closes the cue. Refused for programs, and for a cue that is closed."""
        cue = self.cue(request.cue)
        if request.actor.role == FLEET_MANAGER.role:
            raise InvalidRequest(
                f"only a person rechecks a cue, {request.actor.id} is a {request.actor.role}", field="actor"
            )
        if cue.state is CueState.RECHECKED:
            by = cue.rechecked_by.id if cue.rechecked_by is not None else ""
            raise Conflict(f"cue {cue.id} was rechecked by {by} already: {cue.result}")
        self._ledger.record(CueRechecked(cue=cue.id, actor=request.actor, result=request.result, note=request.note))
        self._ledger.close_alert("screening_cue", cue.id)
        return cue.id

    def cue(self, name: str) -> Cue:
        cue = self._ledger.state.cues.get(CueId(name))
        if cue is None:
            raise NotFound(f"there is no cue {name}", way_out="GET /api/v1/screening/cues lists them")
        return cue

    def forget(self) -> None:
        """Delete the cues that were rechecked long ago."""
        latest = self._ledger.now() - timedelta(days=self._site.screening.retention_days)
        old = [
            cue.id
            for cue in self._ledger.state.cues.values()
            if cue.rechecked_at is not None and cue.rechecked_at <= latest
        ]
        if old:
            self._ledger.record(CuesDeleted(cues=tuple(old)))
        self.take_up()

    def take_up(self) -> None:
        """Look again in a while, as long as there is something to forget."""
        if self._ledger.state.cues:
            self._ledger.set_timer("forget_cues", "", _LOOK)
