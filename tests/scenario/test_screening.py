"""Screening people: a cue reaches the console within a second, a warning is spoken, and a person looks again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from fleet_manager.domain.errors import Conflict, InvalidRequest, NotFound
from fleet_manager.domain.screening import RecheckResult
from fleet_manager.domain.tasks import Actor, TaskId, TaskKind, TaskStatus
from fleet_manager.orchestration.commands import CancelTask, CheckpointRequest, RecheckCue, SubmitPatrol
from fleet_manager.orchestration.views import Change, CueView, TaskView
from maps.model import RobotId, ScreeningRules
from sim import faults
from sim.clock import run_virtual
from sim.harness import Hospital
from tests.scenario.test_patrol import inspects, patrol_site

_GUARD = Actor(id="guard-ma", role="security")
_NURSE = Actor(id="nurse-chen", role="nurse")
_LATENCY = 0.05
"""Seconds that a message takes each way."""


class Console:
    """What the stream told, and when."""

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital
        self.heard: list[tuple[datetime, Change]] = []
        hospital.manager.subscribe(self._hear)

    def _hear(self, change: Change) -> None:
        self.heard.append((self._hospital.clock.now(), change))

    def cues(self) -> list[tuple[datetime, str]]:
        return [
            (at, alert.subject)
            for at, change in self.heard
            for alert in change.alerts
            if alert.kind == "screening_cue" and alert.state == "open"
        ]


def _hospital(screening: ScreeningRules | None = None) -> Hospital:
    site = replace(patrol_site("screening"), screening=screening or ScreeningRules())
    return Hospital(site, latency=_LATENCY)


async def _at_its_post(hospital: Hospital, seconds: float = 600.0) -> tuple[TaskView, RobotId]:
    """A robot that screens people at a fixed post."""
    task = await hospital.insist(
        SubmitPatrol(actor=_GUARD, checkpoints=(CheckpointRequest(place="b"),), screens=True, seconds=seconds)
    )
    assert isinstance(task, TaskView)
    assert task.kind == TaskKind.SCREENING
    async with asyncio.timeout(600.0):
        while not inspects(hospital):
            await asyncio.sleep(1.0)
    await asyncio.sleep(1.0)
    robot = (await hospital.manager.task(task.id)).robot
    assert robot is not None
    return task, RobotId(robot)


def test_fever_reaches_the_console_within_a_second_with_a_spoken_warning() -> None:
    async def story() -> None:
        async with _hospital() as hospital:
            task, robot = await _at_its_post(hospital)
            console = Console(hospital)
            hospital.world.passers.pass_by(robot, temperature=38.2)
            await asyncio.sleep(30.0)

            [cue] = hospital.manager.cues()
            [(told, subject)] = console.cues()
            assert subject == cue.id
            assert told - cue.seen_from.at < timedelta(seconds=1)
            assert told - cue.seen_from.at >= timedelta(seconds=_LATENCY)
            assert (cue.kind, cue.value, cue.state, cue.place) == ("temperature", 38.2, "open", "b")
            assert 9.5 < cue.distance <= 10.0, "at the first sight within range"
            assert hospital.said[robot] == ["Please wait here. Somebody will measure your temperature again."]
            alert = next(a for a in hospital.manager.alerts() if a.kind == "screening_cue")
            assert "38.2 °C" in alert.text
            assert "measure again" in alert.next_step
            assert (await hospital.ended(task.id)).status is TaskStatus.COMPLETED

    run_virtual(story())


def test_people_below_the_threshold_are_left_alone() -> None:
    async def story() -> None:
        async with _hospital() as hospital:
            _, robot = await _at_its_post(hospital)
            console = Console(hospital)
            hospital.world.passers.pass_by(robot, temperature=37.2)
            hospital.world.passers.pass_by(robot, temperature=39.0, aside=11.0)
            await asyncio.sleep(30.0)
            assert hospital.manager.cues() == []
            assert console.cues() == []
            assert hospital.said[robot] == []

    run_virtual(story())


@pytest.mark.parametrize(("temperature", "cues"), [(37.3, 1), (37.29, 0)])
def test_threshold_itself_is_a_cue(temperature: float, cues: int) -> None:
    async def story() -> None:
        async with _hospital() as hospital:
            _, robot = await _at_its_post(hospital)
            hospital.world.passers.pass_by(robot, temperature=temperature)
            await asyncio.sleep(30.0)
            assert len(hospital.manager.cues()) == cues

    run_virtual(story())


def test_site_sets_threshold_distance_and_masks() -> None:
    async def story() -> None:
        async with _hospital(ScreeningRules(temperature=38.0, distance=3.0, masks=False)) as hospital:
            _, robot = await _at_its_post(hospital)
            hospital.world.passers.pass_by(robot, temperature=37.9, mask=False)
            hospital.world.passers.pass_by(robot, temperature=38.1, mask=False)
            await asyncio.sleep(30.0)
            [cue] = hospital.manager.cues()
            assert cue.value == 38.1
            assert 2.5 < cue.distance <= 3.0

    run_virtual(story())


def test_missing_mask_and_fever_of_one_person_are_two_cues() -> None:
    async def story() -> None:
        async with _hospital() as hospital:
            _, robot = await _at_its_post(hospital)
            hospital.world.passers.pass_by(robot, temperature=38.5, mask=False)
            hospital.world.passers.pass_by(robot, temperature=36.5, mask=True, aside=-1.5)
            await asyncio.sleep(30.0)
            assert sorted(cue.kind for cue in hospital.manager.cues()) == ["mask", "temperature"]
            assert "Please put on a mask." in hospital.said[robot]
            assert len(hospital.said[robot]) == 2

    run_virtual(story())


def test_recheck_by_a_person_closes_the_cue() -> None:
    async def story() -> None:
        async with _hospital() as hospital:
            _, robot = await _at_its_post(hospital)
            hospital.world.passers.pass_by(robot, temperature=38.2)
            await asyncio.sleep(30.0)
            [cue] = hospital.manager.cues()
            program = Actor(id="his", role="system")
            with pytest.raises(InvalidRequest, match="only a person"):
                await hospital.do(RecheckCue(actor=program, cue=cue.id, result=RecheckResult.NOT_CONFIRMED))
            done = await hospital.do(
                RecheckCue(actor=_NURSE, cue=cue.id, result=RecheckResult.NOT_CONFIRMED, note="36.8 °C in the ear")
            )
            assert isinstance(done, CueView)
            assert (done.state, done.rechecked_by, done.result) == ("rechecked", "nurse-chen", "not_confirmed")
            assert [a for a in hospital.manager.alerts() if a.kind == "screening_cue" and a.state != "closed"] == []
            with pytest.raises(Conflict, match="nurse-chen already"):
                await hospital.do(RecheckCue(actor=_NURSE, cue=cue.id, result=RecheckResult.CONFIRMED))
            with pytest.raises(NotFound, match="no cue"):
                await hospital.do(RecheckCue(actor=_NURSE, cue="none", result=RecheckResult.GONE))

    run_virtual(story())


def test_observations_come_live_at_ten_hertz_and_are_not_kept() -> None:
    async def story() -> None:
        async with _hospital() as hospital:
            _, robot = await _at_its_post(hospital)
            before = hospital.store.seq
            hospital.world.passers.pass_by(robot, temperature=36.6)
            seen: set[datetime] = set()
            for _ in range(300):
                await asyncio.sleep(0.1)
                seen |= {live.time for live in hospital.manager.screening()}
            inside = 2.0 * (10.0**2 - 1.5**2) ** 0.5 / 1.2
            assert 9.0 * inside < len(seen) <= 10.0 * inside + 1
            [live] = hospital.manager.screening()
            assert [person.temperature for person in live.people] == [36.6]
            assert not [e for e in await hospital.manager.events(before, 100) if "36.6" in str(e.data)]

    run_virtual(story())


def test_warning_is_spoken_without_the_manager_and_told_when_it_is_back() -> None:
    async def story() -> None:
        async with _hospital() as hospital:
            _, robot = await _at_its_post(hospital)
            await hospital.kill_manager()
            hospital.world.passers.pass_by(robot, temperature=38.2)
            await asyncio.sleep(30.0)
            assert len(hospital.said[robot]) == 1
            await hospital.start_manager()
            await asyncio.sleep(30.0)
            assert len(hospital.manager.cues()) == 1

    run_virtual(story())


def test_what_is_told_after_the_task_was_cancelled_is_a_cue_all_the_same() -> None:
    async def story() -> None:
        async with _hospital() as hospital:
            task, robot = await _at_its_post(hospital)
            faults.network_parted(hospital.network, robot, seconds=60.0)
            hospital.world.passers.pass_by(robot, temperature=38.2)
            await asyncio.sleep(30.0)
            await hospital.do(CancelTask(actor=_GUARD, task=TaskId(task.id)))
            assert hospital.manager.cues() == []
            await asyncio.sleep(120.0)
            [cue] = hospital.manager.cues()
            assert cue.task is None
            assert cue.seen_from.at < hospital.clock.now() - timedelta(seconds=100)
            assert not inspects(hospital)

    run_virtual(story())


def test_rechecked_cues_are_deleted_after_the_retention() -> None:
    async def story() -> None:
        async with _hospital(ScreeningRules(retention_days=1.0)) as hospital:
            _, robot = await _at_its_post(hospital)
            hospital.world.passers.pass_by(robot, temperature=38.2)
            hospital.world.passers.pass_by(robot, temperature=38.4)
            await asyncio.sleep(30.0)
            first, second = hospital.manager.cues()
            await hospital.do(RecheckCue(actor=_NURSE, cue=first.id, result=RecheckResult.GONE))
            await asyncio.sleep(23 * 3600.0)
            assert len(hospital.manager.cues()) == 2
            await asyncio.sleep(3 * 3600.0)
            assert [cue.id for cue in hospital.manager.cues()] == [second.id], "what is open stays"
            assert set((await hospital.store.load()).cues) == {second.id}

    run_virtual(story())
