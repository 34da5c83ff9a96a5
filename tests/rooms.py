"""Rooms to disinfect: four walls, a door that a lane leads through, and what stands inside."""

from __future__ import annotations

from collections.abc import Sequence

from maps.model import (
    Door,
    DoorId,
    Facing,
    Fleet,
    FleetId,
    Furniture,
    FurnitureId,
    Lane,
    LaneId,
    Level,
    LevelId,
    Point,
    Ring,
    Site,
    Surface,
    SurfaceId,
    UvLamp,
    Waypoint,
    WaypointId,
    Zone,
    ZoneClass,
    ZoneId,
    ZoneKind,
)

L1 = LevelId("L1")
ROOM = ZoneId("room")
LAMPS = FleetId("lamps")
LAMP = UvLamp(length=1.2, height=1.0, irradiance=20.0, warm_up=60.0)


def box(x0: float, y0: float, x1: float, y1: float) -> Ring:
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def piece(name: str, outline: Ring, height: float = 0.8) -> Furniture:
    return Furniture(id=FurnitureId(name), level=L1, polygon=outline, height=height, name=name)


def surface(name: str, x: float, y: float, height: float, normal: float = 0.0, facing: Facing = Facing.SIDE) -> Surface:
    return Surface(
        id=SurfaceId(name), level=L1, zone=ROOM, x=x, y=y, height=height, normal=normal, facing=facing, name=name
    )


def room_site(
    width: float = 4.0,
    depth: float = 5.0,
    *,
    outline: Ring | None = None,
    furniture: Sequence[Furniture] = (),
    surfaces: Sequence[Surface] = (),
    walls: Sequence[Ring] = (),
    lamp: UvLamp | None = LAMP,
    inside: Point = (1.0, 1.0),
) -> Site:
    """A room with its corner at the origin; the door is in the wall along x, the lane ends at `inside`."""
    ring = outline or box(0.0, 0.0, width, depth)
    outer, inner = (
        Waypoint(id=WaypointId(name), level=L1, x=x, y=y, name=name)
        for name, (x, y) in (("outside", (inside[0], -1.0)), ("inside", inside))
    )
    door = Door(id=DoorId("door"), level=L1, start=(inside[0] - 0.6, 0.0), end=(inside[0] + 0.6, 0.0))
    lanes = [
        Lane(id=LaneId(f"{a.id}>{b.id}"), start=a.id, end=b.id, length=inside[1] + 1.0, door=door.id)
        for a, b in ((outer, inner), (inner, outer))
    ]
    first, *rest = (*ring, ring[0])
    wall = ((inside[0] + 0.6, 0.0), *rest[:-1], first, (inside[0] - 0.6, 0.0))
    fleet = Fleet(id=LAMPS, zones=frozenset(ZoneClass), lamp=lamp)
    return Site(
        name="room",
        levels={L1: Level(id=L1, elevation=0.0, walls=(wall, *walls))},
        waypoints={one.id: one for one in (outer, inner)},
        lanes={lane.id: lane for lane in lanes},
        doors={door.id: door},
        zones={
            ROOM: Zone(
                id=ROOM, level=L1, polygon=ring, kind=ZoneKind.ROOM, zone_class=ZoneClass.CONTAMINATED, name="room 1"
            )
        },
        furniture={one.id: one for one in furniture},
        surfaces={one.id: one for one in surfaces},
        fleets={LAMPS: fleet},
    )
