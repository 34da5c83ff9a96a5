"""What exploring found: each story once lost a report, goods or a robot."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from fleet_manager.domain.events import ItemsHandedOver, RobotRehomed, TaskEnded
from fleet_manager.domain.missions import StepStatus
from fleet_manager.domain.tasks import Actor, TaskId, TaskStatus
from fleet_manager.orchestration.commands import (
    CancelTask,
    ChangeRobot,
    HandOver,
    RetryTask,
    RobotAction,
    SendPorter,
    StartClosure,
)
from fleet_manager.orchestration.settings import Patience
from maps.model import RobotId
from sim import faults
from sim.harness import Hospital
from tests.builders import nodes_through
from tests.hospitals import HEARTBEATS, PROMPT, handover_due, tell

NURSE = Actor(id="nurse-2", role="nurse")
ROBOT = RobotId("robot-1")


async def _step_is(hospital: Hospital, status: StepStatus, number: int) -> None:
    """Wait until the step with this number of robot-1's mission has a status."""
    async with asyncio.timeout(1800):
        while True:
            mission = hospital.manager.state.mission_of(hospital.manager.state.robots[ROBOT])
            if mission is not None and mission.current == number and mission.steps[number].status is status:
                return
            await asyncio.sleep(0.1)


def test_what_a_robot_did_while_it_was_off_is_told_in_order() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _step_is(hospital, StepStatus.ACTIVE, 1)
        faults.robot_dead(hospital.world, ROBOT)
        await asyncio.sleep(10)
        faults.robot_revived(hospital.world, ROBOT)
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story)


def test_a_compartment_that_is_shut_while_it_opens_opens_again() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _step_is(hospital, StepStatus.ACTIVE, 1)
        hospital.world.close_compartment(ROBOT, "plain")
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story)


def test_nobody_loads_a_robot_for_a_task_that_was_cancelled_while_it_opened() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _step_is(hospital, StepStatus.ACTIVE, 1)
        await hospital.do(CancelTask(actor=NURSE, task=TaskId(asked.id)))
        assert (await hospital.ended(asked.id)).status is TaskStatus.CANCELLED
        assert not any(isinstance(recorded.event, ItemsHandedOver) for recorded in hospital.store.log)
        again = await hospital.request("b", "ward")
        assert (await hospital.ended(again.id)).status is TaskStatus.COMPLETED

    tell(story)


def test_goods_that_were_taken_from_a_silent_robot_are_delivered() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        task = TaskId(asked.id)
        await handover_due(hospital, asked.id)
        await hospital.do(HandOver(actor=NURSE, task=task))
        await _step_is(hospital, StepStatus.WAITING_FOR_PERSON, 3)
        hospital.network.part(ROBOT)
        await asyncio.sleep(10)
        await hospital.do(HandOver(actor=NURSE, task=task))
        await asyncio.sleep(120)
        assert (await hospital.manager.task(asked.id)).status is TaskStatus.COMPLETED
        hospital.network.heal(ROBOT)
        await asyncio.sleep(60)
        assert hospital.manager.state.robots[ROBOT].opened == ()
        ends = [recorded.event for recorded in hospital.store.log if isinstance(recorded.event, TaskEnded)]
        assert [end.outcome for end in ends] == ["delivered"]

    tell(story, nurses=None, agents=HEARTBEATS, patience=PROMPT)


def test_a_robot_that_arrives_while_its_agent_restarts_is_known_to_be_there() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        body = hospital.world.bodies[ROBOT]
        drive = None
        while drive is None:
            await asyncio.sleep(0.1)
            drive = hospital.manager.state.robots[ROBOT].drive
        while body.sequence < drive.end - 1:
            await asyncio.sleep(0.1)
        while body.pose(asyncio.get_running_loop().time())[3] == 0.0:
            await asyncio.sleep(0.1)
        while body.sequence < drive.end:
            await hospital.restart_agent(ROBOT)
            await asyncio.sleep(0.3)
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story, latency=0.5)


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_a_clock_that_somebody_sets_confuses_nobody(seconds: float) -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await asyncio.sleep(45)
        hospital.wall_clock.jump(seconds)
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
        assert hospital.manager.alerts() == []
        times = [recorded.time for recorded in hospital.store.log]
        assert times == sorted(times)

    tell(story, agents=HEARTBEATS, patience=PROMPT)


def test_a_task_that_nobody_takes_for_long_calls_for_a_person_until_somebody_does() -> None:
    async def story(hospital: Hospital) -> None:
        for robot in ("robot-1", "robot-2"):
            await hospital.do(ChangeRobot(actor=NURSE, robot=RobotId(robot), action=RobotAction.PAUSE))
        asked = await hospital.request("b", "ward")
        await asyncio.sleep(Patience().queued - 10.0)
        assert "waits_long" not in {alert.kind for alert in hospital.manager.alerts()}
        await asyncio.sleep(20.0)
        (alert,) = [alert for alert in hospital.manager.alerts() if alert.kind == "waits_long"]
        assert alert.subject == asked.id
        for robot in ("robot-1", "robot-2"):
            await hospital.do(ChangeRobot(actor=NURSE, robot=RobotId(robot), action=RobotAction.RESUME))
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
        assert "waits_long" not in {alert.kind for alert in hospital.manager.alerts()}

    tell(story)


