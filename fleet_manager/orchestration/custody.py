"""Custody: who may sign when goods change hands, the proof of it, what differed, and how long goods are on the way.

It knows items, places and classes, not kinds of tasks: whoever hands items over asks `sign` first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NoReturn

from fleet_manager.domain.alerts import Severity
from fleet_manager.domain.custody import Custody, carry_limit, chain_id, classes_of, signatures_needed
from fleet_manager.domain.errors import Conflict, NotAllowed, NotFound
from fleet_manager.domain.events import FollowUpClosed, FollowUpOpened, HandoverRefused, HandoverSigned
from fleet_manager.domain.follow_ups import Difference, FollowUp, FollowUpId, FollowUpState
from fleet_manager.domain.handovers import Handover, HandoverCode, HandoverCodes, Signature, Verdict
from fleet_manager.domain.missions import Mission, Step, StepKind
from fleet_manager.domain.staff import StaffRegister, refusal
from fleet_manager.domain.tasks import Actor, DeliveryTask, Item, ItemId, ItemOutcome, ItemState, TaskId
from fleet_manager.orchestration.collections import Collections
from fleet_manager.orchestration.commands import CloseFollowUp, Proof, ProofKind
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.settings import Patience
from fleet_manager.planning.routes import Routes
from maps.model import RobotId, Site, WaypointId, ZoneKind

_NAMING: Final = (ZoneKind.ROOM, ZoneKind.AREA)
"""Zones whose names people use for their ward."""

_ASK: Final = "show the badge, or type the PIN of this hand-over (GET /api/v1/tasks/{task}/handover-code)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """All have signed: what they agreed on for each item of the step."""

    first: Signature
    second: Signature | None
    outcomes: Mapping[ItemId, ItemOutcome]
    weights: Mapping[ItemId, float]


class CustodyRules:
    def __init__(
        self,
        site: Site,
        ledger: Ledger,
        routes: Routes,
        staff: StaffRegister,
        codes: HandoverCodes,
        collections: Collections,
        patience: Patience,
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._routes = routes
        self._staff = staff
        self._codes = codes
        self._collections = collections
        self._patience = patience

    # --- signatures ------------------------------------------------------------------------------------

    def sign(
        self,
        task: DeliveryTask,
        mission: Mission,
        step: Step,
        actor: Actor,
        proof: Proof,
        receipts: Mapping[ItemId, ItemOutcome],
        weights: Mapping[ItemId, float],
    ) -> Signed | None:
        """Take a person's signature; None while another person has to sign too.

        Items without a receipt are as the first person said, or accepted. Raises NotAllowed when the person may not
        sign or did not prove it, Conflict when two persons do not agree or one signs twice.
        """
        handover = self.offered(mission, step)
        items = [item for item in task.items if item.id in step.items]
        actor = self._identified(handover, actor, proof)
        self._check_right(handover, actor, proof, items)
        self._check_taker(step, handover, actor, proof)
        needed = signatures_needed(items, self._site, collected=step.collects)
        self._check_proof(handover, actor, proof, strictly=step.by_code or needed > 1)
        self._check_retrieval(step, items, receipts)
        first = handover.signed
        said = dict(first.outcomes) if first is not None else {}
        outcomes = {i: receipts.get(i, said.get(i, ItemOutcome.ACCEPTED)) for i in step.items}
        noted = {**(dict(first.weights) if first is not None else {}), **weights}
        self._collections.check(step, first, actor, outcomes, noted)
        signature = Signature(
            actor=actor,
            proof=proof.kind,
            outcomes=tuple(outcomes.items()),
            time=self._ledger.now(),
            weights=tuple(noted.items()),
        )
        if needed == 1:
            return Signed(first=signature, second=None, outcomes=outcomes, weights=noted)
        if first is None:
            self._ledger.record(HandoverSigned(task=task.id, step=step.id, signature=signature))
            return None
        differing = [i for i, outcome in outcomes.items() if outcome is not said.get(i)]
        if first.actor.id == actor.id and (differing or noted != dict(first.weights)):
            self._ledger.record(HandoverSigned(task=task.id, step=step.id, signature=signature))
            return None
        if first.actor.id == actor.id:
            raise Conflict(
                f"task {task.id}: {actor.id} has signed already, and these goods need two persons",
                field="actor",
                way_out="let another person of the ward sign",
            )
        if differing:
            item = differing[0]
            raise Conflict(
                f"items: {first.actor.id} said {said.get(item)} of {item}, {actor.id} says {outcomes[item]}",
                field="items",
                way_out=f"check the goods together; {first.actor.id} may sign anew with another finding",
            )
        return Signed(first=first, second=signature, outcomes=outcomes, weights=noted)

    def offered(self, mission: Mission, step: Step) -> Handover:
        """The hand-over of a step that waits for a person."""
        known = self._ledger.state.handovers.get(step.id)
        if known is None:
            raise Conflict(
                f"step {step.id} was offered by an earlier version of the fleet manager",
                way_out="cancel the task, or take the robot out of service and back, so that it is offered anew",
            )
        return known

    def _identified(self, handover: Handover, actor: Actor, proof: Proof) -> Actor:
        """Who signs: the owner of the badge, whoever was named. Without a register badges say nothing."""
        now = self._ledger.now()
        if handover.locked(now):
            assert handover.locked_until is not None
            raise NotAllowed(
                f"task {handover.task}: too many wrong proofs; the hand-over is locked until "
                f"{handover.locked_until:%H:%M:%S} UTC",
                field="proof",
                way_out="wait until then, and get a new PIN",
            )
        if proof.kind is not ProofKind.BADGE or not self._staff.members:
            known = self._staff.members.get(actor.id)
            return known.actor if known is not None else actor
        member = self._staff.with_badge(proof.value)
        if member is None:
            self._refuse(handover, actor, proof, "this badge is not registered", counts=True)
        if actor.id in self._staff.members and actor.id != member.id:
            self._refuse(handover, actor, proof, f"this badge is not the badge of {actor.id}", counts=True)
        return member.actor

    def _check_right(self, handover: Handover, actor: Actor, proof: Proof, items: list[Item]) -> None:
        problem = self._refusal(actor, handover.place, items)
        if problem is not None:
            self._refuse(handover, actor, proof, problem, counts=False)

    def _check_taker(self, step: Step, handover: Handover, actor: Actor, proof: Proof) -> None:
        problem = _not_theirs(step, actor)
        if problem is not None:
            self._refuse(handover, actor, proof, problem, counts=False)

    def _refusal(self, actor: Actor, place: WaypointId, items: list[Item]) -> str | None:
        classes = classes_of(items, self._site)
        return refusal(self._staff, actor, place, self._names(place), classes)

    def _names(self, place: WaypointId) -> frozenset[str]:
        """What people call the ward of a place, in lower case."""
        names = [place, self._site.waypoints[place].name]
        for zone in self._routes.zones.of[place]:
            if zone.kind in _NAMING:
                names += [zone.id, zone.name]
        return frozenset(name.casefold() for name in names if name)

    def _check_proof(self, handover: Handover, actor: Actor, proof: Proof, *, strictly: bool) -> None:
        match proof.kind:
            case ProofKind.NONE:
                needed = strictly or self._staff.covers(self._names(handover.place))
                if needed:
                    problem = f"a hand-over at {handover.place} needs a proof of who signs"
                    self._refuse(handover, actor, proof, problem, counts=False)
            case ProofKind.BADGE:
                if not self._staff.members and strictly:
                    self._refuse(handover, actor, proof, "badges are not registered on this site", counts=False)
            case ProofKind.PIN | ProofKind.QR:
                self._check_code(handover, actor, proof)

    def _check_code(self, handover: Handover, actor: Actor, proof: Proof) -> None:
        """The one-time code of this hand-over, or the PIN of a registered person."""
        qr = proof.kind is ProofKind.QR
        verdict = self._codes.check(handover, proof.value, self._ledger.now(), qr=qr)
        if verdict is Verdict.VALID:
            return
        member = self._staff.members.get(actor.id)
        if not qr and member is not None and self._staff.has_pin(member, proof.value):
            return
        what = "QR code" if qr else "PIN"
        match verdict:
            case Verdict.EXPIRED:
                problem = f"this {what} has run out"
            case Verdict.USED:
                problem = f"this {what} was used already"
            case _:
                problem = self._whose(handover, proof.value, what, qr=qr) or f"this {what} is wrong"
        self._refuse(handover, actor, proof, problem, counts=True)

    def _whose(self, handover: Handover, value: str, what: str, *, qr: bool) -> str | None:
        """Of which other hand-over this is the code."""
        now = self._ledger.now()
        for other in self._ledger.state.handovers.values():
            if other.step == handover.step:
                continue
            verdict = self._codes.check(other, value, now, qr=qr)
            if verdict in (Verdict.VALID, Verdict.USED):
                used = f" and was used by {other.done_by}" if verdict is Verdict.USED else ""
                return f"this {what} is for {other.robot} at {other.place}{used}, not for {handover.robot} here"
        return None

    def _refuse(self, handover: Handover, actor: Actor, proof: Proof, because: str, *, counts: bool) -> NoReturn:
        """Write the attempt down and refuse it; too many wrong proofs lock the hand-over for a while."""
        failures = handover.failures + 1 if counts else handover.failures
        locked_until: datetime | None = None
        if counts and failures >= self._patience.proof_tries:
            locked_until = self._ledger.now() + timedelta(seconds=self._patience.proof_lock)
            failures = 0
        self._ledger.record(
            HandoverRefused(
                task=handover.task,
                step=handover.step,
                actor=actor,
                proof=proof.kind,
                because=because,
                failures=failures,
                locked_until=locked_until,
            )
        )
        if locked_until is not None:
            self._ledger.alert(
                "handover_locked",
                handover.task,
                f"{self._patience.proof_tries} wrong proofs in a row at {handover.robot} in {handover.place}, "
                f"the last by {actor.id}",
                f"go to {handover.place} and see who is at {handover.robot}",
                Severity.CRITICAL,
            )
        raise NotAllowed(
            f"task {handover.task}: {because}",
            field="proof" if counts or proof.kind is ProofKind.NONE else "actor",
            way_out=_ASK.format(task=handover.task) if counts or proof.kind is ProofKind.NONE else self._who(handover),
        )

    def _who(self, handover: Handover) -> str:
        """Who may sign instead."""
        names = self._names(handover.place)
        able = [member.id for member in self._staff.members.values() if member.serves(names)]
        return f"let one of {', '.join(able[:5])} sign" if able else "register staff for this with `wardfleet staff`"

    def _check_retrieval(self, step: Step, items: list[Item], receipts: Mapping[ItemId, ItemOutcome]) -> None:
        """Goods that a carrier takes from another one are there, and no other task has them."""
        state = self._ledger.state
        if step.kind is not StepKind.PICK_UP:
            return
        for item in items:
            if item.state is ItemState.ON_BOARD and receipts.get(item.id) is ItemOutcome.REFUSED:
                raise Conflict(
                    f"items: {item.id} is on another carrier and can't stay there",
                    field="items",
                    way_out="take it, as short or damaged if that is so",
                )
            on = [r.id for r in state.robots.values() if any(loaded == item.id for loaded, _ in r.loads)]
            if on and item.state is ItemState.WAITING:
                raise Conflict(
                    f"items: {item.id} is still on board of {on[0]}", way_out=f"receive it from {on[0]} first"
                )

    # --- codes -----------------------------------------------------------------------------------------

    def code(self, task: DeliveryTask, mission: Mission, step: Step, actor: Actor) -> HandoverCode:
        """The present code of the hand-over that is due, for who may sign there. Raises NotAllowed."""
        handover = self.offered(mission, step)
        items = [item for item in task.items if item.id in step.items]
        problem = self._refusal(actor, step.place, items) or _not_theirs(step, actor)
        if problem is not None:
            raise NotAllowed(f"task {task.id}: {problem}", field="actor", way_out=self._who(handover))
        return self._codes.code(handover, self._ledger.now())

    # --- what differed ---------------------------------------------------------------------------------

    def follow_up(
        self,
        task: DeliveryTask,
        robot: RobotId,
        place: WaypointId,
        actor: Actor,
        outcomes: Mapping[ItemId, ItemOutcome],
        weights: Mapping[ItemId, float],
    ) -> None:
        """Whatever was not simply accepted has to be cleared up by people, and what weighs something else."""
        said = {i: o for i, o in outcomes.items() if o is not ItemOutcome.ACCEPTED}
        different = [(i, Difference(outcome), "") for i, outcome in said.items()]
        off = self._collections.differences(task, weights)
        different += [(i, Difference.WEIGHT, detail) for i, detail in off.items() if i not in said]
        names = {item.id: item.name for item in task.items}
        for item, what, detail in different:
            self._ledger.record(
                FollowUpOpened(
                    follow_up=FollowUp(
                        id=FollowUpId(f"U{self._ledger.state.follow_up_count + 1:05d}"),
                        task=task.id,
                        item=item,
                        name=names[item],
                        what=what,
                        detail=detail,
                        place=place,
                        robot=robot,
                        actor=actor,
                        opened_at=self._ledger.now(),
                    )
                )
            )
        if different:
            found = ", ".join(f"{i}: {detail or what}" for i, what, detail in different)
            self._ledger.alert(
                "handover_difference",
                task.id,
                f"hand-over at {place} differs ({found})",
                "ask sender and receiver, then close the follow-up with what you found",
            )

    def close_follow_up(self, request: CloseFollowUp) -> FollowUpId:
        state = self._ledger.state
        known = state.follow_ups.get(FollowUpId(request.follow_up))
        if known is None:
            raise NotFound(
                f"there is no open follow-up {request.follow_up}", way_out="GET /api/v1/follow-ups lists them"
            )
        if known.state is FollowUpState.CLOSED:
            raise Conflict(f"follow-up {known.id} is closed already")
        self._ledger.record(FollowUpClosed(follow_up=known.id, actor=request.actor, note=request.note))
        if not any(f.task == known.task and f.state is FollowUpState.OPEN for f in state.follow_ups.values()):
            self._ledger.close_alert("handover_difference", known.task)
            self._ledger.close_alert("meals_left", known.task)
        return known.id

    # --- time on the way -------------------------------------------------------------------------------

    def handed_over(self, task: DeliveryTask) -> None:
        """Goods came on board or left: watch how long each is on the way, over all changes of its carrier."""
        for item in task.items:
            chain = self._ledger.state.chains.get(chain_id(task.id, item.id))
            if item.state is not ItemState.ON_BOARD:
                self._ledger.stop_timer("carry_time_soon", _name(task.id, item.id))
                self._ledger.stop_timer("carry_time_over", _name(task.id, item.id))
                self._ledger.close_alert("carry_time_soon", item.id)
            elif chain is not None and chain.entries[-1].kind is Custody.RELEASED:
                self._watch(task, item)

    def _watch(self, task: DeliveryTask, item: Item) -> None:
        limit = carry_limit(item, self._site)
        chain = self._ledger.state.chains.get(chain_id(task.id, item.id))
        begun = chain.released_at if chain is not None else None
        if limit is not None and begun is not None:
            gone = (self._ledger.now() - begun).total_seconds()
            if gone < limit:
                soon = max(0.0, self._patience.carry_alert * limit - gone)
                self._ledger.set_timer("carry_time_soon", _name(task.id, item.id), soon)
            self._ledger.set_timer("carry_time_over", _name(task.id, item.id), max(0.0, limit - gone))

    def carried_long(self, subject: str, *, over: bool) -> None:
        """A timer of `loaded` is due."""
        task_id, _, item_id = subject.partition("/")
        task = self._ledger.state.tasks.get(TaskId(task_id))
        item = next((i for i in task.on_board if i.id == item_id), None) if task is not None else None
        if task is None or item is None:
            return
        limit = carry_limit(item, self._site)
        assert limit is not None
        where = next(
            (r.id for r in self._ledger.state.robots.values() if any(i == item.id for i, _ in r.loads)), "no carrier"
        )
        if over:
            self._ledger.close_alert("carry_time_soon", item.id)
            self._ledger.alert(
                "carry_time_over",
                item.id,
                f"{item.name} of {task.id} is on {where} for longer than {limit / 60.0:.0f} min",
                f"go to {where}, take it out, and have it judged before it is used",
                Severity.CRITICAL,
            )
        else:
            self._ledger.alert(
                "carry_time_soon",
                item.id,
                f"{item.name} of {task.id} is on {where} since long: {limit / 60.0:.0f} min are allowed",
                f"see what holds {where} up, or send a person for the goods (send-porter)",
            )

    def take_up(self) -> None:
        """After a restart: goes on watching."""
        for task in self._ledger.state.tasks.values():
            for item in task.on_board:
                self._watch(task, item)


def _not_theirs(step: Step, actor: Actor) -> str | None:
    """Why somebody does not get goods that are given out to one person only."""
    return f"{step.taker} takes these goods, nobody else" if step.taker not in (None, actor.id) else None


def _name(task: TaskId, item: ItemId) -> str:
    return f"{task}/{item}"
