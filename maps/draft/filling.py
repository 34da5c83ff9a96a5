"""Lanes across what the axes leave out of reach: the wide middle of halls, and floor behind pillars and furniture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray
from shapely import LineString, STRtree

from maps.draft.coverage import SPACING, Samples, distances
from maps.draft.doorways import Doorway
from maps.draft.floor import Floor
from maps.draft.layout import Layout, make_planar
from maps.geometry import crossing
from maps.model import Point

_DIRECTIONS = 12
"""How many directions of a lane through a place are tried."""

_SPUR = 2.0
"""A lane that ends in nothing is as good as one that leads through and is so much longer."""

_SKEW = 1.5
"""A lane along or across the building is as good as one at an angle that is so much shorter."""

_LEAST_LEFT = 0.5
"""Floor (m²) that is not worth a lane."""

_FAR = 40.0
"""A lane across a hall is not longer (m)."""

_ELSEWHERE = 0.5
"""Where no lane fits, the next attempt is at least so far away (m)."""

_AT_HAND = 0.6
"""A waypoint this near (m) to where a new lane would meet another is where it meets it."""


def fill(layout: Layout, floor: Floor, rooms: NDArray[np.int32], doorways: list[Doorway], heading: float) -> None:
    """Add lanes to `layout` until all floor that robots can drive on is within reach, or no more fits.

    `heading` is the direction (rad) that most walls follow; lanes along or across it are preferred.
    """
    samples = Samples.of(floor, rooms)
    reach = layout.settings.reach - SPACING / 2  # what lies between two samples is reached as well
    left = ~samples.covered(layout.lines(), reach)
    spots = np.flatnonzero(floor.drivable[floor.cell(samples.places)] & left)
    gains = dict(zip(spots.tolist(), samples.within(samples.places[spots], samples.rooms[spots], reach), strict=True))
    queue = [(-len(places), spot) for spot, places in gains.items()]
    heapify(queue)
    while queue:
        gain, spot = heappop(queue)
        if spot not in gains:
            continue
        still = int(np.count_nonzero(left[gains[spot]]))
        if still < -gain:  # other lanes reach some of it by now
            heappush(queue, (-still, spot))
            continue
        if still * samples.area < _LEAST_LEFT:
            break
        x, y = samples.places[spot].tolist()
        added = _lane_through(layout, floor, doorways, heading, (x, y))
        left &= ~samples.covered(added, reach)
        near = () if added else samples.tree.query_ball_point(samples.places[spot], _ELSEWHERE)
        for lost in (spot, *near):
            gains.pop(lost, None)
    make_planar(layout)


@dataclass(frozen=True, slots=True)
class _Meeting:
    """Where a new lane meets another one, or a waypoint (then its number stands for both ends)."""

    at: Point
    lane: tuple[int, int]


def _lane_through(
    layout: Layout, floor: Floor, doorways: list[Doorway], heading: float, spot: Point
) -> list[tuple[Point, Point]]:
    """Add the best lane through `spot`, from lane to lane or from one lane to `spot`; its parts, none if none fits."""
    open_lanes = layout.open_lanes()
    best = _nearest_in_sight(layout, floor, doorways, spot)
    for number in range(_DIRECTIONS):
        angle = heading + number * math.pi / _DIRECTIONS
        meetings = [
            m for side in (angle, angle + math.pi) if (m := _meeting(layout, open_lanes, floor, doorways, spot, side))
        ]
        if not meetings:
            continue
        length = sum(math.dist(spot, meeting.at) for meeting in meetings)
        skew = 1.0 if number in (0, _DIRECTIONS // 2) else _SKEW
        cost = length * skew if len(meetings) == 2 else _SPUR * length * skew + 1.0
        if best is None or cost < best[0]:
            best = (cost, meetings)
    if best is None:
        return []
    ends = [_junction(layout, floor, meeting, spot) for meeting in best[1]]
    if len(ends) == 1:
        ends.append(layout.place(spot))
    if ends[0] == ends[1]:
        return []
    one, other = ends
    direct = (layout.at(one), layout.at(other))
    near = distances(np.asarray([spot]), *direct)[0] <= layout.settings.reach / 2
    if near and floor.passes(*direct):
        layout.join(one, other)
        return [direct]
    middle = layout.place(spot)
    layout.join(one, middle)
    layout.join(middle, other)
    return [(layout.at(one), spot), (spot, layout.at(other))]


def _nearest_in_sight(
    layout: Layout, floor: Floor, doorways: list[Doorway], spot: Point
) -> tuple[float, list[_Meeting]] | None:
    """A spur from the nearest waypoint with a straight free way to `spot`, and its cost."""
    for node in sorted(layout.graph, key=lambda node: (math.dist(layout.at(node), spot), node)):
        way = (layout.at(node), spot)
        if math.dist(*way) > 4 * layout.settings.reach:
            return None
        if floor.passes(*way) and all(crossing(way, (d.start, d.end)) is None for d in doorways):
            return _SPUR * math.dist(*way) * _SKEW + 1.0, [_Meeting(layout.at(node), (node, node))]
    return None


def _meeting(
    layout: Layout,
    open_lanes: tuple[list[tuple[int, int]], STRtree],
    floor: Floor,
    doorways: list[Doorway],
    spot: Point,
    angle: float,
) -> _Meeting | None:
    """The first lane that a robot going from `spot` in direction `angle` meets; None where a wall comes first."""
    ray = (spot, _ahead(spot, angle, _FAR))
    steps = np.linspace(ray[0], ray[1], int(_FAR / floor.resolution) + 1)
    height, width = (size * floor.resolution for size in floor.free.shape)
    inside = (steps >= 0.0).all(axis=1) & (steps[:, 0] < width) & (steps[:, 1] < height)
    tight = ~inside | (floor.clearance[floor.cell(steps)] < floor.narrowest / 2)
    free = (int(tight.argmax()) if tight.any() else len(steps)) * floor.resolution
    for doorway in doorways:
        if (share := crossing(ray, (doorway.start, doorway.end))) is not None:
            free = min(free, share * _FAR)
    lanes, tree = open_lanes
    best: tuple[float, tuple[int, int]] | None = None
    for number in tree.query(LineString([spot, _ahead(spot, angle, free)]), predicate="intersects").tolist():
        one, other = lanes[number]
        if (share := crossing(ray, (layout.at(one), layout.at(other)))) is not None:
            here = (share * _FAR, (one, other))
            if here[0] < free and (best is None or here < best):
                best = here
    if best is None:
        return None
    distance, lane = best
    return _Meeting(_ahead(spot, angle, distance), lane)


def _ahead(spot: Point, angle: float, distance: float) -> Point:
    return (spot[0] + distance * math.cos(angle), spot[1] + distance * math.sin(angle))


def _junction(layout: Layout, floor: Floor, meeting: _Meeting, spot: Point) -> int:
    """The waypoint where a lane from `spot` joins the lane it meets: one at hand, else a new one."""
    one, other = meeting.lane
    if one == other:
        return one
    for node in sorted((one, other), key=lambda node: math.dist(layout.at(node), meeting.at)):
        if math.dist(layout.at(node), meeting.at) <= _AT_HAND and floor.passes(spot, layout.at(node)):
            return node
    if not layout.graph.has_edge(one, other):
        # The other end of the new lane has just divided this one.
        one, other = min(
            ((a, b) for a, b, doorway in layout.lanes() if doorway is None),
            key=lambda edge: (distances(np.asarray([meeting.at]), layout.at(edge[0]), layout.at(edge[1]))[0], edge),
        )
    new = layout.place(meeting.at)
    layout.graph.remove_edge(one, other)
    layout.join(one, new)
    layout.join(new, other)
    return new
