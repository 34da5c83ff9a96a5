"""Robots that fail, fall silent, are stopped or moved by hand; managers that die."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fleet_manager.domain.errors import NotServable
from fleet_manager.domain.events import ItemsHandedOver, TaskEnded
from fleet_manager.domain.tasks import Actor, TaskId, TaskStatus
from fleet_manager.orchestration.commands import ChangeRobot, RobotAction, SendPorter
from maps.generator import generate
from maps.importers import read_any
from maps.model import FleetId, RobotId, WaypointId, ZoneClass
from robot_agents.protocol import CommandFailed, Pose, Telemetry
from sim.harness import Hospital
from sim.port import BodyMode, Place
from sim.scenario_site import SITES
from tests.hospitals import HEARTBEATS, PROMPT, handover_due, tell

GENERAL_HOSPITAL = SITES / "general_hospital"
OPERATOR = Actor(id="operator-1", role="operator")


async def _passes(hospital: Hospital, robot: str, waypoint: str) -> None:
    async with asyncio.timeout(1800):
        while hospital.manager.robot(robot).waypoint != waypoint:
            await asyncio.sleep(0.5)


def test_a_robot_that_dies_empty_is_replaced() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("pharmacy", "ward_2b")
        await asyncio.sleep(5)
        first = (await hospital.manager.task(asked.id)).robot
        assert first is not None
        hospital.world.set_mode(RobotId(first), BodyMode.DEAD, "battery cable")
        done = await hospital.ended(asked.id)
        assert (done.status, done.mission and done.mission.leg) == (TaskStatus.COMPLETED, 2)
        assert done.robot != first
        assert hospital.manager.robot(first).status == "offline"
        assert {alert.kind for alert in hospital.manager.alerts()} == {"unreachable", "robot_failed"}

    tell(story, generate(floors=2, seed=1, robots=3), agents=HEARTBEATS, patience=PROMPT)


def test_goods_on_a_dead_robot_are_fetched_by_a_porter() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _passes(hospital, "robot-1", "lobby-2")
        hospital.world.set_mode(RobotId("robot-1"), BodyMode.DEAD, "battery cable")
        await asyncio.sleep(120)
        stranded = [alert for alert in hospital.manager.alerts() if alert.kind == "goods_stranded"]
        assert stranded[0].severity == "critical"
        assert (await hospital.manager.task(asked.id)).status is TaskStatus.UNDERWAY
        await hospital.manager.do(SendPorter(actor=OPERATOR, task=TaskId(asked.id)))
        done = await hospital.ended(asked.id)
        assert (done.status, done.robot) == (TaskStatus.COMPLETED, "porter-1")
        custody = [r.event.robot for r in hospital.store.log if isinstance(r.event, ItemsHandedOver)]
        assert custody == ["robot-1", "porter-1", "porter-1"]
        assert hospital.manager.state.robots[RobotId("robot-1")].loads == ()

    tell(story, agents=HEARTBEATS, patience=PROMPT)


def test_no_porter_is_promised_for_a_task_that_porters_may_not_do() -> None:
    """The isolation ward's store may be entered by its own robots, and no porter is trained for it."""
    site = read_any(GENERAL_HOSPITAL)
    porters = site.fleets[FleetId("porters")]
    untrained = replace(porters, zones=porters.zones - {ZoneClass.ISOLATION, ZoneClass.CONTAMINATED})
    site = replace(site, fleets={**site.fleets, porters.id: untrained})

    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("isolation_store", "isolation_room_01")
        with pytest.raises(NotServable, match="can't be done by a porter: porters has no way from isolation_store"):
            await hospital.manager.do(SendPorter(actor=OPERATOR, task=TaskId(asked.id)))
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story, site)


def test_a_robot_that_dies_after_the_last_hand_over_has_done_its_task() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        async with asyncio.timeout(3600):
            while sum(isinstance(r.event, ItemsHandedOver) for r in hospital.store.log) < 2:
                await asyncio.sleep(0.5)
        hospital.world.set_mode(RobotId("robot-1"), BodyMode.DEAD, "battery cable")
        done = await hospital.ended(asked.id)
        assert (done.status, done.outcome, done.mission and done.mission.leg) == (TaskStatus.COMPLETED, "delivered", 1)

    tell(story, agents=HEARTBEATS, patience=PROMPT)


def test_a_silent_robot_comes_back_and_goes_on() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await asyncio.sleep(5)
        hospital.network.part("robot-1")
        await asyncio.sleep(20)
        assert hospital.manager.robot("robot-1").status == "offline"
        assert (await hospital.manager.task(asked.id)).robot == "robot-1"
        hospital.network.heal("robot-1")
        done = await hospital.ended(asked.id)
        assert (done.status, done.robot, done.mission and done.mission.leg) == (TaskStatus.COMPLETED, "robot-1", 1)
        assert hospital.manager.alerts() == []

    tell(story, agents=HEARTBEATS, patience=PROMPT)


def test_an_estop_holds_and_its_release_goes_on() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _passes(hospital, "robot-1", "lobby-2")
        hospital.world.set_mode(RobotId("robot-1"), BodyMode.ESTOP, "visitor")
        await asyncio.sleep(120)
        robot = hospital.manager.robot("robot-1")
        assert (robot.mode, robot.paused) == ("estop", False)
        assert [alert.kind for alert in hospital.manager.alerts()] == ["not_automatic"]
        hospital.world.set_mode(RobotId("robot-1"), BodyMode.AUTOMATIC, "released")
        done = await hospital.ended(asked.id)
        assert (done.status, done.robot) == (TaskStatus.COMPLETED, "robot-1")

    tell(story)


