"""A robot is loaded once and serves several places at set times; each receiver opens only what is theirs, by a code."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from fleet_manager.domain.custody import Custody
from fleet_manager.domain.errors import InvalidRequest, NotAllowed, NotServable
from fleet_manager.domain.events import CommandIssued, ItemsHandedOver
from fleet_manager.domain.robots import CommandKind
from fleet_manager.domain.tasks import Actor, StopKind, TaskId, TaskStatus
from fleet_manager.orchestration.commands import (
    CancelTask,
    HandOver,
    ItemRequest,
    Proof,
    ProofKind,
    StopRequest,
    SubmitTask,
)
from fleet_manager.orchestration.views import TaskView, WaitKind
from sim.harness import Hospital
from tests.hospitals import handover_due, tell

PHARMACIST = Actor(id="pharmacist-chen", role="pharmacist")
LI = Actor(id="nurse-li", role="nurse")
SUN = Actor(id="nurse-sun", role="nurse")


def round_of(hospital: Hospital, *places: str, minutes: tuple[float, ...], keeps: float = 10.0) -> SubmitTask:
    """One item for each place, which is there from so many minutes on, and at the latest `keeps` minutes later."""
    now = hospital.clock.now()
    begins = [now + timedelta(minutes=after) for after in minutes]
    stops = [StopRequest(place="b", kind=StopKind.PICK_UP)]
    stops += [
        StopRequest(
            place=place,
            kind=StopKind.DROP_OFF,
            items=(f"for-{place}",),
            not_before=begin,
            not_after=begin + timedelta(minutes=keeps),
            by_code=True,
        )
        for place, begin in zip(places, begins, strict=True)
    ]
    items = tuple(ItemRequest(name=f"box for {place}", quantity=1, item_id=f"for-{place}") for place in places)
    return SubmitTask(actor=PHARMACIST, stops=tuple(stops), items=items)


async def load(hospital: Hospital, task: str) -> None:
    view = await handover_due(hospital, task)
    assert view.mission is not None
    await hospital.manager.do(HandOver(actor=PHARMACIST, task=TaskId(task)))
    await asyncio.sleep(5)


async def scan(hospital: Hospital, task: str, person: Actor) -> TaskView:
    code = hospital.manager.handover_code(task, person)
    proof = Proof(kind=ProofKind.QR, value=code.qr)
    view = await hospital.manager.do(HandOver(actor=person, task=TaskId(task), proof=proof))
    assert isinstance(view, TaskView)
    return view


def served(hospital: Hospital) -> dict[str, float]:
    """When which place got its goods, in minutes."""
    start = hospital.store.log[0].time
    return {
        r.event.place: (r.time - start).total_seconds() / 60.0
        for r in hospital.store.log
        if isinstance(r.event, ItemsHandedOver) and r.event.place != "b"
    }


def test_a_robot_loaded_once_serves_each_place_at_its_time_and_waits_aside_in_between() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.submit(round_of(hospital, "ward", "c", minutes=(10, 25)))
        assert asked.eta is None or asked.eta >= hospital.clock.now() + timedelta(minutes=25)
        ended = await hospital.ended(asked.id)
        assert ended.status is TaskStatus.COMPLETED
        times = served(hospital)
        assert 10.0 <= times["ward"] <= 12.0
        assert 25.0 <= times["c"] <= 27.0
        compartments = {
            r.event.command.compartment
            for r in hospital.store.log
            if isinstance(r.event, CommandIssued) and r.event.command.kind is CommandKind.OPEN_COMPARTMENT
        }
        assert compartments == {"cooled", "plain"}
        (chain,) = (await hospital.manager.trace("for-ward")).chains
        assert [entry.kind for entry in chain.entries] == [Custody.REGISTERED, Custody.RELEASED, Custody.RECEIVED]
        assert chain.entries[-1].proof == "qr"

    tell(story)


def test_the_eta_counts_the_waiting_and_the_wait_is_named() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.submit(round_of(hospital, "ward", "c", minutes=(10, 25)))
        await load(hospital, asked.id)
        await asyncio.sleep(180)
        view = await hospital.manager.task(asked.id)
        assert view.waiting_for is not None
        assert (view.waiting_for.kind, view.waiting_for.resource) == (WaitKind.SET_TIME, "ward")
        assert view.waiting_for.until is not None
        assert view.eta is not None
        assert view.eta - view.requested_at == pytest.approx(
            timedelta(minutes=25, seconds=35), abs=timedelta(minutes=1)
        )

    tell(story, nurses=None)


def test_the_compartment_stays_locked_until_the_right_code_is_shown_and_locks_again() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.submit(round_of(hospital, "ward", "c", minutes=(2, 20)))
        await load(hospital, asked.id)
        view = await handover_due(hospital, asked.id)
        assert view.robot is not None
        robot = hospital.robot(view.robot)
        assert hospital.manager.state.robots[robot].opened == ()
        with pytest.raises(NotAllowed, match="needs a proof"):
            await hospital.manager.do(HandOver(actor=LI, task=TaskId(asked.id)))
        wrong = Proof(kind=ProofKind.QR, value="no-such-code")
        with pytest.raises(NotAllowed, match="QR code is wrong"):
            await hospital.manager.do(HandOver(actor=LI, task=TaskId(asked.id), proof=wrong))
        assert hospital.manager.state.robots[robot].opened == ()
        code = hospital.manager.handover_code(asked.id, LI)
        await scan(hospital, asked.id, LI)
        await asyncio.sleep(5)
        assert hospital.manager.state.robots[robot].opened == code.compartments
        await asyncio.sleep(30)
        assert hospital.manager.state.robots[robot].opened == ()
        await handover_due(hospital, asked.id)
        used = Proof(kind=ProofKind.QR, value=code.qr)
        with pytest.raises(NotAllowed, match=r"was used|is for|wrong"):
            await hospital.manager.do(HandOver(actor=SUN, task=TaskId(asked.id), proof=used))
        await scan(hospital, asked.id, SUN)
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story, nurses=None)


def test_a_delivery_that_is_cancelled_at_a_stop_is_not_given_out_there() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.submit(round_of(hospital, "ward", "c", minutes=(2, 20)))
        await load(hospital, asked.id)
        view = await handover_due(hospital, asked.id)
        assert view.robot is not None
        await hospital.manager.do(CancelTask(actor=PHARMACIST, task=TaskId(asked.id)))
        await asyncio.sleep(30)
        opened = [
            r.event.command.compartment
            for r in hospital.store.log
            if isinstance(r.event, CommandIssued)
            and r.event.command.kind is CommandKind.OPEN_COMPARTMENT
            and view.handover_step == r.event.command.step
        ]
        assert opened == []
        back = await handover_due(hospital, asked.id)
        assert back.destination == "b"
        await hospital.manager.do(HandOver(actor=PHARMACIST, task=TaskId(asked.id)))
        assert (await hospital.ended(asked.id)).status is TaskStatus.CANCELLED

    tell(story, nurses=None)


def test_people_are_told_early_that_a_time_will_be_missed_and_the_alert_goes_when_it_is_kept_after_all() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.submit(round_of(hospital, "ward", "c", minutes=(2, 4), keeps=3))
        await load(hospital, asked.id)
        view = await handover_due(hospital, asked.id)
        late = view.stops[2].not_after
        assert late is not None
        while not any(alert.kind == "stop_late" for alert in hospital.manager.alerts()):
            await asyncio.sleep(1)
        assert hospital.clock.now() < late
        (alert,) = [alert for alert in hospital.manager.alerts() if alert.kind == "stop_late"]
        assert alert.subject == asked.id
        assert "c at" in alert.text
        assert "send-porter" in alert.next_step
        await scan(hospital, asked.id, LI)
        await handover_due(hospital, asked.id)
        await scan(hospital, asked.id, SUN)
        await hospital.ended(asked.id)
        assert hospital.manager.alerts() == []

    tell(story, nurses=None)


def test_goods_that_nobody_loads_in_time_call_somebody() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.submit(round_of(hospital, "ward", minutes=(5,), keeps=5))
        await handover_due(hospital, asked.id)
        await asyncio.sleep(600)
        assert "stop_late" in [alert.kind for alert in hospital.manager.alerts()]

    tell(story, nurses=None)


def test_a_restart_forgets_neither_the_set_time_nor_to_lock() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.submit(round_of(hospital, "ward", "c", minutes=(10, 20)))
        await load(hospital, asked.id)
        await asyncio.sleep(120)
        await hospital.kill_manager()
        await asyncio.sleep(5)
        await hospital.start_manager()
        await handover_due(hospital, asked.id)
        await scan(hospital, asked.id, LI)
        await asyncio.sleep(5)
        await hospital.kill_manager()
        await asyncio.sleep(2)
        await hospital.start_manager()
        await handover_due(hospital, asked.id)
        await scan(hospital, asked.id, LI)
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
        times = served(hospital)
        assert times["ward"] >= 10.0
        assert times["c"] >= 20.0

    tell(story, nurses=None)


@pytest.mark.parametrize(
    ("minutes", "keeps", "because"),
    [((20, 5), 10, "in the order of their times"), ((-20, 5), 10, "later time"), ((5, 20), -1, "not after not_before")],
)
def test_set_times_that_nobody_can_keep_are_refused(minutes: tuple[float, ...], keeps: float, because: str) -> None:
    async def story(hospital: Hospital) -> None:
        with pytest.raises(InvalidRequest) as refused:
            await hospital.submit(round_of(hospital, "ward", "c", minutes=minutes, keeps=keeps))
        assert because in f"{refused.value} {refused.value.way_out}"

    tell(story)


def test_more_destinations_than_compartments_are_refused() -> None:
    async def story(hospital: Hospital) -> None:
        with pytest.raises(NotServable, match="compartment for each destination"):
            await hospital.submit(round_of(hospital, "ward", "c", "a", minutes=(5, 10, 15)))

    tell(story)
