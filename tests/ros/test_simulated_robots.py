"""Simulated robots that run Nav2, as a plain rclpy client sees them: real processes, real time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import cos, hypot, sin
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from maps.model import FrameTransform, Site
from tests.builders import DOOR, FLEET, L1, L2, LIFT, corridor_site
from tests.ros.hospital import SPEED, SimulatedHospital, need_ros, simulated_hospital

if TYPE_CHECKING:
    from tests.ros.nav2_client import RobotClient, Ros

FRAMES = {L1: FrameTransform(x=3.0, y=-2.0, rotation=0.5), L2: FrameTransform(x=-1.0, y=4.0, rotation=-1.0)}
"""The robots' maps are not drawn in the site frame."""


def mapped(x: float, y: float, level: str = L1) -> tuple[float, float]:
    """A place of the site in the robots' map frame."""
    frame = {str(known): transform for known, transform in FRAMES.items()}[level]
    turned = complex(x, y) * complex(cos(frame.rotation), sin(frame.rotation))
    return frame.x + turned.real, frame.y + turned.imag


def hospital_site() -> Site:
    site = corridor_site()
    return replace(site, fleets={FLEET: replace(site.fleets[FLEET], frames=FRAMES)})


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedHospital]:
    """One for all tests of this file; each leaves its robot anywhere, and sends it where it needs it."""
    need_ros()
    with simulated_hospital(tmp_path_factory.mktemp("hospital"), hospital_site()) as hospital:
        yield hospital


@pytest.fixture(scope="module")
def ros(hospital: SimulatedHospital) -> Iterator[Ros]:
    from tests.ros.nav2_client import Ros

    ros = Ros(hospital.domain)
    yield ros
    ros.close()


@pytest.fixture(scope="module")
def robot(ros: Ros) -> RobotClient:
    from tests.ros.nav2_client import RobotClient

    return RobotClient(ros, "/robot_1")


def bring(robot: RobotClient, x: float, y: float) -> None:
    """The robot stands at a place of the lower level, and waits for what comes."""
    assert robot.wait(robot.go_to(*mapped(x, y))).status == "succeeded"


def is_at(robot: RobotClient, x: float, y: float, level: str = L1, within: float = 0.02) -> bool:
    there = mapped(x, y, level)
    return hypot(robot.place[0] - there[0], robot.place[1] - there[1]) <= within


def test_a_goal_is_driven_to_with_feedback(robot: RobotClient, ros: Ros) -> None:
    bring(robot, 0.0, 0.0)
    sent = robot.wait(robot.go_to(*mapped(5.0, 0.0)))
    assert (sent.status, sent.result.error_code) == ("succeeded", 0)
    ros.until(lambda: is_at(robot, 5.0, 0.0), "the pose of the goal")
    left = [feedback.distance_remaining for feedback in sent.feedback]
    assert left == sorted(left, reverse=True)
    assert left[0] > 4.0
    assert max(odometry.twist.twist.linear.x for odometry in robot.odometry) > 0.8


def test_poses_on_the_way_are_passed_without_a_stop(robot: RobotClient, ros: Ros) -> None:
    bring(robot, 0.0, 0.0)
    robot.odometry.clear()
    sent = robot.wait(robot.go_through(*(mapped(x, 0.0) for x in (1.0, 2.0, 3.0, 4.0, 5.0))))
    assert sent.status == "succeeded"
    remaining = [feedback.number_of_poses_remaining for feedback in sent.feedback]
    assert remaining[0] == 5
    assert remaining == sorted(remaining, reverse=True)
    assert [status.waypoint_status for status in sent.result.waypoint_statuses] == [1] * 5
    assert speed_never_zero_between(robot)


def speed_never_zero_between(robot: RobotClient) -> bool:
    """From the first moment the robot moves to the last, in what was heard since the list was cleared."""
    speeds = [odometry.twist.twist.linear.x for odometry in robot.odometry]
    moving = [index for index, speed in enumerate(speeds) if speed > 0.0]
    return bool(moving) and min(speeds[moving[0] : moving[-1] + 1]) > 0.0