def test_a_robot_that_was_pushed_elsewhere_starts_from_there() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _passes(hospital, "robot-1", "b")
        b = hospital.site.waypoints[WaypointId("a")]
        place = Place(level=b.level, x=b.x, y=b.y, yaw=0.0, waypoint=b.id)
        await _passes(hospital, "robot-1", "lobby-1")
        hospital.world.push(RobotId("robot-1"), place, "in the way")
        await asyncio.sleep(30)
        assert hospital.manager.robot("robot-1").mode == "manual"
        hospital.world.set_mode(RobotId("robot-1"), BodyMode.AUTOMATIC, "position confirmed")
        done = await hospital.ended(asked.id)
        assert (done.status, done.robot) == (TaskStatus.COMPLETED, "robot-1")

    tell(story)


def test_pause_is_a_flag_and_resume_goes_on() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _passes(hospital, "robot-1", "lobby-2")
        await hospital.manager.do(ChangeRobot(actor=OPERATOR, robot=RobotId("robot-1"), action=RobotAction.PAUSE))
        await asyncio.sleep(300)
        paused = hospital.manager.robot("robot-1")
        assert (paused.paused, paused.status, paused.waypoint) == (True, "working", "lobby-2")
        await hospital.manager.do(ChangeRobot(actor=OPERATOR, robot=RobotId("robot-1"), action=RobotAction.RESUME))
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story)


def test_out_of_service_gives_the_task_to_another_robot() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("pharmacy", "ward_2b")
        await asyncio.sleep(5)
        first = RobotId((await hospital.manager.task(asked.id)).robot or "")
        await hospital.manager.do(
            ChangeRobot(actor=OPERATOR, robot=first, action=RobotAction.OUT_OF_SERVICE, reason="wheel")
        )
        done = await hospital.ended(asked.id)
        assert done.status is TaskStatus.COMPLETED
        assert done.robot != first
        await hospital.manager.do(ChangeRobot(actor=OPERATOR, robot=first, action=RobotAction.RETURN_TO_SERVICE))
        assert hospital.manager.robot(first).status in ("idle", "charging", "working")
        assert hospital.manager.alerts() == []

    tell(story, generate(floors=2, seed=1, robots=3))


def test_a_robot_whose_drive_fails_for_good_waits_for_a_person() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("pharmacy", "ward_2b")
        await asyncio.sleep(5)
        first = RobotId((await hospital.manager.task(asked.id)).robot or "")
        hospital.network.part(first)
        state = hospital.manager.state.robots[first]
        assert state.drive is not None
        hospital.manager.agent_said(
            first,
            CommandFailed(
                robot=first,
                number=state.reports + 1,
                time=hospital.clock.now(),
                command_id=state.drive.id,
                reason="the wheel is stuck",
            ),
        )
        done = await hospital.ended(asked.id)
        assert done.status is TaskStatus.COMPLETED
        assert done.robot != first
        assert hospital.manager.robot(first).status == "error"
        await hospital.manager.do(ChangeRobot(actor=OPERATOR, robot=first, action=RobotAction.RETURN_TO_SERVICE))
        assert "robot_failed" not in {alert.kind for alert in hospital.manager.alerts()}

    tell(story, generate(floors=2, seed=1, robots=3))


def test_a_person_can_be_sent_instead_at_any_time() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await hospital.manager.do(SendPorter(actor=OPERATOR, task=TaskId(asked.id)))
        done = await hospital.ended(asked.id)
        assert (done.status, done.robot) == (TaskStatus.COMPLETED, "porter-1")

    tell(story)


@pytest.mark.parametrize("seconds", [3, 14, 40, 66, 75, 82, 100, 130])
def test_a_manager_that_is_killed_goes_on_where_it_stood(seconds: float) -> None:
    async def story(hospital: Hospital) -> None:
        tasks = [await hospital.request("b", "ward"), await hospital.request("ward", "b")]
        await asyncio.sleep(seconds)
        await hospital.kill_manager()
        await asyncio.sleep(20)
        await hospital.start_manager()
        for task in tasks:
            assert (await hospital.ended(task.id)).status is TaskStatus.COMPLETED
        events = [recorded.event for recorded in hospital.store.log]
        assert len([e for e in events if isinstance(e, TaskEnded)]) == 2
        assert len([e for e in events if isinstance(e, ItemsHandedOver)]) == 4
        assert [recorded.seq for recorded in hospital.store.log] == list(range(1, len(events) + 1))

    tell(story)


def test_goods_wait_for_their_person_through_a_restart() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        before = await handover_due(hospital, asked.id)
        await hospital.kill_manager()
        await hospital.start_manager()
        after = await handover_due(hospital, asked.id)
        assert after.handover_step == before.handover_step

    tell(story, nurses=None)


def test_a_robot_that_speaks_again_on_its_old_connection_is_back() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await asyncio.sleep(5)
        robot = RobotId("robot-1")
        telemetry = hospital.manager.poses()[robot]
        hospital.network.part("robot-1")
        await asyncio.sleep(30)
        assert hospital.manager.robot("robot-1").status == "offline"
        hospital.manager.agent_said(
            robot,
            Telemetry(
                robot=robot,
                time=hospital.clock.now(),
                pose=Pose(level=telemetry.level, x=telemetry.x, y=telemetry.y, yaw=telemetry.yaw),
                speed=0.0,
                state_of_charge=0.9,
            ),
        )
        await asyncio.sleep(1)
        assert hospital.manager.robot("robot-1").status == "working"
        hospital.network.heal("robot-1")
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story, agents=HEARTBEATS, patience=PROMPT)
