"""The same seed gives the same event log, byte by byte, in any process."""

from __future__ import annotations

import os
import subprocess
import sys

DAY = """
from benchmarks.day import run_day
from fleet_manager.logs import configure_logs
configure_logs(level="ERROR")
result = run_day(robots=6, deliveries=25, seed=4)
print(result.log_sha256, result.completed, result.violations)
"""


def _run(hash_seed: str) -> str:
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", DAY], env=environment, capture_output=True, text=True, check=True, timeout=240
    )
    return done.stdout.strip()


def test_two_processes_with_different_hash_seeds_write_the_same_log() -> None:
    one, other = _run("1"), _run("2")
    assert one == other
    assert one.endswith(" 25 0")
