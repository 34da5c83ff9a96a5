"""What a route node waits for, and when there is nothing left to wait for."""

from fleet_manager.domain.robots import Drive, Precedence, Robot, RouteNode
from maps.model import FleetId, RobotId, WaypointId


def _nodes(first: int, *places: str, claim: int) -> tuple[RouteNode, ...]:
    return tuple(RouteNode(sequence=first + i, waypoint=WaypointId(p), claim=claim) for i, p in enumerate(places))


_DRIVING = Robot(
    id=RobotId("ada"),
    fleet=FleetId("delivery"),
    drive=Drive(
        id="ada-4",
        goal=WaypointId("ward"),
        nodes=_nodes(10, "dock", "corridor", "ward", claim=4),
        reached=11,
        allocated_to=12,
        cleared_to=12,
    ),
    retreat=_nodes(13, "corridor", "dock", claim=4),
)


def test_robot_will_pass_what_lies_ahead_on_its_drive_and_its_retreat() -> None:
    assert [n for n in range(9, 16) if _DRIVING.will_pass(n, 4)] == [12, 13, 14]


def test_robot_with_another_route_passes_no_node_of_the_old_one() -> None:
    assert not any(_DRIVING.will_pass(n, 3) for n in range(9, 16))


def test_parked_robot_passes_nothing() -> None:
    assert not Robot(id=RobotId("ada"), fleet=FleetId("delivery")).will_pass(12, 4)


def test_node_forgets_those_that_have_gone_first_when_it_gets_in_line_behind_another() -> None:
    gone = Precedence(robot=RobotId("ada"), sequence=11, claim=4)
    ahead = Precedence(robot=RobotId("ada"), sequence=12, claim=4)
    new = Precedence(robot=RobotId("bea"), sequence=7, claim=1)
    node = RouteNode(sequence=3, waypoint=WaypointId("corridor"), after=(gone, ahead))

    assert node.behind([new], lambda p: _DRIVING.will_pass(p.sequence, p.claim)).after == (ahead, new)
