"""The agent of a robot that runs Nav2 among real processes: they die, they come back, and nothing is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from maps.model import LaneId
from robot_agents.protocol import CommandDone, CommandFailed
from tests.builders import L1, L2, LIFT, ROBOT_1, corridor_site
from tests.contract.agent_rigs import until
from tests.nav2_rig import FRAMES, long_corridor, route_upstairs
from tests.ros.agent_stage import SPEED, RosStage, with_ros
from tests.ros.stage import needs_ros

pytestmark = needs_ros

ROW = ("home-1", *(f"p{number}" for number in range(1, 22)))
END = 21


async def _clear_ahead(stage: RosStage, *, ahead: int) -> list[float]:
    """Clear so many nodes ahead of the robot, until the drive has an outcome; answers its speeds between the ends."""
    speeds = []
    cleared = 0
    while not stage.manager.outcomes("d1"):
        passed = stage.manager.passed()
        to = min(END, (passed[-1] if passed else 0) + ahead)
        if to > cleared:
            stage.clear("d1", to)
            cleared = to
        await asyncio.sleep(0.1)
        if passed and passed[-1] >= 1 and stage.x < 2.0 * END - 2.0:
            speeds.append(stage.speed)
    return speeds


def test_cleared_bit_by_bit_it_crosses_twenty_waypoints_without_a_stop(tmp_path: Path) -> None:
    async def story(stage: RosStage) -> None:
        stage.manager.say(stage.drive("d1", *ROW, cleared_to=4))
        speeds = await _clear_ahead(stage, ahead=4)
        assert isinstance(stage.manager.outcomes("d1")[0], CommandDone)
        assert stage.way == list(range(END + 1))
        assert len(speeds) > 50
        assert min(speeds) > 0.5
        assert stage.blocks == []

    with_ros(story, tmp_path, long_corridor())


def test_when_the_manager_falls_silent_it_never_passes_its_cleared_end(tmp_path: Path) -> None:
    async def story(stage: RosStage) -> None:
        stage.manager.say(stage.drive("d1", *ROW, cleared_to=6))
        await stage.passed(2)
        stage.line.cut()
        farthest = 0.0
        for _ in range(600):
            await asyncio.sleep(0.1)
            farthest = max(farthest, stage.x)
        assert 11.9 < farthest <= 12.0 + 1e-6
        assert stage.speed == 0.0
        stage.line.restore()
        await stage.passed(6)
        stage.clear("d1", END)
        assert isinstance(await stage.manager.outcome("d1"), CommandDone)
        assert stage.way == list(range(END + 1))

    with_ros(story, tmp_path, long_corridor())


def test_with_a_third_of_the_goals_aborted_it_arrives(tmp_path: Path) -> None:
    async def story(stage: RosStage) -> None:
        stage.manager.say(stage.drive("d1", *ROW, cleared_to=4))
        await _clear_ahead(stage, ahead=4)
        assert isinstance(stage.manager.outcomes("d1")[0], CommandDone)
        assert stage.way == list(range(END + 1))
        assert "the goal was aborted (error 9100): bad luck" in stage.blocks
        assert stage.blocks[-1] == "over"

    with_ros(story, tmp_path, long_corridor(), abort_share=0.3, seed=2)


def test_nav2_is_killed_and_started_again_on_the_way(tmp_path: Path) -> None:
    async def story(stage: RosStage) -> None:
        stage.manager.say(stage.drive("d1", *ROW))
        await stage.passed(4)
        stage.nav2.kill()
        await asyncio.sleep(2.0 * SPEED)
        stage.nav2.start_again()
        await until(lambda: bool(stage.manager.outcomes("d1")), within=60.0 * SPEED)
        assert isinstance(stage.manager.outcomes("d1")[0], CommandDone)
        assert stage.way == list(range(END + 1))

    with_ros(story, tmp_path, long_corridor())


def test_the_agent_is_killed_on_the_way_and_goes_on_from_where_it_sees_the_robot(tmp_path: Path) -> None:
    async def story(stage: RosStage) -> None:
        drive = stage.drive("d1", *ROW, cleared_to=12)
        stage.manager.say(drive)
        await stage.passed(4)
        stage.manager.acknowledge(stage.manager.reports[-1].number)
        stage.agent.kill()
        stage.agent.start_again()
        await stage.connected(2)
        stage.manager.say(drive.model_copy(update={"cleared_to": END}))
        assert isinstance(await stage.manager.outcome("d1"), CommandDone)
        assert stage.way == list(range(END + 1))
        numbers = list(dict.fromkeys(report.number for report in stage.manager.reports))
        assert numbers == list(range(1, len(numbers) + 1))

    with_ros(story, tmp_path, long_corridor())


def test_the_network_is_cut_for_a_minute_and_every_report_comes_in_order(tmp_path: Path) -> None:
    async def story(stage: RosStage) -> None:
        stage.manager.say(stage.drive("d1", *ROW))
        await stage.passed(3)
        stage.line.cut()
        before = len(stage.manager.reports)
        await asyncio.sleep(60.0)
        assert len(stage.manager.reports) == before
        stage.line.restore()
        assert isinstance(await stage.manager.outcome("d1"), CommandDone)
        numbers = list(dict.fromkeys(report.number for report in stage.manager.reports))
        assert numbers == list(range(1, len(numbers) + 1))
        assert stage.way == list(range(END + 1))

    with_ros(story, tmp_path, long_corridor())


def test_a_ride_in_a_lift_ends_on_the_other_level_s_map(tmp_path: Path) -> None:
    async def story(stage: RosStage) -> None:
        below, above = stage.site.lifts[LIFT].levels
        stage.world.call_lift(LIFT, "test", below, lease=1e6)
        stage.manager.say(route_upstairs(stage.site, "d1", cleared_to=4))
        await stage.passed(4)
        stage.world.call_lift(LIFT, "test", above, lease=1e6)
        await until(lambda: stage.world.state(ROBOT_1).place.level == above)
        await asyncio.sleep(3.0 * SPEED)
        assert 5 not in stage.manager.passed()
        stage.clear("d1", 8)
        assert isinstance(await stage.manager.outcome("d1"), CommandDone)
        assert stage.way == list(range(9))
        assert stage.manager.telemetry[-1].pose.level == above
        assert stage.blocks == []

    with_ros(story, tmp_path, corridor_site())


def test_a_robot_that_another_client_of_nav2_sends_off_counts_as_taken_by_hand(tmp_path: Path) -> None:
    def send_home(domain: int) -> str | None:
        from tests.ros.nav2_client import RobotClient, Ros

        ros = Ros(domain)
        try:
            client = RobotClient(ros, "/robot_1")
            home = FRAMES[L1]
            return client.wait(client.go_through((home.x, home.y))).status
        finally:
            ros.close()

    async def story(stage: RosStage) -> None:
        stage.manager.say(stage.drive("d1", *ROW))
        await stage.passed(3)
        other = asyncio.create_task(asyncio.to_thread(send_home, stage.domain))
        outcome = await stage.manager.outcome("d1")
        assert isinstance(outcome, CommandFailed)
        assert outcome.retry
        assert outcome.reason == "somebody else drives the robot (navigate_through_poses)"
        assert await other == "succeeded"
        await until(lambda: stage.modes == ["manual", "automatic"])
        assert stage.x < 0.1

    with_ros(story, tmp_path, long_corridor())


def test_parameters_come_from_a_file_as_ros_users_write_it(tmp_path: Path) -> None:
    parameters = tmp_path / "amr.yaml"
    parameters.write_text("/robot_1/fleet_agent:\n  ros__parameters:\n    stalled_after: 7.0\n")

    async def story(stage: RosStage) -> None:
        stage.world.obstruct(LaneId("p1-p2"), "a bed")
        stage.manager.say(stage.drive("d1", *ROW))
        await until(lambda: bool(stage.blocks))
        assert stage.blocks == ["Nav2 has a goal, and the robot has not moved for 7 s"]

    with_ros(story, tmp_path, long_corridor(), "--option", f"params_file={parameters}")


def test_a_parameter_file_with_a_wrong_name_ends_the_agent_with_the_reason(tmp_path: Path) -> None:
    parameters = tmp_path / "amr.yaml"
    parameters.write_text("/**:\n  ros__parameters:\n    colour: red\n")

    async def story(stage: RosStage) -> None:
        raise AssertionError("the agent started all the same")

    with pytest.raises(RuntimeError, match="parameter colour of the ROS 2 agent: Extra inputs are not permitted"):
        with_ros(story, tmp_path, long_corridor(), "--option", f"params_file={parameters}")


def test_a_person_tells_the_agent_its_level_by_a_parameter_and_reads_of_it_in_the_log(tmp_path: Path) -> None:
    def set_level(domain: int) -> tuple[bool, list[str]]:
        from rcl_interfaces.msg import Log
        from rcl_interfaces.srv import SetParameters
        from rclpy.parameter import Parameter

        from tests.ros.nav2_client import Ros

        ros = Ros(domain)
        try:
            heard: list[str] = []
            ros.node.create_subscription(Log, "/rosout", lambda message: heard.append(message.msg), 100)
            client = ros.node.create_client(SetParameters, "/robot_1/fleet_agent/set_parameters")
            ros.until(client.service_is_ready, "the agent's parameters")
            wanted = SetParameters.Request(parameters=[Parameter("level", value=str(L2)).to_parameter_msg()])
            future = client.call_async(wanted)
            ros.until(future.done, "the answer")
            ros.until(lambda: "its level was confirmed: L2" in heard, "a line in the log")
            return future.result().results[0].successful, heard
        finally:
            ros.close()

    async def story(stage: RosStage) -> None:
        successful, _ = await asyncio.to_thread(set_level, stage.domain)
        assert successful
        await until(lambda: stage.modes == ["automatic"])
        await until(lambda: stage.manager.telemetry[-1].pose.level == L2)

    with_ros(story, tmp_path, corridor_site())
