"""Simulated people: nurses who load and unload robots through the same use case as real ones."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from fleet_manager.domain.custody import signatures_needed
from fleet_manager.domain.errors import Conflict, NotAllowed, NotFound
from fleet_manager.domain.events import Recorded, StepChanged
from fleet_manager.domain.missions import Step, StepStatus
from fleet_manager.domain.tasks import Actor, ItemId, ItemOutcome, Priority, StopKind, TaskId
from fleet_manager.orchestration.commands import (
    HandOver,
    ItemReceipt,
    ItemRequest,
    Proof,
    ProofKind,
    StopRequest,
    SubmitTask,
)
from fleet_manager.orchestration.orchestrator import Orchestrator
from maps.model import CarrierKind, RobotId
from sim.crashes import ManagerCrashed

MEDIAN: Final = 30.0
"""Seconds until somebody comes to a waiting robot, median of a lognormal distribution."""

_SIGMA: Final = 0.5
_TRIES_AGAIN: Final = 5.0
"""Seconds until somebody whose hand-over got no answer tries again."""

_NURSE: Final = Actor(id="simulated-nurse", role="nurse")
_ASKS: Final = Actor(id="nurse-1", role="nurse")
_STRANGER: Final = Actor(id="stranger", role="visitor")
_DIFFERENCES: Final = (ItemOutcome.SHORT, ItemOutcome.DAMAGED, ItemOutcome.REFUSED)
_COLLEAGUE: Final = Actor(id="simulated-colleague", role="nurse")
_COLLECTOR: Final = Actor(id="simulated-collector", role="collector")


def delivery(
    pickup: str,
    dropoff: str,
    item: str = "goods",
    *,
    item_class: str | None = None,
    priority: Priority = Priority.ROUTINE,
    key: str | None = None,
) -> SubmitTask:
    """A nurse asks for one item."""
    stops = (StopRequest(place=pickup, kind=StopKind.PICK_UP), StopRequest(place=dropoff, kind=StopKind.DROP_OFF))
    items = (ItemRequest(name=item, quantity=1, item_class=item_class),)
    return SubmitTask(actor=_ASKS, stops=stops, items=items, priority=priority, key=key)


def signatures(
    manager: Orchestrator, task: TaskId, step: str, people: Sequence[Actor]
) -> Iterator[Callable[[], HandOver]]:
    """What people send one after the other until as many have signed as the goods' class asks for.

    Each proves it with the one-time PIN where two have to sign, and scans the QR code where that opens the compartment.
    Whoever has signed before goes on with the others.
    """
    state = manager.state
    known = state.tasks.get(task)
    mission = state.mission_for(known) if known is not None else None
    due = mission.step if mission is not None else None
    if known is None or due is None or due.id != step:
        yield partial(HandOver, actor=people[0], task=task, step=step)
        return
    items = [item for item in known.items if item.id in due.items]
    needed = signatures_needed(items, manager.site, collected=due.collects)
    if due.collects:
        people = (people[0], _COLLECTOR)
    handover = state.handovers.get(due.id)
    signed = handover.signed.actor if handover is not None and handover.signed is not None else None
    others = [person for person in people if signed is None or person.id != signed.id]
    for person in others[: needed if signed is None else needed - 1]:
        kind = ProofKind.QR if due.by_code else ProofKind.PIN if needed > 1 else ProofKind.NONE
        yield partial(_signature, manager, task, step, person, kind, weighed(task, due))


def weighed(task: TaskId, step: Step, off: float = 0.0) -> tuple[ItemReceipt, ...]:
    """What the scales say of the bags at a hand-over, `off` by so many kg; nothing where none are weighed."""
    bags = step.items if step.weighed else ()
    return tuple(ItemReceipt(item=bag, weight=round(_weight(f"{task}/{bag}") + off, 1)) for bag in bags)


def _weight(bag: str) -> float:
    """A bag's own weight (kg), lognormal."""
    return min(20.0, max(0.3, random.Random(bag).lognormvariate(1.2, 0.5)))


def _signature(
    manager: Orchestrator, task: TaskId, step: str, person: Actor, kind: ProofKind, items: tuple[ItemReceipt, ...]
) -> HandOver:
    """Raises Conflict when the hand-over is over already."""
    if kind is ProofKind.NONE:
        return HandOver(actor=person, task=task, step=step, items=items)
    code = manager.handover_code(task, person)
    proof = Proof(kind=kind, value=code.qr if kind is ProofKind.QR else code.pin)
    return HandOver(actor=person, task=task, step=step, proof=proof, items=items)