def test_a_goal_that_leads_on_takes_over_without_a_stop(robot: RobotClient, ros: Ros) -> None:
    bring(robot, 0.0, 0.0)
    robot.odometry.clear()
    points = [mapped(x, 0.0) for x in (1.0, 2.0, 3.0, 4.0, 5.0)]
    first = robot.go_through(*points[:3])
    ros.until(lambda: robot.speed > 0.6, "the robot at speed")
    second = robot.go_through(*points[:4])
    assert robot.wait(first).status == "aborted"
    assert first.result.error_code == 0
    ros.until(lambda: is_at(robot, 2.4, 0.0, within=0.4), "the robot past the second pose")
    # Poses passed already may be named again or left out.
    third = robot.go_through(*points[2:])
    assert robot.wait(third).status == "succeeded"
    assert second.status == "aborted"
    ros.until(lambda: is_at(robot, 5.0, 0.0), "the end of the last goal")
    assert speed_never_zero_between(robot)


def test_a_goal_that_leads_elsewhere_takes_over_after_a_stop(robot: RobotClient, ros: Ros) -> None:
    bring(robot, 0.0, 0.0)
    first = robot.go_to(*mapped(5.0, 0.0))
    ros.until(lambda: robot.speed > 0.6, "the robot at speed")
    back = robot.wait(robot.go_to(*mapped(0.0, 0.0)))
    assert (first.status, back.status) == ("aborted", "succeeded")
    ros.until(lambda: is_at(robot, 0.0, 0.0), "the way back")


def test_a_canceled_goal_ends_at_once_and_the_robot_stops(robot: RobotClient, ros: Ros) -> None:
    bring(robot, 0.0, 0.0)
    sent = robot.go_to(*mapped(5.0, 0.0))
    ros.until(lambda: robot.speed > 0.6, "the robot at speed")
    robot.cancel(sent)
    assert robot.wait(sent).status == "canceled"
    ros.until(lambda: robot.speed == 0.0, "a robot that stands")
    ros.listen(1.0)
    assert robot.speed == 0.0
    assert not is_at(robot, 5.0, 0.0, within=1.0)


def test_waypoints_are_stopped_at(robot: RobotClient) -> None:
    bring(robot, 0.0, 0.0)
    robot.odometry.clear()
    sent = robot.wait(robot.follow(mapped(1.0, 0.0), mapped(2.0, 0.0)))
    assert sent.status == "succeeded"
    assert list(sent.result.missed_waypoints) == []
    assert {feedback.current_waypoint for feedback in sent.feedback} == {0, 1}
    assert not speed_never_zero_between(robot)


def test_one_navigator_at_a_time(robot: RobotClient, ros: Ros) -> None:
    """As Nav2's navigators do: the second kind of goal is taken and given up at once."""
    bring(robot, 0.0, 0.0)
    first = robot.go_to(*mapped(5.0, 0.0))
    second = robot.wait(robot.go_through(mapped(1.0, 0.0)))
    assert second.status == "aborted"
    assert "navigate_to_pose" in second.result.error_msg
    assert robot.wait(first).status == "succeeded"


def test_goals_that_can_not_be_driven_are_rejected(robot: RobotClient, ros: Ros, hospital: SimulatedHospital) -> None:
    bring(robot, 0.0, 0.0)
    assert robot.go_to(1.0, 1.0, frame="odom").accepted is False
    assert robot.go_through().accepted is False
    hospital.do("set_mode", "robot-1", "estop", "button pressed")
    ros.until(lambda: robot.latest["estop"].data, "the e-stop")
    assert robot.go_to(*mapped(5.0, 0.0)).accepted is False
    hospital.do("set_mode", "robot-1", "automatic", "button released")
    ros.until(lambda: not robot.latest["estop"].data, "the end of the e-stop")
    bring(robot, 1.0, 0.0)


