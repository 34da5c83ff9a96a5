"""Random hospitals whose robots are helped at random moments: footprints never overlap, and everybody arrives."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

import pytest

from fleet_manager.domain.errors import Conflict
from fleet_manager.domain.events import RobotHelped
from fleet_manager.domain.helps import HelpKind
from fleet_manager.domain.tasks import Actor, TaskStatus
from fleet_manager.orchestration.commands import ChangeRobot, EndPause, HelpRobot, RobotAction, StartPause
from fleet_manager.orchestration.views import ClosureView
from maps.model import LaneId, RobotId
from sim.faults import lane_obstructed
from sim.harness import Hospital
from tests.hospitals import HEARTBEATS, tell
from tests.property.test_traffic_histories import any_site

OPERATOR = Actor(id="operator-1", role="operator")
HELPS = (HelpKind.GO_ROUND, HelpKind.GO_ROUND, HelpKind.GO_ROUND, HelpKind.RETURN, HelpKind.SKIP, HelpKind.CHARGE)


async def _change(hospital: Hospital, robot: RobotId, action: RobotAction) -> None:
    await hospital.manager.do(ChangeRobot(actor=OPERATOR, robot=robot, action=action))


async def _help(hospital: Hospital, rng: random.Random) -> None:
    """Every now and then something stands on a lane, or all are paused; a robot is paused, helped, and goes on."""
    robots = [robot.id for fleet in hospital.site.fleets.values() for robot in fleet.robots]
    while True:
        await asyncio.sleep(rng.uniform(5, 40))
        if rng.random() < 0.5:
            lane = LaneId(rng.choice(list(hospital.site.lanes)))
            lane_obstructed(hospital.world, lane, "a bed", seconds=rng.uniform(5, 120))
        if rng.random() < 0.1:
            pause = await hospital.manager.do(StartPause(actor=OPERATOR))
            assert isinstance(pause, ClosureView)
            await asyncio.sleep(rng.uniform(1, 60))
            await hospital.manager.do(EndPause(actor=OPERATOR, pause=pause.id))
        robot, kind = rng.choice(robots), rng.choice(HELPS)
        paused = kind is HelpKind.GO_ROUND and rng.random() < 0.7
        if paused:
            await _change(hospital, robot, RobotAction.PAUSE)
            await asyncio.sleep(rng.uniform(1, 50))
        with suppress(Conflict):
            await hospital.manager.do(HelpRobot(actor=OPERATOR, robot=robot, help=kind))
        if paused:
            await _change(hospital, robot, RobotAction.RESUME)


def play(seed: int) -> list[HelpKind]:
    """Answers the helps that were given."""
    rng = random.Random(seed)
    site = any_site(rng)
    homes = [robot.home for fleet in site.fleets.values() for robot in fleet.robots]
    bays = [w for w in site.waypoints if "bay" in w]
    given: list[HelpKind] = []

    async def story(hospital: Hospital) -> None:
        helping = asyncio.create_task(_help(hospital, random.Random(f"{seed}/help")))
        tasks = []
        for _ in range(3 * len(homes)):
            pickup, dropoff = rng.sample(bays, 2)
            tasks.append((await hospital.request(pickup, dropoff)).id)
            await asyncio.sleep(rng.uniform(0, 40))
        await asyncio.sleep(rng.uniform(0, 300))
        assert not helping.done(), helping.exception()
        helping.cancel()
        for closure in hospital.manager.pauses():
            await hospital.manager.do(EndPause(actor=OPERATOR, pause=closure.id))
        for robot in tuple(hospital.manager.state.robots.values()):
            await _change(hospital, robot.id, RobotAction.RESUME)
        for task in tasks:
            done = await hospital.ended(task, within=7200)
            assert done.status in (TaskStatus.COMPLETED, TaskStatus.FAILED)
        given.extend(r.event.help for r in hospital.store.log if isinstance(r.event, RobotHelped))

    tell(story, site, seed=seed, latency=rng.choice([0.0, 0.3]), nurses=15.0, agents=HEARTBEATS)
    return given


def test_helped_robots_touch_nobody_and_arrive(hospital_seeds: range) -> None:
    given: list[HelpKind] = []
    for seed in hospital_seeds:
        try:
            given += play(seed)
        except Exception as problem:
            pytest.fail(f"play({seed}) fails: {problem!r}")
    assert set(given) >= {HelpKind.GO_ROUND, HelpKind.RETURN, HelpKind.SKIP}, "the helps are given, not only refused"
