"""pytest collects `*.scenario.yaml` files as tests: each fails with the expectations that do not hold, and their story.

`pytest -p sim.pytest_plugin sim/scenarios` where the entry point of WardFleet is not installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

_SUFFIX: Final = ".scenario.yaml"


class ScenarioFailed(Exception):
    """Expectations do not hold; the message is their story."""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Every scenario file is a collector of one test."""
    if not file_path.name.endswith(_SUFFIX):
        return None
    found: ScenarioCollector = ScenarioCollector.from_parent(parent, path=file_path)
    return found


class ScenarioCollector(pytest.File):
    def collect(self) -> Iterator[ScenarioItem]:
        yield ScenarioItem.from_parent(self, name=self.path.name.removesuffix(_SUFFIX))


class ScenarioItem(pytest.Item):
    def runtest(self) -> None:
        from sim.scenario_file import read_scenario  # pytest starts fast where no scenario is asked for
        from sim.scenario_run import run_scenario

        with capture_logs():
            result = run_scenario(read_scenario(self.path), self.path.parent)
        if not result.holds:
            raise ScenarioFailed(result.told())

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The story alone; a traceback would tell nothing about the hospital."""
        from sim.scenario_file import ScenarioError

        if isinstance(excinfo.value, ScenarioFailed | ScenarioError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"scenario: {self.name}"
