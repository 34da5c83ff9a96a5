"""Every page in both languages and both colour schemes, looked at by axe for WCAG 2.2 AA."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from fleet_manager.bootstrap import CONSOLE
from tests.browser.pages import LANGUAGES, SCHEMES, sights
from tests.processes import HospitalProcesses

AXE = (CONSOLE.parent / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
_LOOK = """async ([scheme, tags]) => {
    document.documentElement.setAttribute('data-mantine-color-scheme', scheme);
    return axe.run(document, {runOnly: tags, resultTypes: ['violations']});
}"""
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_any_page(browser: Browser, hospital: HospitalProcesses, language: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, service_workers="block")
    page = context.new_page()
    found: list[str] = []
    for sight in sights(page, hospital.url, language, SCHEMES[0]):
        page.evaluate(AXE)
        for scheme in SCHEMES:
            result: dict[str, Any] = page.evaluate(_LOOK, [scheme, _TAGS])
            for violation in result["violations"]:
                nodes = "; ".join(node["html"][:120] for node in violation["nodes"][:3])
                found.append(f"{sight.name}, {scheme}: {violation['id']} ({len(violation['nodes'])}): {nodes}")
    context.close()
    assert "\n".join(found) == ""
