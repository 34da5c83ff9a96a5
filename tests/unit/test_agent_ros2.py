"""What the agent of a robot that runs Nav2 does when things go as they go in a hospital, in virtual time."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise
from pathlib import Path

import pytest

from maps.model import WaypointId
from robot_agents.protocol import (
    CommandDone,
    CommandFailed,
    Dock,
    HandoverDirection,
    Mode,
    ModeChanged,
    OpenCompartment,
    Pause,
    Proceed,
    Resume,
)
from robot_agents.ros2.port import (
    Announce,
    Diagnosed,
    Ended,
    LevelConfirmed,
    LoadMap,
    Navigation,
    OthersNavigate,
    Outcome,
    RideLift,
    ServerSeen,
)
from robot_agents.ros2.settings import RobotSettings
from sim.port import BodyMode, Place
from tests.builders import LIFT, ROBOT_1
from tests.contract.agent_rigs import until
from tests.nav2_rig import Nav2Rig, long_corridor, route_upstairs, with_nav2

ROW = ("home-1", *(f"p{number}" for number in range(1, 22)))


# --- driving ---------------------------------------------------------------------------------------------------


def test_it_drives_the_cleared_part_in_the_frame_of_its_own_map() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(rig.drive("d1", "home-1", "a", "home-2"))
        assert isinstance(await rig.manager.outcome("d1"), CommandDone)
        pose = rig.agent.telemetry().pose
        assert (pose.x, pose.y) == pytest.approx((5.0, 5.0), abs=0.02)
        assert rig.manager.passed() == [0, 1, 2]
        (goal,) = rig.robot.navigations
        assert goal.action is Navigation.THROUGH_POSES
        assert goal.poses[0][:2] == pytest.approx((3.0 + 5.0 * 0.7648421873, -7.0 + 5.0 * 0.6442176872))

    with_nav2(story)


def test_a_single_pose_that_nothing_follows_is_a_goal_of_navigate_to_pose() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(rig.drive("d1", "home-1", "a"))
        await rig.manager.outcome("d1")
        assert [goal.action for goal in rig.robot.navigations] == [Navigation.TO_POSE]

    with_nav2(story)


def test_with_clearance_in_time_it_never_stops_on_a_row_of_twenty_waypoints() -> None:
    async def story(rig: Nav2Rig) -> None:
        speeds: list[float] = []
        rig.manager.say(rig.drive("d1", *ROW, cleared_to=3))
        await until(lambda: 1 in rig.manager.passed())
        while not rig.manager.outcomes("d1"):
            cleared = min(21, rig.manager.passed()[-1] + 3)
            rig.manager.say(Proceed(command_id=f"p{cleared}", drive_id="d1", cleared_to=cleared))
            await asyncio.sleep(0.05)
            if 21 not in rig.manager.passed() and cleared < 21:
                speeds.append(rig.world.state(ROBOT_1).speed)
        assert rig.manager.passed() == list(range(22))
        assert min(speeds) > 0.8
        assert rig.blocks == []

    with_nav2(story, site=long_corridor())


def test_it_stops_at_the_cleared_end_and_goes_on_when_it_is_cleared_again() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(rig.drive("d1", *ROW, cleared_to=5))
        await asyncio.sleep(120.0)
        assert rig.manager.passed() == [0, 1, 2, 3, 4, 5]
        assert rig.world.state(ROBOT_1).place.x == pytest.approx(10.0)
        assert rig.blocks == []
        rig.manager.say(Proceed(command_id="p", drive_id="d1", cleared_to=21))
        assert isinstance(await rig.manager.outcome("d1"), CommandDone)
        assert len(rig.robot.navigations) == 2

    with_nav2(story, site=long_corridor())


def test_the_heading_wanted_at_the_end_is_taken_up() -> None:
    async def story(rig: Nav2Rig) -> None:
        drive = rig.drive("d1", "home-1", "a")
        nodes = (drive.nodes[0], drive.nodes[1].model_copy(update={"heading": 1.5}))
        rig.manager.say(drive.model_copy(update={"nodes": nodes}))
        await rig.manager.outcome("d1")
        assert rig.world.state(ROBOT_1).place.yaw == pytest.approx(1.5, abs=0.01)

        turned = (nodes[1].model_copy(update={"sequence": 2, "heading": -1.0}),)
        rig.manager.say(drive.model_copy(update={"command_id": "d2", "nodes": turned, "cleared_to": 2}))
        assert isinstance(await rig.manager.outcome("d2"), CommandDone)
        assert rig.world.state(ROBOT_1).place.yaw == pytest.approx(-1.0, abs=0.01)

    with_nav2(story)


def test_a_pause_cancels_the_goal_and_a_resume_sends_it_anew() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(rig.drive("d1", *ROW))
        await until(lambda: 3 in rig.manager.passed())
        rig.manager.say(Pause(command_id="pause"))
        await rig.manager.outcome("pause")
        assert rig.world.state(ROBOT_1).speed == 0.0
        await asyncio.sleep(60.0)
        assert len(rig.robot.navigations) == 1
        rig.manager.say(Resume(command_id="resume"))
        assert isinstance(await rig.manager.outcome("d1"), CommandDone)
        assert len(rig.robot.navigations) == 2
        assert len(rig.robot.navigations[1].poses) < len(rig.robot.navigations[0].poses)
        assert rig.blocks == []

    with_nav2(story, site=long_corridor())


# --- goals that fail -------------------------------------------------------------------------------------------


def test_goals_that_are_rejected_are_tried_a_few_times_ever_later_then_the_drive_fails() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.robot.rejects = "bt_navigator is inactive"
        rig.manager.say(rig.drive("d1", "home-1", "a"))
        began = asyncio.get_running_loop().time()
        outcome = await rig.manager.outcome("d1")
        assert isinstance(outcome, CommandFailed)
        assert outcome.retry
        assert outcome.reason == "the goal was rejected: bt_navigator is inactive (6 attempts)"
        assert 25.0 < asyncio.get_running_loop().time() - began < 30.0
        await asyncio.sleep(120.0)
        assert len(rig.robot.navigations) == 6
        assert rig.blocks == ["the goal was rejected: bt_navigator is inactive"]

    with_nav2(story)


def test_a_goal_outside_the_map_is_not_tried_again() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.robot.mute = True
        rig.manager.say(rig.drive("d1", "home-1", "a"))
        await until(lambda: bool(rig.robot.navigations))
        rig.robot.tell(Ended(1, Outcome.ABORTED, 204, "(5.0, 0.0)"))
        outcome = await rig.manager.outcome("d1")
        assert isinstance(outcome, CommandFailed)
        assert not outcome.retry
        assert outcome.reason == "the goal was aborted (error 204): the goal lies outside the map: (5.0, 0.0)"
        assert rig.blocks == [outcome.reason, "over"]

    with_nav2(story)


@pytest.mark.parametrize("seed", range(5))
def test_with_a_third_of_the_goals_aborted_it_still_arrives(seed: int) -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(rig.drive("d1", *ROW, cleared_to=2))
        while not rig.manager.outcomes("d1"):
            passed = rig.manager.passed()
            cleared = min(21, (passed[-1] if passed else 0) + 4)
            rig.manager.say(Proceed(command_id=f"p{cleared}", drive_id="d1", cleared_to=cleared))
            await asyncio.sleep(1.0)
        assert isinstance(rig.manager.outcomes("d1")[0], CommandDone)
        assert rig.manager.passed() == list(range(22))
        assert "the goal was aborted (error 9100): bad luck" in rig.blocks
        assert rig.blocks.count("over") * 2 == len(rig.blocks)

    with_nav2(story, site=long_corridor(), abort_share=0.3, rng=random.Random(seed))


def test_nav2_that_is_gone_is_waited_for_and_asked_once_it_is_back() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(rig.drive("d1", *ROW))
        await until(lambda: 3 in rig.manager.passed())
        rig.robot.stop_servers()
        await asyncio.sleep(300.0)
        assert rig.blocks == ["Nav2's navigate_through_poses is not there"]
        assert len(rig.robot.navigations) == 1
        rig.robot.start_servers()
        assert isinstance(await rig.manager.outcome("d1"), CommandDone)
        assert len(rig.robot.navigations) == 2
        assert rig.blocks[1:] == ["over"]

    with_nav2(story, site=long_corridor())


def test_nav2_that_was_killed_and_started_anew_between_two_looks_gets_the_goal_again() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(rig.drive("d1", *ROW))
        await until(lambda: 3 in rig.manager.passed())
        rig.robot.stop_servers()
        rig.robot.mute = False
        for action in Navigation:
            rig.robot.tell(ServerSeen(action, True, 2))
        assert isinstance(await rig.manager.outcome("d1"), CommandDone)

    with_nav2(story, site=long_corridor())


def test_nav2_that_does_not_answer_is_asked_a_few_times_only() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.robot.mute = True
        rig.manager.say(rig.drive("d1", "home-1", "a"))
        outcome = await rig.manager.outcome("d1")
        assert isinstance(outcome, CommandFailed)
        assert outcome.reason == "Nav2's navigate_to_pose does not answer (6 attempts)"
        assert len(rig.robot.navigations) == 6

    with_nav2(story)


def test_a_robot_with_a_goal_that_does_not_move_is_blocked_until_it_does() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.world.obstruct(rig.site.lanes["a-b"].id, "a bed")  # type: ignore[index]
        rig.manager.say(rig.drive("d1", "home-1", "a", "b"))
        await asyncio.sleep(40.0)
        assert rig.blocks == ["Nav2 has a goal, and the robot has not moved for 15 s"]
        rig.world.clear_obstacle(rig.site.lanes["a-b"].id)  # type: ignore[index]
        await rig.manager.outcome("d1")
        assert rig.blocks[1:] == ["over"]
        assert len(rig.robot.navigations) == 1

    with_nav2(story)


def test_arriving_elsewhere_than_asked_is_no_arrival() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.robot.mute = True
        rig.manager.say(rig.drive("d1", "home-1", "a"))
        await until(lambda: bool(rig.robot.navigations))
        rig.robot.tell(Ended(1, Outcome.SUCCEEDED))
        await until(lambda: bool(rig.blocks))
        assert rig.blocks == ["Nav2 says it arrived, but it is 5.0 m from a"]
        assert rig.manager.passed() == [0]

    with_nav2(story)


# --- others, silence, faults -----------------------------------------------------------------------------------


def test_when_somebody_else_sends_the_robot_it_counts_as_taken_by_hand() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(rig.drive("d1", *ROW))
        await until(lambda: 3 in rig.manager.passed())
        rig.robot.tell(OthersNavigate(Navigation.TO_POSE, True))
        outcome = await rig.manager.outcome("d1")
        assert isinstance(outcome, CommandFailed)
        assert outcome.retry
        assert outcome.reason == "somebody else drives the robot (navigate_to_pose)"
        await asyncio.sleep(30.0)
        assert len(rig.robot.navigations) == 1
        rig.robot.tell(OthersNavigate(Navigation.TO_POSE, False))
        await until(lambda: rig.modes == ["manual", "automatic"])
        back: ModeChanged = rig.of_type(ModeChanged)[-1]
        assert back.pose is not None
        assert back.pose.level == "L1"

    with_nav2(story, site=long_corridor())


def test_a_robot_whose_position_falls_silent_is_stopped_and_goes_on_when_it_is_heard_again() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(rig.drive("d1", *ROW))
        await until(lambda: 3 in rig.manager.passed())
        rig.robot.silent = True
        await until(lambda: rig.modes == ["error"])
        assert rig.of_type(ModeChanged)[0].reason == "no position for 5 s"
        await asyncio.sleep(10.0)
        assert rig.world.state(ROBOT_1).speed == 0.0
        rig.robot.silent = False
        assert isinstance(await rig.manager.outcome("d1"), CommandDone)
        assert rig.modes == ["error", "automatic"]

    with_nav2(story, site=long_corridor())


def test_a_lost_robot_and_a_broken_one_stand_in_error_mode_and_say_why() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(rig.drive("d1", *ROW))
        await until(lambda: 3 in rig.manager.passed())
        rig.robot.tell(Diagnosed("lidar", "no scan for 2 s"))
        await until(lambda: rig.modes == ["error"])
        assert rig.of_type(ModeChanged)[0].reason == "lidar: no scan for 2 s"
        await asyncio.sleep(5.0)
        assert rig.world.state(ROBOT_1).speed == 0.0
        rig.robot.tell(Diagnosed("lidar", ""))
        await until(lambda: rig.modes == ["error", "automatic"])

        spread = rig.robot.set_uncertain
        spread(True)
        await until(lambda: rig.modes[2:] == ["error"])
        assert rig.of_type(ModeChanged)[2].reason == "localisation lost: the position is known to within 5.0 m only"
        spread(False)
        assert isinstance(await rig.manager.outcome("d1"), CommandDone)

    with_nav2(story, site=long_corridor())


def test_some_diagnostics_can_be_ignored() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.robot.tell(Diagnosed("wifi: signal", "weak"))
        await asyncio.sleep(5.0)
        assert rig.modes == []

    with_nav2(story, settings=RobotSettings(ignored_diagnostics=("wifi",)))


def test_a_robot_beside_its_lane_says_where_it_is_and_why_and_far_off_it_stands() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(rig.drive("d1", *ROW))
        await until(lambda: 3 in rig.manager.passed())
        rig.world.lead_astray(ROBOT_1, 0.0, 1.2, noticed=False)
        await until(lambda: bool(rig.off_routes))
        (off,) = rig.off_routes
        assert off.distance == pytest.approx(1.2, abs=0.05)
        assert "is 1.2 m from the nearest lane, p" in off.reason
        assert "its localisation drifts" in off.reason
        rig.world.lead_astray(ROBOT_1, 0.0, 8.0, noticed=False)
        await asyncio.sleep(20.0)
        assert rig.world.state(ROBOT_1).speed == 0.0
        assert len(rig.off_routes) == 1
        rig.world.lead_astray(ROBOT_1, 0.0, 0.0, noticed=False)
        assert isinstance(await rig.manager.outcome("d1"), CommandDone)
        (back,) = rig.of_type(ModeChanged)
        assert (back.mode, back.reason) == (Mode.AUTOMATIC, "back on its lane")

    with_nav2(story, site=long_corridor())


def test_taken_by_hand_the_drive_fails_and_given_back_it_says_at_which_waypoint_it_is() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(rig.drive("d1", *ROW))
        await until(lambda: 3 in rig.manager.passed())
        rig.world.push(
            ROBOT_1, Place(rig.site.waypoints[WaypointId("p9")].level, 18.0, 0.0, 0.0, WaypointId("p9")), "x"
        )
        outcome = await rig.manager.outcome("d1")
        assert isinstance(outcome, CommandFailed)
        assert outcome.retry
        rig.world.set_mode(ROBOT_1, BodyMode.AUTOMATIC, "key")
        await until(lambda: rig.modes == ["manual", "automatic"])
        assert rig.of_type(ModeChanged)[-1].waypoint == "p9"

    with_nav2(story, site=long_corridor())


# --- lifts -----------------------------------------------------------------------------------------------------


async def _ride(rig: Nav2Rig) -> None:
    """Drive into the car, be carried, and drive to the ward."""
    rig.manager.say(route_upstairs(rig.site, "d1", cleared_to=3))
    rig.world.call_lift(LIFT, "test", rig.site.lifts[LIFT].levels[0], lease=1e6)
    await until(lambda: 3 in rig.manager.passed())
    rig.manager.say(Proceed(command_id="p1", drive_id="d1", cleared_to=4))
    await until(lambda: 4 in rig.manager.passed())
    assert rig.agent.telemetry().pose.level == "L1"
    rig.world.call_lift(LIFT, "test", rig.site.lifts[LIFT].levels[1], lease=1e6)
    await asyncio.sleep(20.0)
    assert 5 not in rig.manager.passed()
    rig.manager.say(Proceed(command_id="p2", drive_id="d1", cleared_to=8))
    assert isinstance(await rig.manager.outcome("d1"), CommandDone)
    assert rig.manager.passed() == list(range(9))
    pose = rig.agent.telemetry().pose
    assert pose.level == "L2"
    assert (pose.x, pose.y) == pytest.approx((0.0, 0.0), abs=0.02)
    assert rig.blocks == []


def test_it_rides_a_lift_and_finds_itself_on_the_map_of_the_other_level() -> None:
    async def story(rig: Nav2Rig) -> None:
        await _ride(rig)
        assert [r for r in rig.robot.asked if isinstance(r, LoadMap)] == [LoadMap("L2.yaml")]
        (ride,) = (r for r in rig.robot.asked if isinstance(r, RideLift))
        assert (ride.lift, ride.from_level, ride.to_level) == ("lift", "L1", "L2")

    with_nav2(story)


def test_without_an_action_for_lifts_the_clearance_tells_that_it_is_there() -> None:
    with_nav2(_ride, offers={"dock", "open_compartment", "announce", "map_server/load_map"})


def test_a_person_can_say_on_which_level_the_robot_is() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.robot.tell(LevelConfirmed("L2"))
        await until(lambda: bool(rig.of_type(ModeChanged)))
        report: ModeChanged = rig.of_type(ModeChanged)[0]
        assert report.pose is not None
        assert report.pose.level == "L2"
        assert report.reason == "its level was confirmed: L2"
        assert LoadMap("L2.yaml") in rig.robot.asked

    with_nav2(story)


# --- killed and started again ----------------------------------------------------------------------------------


def test_an_agent_killed_on_the_way_goes_on_from_where_it_sees_the_robot(tmp_path: Path) -> None:
    async def story(rig: Nav2Rig) -> None:
        drive = rig.drive("d1", *ROW, cleared_to=12)
        rig.manager.say(drive)
        await until(lambda: 4 in rig.manager.passed())
        await rig.kill()
        await asyncio.sleep(5.0)
        rig.start_again()
        hellos = rig.manager.connections
        await until(lambda: rig.manager.connections > hellos)
        speed = rig.world.state(ROBOT_1).speed
        assert speed > 0.9
        rig.manager.say(drive.model_copy(update={"cleared_to": 21}))
        slowest = 1.0
        while 15 not in rig.manager.passed():
            await asyncio.sleep(0.1)
            slowest = min(slowest, rig.world.state(ROBOT_1).speed)
        assert slowest > 0.9
        assert isinstance(await rig.manager.outcome("d1"), CommandDone)
        passed = rig.manager.passed()
        assert passed == list(range(22))

    with_nav2(story, site=long_corridor(), path=tmp_path / "robot-1.ros2.json")


def test_an_agent_killed_in_the_lift_knows_its_level_again(tmp_path: Path) -> None:
    async def story(rig: Nav2Rig) -> None:
        await _ride(rig)
        await rig.kill()
        rig.start_again()
        connections = rig.manager.connections
        await until(lambda: rig.manager.connections > connections)
        await until(lambda: rig.manager.telemetry[-1].pose.level == "L2")

    with_nav2(story, path=tmp_path / "robot-1.ros2.json")


# --- what it does beside driving -------------------------------------------------------------------------------


def test_a_hand_over_is_announced_in_words() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(
            OpenCompartment(
                command_id="open", step_id="s", compartment="main", direction=HandoverDirection.UNLOAD, items=("blood",)
            )
        )
        await rig.manager.outcome("open")
        assert Announce("Please take your goods from compartment main.", "en", 0.7) in rig.robot.asked

    with_nav2(story)


def test_a_robot_s_own_error_code_and_words_are_kept_as_the_reason() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(Dock(command_id="dock", charger="home-2"))
        outcome = await rig.manager.outcome("dock")
        assert isinstance(outcome, CommandFailed)
        reason = "dock home-2 was aborted (error 2): the robot does not stand at charger home-2"
        assert outcome.reason == reason
        assert any(text == reason for _, text in rig.robot.said)

    with_nav2(story)


def test_the_numbers_asked_of_the_robot_never_repeat() -> None:
    async def story(rig: Nav2Rig) -> None:
        rig.manager.say(rig.drive("d1", *ROW, cleared_to=1))
        for cleared in range(2, 22):
            await until(lambda cleared=cleared: cleared - 1 in rig.manager.passed())  # type: ignore[misc]
            rig.manager.say(Proceed(command_id=f"p{cleared}", drive_id="d1", cleared_to=cleared))
        await rig.manager.outcome("d1")
        lengths = [len(goal.poses) for goal in rig.robot.navigations]
        assert lengths == [1] * 21
        ends = [goal.poses[-1] for goal in rig.robot.navigations]
        assert all(one != other for one, other in pairwise(ends))

    with_nav2(story, site=long_corridor())
