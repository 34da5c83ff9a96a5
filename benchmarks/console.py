"""`wardfleet bench console`: a console that shows many robots, and the way of a message to it.

First a recorded stream of `robots`, all told ten times a second, is played to the console's map page in headless
Chromium; there is no fleet manager. Then a demo hospital runs with `clients` consoles connected, and another one
listens. Last, Lighthouse looks at its nurse's page.

- `task_ms_p99`, `task_ms_max`: how long tasks of the page's main thread took, all of them (`tasks`), by the trace of
  Chromium. `long_tasks` are those that the page itself was told of (PerformanceObserver: 50 ms and more), and
  `long_task_ms_max` the longest.
- `frames_per_second`: how often the page could draw. `changes_per_second`: events in the stream.
- `message_ms_p50`, `message_ms_p99`, `message_ms_max`: from a decision of the fleet manager until the client had the
  message of it (`messages` of them), the commit between included.
- `lighthouse_performance`, `lighthouse_accessibility`: scores of the nurse's page, medians of five.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.console_browser import SETTLE, watch
from benchmarks.console_lighthouse import LOOKS, scores
from benchmarks.console_messages import message_delays, running_hospital
from benchmarks.console_recording import record
from maps.model import Site

TASK_P99: Final = 50.0
TASK_MAX: Final = 150.0
MESSAGE_P99: Final = 150.0
"""Milliseconds that must not be exceeded."""

PERFORMANCE: Final = 90.0
ACCESSIBILITY: Final = 100.0
"""Scores to be reached."""


@dataclass(frozen=True, slots=True)
class ConsoleResult:
    """The figures, as the module's text explains them."""

    task_ms_p99: float
    task_ms_max: float
    tasks: int
    long_tasks: int
    long_task_ms_max: float
    frames_per_second: float
    changes_per_second: float
    message_ms_p50: float
    message_ms_p99: float
    message_ms_max: float
    messages: int
    lighthouse_performance: float
    lighthouse_accessibility: float
    robots: int
    clients: int
    demo_robots: int
    seconds: float

    @property
    def missed(self) -> bool:
        """Whether a bound does not hold."""
        too_long = max(self.task_ms_max, self.long_task_ms_max) > TASK_MAX or self.task_ms_p99 > TASK_P99
        too_late = self.message_ms_p99 >= MESSAGE_P99
        return (
            too_long
            or too_late
            or self.lighthouse_performance < PERFORMANCE
            or self.lighthouse_accessibility < ACCESSIBILITY
        )


def run_console(
    site: Site,
    *,
    robots: int,
    clients: int,
    demo_robots: int,
    seconds: float,
    seed: int,
    looks: int = LOOKS,
    progress: Callable[[str], None] = lambda _: None,
) -> ConsoleResult:
    """Measure all, with so many `looks` of Lighthouse; `progress` gets what is done now.

    Raises NoRoomError, BrowserMissingError.
    """
    progress("Recording a busy hospital")
    recording = record(site, robots, seconds + 4 * SETTLE, seed)
    progress("Playing it to the console")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        drawn = watch(recording, folder, seconds)
        progress("Starting a hospital")
        with running_hospital(demo_robots) as port:
            progress("Listening to a running hospital")
            messages = np.array(message_delays(port, clients, seconds)) * 1000.0
            progress("Looking at the nurse's page")
            lighthouse = scores(f"http://127.0.0.1:{port}", folder, looks)
    tasks = np.array(drawn.tasks)
    return ConsoleResult(
        task_ms_p99=float(np.percentile(tasks, 99)),
        task_ms_max=float(tasks.max()),
        tasks=len(tasks),
        long_tasks=len(drawn.long_tasks),
        long_task_ms_max=max(drawn.long_tasks, default=0.0),
        frames_per_second=drawn.frames,
        changes_per_second=recording.changes / (seconds + 4 * SETTLE),
        message_ms_p50=float(np.percentile(messages, 50)),
        message_ms_p99=float(np.percentile(messages, 99)),
        message_ms_max=float(messages.max()),
        messages=len(messages),
        lighthouse_performance=lighthouse.performance,
        lighthouse_accessibility=lighthouse.accessibility,
        robots=robots,
        clients=clients,
        demo_robots=demo_robots,
        seconds=seconds,
    )
