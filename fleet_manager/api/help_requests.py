"""What operators ask for a robot that is stuck, and for a zone or a fleet that shall stand still."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from fleet_manager.api.fields import Id, Words
from fleet_manager.domain.helps import HelpKind
from fleet_manager.domain.tasks import Actor
from fleet_manager.orchestration.commands import HelpRobot, StartPause
from maps.model import RobotId


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HelpRequest(_Request):
    """`person` takes the goods (`take_over`). With the `step` that the offer named, no other stop is left out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"person": "nurse-lin", "reason": "a bed stands there"}]})

    reason: Words = ""
    person: Id | None = None
    step: Id | None = None

    def to_command(self, actor: Actor, robot: str, kind: HelpKind) -> HelpRobot:
        return HelpRobot(
            actor=actor, robot=RobotId(robot), help=kind, reason=self.reason, person=self.person or "", step=self.step
        )


class PauseRequest(_Request):
    """A `zone`, a `fleet`, or (neither) the whole site."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"zone": "ward_3b", "reason": "a patient fell"}]})

    zone: Id | None = None
    fleet: Id | None = None
    reason: Words = ""

    def to_command(self, actor: Actor) -> StartPause:
        return StartPause(actor=actor, zone=self.zone, fleet=self.fleet, reason=self.reason)
