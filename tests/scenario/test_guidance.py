"""Guidance: a robot meets a visitor, goes at their pace, waits for them, and calls a person when it has lost them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fleet_manager.domain.errors import InvalidRequest, NotServable
from fleet_manager.domain.tasks import Actor, TaskId, TaskKind, TaskStatus
from fleet_manager.orchestration.commands import CancelTask, SubmitGuidance
from fleet_manager.orchestration.settings import Patience
from maps.model import RobotId, Site
from sim import faults
from sim.clock import run_virtual
from sim.crashes import Crashes, Moment
from sim.followers import Dawdle
from sim.harness import LONG_SILENCE, Hospital
from tests.builders import FLEET, corridor_site

_DESK = Actor(id="reception-1", role="reception")
_MORNING = datetime(2025, 1, 6, 9, 0, tzinfo=UTC)
_NOON = datetime(2025, 1, 6, 12, 5, tzinfo=UTC)
_REMINDER = "Please follow me. I am waiting for you."


def guide_site() -> Site:
    site = corridor_site()
    fleet = replace(site.fleets[FLEET], capabilities=frozenset({"guide"}))
    return replace(site, fleets={fleet.id: fleet})


def _guidance(to: str = "lobby-1", visitor: str = "John Smith") -> SubmitGuidance:
    return SubmitGuidance(actor=_DESK, meet_at="a", to=to, visitor=visitor)


async def _leads(hospital: Hospital, task: str) -> RobotId:
    """Wait until the visitor was met."""
    while True:
        found = hospital.manager.state.tasks[TaskId(task)]
        if found.guidance is not None:
            assert found.robot is not None
            return found.robot
        await asyncio.sleep(0.5)


def test_a_visitor_is_met_led_at_walking_pace_and_left_with_a_word() -> None:
    async def story() -> None:
        async with Hospital(guide_site(), start=_MORNING) as hospital:
            hospital.visitors.dawdles = [()]
            task = await hospital.submit(_guidance())
            assert task.kind == TaskKind.GUIDANCE
            assert [(stop.kind, stop.place, stop.called) for stop in task.stops] == [
                ("meet", "a", "J*"),
                ("lead", "lobby-1", "J*"),
            ]
            robot = await _leads(hospital, task.id)
            met = hospital.clock.now()
            ended = await hospital.ended(task.id)
            assert (ended.status, ended.outcome) == (TaskStatus.COMPLETED, "led to lobby-1")
            english = hospital.said[robot][1::2]
            assert english == [
                "Hello J. Please follow me, I will show you the way to lobby-1.",
                "Here we are: lobby-1. Goodbye.",
            ]
            since = (met - _MORNING).total_seconds()
            fastest = max(s.speed for s in hospital.motion.segments if s.robot == robot and s.time >= since)
            assert fastest <= Patience().walking_pace + 1e-6
            assert hospital.manager.alerts() == []
            assert not hospital.manager.state.robots[robot].pending

    run_virtual(story())


def test_a_robot_waits_for_a_visitor_who_falls_behind_and_asks_them_to_follow() -> None:
    async def story() -> None:
        async with Hospital(guide_site(), start=_MORNING) as hospital:
            hospital.visitors.dawdles = [(Dawdle(after=6.0, seconds=40.0),)]
            task = await hospital.submit(_guidance())
            robot = await _leads(hospital, task.id)
            while not hospital.manager.state.robots[robot].paused:
                await asyncio.sleep(0.1)
            await asyncio.sleep(2.0)
            waiting = await hospital.manager.task(task.id)
            assert waiting.waiting_for is not None
            assert "follow" in waiting.waiting_for.because
            stood = hospital.world.state(robot).place
            await asyncio.sleep(15.0)
            assert hospital.world.state(robot).place == stood
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED
            assert hospital.said[robot].count(_REMINDER) in (2, 3)
            assert hospital.manager.alerts() == []
            assert not hospital.violations()

    run_virtual(story())


def test_a_visitor_who_goes_away_is_given_up_and_a_person_called() -> None:
    async def story() -> None:
        async with Hospital(guide_site(), start=_MORNING) as hospital:
            hospital.visitors.dawdles = [(Dawdle(after=6.0, seconds=None),)]
            task = await hospital.submit(_guidance())
            robot = await _leads(hospital, task.id)
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.FAILED
            assert ended.outcome is not None
            assert "does not follow" in ended.outcome
            [alert] = hospital.manager.alerts()
            assert (alert.kind, alert.subject) == ("visitor_lost", task.id)
            assert "lobby-1" in alert.next_step
            await asyncio.sleep(60.0)
            assert not hospital.manager.state.robots[robot].paused
            assert hospital.manager.robot(robot).waypoint in ("home-1", "home-2")

    run_virtual(story())


def test_a_visitor_who_never_comes_is_not_awaited_for_ever() -> None:
    async def story() -> None:
        async with Hospital(guide_site(), start=_MORNING) as hospital:
            hospital.visitors.stay_away()
            task = await hospital.submit(_guidance())
            await asyncio.sleep(60.0)
            waiting = await hospital.manager.task(task.id)
            assert waiting.waiting_for is not None
            assert waiting.waiting_for.because == "the visitor to come to a"
            ended = await hospital.ended(task.id)
            assert ended.outcome == f"the visitor of {task.id} did not come to a"
            assert [alert.kind for alert in hospital.manager.alerts()] == ["visitor_lost"]

    run_virtual(story())


def test_how_long_and_how_far_are_settings() -> None:
    async def story() -> None:
        patience = replace(LONG_SILENCE, follow_patience=10.0, follow_distance=2.5)
        async with Hospital(guide_site(), start=_MORNING, patience=patience) as hospital:
            hospital.visitors.dawdles = [(Dawdle(after=6.0, seconds=30.0),)]
            task = await hospital.submit(_guidance())
            assert (await hospital.ended(task.id)).status is TaskStatus.FAILED

    run_virtual(story())


def test_in_quiet_hours_a_visitor_reads_what_the_robot_would_say() -> None:
    async def story() -> None:
        async with Hospital(guide_site(), start=_NOON) as hospital:
            hospital.visitors.dawdles = [()]
            task = await hospital.submit(_guidance(visitor=""))
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED
            assert [said for said in hospital.said.values() if said] == []
            shown = [text for texts in hospital.shown.values() for text in texts]
            assert shown[1] == "Hello. Please follow me, I will show you the way to lobby-1."
            assert [reason.code for reason in ended.reasons if reason.code == "quiet_hours"] == ["quiet_hours"]

    run_virtual(story())


def test_a_visitor_is_led_to_another_level() -> None:
    async def story() -> None:
        async with Hospital(guide_site(), start=_MORNING) as hospital:
            hospital.visitors.dawdles = [()]
            task = await hospital.submit(_guidance(to="ward"))
            ended = await hospital.ended(task.id)
            assert (ended.status, ended.outcome) == (TaskStatus.COMPLETED, "led to ward")

    run_virtual(story())


def test_a_guidance_that_is_cancelled_while_its_robot_waits_lets_the_robot_go() -> None:
    async def story() -> None:
        async with Hospital(guide_site(), start=_MORNING) as hospital:
            hospital.visitors.dawdles = [(Dawdle(after=6.0, seconds=60.0),)]
            task = await hospital.submit(_guidance())
            robot = await _leads(hospital, task.id)
            while not hospital.manager.state.robots[robot].paused:
                await asyncio.sleep(0.1)
            await hospital.manager.do(CancelTask(actor=_DESK, task=TaskId(task.id)))
            await asyncio.sleep(120.0)
            assert not hospital.manager.state.robots[robot].paused
            assert hospital.manager.robot(robot).waypoint in ("home-1", "home-2")

    run_virtual(story())


@pytest.mark.parametrize("restarts", ["manager", "agent"])
def test_a_restart_while_the_robot_waits_does_not_lose_the_visitor(restarts: str) -> None:
    async def story() -> None:
        async with Hospital(guide_site(), start=_MORNING, crashes=Crashes()) as hospital:
            hospital.visitors.dawdles = [(Dawdle(after=6.0, seconds=40.0),)]
            task = await hospital.submit(_guidance())
            robot = await _leads(hospital, task.id)
            while not hospital.manager.state.robots[robot].paused:
                await asyncio.sleep(0.1)
            if restarts == "manager":
                hospital.crash(Moment.STORED, 10.0)
            else:
                await hospital.restart_agent(robot)
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED
            assert not hospital.manager.state.robots[robot].paused

    run_virtual(story())


def test_a_robot_that_breaks_down_while_it_leads_calls_somebody_for_the_visitor() -> None:
    async def story() -> None:
        patience = replace(LONG_SILENCE, rescue_after=30.0, unreachable_after=90.0)
        async with Hospital(guide_site(), start=_MORNING, patience=patience) as hospital:
            hospital.visitors.dawdles = [()]
            task = await hospital.submit(_guidance())
            robot = await _leads(hospital, task.id)
            faults.robot_dead(hospital.world, robot)
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.FAILED
            assert "visitor_lost" in {alert.kind for alert in hospital.manager.alerts()}

    run_virtual(story())


def test_what_cannot_be_done_is_refused() -> None:
    async def story() -> None:
        async with Hospital(guide_site()) as hospital:
            with pytest.raises(InvalidRequest, match="the visitor is at a already"):
                await hospital.submit(_guidance(to="a"))
        async with Hospital(corridor_site()) as hospital:
            with pytest.raises(NotServable, match="does not guide visitors"):
                await hospital.submit(_guidance())

    run_virtual(story())
