"""People of a scenario who are screened, and the guard who sends a robot to do it."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from fleet_manager.domain.missions import StepKind, StepStatus
from fleet_manager.domain.tasks import Actor
from fleet_manager.orchestration.commands import CheckpointRequest, SubmitPatrol
from maps.model import RobotId
from sim.scenario_fields import ClockTime, Minutes, Part, PlaceName
from sim.stage import Stage

_GUARD: Final = Actor(id="simulated-guard", role="security")


class ScreeningPost(Part):
    """At `at` a guard asks for a robot that screens people at `places`, for some minutes at each."""

    kind: Literal["screening_post"] = "screening_post"
    at: ClockTime
    places: Annotated[tuple[PlaceName, ...], Field(min_length=1, max_length=100)]
    minutes: Minutes

    def enter(self, stage: Stage, number: int) -> None:
        stage.at(self.at, self._ask, stage, number)

    def _ask(self, stage: Stage, number: int) -> None:
        checkpoints = tuple(CheckpointRequest(place=place) for place in self.places)
        seconds = self.minutes * 60.0
        wanted = SubmitPatrol(
            actor=_GUARD, checkpoints=checkpoints, screens=True, seconds=seconds, key=f"screening-post-{number}"
        )
        stage.tell(f"a guard asks for screening at {', '.join(self.places)} for {self.minutes:g} min")
        stage.run(stage.hospital.insist(wanted))


class Passer(Part):
    """Somebody comes towards the robot at `place` from where it sees farthest, and passes it at `aside` metres."""

    kind: Literal["passer"] = "passer"
    at: ClockTime
    place: PlaceName
    temperature: Annotated[float, Field(ge=30.0, le=45.0)] = 36.5
    mask: bool = True
    aside: Annotated[float, Field(ge=0.5, le=20.0)] = 1.5

    def enter(self, stage: Stage, number: int) -> None:
        stage.at(self.at, self._pass, stage)

    def _pass(self, stage: Stage) -> None:
        robot = self._robot(stage)
        mask = "" if self.mask else ", without a mask"
        if robot is None:
            stage.tell(f"somebody with {self.temperature:.1f} °C passes {self.place}{mask}; no robot looks there")
            return
        stage.world.passers.pass_by(robot, temperature=self.temperature, mask=self.mask, aside=self.aside)
        stage.tell(f"somebody with {self.temperature:.1f} °C passes {robot} at {self.place}{mask}", robot)

    def _robot(self, stage: Stage) -> RobotId | None:
        """The robot that inspects the place now."""
        for mission in stage.hospital.manager.state.missions.values():
            step = mission.step
            if step is None or step.kind is not StepKind.INSPECT or step.place != self.place:
                continue
            if step.status is StepStatus.ACTIVE:
                return mission.robot
        return None
