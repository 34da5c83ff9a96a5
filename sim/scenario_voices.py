"""People of a scenario whom robots call and lead: patients who sleep, and visitors who dawdle."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.followers import Dawdle
from sim.scenario_fields import Minutes, Part
from sim.stage import Stage


class Sleepers(Part):
    """Patients who do not come when they are called: a `share` of all, and those in `beds`."""

    kind: Literal["sleepers"] = "sleepers"
    share: Annotated[float, Field(ge=0, le=1)] = 0.0
    beds: tuple[str, ...] = ()

    def enter(self, stage: Stage, number: int) -> None:
        stage.hospital.patients.share = self.share
        stage.hospital.patients.asleep.update(self.beds)


class Dawdler(Part):
    """The next visitor who is led and of whom nothing is said yet stands for some `minutes` after `after` minutes on
    the way; without `minutes` they go away.
    """

    kind: Literal["dawdler"] = "dawdler"
    after: Minutes = 0.25
    minutes: Minutes | None = None

    def enter(self, stage: Stage, number: int) -> None:
        seconds = self.minutes * 60.0 if self.minutes is not None else None
        stage.hospital.visitors.dawdles.append((Dawdle(after=self.after * 60.0, seconds=seconds),))
