"""What holds for every room, lamp and dose: plans keep what they promise, and more light never covers less."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_manager.domain.errors import InvalidRequest
from fleet_manager.planning.coverage.dose import executed_dose, reports_as_planned
from fleet_manager.planning.coverage.uv_plan import UvPlan, plan_uv
from fleet_manager.planning.coverage.warm_up import full_output_time, stay_for
from maps.model import Facing, Site, UvLamp
from tests.independent_dose import BruteForce
from tests.rooms import L1, LAMPS, ROOM, box, piece, room_site, surface


def random_room(seed: int) -> Site:
    """A small room with a few pieces of furniture, a lamp of its own, and surfaces anywhere on the walls."""
    rng = random.Random(seed)
    width, depth = rng.uniform(2.6, 3.6), rng.uniform(2.8, 4.0)
    furniture = []
    for number in range(rng.randint(0, 3)):
        x, y = rng.uniform(0.0, width - 0.6), rng.uniform(1.8, depth - 0.5)
        outline = box(x, y, min(width, x + rng.uniform(0.3, 1.2)), min(depth, y + rng.uniform(0.3, 0.8)))
        furniture.append(piece(f"piece {number}", outline, rng.choice((0.45, 0.8, 1.3, 2.0))))
    surfaces = [
        surface("west", 0.0, rng.uniform(0.5, depth), rng.uniform(0.1, 1.6)),
        surface("east", width, rng.uniform(0.5, depth), rng.uniform(0.1, 1.6), math.pi),
        surface("shelf", width / 2, depth, 1.1, facing=Facing.DOWN),
    ]
    lamp = UvLamp(
        length=rng.uniform(0.5, 1.4),
        height=rng.uniform(0.8, 1.2),
        irradiance=rng.uniform(1.0, 30.0),
        distance=rng.choice((1.0, 2.0)),
        warm_up=rng.choice((0.0, 60.0, 180.0)),
    )
    return room_site(width, depth, furniture=furniture, surfaces=surfaces, lamp=lamp)


def _planned(site: Site, dose: float) -> UvPlan | None:
    """None for a room so full that no robot gets in."""
    try:
        return plan_uv(site, site.zones[ROOM], site.fleets[LAMPS], dose)
    except InvalidRequest as refused:
        assert "can stand nowhere" in str(refused)  # noqa: PT017 (any other refusal is a mistake)
        return None


@pytest.mark.parametrize("seed", range(12))
def test_a_plan_reaches_its_dose_within_the_bound(seed: int) -> None:
    dose = random.Random(seed).choice((60.0, 100.0, 1000.0))
    plan = _planned(random_room(seed), dose)
    if plan is None:
        return
    assert plan.covered_share == 1.0
    assert plan.bound * (1.0 - 1e-9) <= plan.dwell <= 1.05 * plan.bound
    executed = executed_dose(plan, reports_as_planned(plan))
    assert (executed >= plan.doses - 1e-6).all(), "light on the way comes on top"
    assert executed[plan.seen].min() >= dose * (1.0 - 1e-9)


@pytest.mark.parametrize("seed", range(20, 24))
def test_another_way_to_count_comes_to_the_same_dose(seed: int) -> None:
    site = random_room(seed)
    plan = _planned(site, 100.0)
    assert plan is not None
    reports = list(reports_as_planned(plan))
    points = np.column_stack([plan.targets.xy, plan.targets.height])
    brute = BruteForce(site, L1, plan.lamp, points, plan.targets.normal)
    theirs = brute.dose([(report.time, report.x, report.y, report.on) for report in reports])
    ours = executed_dose(plan, reports)
    assert np.abs(ours[plan.seen] / theirs[plan.seen] - 1.0).max() < 0.03


@pytest.mark.parametrize("seed", range(30, 34))
def test_more_time_at_the_stops_never_covers_less(seed: int) -> None:
    plan = _planned(random_room(seed), 100.0)
    assert plan is not None
    reports = list(reports_as_planned(plan))
    once = executed_dose(plan, reports)
    slower = executed_dose(plan, [replace(report, time=1.5 * report.time) for report in reports])
    assert (slower >= once).all()


@pytest.mark.parametrize("seed", range(40, 44))
def test_a_greater_dose_never_takes_less_time_nor_shadows_more(seed: int) -> None:
    site = random_room(seed)
    plans = [_planned(site, dose) for dose in (50.0, 100.0, 200.0)]
    for lesser, greater in pairwise(plans):
        assert lesser is not None
        assert greater is not None
        assert greater.bound == pytest.approx(2.0 * lesser.bound)
        assert greater.dwell > lesser.dwell
        assert (greater.seen == lesser.seen).all()


@pytest.mark.parametrize("seed", range(50, 54))
def test_furniture_never_gives_light(seed: int) -> None:
    """Without it every target of the room that was seen is seen, in no more time than before."""
    site = random_room(seed)
    with_furniture = _planned(site, 100.0)
    without = _planned(replace(site, furniture={}), 100.0)
    assert with_furniture is not None
    assert without is not None
    assert (without.seen >= with_furniture.seen).all()


@given(dwell=st.floats(0.0, 1e4), age=st.floats(0.0, 1e3), warm_up=st.one_of(st.just(0.0), st.floats(1.0, 600.0)))
@settings(max_examples=200)
def test_staying_as_long_as_told_gives_what_was_wanted(dwell: float, age: float, warm_up: float) -> None:
    stay = stay_for(dwell, age, warm_up)
    assert stay >= dwell - 1e-6
    assert full_output_time(age, stay, warm_up) == pytest.approx(dwell, abs=1e-6)