def test_an_e_stop_ends_the_goal_and_nothing_moves_afterwards(
    robot: RobotClient, ros: Ros, hospital: SimulatedHospital
) -> None:
    bring(robot, 0.0, 0.0)
    sent = robot.go_to(*mapped(5.0, 0.0))
    ros.until(lambda: robot.speed > 0.6, "the robot at speed")
    hospital.do("set_mode", "robot-1", "estop", "button pressed")
    assert robot.wait(sent).status == "aborted"
    assert sent.result.error_msg == "estop: button pressed"
    ros.until(lambda: robot.latest["estop"].data and robot.speed == 0.0, "a robot that stands")
    hospital.do("set_mode", "robot-1", "automatic", "button released")
    ros.until(lambda: not robot.latest["estop"].data, "the end of the e-stop")
    place = robot.place
    ros.listen(1.5)
    assert robot.speed == 0.0
    assert robot.place == pytest.approx(place)


def test_a_failure_shows_in_the_diagnostics_and_a_hand_on_the_robot_in_its_topic(
    robot: RobotClient, ros: Ros, hospital: SimulatedHospital
) -> None:
    hospital.do("set_mode", "robot-1", "error", "a wheel is blocked")
    ros.until(lambda: "a wheel is blocked" in [s.message for s in robot.latest["diagnostics"].status], "the failure")
    hospital.do("set_mode", "robot-1", "manual", "pushed")
    ros.until(lambda: robot.latest["manual_mode"].data, "manual mode")
    hospital.do("set_mode", "robot-1", "automatic", "")
    ros.until(lambda: not robot.latest["manual_mode"].data, "automatic mode")
    ros.until(lambda: {s.level for s in robot.latest["diagnostics"].status} == {b"\0"}, "good health")


def test_a_closed_door_is_waited_for(robot: RobotClient, ros: Ros, hospital: SimulatedHospital) -> None:
    bring(robot, 5.0, 0.0)
    sent = robot.go_to(*mapped(10.0, 0.0))
    ros.listen(1.0)
    assert is_at(robot, 5.0, 0.0)
    hospital.do("open_door", DOOR, "somebody")
    assert robot.wait(sent).status == "succeeded"
    hospital.do("release_door", DOOR, "somebody")
    hospital.do("open_door", DOOR, "somebody else")
    bring(robot, 5.0, 0.0)
    hospital.do("release_door", DOOR, "somebody else")


def test_docking_charges_and_a_navigation_goal_undocks(robot: RobotClient, ros: Ros) -> None:
    bring(robot, 1.0, 0.0)
    away = robot.wait(robot.dock("home-1"))
    assert (away.status, away.result.error_code) == ("aborted", 2)
    bring(robot, 0.0, 0.0)
    sent = robot.wait(robot.dock("home-1"))
    assert (sent.status, sent.result.error_code) == ("succeeded", 0)
    assert [feedback.phase for feedback in sent.feedback] == ["contacting", "charging"]
    ros.until(lambda: robot.latest["battery_state"].power_supply_status == 1, "current")
    assert 0.0 <= robot.latest["battery_state"].percentage <= 1.0
    bring(robot, 1.0, 0.0)
    ros.until(lambda: robot.latest["battery_state"].power_supply_status == 2, "no current")


def test_a_compartment_opens_and_closes(robot: RobotClient) -> None:
    assert robot.wait(robot.move_compartment("main", opened=True)).status == "succeeded"
    assert robot.wait(robot.move_compartment("main", opened=False)).status == "succeeded"
    sent = robot.wait(robot.move_compartment("attic", opened=True))
    assert (sent.status, sent.result.error_code) == ("aborted", 2)


def test_something_is_said(robot: RobotClient) -> None:
    sent = robot.wait(robot.announce("Please load the main compartment."))
    assert (sent.status, sent.feedback[-1].progress) == ("succeeded", 1.0)


def test_nav2_is_active(robot: RobotClient) -> None:
    assert {robot.state_of(server) for server in ("amcl", "bt_navigator")} == {"active"}


