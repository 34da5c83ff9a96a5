"""The poses of a goal as nodes of a body's route."""

from __future__ import annotations

from math import pi

import pytest
from fleet_sim_ros2.places import MapFrame, Places, Spot, heading, origin, quaternion, relative
from fleet_sim_ros2.routes import nodes_through

from maps.model import Fleet, FleetId, FrameTransform, Lane, LaneId, Level, LevelId, Site, Waypoint, WaypointId
from sim.port import Node

L1 = LevelId("L1")
FLEET = Fleet(id=FleetId("carts"))


@pytest.fixture
def places() -> Places:
    """Waypoints a, b, c at 0, 1 and 2 m; b to c is a slow lane."""
    waypoints = [Waypoint(id=WaypointId(name), level=L1, x=float(x), y=0.0) for x, name in enumerate("abc")]
    lanes = [
        Lane(id=LaneId("ab"), start=WaypointId("a"), end=WaypointId("b"), length=1.0),
        Lane(id=LaneId("bc"), start=WaypointId("b"), end=WaypointId("c"), length=1.0, speed_limit=0.4),
    ]
    site = Site(
        name="corridor",
        levels={L1: Level(id=L1, elevation=0.0)},
        waypoints={waypoint.id: waypoint for waypoint in waypoints},
        lanes={lane.id: lane for lane in lanes},
    )
    return Places(site, FLEET)


def route(
    places: Places, *points: float, before: tuple[Node, ...] = (), passed: int = -1, free: int = 0
) -> tuple[Node, ...]:
    spots = [Spot(x, 0.0, 0.0) for x in points]
    return nodes_through(spots, L1, places, route=before, passed=passed, free=free, start=WaypointId("a"))


def test_poses_near_waypoints_are_these_and_others_have_names_of_their_own(places: Places) -> None:
    nodes = route(places, 1.2, 1.9999, 7.0)
    assert [node.waypoint for node in nodes] == ["b", "c", "pose-2"]
    assert [node.x for node in nodes] == [1.2, 2.0, 7.0]
    assert [node.speed_limit for node in nodes] == [None, 0.4, None]
    assert [node.heading for node in nodes] == [None, None, 0.0]


def test_what_lies_ahead_keeps_its_numbers(places: Places) -> None:
    before = route(places, 0.0, 1.0, 2.0)
    longer = route(places, 1.0, 2.0, 3.0, before=before, passed=0, free=3)
    assert [node.sequence for node in longer] == [1, 2, 3]
    late = route(places, 0.0, 1.0, 2.0, 3.0, before=before, passed=1, free=3)
    assert [node.sequence for node in late] == [0, 1, 2, 3]


def test_a_way_back_is_a_new_one(places: Places) -> None:
    before = route(places, 0.0, 1.0, 2.0)
    assert [node.sequence for node in route(places, 1.0, 0.0, before=before, passed=1, free=3)] == [3, 4]
    assert [node.sequence for node in route(places, 2.0, before=before, passed=2, free=3)] == [3]
    assert [node.sequence for node in route(places, 1.0, 0.0, before=before, passed=0, free=3)] == [1, 3]


def test_a_map_frame_turns_and_moves() -> None:
    frame = MapFrame({L1: FrameTransform(x=10.0, y=0.0, rotation=pi / 2)})
    assert frame.to_map(L1, Spot(1.0, 0.0, 0.0)) == pytest.approx((10.0, 1.0, pi / 2))
    assert frame.to_site(L1, Spot(10.0, 1.0, pi / 2)) == pytest.approx((1.0, 0.0, 0.0))
    assert frame.to_map(LevelId("L2"), Spot(1.0, 2.0, None)) == (1.0, 2.0, None)


def test_odometry_and_map_meet_at_the_robot() -> None:
    on_map, on_odom = Spot(3.0, -2.0, 1.0), Spot(0.5, 0.25, -2.0)
    assert relative(on_map, origin(on_map, on_odom)) == pytest.approx(on_odom)


def test_quaternions_are_headings() -> None:
    z, w = quaternion(-2.5)
    assert heading(0.0, 0.0, z, w) == pytest.approx(-2.5)
    assert heading(0.0, 0.0, 0.0, 0.0) is None