def test_a_task_that_every_robot_has_failed_with_calls_for_a_person() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        for robot in ("robot-1", "robot-2"):
            while (await hospital.manager.task(asked.id)).robot != robot:
                await asyncio.sleep(1.0)
            taken_out = ChangeRobot(actor=NURSE, robot=RobotId(robot), action=RobotAction.OUT_OF_SERVICE)
            await hospital.do(taken_out)
            await hospital.do(replace(taken_out, action=RobotAction.RETURN_TO_SERVICE))
        await asyncio.sleep(30.0)
        assert [(a.kind, a.subject) for a in hospital.manager.alerts()] == [("no_carrier_left", asked.id)]
        await hospital.do(SendPorter(actor=NURSE, task=TaskId(asked.id)))
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
        assert hospital.manager.alerts() == []

    tell(story)


def test_robots_that_have_failed_with_a_task_do_it_when_they_may_try_again() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        for robot in ("robot-1", "robot-2"):
            while (await hospital.manager.task(asked.id)).robot != robot:
                await asyncio.sleep(1.0)
            taken_out = ChangeRobot(actor=NURSE, robot=RobotId(robot), action=RobotAction.OUT_OF_SERVICE)
            await hospital.do(taken_out)
            await hospital.do(replace(taken_out, action=RobotAction.RETURN_TO_SERVICE))
        await asyncio.sleep(30.0)
        await hospital.do(RetryTask(actor=NURSE, task=TaskId(asked.id)))
        done = await hospital.ended(asked.id)
        assert (done.status, done.robot) == (TaskStatus.COMPLETED, "robot-1")
        assert hospital.manager.alerts() == []

    tell(story)


def test_a_robot_that_is_told_to_stay_at_its_charger_goes_on_charging() -> None:
    async def story(hospital: Hospital) -> None:
        await asyncio.sleep(30.0)
        robot = hospital.manager.state.robots[ROBOT]
        assert (robot.docked, robot.waypoint) == (True, "home-1")
        hospital.world.drive(ROBOT, nodes_through(hospital.site, "home-1", first=1), 1)
        await asyncio.sleep(3600.0)
        assert hospital.world.state(ROBOT).state_of_charge == 1.0

    tell(story)


def test_a_robot_that_was_out_of_reach_when_it_was_let_go_on_goes_on() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await asyncio.sleep(5.0)
        await hospital.do(ChangeRobot(actor=NURSE, robot=ROBOT, action=RobotAction.PAUSE))
        await asyncio.sleep(5.0)
        hospital.network.part(ROBOT)
        await hospital.do(ChangeRobot(actor=NURSE, robot=ROBOT, action=RobotAction.RESUME))
        await asyncio.sleep(10.0)
        hospital.network.heal(ROBOT)
        assert (await hospital.ended(asked.id)).robot == ROBOT

    tell(story, agents=HEARTBEATS, patience=PROMPT)


def test_a_robot_whose_only_bay_is_closed_rests_where_it_is() -> None:
    async def story(hospital: Hospital) -> None:
        await asyncio.sleep(5.0)
        homes = tuple(lane for lane in hospital.site.lanes if "home" in lane)
        until = hospital.clock.now() + timedelta(minutes=10)
        await hospital.do(StartClosure(actor=NURSE, lanes=homes, until=until, reason="the floor is wet"))
        await asyncio.sleep(120.0)
        rehomed = [recorded for recorded in hospital.store.log if isinstance(recorded.event, RobotRehomed)]
        assert len(rehomed) <= len(hospital.world.bodies)

    tell(story)


def test_robots_are_planned_round_one_that_stays_while_a_porter_walks() -> None:
    """A porter finds the way alone, and has no part in the plan of the floor."""

    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _step_is(hospital, StepStatus.ACTIVE, 0)
        walked = await hospital.request("ward", "b")
        await hospital.do(SendPorter(actor=NURSE, task=TaskId(walked.id)))
        async with asyncio.timeout(60):
            while hospital.manager.state.robots[RobotId("porter-1")].drive is None:
                await asyncio.sleep(0.1)
        await hospital.do(ChangeRobot(actor=NURSE, robot=ROBOT, action=RobotAction.OUT_OF_SERVICE))
        await asyncio.sleep(20)
        await hospital.do(ChangeRobot(actor=NURSE, robot=ROBOT, action=RobotAction.RETURN_TO_SERVICE))
        for task in (asked, walked):
            assert (await hospital.ended(task.id)).status is TaskStatus.COMPLETED

    tell(story)
