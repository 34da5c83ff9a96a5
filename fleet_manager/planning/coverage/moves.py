"""The shortest ways of a swath's centre from one place to another, inside the area that it may be in.

A graph of what can be driven: the walls of the area (rings), the drives that are to be done, and lines of sight between
corners that ways bend around, and between neighbouring ends. Rings and drives alone connect everything, so there is
always a way; the lines of sight make it short.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree
from shapely import Polygon

from fleet_manager.planning.coverage.walls import Floats, Integers, Ring, Walls, lines_between
from maps.model import Point

_BEND: Final = math.radians(30.0)
"""Corners of an arc that ways bend around are this far apart in direction."""

_CORNERS_SEEN, _ENDS_SEEN, _CORNERS_SEE = 10, 6, 24
"""Of so many nearest corners and ends it is looked up whether an end sees them; corners look at more corners."""

_TOUCHING: Final = 1e-5
"""A line of sight may leave the centres' area by so much (swaths)."""


class Sight:
    """Whether straight moves stay inside the centres' area."""

    def __init__(self, centres: Polygon, swath: float) -> None:
        self._area = centres.buffer(_TOUCHING * swath, join_style="mitre")
        shapely.prepare(self._area)

    def clear(self, starts: Floats, ends: Floats) -> NDArray[np.bool_]:
        return np.asarray(shapely.covers(self._area, lines_between(starts, ends)), dtype=np.bool_)

    def sees(self, a: Point, b: Point) -> bool:
        return bool(self.clear(np.array([a]), np.array([b]))[0])


class Moves:
    """Ways between the ends of `drives` (polylines inside the area); drive i starts at end 2 i."""

    def __init__(
        self,
        walls: Walls,
        sight: Sight,
        swath: float,
        drives: Sequence[Sequence[Point]],
        links: Sequence[Sequence[Point]] = (),
    ) -> None:
        """`links` can be driven too, but need not be: with the drives they make up strips from wall to wall."""
        self.swath = swath
        self.sight = sight
        self.rings = walls.rings
        self.ends = np.array([point for drive in (*drives, *links) for point in (drive[0], drive[-1])])
        self._sources = np.arange(2 * len(drives))
        ring, self._at, distance = walls.nearest(self.ends)
        self._ring = np.where(distance <= _TOUCHING * swath, ring, -1)
        self._build([*drives, *links])

    @cached_property
    def distances(self) -> Floats:
        """Metres from each end of the drives to each other one."""
        return self._all[0][:, self._sources]

    @cached_property
    def _all(self) -> tuple[Floats, Integers]:
        return self._shortest(self._sources)

    def tree_from(self, place: Point) -> WayTree:
        """The shortest ways from a place, which is inside the area, to all nodes."""
        wanted = range(1, min(_CORNERS_SEE, len(self._xy)) + 1)
        near = np.asarray(KDTree(self._xy).query(np.array([place]), k=list(wanted))[1])[0]
        seen = near[self.sight.clear(np.tile(place, (len(near), 1)), self._xy[near])]
        starts = seen if len(seen) else near[:1]
        hops = np.hypot(*(self._xy[starts] - place).T)
        distances, before = self._shortest(starts)
        return WayTree(place, self._xy, hops[:, None] + distances, before)

    def way(self, start: int, end: int) -> list[Point]:
        """From one end to another: along the wall where both are on it close by, since that covers what is along it."""
        ring, at = int(self._ring[start]), float(self._at[start])
        direct = float(self.distances[start, end])
        if ring >= 0 and ring == self._ring[end]:
            length = self.rings[ring].length
            along = (float(self._at[end]) - at + length / 2) % length - length / 2
            if abs(along) <= max(2.5 * self.swath, 1.1 * direct):
                return self.rings[ring].stretch(at, at + along)
        nodes = [end]
        while nodes[-1] != start:
            nodes.append(int(self._all[1][start, nodes[-1]]))
        return self.pulled_tight([self._points(node) for node in reversed(nodes)])

    def pulled_tight(self, way: list[Point]) -> list[Point]:
        """The way without the bends that a straight move makes unnecessary."""
        kept, here = [way[0]], 0
        while here < len(way) - 1:
            ahead = np.array(way[here + 1 :])
            seen = np.flatnonzero(self.sight.clear(np.broadcast_to(way[here], ahead.shape), ahead))
            here += 1 + (int(seen[-1]) if len(seen) else 0)
            kept.append(way[here])
        return kept

    def way_from_an_end(self, place: Point) -> list[Point]:
        """From the end that is nearest by way to `place`."""
        tree = self.tree_from(place)
        end = min(map(int, self._sources), key=tree.distance)
        return self.pulled_tight(tree.way_to(end)[::-1])

    def _points(self, node: int) -> Point:
        return (float(self._xy[node, 0]), float(self._xy[node, 1]))

    def _build(self, drives: Sequence[Sequence[Point]]) -> None:
        points, pairs, lengths = [self.ends], [], []
        count = len(self.ends)
        corners: list[int] = []
        for number, ring in enumerate(self.rings):
            here = np.flatnonzero(self._ring == number)
            own = count + np.arange(len(ring.xy) - 1)
            nodes = np.concatenate([here, own])
            at = np.concatenate([self._at[here] % ring.length, ring.at[:-1]])
            order = np.argsort(at, kind="stable")
            nodes, at = nodes[order], at[order]
            pairs.append(np.stack([nodes, np.roll(nodes, -1)], axis=1))
            lengths.append(np.diff(np.append(at, at[0] + ring.length)))
            corners += [count + k for k in _bends(ring, hole=number > 0)]
            points.append(ring.xy[:-1])
            count += len(own)
        self._xy = np.concatenate(points)
        same = KDTree(self.ends).query_pairs(1e-9 * self.swath, output_type="ndarray")
        pairs.append(same)
        lengths.append(np.zeros(len(same)))
        pairs.append(np.arange(len(self.ends)).reshape(-1, 2))
        lengths.append(np.array([way_length(drive) for drive in drives]))
        for nodes_a, nodes_b, most in (
            (np.array(corners, dtype=np.int64), np.array(corners, dtype=np.int64), _CORNERS_SEE),
            (np.arange(len(self.ends)), np.array(corners, dtype=np.int64), _CORNERS_SEEN),
            (np.arange(len(self.ends)), np.arange(len(self.ends)), _ENDS_SEEN),
        ):
            seen = self._seen(nodes_a, nodes_b, most)
            pairs.append(seen)
            lengths.append(np.hypot(*(self._xy[seen[:, 0]] - self._xy[seen[:, 1]]).T))
        flat = np.concatenate(pairs)
        # Nothing is nearer than a hair: a stored zero would mean "no way" to the search.
        weights = np.maximum(np.concatenate(lengths), 1e-9)
        flat, weights = _least(flat, weights, len(self._xy))
        self._graph = csr_array((weights, (flat[:, 0], flat[:, 1])), shape=(len(self._xy), len(self._xy)))

    def _seen(self, these: Integers, those: Integers, most: int) -> Integers:
        """Pairs of one of `these` and one of its nearest `those`, with a clear straight move between them."""
        if not len(these) or not len(those):
            return np.empty((0, 2), dtype=np.int64)
        wanted = min(most + 1, len(those))
        _, found = KDTree(self._xy[those]).query(self._xy[these], k=[k + 1 for k in range(wanted)])
        pairs = np.stack([np.repeat(these, wanted), those[found.reshape(-1)]], axis=1)
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        return np.asarray(pairs[self.sight.clear(self._xy[pairs[:, 0]], self._xy[pairs[:, 1]])])

    def _shortest(self, sources: Integers) -> tuple[Floats, Integers]:
        distances, before = dijkstra(self._graph, directed=False, indices=sources, return_predecessors=True)
        return np.asarray(distances), np.asarray(before, dtype=np.int64)


