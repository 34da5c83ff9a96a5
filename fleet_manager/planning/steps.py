"""From a task to the steps of one carrier's mission."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from fleet_manager.domain.missions import MissionId, Step, StepId, StepKind, TreatmentStop
from fleet_manager.domain.tasks import DeliveryTask, ItemId, ItemState, Stop, StopKind, Treatment
from fleet_manager.domain.voices import Saying
from maps.model import WaypointId

STEP_OF: Final = {
    StopKind.PICK_UP: StepKind.PICK_UP,
    StopKind.DROP_OFF: StepKind.DROP_OFF,
    StopKind.VISIT: StepKind.VISIT,
    StopKind.TREAT: StepKind.TREAT,
    StopKind.INSPECT: StepKind.INSPECT,
    StopKind.SAY: StepKind.SAY,
    StopKind.MEET: StepKind.MEET,
    StopKind.LEAD: StepKind.SAY,
}


def delivery_steps(mission: MissionId, task: DeliveryTask, retrieve_at: WaypointId | None = None) -> tuple[Step, ...]:
    """What is left to do of a task: pick up what waits, drop off what is not delivered.

    Which that is follows from the items' custody, so the same function lays out the first leg and every later one.
    `retrieve_at` is where goods on board of a carrier that failed are fetched first.
    """
    state = {item.id: item.state for item in task.items}
    wanted: list[tuple[StepKind, WaypointId, tuple[ItemId, ...]]] = []
    stops: list[Stop | None] = []
    on_board = tuple(item.id for item in task.on_board)
    if retrieve_at is not None and on_board:
        wanted.append((StepKind.PICK_UP, retrieve_at, on_board))
        stops.append(None)
    for stop in task.stops:
        match stop.kind:
            case StopKind.PICK_UP:
                items = tuple(i for i in stop.items if state[i] is ItemState.WAITING)
            case StopKind.DROP_OFF:
                items = tuple(i for i in stop.items if state[i] in (ItemState.WAITING, ItemState.ON_BOARD))
            case _:
                items = ()
        if items or (stop.kind is StopKind.VISIT and stop.skipped is None):
            wanted.append((STEP_OF[stop.kind], stop.place, items))
            stops.append(stop)
    return tuple(_as_at(step, stops[i // 2]) for i, step in enumerate(steps_between(mission, wanted)))


def _as_at(step: Step, stop: Stop | None) -> Step:
    """A step with what its stop asks for."""
    if stop is None:
        return step
    if step.kind is StepKind.GO_TO:
        return replace(step, window=stop.window)
    return replace(step, window=stop.window, by_code=stop.by_code, weighed=stop.weighed, called=stop.called)


def return_steps(mission: MissionId, place: WaypointId, items: tuple[ItemId, ...], first: int) -> tuple[Step, ...]:
    """Bring goods on board to a place and hand them over there; step ids count from `first`."""
    return steps_between(mission, [(StepKind.DROP_OFF, place, items)], first)


def treatment_steps(
    mission: MissionId, place: WaypointId, treatment: Treatment, stops: tuple[TreatmentStop, ...]
) -> tuple[Step, ...]:
    """Go to a place of the room, and treat the room from there."""
    return (
        Step(id=StepId(f"{mission}-1"), kind=StepKind.GO_TO, place=place),
        Step(id=StepId(f"{mission}-2"), kind=StepKind.TREAT, place=place, treatment=treatment, stops=stops),
    )


def patrol_steps(mission: MissionId, task: DeliveryTask) -> tuple[Step, ...]:
    """Go to each checkpoint that was neither visited yet nor left out, and inspect it."""
    checkpoints = [(i, stop) for i, stop in enumerate(task.stops) if stop.inspection is not None]
    left = [(i, stop) for i, stop in checkpoints if stop.visit is None and stop.skipped is None]
    steps = steps_between(mission, [(StepKind.INSPECT, stop.place, ()) for _, stop in left])
    return tuple(
        step
        if step.kind is not StepKind.INSPECT
        else replace(step, checkpoint=left[index // 2][0], inspection=left[index // 2][1].inspection)
        for index, step in enumerate(steps)
    )


def announcement_steps(mission: MissionId, task: DeliveryTask) -> tuple[Step, ...]:
    """Go to each place that was neither told yet nor left out, and say it there."""
    places = [(i, stop) for i, stop in enumerate(task.stops) if stop.saying is not None]
    left = [(i, stop) for i, stop in places if stop.done_at is None and stop.skipped is None]
    steps = steps_between(mission, [(StepKind.SAY, stop.place, ()) for _, stop in left])
    return tuple(
        step
        if step.kind is not StepKind.SAY
        else replace(step, checkpoint=left[index // 2][0], saying=left[index // 2][1].saying)
        for index, step in enumerate(steps)
    )


def guidance_steps(mission: MissionId, task: DeliveryTask, farewell: Saying) -> tuple[Step, ...]:
    """Go where the visitor is met, wait for them there, lead them, and part with a word."""
    meet, lead = task.stops
    to_them, meeting, leading, parting = steps_between(
        mission, [(StepKind.MEET, meet.place, ()), (StepKind.SAY, lead.place, ())]
    )
    return (
        to_them,
        replace(meeting, called=meet.called),
        replace(leading, called=lead.called, leads=True),
        replace(parting, saying=farewell, checkpoint=1),
    )


def charge_steps(mission: MissionId, charger: WaypointId) -> tuple[Step, ...]:
    return steps_between(mission, [(StepKind.DOCK, charger, ())])


def refill_steps(mission: MissionId, place: WaypointId) -> tuple[Step, ...]:
    return steps_between(mission, [(StepKind.REFILL, place, ())])


def park_steps(mission: MissionId, place: WaypointId) -> tuple[Step, ...]:
    return (Step(id=StepId(f"{mission}-1"), kind=StepKind.GO_TO, place=place),)


def decontamination_steps(mission: MissionId, place: WaypointId) -> tuple[Step, ...]:
    return steps_between(mission, [(StepKind.DECONTAMINATE, place, ())])


def steps_between(
    mission: MissionId,
    wanted: Sequence[tuple[StepKind, WaypointId, tuple[ItemId, ...]]],
    first: int = 1,
) -> tuple[Step, ...]:
    """Put a `go_to` before each stop."""
    steps: list[Step] = []
    for kind, place, items in wanted:
        steps.append(Step(id=StepId(f"{mission}-{first + len(steps)}"), kind=StepKind.GO_TO, place=place))
        steps.append(Step(id=StepId(f"{mission}-{first + len(steps)}"), kind=kind, place=place, items=items))
    return tuple(steps)
