"""Small hand-made sites and routes for tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from fleet_manager.domain.closures import Closure, ClosureId, ClosureKind
from fleet_manager.domain.tasks import Actor
from maps.model import (
    Charger,
    Door,
    DoorId,
    Fleet,
    FleetId,
    HoldingPoint,
    Lane,
    LaneId,
    Level,
    LevelId,
    Lift,
    LiftId,
    Point,
    Robot,
    RobotId,
    Site,
    Waypoint,
    WaypointId,
)
from sim.port import Node

L1, L2 = LevelId("L1"), LevelId("L2")
DOOR, LIFT = DoorId("door"), LiftId("lift")
FLEET = FleetId("carts")
ROBOT_1, ROBOT_2 = RobotId("robot-1"), RobotId("robot-2")


def waypoint(name: str, x: float, y: float, level: LevelId = L1, *, lift: LiftId | None = None) -> Waypoint:
    return Waypoint(id=WaypointId(name), level=level, x=x, y=y, name=name, lift=lift)


def lanes_both_ways(
    waypoints: Sequence[Waypoint],
    *,
    doors: dict[tuple[str, str], DoorId] | None = None,
    speed_limit: float | None = None,
) -> list[Lane]:
    """Lanes there and back between neighbours in the list; `doors` are named by the pair they lie between."""
    lanes = []
    for one, other in pairwise(waypoints):
        door = (doors or {}).get((one.id, other.id))
        length = ((one.x - other.x) ** 2 + (one.y - other.y) ** 2) ** 0.5
        lanes += [
            Lane(
                id=LaneId(f"{start.id}-{end.id}"),
                start=start.id,
                end=end.id,
                length=length,
                door=door,
                speed_limit=speed_limit,
            )
            for start, end in ((one, other), (other, one))
        ]
    return lanes


def closure(*lanes: LaneId, until: datetime) -> Closure:
    """Lanes that a person has closed."""
    return Closure(
        id=ClosureId("C00001"),
        kind=ClosureKind.PERSON,
        lanes=lanes,
        since=datetime(2025, 1, 6, tzinfo=UTC),
        until=until,
        reason="the floor is wet",
        actor=Actor(id="facility-1", role="facility"),
    )


def site_of(
    waypoints: Iterable[Waypoint],
    lanes: Iterable[Lane],
    *,
    levels: Iterable[Level] = (Level(id=L1, elevation=0.0),),
    doors: Iterable[Door] = (),
    lifts: Iterable[Lift] = (),
    fleets: Iterable[Fleet] = (Fleet(id=FLEET),),
    chargers: Iterable[Charger] = (),
    holding_points: Iterable[HoldingPoint] = (),
) -> Site:
    return Site(
        name="test site",
        levels={level.id: level for level in levels},
        waypoints={place.id: place for place in waypoints},
        lanes={lane.id: lane for lane in lanes},
        doors={door.id: door for door in doors},
        lifts={lift.id: lift for lift in lifts},
        fleets={fleet.id: fleet for fleet in fleets},
        chargers={charger.waypoint: charger for charger in chargers},
        holding_points={point.waypoint: point for point in holding_points},
    )


def corridor_site() -> Site:
    """Two levels joined by a lift, a door on the lower one, and a fleet of two robots with homes.

    ```
    L2  ward(0,0) ── c(10,0) ── lobby-2(20,0) ── cabin-2(22,0)
    L1  home-1(0,0) ── a(5,0) ─door─ b(10,0) ── lobby-1(20,0) ── cabin-1(22,0)
                        │
                      home-2(5,5)      home-1 and home-2 are chargers, a and c holding points
    ```
    """
    home_1, a, b = waypoint("home-1", 0.0, 0.0), waypoint("a", 5.0, 0.0), waypoint("b", 10.0, 0.0)
    home_2 = waypoint("home-2", 5.0, 5.0)
    lobby_1, cabin_1 = waypoint("lobby-1", 20.0, 0.0), waypoint("cabin-1", 22.0, 0.0, lift=LIFT)
    cabin_2, lobby_2 = waypoint("cabin-2", 22.0, 0.0, L2, lift=LIFT), waypoint("lobby-2", 20.0, 0.0, L2)
    c, ward = waypoint("c", 10.0, 0.0, L2), waypoint("ward", 0.0, 0.0, L2)
    door = Door(id=DOOR, level=L1, start=(7.5, -0.6), end=(7.5, 0.6), travel_time=3.0)
    lift = Lift(
        id=LIFT,
        x=22.0,
        y=0.0,
        yaw=0.0,
        width=2.0,
        depth=2.0,
        levels=(L1, L2),
        cabins={L1: (cabin_1.id,), L2: (cabin_2.id,)},
        initial_level=L1,
    )
    robots = (Robot(id=ROBOT_1, home=home_1.id), Robot(id=ROBOT_2, home=home_2.id))
    return site_of(
        [home_1, home_2, a, b, lobby_1, cabin_1, cabin_2, lobby_2, c, ward],
        [
            *lanes_both_ways([home_1, a, b, lobby_1, cabin_1], doors={("a", "b"): DOOR}),
            *lanes_both_ways([a, home_2]),
            *lanes_both_ways([cabin_2, lobby_2, c, ward]),
        ],
        levels=(Level(id=L1, elevation=0.0), Level(id=L2, elevation=4.0)),
        doors=[door],
        lifts=[lift],
        fleets=[Fleet(id=FLEET, robots=robots)],
        chargers=[Charger(waypoint=home_1.id), Charger(waypoint=home_2.id)],
        holding_points=[HoldingPoint(waypoint=a.id), HoldingPoint(waypoint=c.id)],
    )


def nodes_through(site: Site, *names: str, first: int = 0, speed_limit: float | None = None) -> tuple[Node, ...]:
    """Route nodes through the named waypoints, numbered from `first` on."""
    places = [site.waypoints[WaypointId(name)] for name in names]
    return tuple(
        Node(first + number, place.id, place.level, place.x, place.y, place.heading, speed_limit)
        for number, place in enumerate(places)
    )


def nodes_at(points: Sequence[Point], *, first: int = 0, speed_limits: Sequence[float | None] = ()) -> tuple[Node, ...]:
    """Route nodes at bare points of level L1, named w0, w1, …"""
    limits = [*speed_limits, *[None] * len(points)]
    return tuple(
        Node(first + number, WaypointId(f"w{number}"), L1, x, y, None, limits[number])
        for number, (x, y) in enumerate(points)
    )
