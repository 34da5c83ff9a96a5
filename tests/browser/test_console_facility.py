"""The facility's page: a room is disinfected and its certificate read, cues are closed, ways closed, rounds planned."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.console import DRIVE, SOON
from tests.processes import HospitalProcesses

ROOM = "L1_ward_1a_room_01"


def _open_facility(page: Page, hospital: HospitalProcesses, tab: str) -> None:
    page.goto(f"{hospital.url}/facility")
    page.get_by_test_id(f"tab-{tab}").click()


def test_a_room_is_disinfected_after_it_was_cleaned_and_vacated_and_its_certificate_is_read(
    page: Page, hospital: HospitalProcesses
) -> None:
    hospital.post("/robots/disinfection-1/lamp-check")
    _open_facility(page, hospital, "zones")
    page.get_by_test_id("find-zone").fill("ward 1a room 01")
    zone = page.get_by_test_id(f"zone-{ROOM}")
    expect(zone).to_contain_text("Never disinfected by a robot", timeout=SOON)
    zone.get_by_test_id("disinfect").click()
    page.get_by_test_id("against").get_by_text("Bacteria").click()
    page.get_by_test_id("disinfect-confirm").click()
    expect(zone.get_by_test_id("zone-progress")).to_contain_text("waits until the room is confirmed", timeout=DRIVE)
    expect(zone.get_by_test_id("vacated")).to_be_disabled()
    zone.get_by_test_id("cleaned").click()
    zone.get_by_test_id("vacated").click()
    expect(zone).to_have_attribute("data-standing", "fine", timeout=DRIVE)
    expect(zone.get_by_test_id("zone-treated")).to_contain_text("at least")

    zone.get_by_test_id("last-certificate").click()
    certificate = page.get_by_test_id("certificate")
    expect(certificate).to_have_attribute("data-complete", "true", timeout=SOON)
    expect(certificate).to_contain_text("100.0 %")
    expect(certificate).to_contain_text("Calculated physical dose, not microbiological proof.")
    expect(page.get_by_test_id("dose-map")).to_be_visible()
    pdf = page.request.get(f"{hospital.url}{page.get_by_test_id('certificate-pdf').get_attribute('href')}")
    assert pdf.body().startswith(b"%PDF")


def test_a_screening_cue_is_closed_by_whoever_looked_again(page: Page, hospital: HospitalProcesses) -> None:
    body = {"kind": "screening", "checkpoints": [{"place": "ward_1a"}], "seconds": 3600.0}
    task = hospital.post("/tasks", body).json()
    _open_facility(page, hospital, "cues")
    cue = page.get_by_test_id(re.compile(r"^cue-")).first
    expect(cue).to_be_visible(timeout=2 * DRIVE)
    expect(cue).to_contain_text("Ward 1A")
    name = str(cue.get_attribute("data-testid")).removeprefix("cue-")
    cue.get_by_role("textbox").fill("36.8 °C, ear")
    cue.get_by_test_id("recheck-not_confirmed").click()
    closed = page.get_by_test_id(f"closed-{name}")
    expect(closed).to_contain_text("Not confirmed", timeout=SOON)
    expect(closed).to_contain_text("36.8 °C, ear")
    hospital.post(f"/tasks/{task['id']}/cancel")


def test_a_way_is_closed_by_its_zone_and_reopened_and_the_fire_alarm_raised_and_ended(
    page: Page, hospital: HospitalProcesses
) -> None:
    _open_facility(page, hospital, "closures")
    expect(page.get_by_text("Nothing is closed")).to_be_visible(timeout=SOON)
    page.get_by_test_id("add-closure").click()
    area = page.get_by_test_id("area-map")
    box = area.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.8, steps=4)
    page.mouse.up()
    expect(page.get_by_test_id("drawn-area")).to_be_visible()
    page.get_by_test_id("closure-reason").fill("wet floor")
    page.get_by_test_id("closure-confirm").click()
    closure = page.get_by_test_id(re.compile(r"^closure-[^rzc]")).filter(has_text="wet floor")
    expect(closure).to_be_visible(timeout=SOON)
    closure.get_by_test_id("reopen").click()
    expect(closure).to_be_hidden(timeout=SOON)

    page.get_by_test_id("raise-alarm").click()
    page.get_by_test_id("alarm-confirm").click()
    alarm = page.get_by_test_id(re.compile(r"^alarm-[^wc]"))
    expect(alarm).to_contain_text("Fire alarm: everywhere", timeout=SOON)
    alarm.get_by_test_id("end-alarm").click()
    expect(alarm).to_be_hidden(timeout=SOON)


def test_a_round_is_planned_moved_to_another_day_and_ended(page: Page, hospital: HospitalProcesses) -> None:
    _open_facility(page, hospital, "schedules")
    expect(page.get_by_text("No schedules")).to_be_visible(timeout=SOON)
    page.get_by_test_id("add-schedule").click()
    page.get_by_test_id("schedule-name").fill("night run")
    page.get_by_test_id("schedule-zone").fill("ward 1a · room 02")
    page.get_by_role("option", name="Ward 1A · room 02", exact=True).click()
    page.get_by_test_id("schedule-save").click()
    entries = page.get_by_test_id("week").get_by_text("night run")
    expect(entries).not_to_have_count(0, timeout=SOON)
    before = entries.count()
    days = page.locator(".week-day")
    days.nth(3).locator(".week-entry").drag_to(days.nth(5))
    expect(days.nth(3).locator(".week-entry")).to_have_count(0, timeout=SOON)
    expect(days.nth(5).locator(".week-entry")).to_have_count(2, timeout=SOON)
    assert entries.count() == before
    for schedule in hospital.get("/schedules"):
        page.get_by_test_id(f"schedule-{schedule['id']}").get_by_test_id("schedule-end").click()
    expect(page.get_by_text("No schedules")).to_be_visible(timeout=SOON)
