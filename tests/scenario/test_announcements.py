"""Announcements: robots say a text at places, in the languages it is given in, and never in quiet hours."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fleet_manager.domain.errors import InvalidRequest, NotServable, UnknownPlace
from fleet_manager.domain.tasks import Actor, Priority, TaskKind, TaskStatus
from fleet_manager.orchestration.commands import SetSchedule, SubmitAnnouncement
from fleet_manager.orchestration.views import ScheduleView
from maps.model import QuietHours, Site, VoiceRules
from sim.clock import run_virtual
from sim.crashes import Crashes, Moment
from sim.harness import Hospital
from tests.builders import FLEET, ROBOT_1, ROBOT_2, corridor_site

_GUARD = Actor(id="guard-ma", role="security")
_VISITS = (("zh", "探视时间结束了。"), ("en", "Visiting hours are over."))
_MORNING = datetime(2025, 1, 6, 9, 0, tzinfo=UTC)
_NOON = datetime(2025, 1, 6, 11, 59, tzinfo=UTC)


def voice_site(*capabilities: str) -> Site:
    site = corridor_site()
    fleet = replace(site.fleets[FLEET], capabilities=frozenset(capabilities or ("announce",)))
    return replace(site, fleets={fleet.id: fleet})


def _request(*places: str, priority: Priority = Priority.ROUTINE, times: int = 1) -> SubmitAnnouncement:
    return SubmitAnnouncement(actor=_GUARD, places=places, texts=_VISITS, times=times, priority=priority)


def _said(hospital: Hospital) -> list[str]:
    return [text for said in hospital.said.values() for text in said]


def test_a_robot_says_the_text_at_each_place_in_each_language() -> None:
    async def story() -> None:
        async with Hospital(voice_site(), start=_MORNING) as hospital:
            task = await hospital.submit(_request("b", "lobby-1", "ward", times=2))
            assert task.kind == TaskKind.ANNOUNCEMENT
            assert task.stops[0].texts == dict(_VISITS)
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED
            assert ended.outcome == "said at 3 of 3 places"
            assert _said(hospital) == [text for _, text in _VISITS] * 6
            times = [stop.done_at for stop in ended.stops if stop.done_at is not None]
            assert len(times) == 3
            assert times == sorted(times)
            kinds = [event.kind for event in await hospital.manager.events(0, 1000)]
            assert kinds.count("place_told") == 3
            assert not hospital.violations()

    run_virtual(story())


def test_an_announcement_waits_until_quiet_hours_end_and_says_so() -> None:
    async def story() -> None:
        async with Hospital(voice_site(), start=_NOON + timedelta(minutes=5)) as hospital:
            task = await hospital.submit(_request("b"))
            await asyncio.sleep(60.0)
            [reason] = (await hospital.manager.task(task.id)).reasons
            assert (reason.code, reason.text) == ("quiet_hours", "it is quiet until 14:00: it waits")
            await asyncio.sleep(5000.0)
            assert _said(hospital) == []
            ended = await hospital.ended(task.id, within=7200.0)
            assert ended.status is TaskStatus.COMPLETED
            assert hospital.clock.now() >= datetime(2025, 1, 6, 14, 0, tzinfo=UTC)
            assert len(_said(hospital)) == 2

    run_virtual(story())


def test_a_robot_on_its_way_when_quiet_hours_begin_goes_on_with_the_rest_when_they_end() -> None:
    async def story() -> None:
        async with Hospital(voice_site(), start=_NOON) as hospital:
            task = await hospital.submit(_request("a", "b", "lobby-1", "ward"))
            await asyncio.sleep(3600.0)
            waiting = await hospital.manager.task(task.id)
            assert waiting.status is TaskStatus.QUEUED
            assert waiting.reasons[0].code == "quiet_hours"
            told = [stop.place for stop in waiting.stops if stop.done_at is not None]
            assert told
            assert len(told) < 4
            ended = await hospital.ended(task.id, within=7200.0)
            assert ended.outcome == "said at 4 of 4 places"
            assert len(_said(hospital)) == 8, "nothing is said twice"

    run_virtual(story())


def test_what_is_stat_is_said_in_quiet_hours_too() -> None:
    async def story() -> None:
        async with Hospital(voice_site(), start=_NOON + timedelta(hours=11)) as hospital:
            task = await hospital.submit(_request("b", priority=Priority.STAT))
            ended = await hospital.ended(task.id, within=300.0)
            assert ended.status is TaskStatus.COMPLETED
            assert len(_said(hospital)) == 2

    run_virtual(story())


def test_quiet_hours_are_the_sites_own_in_its_own_time() -> None:
    async def story() -> None:
        rules = VoiceRules(quiet_hours=(QuietHours(begin="20:00", until="07:30"),))
        site = replace(voice_site(), voices=rules, timezone="Asia/Shanghai")
        # 20:10 in Shanghai, noon in UTC.
        async with Hospital(site, start=_NOON + timedelta(minutes=11)) as hospital:
            task = await hospital.submit(_request("b"))
            await asyncio.sleep(60.0)
            [reason] = (await hospital.manager.task(task.id)).reasons
            assert reason.text == "it is quiet until 07:30: it waits"

    run_virtual(story())


def test_a_schedule_announces_every_evening() -> None:
    async def story() -> None:
        async with Hospital(voice_site(), start=_MORNING) as hospital:
            made = await hospital.insist(
                SetSchedule(
                    actor=_GUARD,
                    name="end of visiting hours",
                    task=_request("b", "ward"),
                    rule="FREQ=DAILY;BYHOUR=20;BYMINUTE=0",
                    begins=datetime(2025, 1, 6, 20, 0),  # noqa: DTZ001
                )
            )
            assert isinstance(made, ScheduleView)
            assert made.kind == TaskKind.ANNOUNCEMENT
            await asyncio.sleep(11.5 * 3600.0)
            assert len(_said(hospital)) == 4
            assert hospital.manager.schedule(made.id).last_refusal == ""

    run_virtual(story())


def test_a_robot_whose_voice_fails_leaves_it_to_another_one() -> None:
    async def story() -> None:
        async with Hospital(voice_site(), start=_MORNING) as hospital:
            hospital.voices[ROBOT_1].mute = "espeak-ng is not installed"
            hospital.voices[ROBOT_2].mute = "espeak-ng is not installed"
            task = await hospital.submit(_request("b"))
            first = (await hospital.manager.task(task.id)).robot
            assert first is not None
            hospital.voices[ROBOT_2 if first == ROBOT_1 else ROBOT_1].mute = ""
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED
            assert ended.robot != first
            alert = next(a for a in hospital.manager.alerts() if a.kind == "voice_failed")
            assert "espeak-ng is not installed" in alert.text
            assert hospital.manager.robot(first).status != "error", "it may do other work"

    run_virtual(story())


def test_a_crash_of_the_manager_does_not_lose_an_announcement() -> None:
    async def story() -> None:
        async with Hospital(voice_site(), start=_MORNING, crashes=Crashes()) as hospital:
            task = await hospital.submit(_request("b", "lobby-1", "ward"))
            await asyncio.sleep(20.0)
            hospital.crash(Moment.TOLD, 10.0)
            ended = await hospital.ended(task.id)
            assert ended.outcome == "said at 3 of 3 places"

    run_virtual(story())


@pytest.mark.parametrize(
    ("wanted", "error", "text"),
    [
        (replace(_request("b"), texts=()), InvalidRequest, "there is nothing to say"),
        (replace(_request("b"), texts=(("en", "a"), ("en", "b"))), InvalidRequest, "'en' is there twice"),
        (_request("b", "b"), InvalidRequest, "b is there twice"),
        (_request("nowhere"), UnknownPlace, "nowhere"),
    ],
)
def test_what_cannot_be_said_is_refused(wanted: SubmitAnnouncement, error: type[Exception], text: str) -> None:
    async def story() -> None:
        async with Hospital(voice_site()) as hospital:
            with pytest.raises(error, match=text):
                await hospital.submit(wanted)

    run_virtual(story())


def test_robots_without_a_voice_are_not_asked() -> None:
    async def story() -> None:
        async with Hospital(corridor_site()) as hospital:
            with pytest.raises(NotServable, match="does not announce"):
                await hospital.submit(_request("b"))

    run_virtual(story())
