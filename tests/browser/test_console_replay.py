"""The last ten minutes, shown again."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.console import DRIVE, SOON, hand_over, open_console, request_delivery
from tests.processes import HospitalProcesses


def test_an_operator_watches_the_last_ten_minutes_again(page: Page, hospital: HospitalProcesses) -> None:
    open_console(page, hospital.url)
    task = request_delivery(page, "Pharmacy", "Ward 1A")
    hand_over(page, task, "Loaded, send it off")
    hand_over(page, task, "Received and signed")
    expect(task).to_have_attribute("data-status", "completed", timeout=DRIVE)
    carrier = task.get_by_test_id("task-carrier").inner_text().removeprefix("Carrier: ")
    number = task.get_attribute("data-testid", timeout=SOON)
    assert number is not None
    name = number.removeprefix("task-")
    hospital.post(f"/robots/{carrier}/pause")
    page.wait_for_timeout(2_000)

    page.get_by_test_id("pages").click()
    page.get_by_test_id("page-replay").click()
    page.get_by_test_id("replay-last").click()
    expect(page.get_by_test_id("replay-past")).to_contain_text("Replay ·", timeout=SOON)
    expect(page.get_by_test_id("connection")).to_have_text("Past")
    assigned = page.get_by_test_id("happening-task_assigned").filter(has_text=name)
    expect(assigned).to_have_text(re.compile(f"{carrier} takes {name}: Pharmacy → Ward 1A"))
    ended = page.get_by_test_id("happening-task_ended").filter(has_text=f"{name} completed")
    expect(ended).to_have_count(1)
    marks = page.get_by_test_id("replay-marks").locator("[data-mark=done]")
    expect(marks.first).to_be_visible()

    assigned.click()
    expect(assigned).to_have_attribute("aria-current", "true")
    clock = page.get_by_test_id("replay-clock")
    begun = clock.inner_text()
    expect(page.get_by_test_id("map")).to_have_attribute("data-stale", "false")
    page.get_by_test_id("replay-speed").get_by_text("60×").click()
    page.get_by_test_id("replay-play").click()
    handed = page.get_by_test_id("happening-items_handed_over").filter(has_text=carrier).first
    expect(handed.locator("..")).to_have_attribute("data-passed", "true", timeout=SOON)
    page.get_by_test_id("replay-play").click()
    expect(page.get_by_test_id("replay")).to_have_attribute("data-playing", "false")
    assert clock.inner_text() > begun

    ended.click()
    slider = page.get_by_test_id("replay-slider")
    slider.focus()
    before = int(slider.input_value())
    page.keyboard.press("ArrowLeft")
    expect(slider).to_have_value(str(before - 1))
    page.keyboard.press("Space")
    expect(page.get_by_test_id("replay")).to_have_attribute("data-playing", "true")
    page.keyboard.press("Space")
    expect(page.get_by_test_id("replay")).to_have_attribute("data-playing", "false")

    page.get_by_test_id("language").click()
    expect(assigned).to_have_text(re.compile(f"{carrier} 承接 {name}"))
    page.get_by_test_id("language").click()
    hospital.post(f"/robots/{carrier}/resume")


def test_where_nothing_was_recorded_the_page_says_so(page: Page, hospital: HospitalProcesses) -> None:
    page.goto(f"{hospital.url}/replay")
    begin = page.get_by_test_id("replay-begin")
    begin.fill("2020-01-01T08:00")
    page.get_by_test_id("replay-show").click()
    expect(page.get_by_test_id("replay-empty")).to_contain_text("Nothing was recorded then", timeout=SOON)
    begin.fill("2099-01-01T08:00")
    expect(page.get_by_test_id("replay-show")).to_be_disabled()
