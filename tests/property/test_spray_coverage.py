"""Whatever the area looks like, the sprayer gets everywhere it can, and never out of the area."""

from __future__ import annotations

from itertools import pairwise, permutations, product

import numpy as np

from fleet_manager.planning.coverage.free_area import free_area
from fleet_manager.planning.coverage.sorties import spray_plan
from fleet_manager.planning.coverage.spray_plan import coverage_path
from fleet_manager.planning.coverage.tour_kernel import nearest_first, short_tour, tour_length
from fleet_manager.planning.random_kernel import seeded
from maps.spraying import CHLORINE, WOXIAOBAI
from tests.areas import look_at, random_area


def test_random_areas_with_holes(area_seeds: range) -> None:
    sprayer = WOXIAOBAI.sprayer
    assert sprayer is not None
    for seed in area_seeds:
        area, swath = random_area(seed)
        path = coverage_path(free_area(area, swath))
        seen = look_at(area, swath, path.points)
        assert seen.share >= 0.995, seed
        assert seen.outside <= 1e-6, seed
        assert abs(seen.share - path.share) < 0.003, seed
        plan = spray_plan(path, sprayer, CHLORINE)
        assert all(sortie.litres <= sprayer.tank + 1e-6 for sortie in plan.sorties), seed
        assert abs(plan.sorties[-1].end - path.length) < 1e-3, seed


def test_short_orders_of_few_drives_are_the_shortest() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        ends = rng.uniform(0.0, 10.0, (8, 2))
        distances = np.hypot(*(ends[:, None] - ends[None]).transpose(2, 0, 1)).astype(np.float32)
        first = nearest_first(0, distances)
        found = short_tour(first, distances, seeded(seed), 200)
        assert sorted(int(end) // 2 for end in found) == [0, 1, 2, 3]
        assert tour_length(found, distances) <= tour_length(first, distances) + 1e-4
        shortest = min(_length([2 * drive + turn for drive, turn in zip(order, turns, strict=True)], distances)
                       for order in permutations(range(4)) for turns in product((0, 1), repeat=4))  # fmt: skip
        assert abs(tour_length(found, distances) - shortest) < 1e-3


def _length(tour: list[int], distances: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> float:
    return sum(float(distances[a ^ 1, b]) for a, b in pairwise(tour))
