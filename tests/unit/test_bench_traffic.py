"""The traffic benchmark on a small house, and the watch that measures planning."""

from __future__ import annotations

from dataclasses import asdict
from itertools import count
from pathlib import Path

import pytest

from benchmarks.traffic import named_site, only, run_traffic
from fleet_manager.orchestration.plan_times import PlanTimes
from maps.errors import MapError
from maps.generator import generate
from maps.site_files import save_site

WALL = {"plan_ms_p50", "plan_ms_p99", "realtime_factor", "wall_seconds"}


def test_two_robots_always_have_work_and_end_all_of_it() -> None:
    shares: list[float] = []
    result = run_traffic(generate(floors=2, robots=0), 2, 0.25, 7, shares.append)
    assert result.completed == result.tasks > 4
    assert (result.jams, result.violations, result.jam_list) == (0, 0, [])
    assert 0 < result.wait_p50_s <= result.wait_p90_s <= result.wait_max_s
    assert 0 < result.per_hour < result.completed / 0.25
    assert 0 < result.plan_ms_p50 <= result.plan_ms_p99
    assert result.plan_events >= 2 * result.tasks
    assert sum(result.limit["robot_time"].values()) == pytest.approx(1.0, abs=0.001)
    assert result.limit["by"] == "robots"
    assert 0 < result.limit["mean_lift_share"] < result.limit["busiest_lift_share"] < 1
    assert shares[-1] == 1.0


def test_the_same_seed_gives_the_same_hours() -> None:
    first, second = (asdict(run_traffic(generate(floors=1, robots=0), 2, 0.1, 3)) for _ in range(2))
    assert {k: v for k, v in first.items() if k not in WALL} == {k: v for k, v in second.items() if k not in WALL}


def test_nobody_else_is_on_the_floor() -> None:
    site = only(generate(floors=2), 3)
    assert [robot.id for fleet in site.fleets.values() for robot in fleet.robots] == ["robot-1", "robot-2", "robot-3"]


def test_a_site_is_a_folder_or_a_number_of_floors(tmp_path: Path) -> None:
    save_site(generate(floors=1), tmp_path / "small")
    assert len(named_site(str(tmp_path / "small")).levels) == 1
    assert len(named_site("generated:3").levels) == 3
    for wrong in ("generated:many", "generated:0", "generated:40", "nowhere"):
        with pytest.raises(MapError):
            named_site(wrong)


def test_the_watch_counts_planning_once_for_each_event() -> None:
    ticks = count()
    times = PlanTimes(lambda: float(next(ticks)))
    with times.planning(), times.planning():
        pass
    with times.planning():
        pass
    times.event_over()
    times.event_over()
    with times.planning():
        pass
    times.event_over()
    assert times.seconds == [2.0, 1.0]


def test_without_a_clock_nothing_is_measured() -> None:
    times = PlanTimes()
    with times.planning():
        times.event_over()
    times.event_over()
    assert times.seconds == []
