"""A draft of a site from one level's occupancy grid: what a person would otherwise draw by hand, yet without names."""

from __future__ import annotations

import math
from itertools import pairwise

import networkx as nx
import numpy as np

from maps.draft.axes import medial_axes
from maps.draft.doorways import Doorway, find_doorways, on_other_axes, rooms_between
from maps.draft.filling import fill
from maps.draft.floor import Floor
from maps.draft.halls import islands
from maps.draft.layout import Layout, lay_out
from maps.draft.outlines import heading_of, outline, ring, solid_lines
from maps.draft.pruning import prune, without_stubs
from maps.draft.rooms import Room, find_rooms
from maps.draft.settings import DraftSettings
from maps.errors import MapContentError
from maps.goods import DEFAULT_COMPARTMENTS, DEFAULT_ITEM_CLASSES
from maps.grids import LIKELY_FREE, OccupancyGrid
from maps.model import (
    Door,
    DoorId,
    Fleet,
    FleetId,
    Lane,
    LaneId,
    Level,
    LevelId,
    Point,
    Site,
    Waypoint,
    WaypointId,
    Zone,
    ZoneId,
    ZoneKind,
)

LEVEL = LevelId("L1")

_AS_ONE = 0.01
"""Metres up to which two places are one: sites are written to the millimetre, and a lane has a length."""


def draft_site(grid: OccupancyGrid, name: str, settings: DraftSettings | None = None) -> Site:
    """A site of one level with lanes along the medial axes of the grid's free space, doorways, and numbered rooms.

    Its frame is the grid's map frame. Doors stand open, rooms have no zone class, and the fleet no robots: a person
    says that. Raises MapContentError where no robot has room.
    """
    settings = settings or DraftSettings()
    floor = Floor.of(grid, settings.narrowest)
    axes = medial_axes(floor) if floor.drivable.any() else nx.Graph()
    if axes.number_of_edges() == 0:
        raise MapContentError(
            f"nowhere on the map is a way {settings.narrowest:g} m wide",
            feature=name,
            remedy="Look at free_thresh, negate and resolution: are the corridors white?",
        )
    layout, doorways, rooms = _lay_out(axes, floor, settings)
    return _Drawing(grid, name, settings, floor, layout, doorways, rooms).site()


def _lay_out(axes: nx.Graph[int], floor: Floor, settings: DraftSettings) -> tuple[Layout, list[Doorway], list[Room]]:
    axes = without_stubs(axes)
    doorways = find_doorways(axes, floor, settings)
    rooms = rooms_between(doorways, floor)
    middle = islands(axes, floor, rooms, settings)
    if middle.any():
        axes = without_stubs(medial_axes(floor, middle))
        doorways = on_other_axes(doorways, axes)
    heading = heading_of(floor.free)
    layout = lay_out(prune(axes, floor, rooms, settings), doorways, floor, settings, heading)
    fill(layout, floor, rooms, doorways, heading)
    layout.unite(_AS_ONE)
    _divide(layout)
    return layout, doorways, find_rooms(layout, floor, rooms, doorways, settings.least_room)


def _divide(layout: Layout) -> None:
    """Long lanes become several of equal length."""
    for one, other, doorway in layout.lanes():
        start, end = layout.at(one), layout.at(other)
        parts = math.ceil(math.dist(start, end) / layout.settings.longest_lane)
        if doorway is None and parts > 1:
            layout.graph.remove_edge(one, other)
            stops = [one, *(layout.place((x, y)) for x, y in np.linspace(start, end, parts + 1)[1:-1].tolist()), other]
            for a, b in pairwise(stops):
                layout.join(a, b)


