"""Random hospitals in whole, with random delays, pauses and failures: footprints never overlap, everybody arrives.

Sites are grids with bays, corridors with sidings, and levels joined by lifts, with one or two fleets.
"""

from __future__ import annotations

import asyncio
import random

import pytest

from fleet_manager.domain.tasks import Actor, TaskStatus
from fleet_manager.orchestration.commands import ChangeRobot, RobotAction
from maps.model import LaneId, RobotId, Site
from sim.faults import lane_obstructed, robot_dead, robot_failing, robot_slow
from sim.harness import Hospital
from tests.hospitals import tell
from tests.random_sites import corridor_with_sidings, grid_with_bays, two_levels, with_buffer_room

LONGEST = 90.0
"""Seconds that a robot stands at most: the others have begun to plan round it by then, or not yet."""

TROUBLES = ("slow", "pause", "failing", "lane")
NURSE = Actor(id="nurse-1", role="nurse")


def any_site(rng: random.Random) -> Site:
    """A random site with at least as many spare bays as robots."""
    tugs = rng.choice([0, 0, 1])
    kind = rng.choice(["grid", "corridor", "levels"])
    if kind == "grid":
        width, height = rng.randint(2, 4), rng.randint(1, 3)
        removed = set(rng.sample(range(20), rng.randint(0, 6)))
        robots = max(1, width * height // 2)
        return grid_with_bays(width, height, removed, robots, min(tugs, robots))
    if kind == "corridor":
        length = rng.randint(4, 7)
        site = corridor_with_sidings(rng, length, length // 2, tugs)
        return with_buffer_room(site, rng.randint(0, length - 2)) if rng.random() < 0.4 else site
    length = rng.randint(2, 4)
    return two_levels(rng, length, length, tugs, rng.randint(1, 2))


async def break_down(hospital: Hospital, rng: random.Random) -> RobotId:
    """Some time a robot dies, and nobody comes for it."""
    await asyncio.sleep(rng.uniform(10, 600))
    robot = rng.choice(list(hospital.manager.state.robots))
    robot_dead(hospital.world, robot)
    return robot


async def disturb(hospital: Hospital, rng: random.Random) -> None:
    """Every now and then a robot is slow, paused or failing for a while, or something stands on a lane."""
    robots = [robot.id for fleet in hospital.site.fleets.values() for robot in fleet.robots]
    while True:
        await asyncio.sleep(rng.uniform(10, 80))
        robot, seconds = rng.choice(robots), rng.uniform(5, LONGEST)
        match rng.choice(TROUBLES):
            case "slow":
                robot_slow(hospital.world, robot, rng.choice([0.3, 0.6, 1.0]))
            case "pause":
                await hospital.manager.do(ChangeRobot(actor=NURSE, robot=robot, action=RobotAction.PAUSE))
                await asyncio.sleep(seconds)
                await hospital.manager.do(ChangeRobot(actor=NURSE, robot=robot, action=RobotAction.RESUME))
            case "failing":
                robot_failing(hospital.world, robot, "a wheel slips", seconds=seconds)
            case _:
                lane_obstructed(hospital.world, LaneId(rng.choice(list(hospital.site.lanes))), "a bed", seconds=seconds)


async def waits_for_nobody_else(hospital: Hospital, tasks: list[str], dead: RobotId) -> None:
    """All tasks end, but those that the dead robot has or whose way it blocks: these say so."""
    await asyncio.sleep(7200)
    for task in tasks:
        view = await hospital.manager.task(task)
        if view.status is not TaskStatus.COMPLETED and view.robot != dead:
            said = f"{view.waiting_for} {view.reasons}"
            assert dead in said, f"{task} is {view.status} with {view.robot}, and {dead} is not why: {said}"


def play(seed: int) -> None:
    rng = random.Random(seed)
    site = any_site(rng)
    homes = [robot.home for fleet in site.fleets.values() for robot in fleet.robots]
    bays = [w for w in site.waypoints if "bay" in w]
    disturbed = rng.random() < 0.7
    one_dies = random.Random(f"{seed}/death").random() < 0.2

    async def story(hospital: Hospital) -> None:
        disturbing = asyncio.create_task(disturb(hospital, random.Random(f"{seed}/disturb"))) if disturbed else None
        dying = asyncio.create_task(break_down(hospital, random.Random(f"{seed}/who"))) if one_dies else None
        tasks = []
        for _ in range(3 * len(homes)):
            pickup, dropoff = rng.sample(bays, 2)
            tasks.append((await hospital.request(pickup, dropoff)).id)
            await asyncio.sleep(rng.uniform(0, 40))
        await asyncio.sleep(rng.uniform(0, 300))
        if disturbing is not None:
            assert not disturbing.done(), disturbing.exception()
            disturbing.cancel()
            for robot in hospital.manager.state.robots.values():
                robot_slow(hospital.world, robot.id, 1.0)
                if robot.paused:
                    await hospital.manager.do(ChangeRobot(actor=NURSE, robot=robot.id, action=RobotAction.RESUME))
        if dying is not None:
            await waits_for_nobody_else(hospital, tasks, await dying)
            return
        for task in tasks:
            assert (await hospital.ended(task, within=7200)).status is TaskStatus.COMPLETED

    tell(story, site, seed=seed, latency=rng.choice([0.0, 0.3]), nurses=15.0)


@pytest.mark.parametrize("seed", [513, 522])
def test_robot_that_cannot_move_is_named_as_the_reason_and_not_who_waits_for_it_too(seed: int) -> None:
    play(seed)


def test_everybody_arrives_and_nobody_touches(hospital_seeds: range) -> None:
    for seed in hospital_seeds:
        try:
            play(seed)
        except Exception as problem:
            pytest.fail(f"play({seed}) fails: {problem!r}")
