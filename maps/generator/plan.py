"""The drawing board of the generator: one storey's waypoints, lanes, rooms, doors and walls, all axis-parallel."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field, replace

from maps.geometry import crossing
from maps.model import (
    Charger,
    DecontaminationBay,
    Door,
    DoorId,
    DoorKind,
    Facing,
    FleetId,
    Flow,
    Furniture,
    FurnitureId,
    HoldingPoint,
    Lane,
    LaneId,
    Level,
    LevelId,
    LiftId,
    Passage,
    Point,
    Ring,
    Surface,
    SurfaceId,
    TransferKind,
    TransferPoint,
    Waypoint,
    WaypointId,
    Zone,
    ZoneClass,
    ZoneId,
    ZoneKind,
)

LANE_WIDTH = 1.2
"""Free width of a lane (m): half of it on either side leaves the neighbouring lane alone."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A place and direction on the storey: `s` runs ahead, `t` to the left. Directions are multiples of 90°."""

    x: float
    y: float
    dx: int = 1
    dy: int = 0

    def point(self, s: float, t: float) -> Point:
        """To the millimetre, so that walls drawn from two sides meet exactly."""
        return (round(self.x + s * self.dx - t * self.dy, 3), round(self.y + s * self.dy + t * self.dx, 3))

    def box(self, s0: float, t0: float, s1: float, t1: float) -> Box:
        (ax, ay), (bx, by) = self.point(s0, t0), self.point(s1, t1)
        return Box(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))

    def left(self, s: float) -> Frame:
        """The frame at `s` ahead that looks to the left."""
        x, y = self.point(s, 0.0)
        return Frame(x, y, -self.dy, self.dx)

    def right(self, s: float) -> Frame:
        x, y = self.point(s, 0.0)
        return Frame(x, y, self.dy, -self.dx)

    @property
    def heading(self) -> float:
        return math.atan2(self.dy, self.dx)


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-parallel rectangle."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def ring(self) -> Ring:
        return ((self.x0, self.y0), (self.x1, self.y0), (self.x1, self.y1), (self.x0, self.y1))

    @property
    def sides(self) -> tuple[tuple[Point, Point], ...]:
        a, b, c, d = self.ring
        return ((a, b), (b, c), (d, c), (a, d))


