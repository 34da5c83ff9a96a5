"""Doorways: where a way is narrow between two walls and wider on both sides of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from maps.draft.chains import chains
from maps.draft.floor import Floor, steps_between
from maps.draft.settings import DraftSettings
from maps.model import Point

_OPENS_WITHIN = 1.5
"""How far (m) beyond a doorway it is wider again: walls and their reveals are thinner than that."""

_WIDENING = 1.2
"""By how much wider at least, as a factor: walls that only lean a little make no doorway."""

_SAME_GAP = 0.3
"""An axis passes a doorway when it passes its middle so nearly (m)."""

_NO_NODE = -1

_FACING = 0.9
"""The jambs face each other: their distance is at least this share of twice the room between them."""


@dataclass(frozen=True, slots=True)
class Doorway:
    """A gap from `start` to `end`, which `node` of the axes passes in the middle."""

    start: Point
    end: Point
    node: int

    @property
    def width(self) -> float:
        return math.dist(self.start, self.end)

    def sides(self, away: float) -> NDArray[np.float64]:
        """Two places in the middle of the gap, `away` metres before and behind it."""
        (x0, y0), (x1, y1) = self.start, self.end
        middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
        across = np.array([y0 - y1, x1 - x0]) * (away / self.width)
        return np.array([middle + across, middle - across])


def find_doorways(axes: nx.Graph[int], floor: Floor, settings: DraftSettings) -> list[Doorway]:
    """The doorways of a floor, no two of them across each other, the narrowest first."""
    found: list[Doorway] = []
    candidates = [doorway for chain in chains(axes) for doorway in _narrows(axes, chain, settings)]
    for doorway in sorted(candidates, key=lambda doorway: (doorway.width, doorway.node)):
        middle = axes.nodes[doorway.node]["at"]
        if all(math.dist(middle, axes.nodes[other.node]["at"]) > settings.door_stand * 2 for other in found):
            found.append(doorway)
    return _parting(found, floor, settings.least_room)


def on_other_axes(doorways: list[Doorway], axes: nx.Graph[int]) -> list[Doorway]:
    """The same doorways where other axes of the floor pass them; those that none of them passes stay shut."""
    nodes = sorted(axes)
    tree = cKDTree([axes.nodes[node]["at"] for node in nodes])
    found = []
    for doorway in doorways:
        away, nearest = tree.query(doorway.sides(0.0)[0])
        found.append(replace(doorway, node=nodes[int(nearest)] if away <= _SAME_GAP else _NO_NODE))
    return found


def _narrows(axes: nx.Graph[int], chain: list[int], settings: DraftSettings) -> Iterator[Doorway]:
    room = [axes.nodes[node]["room"] for node in chain]
    places = [axes.nodes[node]["at"] for node in chain]
    along = np.concatenate([[0.0], np.cumsum([math.dist(a, b) for a, b in pairwise(places)])])
    for i in range(1, len(chain) - 1):
        if 2 * room[i] > settings.widest_door:
            continue
        before = [k for k in range(i) if along[i] - along[k] <= _OPENS_WITHIN]
        after = [k for k in range(i + 1, len(chain)) if along[k] - along[i] <= _OPENS_WITHIN]
        if not before or not after or room[i] > min(room[k] for k in (*before, *after)):
            continue
        if min(max(room[k] for k in side) for side in (before, after)) < _WIDENING * room[i]:
            continue
        start, end = _jambs(axes, chain[i])
        if math.dist(start, end) >= 2 * room[i] * _FACING:
            yield Doorway(start, end, chain[i])


def _jambs(axes: nx.Graph[int], node: int) -> tuple[Point, Point]:
    """Of the walls beside the edges at `node` the two that are farthest apart."""
    pairs = [edge["walls"] for edge in axes[node].values()]
    start, end = max(pairs, key=lambda pair: math.dist(*pair))
    return start, end


def _parting(doorways: list[Doorway], floor: Floor, least: float) -> list[Doorway]:
    """Those whose two sides are different rooms of at least `least` m².

    A gap beside a pillar or a bed, round which one can go, is no doorway, nor is the way into a niche.
    """
    while True:
        rooms = rooms_between(doorways, floor)
        areas = np.bincount(rooms.ravel()) * floor.resolution**2
        parting = [doorway for doorway in doorways if _parts(doorway, rooms, areas, floor, least)]
        if len(parting) == len(doorways):
            return parting
        # One at a time, the widest first: without it a niche may be part of a room.
        lost = max((d for d in doorways if d not in parting), key=lambda d: (d.width, d.node))
        doorways = [doorway for doorway in doorways if doorway is not lost]


def _parts(doorway: Doorway, rooms: NDArray[np.int32], areas: NDArray[np.floating], floor: Floor, least: float) -> bool:
    sides = {int(room) for room in rooms[floor.cell(doorway.sides(2.5 * floor.resolution))]} - {0}
    return len(sides) == 2 and all(areas[room] >= least for room in sides)


def rooms_between(doorways: list[Doorway], floor: Floor) -> NDArray[np.int32]:
    """For each free cell the number (from 1) of the room it lies in when all doorways are shut; 0 elsewhere.

    Gaps that are too narrow for a robot are shut anyway: many mapped walls are dotted.
    """
    shut = floor.clearance >= floor.narrowest / 2
    for doorway in doorways:
        shut[floor.cell(steps_between(doorway.start, doorway.end, floor.resolution / 4))] = False
    rooms, _ = ndimage.label(shut)
    nearest = ndimage.distance_transform_edt(rooms == 0, return_distances=False, return_indices=True)
    filled: NDArray[np.int32] = np.where(floor.free, rooms[tuple(nearest)], 0).astype(np.int32)
    return filled
