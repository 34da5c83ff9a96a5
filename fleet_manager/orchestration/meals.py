"""Meals from room to room: one compartment and one call for each bed, and what becomes of those that nobody takes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

from fleet_manager.domain.custody import chain_id
from fleet_manager.domain.errors import InvalidRequest, NotServable
from fleet_manager.domain.events import FollowUpOpened
from fleet_manager.domain.follow_ups import Difference, FollowUp, FollowUpId
from fleet_manager.domain.handovers import Signature
from fleet_manager.domain.infection_control import Destination, is_clean_place
from fleet_manager.domain.missions import Mission, Step, StepKind, StepStatus
from fleet_manager.domain.robots import Robot
from fleet_manager.domain.tasks import (
    FLEET_MANAGER,
    Actor,
    DeliveryTask,
    Item,
    ItemId,
    ItemOutcome,
    ItemState,
    Stop,
    StopKind,
    TaskId,
    TaskStatus,
)
from fleet_manager.domain.voices import Called, Saying, meal_call
from fleet_manager.orchestration.commands import MealRequest, SubmitMeals
from fleet_manager.orchestration.custody import Signed
from fleet_manager.orchestration.decontamination import Decontamination
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.planning.steps import return_steps
from maps.model import CarrierKind, Fleet, ItemClassId, RobotId, Site, WaypointId

MEAL: Final = ItemClassId("meal")
"""The class of meals on sites that have one."""


class Meals:
    def __init__(self, site: Site, ledger: Ledger, decontamination: Decontamination) -> None:
        self._site = site
        self._ledger = ledger
        self._decontamination = decontamination

    # --- what is asked for -----------------------------------------------------------------------------------

    @staticmethod
    def unfit(fleet: Fleet) -> str | None:
        """Why a fleet never serves meals, None when it may: a porter takes over what a robot could not do."""
        if fleet.carrier is not CarrierKind.PERSON and "meals" not in fleet.capabilities:
            return "does not serve meals"
        return None

    def loads(
        self, request: SubmitMeals, places: tuple[WaypointId, ...]
    ) -> list[tuple[tuple[WaypointId, MealRequest], ...]]:
        """The meals of each task, evenly shared: no more than a robot has compartments. Raises InvalidRequest."""
        beds = [(place, meal.bed) for place, meal in zip(places, request.meals, strict=True)]
        twice = next((bed for bed in beds if beds.count(bed) > 1), None)
        if twice is not None:
            raise InvalidRequest(
                f"stops: bed {twice[1]} at {twice[0]} is there twice",
                field="stops.bed",
                way_out="name each bed once",
            )
        fleets = [f for f in self._site.fleets.values() if f.robots and f.carrier is not CarrierKind.PERSON]
        most = max((len(f.compartments) for f in fleets if self.unfit(f) is None), default=0)
        if most == 0:
            raise NotServable(
                "no robot of this site serves meals", way_out="give a fleet the capability meals in site.yaml"
            )
        count = -(-len(request.meals) // most)
        cuts = [len(request.meals) * i // count for i in range(count + 1)]
        meals = tuple(zip(places, request.meals, strict=True))
        return [meals[begin:end] for begin, end in pairwise(cuts)]

    def goods(
        self, task: TaskId, pickup: WaypointId, meals: tuple[tuple[WaypointId, MealRequest], ...]
    ) -> tuple[tuple[Stop, ...], tuple[Item, ...]]:
        """The stops and items of one task. Raises InvalidRequest when a bed is where the meals come from."""
        if any(place == pickup for place, _ in meals):
            raise InvalidRequest(
                f"pickup: {pickup} is both where meals are loaded and where one is served",
                field="pickup",
                way_out="name two different places",
            )
        kind = MEAL if MEAL in self._site.item_classes else None
        items = tuple(
            Item(id=ItemId(f"{task}-i{number}"), name=meal.item, quantity=1, item_class=kind)
            for number, (_, meal) in enumerate(meals, start=1)
        )
        beds = tuple(
            Stop(
                place=place,
                kind=StopKind.DROP_OFF,
                items=(item.id,),
                called=Called(bed=meal.bed, name=meal.name),
            )
            for (place, meal), item in zip(meals, items, strict=True)
        )
        return (Stop(place=pickup, kind=StopKind.PICK_UP, items=tuple(i.id for i in items)), *beds), items

    # --- at the bed ------------------------------------------------------------------------------------------

    def call(self, step: Step) -> Saying:
        assert step.called is not None
        return meal_call(self._site.voices, step.called)

    def taken(self, robot: Robot, compartment: str) -> tuple[DeliveryTask, Mission, Step, Signed] | None:
        """What the sensor of a compartment means: the patient has the meal; None when none is offered there."""
        mission, task = self._ledger.state.mission_of(robot), self._ledger.state.task_of(robot)
        step = mission.step if mission is not None else None
        if mission is None or task is None or step is None or step.called is None:
            return None
        loads = dict(robot.loads)
        offered = any(loads.get(item) == compartment for item in step.items)
        if step.kind is not StepKind.DROP_OFF or step.status is not StepStatus.WAITING_FOR_PERSON or not offered:
            return None
        outcomes = dict.fromkeys(step.items, ItemOutcome.ACCEPTED)
        patient = Actor(id=f"bed {step.called.bed}", role="patient")
        signature = Signature(actor=patient, proof="sensor", outcomes=tuple(outcomes.items()), time=self._ledger.now())
        return task, mission, step, Signed(first=signature, second=None, outcomes=outcomes, weights={})

    # --- what nobody takes -----------------------------------------------------------------------------------

    def plan_back(self, mission: Mission, at: Step, left: list[ItemId], back: Destination) -> tuple[Mission, str]:
        """Bring all that is left on board back at the end, by one step."""
        place, because = back.place, back.because
        if place is None:
            place, because = self._where_left(mission)
        rest = mission.steps[-1]
        if rest.id != at.id and rest.kind is StepKind.DROP_OFF and rest.called is None and rest.place == place:
            steps = (*mission.steps[:-1], replace(rest, items=(*rest.items, *left)))
        else:
            steps = mission.steps + return_steps(mission.id, place, tuple(left), mission.next_step)
        return replace(mission, steps=steps), because

    def _where_left(self, mission: Mission) -> tuple[WaypointId, str]:
        """Where meals that were in a soiling zone go: no clean kitchen takes them back."""
        pickup = next(step.place for step in mission.steps if step.kind is StepKind.PICK_UP)
        if not is_clean_place(pickup, self._decontamination.classes_at(pickup), self._site):
            return pickup, f"meals that are left go back to {pickup}"
        last = next(step.place for step in reversed(mission.steps) if step.called is not None)
        place = self._site.quarantine or last
        return place, f"meals that were in a soiling zone do not go back to {pickup}, but to {place}"

    def left(self, task: DeliveryTask, robot: RobotId, step: Step) -> None:
        """Nobody took the meal of a bed: the ward has to see to it."""
        called = step.called
        assert called is not None
        names = {item.id: item.name for item in task.items}
        for item in step.items:
            self._ledger.record(
                FollowUpOpened(
                    follow_up=FollowUp(
                        id=FollowUpId(f"U{self._ledger.state.follow_up_count + 1:05d}"),
                        task=task.id,
                        item=item,
                        name=names[item],
                        what=Difference.NOT_TAKEN,
                        detail=f"bed {called.bed} ({called.name}) did not take it",
                        place=step.place,
                        robot=robot,
                        actor=FLEET_MANAGER,
                        opened_at=self._ledger.now(),
                    )
                )
            )
        self._ledger.alert(
            "meals_left",
            task.id,
            f"bed {called.bed} at {step.place} did not take its meal; the follow-ups of {task.id} list all of them",
            "see to the patient, then close the follow-up with what you found",
        )

    def finish(self, task: DeliveryTask) -> tuple[TaskStatus, str]:
        """How a round ended whose robot is through: who has eaten nothing is listed for the ward."""
        state = {item.id: item.state for item in task.items}
        beds = [(stop.called, stop.items[0]) for stop in task.stops if stop.called is not None]
        taken = [called for called, item in beds if state[item] is ItemState.DELIVERED]
        told = f"{len(taken)} of {len(beds)} meals taken"
        left = [(called, item) for called, item in beds if state[item] is not ItemState.DELIVERED]
        if left:
            told += "; left: " + ", ".join(f"bed {c.bed} ({c.name}{self._why(task, i)})" for c, i in left)
        return (TaskStatus.COMPLETED if taken else TaskStatus.FAILED), told

    def _why(self, task: DeliveryTask, item: ItemId) -> str:
        """A meal that never came on board was not left by the patient."""
        chain = self._ledger.state.chains.get(chain_id(task.id, item))
        return "" if chain is not None and chain.released_at is not None else ", not loaded"
