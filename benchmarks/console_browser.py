"""How long the tasks of a console's main thread take in headless Chromium, while a recorded stream is played to it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks.console_recording import Recording

FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
SETTLE: Final = 5.0
"""Seconds from the first picture until measuring begins, and again from when the trace began."""

_PATIENCE: Final = 30.0
_BEGIN: Final = "measuring begins"
_END: Final = "measuring ends"
_TASKS: Final = frozenset({"RunTask", "ThreadControllerImpl::RunTask"})

_COUNT = """() => {
    window.longTasks = [];
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((entry) => entry.duration)))
        .observe({type: 'longtask'});
    window.frames = 0;
    const count = () => { window.frames += 1; requestAnimationFrame(count); };
    requestAnimationFrame(count);
    performance.mark('measuring begins');
}"""


class BrowserMissingError(Exception):
    """There is no browser to measure in."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Durations (ms) of all tasks of the page's main thread and of those the page calls long; frames a second."""

    tasks: list[float]
    long_tasks: list[float]
    frames: float


def watch(recording: Recording, folder: Path, seconds: float) -> Drawn:
    """Play the recording to the console's map page, and look at it for so long. Raises BrowserMissingError."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise BrowserMissingError("playwright is not installed: pip install -e .[dev]") from error
    file = folder / "stream.msgpack"
    recording.save(file)
    with _playing(file) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        context = browser.new_context(viewport={"width": 1440, "height": 900}, service_workers="block")
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector("[data-testid=connection][data-phase=live]", timeout=_PATIENCE * 1000)
        page.wait_for_timeout(SETTLE * 1000)
        tracing = browser.new_browser_cdp_session()
        events: list[dict[str, Any]] = []
        ended: list[bool] = []
        tracing.on("Tracing.dataCollected", lambda data: events.extend(_tasks_in(data["value"])))
        tracing.on("Tracing.tracingComplete", lambda data: ended.append(True))
        categories = ["toplevel", "disabled-by-default-devtools.timeline", "blink.user_timing"]
        tracing.send("Tracing.start", {"traceConfig": {"includedCategories": categories, "excludedCategories": ["*"]}})
        page.wait_for_timeout(SETTLE * 1000)
        page.evaluate(_COUNT)
        page.wait_for_timeout(seconds * 1000)
        long_tasks, frames = page.evaluate(
            "() => { performance.mark('measuring ends'); return [window.longTasks, window.frames]; }"
        )
        phase = page.get_attribute("[data-testid=connection]", "data-phase")
        tracing.send("Tracing.end")
        while not ended:
            page.wait_for_timeout(100)
        browser.close()
    if phase != "live":
        raise BrowserMissingError("the console lost the recorded stream")
    return Drawn(_durations(events), long_tasks, frames / seconds)


def chromium() -> str:
    """The browser's path. Raises BrowserMissingError."""
    found = shutil.which("chromium")
    if found is None:
        raise BrowserMissingError("there is no chromium on this machine: apt install chromium")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tasks_in(events: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Of a trace, the tasks and the marks."""
    return (e for e in events if e["name"] in (_BEGIN, _END) or (e["name"] in _TASKS and e["ph"] == "X"))


def _durations(events: list[dict[str, Any]]) -> list[float]:
    """Of the outermost tasks between the marks (ms), on the thread that set them."""
    (begin,) = (e for e in events if e["name"] == _BEGIN)
    (end,) = (e for e in events if e["name"] == _END)
    tasks = [
        (e["ts"], e.get("dur", 0.0))
        for e in events
        if e["name"] in _TASKS and (e["pid"], e["tid"]) == (begin["pid"], begin["tid"])
    ]
    outermost: list[float] = []
    until = 0.0
    for start, duration in sorted(tasks, key=lambda task: (task[0], -task[1])):
        if start >= until and begin["ts"] <= start < end["ts"]:
            outermost.append(duration / 1000.0)
            until = start + duration
    return outermost


@contextmanager
def _playing(file: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.console_player", str(file), str(port)]
    server = subprocess.Popen(command)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                httpx.get(f"{url}/api/v1/site", timeout=2.0)
                break
            except httpx.HTTPError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise OSError("the player of the recorded stream did not start") from None
                time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait(10)
