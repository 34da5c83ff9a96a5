"""Rooms: the parts of a floor between its doorways. Those with many doors, or long ones, are corridors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from shapely import Polygon

from maps.draft.doorways import Doorway
from maps.draft.floor import Floor
from maps.draft.layout import Layout
from maps.draft.outlines import outline
from maps.model import Point

_CORRIDOR_DOORS = 4
"""So many doors lead from corridors; rooms have fewer."""

_CORRIDOR_LENGTH = 4.0
"""With two doors or more, what is so many times longer than wide is a corridor."""

_TOLERANCE = 0.1
"""A room's outline is drawn to this (m)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """`place` is the waypoint nearest to its middle, None where no lane leads into it."""

    area: Polygon
    corridor: bool
    place: int | None


def find_rooms(
    layout: Layout, floor: Floor, rooms: NDArray[np.int32], doorways: Sequence[Doorway], least: float
) -> list[Room]:
    """The rooms of at least `least` m², from the top left to the bottom right."""
    doors = [0] * (int(rooms.max()) + 1)
    for doorway in doorways:
        for room in set(rooms[floor.cell(doorway.sides(2.5 * floor.resolution))].tolist()):
            doors[room] += 1
    inside: dict[int, list[int]] = {}
    for node in sorted(layout.graph):
        inside.setdefault(int(rooms[floor.cell([layout.at(node)])][0]), []).append(node)
    found = []
    for number, where in enumerate(ndimage.find_objects(rooms), start=1):
        cells = rooms[where] == number
        area = float(cells.sum()) * floor.resolution**2
        if area < least:
            continue
        corner = (where[1].start * floor.resolution, where[0].start * floor.resolution)
        shape = _shifted(outline(cells, floor.resolution, _TOLERANCE)[0], corner)
        widest = 2 * float(floor.clearance[where][cells].max())
        corridor = doors[number] >= _CORRIDOR_DOORS or (doors[number] >= 2 and area > _CORRIDOR_LENGTH * widest**2)
        found.append(Room(area=shape, corridor=corridor, place=_middle(layout, inside.get(number, []), shape)))
    return sorted(found, key=_reading_order)


def _shifted(area: Polygon, by: Point) -> Polygon:
    return Polygon(np.asarray(area.exterior.coords)[:, :2] + by)


def _middle(layout: Layout, nodes: list[int], area: Polygon) -> int | None:
    """The waypoint nearest to the middle, none of those beside a doorway if there are others."""
    free = [node for node in nodes if not layout.at_doorway(node)] or nodes
    centre = (area.centroid.x, area.centroid.y)
    return min(free, key=lambda node: (math.dist(layout.at(node), centre), node), default=None)


def _reading_order(room: Room) -> tuple[float, float]:
    left, _, _, top = room.area.bounds
    return (-round(top / 2.0), left)
