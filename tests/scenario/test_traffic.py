"""Robots among each other: a swap in a corridor, a crowd at one pick-up, a dead robot in the only corridor."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fleet_manager.domain.tasks import Actor, Priority, TaskId, TaskStatus
from fleet_manager.orchestration.commands import HandOver
from maps.model import Fleet, LaneId, Robot, RobotId, Site, Waypoint, WaypointId
from sim import faults
from sim.harness import Hospital
from tests.builders import FLEET, lanes_both_ways, site_of, waypoint
from tests.hospitals import handover_due, tell

NURSE = Actor(id="nurse-1", role="nurse")


def corridor(*, robots_west: int, robots_east: int, siding: bool, bays_west: int = 2) -> Site:
    """A corridor of one lane's width between two rows of bays; in its middle there may be a siding.

    bay-w0 bay-w1 …                              bay-e0 bay-e1 …
       |      |                                     |      |
       w0 --- w1 --- c1 --- c2 --- c3 --- c4 --- e0 ---- e1
                            |
                          siding
    """
    homes = {"w": max(robots_west, bays_west), "e": max(robots_east, 2)}
    west = [waypoint(f"w{i}", 4.0 * i, 0.0) for i in range(homes["w"])]
    start = 4.0 * homes["w"]
    middle = [waypoint(f"c{i}", start + 4.0 * (i - 1), 0.0) for i in range(1, 5)]
    east = [waypoint(f"e{i}", start + 16.0 + 4.0 * i, 0.0) for i in range(homes["e"])]
    spine = [*west, *middle, *east]
    lanes = lanes_both_ways(spine)
    bays: list[Waypoint] = []
    for place in [*west, *east]:
        bays.append(waypoint(f"bay-{place.id}", place.x, 3.0))
        lanes += lanes_both_ways([place, bays[-1]])
    if siding:
        bays.append(waypoint("siding", middle[1].x, -3.0))
        lanes += lanes_both_ways([middle[1], bays[-1]])
    names = [f"bay-w{i}" for i in range(robots_west)] + [f"bay-e{i}" for i in range(robots_east)]
    robots = tuple(Robot(id=RobotId(f"robot-{i + 1}"), home=WaypointId(home)) for i, home in enumerate(names))
    return site_of([*spine, *bays], lanes, fleets=[Fleet(id=FLEET, robots=robots)])


def test_two_robots_swap_sides_in_a_corridor_with_one_siding() -> None:
    """Each carries something to the other's end. One of them steps into the siding, or waits for its turn outside."""

    async def story(hospital: Hospital) -> None:
        one = await hospital.request("bay-w0", "bay-e1")
        other = await hospital.request("bay-e0", "bay-w1")
        for task in (one, other):
            done = await hospital.ended(task.id, within=600)
            assert done.status is TaskStatus.COMPLETED

    tell(story, corridor(robots_west=1, robots_east=1, siding=True), nurses=10.0)


def test_two_robots_that_meet_in_the_corridor_pass_each_other_at_the_siding() -> None:
    """They stand face to face within the corridor, after staff put them there: one backs into the siding."""

    async def story(hospital: Hospital) -> None:
        await asyncio.sleep(5)
        for robot, place in (("robot-1", "c1"), ("robot-2", "c3")):
            faults.put_back(hospital.world, hospital.robot(robot), WaypointId(place))
        one = await hospital.request("bay-w1", "bay-e1")
        other = await hospital.request("bay-e1", "bay-w1")
        for task in (one, other):
            assert (await hospital.ended(task.id, within=900)).status is TaskStatus.COMPLETED

    tell(story, corridor(robots_west=1, robots_east=1, siding=True), nurses=10.0)


def test_two_robots_that_staff_put_on_the_wrong_sides_of_each_other_untangle() -> None:
    """Each stands in the corridor between the other and its home: they pass each other at the siding."""

    async def story(hospital: Hospital) -> None:
        await asyncio.sleep(5)
        for robot, place in (("robot-1", "c3"), ("robot-2", "c1")):
            faults.put_back(hospital.world, hospital.robot(robot), WaypointId(place))
        one = await hospital.request("bay-w0", "bay-e0")
        other = await hospital.request("bay-e0", "bay-w0")
        for task in (one, other):
            assert (await hospital.ended(task.id, within=900)).status is TaskStatus.COMPLETED

    tell(story, corridor(robots_west=1, robots_east=1, siding=True), nurses=10.0)


def test_robots_without_a_spare_bay_pass_each_other_at_a_stub() -> None:
    """As before, but the only place off the corridor is no bay, and each end has just the bay of the other's robot."""

    async def story(hospital: Hospital) -> None:
        await asyncio.sleep(5)
        for robot, place in (("robot-1", "c3"), ("robot-2", "c1")):
            faults.put_back(hospital.world, hospital.robot(robot), WaypointId(place))
        await asyncio.sleep(300)
        assert [r.waypoint for r in hospital.manager.robots()] == ["bay-w0", "bay-e0"]

    west, east = waypoint("w0", 0.0, 0.0), waypoint("e0", 16.0, 0.0)
    middle = [waypoint(f"c{i}", 4.0 * i, 0.0) for i in (1, 2, 3)]
    stub = replace(waypoint("stub", 8.0, -3.0), name=None)
    bays = [waypoint("bay-w0", 0.0, 3.0), waypoint("bay-e0", 16.0, 3.0)]
    lanes = lanes_both_ways([bays[0], west, *middle, east, bays[1]]) + lanes_both_ways([middle[1], stub])
    homes = (Robot(id=RobotId("robot-1"), home=bays[0].id), Robot(id=RobotId("robot-2"), home=bays[1].id))
    site = site_of([west, *middle, east, stub, *bays], lanes, fleets=[Fleet(id=FLEET, robots=homes)])
    tell(story, site, nurses=10.0)


