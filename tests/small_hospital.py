"""A hospital of two levels, one lift and three robots, for tests that need a site and no map file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from maps.model import (
    CarrierKind,
    Charger,
    Door,
    DoorId,
    Fleet,
    FleetId,
    Flow,
    ItemClass,
    ItemClassId,
    Lane,
    LaneId,
    Level,
    LevelId,
    Lift,
    LiftId,
    Ring,
    Robot,
    RobotId,
    Site,
    Waypoint,
    WaypointId,
    Zone,
    ZoneClass,
    ZoneId,
    ZoneKind,
)

_CORRIDOR_X = (4.0, 12.0, 20.0, 28.0, 36.0)
_WALLS: tuple[Ring, ...] = (
    ((0, 0), (40, 0), (40, 20), (0, 20), (0, 0)),
    *(((x, 8), (x + 6.8, 8)) for x in (0.0, 8.0, 16.0, 24.0, 32.0)),
    *(((x, 12), (x + 6.8, 12)) for x in (0.0, 8.0, 16.0, 24.0, 32.0)),
    *(((x, 0), (x, 8)) for x in (8.0, 16.0, 24.0, 32.0)),
    *(((x, 12), (x, 20)) for x in (8.0, 16.0, 24.0, 32.0)),
)
_ROOMS: dict[str, tuple[tuple[str, str, float, float], ...]] = {
    "L1": (
        ("pharmacy", "Pharmacy", 12, 16),
        ("laboratory", "Laboratory", 28, 16),
        ("stores", "Central stores", 12, 4),
        ("cssd", "CSSD", 28, 4),
        ("charger_1", "Charger 1", 4, 4),
        ("charger_2", "Charger 2", 4, 16),
    ),
    "L2": (
        ("ward_2a", "Ward 2A", 12, 16),
        ("ward_2b", "Ward 2B", 28, 16),
        ("isolation_2c", "Isolation 2C", 36, 16),
        ("theatre", "Theatre 1", 28, 4),
    ),
}
_CLASSES = {
    "pharmacy": ZoneClass.CLEAN,
    "cssd": ZoneClass.CLEAN,
    "laboratory": ZoneClass.SEMI_CONTAMINATED,
    "isolation_2c": ZoneClass.ISOLATION,
    "theatre": ZoneClass.PROTECTIVE,
    "ward_2a": ZoneClass.SEMI_CONTAMINATED,
    "ward_2b": ZoneClass.SEMI_CONTAMINATED,
}


def small_hospital() -> Site:
    levels = (
        Level(id=LevelId("L1"), elevation=0.0, walls=_WALLS),
        Level(id=LevelId("L2"), elevation=4.2, walls=_WALLS),
    )
    waypoints = {w.id: w for level in levels for w in _waypoints(level.id)}
    lift = Lift(
        id=LiftId("lift_a"),
        x=20.0,
        y=4.0,
        yaw=0.0,
        width=2.4,
        depth=2.8,
        levels=tuple(level.id for level in levels),
        cabins={level.id: (WaypointId(f"lift_a_{level.id}"),) for level in levels},
        initial_level=levels[0].id,
    )
    return Site(
        name="St. Small's Hospital",
        levels={level.id: level for level in levels},
        waypoints=waypoints,
        lanes={lane.id: lane for lane in _lanes(waypoints)},
        doors={
            DoorId(f"door_{place}"): Door(
                id=DoorId(f"door_{place}"), level=LevelId(level), start=(x - 1.0, wall), end=(x + 1.0, wall)
            )
            for place, level, x, wall in (("pharmacy", "L1", 15.4, 12.0), ("theatre", "L2", 31.4, 8.0))
        },
        lifts={lift.id: lift},
        zones={zone.id: zone for zone in _zones()},
        chargers={WaypointId(f"charger_{n}"): Charger(waypoint=WaypointId(f"charger_{n}")) for n in (1, 2)},
        fleets={
            FleetId("carriers"): Fleet(
                id=FleetId("carriers"),
                robots=tuple(
                    Robot(id=RobotId(name), home=WaypointId(home))
                    for name, home in (("amber", "charger_1"), ("birch", "charger_2"), ("cedar", "stores"))
                ),
                speed=1.2,
            ),
            FleetId("porters"): Fleet(
                id=FleetId("porters"), carrier=CarrierKind.PERSON, robots=(Robot(id=RobotId("porter-1")),)
            ),
        },
        item_classes={
            ItemClassId(name): ItemClass(id=ItemClassId(name), name=text, flow=flow)
            for name, text, flow in (
                ("medicine", "Medicine", Flow.CLEAN),
                ("specimen", "Specimen", Flow.SOILED),
                ("sterile", "Sterile supply", Flow.CLEAN),
            )
        },
        timezone="Asia/Shanghai",
    )


def _waypoints(level: LevelId) -> Iterator[Waypoint]:
    for x in _CORRIDOR_X:
        yield Waypoint(id=WaypointId(f"{level}_corridor_{x:g}"), level=level, x=x, y=10.0)
    yield Waypoint(id=WaypointId(f"lift_a_{level}"), level=level, x=20.0, y=4.0, lift=LiftId("lift_a"))
    for place, name, x, y in _ROOMS[level]:
        wall = 12.0 if y > 10 else 8.0
        yield Waypoint(id=WaypointId(f"{place}_door"), level=level, x=x + 3.4, y=wall)
        yield Waypoint(id=WaypointId(place), level=level, x=float(x), y=float(y), name=name)


def _lanes(waypoints: dict[WaypointId, Waypoint]) -> Iterator[Lane]:
    for level, rooms in _ROOMS.items():
        corridor = [WaypointId(f"{level}_corridor_{x:g}") for x in _CORRIDOR_X]
        for one, other in pairwise(corridor):
            yield from _both_ways(waypoints, one, other)
        yield from _both_ways(waypoints, corridor[2], WaypointId(f"lift_a_{level}"))
        for place, _, x, _y in rooms:
            door, room = WaypointId(f"{place}_door"), WaypointId(place)
            nearest = WaypointId(f"{level}_corridor_{x:g}")
            automatic = DoorId(f"door_{place}") if place in {"pharmacy", "theatre"} else None
            yield from _both_ways(waypoints, nearest, door)
            yield from _both_ways(waypoints, door, room, automatic)


def _both_ways(
    waypoints: dict[WaypointId, Waypoint], one: WaypointId, other: WaypointId, door: DoorId | None = None
) -> Iterable[Lane]:
    (x, y), (u, v) = waypoints[one].xy, waypoints[other].xy
    length = ((x - u) ** 2 + (y - v) ** 2) ** 0.5
    for start, end in ((one, other), (other, one)):
        yield Lane(id=LaneId(f"{start}-{end}"), start=start, end=end, length=length, door=door)


def _zones() -> Iterator[Zone]:
    for level, rooms in _ROOMS.items():
        for place, name, x, y in rooms:
            low = 12.0 if y > 10 else 0.0
            yield Zone(
                id=ZoneId(f"zone_{place}"),
                level=LevelId(level),
                polygon=((x - 4, low), (x + 4, low), (x + 4, low + 8), (x - 4, low + 8)),
                kind=ZoneKind.ROOM,
                zone_class=_CLASSES.get(place, ZoneClass.CLEAN),
                name=name,
            )
        corridor = ((0.0, 8.0), (40.0, 8.0), (40.0, 12.0), (0.0, 12.0))
        yield Zone(id=ZoneId(f"zone_corridor_{level}"), level=LevelId(level), polygon=corridor, kind=ZoneKind.CORRIDOR)
