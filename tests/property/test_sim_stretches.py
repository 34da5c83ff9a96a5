"""Bodies that plan whole stretches drive as those that plan from node to node, whatever people do in between."""

from __future__ import annotations

import asyncio
import random

import pytest

from benchmarks.movement import Tours, tours
from maps.generator import generate
from maps.model import RobotId
from sim import faults
from sim.bodies import Passages
from sim.clock import run_virtual
from sim.port import BodyEvent, BodyMode, BodyState, Passed, Stopped
from sim.world import World

SECONDS = 900.0
FLOOR = tours(generate(floors=1, robots=0), 5, SECONDS, seed=4)

Story = list[tuple[float, str, int, float]]


def story(seed: int) -> Story:
    """What people do: when, what, to which robot, and how much of it."""
    rng = random.Random(seed)
    acts = ("pause", "slow", "look", "obstruct", "estop", "flush", "door")
    return sorted((rng.uniform(0.0, SECONDS), rng.choice(acts), rng.randrange(5), rng.random()) for _ in range(40))


async def drive(floor: Tours, acts: Story, told: bool) -> tuple[list[tuple[str, int, float]], list[BodyState]]:
    blocks: list[Passages] = []
    passed: list[tuple[str, int, float]] = []
    looks: list[BodyState] = []
    world = World(floor.site, rng=random.Random(0), note=blocks.append)
    loop = world.loop
    robots = list(floor.ways)
    doors = [*world.doors]
    lanes = [lane.id for lane in floor.site.lanes.values()]

    def tour(name: RobotId) -> None:
        ways = floor.ways[name]
        ahead = iter(ways)

        def go() -> None:
            way = next(ahead)
            half = way[len(way) // 2].sequence
            world.drive(name, way, half)
            loop.call_later(20.0, world.proceed, name, way[-1].sequence)

        def heard(event: BodyEvent) -> None:
            if isinstance(event, Passed):
                passed.append((name, event.sequence, event.time))
            elif isinstance(event, Stopped) and event.route_end:
                loop.call_later(2.0, go)

        world.spawn(name, floor.fleet.id, ways[0][0].waypoint)
        (world.subscribe if told else world.subscribe_to_stops)(name, heard)
        go()

    for robot in robots:
        tour(robot)
    for door in doors:
        world.open_door(door, "porter", 200.0)
    for at, act, number, share in acts:
        await asyncio.sleep(at - loop.time())
        robot = robots[number]
        match act:
            case "pause":
                world.pause(robot)
                loop.call_later(30.0 * share, world.resume, robot)
            case "slow":
                world.body(robot).slow_down(0.2 + 0.8 * share)
            case "look":
                looks.append(world.state(robot))
            case "obstruct":
                faults.lane_obstructed(world, lanes[int(share * len(lanes))], "a bed", seconds=60.0)
            case "estop":
                world.set_mode(robot, BodyMode.ESTOP, "a visitor")
                loop.call_later(20.0, world.set_mode, robot, BodyMode.AUTOMATIC, "released")
            case "flush":
                world.flush()
            case "door":
                world.open_door(doors[int(share * len(doors))], "nurse", 100.0 * share)
    await asyncio.sleep(SECONDS - loop.time())
    looks += [world.state(robot) for robot in robots]
    for block in blocks:
        passed += [(block.robot, block.nodes[block.first + n].sequence, at) for n, at in enumerate(block.times)]
    return sorted(passed), looks


@pytest.mark.parametrize("seed", range(12))
def test_stretches_change_nothing(seed: int) -> None:
    acts = story(seed)
    (plain, seen), (stretched, also_seen) = (run_virtual(drive(FLOOR, acts, told)) for told in (True, False))
    assert len(plain) > 100
    assert [(robot, node) for robot, node, _ in stretched] == [(robot, node) for robot, node, _ in plain]
    assert [at for *_, at in stretched] == pytest.approx([at for *_, at in plain], abs=1e-9)
    assert len(seen) == len(also_seen)
    for one, other in zip(seen, also_seen, strict=True):
        assert _numbers(one) == pytest.approx(_numbers(other), abs=1e-9)


def _numbers(state: BodyState) -> list[float]:
    place = state.place
    return [place.x, place.y, place.yaw, state.speed, state.state_of_charge, state.sequence]