def _with_findings(weights: tuple[ItemReceipt, ...], findings: tuple[ItemReceipt, ...]) -> tuple[ItemReceipt, ...]:
    """What was weighed, with what was found."""
    noted = {receipt.item: receipt.weight for receipt in weights}
    found = {receipt.item: receipt.outcome for receipt in findings}
    return tuple(
        ItemReceipt(item=item, outcome=found.get(item, ItemOutcome.ACCEPTED), weight=noted.get(item))
        for item in dict.fromkeys((*noted, *found))
    )


class Findings:
    """What people at hand-overs find: a share of the items is short, damaged or refused, and as often a wrong PIN is
    typed first, by somebody who has no business there.
    """

    def __init__(self, rng: random.Random, share: float) -> None:
        self._rng = rng
        self._share = share

    def receipts(self, items: Sequence[ItemId]) -> tuple[ItemReceipt, ...]:
        """Of each item that is not as it should be."""
        differing = [item for item in items if self._rng.random() < self._share]
        return tuple(ItemReceipt(item=item, outcome=self._rng.choice(_DIFFERENCES)) for item in differing)

    def wrong_pin(self) -> Proof | None:
        wrong = self._rng.random() < self._share
        return Proof(kind=ProofKind.PIN, value=f"{self._rng.randrange(1_000_000):06d}") if wrong else None


class Nurses:
    """Come to every robot that waits for a hand-over, each time after a seeded lognormal while.

    Meals to which robots call patients they leave to these, unless told to take `meals` too. They know nothing of
    restarts: who is on the way asks the manager that runs by then, through `ask`.
    """

    def __init__(
        self,
        ask: Callable[[HandOver], Awaitable[object]],
        rng: random.Random,
        *,
        median: float = MEDIAN,
        meals: bool = True,
    ) -> None:
        self._ask = ask
        self._rng = rng
        self._median = median
        self._meals = meals
        self._manager: Orchestrator
        self._under_way: set[asyncio.Task[None]] = set()
        self._awaited: dict[str, None] = {}
        self._absent = 0
        self.findings: Findings | None = None

    def attend(self, manager: Orchestrator) -> None:
        """Watch a manager that begins, and see who waits already."""
        self._manager = manager
        manager.watch(self._saw)
        for mission in manager.state.missions.values():
            step = mission.step
            if mission.task is not None and step is not None and step.status is StepStatus.WAITING_FOR_PERSON:
                self._come(mission.task, step.id, step)

    def stay_away(self, times: int = 1) -> None:
        """Fault: nobody comes for the next hand-overs that fall due."""
        self._absent += times

    def _saw(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, StepChanged) and event.status is StepStatus.WAITING_FOR_PERSON:
            mission = self._manager.state.missions.get(event.mission)
            if mission is not None and mission.task is not None:
                self._come(mission.task, event.step, mission.step)

    def _come(self, task: TaskId, step: str, at: Step | None) -> None:
        if step in self._awaited or (at is not None and at.called is not None and not self._takes_meals(task)):
            return
        self._awaited[step] = None
        if self._absent:
            self._absent -= 1
            return
        seconds = self._median * math.exp(self._rng.gauss(0.0, _SIGMA))
        asyncio.get_running_loop().call_later(seconds, self._start, task, step)

    def _takes_meals(self, task: TaskId) -> bool:
        """Whether it is for them to take the meals of a task: those that a porter brings always are."""
        state = self._manager.state
        carrier = state.robots.get(state.tasks[task].robot or RobotId(""))
        on_foot = carrier is not None and self._manager.site.fleets[carrier.fleet].carrier is CarrierKind.PERSON
        return self._meals or on_foot

    def _start(self, task: TaskId, step: str) -> None:
        doing = asyncio.get_running_loop().create_task(self._hand_over(task, step))
        self._under_way.add(doing)
        doing.add_done_callback(self._under_way.discard)

    async def _look(self, task: TaskId, step: str) -> tuple[ItemReceipt, ...]:
        """Count the goods; somebody else may have tried to get at them before."""
        assert self.findings is not None
        wrong = self.findings.wrong_pin()
        if wrong is not None:
            with suppress(Conflict, NotAllowed):
                await self._ask(HandOver(actor=_STRANGER, task=task, step=step, proof=wrong))
        known = self._manager.state.tasks.get(task)
        mission = self._manager.state.mission_for(known) if known is not None else None
        due = mission.step if mission is not None else None
        return self.findings.receipts(due.items) if due is not None and due.id == step else ()

    async def _hand_over(self, task: TaskId, step: str) -> None:
        try:
            receipts = await self._look(task, step) if self.findings is not None else ()
            for signature in signatures(self._manager, task, step, (_NURSE, _COLLEAGUE)):
                said = signature()
                await self._ask(replace(said, items=_with_findings(said.items, receipts)))
        except (Conflict, NotAllowed, NotFound):
            return
        except ManagerCrashed:
            asyncio.get_running_loop().call_later(_TRIES_AGAIN, self._start, task, step)
