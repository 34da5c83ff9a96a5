"""From axes to lanes: straight lines between few waypoints, one line through each doorway."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import networkx as nx
import numpy as np
import shapely
from shapely import LineString, STRtree

from maps.draft.chains import chains
from maps.draft.coverage import distances
from maps.draft.doorways import Doorway
from maps.draft.floor import Floor
from maps.draft.settings import DraftSettings
from maps.geometry import crossing
from maps.model import Point

_KEPT_ROOM = 0.7
"""A lane that is made straight keeps this share of the room it had."""

_OFF_MIDDLE = 0.25
"""In narrow passages a lane leaves the middle by at most this share of the room there."""

_NEARLY_STRAIGHT = math.radians(145.0)
"""Two lanes at a junction that make a greater angle are one way that goes on."""

_ONE_PLACE = 0.8
"""Waypoints nearer (m) than a robot is long are one."""

_BULGE = 0.35
"""How far an axis leaves the straight way at a junction, as a share of the room there, and some."""

_SAME_WAY = 0.25
"""Two ways nearer (m) than this are one."""

_NEARLY_LEVEL = 0.2
"""A lane that leaves the building's direction by at most this slope (11°) was meant to follow it."""

_SWEEPS = 8
"""How often neighbours are made level with each other in one round."""

_ROUNDS = 4
"""How often places move; later rounds change next to nothing."""


class Layout:
    """The lanes as a graph: nodes have `at` (Point), edges `doorway` (Doorway or None)."""

    def __init__(self, floor: Floor, settings: DraftSettings) -> None:
        self.graph: nx.Graph[int] = nx.Graph()
        self.floor = floor
        self.settings = settings
        self._next = 0

    def place(self, at: Point) -> int:
        """A new node at `at`."""
        self._next += 1
        self.graph.add_node(self._next, at=at)
        return self._next

    def at(self, node: int) -> Point:
        at: Point = self.graph.nodes[node]["at"]
        return at

    def join(self, one: int, other: int, doorway: Doorway | None = None) -> None:
        self.graph.add_edge(one, other, doorway=doorway)

    def unite(self, least: float) -> None:
        """Make one of two nodes that are joined and no farther apart than `least` (m), unless a doorway is between."""
        for one, other, doorway in self.lanes():
            if not self.graph.has_edge(one, other) or doorway is not None:
                continue
            if math.dist(self.at(one), self.at(other)) <= least:
                for beyond, edge in list(self.graph[other].items()):
                    if beyond != one and not self.graph.has_edge(one, beyond):
                        self.graph.add_edge(one, beyond, **edge)
                self.graph.remove_node(other)

    def lanes(self) -> list[tuple[int, int, Doorway | None]]:
        """The two ends of each lane, the smaller first, and the doorway it leads through."""
        return sorted(
            ((min(one, other), max(one, other), edge["doorway"]) for one, other, edge in self.graph.edges(data=True)),
            key=lambda lane: lane[:2],
        )

    def open_lanes(self) -> tuple[list[tuple[int, int]], STRtree]:
        """The lanes that lead through no doorway, and their lines."""
        lanes = [(one, other) for one, other, doorway in self.lanes() if doorway is None]
        return lanes, STRtree([LineString([self.at(one), self.at(other)]) for one, other in lanes])

    def lines(self) -> Iterator[tuple[Point, Point]]:
        return ((self.at(a), self.at(b)) for a, b in self.graph.edges)

    def at_doorway(self, node: int) -> bool:
        return any(edge["doorway"] is not None for edge in self.graph[node].values())