def test_a_lift_is_ridden_and_the_map_switched(robot: RobotClient, ros: Ros, hospital: SimulatedHospital) -> None:
    hospital.do("open_door", DOOR, "test")
    hospital.do("call_lift", LIFT, "test", L1)
    not_in_car = robot.wait(robot.ride(LIFT, L1, L2))
    assert (not_in_car.status, not_in_car.result.error_code) == ("aborted", 2)
    sent = robot.go_through(*(mapped(x, 0.0) for x in (5.0, 10.0, 20.0, 22.0)))
    assert robot.wait(sent, within=60.0).status == "succeeded"
    ride = robot.ride(LIFT, L1, L2)
    hospital.do("call_lift", LIFT, "test", L2)
    assert robot.wait(ride).status == "succeeded"
    assert (ride.feedback[-1].level, ride.feedback[-1].doors_open) == (L2, True)

    # Its map is still that of the level below.
    assert robot.go_to(*mapped(20.0, 0.0, L2)).accepted is False
    assert robot.load_map("file:///maps/L3.yaml") == 1
    assert robot.load_map("file:///maps/L2.yaml") == 0
    assert robot.go_to(*mapped(20.0, 0.0, L2)).accepted is False
    robot.set_initial_pose(0.0, 0.0)
    assert robot.amcl_poses[-1].pose.covariance[0] > 1.0
    assert robot.go_to(*mapped(20.0, 0.0, L2)).accepted is False
    robot.set_initial_pose(*mapped(22.0, 0.0, L2))
    found = robot.amcl_poses[-1].pose
    assert found.covariance[0] < 0.1
    assert (found.pose.position.x, found.pose.position.y) == pytest.approx(mapped(22.0, 0.0, L2))
    assert robot.wait(robot.go_to(*mapped(20.0, 0.0, L2))).status == "succeeded"
    ros.until(lambda: is_at(robot, 20.0, 0.0, L2), "the robot on the level above")


def test_robots_whose_process_died_stand_and_take_goals_again(tmp_path: Path) -> None:
    need_ros()
    from tests.ros.nav2_client import RobotClient, Ros

    with simulated_hospital(tmp_path, hospital_site(), robots="[robot-1]") as hospital:
        ros = Ros(hospital.domain)
        robot = RobotClient(ros, "/robot_1")
        robot.go_to(*mapped(5.0, 0.0))
        ros.until(lambda: robot.speed > 0.6, "the robot at speed")
        driven = robot.odometry[-1].pose.pose.position.x
        hospital.kill_robots()
        hospital.restart_robots()
        robot.amcl_poses.clear()
        ros.until(lambda: bool(robot.amcl_poses), "the robot again")
        ros.until(lambda: robot.speed == 0.0, "a robot that stands")
        # The base was not switched off: its odometry goes on.
        assert robot.odometry[-1].pose.pose.position.x >= driven
        again = RobotClient(ros, "/robot_1")
        assert again.wait(again.go_to(*mapped(0.0, 0.0))).status == "succeeded"
        ros.close()


def test_a_share_of_the_goals_is_aborted_on_demand(tmp_path: Path) -> None:
    need_ros()
    from tests.ros.nav2_client import RobotClient, Ros

    with simulated_hospital(tmp_path, hospital_site(), robots="[robot-1]", abort_share=1.0) as hospital:
        ros = Ros(hospital.domain)
        robot = RobotClient(ros, "/robot_1")
        sent = robot.wait(robot.go_to(*mapped(5.0, 0.0)), within=10.0 * SPEED)
        assert (sent.status, sent.result.error_code, sent.result.error_msg) == ("aborted", 9000, "bad luck")
        ros.until(lambda: robot.speed == 0.0, "a robot that stands")
        assert robot.wait(robot.dock("home-1")).status == "aborted"
        ros.close()


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"robots": "[nobody]"}, "has no robot nobody"),
        ({"patience": -1.0}, "patience must be above 0"),
        ({"abort_share": 2.0}, "abort_share must be from 0 to 1"),
    ],
)
def test_wrong_parameters_are_named(tmp_path: Path, parameters: dict[str, object], problem: str) -> None:
    need_ros()
    with simulated_hospital(tmp_path, hospital_site(), **parameters) as hospital:
        assert hospital.wait_for_robots() == 1
        assert problem in hospital.log.splitlines()[-1]
