"""A coverage path in sorties: as much as the tank and the battery carry, then back to the refill point.

Each sortie begins and ends at the refill point. The tank is full at its start; the battery is charged there when it
would end the next sortie before the tank does. Only moves that wet new ground spray.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import shapely

from fleet_manager.planning.coverage.finishing import without
from fleet_manager.planning.coverage.free_area import NotSprayable
from fleet_manager.planning.coverage.moves import Moves, Sight, way_length
from fleet_manager.planning.coverage.spray_plan import CoveragePath
from fleet_manager.planning.coverage.walls import Walls, lines_along
from maps.model import Point, SprayAgent, Sprayer

_WORTH_IT: Final = 0.05
"""A move sprays when at least this share of its ground is not wet yet."""

_QUARTER: Final = 8
"""Chords in a quarter circle of the swath's disc: what is wet already need not be known to the square centimetre."""

_HAIR: Final = 1e-6
"""Metres that count as nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sortie:
    """One tank. The path from `start` to `end` (metres along it) is driven, coming by `way_out`, leaving by `way_back`.

    `litres` are sprayed on `area` (m², ground that was dry before); `metres` and `seconds` include both ways, `seconds`
    also the slower drive when the flow does not suffice at full speed. `battery` is the share of a charge that it
    takes; before it starts, the battery is charged if `recharge`.
    """

    start: float
    end: float
    way_out: tuple[Point, ...]
    way_back: tuple[Point, ...]
    litres: float
    area: float
    metres: float
    seconds: float
    battery: float
    recharge: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SprayPlan:
    """`seconds` from the first start to the last return, refilling and recharging included."""

    path: CoveragePath
    refill: Point | None
    sorties: tuple[Sortie, ...]
    seconds: float
    litres: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """A straight move of the path, or a part of one: `fresh` is the dry ground that it wets (m²), if it sprays."""

    start: Point
    end: Point
    edge: int
    length: float
    spraying: bool
    fresh: float

    def cut(self, length: float) -> tuple[_Stretch, _Stretch]:
        """The first `length` metres of it, and the rest."""
        share = length / self.length
        x = self.start[0] + share * (self.end[0] - self.start[0])
        y = self.start[1] + share * (self.end[1] - self.start[1])
        return (
            _Stretch(start=self.start, end=(x, y), edge=self.edge, length=length, spraying=self.spraying,
                     fresh=share * self.fresh),
            _Stretch(start=(x, y), end=self.end, edge=self.edge, length=self.length - length, spraying=self.spraying,
                     fresh=(1.0 - share) * self.fresh),
        )  # fmt: skip


def spray_plan(path: CoveragePath, sprayer: Sprayer, agent: SprayAgent, refill: Point | None = None) -> SprayPlan:
    """The path in sorties from `refill`, by default from where the path starts. Raises NotSprayable.

    The swath is the path's, whatever the sprayer's own is.
    """
    _check(sprayer, agent)
    if not path.points:
        return SprayPlan(path=path, refill=refill, sorties=(), seconds=0.0, litres=0.0)
    ways = _Ways(path, refill)
    left = [
        _Stretch(start=a, end=b, edge=edge, length=math.dist(a, b), spraying=fresh > 0.0, fresh=fresh)
        for edge, ((a, b), fresh) in enumerate(zip(pairwise(path.points), fresh_ground(path), strict=True))
    ][::-1]
    budget = _Budget(sprayer, agent, path.free.swath)
    sorties: list[Sortie] = []
    battery, done, waited = 1.0, 0.0, 0.0
    while left:
        taken, full = _load(left, budget, ways, battery)
        recharge = not full and battery < 1.0
        if recharge:
            battery = 1.0
            taken, full = _load(left, budget, ways, battery)
        if not taken:
            raise NotSprayable(
                f"a charge does not suffice to get to {_place(left[-1].start)}, spray there and come back",
                field="battery",
                way_out="choose a refill point nearer by, or split the area",
            )
        left = _without(left, taken)
        sortie = _sortie(taken, budget, ways, done, recharge)
        waited += (sprayer.recharge_time if recharge else sprayer.refill_time) if sorties else 0.0
        battery -= sortie.battery
        done = sortie.end
        sorties.append(sortie)
    return SprayPlan(
        path=path,
        refill=ways.refill,
        sorties=tuple(sorties),
        seconds=waited + math.fsum(sortie.seconds for sortie in sorties),
        litres=math.fsum(sortie.litres for sortie in sorties),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A straight move that a robot makes in a sortie, with the sprayer on or off."""

    end: Point
    sprays: bool


