"""`make screenshots`: every page on phone, tablet and desktop, in both languages and colour schemes, as PNG files."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, hospital_site
from tests.browser.pages import LANGUAGES, SCHEMES, sights
from tests.processes import hospital_processes

_SIZES: Final = {"phone": (390, 844), "tablet": (820, 1180), "desktop": (1440, 900)}


def main(folder: Path) -> int:
    """Write all pictures; answers how many sights are wider than their screen."""
    too_wide = 0
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as scratch,
        hospital_processes(Path(scratch), hospital_site(), speed=5.0) as hospital,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for size, (width, height) in _SIZES.items():
            context = browser.new_context(viewport={"width": width, "height": height}, service_workers="block")
            page = context.new_page()
            for language in LANGUAGES:
                for scheme in SCHEMES:
                    for sight in sights(page, hospital.url, language, scheme):
                        name = f"{sight.name}-{size}-{language}-{scheme}.png"
                        page.screenshot(path=folder / name)
                        if page.evaluate("document.documentElement.scrollWidth") > width:
                            too_wide += 1
                            print(f"{name}: wider than its screen")
            context.close()
        browser.close()
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")
    return too_wide


if __name__ == "__main__":
    sys.exit(min(1, main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots"))))
