"""Goods change hands: who signs, with what, what differs, and who had an item when."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from fleet_manager.domain.custody import Custody
from fleet_manager.domain.errors import Conflict, NotAllowed, NotFound
from fleet_manager.domain.events import HandoverRefused, Recorded
from fleet_manager.domain.follow_ups import Difference
from fleet_manager.domain.staff import StaffMember, StaffRegister
from fleet_manager.domain.tasks import Actor, ItemId, ItemOutcome, StopKind, TaskId, TaskStatus
from fleet_manager.orchestration.commands import (
    CancelTask,
    CloseFollowUp,
    HandOver,
    ItemReceipt,
    ItemRequest,
    Proof,
    ProofKind,
    SendPorter,
    StopRequest,
    SubmitTask,
)
from fleet_manager.orchestration.views import HandoverCodeView, ItemTraceView, TaskView
from fleet_manager.persistence.encoding import event_line
from maps.generator import generate
from maps.model import Disposition, ItemClass, ItemClassId, RobotId, Site
from sim import faults
from sim.harness import Hospital
from sim.people import Findings, signatures
from sim.port import BodyMode
from tests.hospitals import HEARTBEATS, PROMPT, handover_due, tell, ward_site

LI: Final = Actor(id="nurse-li", role="nurse", ward="ward")
SUN: Final = Actor(id="nurse-sun", role="nurse", ward="ward")
CHEN: Final = Actor(id="pharmacist-chen", role="pharmacist", ward="b")
GAO: Final = Actor(id="nurse-gao", role="nurse", ward="c")

NONE: Final = Proof()
BADGES: Final = {"nurse-li": "70041", "nurse-sun": "70042", "pharmacist-chen": "70043", "nurse-gao": "70044"}
PINS: Final = {"nurse-li": "4711", "nurse-sun": "8152"}


def register(*, rights: tuple[str, ...] = ()) -> StaffRegister:
    """Two nurses of the ward, a nurse of ward c, and a pharmacist at b, whose waypoint stands for the pharmacy."""
    blank = StaffRegister(salt="5a17")
    wards = {"nurse-li": "ward", "nurse-sun": "Ward", "pharmacist-chen": "b", "nurse-gao": "c"}
    return replace(
        blank,
        members={
            name: StaffMember(
                id=name,
                role=name.partition("-")[0],
                wards=(ward,),
                rights=rights,
                badge=blank.badge_digest(BADGES[name]),
                pin=blank.pin_digest(name, PINS[name]) if name in PINS else None,
            )
            for name, ward in wards.items()
        },
    )


def classes_site() -> Site:
    """The ward site, where morphine needs two persons and blood may be carried for ten minutes."""
    site = ward_site()
    morphine = ItemClass(id=ItemClassId("morphine"), name="morphine", signatures=2, on_uncollected=Disposition.HOLD)
    blood = replace(site.item_classes[ItemClassId("blood")], maximum_carry_time=600.0)
    return replace(site, item_classes=dict(site.item_classes) | {morphine.id: morphine, blood.id: blood})


def badge(person: Actor) -> Proof:
    return Proof(kind=ProofKind.BADGE, value=BADGES[person.id])


def pin(value: str) -> Proof:
    return Proof(kind=ProofKind.PIN, value=value)


async def sign(hospital: Hospital, task: str, person: Actor, proof: Proof = NONE, **outcomes: ItemOutcome) -> TaskView:
    receipts = tuple(ItemReceipt(item=ItemId(i.replace("_", "-")), outcome=o) for i, o in outcomes.items())
    view = await hospital.manager.do(HandOver(actor=person, task=TaskId(task), proof=proof, items=receipts))
    assert isinstance(view, TaskView)
    return view


async def at_the_ward(
    hospital: Hospital, item_class: str | None = None, *, sender: Actor = CHEN, proof: Proof | None = None
) -> str:
    """A delivery from b whose robot stands open at the ward."""
    asked = await hospital.request("b", "ward", "goods", item_class=item_class)
    await handover_due(hospital, asked.id)
    await sign(hospital, asked.id, sender, proof or NONE)
    await asyncio.sleep(5)
    await handover_due(hospital, asked.id)
    return asked.id


async def trace_of(hospital: Hospital, task: str) -> ItemTraceView:
    view = await hospital.manager.task(task)
    return await hospital.manager.trace(view.items[0].item_id)


def kinds(trace: ItemTraceView) -> list[Custody]:
    return [entry.kind for chain in trace.chains for entry in chain.entries]


def refusals(hospital: Hospital) -> list[str]:
    return [r.event.because for r in hospital.store.log if isinstance(r.event, HandoverRefused)]


def alerts(hospital: Hospital) -> list[str]:
    return [alert.kind for alert in hospital.manager.alerts()]


# --- proof -----------------------------------------------------------------------------------------------------


def test_a_badge_says_who_signs_and_the_trace_says_who_had_it_when() -> None:
    async def story(hospital: Hospital) -> None:
        task = await at_the_ward(hospital, proof=badge(CHEN))
        await sign(hospital, task, Actor(id="console"), badge(LI))
        assert (await hospital.ended(task)).status is TaskStatus.COMPLETED
        trace = await trace_of(hospital, task)
        (chain,) = trace.chains
        asked, released, received = chain.entries
        assert [asked.kind, released.kind, received.kind] == [Custody.REGISTERED, Custody.RELEASED, Custody.RECEIVED]
        assert (released.actor.id, released.proof, released.place) == ("pharmacist-chen", "badge", "b")
        assert (released.taker.carrier, released.taker.compartment) == ("robot-1", "plain")
        assert received.giver == released.taker
        assert (received.actor.id, received.actor.role, received.actor.ward) == ("nurse-li", "nurse", "ward")
        assert (received.taker.place, received.place_name, received.outcome) == ("ward", "ward", ItemOutcome.ACCEPTED)
        assert asked.time < released.time < received.time
        assert (chain.gap, trace.holder, chain.task_status) == (None, received.taker, TaskStatus.COMPLETED)

    tell(story, nurses=None, staff=register())


@pytest.mark.parametrize("kind", [ProofKind.PIN, ProofKind.QR])
def test_a_one_time_code_opens_the_robot_once(kind: ProofKind) -> None:
    def proof(code: HandoverCodeView) -> Proof:
        return Proof(kind=kind, value=code.pin if kind is ProofKind.PIN else code.qr)

    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await handover_due(hospital, asked.id)
        first = hospital.manager.handover_code(asked.id, CHEN)
        assert (first.robot, first.place, first.compartments) == ("robot-1", "b", ("plain",))
        assert len(first.pin) == 6
        await sign(hospital, asked.id, CHEN, proof(first))
        await asyncio.sleep(5)
        await handover_due(hospital, asked.id)
        with pytest.raises(NotAllowed, match="for robot-1 at b and was used by pharmacist-chen"):
            await sign(hospital, asked.id, LI, proof(first))
        second = hospital.manager.handover_code(asked.id, LI)
        await sign(hospital, asked.id, LI, proof(second))
        assert (await hospital.ended(asked.id)).outcome == "delivered"
        log = b"\n".join(event_line(recorded) for recorded in hospital.store.log).decode()
        for code in (first, second):
            assert code.pin not in log
            assert code.qr not in log

    tell(story, nurses=None, staff=register())


def test_ones_own_pin_will_do_where_the_badge_is_under_the_gown() -> None:
    async def story(hospital: Hospital) -> None:
        task = await at_the_ward(hospital, proof=badge(CHEN))
        with pytest.raises(NotAllowed, match="this PIN is wrong"):
            await sign(hospital, task, SUN, pin(PINS["nurse-li"]))
        await sign(hospital, task, LI, pin(PINS["nurse-li"]))
        assert (await hospital.ended(task)).status is TaskStatus.COMPLETED

    tell(story, nurses=None, staff=register())


def test_three_wrong_pins_lock_the_hand_over_for_a_while_and_call_somebody() -> None:
    async def story(hospital: Hospital) -> None:
        task = await at_the_ward(hospital)
        shown = hospital.manager.handover_code(task, LI)
        wrong = f"{(int(shown.pin) + 1) % 1_000_000:06d}"
        for _ in range(3):
            with pytest.raises(NotAllowed, match="this PIN is wrong"):
                await sign(hospital, task, LI, pin(wrong))
        view = await hospital.manager.task(task)
        assert view.handover is not None
        assert view.handover.locked_until is not None
        (locked,) = [alert for alert in hospital.manager.alerts() if alert.kind == "handover_locked"]
        assert (locked.severity, locked.subject) == ("critical", task)
        with pytest.raises(NotAllowed, match="locked until") as refused:
            await sign(hospital, task, LI, pin(shown.pin))
        assert refused.value.way_out is not None
        await asyncio.sleep(PROMPT.proof_lock)
        with pytest.raises(NotAllowed, match="this PIN is wrong"):
            await sign(hospital, task, LI, pin(shown.pin))
        await sign(hospital, task, LI, pin(hospital.manager.handover_code(task, LI).pin))
        assert (await hospital.ended(task)).status is TaskStatus.COMPLETED
        assert "handover_locked" in alerts(hospital), "somebody has to look into it"

    tell(story, nurses=None, staff=None)


def test_a_code_runs_out() -> None:
    async def story(hospital: Hospital) -> None:
        task = await at_the_ward(hospital)
        shown = hospital.manager.handover_code(task, LI)
        left = (shown.valid_until - hospital.clock.now()).total_seconds()
        assert PROMPT.code_life <= left <= 2 * PROMPT.code_life
        await asyncio.sleep(left + 1.0)
        with pytest.raises(NotAllowed, match="this PIN has run out"):
            await sign(hospital, task, LI, pin(shown.pin))
        assert refusals(hospital) == ["this PIN has run out"]

    tell(story, nurses=None)


def test_the_code_of_another_robot_is_refused_and_said_to_be_so() -> None:
    async def story(hospital: Hospital) -> None:
        one, other = await hospital.request("pharmacy", "icu"), await hospital.request("ward_1a", "icu")
        await handover_due(hospital, one.id)
        await handover_due(hospital, other.id)
        code = hospital.manager.handover_code(other.id, CHEN)
        robot = (await hospital.manager.task(other.id)).robot
        with pytest.raises(NotAllowed, match=f"this QR code is for {robot} at ward_1a, not for"):
            await sign(hospital, one.id, CHEN, Proof(kind=ProofKind.QR, value=code.qr))

    tell(story, generate(floors=2, seed=1, robots=3), nurses=None)


def test_codes_and_locks_outlive_the_manager() -> None:
    async def story(hospital: Hospital) -> None:
        task = await at_the_ward(hospital)
        shown = hospital.manager.handover_code(task, LI)
        with pytest.raises(NotAllowed):
            await sign(hospital, task, LI, pin("nothing"))
        await hospital.kill_manager()
        await hospital.start_manager()
        assert hospital.manager.handover_code(task, LI) == shown
        for _ in range(2):
            with pytest.raises(NotAllowed):
                await sign(hospital, task, LI, pin("nothing"))
        with pytest.raises(NotAllowed, match="locked until"):
            await sign(hospital, task, LI, pin(shown.pin))

    tell(story, nurses=None)


# --- who may sign ----------------------------------------------------------------------------------------------


def test_a_person_of_another_ward_is_refused_with_the_reason() -> None:
    async def story(hospital: Hospital) -> None:
        task = await at_the_ward(hospital, proof=badge(CHEN))
        with pytest.raises(NotAllowed, match="nurse-gao belongs to c, not to ward") as refused:
            await sign(hospital, task, GAO, badge(GAO))
        assert refused.value.way_out == "let one of nurse-li, nurse-sun sign"
        with pytest.raises(NotAllowed, match="visitor-1 is not registered for ward"):
            await sign(hospital, task, Actor(id="visitor-1", role="visitor"))
        with pytest.raises(NotAllowed, match="this badge is not registered"):
            await sign(hospital, task, LI, Proof(kind=ProofKind.BADGE, value="99999"))
        with pytest.raises(NotAllowed, match="this badge is not the badge of nurse-li"):
            await sign(hospital, task, LI, badge(GAO))
        with pytest.raises(NotAllowed, match="needs a proof"):
            await sign(hospital, task, LI)
        with pytest.raises(NotAllowed, match="belongs to c"):
            hospital.manager.handover_code(task, GAO)
        assert (await hospital.manager.task(task)).items[0].state == "on_board"
        assert len(refusals(hospital)) == 5
        await sign(hospital, task, SUN, badge(SUN))
        await hospital.ended(task)
        assert (await trace_of(hospital, task)).chains[0].entries[-1].actor.id == "nurse-sun"

    tell(story, nurses=None, staff=register())


def test_controlled_drugs_need_two_persons() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward", "morphine", item_class="morphine")
        await handover_due(hospital, asked.id)
        with pytest.raises(NotAllowed, match="needs a proof"):
            await sign(hospital, asked.id, CHEN)
        for person in (CHEN, LI):
            await sign(hospital, asked.id, person, pin(hospital.manager.handover_code(asked.id, person).pin))
        await asyncio.sleep(5)
        await handover_due(hospital, asked.id)
        code = hospital.manager.handover_code(asked.id, LI)
        half = await sign(hospital, asked.id, LI, pin(code.pin))
        assert half.handover is not None
        assert (half.handover.signatures, [p.id for p in half.handover.signed_by]) == (2, ["nurse-li"])
        assert half.items[0].state == "on_board"
        with pytest.raises(NotAllowed, match="this PIN was used already"):
            await sign(hospital, asked.id, SUN, pin(code.pin))
        with pytest.raises(Conflict, match="nurse-li has signed already"):
            await sign(hospital, asked.id, LI, pin(hospital.manager.handover_code(asked.id, LI).pin))
        await hospital.kill_manager()
        await hospital.start_manager()
        await sign(hospital, asked.id, SUN, pin(hospital.manager.handover_code(asked.id, SUN).pin))
        assert (await hospital.ended(asked.id)).outcome == "delivered"
        received = (await trace_of(hospital, asked.id)).chains[0].entries[-1]
        assert (received.actor.id, received.proof) == ("nurse-li", "pin")
        assert received.second is not None
        assert (received.second.id, received.second_proof) == ("nurse-sun", "pin")

    tell(story, classes_site(), nurses=None)


def test_two_persons_have_to_agree_on_what_they_found() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward", item_class="morphine")
        item = asked.items[0].item_id.replace("-", "_")
        await handover_due(hospital, asked.id)
        await sign(hospital, asked.id, CHEN, badge(CHEN))
        await sign(hospital, asked.id, LI, badge(LI))
        raise AssertionError(item)

    with pytest.raises(NotAllowed, match="nurse-li belongs to ward, not to b"):
        tell(story, classes_site(), nurses=None, staff=register())

    async def agreed(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward", item_class="morphine")
        await handover_due(hospital, asked.id)

        async def says(person: Actor, **outcomes: ItemOutcome) -> TaskView:
            code = hospital.manager.handover_code(asked.id, person)
            return await sign(hospital, asked.id, person, pin(code.pin), **outcomes)

        await says(CHEN)
        with pytest.raises(Conflict, match="pharmacist-chen said accepted of T00001-i1, nurse-li says short"):
            await says(LI, T00001_i1=ItemOutcome.SHORT)
        corrected = await says(CHEN, T00001_i1=ItemOutcome.SHORT)
        assert corrected.handover is not None
        await says(LI, T00001_i1=ItemOutcome.SHORT)
        assert [f.what for f in await hospital.manager.follow_ups(state=None, limit=9)] == [Difference.SHORT]

    tell(agreed, classes_site(), nurses=None)


def test_a_class_may_ask_for_a_right() -> None:
    site = ward_site()
    narcotic = ItemClass(id=ItemClassId("narcotic"), name="narcotic", right="narcotics")
    site = replace(site, item_classes=dict(site.item_classes) | {narcotic.id: narcotic})

    async def refused(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward", item_class="narcotic")
        await handover_due(hospital, asked.id)
        with pytest.raises(NotAllowed, match="narcotic needs the right 'narcotics'"):
            await sign(hospital, asked.id, CHEN, badge(CHEN))

    async def signed(hospital: Hospital) -> None:
        task = await at_the_ward(hospital, "narcotic", proof=badge(CHEN))
        await sign(hospital, task, LI, badge(LI))
        assert (await hospital.ended(task)).outcome == "delivered"

    tell(refused, site, nurses=None)
    tell(refused, site, nurses=None, staff=register())
    tell(signed, site, nurses=None, staff=register(rights=("narcotics",)))


# --- what differs ----------------------------------------------------------------------------------------------


async def _three(hospital: Hospital) -> str:
    stops = (StopRequest(place="b", kind=StopKind.PICK_UP), StopRequest(place="ward", kind=StopKind.DROP_OFF))
    items = tuple(ItemRequest(name=name, quantity=2, item_id=f"box-{name}") for name in ("one", "two", "three", "four"))
    asked = await hospital.manager.do(SubmitTask(actor=LI, stops=stops, items=items))
    assert isinstance(asked, TaskView)
    return asked.id


def test_what_differs_is_followed_up_until_somebody_says_how_it_ended() -> None:
    async def story(hospital: Hospital) -> None:
        task = await _three(hospital)
        await handover_due(hospital, task)
        await sign(hospital, task, CHEN)
        await asyncio.sleep(5)
        await handover_due(hospital, task)
        found = {"box_one": ItemOutcome.SHORT, "box_two": ItemOutcome.DAMAGED, "box_three": ItemOutcome.REFUSED}
        await sign(hospital, task, LI, NONE, **found)
        await asyncio.sleep(5)
        await handover_due(hospital, task)
        await sign(hospital, task, CHEN)
        await hospital.ended(task)
        opened = await hospital.manager.follow_ups(state="open", limit=9)
        assert [(f.item_id, f.what, f.actor.id, f.place) for f in reversed(opened)] == [
            ("box-one", Difference.SHORT, "nurse-li", "ward"),
            ("box-two", Difference.DAMAGED, "nurse-li", "ward"),
            ("box-three", Difference.REFUSED, "nurse-li", "ward"),
        ]
        assert alerts(hospital) == ["handover_difference"]
        refused = await hospital.manager.trace("box-three")
        assert kinds(refused) == [Custody.REGISTERED, Custody.RELEASED, Custody.NOT_RECEIVED, Custody.BROUGHT_BACK]
        assert [f.what for f in refused.follow_ups] == [Difference.REFUSED]
        assert kinds(await hospital.manager.trace("box-four"))[-1] is Custody.RECEIVED
        for follow_up in opened:
            await hospital.manager.do(CloseFollowUp(actor=CHEN, follow_up=follow_up.id, note="counted again"))
        assert alerts(hospital) == []
        assert await hospital.manager.follow_ups(state="open", limit=9) == []
        closed = await hospital.manager.follow_ups(state="closed", limit=9)
        assert {(f.closed_by, f.note) for f in closed} == {("pharmacist-chen", "counted again")}
        with pytest.raises(NotFound, match="no open follow-up U00001"):
            await hospital.manager.do(CloseFollowUp(actor=CHEN, follow_up="U00001", note="again"))

    tell(story, nurses=None)


# --- nobody comes, robots fail -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item_class", "ends"),
    [("medicine", Custody.BROUGHT_BACK), ("blood", Custody.QUARANTINED), ("specimen", None)],
)
def test_what_nobody_collects_goes_where_its_class_says(item_class: str, ends: Custody | None) -> None:
    async def story(hospital: Hospital) -> None:
        task = await at_the_ward(hospital, item_class)
        await asyncio.sleep(PROMPT.handover_end + 5.0)
        view = await handover_due(hospital, task)
        trace = await trace_of(hospital, task)
        assert trace.holder is not None
        assert trace.holder.carrier == "robot-1"
        if ends is None:
            assert "goods_held" in alerts(hospital)
            assert view.waiting_for is not None
            assert view.waiting_for.resource == "ward"
            return
        assert kinds(trace)[-1] is Custody.NOT_RECEIVED
        assert trace.chains[0].entries[-1].actor.id == "fleet-manager"
        await sign(hospital, task, CHEN)
        await hospital.ended(task)
        trace = await trace_of(hospital, task)
        assert (kinds(trace)[-1], trace.chains[0].gap) == (ends, None)

    tell(story, nurses=None)


def test_goods_that_a_porter_fetches_from_a_dead_robot_are_never_out_of_sight() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward", item_class="medicine")
        async with asyncio.timeout(1800):
            while hospital.manager.robot("robot-1").waypoint != "lobby-2":
                await asyncio.sleep(0.5)
        hospital.world.set_mode(RobotId("robot-1"), BodyMode.DEAD, "battery cable")
        await asyncio.sleep(120)
        await hospital.manager.do(SendPorter(actor=CHEN, task=TaskId(asked.id)))
        await hospital.ended(asked.id)
        (chain,) = (await trace_of(hospital, asked.id)).chains
        fetched, received = chain.entries[-2:]
        assert fetched.kind is Custody.CHANGED_CARRIER
        assert fetched.giver is not None
        assert (fetched.giver.carrier, fetched.taker.carrier) == ("robot-1", "porter-1")
        assert received.giver == fetched.taker
        assert chain.gap is None

    tell(story, agents=HEARTBEATS, patience=PROMPT)


def test_nobody_at_the_dead_robot_does_not_make_its_goods_vanish() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await handover_due(hospital, asked.id)
        await sign(hospital, asked.id, CHEN)
        await asyncio.sleep(20)
        faults.robot_dead(hospital.world, RobotId("robot-1"))
        await asyncio.sleep(120)
        await hospital.manager.do(SendPorter(actor=CHEN, task=TaskId(asked.id)))
        await handover_due(hospital, asked.id)
        with pytest.raises(Conflict, match="can't stay there"):
            await sign(hospital, asked.id, CHEN, T00001_i1=ItemOutcome.REFUSED)
        await asyncio.sleep(PROMPT.handover_end + 5.0)
        trace = await trace_of(hospital, asked.id)
        assert trace.holder is not None
        assert trace.holder.carrier == "robot-1"
        assert "goods_held" in alerts(hospital)

    tell(story, agents=HEARTBEATS, patience=PROMPT, nurses=None)


def test_goods_of_a_cancelled_task_are_traced_to_where_they_went() -> None:
    async def story(hospital: Hospital) -> None:
        task = await at_the_ward(hospital, "blood")
        await hospital.manager.do(CancelTask(actor=LI, task=TaskId(task)))
        await asyncio.sleep(5)
        await handover_due(hospital, task)
        await sign(hospital, task, CHEN)
        assert (await hospital.ended(task)).status is TaskStatus.CANCELLED
        trace = await trace_of(hospital, task)
        assert kinds(trace) == [Custody.REGISTERED, Custody.RELEASED, Custody.QUARANTINED]

    tell(story, nurses=None)


# --- time on the way -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("restart", [False, True])
def test_somebody_is_called_before_goods_are_on_the_way_for_too_long(restart: bool) -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward", "blood", item_class="blood")
        await handover_due(hospital, asked.id)
        await sign(hospital, asked.id, CHEN)
        released = hospital.clock.now()
        await asyncio.sleep(479)
        assert "carry_time_soon" not in alerts(hospital)
        if restart:
            await hospital.kill_manager()
            await asyncio.sleep(30)
            await hospital.start_manager()
        await asyncio.sleep(2)
        (soon,) = [a for a in hospital.manager.alerts() if a.kind == "carry_time_soon"]
        late = timedelta(seconds=511 if restart else 481)
        assert released + timedelta(seconds=480) <= soon.since <= released + late
        assert soon.subject == asked.items[0].item_id
        await asyncio.sleep(120)
        over = [a for a in hospital.manager.alerts() if a.kind.startswith("carry_time")]
        assert [(a.kind, a.severity) for a in over] == [("carry_time_over", "critical")]
        await handover_due(hospital, asked.id)
        await sign(hospital, asked.id, LI)
        await hospital.ended(asked.id)
        assert "carry_time_over" in alerts(hospital)

    tell(story, classes_site(), nurses=None)


def test_nobody_is_called_for_goods_that_come_in_time() -> None:
    async def story(hospital: Hospital) -> list[Recorded]:
        asked = await hospital.request("b", "ward", "blood", item_class="blood")
        await hospital.ended(asked.id)
        await asyncio.sleep(1200)
        assert alerts(hospital) == []
        return hospital.store.log

    tell(story, classes_site())


# --- identifiers -----------------------------------------------------------------------------------------------


def test_an_item_is_in_one_task_at_a_time_or_taken_on_where_another_brings_it() -> None:
    async def asks(hospital: Hospital, pickup: str, dropoff: str) -> TaskView:
        stops = (StopRequest(place=pickup, kind=StopKind.PICK_UP), StopRequest(place=dropoff, kind=StopKind.DROP_OFF))
        items = (ItemRequest(name="sample", quantity=1, item_id="tube-9"),)
        view = await hospital.manager.do(SubmitTask(actor=LI, stops=stops, items=items))
        assert isinstance(view, TaskView)
        return view

    async def story(hospital: Hospital) -> None:
        first = await asks(hospital, "b", "c")
        with pytest.raises(Conflict, match="tube-9 is part of task T00001 already"):
            await asks(hospital, "b", "ward")
        second = await asks(hospital, "c", "ward")
        done = [await hospital.ended(task.id) for task in (first, second)]
        trace = await hospital.manager.trace("tube-9")
        assert [chain.gap for chain in trace.chains] == [None, None]
        assert [view.status for view in done] in ([TaskStatus.COMPLETED] * 2, [TaskStatus.COMPLETED, TaskStatus.FAILED])
        with pytest.raises(NotFound, match="there is no item tube-8"):
            await hospital.manager.trace("tube-8")

    tell(story)


# --- a whole day -----------------------------------------------------------------------------------------------


async def _sign_for_what_waits(hospital: Hospital) -> None:
    """The head nurse's round: what nobody came for is signed by two."""
    for mission in tuple(hospital.manager.state.missions.values()):
        step = mission.step
        alert = any(a.kind == "handover_waiting" and a.subject == mission.robot for a in hospital.manager.alerts())
        if alert and mission.task is not None and step is not None and step.status == "waiting_for_person":
            for signature in signatures(hospital.manager, mission.task, step.id, (LI, SUN)):
                await hospital.manager.do(signature())


