"""Random floor plans as a robot's map has them: corridors with rooms on both sides, doors, halls, furniture, noise."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray

from maps.grids import FREE, OCCUPIED, UNKNOWN, OccupancyGrid


class FloorPlan:
    """A drawing board in metres: all is unknown until a room is drawn."""

    def __init__(self, width: float, height: float, resolution: float = 0.05) -> None:
        self.resolution = resolution
        self.cells: NDArray[np.int8] = np.full(
            (round(height / resolution), round(width / resolution)), UNKNOWN, dtype=np.int8
        )

    def room(self, x0: float, y0: float, x1: float, y1: float, wall: float = 0.15) -> None:
        """A free rectangle with walls around it."""
        self._paint(x0 - wall, y0 - wall, x1 + wall, y1 + wall, OCCUPIED, only=UNKNOWN)
        self._paint(x0, y0, x1, y1, FREE)

    def opening(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """A hole in the walls."""
        self._paint(x0, y0, x1, y1, FREE)

    def block(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """A piece of furniture or a pillar."""
        self._paint(x0, y0, x1, y1, OCCUPIED)

    def noise(self, rng: random.Random, share: float) -> None:
        """Walls as a laser sees them: cells beside them are missing or too many."""
        edge = np.zeros_like(self.cells, dtype=bool)
        solid = self.cells == OCCUPIED
        for axis in (0, 1):
            for step in (1, -1):
                edge |= np.roll(solid, step, axis) & (self.cells == FREE)
        draw = np.random.default_rng(rng.randrange(2**32)).random(self.cells.shape)
        self.cells[edge & (draw < share)] = OCCUPIED

    def grid(self, x: float = 0.0, y: float = 0.0, yaw: float = 0.0) -> OccupancyGrid:
        return OccupancyGrid(cells=self.cells, resolution=self.resolution, x=x, y=y, yaw=yaw)

    def _paint(self, x0: float, y0: float, x1: float, y1: float, value: int, only: int | None = None) -> None:
        columns, rows = ([max(0, round(v / self.resolution)) for v in pair] for pair in ((x0, x1), (y0, y1)))
        part = self.cells[rows[0] : rows[1], columns[0] : columns[1]]
        part[...] = value if only is None else np.where(part == only, value, part)


def random_floor_plan(rng: random.Random) -> FloorPlan:
    """A ward: one corridor, in some a second one across it, rooms of all sizes on both sides, some with furniture."""
    length, width = rng.uniform(16.0, 34.0), rng.uniform(1.6, 5.0)
    depth = rng.uniform(3.0, 9.0)
    wall = rng.choice([0.1, 0.15, 0.3])
    plan = FloorPlan(length + 2.0, width + 2 * depth + 2.0 + 2 * wall, rng.choice([0.05, 0.05, 0.1]))
    bottom = 1.0 + depth + wall
    top = bottom + width
    plan.room(1.0, bottom, 1.0 + length, top, wall)
    for side in (-1, 1):
        x = 1.0
        while x < length - 1.5:
            right = min(x + rng.uniform(2.4, 10.0), 1.0 + length)
            deep = rng.uniform(max(2.4, depth - 3.0), depth)
            low, high = (bottom - wall - deep, bottom - wall) if side < 0 else (top + wall, top + wall + deep)
            plan.room(x, low, right, high, wall)
            _furnish(plan, rng, x, low, right, high)
            door = rng.uniform(0.95, min(1.9, right - x - 0.6))
            at = rng.uniform(x + 0.2, right - door - 0.2)
            edge = bottom - wall if side < 0 else top
            plan.opening(at, edge - 0.02, at + door, edge + wall + 0.02)
            x = right + wall
    if rng.random() < 0.5:
        plan.noise(rng, rng.uniform(0.05, 0.4))
    return plan


def _furnish(plan: FloorPlan, rng: random.Random, x0: float, y0: float, x1: float, y1: float) -> None:
    """Beds along one side wall, or a pillar, or nothing; the way from the door stays free."""
    kind = rng.random()
    if kind < 0.3 and x1 - x0 > 5.0 and y1 - y0 > 4.0:
        y = y0 + 0.8
        while y + 1.0 < y1 - 1.2:
            plan.block(x0, y, x0 + 2.1, y + 1.0)
            y += rng.uniform(2.2, 3.0)
    elif kind < 0.5 and x1 - x0 > 4.5 and y1 - y0 > 4.5:
        x, y = rng.uniform(x0 + 1.5, x1 - 2.0), rng.uniform(y0 + 1.5, y1 - 2.0)
        plan.block(x, y, x + 0.5, y + 0.5)
