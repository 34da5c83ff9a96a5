"""A nurse asks for a delivery, and it arrives."""

from __future__ import annotations

import asyncio

import pytest

from fleet_manager.domain.errors import Conflict, InvalidRequest, KeyReused, NotServable, UnknownPlace
from fleet_manager.domain.events import ClosureStarted, ItemsHandedOver, SessionEnded, SessionStarted
from fleet_manager.domain.tasks import Actor, ItemId, ItemOutcome, Priority, StopKind, TaskId, TaskStatus
from fleet_manager.orchestration.commands import (
    ChangeTask,
    HandOver,
    ItemReceipt,
    ItemRequest,
    StopRequest,
    SubmitTask,
)
from fleet_manager.orchestration.views import TaskView
from sim.harness import Hospital
from tests.hospitals import handover_due, tell

NURSE = Actor(id="nurse-lin", role="nurse", ward="3b")


def test_a_delivery_rides_the_lift_and_changes_hands_twice() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward", "cefazolin", item_class="medicine")
        assert asked.status in (TaskStatus.QUEUED, TaskStatus.ASSIGNED, TaskStatus.UNDERWAY)
        done = await hospital.ended(asked.id)
        assert (done.status, done.outcome) == (TaskStatus.COMPLETED, "delivered")
        assert done.mission is not None
        assert [step.kind for step in done.mission.steps] == ["go_to", "pick_up", "go_to", "drop_off"]
        events = [recorded.event for recorded in hospital.store.log]
        assert len([e for e in events if isinstance(e, ItemsHandedOver) and e.task == asked.id]) == 2
        used = {e.session.device for e in events if isinstance(e, SessionStarted)}
        assert used == {"door", "lift"}

    tell(story)


def test_every_door_and_lift_session_ends() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await hospital.ended(asked.id)
        await asyncio.sleep(600)
        events = [recorded.event for recorded in hospital.store.log]
        started = {e.session.id for e in events if isinstance(e, SessionStarted)}
        assert started == {e.session for e in events if isinstance(e, SessionEnded)}
        assert not any(isinstance(e, ClosureStarted) for e in events)

    tell(story)


def test_stat_goes_before_what_was_asked_earlier() -> None:
    async def story(hospital: Hospital) -> None:
        busy = [await hospital.request("b", "c") for _ in range(2)]
        routine = await hospital.request("b", "ward", "linen")
        stat = await hospital.request("b", "ward", "adrenaline", priority=Priority.STAT)
        for task in (*busy, stat, routine):
            await hospital.ended(task.id)
        first, second = await hospital.manager.task(stat.id), await hospital.manager.task(routine.id)
        assert first.assigned_at is not None
        assert second.assigned_at is not None
        assert first.assigned_at < second.assigned_at

    tell(story)


def test_the_reasons_name_every_robot() -> None:
    async def story(hospital: Hospital) -> TaskView:
        await asyncio.sleep(5)
        return await hospital.request("b", "ward")

    view = tell(story)
    assert {reason.subject for reason in view.reasons} == {"robot-1", "robot-2", "porter-1"}
    assert view.reasons[0].code == "chosen"


def test_a_task_with_several_stops_is_one_round() -> None:
    async def story(hospital: Hospital) -> TaskView:
        round_ = await hospital.manager.do(
            SubmitTask(
                actor=NURSE,
                stops=(
                    StopRequest(place="b", kind=StopKind.PICK_UP),
                    StopRequest(place="c", kind=StopKind.DROP_OFF, items=("i1",)),
                    StopRequest(place="ward", kind=StopKind.DROP_OFF, items=("i2",)),
                ),
                items=(
                    ItemRequest(name="saline", quantity=2, item_id="i1"),
                    ItemRequest(name="gloves", quantity=1, item_id="i2"),
                ),
            )
        )
        assert isinstance(round_, TaskView)
        return await hospital.ended(round_.id)

    view = tell(story)
    assert view.status is TaskStatus.COMPLETED
    assert view.mission is not None
    assert [s.place for s in view.mission.steps if s.kind == "drop_off"] == ["c", "ward"]


