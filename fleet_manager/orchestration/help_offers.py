"""What a help comes to for one robot now: it can be given, or it makes no sense, and something else does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fleet_manager.domain.missions import StepId
from fleet_manager.orchestration.commands import HelpRobot
from maps.model import WaypointId


@dataclass(frozen=True, slots=True, kw_only=True)
class NoHelp:
    """Why a help makes no sense now; `code` is for programs, `way_out` says what does."""

    code: str
    text: str
    way_out: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """`give` does it. `place` is where it happens or leads, `step` the one that it is about.

    `moves_goods`: goods on board end up elsewhere than they should have gone.
    """

    give: Callable[[HelpRobot], None]
    text: str
    place: WaypointId | None = None
    step: StepId | None = None
    moves_goods: bool = False


def cannot_act(robot_id: str, *, connected: bool, automatic: bool) -> NoHelp | None:
    """Why a robot would not do anything now that it is told."""
    if not connected:
        return NoHelp(
            code="offline",
            text=f"{robot_id} does not answer",
            way_out="look at it; a person can be sent for its goods (send-porter)",
        )
    if not automatic:
        return NoHelp(
            code="not_automatic",
            text=f"{robot_id} is in e-stop, has a fault or is driven by hand",
            way_out="free it, confirm its position and level at the robot, and switch it to automatic",
        )
    return None
