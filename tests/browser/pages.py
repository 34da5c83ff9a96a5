"""Every page of the console in each of its states, for those who look at all of them: accessibility, screenshots."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Page, expect

_SOON: Final = 20_000
LANGUAGES: Final = ("en", "zh")
SCHEMES: Final = ("light", "dark")
WARD: Final = "ward_1a"


@dataclass(frozen=True, slots=True)
class Sight:
    """A page at `path`; `show` brings it into the state that `name` tells."""

    name: str
    path: str
    show: Callable[[Page], None] = lambda page: None


def _press(*testids: str) -> Callable[[Page], None]:
    def show(page: Page) -> None:
        for testid in testids:
            page.get_by_test_id(testid).first.click()

    return show


SIGHTS: Final = (
    Sight("control-room", "/"),
    Sight("control-room-request", "/", _press("tab-request")),
    Sight("control-room-robots", "/", _press("tab-robots")),
    Sight("control-room-alerts", "/", _press("tab-alerts")),
    Sight("operator", "/operator"),
    Sight("operator-help", "/operator", _press("choose-robot-1")),
    Sight("operator-pause", "/operator", _press("pause-many")),
    Sight("operator-alerts", "/operator", _press("tab-alerts")),
    Sight("operator-queue", "/operator", _press("tab-queue")),
    Sight("ward", "/ward", _press("preset-fetch-pharmacy-medicine")),
    Sight("facility-zones", "/facility"),
    Sight("facility-disinfect", "/facility", _press("disinfect")),
    Sight("facility-schedules", "/facility", _press("tab-schedules")),
    Sight("facility-schedule-new", "/facility", _press("tab-schedules", "add-schedule")),
    Sight("facility-screening", "/facility", _press("tab-cues")),
    Sight("facility-closures", "/facility", _press("tab-closures")),
    Sight("facility-closure-new", "/facility", _press("tab-closures", "add-closure")),
    Sight("facility-alarm", "/facility", _press("tab-closures", "raise-alarm")),
    Sight("who", "/ward", _press("pages", "who")),
    Sight("porter", "/porter"),
    Sight("analytics", "/analytics"),
    Sight("downtime", "/downtime"),
    Sight("robot", "/r/robot-1"),
    Sight("replay", "/replay", _press("replay-play")),
)


def sights(page: Page, url: str, language: str, scheme: str) -> Iterator[Sight]:
    """Each of them, shown in a language and a colour scheme."""
    person = json.dumps({"id": "nurse-li", "role": "nurse", "ward": WARD})
    page.goto(url)
    page.evaluate(
        """([language, scheme, person]) => {
            localStorage.setItem('wardfleet.language', language);
            localStorage.setItem('mantine-color-scheme-value', scheme);
            localStorage.setItem('wardfleet.person', person);
        }""",
        [language, scheme, person],
    )
    for sight in SIGHTS:
        page.goto(f"{url}{sight.path}")
        expect(page.get_by_test_id("connection")).to_have_attribute("data-phase", "live", timeout=_SOON)
        expect(page.locator("main")).to_be_visible(timeout=_SOON)
        page.add_style_tag(content="*, ::before, ::after { transition: none !important; animation: none !important; }")
        sight.show(page)
        page.wait_for_timeout(250)
        yield sight