def test_short_goods_are_taken_and_followed_up() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await handover_due(hospital, asked.id)
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(asked.id)))
        due = await handover_due(hospital, asked.id)
        item = ItemId(due.items[0].item_id)
        await hospital.manager.do(
            HandOver(actor=NURSE, task=TaskId(asked.id), items=(ItemReceipt(item=item, outcome=ItemOutcome.SHORT),))
        )
        done = await hospital.ended(asked.id)
        assert done.status is TaskStatus.COMPLETED
        assert done.items[0].outcome is ItemOutcome.SHORT
        assert [alert.kind for alert in hospital.manager.alerts()] == ["handover_difference"]

    tell(story, nurses=None)


def test_goods_that_the_receiver_refuses_go_back() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward", item_class="medicine")
        await handover_due(hospital, asked.id)
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(asked.id)))
        due = await handover_due(hospital, asked.id)
        item = ItemId(due.items[0].item_id)
        await hospital.manager.do(
            HandOver(actor=NURSE, task=TaskId(asked.id), items=(ItemReceipt(item=item, outcome=ItemOutcome.REFUSED),))
        )
        await asyncio.sleep(5)
        back = await handover_due(hospital, asked.id)
        assert back.mission is not None
        assert back.mission.steps[-1].place == "b"
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(asked.id)))
        done = await hospital.ended(asked.id)
        assert (done.status, done.outcome) == (TaskStatus.FAILED, "the goods were not accepted and went back")

    tell(story, nurses=None)


def test_the_same_key_makes_one_task() -> None:
    async def story(hospital: Hospital) -> None:
        first = await hospital.request("b", "ward", "heparin", key="k-1")
        again = await hospital.request("b", "ward", "heparin", key="k-1")
        assert again.id == first.id
        with pytest.raises(KeyReused):
            await hospital.request("b", "ward", "insulin", key="k-1")
        await hospital.ended(first.id)
        late = await hospital.request("b", "ward", "heparin", key="k-1")
        assert (late.id, late.status) == (first.id, TaskStatus.COMPLETED)

    tell(story)


def test_impossible_requests_are_refused_with_the_way_out() -> None:
    async def story(hospital: Hospital) -> None:
        with pytest.raises(UnknownPlace) as unknown:
            await hospital.request("b", "wart")
        assert unknown.value.way_out == "did you mean ward?"
        with pytest.raises(InvalidRequest, match="same place"):
            await hospital.request("b", "b")
        with pytest.raises(NotServable, match="clean goods only"):
            await hospital.request("b", "ward", item_class="waste")
        with pytest.raises(InvalidRequest, match="at least 1"):
            await hospital.manager.do(
                SubmitTask(
                    actor=NURSE,
                    stops=(
                        StopRequest(place="b", kind=StopKind.PICK_UP),
                        StopRequest(place="ward", kind=StopKind.DROP_OFF),
                    ),
                    items=(ItemRequest(name="saline", quantity=0),),
                )
            )
        assert await hospital.manager.tasks(status=None, limit=10, before=None) == []

    tell(story)


def test_a_hand_over_that_is_not_due_is_refused() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        with pytest.raises(Conflict, match="no hand-over is due"):
            await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(asked.id)))
        due = await handover_due(hospital, asked.id)
        with pytest.raises(Conflict, match="is not due"):
            await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(asked.id), step="M00009-1"))
        with pytest.raises(InvalidRequest, match="not part of step"):
            await hospital.manager.do(
                HandOver(actor=NURSE, task=TaskId(asked.id), items=(ItemReceipt(item=ItemId("x")),))
            )
        assert due.waiting_for is not None
        assert "load the goods" in due.waiting_for.because

    tell(story, nurses=None)


def test_priority_can_be_changed_while_it_waits() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        changed = await hospital.manager.do(ChangeTask(actor=NURSE, task=TaskId(asked.id), priority=Priority.URGENT))
        assert isinstance(changed, TaskView)
        assert changed.priority is Priority.URGENT

    tell(story)
