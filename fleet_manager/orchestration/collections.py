"""Collecting waste and linen: what may be asked for, who signs, and what to do when weights differ."""

from __future__ import annotations

from collections.abc import Mapping

from fleet_manager.domain.collections import bag_id
from fleet_manager.domain.errors import Conflict, InvalidRequest, NotAllowed
from fleet_manager.domain.handovers import Signature
from fleet_manager.domain.missions import Step, StepKind
from fleet_manager.domain.tasks import (
    Actor,
    DeliveryTask,
    Item,
    ItemId,
    ItemOutcome,
    Stop,
    StopKind,
    TaskId,
)
from fleet_manager.orchestration.commands import SubmitCollection
from fleet_manager.orchestration.ledger import Ledger
from maps.model import CarrierKind, Fleet, Flow, ItemClassId, Site, WaypointId


class Collections:
    def __init__(self, site: Site, ledger: Ledger) -> None:
        self._site = site
        self._ledger = ledger

    # --- what is asked for -----------------------------------------------------------------------------------

    def goods(
        self, request: SubmitCollection, task: TaskId, places: tuple[WaypointId, ...], dropoff: WaypointId
    ) -> tuple[tuple[Stop, ...], tuple[Item, ...]]:
        """The stops and bags of a collection. Raises InvalidRequest."""
        kind = self._site.item_classes.get(ItemClassId(request.item_class))
        soiled = [known.id for known in self._site.item_classes.values() if known.flow is Flow.SOILED]
        if kind is None or kind.flow is not Flow.SOILED:
            what = "is not known here" if kind is None else "is clean"
            raise InvalidRequest(
                f"item_class: {request.item_class} {what}, and only soiled goods are collected",
                field="item_class",
                way_out=f"name one of {', '.join(soiled)}" if soiled else "add a soiled item class to site.yaml",
            )
        if len(set(places)) < len(places) or dropoff in places:
            twice = dropoff if dropoff in places else next(p for p in places if places.count(p) > 1)
            raise InvalidRequest(f"places: {twice} is there twice", field="places", way_out="name each place once")
        stops: list[Stop] = []
        items: list[Item] = []
        for place, wanted in zip(places, request.places, strict=True):
            names = wanted.bags or (f"{task}-b{len(items) + 1}",)
            bags = [Item(id=ItemId(name), name=kind.name, quantity=1, item_class=kind.id) for name in names]
            items += bags
            stops.append(Stop(place=place, kind=StopKind.PICK_UP, items=tuple(bag.id for bag in bags), weighed=True))
        ids = [item.id for item in items]
        if len(set(ids)) < len(ids):
            twice_there = next(i for i in ids if ids.count(i) > 1)
            raise InvalidRequest(f"places: the bag {twice_there!r} is there twice", field="places.bags")
        stops.append(Stop(place=dropoff, kind=StopKind.DROP_OFF, items=tuple(ids), weighed=True))
        return tuple(stops), tuple(items)

    @staticmethod
    def unfit(fleet: Fleet) -> str | None:
        """Why a fleet never collects, None when it may: soiled goods and clean ones never meet."""
        if fleet.carrier is CarrierKind.PERSON or fleet.flow is Flow.SOILED:
            return None
        return "is no fleet for soiled goods"

    # --- at the hand-over ------------------------------------------------------------------------------------

    def check(
        self,
        step: Step,
        first: Signature | None,
        actor: Actor,
        outcomes: Mapping[ItemId, ItemOutcome],
        weights: Mapping[ItemId, float],
    ) -> None:
        """Every bag that changes hands is weighed, and of two who sign for it one is a collector.

        Raises InvalidRequest, NotAllowed, Conflict.
        """
        if not step.weighed:
            return
        lacking = [i for i, o in outcomes.items() if o is not ItemOutcome.REFUSED and i not in weights]
        if lacking:
            raise InvalidRequest(
                f"items: the bag {lacking[0]} is not weighed",
                field="items.weight",
                way_out="weigh each bag and send its weight in kg",
            )
        if first is None or first.actor.id == actor.id:
            return
        noted = dict(first.weights)
        differing = [i for i in weights if i in noted and weights[i] != noted[i]]
        if differing:
            bag = differing[0]
            raise Conflict(
                f"items: {first.actor.id} noted {noted[bag]:g} kg for {bag}, {actor.id} {weights[bag]:g} kg",
                field="items.weight",
                way_out=f"weigh it together; {first.actor.id} may sign anew with another weight",
            )
        roles = self._site.collection.collectors
        if step.kind is StepKind.PICK_UP and (first.actor.role in roles) == (actor.role in roles):
            who = "a collector" if actor.role not in roles else "somebody of the ward"
            raise NotAllowed(
                f"task: {first.actor.id} and {actor.id} may not sign for bags together: one has to be {who}",
                field="actor",
                way_out=f"collectors have one of the roles {', '.join(sorted(roles))}",
            )

    def differences(self, task: DeliveryTask, weights: Mapping[ItemId, float]) -> dict[ItemId, str]:
        """The bags that weigh something else than where they were collected, and what."""
        found: dict[ItemId, str] = {}
        for bag, weight in weights.items():
            known = self._ledger.state.bags.get(bag_id(task.id, bag))
            if known is not None and abs(weight - known.weight) > self._site.collection.tolerance:
                found[bag] = f"{known.weight:g} kg at {known.ward}, {weight:g} kg here"
        return found
