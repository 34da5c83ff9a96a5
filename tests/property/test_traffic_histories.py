"""Random hospitals in whole, with random delays, pauses and failures: footprints never overlap, everybody arrives.

Sites are grids with bays, corridors with sidings, and levels joined by lifts, with one or two fleets.
"""

from __future__ import annotations

import asyncio
import random

import pytest

from fleet_manager.domain.tasks import Actor, TaskStatus
from fleet_manager.orchestration.commands import ChangeRobot, RobotAction
from maps.model import LaneId, Site
from sim.faults import lane_obstructed, robot_failing, robot_slow
from sim.harness import Hospital
from tests.hospitals import tell
from tests.random_sites import corridor_with_sidings, grid_with_bays, two_levels

LONGEST = 25.0
"""Seconds that a robot stands at most, so that nobody plans round it yet."""

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
        return corridor_with_sidings(rng, length, length // 2, tugs)
    length = rng.randint(2, 4)
    return two_levels(rng, length, length, tugs, rng.randint(1, 2))


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


def play(seed: int) -> None:
    rng = random.Random(seed)
    site = any_site(rng)
    homes = [robot.home for fleet in site.fleets.values() for robot in fleet.robots]
    bays = [w for w in site.waypoints if "bay" in w]
    disturbed = rng.random() < 0.7

    async def story(hospital: Hospital) -> None:
        disturbing = asyncio.create_task(disturb(hospital, random.Random(f"{seed}/disturb"))) if disturbed else None
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
        for task in tasks:
            assert (await hospital.ended(task, within=7200)).status is TaskStatus.COMPLETED

    tell(story, site, seed=seed, latency=rng.choice([0.0, 0.3]), nurses=15.0)


def test_everybody_arrives_and_nobody_touches(hospital_seeds: range) -> None:
    for seed in hospital_seeds:
        try:
            play(seed)
        except Exception as problem:
            pytest.fail(f"play({seed}) fails: {problem!r}")
