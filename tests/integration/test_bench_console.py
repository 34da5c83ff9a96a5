"""The console's benchmark, in small."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.console import run_console
from benchmarks.console_recording import Recording, record
from benchmarks.traffic import named_site


def test_a_recorded_stream_begins_with_a_snapshot_and_tells_of_all_robots_ten_times_a_second(tmp_path: Path) -> None:
    recording = record(named_site("generated:1"), robots=5, seconds=6.0, seed=1)
    recording.save(tmp_path / "stream")
    again = Recording.load(tmp_path / "stream")
    assert again == recording
    messages = [(message.at, json.loads(message.text)) for message in again.messages]
    assert messages[0][1]["type"] == "snapshot"
    assert recording.changes == sum(message["type"] == "change" for _, message in messages) > 0
    told = [(at, {pose["robot"] for pose in m["poses"]}) for at, m in messages if m["type"] == "poses"]
    assert {len(robots) for _, robots in told} == {5}
    assert len(told) == pytest.approx(60, abs=3)
    assert all(later >= earlier for (earlier, _), (later, _) in pairwise(messages))


@pytest.mark.timeout(400)
def test_a_page_and_a_running_hospital_are_measured() -> None:
    result = run_console(named_site("generated:1"), robots=5, clients=3, demo_robots=3, seconds=2.0, seed=1, looks=1)
    assert result.tasks > 100
    assert 0.0 < result.task_ms_p99 <= result.task_ms_max
    assert result.frames_per_second > 5
    assert result.messages > 0
    assert 0.0 < result.lighthouse_performance <= 100.0
    assert result.lighthouse_accessibility == 100.0
    assert 0.0 < result.message_ms_p50 <= result.message_ms_p99 <= result.message_ms_max < 2_000
