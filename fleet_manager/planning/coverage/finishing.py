"""What strips and moves leave uncovered, and detours along the walls that cover it.

Lines not farther apart than the swath cover everything that is half a swath or more from the walls of the centres'
area; the rest lies within half a swath of these walls. So strips and walls together cover all that can be reached, and
whatever is left can be covered from a stretch of wall. Which stretches are worth their metres is a matter of price: at
a price per square metre each gap takes the detour with the greatest profit, and the price falls until enough is
covered.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from fleet_manager.planning.coverage.free_area import FreeArea
from fleet_manager.planning.coverage.moves import Moves, way_length
from fleet_manager.planning.coverage.walls import Floats, Shapes, Walls, lines_along
from maps.model import Point

_QUARTER: Final = 16
"""Chords in a quarter circle of the swath's disc, which is taken as smaller than it is by that."""

_SMALLEST: Final = 2e-5
"""A gap smaller than this (square swaths) is let be."""

_GRID: Final = 1e-6
"""Metres between the points of the grid that is fallen back on."""

_SHARES: Final = (0.25, 0.5, 0.75, 1.0)
"""How much of a gap's stretch of wall a detour goes along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a wall from which a gap is covered; `end` may lie beyond the ring's closing point."""

    ring: int
    start: float
    end: float
    gap: Polygon

    @property
    def length(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Detour:
    """Leave the path on edge `edge` at `way[0]`, come back to it at the way's end.

    It makes the path longer by `length` (m) and covers `gain` (m²) more.
    """

    edge: int
    way: tuple[Point, ...]
    length: float
    gain: float


def swept(path: Sequence[Point], radius: float) -> Polygon | MultiPolygon:
    """What a disc of `radius` covers along the path."""
    if len(path) == 1:
        return shapely.Point(path[0]).buffer(radius, quad_segs=_QUARTER)
    xy = np.array(path)
    covered = shapely.union_all(shapely.buffer(lines_along(xy), radius, quad_segs=_QUARTER))
    assert isinstance(covered, Polygon | MultiPolygon)
    return covered


def without(ground: shapely.Geometry, covered: shapely.Geometry) -> shapely.Geometry:
    """What of the ground is not covered."""
    try:
        return shapely.difference(ground, covered)
    except shapely.GEOSException:
        # Outlines that nearly coincide can defeat the exact way; a grid far finer than a robot's position can't.
        return shapely.difference(shapely.make_valid(ground), shapely.make_valid(covered), grid_size=_GRID)


def gaps(free: FreeArea, covered: shapely.Geometry, thinnest: float = 0.0) -> list[Polygon]:
    """The pieces of the reachable area that are not covered, the largest first; dust left out.

    What is not `thinnest` (m) wide counts as covered.
    """
    open_area = without(free.reachable, covered)
    if thinnest > 0.0:
        open_area = shapely.buffer(shapely.buffer(open_area, -thinnest / 2), thinnest / 2)
    rest = shapely.get_parts(open_area)
    smallest = _SMALLEST * free.swath**2
    found = [piece for piece in rest if isinstance(piece, Polygon) and piece.area > smallest]
    return sorted(found, key=lambda piece: -piece.area)


def stretches(walls: Walls, pieces: Sequence[Polygon], swath: float) -> list[Stretch]:
    """The stretches of wall that the pieces are covered from."""
    found: list[Stretch] = []
    for piece in pieces:
        rings, at, _ = walls.nearest(shapely.get_coordinates(piece.segmentize(swath / 8)))
        for ring in np.unique(rings):
            found += [
                Stretch(ring=int(ring), start=start, end=end, gap=piece)
                for start, end in _runs(np.sort(at[rings == ring]), walls.rings[ring].length, swath / 2)
            ]
    return found


def _runs(at: Floats, length: float, apart: float) -> list[tuple[float, float]]:
    """Sorted places on a ring as stretches: a new one where the next place is more than `apart` away."""
    steps = np.diff(np.append(at, at[0] + length))
    breaks = np.flatnonzero(steps > apart)
    if not len(breaks):
        return [(float(at[0]), float(at[0] + length))]
    rolled = np.concatenate([at[breaks[-1] + 1 :] - length, at[: breaks[-1] + 1]])
    cuts = np.flatnonzero(np.diff(rolled) > apart)
    firsts, lasts = np.concatenate([[0], cuts + 1]), np.concatenate([cuts, [len(rolled) - 1]])
    return [(float(rolled[a]), float(rolled[b])) for a, b in zip(firsts, lasts, strict=True)]


class Finishing:
    """Adds detours to a path until enough of the area is covered."""

    def __init__(self, free: FreeArea, walls: Walls, moves: Moves, done: shapely.Geometry, *, corners: bool) -> None:
        """`done` is covered already. Detours may cut `corners` of the path, which can open a gap far from all walls."""
        self._corners = corners
        self._free = free
        self._done = done
        self._walls = walls
        self._moves = moves

    def finished(self, path: list[Point], share: float, wish: float, affordable: float, rounds: int = 6) -> list[Point]:
        """The path with detours so that `share` of the reachable area is covered; up to `wish` while shorter than
        `affordable` (m)."""
        total = self._free.reachable.area
        for _ in range(rounds):
            open_gaps = gaps(self._free, swept(path, self._free.radius).union(self._done))
            left = sum(gap.area for gap in open_gaps)
            budget = affordable - way_length(path)
            needed = left - (1.0 - share) * total
            wished = left - (1.0 - wish) * total
            if wished <= 0.0 or (needed <= 0.0 and budget <= 0.0) or not open_gaps:
                break
            offers = self._offers(path, stretches(self._walls, open_gaps, self._free.swath))
            chosen = _cheapest(offers, needed, wished, budget)
            if not chosen:
                break
            path = _with_detours(path, chosen)
        return path

    def _offers(self, path: list[Point], wanted: Sequence[Stretch]) -> list[list[Detour]]:
        xy = np.array(path if len(path) > 1 else [path[0], path[0]])
        edges = lines_along(xy)
        tree = shapely.STRtree(edges)
        offers = []
        for stretch in wanted:
            offered = []
            for start, end in ((stretch.start, stretch.end), (stretch.end, stretch.start)):
                offered += self._from_one_end(path, edges, tree, stretch, start, end)
            offers.append(offered)
        return offers

    def _from_one_end(
        self,
        path: list[Point],
        edges: Shapes,
        tree: shapely.STRtree,
        stretch: Stretch,
        start: float,
        end: float,
    ) -> list[Detour]:
        ring = self._moves.rings[stretch.ring]
        first = ring.point(start)
        edge, approach = self._approach(path, edges, tree, first)
        sight = self._moves.sight
        short = stretch.length <= 0.1 * self._free.swath
        offered = []
        for share in (1.0,) if short else _SHARES:
            wall = ring.stretch(start, start + share * (end - start))
            out = [*approach, *wall] if math.dist(approach[-1], wall[0]) > 1e-9 else [*approach, *wall[1:]]
            back = [out[0]] if sight.sees(out[-1], out[0]) else out[-2::-1]
            gain = stretch.gap.area - shapely.area(without(stretch.gap, swept([*out, *back], self._free.radius)))
            offered.append(Detour(edge=edge, way=(*out, *back), length=way_length([*out, *back]), gain=gain))
            for corner in (edge, edge + 1):
                if self._corners and len(path) > 1 and math.dist(path[corner], out[0]) < 1e-9:
                    offered += self._cut_corners(path, corner, out, gain)
        return offered

    def _cut_corners(self, path: list[Point], corner: int, out: list[Point], gain: float) -> list[Detour]:
        """Instead of coming back to the path's corner at which `out` starts, meet the path some way before or after."""
        radius, found = self._free.radius, []
        for step in (-1, 1):
            if not 0 <= corner + step < len(path):
                continue
            here, there = path[corner], path[corner + step]
            length = math.dist(here, there)
            if length < 2 * radius:
                continue
            share = radius / length
            meeting = (here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1]))
            if not self._moves.sight.sees(out[-1], meeting):
                continue
            way = [*out, meeting]
            known = [*path[corner - step : corner - step + 1], *way, there] if corner >= step else [*way, there]
            lost = shapely.area(without(swept([here, meeting], radius), swept(known, radius)))
            edge = corner if step > 0 else corner - 1
            longer = way_length(way) - radius
            found.append(Detour(edge=edge, way=tuple(way if step > 0 else way[::-1]), length=longer, gain=gain - lost))
        return found

    def _approach(
        self, path: list[Point], edges: Shapes, tree: shapely.STRtree, goal: Point
    ) -> tuple[int, list[Point]]:
        """The edge of the path to leave for `goal`, and the way there."""
        at = shapely.Point(goal)
        near = tree.query(at, predicate="dwithin", distance=1.5 * self._free.swath)
        near = near[np.argsort(shapely.distance(edges[near], at), kind="stable")][:12]
        for edge in near:
            foot = shapely.line_interpolate_point(edges[edge], shapely.line_locate_point(edges[edge], at))
            place = (float(foot.x), float(foot.y))
            if math.dist(place, goal) < 1e-9 or self._moves.sight.sees(place, goal):
                return int(edge), [place, goal]
        way = self._moves.way_from_an_end(goal)
        return int(np.argmin(shapely.distance(edges, shapely.Point(way[0])))), way


