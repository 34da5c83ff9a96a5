"""Tasks that are asked for again and again by themselves."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

import pytest

from fleet_manager.domain.errors import InvalidRequest, NotFound
from fleet_manager.domain.tasks import Actor, StopKind, TaskStatus
from fleet_manager.orchestration.commands import (
    ChangeSchedule,
    CheckLamp,
    DeleteSchedule,
    ItemRequest,
    MoveOccurrence,
    SetSchedule,
    StopRequest,
    SubmitDisinfection,
    SubmitTask,
)
from fleet_manager.orchestration.views import ScheduleView
from maps.model import Site
from sim.clock import run_virtual
from sim.harness import Hospital
from tests.scenario.test_disinfection import LAMP, ROOM, lamp_hospital
from tests.small_hospital import small_hospital

_STAFF = Actor(id="facility-li", role="facility")
_LINEN = SubmitTask(
    actor=_STAFF,
    stops=(StopRequest(place="stores", kind=StopKind.PICK_UP), StopRequest(place="ward_2a", kind=StopKind.DROP_OFF)),
    items=(ItemRequest(name="linen", quantity=3),),
)
_MIDNIGHT = datetime.fromisoformat("2025-01-06T00:00")
"""When simulated time begins."""


async def _set(hospital: Hospital, rule: str, task: SubmitTask | SubmitDisinfection = _LINEN) -> ScheduleView:
    request = SetSchedule(actor=_STAFF, name="linen round", task=task, rule=rule, begins=_MIDNIGHT, timezone="UTC")
    view = await hospital.do(request)
    assert isinstance(view, ScheduleView)
    return view


def _site() -> Site:
    return small_hospital()


def test_linen_is_brought_every_hour_and_not_when_it_is_paused() -> None:
    async def story() -> None:
        async with Hospital(_site()) as hospital:
            schedule = await _set(hospital, "FREQ=HOURLY")
            assert schedule.next_at is not None
            await asyncio.sleep(2.5 * 3600)
            done = await hospital.manager.tasks(status=TaskStatus.COMPLETED, limit=10, before=None)
            assert len(done) == 2
            assert hospital.manager.schedule(schedule.id).last_task == done[0].id
            assert done[0].requested_by.id == "facility-li"

            now = hospital.clock.now()
            calendar = hospital.manager.calendar(now - timedelta(hours=9), now + timedelta(hours=2))
            assert [o.at.hour for o in calendar] == [3, 4], "what has been is no more in it"
            await hospital.do(ChangeSchedule(actor=_STAFF, schedule=schedule.id, paused=True))
            assert hospital.manager.calendar(now, now + timedelta(hours=2)) == []
            await asyncio.sleep(3 * 3600)
            assert len(await hospital.manager.tasks(status=None, limit=10, before=None)) == 2

            await hospital.do(ChangeSchedule(actor=_STAFF, schedule=schedule.id, paused=False))
            await asyncio.sleep(3600)
            assert len(await hospital.manager.tasks(status=None, limit=10, before=None)) == 3

            await hospital.do(DeleteSchedule(actor=_STAFF, schedule=schedule.id))
            await asyncio.sleep(3 * 3600)
            assert len(await hospital.manager.tasks(status=None, limit=10, before=None)) == 3
            with pytest.raises(NotFound):
                hospital.manager.schedule(schedule.id)

    run_virtual(story())


def test_one_occurrence_is_moved_to_another_time() -> None:
    async def story() -> None:
        async with Hospital(_site()) as hospital:
            schedule = await _set(hospital, "FREQ=DAILY;BYHOUR=6")
            now = hospital.clock.now()
            (first, second) = hospital.manager.calendar(now, now + timedelta(days=2))
            move = MoveOccurrence(actor=_STAFF, schedule=schedule.id, at=first.at, to=first.at + timedelta(hours=3))
            once = await hospital.do(move)
            assert isinstance(once, ScheduleView)
            moved = hospital.manager.calendar(now, now + timedelta(days=2))
            assert [(o.schedule, o.at) for o in moved] == [(once.id, move.to), (schedule.id, second.at)]
            with pytest.raises(InvalidRequest, match="does not fall due at"):
                await hospital.do(move)
            await asyncio.sleep(10 * 3600)
            done = await hospital.manager.tasks(status=TaskStatus.COMPLETED, limit=10, before=None)
            assert [task.requested_at.hour for task in done] == [9]

            hourly = await _set(hospital, "FREQ=HOURLY")
            assert hourly.next_at is not None
            with pytest.raises(InvalidRequest, match="several times on that day"):
                await hospital.do(
                    MoveOccurrence(actor=_STAFF, schedule=hourly.id, at=hourly.next_at, to=hourly.next_at)
                )

    run_virtual(story())


def test_what_falls_due_while_the_manager_is_down_is_made_up_for_once_when_it_is_not_too_late() -> None:
    async def story() -> None:
        async with Hospital(_site()) as hospital:
            schedule = await _set(hospital, "FREQ=HOURLY")
            await asyncio.sleep(3000)
            await hospital.kill_manager()
            await asyncio.sleep(1200)
            await hospital.start_manager()
            await asyncio.sleep(60)
            assert len(await hospital.manager.tasks(status=None, limit=10, before=None)) == 1

            await hospital.kill_manager()
            await asyncio.sleep(5 * 3600)
            await hospital.start_manager()
            await asyncio.sleep(60)
            assert len(await hospital.manager.tasks(status=None, limit=10, before=None)) == 1
            missed = [a for a in hospital.manager.alerts() if a.kind == "schedule_missed"]
            assert len(missed) == 1
            assert "while the fleet manager was down" in missed[0].text
            assert hospital.manager.schedule(schedule.id).last_refusal

    run_virtual(story())


def test_room_is_disinfected_each_night() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital()) as hospital:
            await hospital.do(CheckLamp(actor=_STAFF, robot=LAMP))
            night = SubmitDisinfection(actor=_STAFF, zone=ROOM, dose=200.0)
            await _set(hospital, "FREQ=DAILY;BYHOUR=3", night)
            await asyncio.sleep(28 * 3600)
            done = await hospital.manager.tasks(status=None, limit=10, before=None)
            assert [task.status for task in done] == [TaskStatus.COMPLETED, TaskStatus.COMPLETED]

    run_virtual(story())


@pytest.mark.parametrize(
    ("rule", "timezone", "says"),
    [
        ("FREQ=DAILY;COUNT=0", "UTC", "never falls due"),
        ("FREQ=DAILY;UNTIL=20240101T000000", "UTC", "never falls due"),
        ("now and then", "UTC", "no recurrence rule"),
        ("FREQ=DAILY", "Mars/Olympus", "no time zone"),
    ],
)
def test_schedule_that_never_fires_is_refused(rule: str, timezone: str, says: str) -> None:
    async def story() -> None:
        async with Hospital(_site()) as hospital:
            request = SetSchedule(
                actor=_STAFF, name="linen", task=_LINEN, rule=rule, begins=_MIDNIGHT, timezone=timezone
            )
            with pytest.raises(InvalidRequest, match=says):
                await hospital.do(request)

    run_virtual(story())


def test_days_can_be_left_out() -> None:
    async def story() -> None:
        async with Hospital(_site()) as hospital:
            schedule = await _set(hospital, "FREQ=DAILY;BYHOUR=8")
            left_out = (date(2025, 1, 6), date(2025, 1, 7))
            view = await hospital.do(ChangeSchedule(actor=_STAFF, schedule=schedule.id, exceptions=left_out))
            assert isinstance(view, ScheduleView)
            assert view.next_at is not None
            assert view.next_at.date() == date(2025, 1, 8)

    run_virtual(story())
