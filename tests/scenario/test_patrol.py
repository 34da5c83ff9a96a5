"""Patrols: checkpoints with windows, the evidence of each visit, and what happens to those that were missed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from fleet_manager.domain.errors import InvalidRequest, NotServable, UnknownPlace
from fleet_manager.domain.robots import CommandKind
from fleet_manager.domain.tasks import Actor, TaskId, TaskKind, TaskStatus
from fleet_manager.orchestration.commands import (
    CancelTask,
    CheckpointRequest,
    RaiseAlarm,
    SetSchedule,
    SubmitPatrol,
)
from fleet_manager.orchestration.views import ScheduleView, TaskView
from maps.model import Site, WaypointId
from sim import faults
from sim.clock import run_virtual
from sim.harness import Hospital
from tests.builders import FLEET, ROBOT_1, ROBOT_2, corridor_site

_GUARD = Actor(id="guard-ma", role="security")


def patrol_site(*capabilities: str) -> Site:
    site = corridor_site()
    fleet = replace(site.fleets[FLEET], capabilities=frozenset(capabilities or ("patrol",)))
    return replace(site, fleets={fleet.id: fleet})


def _points(*places: str) -> tuple[CheckpointRequest, ...]:
    return tuple(CheckpointRequest(place=place) for place in places)


async def _patrol(
    hospital: Hospital, *checkpoints: CheckpointRequest, robots: int = 1, seconds: float = 10.0
) -> TaskView:
    view = await hospital.insist(
        SubmitPatrol(actor=_GUARD, checkpoints=checkpoints, seconds=seconds, robots=robots, key="patrol")
    )
    assert isinstance(view, TaskView)
    return view


async def _until(condition: Callable[[], bool], within: float = 3600.0) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(1.0)


def _alerts(hospital: Hospital, kind: str) -> list[str]:
    return [alert.subject for alert in hospital.manager.alerts() if alert.kind == kind and alert.state != "closed"]


def inspects(hospital: Hospital) -> bool:
    """Whether a robot is told to inspect something now."""
    pending = [command.kind for robot in hospital.manager.state.robots.values() for command in robot.pending]
    return CommandKind.INSPECT in pending


def _now(hospital: Hospital) -> datetime:
    return hospital.clock.now()


def test_each_visit_leaves_evidence_of_robot_place_pose_and_time() -> None:
    async def story() -> None:
        async with Hospital(patrol_site()) as hospital:
            begin = _now(hospital)
            task = await _patrol(hospital, *_points("b", "lobby-1", "ward"))
            assert task.kind == TaskKind.PATROL
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED
            assert ended.outcome == "3 of 3 checkpoints visited"

            times = []
            for stop in ended.stops:
                place = hospital.site.waypoints[WaypointId(stop.place)]
                assert stop.visit is not None
                assert stop.visit.robot == ended.robot
                assert (stop.visit.level, stop.visit.x, stop.visit.y) == (place.level, *place.xy)
                times.append(stop.visit.at)
            assert begin < times[0] < times[1] < times[2]
            assert times[1] - times[0] >= timedelta(seconds=10), "it stays at each"
            kinds = [e.kind for e in await hospital.manager.events(0, 1000)]
            assert kinds.count("checkpoint_visited") == 3
            assert not hospital.violations()

    run_virtual(story())


def test_missed_checkpoint_alerts_and_is_visited_late() -> None:
    async def story() -> None:
        async with Hospital(patrol_site()) as hospital:
            soon = _now(hospital) + timedelta(seconds=20)
            late = CheckpointRequest(place="ward", not_after=soon)
            task = await _patrol(hospital, CheckpointRequest(place="b"), late)
            await _until(lambda: _alerts(hospital, "checkpoint_missed") == ["ward"], within=21.0)
            ended = await hospital.ended(task.id)
            assert ended.outcome == "2 of 2 checkpoints visited, late: ward"
            by_place = {stop.place: stop for stop in ended.stops}
            assert by_place["ward"].missed
            assert by_place["ward"].visit is not None
            assert by_place["ward"].visit.at > soon
            assert not by_place["b"].missed

    run_virtual(story())


def test_robot_waits_for_the_window_to_begin_and_stays_within_it() -> None:
    async def story() -> None:
        async with Hospital(patrol_site()) as hospital:
            opens = _now(hospital) + timedelta(minutes=5)
            window = CheckpointRequest(place="b", not_before=opens, not_after=opens + timedelta(seconds=30))
            task = await _patrol(hospital, CheckpointRequest(place="lobby-1"), window)
            ended = await hospital.ended(task.id)
            visits = {stop.place: stop.visit for stop in ended.stops}
            assert visits["b"] is not None
            assert opens <= visits["b"].at <= opens + timedelta(seconds=30)
            assert not _alerts(hospital, "checkpoint_missed")

    run_virtual(story())


def test_robot_dies_half_way_and_another_goes_on_with_what_is_left() -> None:
    async def story() -> None:
        async with Hospital(patrol_site()) as hospital:
            task = await _patrol(hospital, *_points("b", "lobby-1", "ward"))
            state = hospital.manager.state
            await _until(lambda: state.tasks[TaskId(task.id)].stops[0].visit is not None)
            first = state.tasks[TaskId(task.id)].robot
            assert first is not None
            faults.robot_dead(hospital.world, first)
            await _until(lambda: state.tasks[TaskId(task.id)].robot != first)
            home = {ROBOT_1: "home-1", ROBOT_2: "home-2"}[first]
            faults.put_back(hospital.world, first, WaypointId(home))
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED
            assert ended.robot != first
            robots = [stop.visit.robot for stop in ended.stops if stop.visit is not None]
            assert robots == [first, ended.robot, ended.robot]
            assert [e.kind for e in await hospital.manager.events(0, 2000)].count("checkpoint_visited") == 3

    run_virtual(story())


def test_visit_that_was_broken_off_and_made_up_for_too_late_is_missed() -> None:
    async def story() -> None:
        async with Hospital(patrol_site()) as hospital:
            window = CheckpointRequest(place="b", not_after=_now(hospital) + timedelta(seconds=60))
            task = await _patrol(hospital, window, seconds=90.0)
            await _until(lambda: inspects(hospital), within=60.0)
            state = hospital.manager.state
            first = state.tasks[TaskId(task.id)].robot
            assert first is not None
            faults.robot_dead(hospital.world, first)
            await _until(lambda: state.tasks[TaskId(task.id)].robot != first)
            assert not _alerts(hospital, "checkpoint_missed"), "somebody was there in time"
            home = {ROBOT_1: "home-1", ROBOT_2: "home-2"}[first]
            faults.put_back(hospital.world, first, WaypointId(home))
            ended = await hospital.ended(task.id)
            assert ended.outcome == "1 of 1 checkpoints visited, late: b"
            assert _alerts(hospital, "checkpoint_missed") == ["b"]

    run_virtual(story())


def test_two_robots_share_the_checkpoints() -> None:
    async def story() -> None:
        async with Hospital(patrol_site()) as hospital:
            await _patrol(hospital, *_points("b", "ward", "lobby-1", "c"), robots=2)
            tasks = await hospital.manager.tasks(status=None, limit=10, before=None)
            assert [[stop.place for stop in task.stops] for task in reversed(tasks)] == [
                ["b", "lobby-1"],
                ["c", "ward"],
            ]
            ends = [await hospital.ended(task.id) for task in tasks]
            assert {end.robot for end in ends} == {"robot-1", "robot-2"}
            assert all(stop.visit is not None for end in ends for stop in end.stops)

            again = await _patrol(hospital, *_points("b", "ward", "lobby-1", "c"), robots=2)
            assert again.id == tasks[-1].id, "the same key asks for nothing new"
            assert len(await hospital.manager.tasks(status=None, limit=10, before=None)) == 2

    run_virtual(story())


def test_bound_between_visits_alerts_until_the_next_one() -> None:
    async def story() -> None:
        async with Hospital(patrol_site()) as hospital:
            bounded = CheckpointRequest(place="b", within=600.0)
            patrol = SubmitPatrol(actor=_GUARD, checkpoints=(bounded,))
            view = await hospital.do(
                SetSchedule(
                    actor=_GUARD,
                    name="night round",
                    task=patrol,
                    rule="FREQ=MINUTELY;INTERVAL=8",
                    begins=_now(hospital).replace(tzinfo=None),
                    timezone="UTC",
                )
            )
            assert isinstance(view, ScheduleView)
            assert view.kind == TaskKind.PATROL
            await asyncio.sleep(3000.0)
            assert not _alerts(hospital, "visit_overdue")
            visits = [e for e in await hospital.manager.events(0, 5000) if e.kind == "checkpoint_visited"]
            assert len(visits) >= 5

            for robot in tuple(hospital.world.bodies):
                faults.robot_dead(hospital.world, robot)
            await _until(lambda: _alerts(hospital, "visit_overdue") == ["b"], within=700.0)
            faults.robot_revived(hospital.world, ROBOT_1)
            await _until(lambda: not _alerts(hospital, "visit_overdue"), within=1200.0)

    run_virtual(story())


def test_cancelled_patrol_leaves_the_robot_free() -> None:
    async def story() -> None:
        async with Hospital(patrol_site()) as hospital:
            task = await _patrol(hospital, *_points("b", "lobby-1"))
            await _until(lambda: inspects(hospital))
            await hospital.do(CancelTask(actor=_GUARD, task=TaskId(task.id)))
            await asyncio.sleep(120.0)
            assert [robot.status for robot in hospital.manager.robots()].count("error") == 0
            assert not inspects(hospital)
            other = await hospital.insist(SubmitPatrol(actor=_GUARD, checkpoints=_points("c")))
            assert isinstance(other, TaskView)
            assert (await hospital.ended(other.id)).status is TaskStatus.COMPLETED

    run_virtual(story())


def test_fire_alarm_breaks_an_inspection_off() -> None:
    async def story() -> None:
        async with Hospital(patrol_site()) as hospital:
            task = await hospital.insist(SubmitPatrol(actor=_GUARD, checkpoints=_points("lobby-1"), seconds=3600.0))
            assert isinstance(task, TaskView)
            await _until(lambda: inspects(hospital))
            await hospital.do(RaiseAlarm(actor=_GUARD))
            await asyncio.sleep(60.0)
            assert not inspects(hospital)
            assert _alerts(hospital, "checkpoint_missed") == ["lobby-1"]

    run_virtual(story())


def test_restarted_manager_goes_on_with_windows_and_visits() -> None:
    async def story() -> None:
        async with Hospital(patrol_site()) as hospital:
            opens = _now(hospital) + timedelta(minutes=3)
            window = CheckpointRequest(place="b", not_before=opens, not_after=opens + timedelta(seconds=25))
            shut = CheckpointRequest(place="ward", not_after=opens + timedelta(seconds=30))
            task = await _patrol(hospital, window, shut, CheckpointRequest(place="lobby-1"))
            await asyncio.sleep(170.0)
            await hospital.kill_manager()
            await asyncio.sleep(5.0)
            await hospital.start_manager()
            ended = await hospital.ended(task.id)
            assert ended.outcome == "3 of 3 checkpoints visited, late: ward"
            assert _alerts(hospital, "checkpoint_missed") == ["ward"]

    run_virtual(story())


@pytest.mark.parametrize(
    ("request_", "error", "says"),
    [
        (SubmitPatrol(actor=_GUARD, checkpoints=_points("nowhere")), UnknownPlace, "nowhere"),
        (SubmitPatrol(actor=_GUARD, checkpoints=_points("b"), robots=2), InvalidRequest, "2 robots for 1"),
        (SubmitPatrol(actor=_GUARD, checkpoints=_points("b"), screens=True), NotServable, "does not screen people"),
        (
            SubmitPatrol(
                actor=_GUARD,
                checkpoints=(CheckpointRequest(place="b", not_after=datetime.fromisoformat("2020-01-01T00:00Z")),),
            ),
            InvalidRequest,
            "in the past",
        ),
    ],
)
def test_impossible_patrol_is_refused_with_the_reason(
    request_: SubmitPatrol, error: type[Exception], says: str
) -> None:
    async def story() -> None:
        async with Hospital(patrol_site()) as hospital:
            with pytest.raises(error, match=says):
                await hospital.do(request_)

    run_virtual(story())
