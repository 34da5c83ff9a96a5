"""What Lighthouse says of the nurse's page of a running hospital, by its desktop preset."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.console_browser import FLAGS, BrowserMissingError, chromium, free_port
from fleet_manager.bootstrap import CONSOLE

LOOKS: Final = 5
_SECONDS: Final = 120.0
_LIGHTHOUSE: Final = CONSOLE.parent / "node_modules" / ".bin" / "lighthouse"

_CHOOSE: Final = """async () => {
    const site = await (await fetch('/api/v1/site')).json();
    const ward = site.places.find((place) => /^ward_[0-9]+[a-z]$/.test(place.id)).id;
    localStorage.setItem('wardfleet.person', JSON.stringify({id: 'nurse-li', role: 'nurse', ward}));
}"""


@dataclass(frozen=True, slots=True)
class Scores:
    """Medians, 0–100."""

    performance: float
    accessibility: float


def scores(url: str, folder: Path, looks: int) -> Scores:
    """Look at a ward's page of the console at `url` so many times. Raises BrowserMissingError."""
    if not _LIGHTHOUSE.exists() or shutil.which("node") is None:
        raise BrowserMissingError("lighthouse is not installed: `npm ci` in fleet_manager/console")
    from playwright.sync_api import sync_playwright

    port = free_port()
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder / "profile",
            executable_path=chromium(),
            args=[*FLAGS, f"--remote-debugging-port={port}"],
            service_workers="block",
        )
        page = context.new_page()
        page.goto(f"{url}/ward")
        page.evaluate(_CHOOSE)
        page.reload()
        page.get_by_test_id("ward-name").wait_for()
        page.close()
        found = [_score(f"{url}/ward", port, folder / f"{number}.json") for number in range(looks)]
        context.close()
    return Scores(*(statistics.median(one[at] for one in found) for at in (0, 1)))


def _score(url: str, port: int, report: Path) -> tuple[float, float]:
    config = CONSOLE.parent / "lighthouse.config.js"
    command = [str(_LIGHTHOUSE), url, f"--port={port}", f"--config-path={config}", "--quiet"]
    command += ["--output=json", f"--output-path={report}"]
    subprocess.run(command, check=True, timeout=_SECONDS, stdout=subprocess.DEVNULL, cwd=CONSOLE.parent)
    categories: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))["categories"]
    return 100.0 * categories["performance"]["score"], 100.0 * categories["accessibility"]["score"]