class WayTree:
    """Shortest ways from one place to the nodes of a graph of moves."""

    def __init__(self, place: Point, xy: Floats, distances: Floats, before: Integers) -> None:
        self._place = place
        self._xy = xy
        self._distances = distances.min(axis=0)
        self._row = distances.argmin(axis=0)
        self._before = before

    def distance(self, node: int) -> float:
        return float(self._distances[node])

    def way_to(self, node: int) -> list[Point]:
        row = self._row[node]
        way: list[Point] = []
        while node >= 0:
            way.append((float(self._xy[node, 0]), float(self._xy[node, 1])))
            node = int(self._before[row, node])
        return [self._place, *reversed(way)]


def way_length(way: Sequence[Point]) -> float:
    """Metres along the straight moves between the points."""
    return math.fsum(math.dist(a, b) for a, b in pairwise(way))


def _least(pairs: Integers, weights: Floats, size: int) -> tuple[Integers, Floats]:
    """Each pair once, with its least weight; a sparse array would add them up."""
    ordered = np.sort(pairs, axis=1)
    key = ordered[:, 0] * size + ordered[:, 1]
    order = np.lexsort((weights, key))
    _, first = np.unique(key[order], return_index=True)
    chosen = order[first]
    chosen = chosen[ordered[chosen, 0] != ordered[chosen, 1]]
    return ordered[chosen], weights[chosen]


def _bends(ring: Ring, *, hole: bool) -> list[int]:
    """Corners of the ring that stick into the area, of an arc only some: those are where shortest ways bend."""
    steps = np.diff(ring.xy, axis=0)
    signed = float(np.sum(ring.xy[:-1, 0] * ring.xy[1:, 1] - ring.xy[1:, 0] * ring.xy[:-1, 1]))
    inside_left = (signed > 0.0) != hole
    headings = np.arctan2(steps[:, 1], steps[:, 0])
    turns = (headings - np.roll(headings, 1) + math.pi) % (2 * math.pi) - math.pi
    inward = turns < -1e-9 if inside_left else turns > 1e-9
    found: list[int] = []
    turned = math.inf
    for k in range(len(turns)):
        if not inward[k]:
            if found and k > 0 and inward[k - 1] and found[-1] != k - 1:
                found.append(k - 1)
            turned = math.inf
            continue
        turned += abs(turns[k])
        if turned >= _BEND:
            found.append(k)
            turned = 0.0
    return found
