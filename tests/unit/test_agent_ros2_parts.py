"""The parts of the ROS 2 agent that only compute: how far it came, where it is, what it was told to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from maps.model import FrameTransform, LevelId
from robot_agents.protocol import Mode, Pose, RouteNode, Via
from robot_agents.registry import AgentOptionsError
from robot_agents.ros2.course import Course
from robot_agents.ros2.frames import MapFrames
from robot_agents.ros2.locating import Locating, PoseSource
from robot_agents.ros2.memory import Memory, Remembered
from robot_agents.ros2.port import MapPose
from robot_agents.ros2.settings import domain_of, namespace_of, robot_settings
from robot_agents.ros2.surroundings import Surroundings
from tests.builders import ROBOT_1, corridor_site
from tests.nav2_rig import FRAMES


def course(*points: tuple[float, float], passed: int = 0) -> Course:
    nodes = [RouteNode(sequence=i, waypoint=f"w{i}", level="L1", x=x, y=y) for i, (x, y) in enumerate(points)]
    return Course(nodes, passed)


def passed_on(way: Course, places: Sequence[tuple[float, float]], cleared: int = 99) -> list[list[int]]:
    cleared = min(cleared, len(way.nodes) - 1)
    return [way.advance(Pose(level="L1", x=x, y=y, yaw=0.0), cleared) for x, y in places]


# --- how far it came -------------------------------------------------------------------------------------------


def test_a_node_is_passed_when_the_robot_crosses_the_line_across_the_lanes_there() -> None:
    way = course((0, 0), (5, 0), (10, 0))
    assert passed_on(way, [(4.7, 0.3), (5.2, 0.4), (9.95, 0.0)]) == [[], [1], [2]]


def test_a_corner_is_passed_by_a_robot_that_cuts_it() -> None:
    way = course((0, 0), (5, 0), (5, 5))
    assert passed_on(way, [(4.0, 0.2), (4.4, 0.5), (4.6, 0.9)]) == [[], [], [1]]


def test_where_the_way_turns_back_the_robot_has_to_come_near_and_leave_again() -> None:
    way = course((0, 0), (5, 0), (0, 0))
    assert passed_on(way, [(2.0, 0.0), (4.5, 0.3), (4.4, 0.3), (4.2, 0.3), (0.05, 0.0)]) == [[], [], [], [1], [2]]


def test_nothing_is_passed_beyond_what_is_cleared() -> None:
    way = course((0, 0), (5, 0), (10, 0))
    assert passed_on(way, [(9.0, 0.0), (5.5, 0.0), (10.0, 0.0)], cleared=1) == [[], [1], []]


def test_the_place_of_another_level_above_the_car_is_no_node_that_is_passed() -> None:
    nodes = (
        RouteNode(sequence=0, waypoint="cabin-1", level="L1", x=2.0, y=0.0),
        RouteNode(sequence=1, waypoint="cabin-2", level="L2", x=2.0, y=0.0, via=Via.LIFT, lift="lift"),
        RouteNode(sequence=2, waypoint="lobby-2", level="L2", x=0.0, y=0.0),
    )
    way = Course(nodes, 0)
    assert way.next_ride == 1
    assert way.stage_end(2) == 0
    assert passed_on(way, [(2.0, 0.0)]) == [[]]
    way.pass_to(1)
    assert way.next_ride is None
    assert way.stage_end(2) == 2


def test_a_robot_that_drove_on_unseen_is_found_on_its_way_the_first_time_that_comes_by() -> None:
    way = course((0, 0), (5, 0), (10, 0), (10, 1), (5, 1), passed=0)
    found = way.join(Pose(level="L1", x=7.0, y=0.1, yaw=0.0), 4)
    assert found is not None
    assert found == pytest.approx((1, 0.1))
    back = way.join(Pose(level="L1", x=7.0, y=1.0, yaw=0.0), 4)
    assert back is not None
    assert back.behind == 3
    assert way.join(Pose(level="L2", x=7.0, y=0.0, yaw=0.0), 4) is None


# --- where it is -----------------------------------------------------------------------------------------------


def test_between_two_positions_of_the_localisation_odometry_counts() -> None:
    locating = Locating(PoseSource.AMCL)
    assert locating.pose is None
    locating.drove(MapPose(0.0, 0.0, 0.0), 1.0)
    locating.found(MapPose(10.0, 5.0, 1.5707963), 1.0, 0.05)
    assert locating.pose == pytest.approx((10.0, 5.0, 1.5707963))
    locating.drove(MapPose(2.0, 0.0, 0.0), 3.0)
    assert locating.pose == pytest.approx((10.0, 7.0, 1.5707963))


def test_a_robot_that_stands_for_long_stays_where_it_is_though_its_localisation_is_silent() -> None:
    locating = Locating(PoseSource.AMCL)
    locating.drove(MapPose(0.0, 0.0, 0.0), 0.0)
    locating.found(MapPose(3.0, 3.0, 0.0), 0.0, 0.05)
    for second in range(1, 1000):
        locating.drove(MapPose(1.0, 0.0, 0.0), float(second))
    assert locating.pose == pytest.approx((4.0, 3.0, 0.0))


def test_a_position_that_comes_late_is_set_against_the_odometry_of_its_own_time() -> None:
    locating = Locating(PoseSource.AMCL)
    locating.drove(MapPose(0.0, 0.0, 0.0), 0.0)
    locating.drove(MapPose(2.0, 0.0, 0.0), 2.0)
    locating.found(MapPose(11.0, 0.0, 0.0), 1.0, 0.05)
    assert locating.pose == pytest.approx((12.0, 0.0, 0.0))


def test_tf_and_odometry_alone_locate_a_robot_too() -> None:
    by_tf = Locating(PoseSource.TF)
    by_tf.drove(MapPose(1.0, 0.0, 0.0), 0.0)
    assert by_tf.pose is None
    by_tf.transformed(MapPose(5.0, 5.0, 0.0))
    assert by_tf.pose == pytest.approx((6.0, 5.0, 0.0))
    by_odometry = Locating(PoseSource.ODOM)
    by_odometry.drove(MapPose(1.0, 2.0, 0.0), 0.0)
    assert by_odometry.pose == (1.0, 2.0, 0.0)


def test_a_pose_survives_the_way_to_the_robot_s_map_and_back() -> None:
    frames = MapFrames(FRAMES)
    pose = Pose(level="L2", x=12.5, y=-3.25, yaw=2.0)
    assert frames.to_site(frames.to_map(pose), "L2") == pose
    assert MapFrames({}).to_map(pose) == pytest.approx((12.5, -3.25, 2.0))


# --- why it may be wrong ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "level", "cause"),
    [
        ((0.0, 5.0), "L1", "nearest lane"),
        ((5.0, 4.0), "L2", "the level is wrong"),
        ((8.0, -7.0), "L1", "Its map frame is not applied"),
        ((400.0, 0.0), "L1", "in pixels, not in metres"),
    ],
)
def test_a_robot_off_every_lane_names_the_lane_the_distance_and_the_likely_cause(
    place: tuple[float, float], level: str, cause: str
) -> None:
    frames = MapFrames({LevelId("L1"): FrameTransform(x=3.0, y=-7.0)})
    around = Surroundings(ROBOT_1, corridor_site(), frames, 1.5)
    pose = Pose(level=level, x=place[0], y=place[1], yaw=0.0)
    assert around.off_lanes(pose) is not None
    assert cause in around.explain(pose)


def test_without_a_site_the_nearest_place_of_the_route_is_named() -> None:
    around = Surroundings(ROBOT_1, None, MapFrames({}), 1.5)
    pose = Pose(level="L1", x=3.0, y=4.0, yaw=0.0)
    assert around.explain(pose, course((0, 0), (20, 0)).nodes) == (
        "(3.0, 4.0) on L1 is 5.0 m from w0, the nearest place of its route"
    )
    assert around.off_lanes(pose) is None


# --- settings --------------------------------------------------------------------------------------------------


def test_parameters_of_ros_are_nested_by_dots_and_options_go_over_them() -> None:
    parameters = {"frames.L1.x": 3.0, "frames.L1.rotation": 1.5, "maps.L1": "/maps/1.yaml", "language": "zh-CN"}
    settings = robot_settings(parameters, {"language": "en", "position_timeout": "8", "world": "ws://x", "speed": "2"})
    assert settings.transforms() == {"L1": FrameTransform(x=3.0, rotation=1.5)}
    assert settings.map_url("L1") == "/maps/1.yaml"
    assert settings.map_url("L2") is None
    assert settings.position_timeout == 8.0
    assert settings.language == "en"


def test_maps_are_named_one_by_one_or_by_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "maps.yaml").write_text("L1: ground.yaml\nL2: /maps/first.yaml\n")
    (tmp_path / "frames.yaml").write_text("frames:\n  L1: {x: 1.0, y: 2.0, rotation: 0.5}\n")
    files = {name: str(tmp_path / f"{name}.yaml") for name in ("maps", "frames")}
    settings = robot_settings({}, files | {"map_of_level": "m/{level}"})
    assert settings.map_url("L1") == str(tmp_path / "ground.yaml")
    assert settings.map_url("L2") == "/maps/first.yaml"
    assert settings.map_url("L3") == "m/L3"
    assert settings.transforms() == {"L1": FrameTransform(x=1.0, y=2.0, rotation=0.5)}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"colour": "red"}, "have no option colour; there are: action_timeout,"),
        ({"position_timeout": "-1"}, "parameter position_timeout of the ROS 2 agent: Input should be greater than 0"),
        ({"pose_source": "gps"}, "parameter pose_source of the ROS 2 agent"),
        ({"frames": "/nowhere.yaml"}, "the file of option frames can't be read"),
    ],
)
def test_a_wrong_option_is_said_plainly(options: dict[str, str], says: str) -> None:
    with pytest.raises(AgentOptionsError) as raised:
        robot_settings({}, options)
    assert says in str(raised.value)


def test_a_robot_s_namespace_is_its_name_as_far_as_ros_allows() -> None:
    assert namespace_of("amr 7-b", {}) == "/amr_7_b"
    assert namespace_of("7", {}) == "/robot_7"
    assert namespace_of("amr-7", {"namespace": "ward/{robot}"}) == "/ward/amr_7"
    with pytest.raises(AgentOptionsError, match="no ROS name"):
        namespace_of("amr-7", {"namespace": "3 ward"})
    assert domain_of({}) is None
    assert domain_of({"domain_id": "42"}) == 42
    with pytest.raises(AgentOptionsError, match="0 to 232"):
        domain_of({"domain_id": "300"})


# --- memory ----------------------------------------------------------------------------------------------------


def test_a_killed_agent_remembers_its_level_at_once_and_how_far_it_came_soon(tmp_path: Path) -> None:
    path = tmp_path / "robot-1.ros2.json"
    memory = Memory(path)
    memory.note(level="L2", mode=Mode.ESTOP)
    memory.note(passed=7)
    assert Memory(path).now == Remembered(level="L2", mode=Mode.ESTOP)
    memory.save()
    assert Memory(path).now == replace(memory.now, passed=7)


def test_a_memory_that_can_t_be_read_is_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "robot-1.ros2.json"
    path.write_text("{")
    assert Memory(path).now == Remembered()