def next_sortie(
    path: CoveragePath,
    sprayer: Sprayer,
    agent: SprayAgent,
    start: Point,
    *,
    done: shapely.Geometry,
    battery: float,
    corner: float = 0.0,
) -> tuple[Move, ...] | None:
    """The moves from `start` along what is not `done`, as far as tank and battery (a share) carry, and back.

    The sprayer's tank is what is in it; at each corner it loses `corner` (s). None when nothing is left that is worth a
    drive. Raises NotSprayable when tank or battery suffice for none of it.
    """
    _check(sprayer, agent)
    ways = _Ways(path, start)
    left = [
        _Stretch(start=a, end=b, edge=edge, length=math.dist(a, b), spraying=fresh > 0.0, fresh=fresh)
        for edge, ((a, b), fresh) in enumerate(zip(pairwise(path.points), fresh_ground(path, done), strict=True))
    ]
    sprayed = [k for k, stretch in enumerate(left) if stretch.spraying]
    if not sprayed:
        return None
    budget = _Budget(sprayer, agent, path.free.swath, corner)
    taken, _ = _load(left[sprayed[0] : sprayed[-1] + 1][::-1], budget, ways, battery)
    while taken and not taken[-1].spraying:
        taken.pop()
    if not taken:
        raise NotSprayable(
            f"tank and battery do not suffice to get to {_place(left[sprayed[0]].start)}, spray there and come back",
            field="battery",
            way_out="charge and refill first",
        )
    moves = [Move(end=point, sprays=False) for point in ways.out(taken[0], taken[0].start)]
    moves += [Move(end=stretch.end, sprays=stretch.spraying) for stretch in taken]
    return (*moves, *(Move(end=point, sprays=False) for point in ways.out(taken[-1], taken[-1].end)[-2::-1]))


def fresh_ground(path: CoveragePath, done: shapely.Geometry | None = None) -> list[float]:
    """For each move of the path the ground (m²) that it wets first; 0 where that is too little to spray.

    What is `done` was wet before.
    """
    if len(path.points) < 2:
        return []
    radius, lines = path.free.radius, lines_along(np.array(path.points))
    if done is not None:
        shapely.prepare(done)
    discs = shapely.buffer(lines, radius, quad_segs=_QUARTER)
    tree = shapely.STRtree(discs)
    earlier: list[list[int]] = [[] for _ in lines]
    for one, other in zip(*tree.query(discs, predicate="intersects"), strict=True):
        if other < one:
            earlier[one].append(int(other))
    fresh = []
    for k, disc in enumerate(discs):
        wet = [*discs[earlier[k]]]
        if done is not None and shapely.intersects(done, disc):
            wet.append(shapely.intersection(done, disc))
        dry = shapely.area(without(disc, shapely.union_all(wet)) if wet else disc)
        # What a move adds beside its own ground is the half disc at its end.
        ground = max(2 * radius * lines[k].length, _HAIR)
        fresh.append(float(dry) if dry > _WORTH_IT * ground else 0.0)
    return fresh


@dataclass(frozen=True, slots=True)
class _Budget:
    """What a sortie may take, and what its parts take; `corner` is lost at the end of each move (s)."""

    sprayer: Sprayer
    agent: SprayAgent
    swath: float
    corner: float = 0.0

    @property
    def speed(self) -> float:
        """Speed while spraying: the flow must suffice for the rate."""
        return min(self.sprayer.speed, self.sprayer.flow / (self.agent.rate * self.swath))

    def litres(self, stretch: _Stretch) -> float:
        return self.agent.rate * self.swath * stretch.length if stretch.spraying else 0.0

    def seconds(self, stretch: _Stretch) -> float:
        return stretch.length / (self.speed if stretch.spraying else self.sprayer.speed) + self.corner

    def battery(self, seconds: float, area: float) -> float:
        return max(seconds / self.sprayer.battery_time, area / self.sprayer.area_per_charge)


