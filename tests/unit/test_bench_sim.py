"""The simulation benchmark on a small house: the day, and the movement beside a plain simpy model."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from benchmarks.movement import Tours, drive_bodies, passings, tours
from benchmarks.sim import demand, run_day
from benchmarks.simpy_movement import compare, drive_simpy
from maps.generator import generate
from maps.model import Site
from maps.places import public_places

HOUR = """
from benchmarks.sim import run_day
from fleet_manager.logs import configure_logs
from maps.generator import generate
configure_logs(level="ERROR")
day = run_day(generate(floors=2, robots=0), robots=4, tasks=300, seed=3, begin=9.0, hours=0.5)
print(day.log_sha256, day.tasks > 5, day.completed == day.tasks, day.violations, day.jams)
"""


@pytest.fixture(scope="module")
def house() -> Site:
    return generate(floors=2, robots=0)


@pytest.fixture(scope="module")
def ten_robots(house: Site) -> Tours:
    return tours(house, 10, 1200.0, seed=2)


def test_every_place_has_its_turn_in_a_day(house: Site) -> None:
    places = public_places(house)
    day = demand(house, places, 5000, seed=1)
    assert {place for delivery in day for place in (delivery.pickup, delivery.dropoff)} == set(places)
    assert [delivery.at for delivery in day] == sorted(delivery.at for delivery in day)
    assert all(delivery.pickup != delivery.dropoff for delivery in day)
    assert len(day) == 5000
    from_base = [delivery for delivery in day if delivery.pickup.startswith("pharmacy")]
    assert len(from_base) > 1000


def test_memory_and_time_are_told(house: Site) -> None:
    day = run_day(house, robots=2, tasks=60, seed=1, begin=10.0, hours=0.25)
    assert (day.completed, day.violations, day.jams, day.unfinished) == (day.tasks, 0, 0, [])
    assert day.peak_rss_mb > 50
    assert day.realtime_factor > 1
    assert 0 < day.judge_seconds < day.wall_seconds


def test_bodies_and_the_simpy_model_pass_each_node_at_the_same_time(ten_robots: Tours) -> None:
    bodies = {(robot, node): at for robot, node, at in passings(drive_bodies(ten_robots, 1200.0)[0])}
    plain = {(robot, node): at for robot, node, at in drive_simpy(ten_robots, 1200.0)[0]}
    assert len(bodies) > 1000
    assert bodies == pytest.approx(plain, abs=1e-6)


def test_whoever_listens_to_each_node_changes_nothing(ten_robots: Tours) -> None:
    unheard, heard = (drive_bodies(ten_robots, 1200.0, listened=listened)[0] for listened in (False, True))
    assert sorted(passings(unheard)) == sorted(passings(heard))
    assert len(unheard) < len(heard)


def test_slow_lanes_are_taken_into_account_by_all(house: Site) -> None:
    lanes = {lane.id: replace(lane, speed_limit=(None, 0.3, 0.7)[n % 3]) for n, lane in enumerate(house.lanes.values())}
    slow = tours(replace(house, lanes=lanes), 6, 1200.0, seed=5)
    unheard, heard = (drive_bodies(slow, 1200.0, listened=listened)[0] for listened in (False, True))
    assert sorted(passings(unheard)) == sorted(passings(heard))
    bodies = {(robot, node): at for robot, node, at in passings(unheard)}
    assert bodies == pytest.approx({(r, n): at for r, n, at in drive_simpy(slow, 1200.0)[0]}, abs=1e-6)


def test_the_comparison_has_its_figures(house: Site) -> None:
    figures = compare(house, robots=4, seconds=300.0, seed=1, runs=1)
    assert min(figures.robot_seconds_per_second, figures.told_robot_seconds_per_second) > 0
    assert figures.simpy_ratio == pytest.approx(
        figures.robot_seconds_per_second / figures.simpy_robot_seconds_per_second
    )


def test_two_processes_with_different_hash_seeds_write_the_same_log() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", HOUR],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=240,
        ).stdout.split()
        for hash_seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert told[0][1:] == ["True", "True", "0", "0"]
