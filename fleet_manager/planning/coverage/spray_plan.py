"""A path that covers an area with a swath: strips in a good direction and order, then what they leave at the walls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeAlias

import numpy as np
import shapely
from shapely import LineString, Polygon

from fleet_manager.planning.coverage.contours import Rounds, rounds
from fleet_manager.planning.coverage.finishing import Finishing, gaps, stretches, swept, without
from fleet_manager.planning.coverage.free_area import FreeArea
from fleet_manager.planning.coverage.moves import Moves, Sight, way_length
from fleet_manager.planning.coverage.swaths import strips, sweep_angles
from fleet_manager.planning.coverage.tour_kernel import nearest_first, short_tour, tour_length
from fleet_manager.planning.coverage.walls import Walls, lines_between
from fleet_manager.planning.random_kernel import seeded
from maps.model import Point

_Drive: TypeAlias = list[Point]

SHARE: Final = 0.9968
"""So much of the reachable area is covered in any case."""

_NEARLY: Final = 0.996
"""Of two plans that cover at least so much, the shorter one is better."""

_WISH: Final = 0.9995
"""So much is covered as long as that costs little …"""

_LITTLE: Final = 1.09
"""… which is a path of this length, as a multiple of area ÷ swath."""

_SPACINGS: Final = (1.0, 0.93)
"""Greatest distance between two lines (swaths): closer ones leave smaller gaps at the walls."""

_LONG_WAY: Final = 1.1
"""Rounds along the walls are tried where strips take a path of this length, as a multiple of area ÷ swath."""

_SHORTEST: Final = 0.25
"""A strip shorter than this (swaths) is left to the finishing pass."""

_LONG: Final = 4.0
"""A gap along this much wall (swaths) gets a strip of its own."""

_THIN: Final = 0.04
"""Gaps joined by less than this width (swaths) are gaps of their own."""

_CORNER: Final = 0.05
"""A path with so many more metres (swaths) for each corner less is as good."""

_TRIED: Final = 400
"""So many strips in all, of the most promising pairs of direction and spacing, are planned to the end …"""

_FEWEST, _MOST = 2, 6
"""… and so many pairs at least and at most."""

_EFFORT: Final = 2e7
"""Steps of the search for a short order; bounds the restarts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveragePath:
    """The swath's centre drives straight from one of the `points` to the next.

    That covers `share` of what the swath can reach. `angle` (rad) is the direction of most strips.
    """

    points: tuple[Point, ...]
    free: FreeArea
    share: float
    angle: float

    @property
    def length(self) -> float:
        return way_length(self.points)


def coverage_path(free: FreeArea, done: shapely.Geometry | None = None, seed: int = 1) -> CoveragePath:
    """The shortest path found that covers the area, but for what is `done` already; no points when that is enough."""
    done = Polygon() if done is None else done
    share = 1.0 - shapely.area(without(free.reachable, done)) / free.reachable.area
    if share >= SHARE:
        return CoveragePath(points=(), free=free, share=share, angle=0.0)
    tried = [
        (laid.cost, angle, spacing, len(laid.ends))
        for angle in sweep_angles(free.centres)
        for spacing in _SPACINGS
        if (laid := strips(free.centres, free.swath, angle, spacing))
    ]
    tried.sort()
    pairs = min(max(_TRIED // tried[0][3], _FEWEST), _MOST)
    best: CoveragePath | None = None
    for cost, angle, spacing, _ in tried[:pairs]:
        if best is not None and best.share >= _NEARLY and cost > 1.05 * best.length:
            break
        plan = _planned(free, done, angle, spacing, seed)
        if best is None or _better(plan, best):
            best = plan
    assert best is not None
    if not shapely.is_empty(done) or not _is_long(best):
        return best
    angles = tuple(dict.fromkeys(angle for _, angle, _, _ in tried[:pairs]))
    for around in rounds(free.centres, free.swath):
        for angle, between in product(angles if around.middles else angles[:1], (False, True)):
            if _is_long(best):
                plan = _planned(free, done, angle, 1.0, seed, around, between=between)
                best = plan if _better(plan, best) else best
    return best


def _better(plan: CoveragePath, best: CoveragePath) -> bool:
    """Enough covered before more covered, then the shorter path; a robot stops and turns at every corner."""
    if plan.share >= _NEARLY and best.share >= _NEARLY:
        return _effort(plan) < _effort(best)
    return plan.share > best.share


def _effort(plan: CoveragePath) -> float:
    return plan.length + _CORNER * plan.free.swath * len(plan.points)


def _is_long(plan: CoveragePath) -> bool:
    """Whether whole strips overlap so much that another way may be shorter."""
    return plan.length > _LONG_WAY * plan.free.reachable.area / plan.free.swath


def _planned(
    free: FreeArea,
    done: shapely.Geometry,
    angle: float,
    spacing: float,
    seed: int,
    around: Rounds | None = None,
    *,
    between: bool = False,
) -> CoveragePath:
    """Strips in one direction; within rounds along the walls, if there are any, and `between` these as well."""
    walls = Walls(free.centres)
    if around is None:
        drives, links = _drives(free, (free.centres,), done, angle, spacing)
    else:
        first = [list(drive) for drive in around.drives]
        round_walls = shapely.union_all([done, *(swept(drive, free.radius) for drive in first)])
        drives, links = _drives(free, around.middles, round_walls, angle, spacing) if around.middles else ([], [])
        drives = first + drives
        near_walls = shapely.buffer(free.centres.boundary, free.radius)
        rest = without(
            free.reachable, shapely.union_all([near_walls, *(swept(drive, free.radius) for drive in drives)])
        )
        if between and shapely.area(rest) > (1.0 - _NEARLY) * free.reachable.area:
            # What lies between rounds is out of the walls' reach.
            more, others = _drives(free, (free.centres,), without(free.reachable, rest), angle, spacing)
            drives, links = drives + more, links + others
    drives += _along_walls(free, done, walls, drives)
    moves = Moves(walls, Sight(free.centres, free.swath), free.swath, drives, links)
    path = _in_order(drives, moves, seed)
    affordable = _LITTLE * shapely.area(without(free.reachable, done)) / free.swath
    for corners in (True, False):
        finished = Finishing(free, walls, moves, done, corners=corners).finished(path, SHARE, _WISH, affordable)
        share = (
            1.0 - shapely.area(without(free.reachable, swept(finished, free.radius).union(done))) / free.reachable.area
        )
        if share >= _NEARLY:
            break
    return CoveragePath(points=tuple(finished), free=free, share=share, angle=angle)


def _drives(
    free: FreeArea, middles: Sequence[Polygon], done: shapely.Geometry, angle: float, spacing: float
) -> tuple[list[_Drive], list[_Drive]]:
    """The parts of the strips in `middles` that are worth a drive, and the other parts."""
    ends = np.concatenate([strips(middle, free.swath, angle, spacing).ends for middle in middles])
    shortest = min(_SHORTEST * free.swath, float(np.hypot(*(ends[:, 1] - ends[:, 0]).T).max()))
    thin = _THIN * free.swath / 2
    needed = shapely.buffer(shapely.buffer(without(free.reachable, done), -thin), free.radius * 0.95 + thin)
    drives: list[_Drive] = []
    links: list[_Drive] = []
    for strip in lines_between(ends[:, 0], ends[:, 1]):
        here, elsewhere = (strip, None) if needed.covers(strip) else (strip.intersection(needed), strip - needed)
        for part in _straight(here):
            (drives if math.dist(*part) >= shortest else links).append(part)
        links += _straight(elsewhere)
    return drives or links[:1], links


def _straight(lines: shapely.Geometry | None) -> list[_Drive]:
    """Start and end of each line."""
    parts = [] if lines is None else list(shapely.get_parts(lines))
    ends = (np.asarray(part.coords)[[0, -1]] for part in parts if isinstance(part, LineString) and not part.is_empty)
    return [[(float(x), float(y)) for x, y in pair] for pair in ends]


def _along_walls(free: FreeArea, done: shapely.Geometry, walls: Walls, drives: list[_Drive]) -> list[_Drive]:
    """Drives along the long stretches of wall that the others leave."""
    covered = shapely.union_all([done, *(swept(drive, free.radius) for drive in drives)])
    found: list[_Drive] = []
    for stretch in stretches(walls, gaps(free, covered, _THIN * free.swath), free.swath):
        if stretch.length >= _LONG * free.swath:
            ring = walls.rings[stretch.ring]
            found.append(ring.stretch(stretch.start, min(stretch.end, stretch.start + ring.length * (1 - 1e-9))))
    return found


def _in_order(drives: list[_Drive], moves: Moves, seed: int) -> list[Point]:
    distances = moves.distances.astype(np.float32)
    count = len(drives)
    starts = np.linspace(0, 2 * count - 1, min(2 * count, 8)).astype(int)
    tours = [nearest_first(int(start), distances) for start in starts]
    tour = min(tours, key=lambda tour: float(tour_length(tour, distances)))
    restarts = int(min(2000, _EFFORT / (count * count * 20 + 1)))
    tour = short_tour(tour, distances, seeded(seed), restarts)
    path: list[Point] = []
    for k, end in enumerate(int(e) for e in tour):
        if k:
            path += moves.way(int(tour[k - 1]) ^ 1, end)
        drive = drives[end // 2]
        path += drive if end % 2 == 0 else drive[::-1]
    return [point for k, point in enumerate(path) if k == 0 or math.dist(point, path[k - 1]) > 1e-9]
