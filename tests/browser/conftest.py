"""A real browser before a real fleet manager: the world, the manager and the robots' agents are processes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from fleet_manager.bootstrap import CONSOLE
from maps.fleets import with_robots
from maps.generator import generate
from maps.model import FleetId, Site
from tests.processes import HospitalProcesses, hospital_processes

_SPEED = 15.0

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HospitalProcesses]:
    """Two floors, four delivery robots, one that disinfects and screens, two porters, fifteen times as fast as life."""
    if not (CONSOLE / "index.html").exists():
        pytest.fail("the console is not built: run `npm ci && npm run build` in fleet_manager/console")
    folder = tmp_path_factory.mktemp("hospital")
    with hospital_processes(folder, hospital_site(), speed=_SPEED) as hospital:
        yield hospital


def hospital_site() -> Site:
    site = generate(floors=2, robots=4)
    lamps = site.fleets[FleetId("disinfection")]
    able = replace(lamps, capabilities=lamps.capabilities | {"screening", "patrol"})
    return with_robots(replace(site, fleets={**site.fleets, lamps.id: able}), lamps.id, 1)


@pytest.fixture(autouse=True)
def nothing_left(hospital: HospitalProcesses) -> Iterator[None]:
    """Each story ends its deliveries, so that no robot of an earlier one stands where the next one's should."""
    yield
    for task in _open_tasks(hospital):
        hospital.post(f"/tasks/{task['id']}/cancel")
    hospital.until(lambda: not _handed_over(hospital))


def _open_tasks(hospital: HospitalProcesses) -> list[dict[str, Any]]:
    ended = ("completed", "cancelled", "failed")
    return [task for task in hospital.get("/tasks?limit=100") if task["status"] not in ended]


def _handed_over(hospital: HospitalProcesses) -> list[dict[str, Any]]:
    """Take what robots bring back; answer the tasks that are still open."""
    tasks = _open_tasks(hospital)
    for task in tasks:
        if task["handover_step"]:
            hospital.post(f"/tasks/{task['id']}/handover")
    return tasks


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One per file: while it is open, Playwright keeps an event loop running that other tests can't share."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh English page; an error in it fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A fresh Chinese page on a phone; an error in it fails the test."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, locale="zh-CN", is_mobile=True, has_touch=True
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []
