"""What a ward is told: how soon a robot or a person would be there, and what one shift leaves to the next."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fleet_manager.domain.errors import Conflict
from fleet_manager.domain.events import ShiftAcknowledged
from fleet_manager.domain.missions import StepStatus
from fleet_manager.domain.shifts import ShiftHandover
from fleet_manager.domain.tasks import DeliveryTask
from fleet_manager.orchestration.commands import AcknowledgeShift
from fleet_manager.orchestration.dispatch import Dispatch
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.views import ForecastView, ShiftEntryView, ShiftView
from maps.model import CarrierKind, Site, WaypointId

_WORTH_A_PERSON: Final = 0.9
"""A porter is recommended who needs less than this share of the robot's time: people have other work."""


class Wards:
    def __init__(self, site: Site, ledger: Ledger, dispatch: Dispatch) -> None:
        self._site = site
        self._ledger = ledger
        self._dispatch = dispatch

    # --- before it is asked for --------------------------------------------------------------------------

    def forecast(self, task: DeliveryTask) -> ForecastView:
        """How soon the quickest robot that is free would have done a task, and how soon a porter.

        Robots that work for others are not counted: nobody knows yet how long their people take.
        """
        robots = self._dispatch.quickest(task, CarrierKind.GROUND)
        porters = self._dispatch.quickest(replace(task, porter_only=True), CarrierKind.PERSON)
        by_robot = robots[1].duration if robots is not None else None
        by_porter = porters[1].duration if porters is not None else None
        if by_porter is not None and (by_robot is None or by_porter < _WORTH_A_PERSON * by_robot):
            recommended = "porter"
        else:
            recommended = "robot" if by_robot is not None else "none"
        return ForecastView(
            robot=robots[0] if robots is not None else None,
            robot_seconds=by_robot,
            porter=porters[0] if porters is not None else None,
            porter_seconds=by_porter,
            recommended=recommended,
        )

    # --- from shift to shift -----------------------------------------------------------------------------

    def shift(self, ward: WaypointId) -> ShiftView:
        """What is open, late or not collected at a ward, and who has read it last."""
        last = self._ledger.state.shifts.get(ward)
        open_tasks = self._open(ward)
        read = last is not None and tuple(task.id for task in open_tasks) == last.tasks
        return ShiftView(
            ward=ward,
            entries=tuple(self._entry(task) for task in open_tasks),
            acknowledged_by=last.acknowledged_by.id if last is not None else None,
            acknowledged_at=last.acknowledged_at if last is not None else None,
            up_to_date=read,
        )

    def acknowledge(self, ward: WaypointId, request: AcknowledgeShift) -> WaypointId:
        """Somebody of the next shift has read the list. Refused when it has changed meanwhile."""
        now_open = tuple(task.id for task in self._open(ward))
        if set(request.tasks) != set(now_open):
            raise Conflict(
                f"the list of {ward} has changed meanwhile", field="tasks", way_out="read it again, then confirm"
            )
        shift = ShiftHandover(
            ward=ward, tasks=now_open, acknowledged_by=request.actor, acknowledged_at=self._ledger.now()
        )
        self._ledger.record(ShiftAcknowledged(shift=shift))
        return ward

    def _open(self, ward: WaypointId) -> list[DeliveryTask]:
        tasks = self._ledger.state.tasks.values()
        return [task for task in tasks if task.items and ward in {stop.place for stop in task.stops}]

    def _entry(self, task: DeliveryTask) -> ShiftEntryView:
        return ShiftEntryView(
            task=task.id,
            items=", ".join(f"{item.quantity} × {item.name}" for item in task.items),
            pickup=task.pickup,
            dropoff=task.dropoff,
            state=self._state(task),
        )

    def _state(self, task: DeliveryTask) -> str:
        mission = self._ledger.state.mission_for(task)
        step = mission.step if mission is not None else None
        if step is not None and step.status is StepStatus.WAITING_FOR_PERSON and task.on_board:
            return "uncollected"
        expected = max(self._ledger.now(), task.eta or self._ledger.now())
        return "late" if task.due is not None and expected > task.due else "open"
