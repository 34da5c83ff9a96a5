"""How short a path can be: areas of few swaths, and what of their paths is no fault of the planner."""

from __future__ import annotations

import math

import pytest
from shapely import Point, Polygon, box

from fleet_manager.planning.coverage.bounds import least_length, whole_passes
from fleet_manager.planning.coverage.free_area import free_area
from fleet_manager.planning.coverage.spray_plan import coverage_path
from tests.areas import ROOMS_AND_YARDS, look_at

SHARE = 0.995


def test_across_a_width_of_three_swaths_and_a_bit_lie_four_passes() -> None:
    free = free_area(box(0.0, 0.0, 10.0, 2.0), 0.6)
    assert whole_passes(free, 0.0, SHARE) == pytest.approx(4 * 10.0 - 4 * 0.6, abs=0.3)
    assert least_length(free, SHARE) == pytest.approx((SHARE * 20.0 - math.pi * 0.09) / 0.6, rel=0.01)


@pytest.mark.parametrize("name", ROOMS_AND_YARDS)
def test_no_path_is_shorter_than_its_bound(name: str) -> None:
    area, swath = ROOMS_AND_YARDS[name]
    path = coverage_path(free_area(area, swath))
    assert path.length >= least_length(path.free, path.share)


@pytest.mark.parametrize(("width", "swath"), [(2.0, 0.6), (1.25, 0.6), (1.25, 0.5), (1.7, 0.5)])
def test_a_corridor_takes_few_metres_more_than_its_whole_passes(width: float, swath: float) -> None:
    area = box(0.0, 0.0, 10.0, width)
    path = coverage_path(free_area(area, swath))
    seen = look_at(area, swath, path.points)
    assert seen.share >= SHARE
    assert seen.outside <= 1e-6
    turns = 2.0 * width
    assert path.length <= 1.05 * (whole_passes(path.free, 0.0, SHARE) + turns)


@pytest.mark.parametrize("width", [1.8, 1.2])
def test_round_a_building_the_sprayer_drives_in_rounds(width: float) -> None:
    area = Point(0.0, 0.0).buffer(4.0).difference(Point(0.0, 0.0).buffer(4.0 - width))
    assert isinstance(area, Polygon)
    path = coverage_path(free_area(area, 0.6))
    seen = look_at(area, 0.6, path.points)
    assert seen.share >= SHARE
    assert seen.outside <= 1e-6
    assert path.length <= 1.1 * seen.reachable / 0.6