def _cheapest(offers: list[list[Detour]], needed: float, wished: float, budget: float) -> list[Detour]:
    """The detours that gain `needed` m² with the fewest metres, and more up to `wished` within the `budget`."""

    def at_price(price: float) -> list[Detour | None]:
        """The best of each gap when a square metre is worth so many metres; None where none is worth it."""
        best = (max(offered, key=lambda one: price * one.gain - one.length) for offered in offers)
        return [one if price * one.gain > one.length else None for one in best]

    def enough(chosen: list[Detour | None]) -> bool:
        gain = sum(one.gain for one in chosen if one)
        return gain >= wished or (gain >= needed and sum(one.length for one in chosen if one) >= budget)

    low, high = 0.0, 1.0
    while not enough(at_price(high)) and high < 1e9:
        high *= 4.0
    for _ in range(40):
        middle = (low + high) / 2
        if enough(at_price(middle)):
            high = middle
        else:
            low = middle
    # Gaps that are alike change their minds at one price; only as many as it takes do so.
    chosen = at_price(low)
    for k, dearer in enumerate(at_price(high)):
        if enough(chosen):
            break
        chosen[k] = dearer
    return [one for one in chosen if one]


def _with_detours(path: list[Point], detours: Sequence[Detour]) -> list[Point]:
    by_edge: dict[int, list[Detour]] = {}
    for detour in detours:
        by_edge.setdefault(detour.edge, []).append(detour)
    longer = [path[0]]
    for edge in range(max(1, len(path) - 1)):
        for detour in sorted(by_edge.get(edge, []), key=lambda one: math.dist(path[edge], one.way[0])):
            longer += detour.way
        longer += path[edge + 1 : edge + 2]
    return [point for k, point in enumerate(longer) if k == 0 or math.dist(point, longer[k - 1]) > 1e-9]
