"""Commands to the fleet manager, with the view they answer with."""

from __future__ import annotations

from typing import TypeVar

from fleet_manager.orchestration.commands import UserCommand
from fleet_manager.orchestration.ports import FleetManager
from fleet_manager.orchestration.views import (
    AlarmView,
    AlertView,
    ClosureView,
    CueView,
    FollowUpView,
    LiftView,
    RobotView,
    ScheduleView,
    ShiftView,
    TaskView,
    ZoneView,
)

View = TypeVar(
    "View",
    TaskView,
    RobotView,
    AlertView,
    ClosureView,
    LiftView,
    AlarmView,
    FollowUpView,
    ZoneView,
    ScheduleView,
    CueView,
    ShiftView,
)


async def answer(manager: FleetManager, command: UserCommand, kind: type[View]) -> View:
    """Do `command`; what the fleet manager answers with is of `kind`."""
    view = await manager.do(command)
    if not isinstance(view, kind):
        raise TypeError(f"{type(command).__name__} answered with {type(view).__name__}, not {kind.__name__}")
    return view
