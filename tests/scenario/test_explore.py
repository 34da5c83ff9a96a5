"""Exploring: random hospitals full of faults break nothing, and planted bugs are found, shrunk and played again."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet_manager.logs import configure_logs
from sim.explore import Failure, explored, failure_of, scenario_of, scenario_text
from sim.recorded_log import read_log, replay, write_log
from sim.scenario_file import read_scenario
from sim.scenario_run import run_scenario
from tests.planted_bugs import Bug, double_allocation, lost_report, skipped_release, wait_not_named

WITHIN = 200
"""Runs in which every planted bug must be found."""


@pytest.fixture(autouse=True)
def _quiet() -> None:
    configure_logs(level="CRITICAL")


def first_failure(bug: Bug) -> tuple[int, Failure] | None:
    for seed in range(WITHIN):
        with bug():
            failure = failure_of(scenario_of(seed))
        if failure is not None:
            return seed, failure
    return None


def test_nothing_breaks(explore_seeds: range) -> None:
    failures = {seed: failure_of(scenario_of(seed)) for seed in explore_seeds}
    assert {seed: str(failure) for seed, failure in failures.items() if failure is not None} == {}


def test_a_planted_bug_is_found(planted_bug: Bug) -> None:
    found = first_failure(planted_bug)
    assert found is not None, planted_bug.__name__
    seed, _ = found
    assert failure_of(scenario_of(seed)) is None, "the run fails without the bug too"


def test_a_seed_fails_the_same_way_every_time() -> None:
    with lost_report():
        found = first_failure(lost_report)
        assert found is not None
        seed, failure = found
        assert failure_of(scenario_of(seed)) == failure


def test_a_failing_run_is_shrunk_to_a_small_file_that_fails_alike(tmp_path: Path) -> None:
    with double_allocation():
        found = explored(0)
        assert found is not None
        scenario, failure = found
        assert failure.what == "one holder per resource"
        assert len(scenario.demand) <= 2
        assert scenario.faults == ()
        path = tmp_path / "shrunk.scenario.yaml"
        path.write_text(scenario_text(scenario, failure), encoding="utf-8")
        again = failure_of(read_scenario(path))
        assert again == failure
    assert failure_of(read_scenario(path)) is None


def test_the_story_of_a_failure_is_told() -> None:
    with skipped_release():
        found = first_failure(skipped_release)
    assert found is not None
    assert any("sets out for" in line for line in found[1].story)


def test_todays_code_over_a_recorded_log(tmp_path: Path) -> None:
    scenario = scenario_of(3)
    path = tmp_path / "run.log.jsonl"
    write_log(path, scenario, run_scenario(scenario).log)
    log = read_log(path)
    assert replay(log) is None
    with wait_not_named():
        difference = replay(log)
    assert difference is not None
    assert "wait_started" in (difference.recorded or "")
    assert difference.recorded != difference.now


def test_a_log_with_a_hole_is_no_log_any_more(tmp_path: Path) -> None:
    scenario = scenario_of(3)
    path = tmp_path / "run.log.jsonl"
    events = run_scenario(scenario).log
    write_log(path, scenario, (*events[:10], *events[11:]))
    difference = replay(read_log(path))
    assert difference is not None
    assert (difference.seq, difference.now) == (11, "event 11 is lacking")