@dataclass(slots=True)
class Plan:
    """One storey under construction."""

    level: LevelId
    elevation: float
    waypoints: dict[WaypointId, Waypoint] = field(default_factory=dict)
    lanes: dict[LaneId, Lane] = field(default_factory=dict)
    doors: dict[DoorId, Door] = field(default_factory=dict)
    zones: dict[ZoneId, Zone] = field(default_factory=dict)
    furniture: dict[FurnitureId, Furniture] = field(default_factory=dict)
    surfaces: dict[SurfaceId, Surface] = field(default_factory=dict)
    chargers: dict[WaypointId, Charger] = field(default_factory=dict)
    holding_points: dict[WaypointId, HoldingPoint] = field(default_factory=dict)
    transfer_points: dict[WaypointId, TransferPoint] = field(default_factory=dict)
    decontamination_bays: dict[WaypointId, DecontaminationBay] = field(default_factory=dict)
    floors: list[Box] = field(default_factory=list)
    _walls: list[tuple[Point, Point]] = field(default_factory=list)
    _openings: list[tuple[Point, Point]] = field(default_factory=list)

    # --- ways ---

    def node(self, name: str, place: Point, *, stop: bool = True, lift: LiftId | None = None) -> WaypointId:
        """An unnamed waypoint that robots drive through."""
        waypoint = WaypointId(f"{self.level}_{name}")
        self.waypoints[waypoint] = Waypoint(id=waypoint, level=self.level, x=place[0], y=place[1], stop=stop, lift=lift)
        return waypoint

    def place(self, name: str, place: Point, *, heading: float | None = None) -> WaypointId:
        """A waypoint that people know by its name."""
        waypoint = WaypointId(name)
        self.waypoints[waypoint] = Waypoint(
            id=waypoint, level=self.level, x=place[0], y=place[1], name=name, heading=heading
        )
        return waypoint

    def lane(
        self, start: WaypointId, end: WaypointId, *, speed_limit: float | None = None, mutex: str | None = None
    ) -> None:
        lane = LaneId(f"{start}>{end}")
        length = math.dist(self.waypoints[start].xy, self.waypoints[end].xy)
        self.lanes[lane] = Lane(
            id=lane,
            start=start,
            end=end,
            length=length,
            width=LANE_WIDTH,
            speed_limit=speed_limit,
            mutex=mutex,
        )

    def lanes_both_ways(self, one: WaypointId, other: WaypointId, *, speed_limit: float | None = None) -> None:
        self.lane(one, other, speed_limit=speed_limit)
        self.lane(other, one, speed_limit=speed_limit)

    # --- rooms ---

    def zone(
        self,
        name: str,
        box: Box,
        *,
        kind: ZoneKind = ZoneKind.ROOM,
        zone_class: ZoneClass | None = ZoneClass.CLEAN,
        passage: Passage | None = None,
        flow: Flow | None = None,
    ) -> None:
        zone = ZoneId(f"{self.level}_{name}")
        self.zones[zone] = Zone(
            id=zone,
            level=self.level,
            polygon=box.ring,
            kind=kind,
            zone_class=zone_class,
            passage=passage,
            flow=flow,
            name=name,
        )

    def room(self, name: str, box: Box, *, zone_class: ZoneClass = ZoneClass.CLEAN, flow: Flow | None = None) -> None:
        """A room with its floor and walls."""
        self.zone(name, box, zone_class=zone_class, flow=flow)
        self.enclose(box)

    def put(self, room: str, name: str, box: Box, height: float) -> None:
        """A piece of furniture in the zone called `room`."""
        piece = FurnitureId(f"{room}_{name}")
        self.furniture[piece] = Furniture(
            id=piece, level=self.level, polygon=box.ring, height=height, name=name.replace("_", " ")
        )

    def surface(
        self, room: str, name: str, place: Point, height: float, *, normal: float = 0.0, facing: Facing = Facing.SIDE
    ) -> None:
        """A high-touch surface of the zone called `room`."""
        surface, zone = SurfaceId(f"{room}_{name}"), ZoneId(f"{self.level}_{room}")
        x, y = place
        self.surfaces[surface] = Surface(
            id=surface,
            level=self.level,
            zone=zone,
            x=x,
            y=y,
            height=height,
            normal=normal,
            facing=facing,
            name=name.replace("_", " "),
        )

    def enclose(self, box: Box) -> None:
        self.floors.append(box)
        self._walls.extend(box.sides)

    def opening(self, start: Point, end: Point) -> None:
        """A gap in whatever wall runs along this line."""
        self._openings.append((start, end))

    def door(
        self,
        name: str,
        start: Point,
        end: Point,
        *,
        kind: DoorKind = DoorKind.SLIDING,
        automatic: bool = True,
        fire_door: bool = False,
    ) -> None:
        door = DoorId(f"{self.level}_{name}")
        self.doors[door] = Door(
            id=door, level=self.level, start=start, end=end, kind=kind, automatic=automatic, fire_door=fire_door
        )
        self.opening(start, end)

    # --- roles ---

    def charger(self, place: WaypointId, *, fleets: frozenset[FleetId] | None = None) -> None:
        self.chargers[place] = Charger(waypoint=place, fleets=fleets)
        self.holding_points[place] = HoldingPoint(waypoint=place, parking=True)

    def waiting(self, place: WaypointId) -> None:
        self.holding_points[place] = HoldingPoint(waypoint=place)

    def transfer(self, place: WaypointId, kind: TransferKind) -> None:
        self.transfer_points[place] = TransferPoint(waypoint=place, kind=kind)

    def decontamination(self, place: WaypointId) -> None:
        self.decontamination_bays[place] = DecontaminationBay(waypoint=place)

    # --- the finished storey ---

    def close(self) -> Level:
        """Give each lane the door it passes, and return the level with its walls."""
        doors = list(self.doors.values())
        for lane in list(self.lanes.values()):
            way = (self.waypoints[lane.start].xy, self.waypoints[lane.end].xy)
            passed = next((door.id for door in doors if crossing(way, (door.start, door.end)) is not None), None)
            if passed is not None:
                self.lanes[lane.id] = replace(lane, door=passed)
        return Level(
            id=self.level,
            elevation=self.elevation,
            walls=tuple(_walls_with_gaps(self._walls, self._openings)),
            floors=tuple((box.ring,) for box in self.floors),
        )


def _walls_with_gaps(walls: list[tuple[Point, Point]], openings: list[tuple[Point, Point]]) -> list[Ring]:
    """Walls of neighbouring rooms as one, minus the openings; line by line in a fixed order."""
    lines: defaultdict[tuple[bool, float], list[tuple[float, float]]] = defaultdict(list)
    gaps: defaultdict[tuple[bool, float], list[tuple[float, float]]] = defaultdict(list)
    for table, segments in ((lines, walls), (gaps, openings)):
        for (ax, ay), (bx, by) in segments:
            upright = ax == bx
            low, high = sorted((ay, by) if upright else (ax, bx))
            table[upright, ax if upright else ay].append((low, high))
    found: list[Ring] = []
    for upright, at in sorted(lines):
        for low, high in _minus(_union(lines[upright, at]), _union(gaps[upright, at])):
            found.append(((at, low), (at, high)) if upright else ((low, at), (high, at)))
    return found


def _union(intervals: list[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for low, high in sorted(intervals):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def _minus(intervals: list[tuple[float, float]], gaps: list[tuple[float, float]]) -> list[tuple[float, float]]:
    rest: list[tuple[float, float]] = []
    for low, high in intervals:
        at = low
        for gap_low, gap_high in gaps:
            if gap_high <= at or gap_low >= high:
                continue
            if gap_low > at:
                rest.append((at, gap_low))
            at = max(at, gap_high)
        if at < high:
            rest.append((at, high))
    return rest