def lay_out(
    axes: nx.Graph[int], doorways: Sequence[Doorway], floor: Floor, settings: DraftSettings, heading: float
) -> Layout:
    """Lanes along `axes`, straight, and along or across `heading` where there is room.

    Doorways off the axes are passed over.
    """
    layout = Layout(floor, settings)
    through = {doorway.node: doorway for doorway in doorways}
    ends: dict[int, int] = {}
    for chain in chains(axes):
        points = [axes.nodes[node]["at"] for node in chain]
        stands = _stands(points, {i: through[node] for i, node in enumerate(chain) if node in through}, layout)
        last = len(points) - 1
        nodes = {0: _end(layout, ends, chain[0], points[0]), last: _end(layout, ends, chain[last], points[last])}
        stops = sorted({0, last, *(i for pair in stands for i in pair)})
        for start, stop in pairwise(stops):
            kept = [start, stop] if (start, stop) in stands else _straight(points, start, stop, layout)
            if len(kept) == 2 and _needs_between(layout, nodes.get(start), nodes.get(stop)) and stop - start > 1:
                kept = [start, (start + stop) // 2, stop]
            for i in kept:
                if i not in nodes:
                    nodes[i] = layout.place(points[i])
            for a, b in pairwise(kept):
                layout.join(nodes[a], nodes[b], stands.get((a, b)))
    layout.graph.remove_edges_from(list(nx.selfloop_edges(layout.graph)))
    _face_doorways(layout)
    for _ in range(_ROUNDS):
        _merge(layout)
        _square_up(layout, heading)
        _tighten(layout)
        make_planar(layout)
    return layout


def _end(layout: Layout, ends: dict[int, int], node: int, at: Point) -> int:
    if node not in ends:
        ends[node] = layout.place(at)
    return ends[node]


def _needs_between(layout: Layout, start: int | None, stop: int | None) -> bool:
    """Whether a straight lane would coincide with another one, or lead from a place to itself."""
    return start is not None and stop is not None and (start == stop or layout.graph.has_edge(start, stop))


def _stands(points: list[Point], doorways: dict[int, Doorway], layout: Layout) -> dict[tuple[int, int], Doorway]:
    """Before and behind each doorway of a chain the places (as indices) where a robot stands clear of it."""
    stands = {}
    along = np.concatenate([[0.0], np.cumsum([math.dist(a, b) for a, b in pairwise(points)])])
    places = sorted(doorways)
    for number, i in enumerate(places):
        low = (places[number - 1] + i + 1) // 2 if number else 0
        high = (places[number + 1] + i) // 2 if number + 1 < len(places) else len(points) - 1
        stand = layout.settings.door_stand
        while stand > 0.1:
            before = max(low, int(np.searchsorted(along, along[i] - stand)))
            behind = min(high, int(np.searchsorted(along, along[i] + stand)))
            if before < i < behind and layout.floor.passes(points[before], points[behind]):
                stands[before, behind] = doorways[i]
                break
            stand /= 2
    return stands


def _straight(points: list[Point], start: int, stop: int, layout: Layout) -> list[int]:
    """Indices of points whose straight connections stay near the points between (Douglas and Peucker, 1973)."""
    if stop - start < 2:
        return [start, stop]
    between = np.asarray(points[start : stop + 1])
    away = distances(between, points[start], points[stop])
    floor, settings = layout.floor, layout.settings
    had = float(floor.clearance[floor.cell(between)].min())
    room = max(floor.least_room, _KEPT_ROOM * had)
    if (
        away.max() <= min(settings.straightness, _OFF_MIDDLE * had)
        and floor.room_along(points[start], points[stop]) >= room
    ):
        return [start, stop]
    middle = start + int(away.argmax()) if away.max() > floor.resolution else (start + stop) // 2
    middle = min(max(middle, start + 1), stop - 1)
    return [*_straight(points, start, middle, layout)[:-1], *_straight(points, middle, stop, layout)]


# --- moving places -----------------------------------------------------------------------------------------------


def _merge(layout: Layout) -> None:
    """Places nearer to each other than a robot is long become one, where the lanes to it have room."""
    graph = layout.graph
    for one, other in sorted(graph.edges, key=lambda e: (math.dist(layout.at(e[0]), layout.at(e[1])), *sorted(e))):
        if not graph.has_edge(one, other) or graph[one][other]["doorway"] is not None:
            continue
        if math.dist(layout.at(one), layout.at(other)) >= _ONE_PLACE:
            continue
        for at in _meeting_places(layout, one, other):
            if _may_stand(layout, one, at, other) and _may_stand(layout, other, at, one):
                for neighbour, edge in list(graph[other].items()):
                    if neighbour != one and not graph.has_edge(one, neighbour):
                        graph.add_edge(one, neighbour, **edge)
                graph.remove_node(other)
                graph.nodes[one]["at"] = at
                break


def make_planar(layout: Layout) -> None:
    """Lanes that pass a waypoint within half a robot's width lead through it; lanes that cross meet in a new one."""
    graph = layout.graph
    nodes = sorted(graph)
    open_, tree = layout.open_lanes()
    near = tree.query(shapely.points([layout.at(node) for node in nodes]), predicate="dwithin", distance=_SAME_WAY)
    for node, (one, other) in sorted((nodes[i], open_[k]) for i, k in near.T.tolist()):
        if node in (one, other) or not graph.has_edge(one, other):
            continue
        if all(layout.floor.passes(layout.at(node), layout.at(end)) for end in (one, other)):
            _divide_at(layout, one, other, node)
    open_, tree = layout.open_lanes()
    crossed = tree.query(tree.geometries, predicate="crosses")
    for (a, b), (c, d) in sorted((open_[i], open_[k]) for i, k in crossed.T.tolist() if i < k):
        if not (graph.has_edge(a, b) and graph.has_edge(c, d)):
            continue
        (ax, ay), (bx, by) = layout.at(a), layout.at(b)
        if (share := crossing(((ax, ay), (bx, by)), (layout.at(c), layout.at(d)))) is not None:
            meeting = layout.place((ax + share * (bx - ax), ay + share * (by - ay)))
            _divide_at(layout, a, b, meeting)
            _divide_at(layout, c, d, meeting)


def _divide_at(layout: Layout, one: int, other: int, node: int) -> None:
    layout.graph.remove_edge(one, other)
    for end in (one, other):
        if end != node and not layout.graph.has_edge(end, node):
            layout.join(end, node)


def _face_doorways(layout: Layout) -> None:
    """Robots stand squarely before a doorway and behind it, where there is room for that."""
    for one, other, doorway in layout.lanes():
        if doorway is None:
            continue
        (x0, y0), (x1, y1) = doorway.start, doorway.end
        across = ((y0 - y1) / doorway.width, (x1 - x0) / doorway.width)
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        for node in (one, other):
            at = layout.at(node)
            off = (at[0] - middle[0]) * across[0] + (at[1] - middle[1]) * across[1]
            target = (middle[0] + off * across[0], middle[1] + off * across[1])
            if _may_stand(layout, node, target):
                layout.graph.nodes[node]["at"] = target


def _square_up(layout: Layout, heading: float) -> None:
    """Lanes nearly along or across the building come to lie so: places move until they are level with each other."""
    graph = layout.graph
    axes = ((math.cos(heading), math.sin(heading)), (-math.sin(heading), math.cos(heading)))
    first = {node: layout.at(node) for node in graph}
    for _ in range(_SWEEPS):
        for node in sorted(graph):
            x, y = layout.at(node)
            for along, across in (axes, axes[::-1]):
                offsets = []
                for neighbour in graph[node]:
                    dx, dy = layout.at(neighbour)[0] - x, layout.at(neighbour)[1] - y
                    length, off = dx * along[0] + dy * along[1], dx * across[0] + dy * across[1]
                    if abs(off) <= _NEARLY_LEVEL * abs(length) and abs(off) <= 2 * _slack(layout, node):
                        offsets.append(off)
                if offsets:
                    move = sum(offsets) / len(offsets)
                    x, y = x + move * across[0], y + move * across[1]
            if math.dist((x, y), first[node]) <= _slack(layout, node) and _may_stand(layout, node, (x, y)):
                graph.nodes[node]["at"] = (x, y)


def _meeting_places(layout: Layout, one: int, other: int) -> list[Point]:
    """Where two places may become one: away from a doorway, where more lanes meet, then in the middle."""
    at_doorways = [layout.at_doorway(node) for node in (one, other)]
    if all(at_doorways):
        return []
    rank = {
        one: (at_doorways[0], -layout.graph.degree(one), one),
        other: (at_doorways[1], -layout.graph.degree(other), other),
    }
    (ax, ay), (bx, by) = (layout.at(node) for node in sorted((one, other), key=rank.__getitem__))
    return [(ax, ay), (bx, by)] if any(at_doorways) else [(ax, ay), ((ax + bx) / 2, (ay + by) / 2), (bx, by)]


def _tighten(layout: Layout) -> None:
    """Ways that go on through a place go straight on, and places where nothing happens go."""
    graph = layout.graph
    for node in sorted(graph):
        if layout.at_doorway(node) or graph.degree(node) < 2:
            continue
        pair = max(combinations(sorted(graph[node]), 2), key=lambda pair: _angle(layout, node, *pair))
        if _angle(layout, node, *pair) < _NEARLY_STRAIGHT:
            continue
        target = _projected(layout.at(node), layout.at(pair[0]), layout.at(pair[1]))
        move = math.dist(target, layout.at(node))
        if graph.degree(node) == 2:
            if move <= layout.settings.straightness and not graph.has_edge(*pair) and _has_room(layout, *pair, node):
                graph.remove_node(node)
                layout.join(*pair)
        elif move <= _slack(layout, node) and _may_stand(layout, node, target):
            graph.nodes[node]["at"] = target


def _slack(layout: Layout, node: int) -> float:
    """How far a place may move for straight lanes: where corridors meet, the axes bulge by an eighth of their width."""
    room = float(layout.floor.clearance[layout.floor.cell([layout.at(node)])][0])
    return max(2 * layout.settings.straightness, _BULGE * room)


def _has_room(layout: Layout, one: int, other: int, between: int) -> bool:
    floor = layout.floor
    had = min(floor.room_along(layout.at(between), layout.at(end)) for end in (one, other))
    needed = max(floor.least_room, _KEPT_ROOM * had)
    return floor.room_along(layout.at(one), layout.at(other)) >= needed


def _may_stand(layout: Layout, node: int, at: Point, ignoring: int | None = None) -> bool:
    """Whether `node` may move to `at`: its lanes keep room, and those through doorways lead through them."""
    if at == layout.at(node):
        return True
    floor = layout.floor
    for neighbour, edge in layout.graph[node].items():
        if neighbour == ignoring:
            continue
        way, doorway = (at, layout.at(neighbour)), edge["doorway"]
        if doorway is not None and crossing(way, (doorway.start, doorway.end)) is None:
            return False
        had = floor.room_along(layout.at(node), layout.at(neighbour))
        if floor.room_along(*way) < max(floor.least_room, _KEPT_ROOM * had):
            return False
    return True


def _angle(layout: Layout, node: int, one: int, other: int) -> float:
    (x, y), (ax, ay), (bx, by) = layout.at(node), layout.at(one), layout.at(other)
    turn = math.atan2(by - y, bx - x) - math.atan2(ay - y, ax - x)
    return abs(math.remainder(turn, math.tau))


def _projected(point: Point, start: Point, end: Point) -> Point:
    ux, uy = end[0] - start[0], end[1] - start[1]
    squared = ux * ux + uy * uy
    share = ((point[0] - start[0]) * ux + (point[1] - start[1]) * uy) / squared if squared > 0.0 else 0.0
    return (start[0] + share * ux, start[1] + share * uy)