class _Drawing:
    """The layout on its way to a site: numbered from the top left, in the map frame."""

    def __init__(
        self,
        grid: OccupancyGrid,
        name: str,
        settings: DraftSettings,
        floor: Floor,
        layout: Layout,
        doorways: list[Doorway],
        rooms: list[Room],
    ) -> None:
        self._grid, self._name, self._settings, self._floor, self._layout = grid, name, settings, floor, layout
        used = {doorway for _, _, doorway in layout.lanes() if doorway is not None}
        shown = sorted(filter(used.__contains__, doorways), key=lambda doorway: _reading_order(doorway.start))
        self._doors = {doorway: DoorId(f"door_{number:02d}") for number, doorway in enumerate(shown, start=1)}
        kinds = {False: "room", True: "corridor"}
        self._rooms = [
            (f"{kinds[corridor]}_{number:02d}", room)
            for corridor in (False, True)
            for number, room in enumerate((room for room in rooms if room.corridor is corridor), start=1)
        ]
        named = {room.place: name for name, room in self._rooms if not room.corridor and room.place is not None}
        nodes = sorted(layout.graph, key=lambda node: _reading_order(layout.at(node)))
        digits = len(str(len(nodes)))
        self._ids = {
            node: WaypointId(named.get(node, f"p{number:0{digits}d}")) for number, node in enumerate(nodes, start=1)
        }
        self._named = set(named)

    def site(self) -> Site:
        fleet = Fleet(id=FleetId("robots"), compartments=DEFAULT_COMPARTMENTS)
        waypoints = {self._ids[node]: self._waypoint(node) for node in self._ids}
        return Site(
            name=self._name,
            levels={LEVEL: self._level()},
            waypoints=waypoints,
            lanes={lane.id: lane for lane in self._lanes(waypoints)},
            doors={name: self._door(name, doorway) for doorway, name in self._doors.items()},
            zones={zone.id: zone for zone in self._zones()},
            fleets={fleet.id: fleet},
            item_classes=DEFAULT_ITEM_CLASSES,
        )

    def _waypoint(self, node: int) -> Waypoint:
        (x, y), place = self._on_map([self._layout.at(node)])[0], self._ids[node]
        return Waypoint(id=place, level=LEVEL, x=x, y=y, name=str(place) if node in self._named else None)

    def _lanes(self, waypoints: dict[WaypointId, Waypoint]) -> list[Lane]:
        lanes = []
        for one, other, doorway in self._layout.lanes():
            pair = sorted((one, other), key=list(self._ids).index)
            room = self._floor.room_along(self._layout.at(one), self._layout.at(other))
            width = min(max(2 * room, self._settings.narrowest), self._settings.widest_lane)
            for start, end in ((pair[0], pair[1]), (pair[1], pair[0])):
                a, b = self._ids[start], self._ids[end]
                lane = Lane(
                    id=LaneId(f"{a}>{b}"),
                    start=a,
                    end=b,
                    length=math.dist(waypoints[a].xy, waypoints[b].xy),
                    width=round(width, 2),
                    door=None if doorway is None else self._doors[doorway],
                )
                lanes.append(lane)
        order = {place: number for number, place in enumerate(waypoints)}
        return sorted(lanes, key=lambda lane: (order[lane.start], order[lane.end]))

    def _door(self, name: DoorId, doorway: Doorway) -> Door:
        start, end = self._on_map([doorway.start, doorway.end])
        return Door(id=name, level=LEVEL, start=start, end=end, automatic=False)

    def _zones(self) -> list[Zone]:
        return [
            Zone(
                id=ZoneId(name),
                level=LEVEL,
                name=name.replace("_", " "),
                kind=ZoneKind.CORRIDOR if room.corridor else ZoneKind.ROOM,
                polygon=self._on_map(np.asarray(room.area.exterior.coords)[:-1, :2]),
            )
            for name, room in self._rooms
        ]

    def _level(self) -> Level:
        resolution = self._floor.resolution
        areas = outline(self._floor.free, resolution, 0.75 * resolution)
        solid = self._grid.cells >= LIKELY_FREE
        return Level(
            id=LEVEL,
            elevation=0.0,
            walls=tuple(self._on_map(line) for line in solid_lines(areas, solid, resolution)),
            floors=tuple(
                tuple(self._on_map(np.asarray(each.coords)[:-1, :2]) for each in (area.exterior, *area.interiors))
                for area in areas
            ),
        )

    def _on_map(self, points: object) -> tuple[Point, ...]:
        return ring(self._grid.to_map(np.asarray(points)))


def _reading_order(at: Point) -> tuple[float, float]:
    return (-round(at[1]), at[0])