def test_five_robots_fetch_from_one_pick_up_one_after_the_other() -> None:
    """All wait where they are in nobody's way, and each knows for whom it waits."""

    async def story(hospital: Hospital) -> None:
        tasks = [await hospital.request("bay-e0", f"bay-w{i}") for i in range(5)]
        reasons: set[str] = set()
        foreseen = False
        while hospital.manager.state.tasks:
            await asyncio.sleep(5)
            for view in hospital.manager.robots():
                if view.waiting_for is not None and view.waiting_for.kind == "way":
                    assert view.waiting_for.held_by is not None
                    reasons.add(view.waiting_for.because)
                    foreseen |= view.waiting_for.until is not None
        assert reasons
        assert foreseen
        for task in tasks:
            done = await hospital.manager.task(task.id)
            assert done.status is TaskStatus.COMPLETED
        assert {(await hospital.manager.task(t.id)).robot for t in tasks} == set(hospital.manager.state.robots)

    tell(story, corridor(robots_west=5, robots_east=0, siding=False), nurses=10.0)


async def dies_at(hospital: Hospital, task: str, place: str) -> RobotId:
    """The robot of a task breaks down on its way, with the goods on board."""
    async with asyncio.timeout(900):
        while True:
            carrier = (await hospital.manager.task(task)).robot
            if carrier is not None and hospital.manager.robot(carrier).waypoint == place:
                break
            await asyncio.sleep(0.5)
    faults.robot_dead(hospital.world, hospital.robot(carrier))
    return hospital.robot(carrier)


def test_a_robot_dead_in_the_only_corridor_is_named_and_called_for() -> None:
    """The far side can't be reached: who wants there says why, keeps out of the corridor, goes when it is free."""

    async def story(hospital: Hospital) -> None:
        first = await hospital.request("bay-w0", "bay-e0")
        dead = await dies_at(hospital, first.id, "c2")
        second = await hospital.request("bay-w1", "bay-e1")
        await asyncio.sleep(300)
        promised = (await hospital.manager.task(second.id)).eta
        await asyncio.sleep(100)
        waiting = await hospital.manager.task(second.id)
        assert promised is not None
        assert waiting.eta is not None
        assert 60 < (waiting.eta - promised).total_seconds() < 140, "the ETA grows while it is blocked"
        assert waiting.status is TaskStatus.UNDERWAY
        assert waiting.waiting_for is not None
        assert (waiting.waiting_for.held_by, waiting.waiting_for.because) == (dead, f"blocked by {dead}")
        assert waiting.robot is not None
        assert str(hospital.manager.robot(waiting.robot).waypoint).startswith("bay-w")
        alerts = {alert.kind: alert for alert in hospital.manager.alerts() if alert.subject == dead}
        assert dead in alerts["goods_stranded"].next_step
        faults.robot_revived(hospital.world, dead)
        for task in (first, second):
            assert (await hospital.ended(task.id, within=900)).status is TaskStatus.COMPLETED

    tell(story, corridor(robots_west=2, robots_east=0, siding=False), nurses=10.0)


def test_a_robot_dead_on_one_of_two_ways_is_driven_round() -> None:
    """There is a second corridor: the other takes it and does not wait for the dead one."""

    async def story(hospital: Hospital) -> None:
        first = await hospital.request("bay-w0", "bay-e0")
        await dies_at(hospital, first.id, "c2")
        second = await hospital.request("bay-w1", "bay-e1")
        assert (await hospital.ended(second.id, within=900)).status is TaskStatus.COMPLETED
        assert not (await hospital.manager.task(first.id)).status.ended

    site = corridor(robots_west=2, robots_east=0, siding=False)
    detour = [waypoint("n1", 8.0, -5.0), waypoint("n2", 20.0, -5.0)]
    west, east = site.waypoints[WaypointId("w1")], site.waypoints[WaypointId("e0")]
    lanes = {lane.id: lane for lane in lanes_both_ways([west, *detour, east])}
    assert LaneId("n1-n2") in lanes
    places = {place.id: place for place in detour}
    with_detour = site_of(
        [*site.waypoints.values(), *places.values()],
        [*site.lanes.values(), *lanes.values()],
        fleets=site.fleets.values(),
    )
    tell(story, with_detour, nurses=10.0)


def test_a_stat_delivery_is_let_pass() -> None:
    """A robot with linen has just claimed the corridor when blood sets out at its other end: blood goes first."""

    async def story(hospital: Hospital, priority: Priority) -> float:
        linen = await hospital.request("bay-w0", "bay-e1", "linen", priority=Priority.BACKGROUND)
        blood = await hospital.request("bay-e0", "bay-w1", "blood", priority=priority)
        for task in (linen, blood):
            await handover_due(hospital, task.id)
        for task in (linen, blood):
            await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(task.id)))
        started = hospital.clock.now()
        for task, place in ((blood, "bay-w1"), (linen, "bay-e1")):
            view = await handover_due(hospital, task.id)
            if task is blood:
                taken = (hospital.clock.now() - started).total_seconds()
            assert hospital.manager.robot(view.robot or "").waypoint == place
            await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(task.id)))
            assert (await hospital.ended(task.id)).status is TaskStatus.COMPLETED
        return taken

    site = corridor(robots_west=1, robots_east=1, siding=False, bays_west=4)
    stat = tell(lambda hospital: story(hospital, Priority.STAT), site, nurses=None)
    routine = tell(lambda hospital: story(hospital, Priority.BACKGROUND), site, nurses=None)
    assert stat < 60.0
    assert stat < routine - 20.0
