"""What a ward is told before it asks, and what one shift leaves to the next."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from fleet_manager.domain.errors import Conflict
from fleet_manager.domain.tasks import Actor, Priority, TaskId
from fleet_manager.orchestration.commands import AcknowledgeShift, HandOver, SubmitTask
from fleet_manager.orchestration.views import ShiftView
from sim.harness import Hospital
from sim.people import delivery
from tests.hospitals import HEARTBEATS, PROMPT, handover_due, tell

_LI = Actor(id="nurse-li", role="nurse", ward="ward")


def _stat() -> SubmitTask:
    return delivery("b", "ward", "blood", priority=Priority.STAT)


def test_a_stat_delivery_goes_by_whoever_is_quicker() -> None:
    async def story(hospital: Hospital) -> None:
        await asyncio.sleep(5.0)
        forecast = hospital.manager.forecast(_stat())
        assert (forecast.robot, forecast.porter) == ("robot-1", "porter-1")
        assert forecast.robot_seconds is not None
        assert forecast.porter_seconds is not None
        quicker = forecast.porter_seconds < 0.9 * forecast.robot_seconds
        assert forecast.recommended == ("porter" if quicker else "robot")
        assert hospital.manager.state.tasks == {}, "nothing was asked for"

        done = await hospital.ended((await hospital.submit(_stat())).id)
        assert done.ended_at is not None
        took = (done.ended_at - done.requested_at).total_seconds()
        assert took == pytest.approx(forecast.robot_seconds, rel=0.5)

    tell(story)


def test_a_porter_is_recommended_when_no_robot_is_free() -> None:
    async def story(hospital: Hospital) -> None:
        for _ in range(2):
            await hospital.request("b", "ward")
        await asyncio.sleep(30.0)
        forecast = hospital.manager.forecast(_stat())
        assert (forecast.robot, forecast.robot_seconds, forecast.recommended) == (None, None, "porter")

    tell(story)


def test_the_incoming_nurse_reads_what_is_open_late_and_uncollected() -> None:
    async def story(hospital: Hospital) -> None:
        due = hospital.clock.now() + timedelta(seconds=20)
        late = await hospital.submit(SubmitTask(actor=_LI, stops=_stat().stops, items=_stat().items, due=due))
        shift = hospital.manager.shift("ward")
        assert [(entry.task, entry.items) for entry in shift.entries] == [(late.id, "1 × blood")]
        assert shift.acknowledged_by is None
        await asyncio.sleep(60.0)
        assert hospital.manager.shift("ward").entries[0].state == "late"

        read = await hospital.do(AcknowledgeShift(actor=_LI, ward="ward", tasks=(late.id,)))
        assert isinstance(read, ShiftView)
        assert (read.acknowledged_by, read.up_to_date) == ("nurse-li", True)
        with pytest.raises(Conflict, match="changed meanwhile"):
            await hospital.do(AcknowledgeShift(actor=_LI, ward="ward", tasks=()))

        await hospital.ended(late.id)
        over = hospital.manager.shift("ward")
        assert (over.entries, over.up_to_date) == ((), False)

    tell(story)


def test_goods_that_nobody_has_collected_stand_in_the_list_and_it_survives_a_restart() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        loading = await handover_due(hospital, asked.id)
        await hospital.do(HandOver(actor=_LI, task=TaskId(asked.id), step=loading.handover_step))
        await handover_due(hospital, asked.id)
        shift = hospital.manager.shift("ward")
        assert shift.entries[0].state == "uncollected"
        await hospital.do(AcknowledgeShift(actor=_LI, ward="ward", tasks=(asked.id,)))
        await hospital.kill_manager()
        await hospital.start_manager()
        assert hospital.manager.shift("ward").acknowledged_by == "nurse-li"

    tell(story, nurses=None, agents=HEARTBEATS, patience=PROMPT)