@pytest.mark.parametrize("seed", [1, 2])
def test_every_item_of_a_random_day_is_traced_without_a_gap(seed: int) -> None:
    site = generate(floors=2, seed=seed, robots=4)
    rng = random.Random(f"custody {seed}")
    places = ["pharmacy", "ward_1a", "ward_1b", "ward_2b", "icu", "laboratory"]
    classes = [None, "medicine", "controlled_drug", "blood", "specimen", "meal", "document"]

    async def story(hospital: Hospital) -> None:
        hospital.nurses.findings = Findings(rng, 0.15)
        tasks: list[TaskView] = []
        for number in range(60):
            pickup, dropoff = rng.sample(places, 2)
            tasks.append(await hospital.request(pickup, dropoff, item_class=rng.choice(classes)))
            if number % 9 == 8:
                await asyncio.sleep(rng.uniform(5.0, 200.0))
                with suppress(Conflict):
                    await hospital.manager.do(CancelTask(actor=LI, task=TaskId(tasks[-1].id)))
            if number % 12 == 11:
                hospital.nurses.stay_away()
                await _sign_for_what_waits(hospital)
            await asyncio.sleep(rng.uniform(120.0, 600.0))
        for _ in range(8):
            await asyncio.sleep(1200.0)
            await _sign_for_what_waits(hospital)
        open_still = {task.id for task in hospital.manager.state.tasks.values()}
        happened: dict[Custody, int] = {}
        for task in tasks:
            for item in (await hospital.manager.task(task.id)).items:
                (chain,) = (await hospital.manager.trace(item.item_id)).chains
                assert chain.gap is None
                for before, entry in zip(chain.entries, chain.entries[1:], strict=False):
                    assert entry.giver == before.taker
                    happened[entry.kind] = happened.get(entry.kind, 0) + 1
                assert chain.entries[-1].taker.place is not None, "it is with people in the end"
        assert open_still == set()
        assert happened[Custody.RECEIVED] > 30
        assert happened[Custody.NOT_RECEIVED] > 0

    tell(story, site)
