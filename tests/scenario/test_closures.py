"""A person closes a part of the house for a while: robots in it leave, others find another way or wait."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from fleet_manager.domain.closures import Area
from fleet_manager.domain.errors import InvalidRequest, NotFound
from fleet_manager.domain.events import NodePassed
from fleet_manager.domain.tasks import Actor, Priority, TaskStatus
from fleet_manager.orchestration.commands import ChangeRobot, EndClosure, RobotAction, StartClosure
from fleet_manager.orchestration.views import ClosureView
from maps.model import Charger, Fleet, HoldingPoint, LaneId, LevelId, Robot, RobotId, Site
from sim import faults
from sim.harness import Hospital
from tests.builders import FLEET, L1, ROBOT_1, ROBOT_2, lanes_both_ways, site_of, waypoint
from tests.hospitals import PROMPT, handover_due, tell

CLEANER = Actor(id="cleaner-wu", role="facility")
CORRIDOR = Area(level=L1, polygon=((9.0, -1.0), (15.0, -1.0), (15.0, 1.0), (9.0, 1.0)))
WARD = Area(level=L1, polygon=((24.0, -2.0), (28.0, -2.0), (28.0, 2.0), (24.0, 2.0)))
HOME_1 = Area(level=L1, polygon=((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)))
HOME_2 = Area(level=L1, polygon=((-1.0, -9.0), (2.0, -9.0), (2.0, -7.0), (-1.0, -7.0)))


def two_ways() -> Site:
    """The short way from the pharmacy to the ward leads through the corridor, the long one round it.

    ```
              pharmacy(5,6)     bay(12,5)
                  │                 │
    home-1(0,0) ─ a(5,0) ─── corridor(12,0) ─── b(20,0) ── ward(26,0)
                  │                             │
    home-2(0,-8) ─ south(5,-8) ──────────── east(20,-8)
    ```
    """
    home_1, a, corridor, b, ward = (
        waypoint(name, x, 0.0)
        for name, x in (("home-1", 0.0), ("a", 5.0), ("corridor", 12.0), ("b", 20.0), ("ward", 26.0))
    )
    home_2, south, east = waypoint("home-2", 0.0, -8.0), waypoint("south", 5.0, -8.0), waypoint("east", 20.0, -8.0)
    pharmacy, bay = waypoint("pharmacy", 5.0, 6.0), waypoint("bay", 12.0, 5.0)
    robots = (Robot(id=ROBOT_1, home=home_1.id), Robot(id=ROBOT_2, home=home_2.id))
    return site_of(
        [home_1, a, corridor, b, ward, home_2, south, east, pharmacy, bay],
        [
            *lanes_both_ways([home_1, a, corridor, b, ward]),
            *lanes_both_ways([home_2, south, east, b]),
            *lanes_both_ways([a, south]),
            *lanes_both_ways([a, pharmacy]),
            *lanes_both_ways([corridor, bay]),
        ],
        fleets=[Fleet(id=FLEET, robots=robots)],
        chargers=[Charger(waypoint=home_1.id), Charger(waypoint=home_2.id)],
        holding_points=[HoldingPoint(waypoint=bay.id, parking=True)],
    )


async def _close(
    hospital: Hospital, *, area: Area | None = None, lanes: tuple[str, ...] = (), minutes: float = 30.0
) -> ClosureView:
    until = hospital.clock.now() + timedelta(minutes=minutes)
    request = StartClosure(actor=CLEANER, area=area, lanes=lanes, until=until, reason="the floor is wet")
    view = await hospital.manager.do(request)
    assert isinstance(view, ClosureView)
    return view


def _visited(hospital: Hospital, robot: RobotId) -> list[str]:
    return [r.event.waypoint for r in hospital.store.log if isinstance(r.event, NodePassed) and r.event.robot == robot]


def test_robots_under_way_are_led_round_a_wet_floor() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("pharmacy", "ward")
        view = await handover_due(hospital, asked.id)
        closure = await _close(hospital, area=CORRIDOR)
        assert {"a-corridor", "corridor-b", "corridor-bay"} <= set(closure.lanes)
        done = await hospital.ended(asked.id)
        assert done.status is TaskStatus.COMPLETED
        way = _visited(hospital, RobotId(view.robot or ""))
        assert "corridor" not in way
        assert "east" in way

    tell(story, two_ways())


def test_single_lanes_can_be_closed_too() -> None:
    async def story(hospital: Hospital) -> None:
        await _close(hospital, lanes=("a-corridor",))
        there = await hospital.request("pharmacy", "ward")
        done = await hospital.ended(there.id)
        assert done.status is TaskStatus.COMPLETED
        assert "corridor" not in _visited(hospital, RobotId(done.robot or ""))[:8]

    tell(story, two_ways())


def test_a_robot_in_the_closed_area_leaves_it_and_comes_home_later() -> None:
    async def story(hospital: Hospital) -> None:
        await asyncio.sleep(60)
        assert hospital.manager.robot("robot-2").waypoint == "home-2"
        await _close(hospital, area=HOME_2, minutes=10)
        await asyncio.sleep(60)
        assert hospital.manager.robot("robot-2").waypoint not in ("home-2", None)
        assert hospital.manager.robot("robot-1").waypoint == "home-1"
        await asyncio.sleep(600)
        assert hospital.manager.closures() == []
        assert hospital.manager.robot("robot-2").waypoint == "home-2"

    tell(story, two_ways())


def test_a_robot_whose_home_is_closed_rests_elsewhere_and_not_where_others_deliver() -> None:
    async def story(hospital: Hospital) -> None:
        closure = await _close(hospital, area=HOME_1, minutes=30)
        done = await hospital.ended((await hospital.request("pharmacy", "ward")).id)
        await asyncio.sleep(120)
        assert hospital.manager.robot(done.robot or "").waypoint != "ward"
        assert {r.waypoint for r in hospital.manager.robots()} == {"bay", "home-2"}
        await hospital.manager.do(EndClosure(actor=CLEANER, closure=closure.id))
        await asyncio.sleep(120)
        assert {r.waypoint for r in hospital.manager.robots()} == {"home-1", "home-2"}

    tell(story, two_ways())


def test_a_robot_that_can_not_leave_the_area_is_told_of() -> None:
    async def story(hospital: Hospital) -> None:
        await asyncio.sleep(60)
        await hospital.manager.do(ChangeRobot(actor=CLEANER, robot=ROBOT_2, action=RobotAction.PAUSE))
        closure = await _close(hospital, area=HOME_2)
        await asyncio.sleep(30)
        assert [(a.kind, a.subject) for a in hospital.manager.alerts()] == [("inside_closure", "robot-2")]
        await hospital.manager.do(ChangeRobot(actor=CLEANER, robot=ROBOT_2, action=RobotAction.RESUME))
        await asyncio.sleep(60)
        assert hospital.manager.alerts() == []
        assert hospital.manager.robot("robot-2").waypoint != "home-2"
        assert closure.id == hospital.manager.closures()[0].id

    tell(story, two_ways())


def test_what_goes_to_a_closed_place_waits_in_the_queue_and_says_until_when() -> None:
    async def story(hospital: Hospital) -> None:
        closure = await _close(hospital, area=WARD, minutes=20)
        assert closure.until is not None
        asked = await hospital.request("pharmacy", "ward", priority=Priority.URGENT)
        await asyncio.sleep(300)
        waiting = await hospital.manager.task(asked.id)
        assert waiting.status is TaskStatus.QUEUED
        assert f"closed until {closure.until:%H:%M} UTC: the floor is wet" in {r.text for r in waiting.reasons}
        assert [(a.kind, a.subject) for a in hospital.manager.alerts()] == [("task_shut_out", asked.id)]
        done = await hospital.ended(asked.id)
        assert done.status is TaskStatus.COMPLETED
        assert done.ended_at is not None
        assert done.ended_at > closure.until
        assert hospital.manager.alerts() == []

    tell(story, two_ways())


def test_a_task_without_goods_goes_back_to_the_queue() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("ward", "pharmacy")
        await asyncio.sleep(8)
        assert (await hospital.manager.task(asked.id)).status is TaskStatus.UNDERWAY
        await _close(hospital, area=WARD, minutes=20)
        await asyncio.sleep(60)
        waiting = await hospital.manager.task(asked.id)
        assert waiting.status is TaskStatus.QUEUED
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story, two_ways())


@pytest.mark.parametrize("reopened_early", [True, False])
def test_goods_wait_on_their_robot_aside_until_the_place_is_open(reopened_early: bool) -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("pharmacy", "ward")
        while (view := await hospital.manager.task(asked.id)).picked_up_at is None:
            await asyncio.sleep(1)
        closure = await _close(hospital, area=WARD, minutes=20)
        await asyncio.sleep(120)
        robot = hospital.manager.robot(view.robot or "")
        assert robot.waiting_for is not None
        assert robot.waiting_for.until == closure.until
        assert "ward is closed until" in robot.waiting_for.because
        assert [(a.kind, a.subject) for a in hospital.manager.alerts()] == [("way_closed", robot.id)]
        if reopened_early:
            await hospital.manager.do(EndClosure(actor=CLEANER, closure=closure.id))
        done = await hospital.ended(asked.id)
        assert (done.status, done.robot) == (TaskStatus.COMPLETED, view.robot)
        assert done.ended_at is not None
        assert closure.until is not None
        assert (done.ended_at < closure.until) == reopened_early
        assert hospital.manager.alerts() == []

    tell(story, two_ways())


def test_a_closure_survives_a_restart_and_ends_on_time() -> None:
    async def story(hospital: Hospital) -> None:
        closure = await _close(hospital, area=WARD, minutes=20)
        await hospital.kill_manager()
        await asyncio.sleep(300)
        await hospital.start_manager()
        await asyncio.sleep(1)
        assert hospital.manager.closures() == [closure]
        asked = await hospital.request("pharmacy", "ward")
        await asyncio.sleep(60)
        assert (await hospital.manager.task(asked.id)).status is TaskStatus.QUEUED
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
        assert hospital.manager.closures() == []

    tell(story, two_ways())


def test_a_lane_that_something_blocks_is_a_closure_as_well() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("pharmacy", "ward")
        await handover_due(hospital, asked.id)
        faults.lane_obstructed(hospital.world, LaneId("corridor-b"), "a bed", seconds=400.0)
        async with asyncio.timeout(600):
            while not hospital.manager.closures():
                await asyncio.sleep(1)
        closure = hospital.manager.closures()[0]
        assert (closure.kind, closure.lanes) == ("blocked", ("corridor-b",))
        assert closure.until is not None
        assert (closure.until - closure.since).total_seconds() == PROMPT.closure
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story, two_ways())


@pytest.mark.parametrize(
    ("asked", "field", "says"),
    [
        ({"lanes": ("a-corridr",)}, "lanes.0", "no lane 'a-corridr'"),
        ({"area": Area(level=LevelId("L9"), polygon=CORRIDOR.polygon)}, "area.level", "no level 'L9'"),
        ({"area": Area(level=L1, polygon=((0, 0), (4, 4), (4, 0), (0, 4)))}, "area.polygon", "no simple polygon"),
        ({"area": Area(level=L1, polygon=((0, 0), (1, 1), (2, 2)))}, "area.polygon", "has no extent"),
        ({"area": Area(level=L1, polygon=((50, 50), (51, 50), (51, 51)))}, "area", "no lane of level L1 touches it"),
        ({"area": CORRIDOR, "minutes": -1.0}, "until", "is in the past"),
    ],
)
def test_what_can_not_be_closed_is_refused(asked: dict[str, Any], field: str, says: str) -> None:
    async def story(hospital: Hospital) -> None:
        with pytest.raises(InvalidRequest, match=says) as refused:
            await _close(hospital, **asked)
        assert refused.value.field == field
        with pytest.raises(NotFound, match="no closure C000001"):
            await hospital.manager.do(EndClosure(actor=CLEANER, closure="C000001"))
        assert hospital.manager.closures() == []

    tell(story, two_ways())