class _Ways:
    """Ways between the refill point and the path."""

    def __init__(self, path: CoveragePath, refill: Point | None) -> None:
        free = path.free
        at = shapely.Point(path.points[0] if refill is None else refill)
        if free.centres.distance(at) > free.swath:
            raise NotSprayable(
                f"the refill point {_place((at.x, at.y))} is not in the area that the robot can reach",
                field="refill",
                way_out="name a place inside the polygon, or leave it out",
            )
        nearest = shapely.get_coordinates(shapely.shortest_line(free.centres, at))[0]
        self.refill: Point = (float(nearest[0]), float(nearest[1]))
        self._points = path.points
        drives = list(pairwise(path.points)) or [(path.points[0], path.points[0])]
        self._moves = Moves(Walls(free.centres), Sight(free.centres, free.swath), free.swath, drives)
        self._tree = self._moves.tree_from(self.refill)

    def metres(self, stretch: _Stretch, place: Point) -> float:
        """At most so far is the refill point from `place`, which is on the stretch's move."""
        return min(self._by_ends(stretch, place))

    def out(self, stretch: _Stretch, place: Point) -> list[Point]:
        """From the refill point to `place`, which is on the stretch's move."""
        end = 2 * stretch.edge + int(np.argmin(self._by_ends(stretch, place)))
        return self._moves.pulled_tight([*self._tree.way_to(end), place])

    def _by_ends(self, stretch: _Stretch, place: Point) -> list[float]:
        """Metres to `place` by either end of the move."""
        return [
            self._tree.distance(2 * stretch.edge + k) + math.dist(self._points[stretch.edge + k], place) for k in (0, 1)
        ]


def _load(left: Sequence[_Stretch], budget: _Budget, ways: _Ways, battery: float) -> tuple[list[_Stretch], bool]:
    """The next stretches (`left` has them last first) that one tank and the `battery` suffice for.

    And whether the tank or the path ended them, rather than the battery.
    """
    tank, seconds, area = budget.sprayer.tank, 0.0, 0.0
    taken: list[_Stretch] = []
    if left:
        seconds = ways.metres(left[-1], left[-1].start) / budget.sprayer.speed

    def home(stretch: _Stretch) -> float:
        """At most so many seconds from the stretch's end to the refill point."""
        return ways.metres(stretch, stretch.end) / budget.sprayer.speed

    def affordable(stretch: _Stretch) -> bool:
        after = seconds + budget.seconds(stretch) + home(stretch)
        return budget.battery(after, area + stretch.fresh) <= battery * (1 - 1e-9)

    for stretch in reversed(left):
        part = stretch
        litres = budget.litres(part)
        if litres > tank:
            if stretch.length * tank / litres < _HAIR:
                return taken, True
            part, _ = stretch.cut(stretch.length * tank / litres)
        if not affordable(part):
            low, high = 0.0, part.length
            for _ in range(30):
                middle = (low + high) / 2
                low, high = (middle, high) if affordable(part.cut(max(middle, _HAIR))[0]) else (low, middle)
            if low > _HAIR:
                taken.append(part.cut(low)[0])
            return taken, False
        taken.append(part)
        if part is not stretch:
            return taken, True
        tank -= litres
        seconds += budget.seconds(part)
        area += part.fresh
    return taken, True


def _without(left: Sequence[_Stretch], taken: Sequence[_Stretch]) -> list[_Stretch]:
    """What is left after the stretches taken, of which the last may be a part."""
    rest = list(left[: len(left) - len(taken) + 1])
    last = rest.pop()
    if last.length - taken[-1].length > _HAIR:
        rest.append(last.cut(taken[-1].length)[1])
    return rest


def _sortie(taken: Sequence[_Stretch], budget: _Budget, ways: _Ways, start: float, recharge: bool) -> Sortie:
    way_out = ways.out(taken[0], taken[0].start)
    way_back = ways.out(taken[-1], taken[-1].end)[::-1]
    travel = way_length(way_out) + way_length(way_back)
    driven = math.fsum(stretch.length for stretch in taken)
    seconds = travel / budget.sprayer.speed + math.fsum(budget.seconds(stretch) for stretch in taken)
    area = math.fsum(stretch.fresh for stretch in taken)
    return Sortie(
        start=start,
        end=start + driven,
        way_out=tuple(way_out),
        way_back=tuple(way_back),
        litres=math.fsum(budget.litres(stretch) for stretch in taken),
        area=area,
        metres=travel + driven,
        seconds=seconds,
        battery=budget.battery(seconds, area),
        recharge=recharge,
    )


def _place(point: Point) -> str:
    return f"({point[0]:.2f}, {point[1]:.2f})"


def _check(sprayer: Sprayer, agent: SprayAgent) -> None:
    figures = {
        "tank": sprayer.tank,
        "flow": sprayer.flow,
        "speed": sprayer.speed,
        "area per charge": sprayer.area_per_charge,
        "battery": sprayer.battery_time,
        "rate": agent.rate,
    }
    for name, value in figures.items():
        if not (math.isfinite(value) and value > 0.0):
            raise NotSprayable(f"the {name} is {value:g}", field=name, way_out="give a number above 0")
