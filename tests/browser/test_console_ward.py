"""A ward's page: three taps, what comes and what was sent, and the hand-over from shift to shift."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.console import DRIVE, SOON, choose
from tests.processes import HospitalProcesses


def _open_ward(page: Page, url: str, ward: str) -> None:
    page.goto(f"{url}/ward")
    choose(page, "choose-ward", ward)
    expect(page.get_by_test_id("ward-name")).to_have_text(ward, timeout=SOON)


def _sent(page: Page) -> str:
    found = re.search(r": (\S+)", page.get_by_test_id("sent-done").inner_text(timeout=SOON))
    assert found is not None
    return found[1]


def test_a_nurse_asks_in_three_taps_follows_it_and_receives_it_by_pin(page: Page, hospital: HospitalProcesses) -> None:
    _open_ward(page, hospital.url, "Ward 1A")
    page.get_by_test_id("ways").get_by_text("Fetch").click()
    page.get_by_test_id("preset-fetch-pharmacy-medicine").click()
    page.get_by_test_id("quick-send").click()
    task = _sent(page)
    coming = page.get_by_test_id("coming").get_by_test_id(f"ward-{task}")
    expect(coming).to_contain_text("Pharmacy → Ward 1A")
    expect(coming.get_by_test_id("ward-eta")).to_contain_text(re.compile(r"\d\d:\d\d – \d\d:\d\d"), timeout=SOON)

    hospital.until(lambda: hospital.get(f"/tasks/{task}")["handover_step"] is not None)
    hospital.post(f"/tasks/{task}/handover")
    arrival = page.get_by_test_id(f"arrival-{task}")
    expect(arrival).to_contain_text("is here: receive and sign", timeout=DRIVE)
    expect(page).to_have_title("(1) WardFleet")
    arrival.get_by_test_id("arrival-open").click()
    page.get_by_test_id("proof").get_by_text("PIN").click()
    page.get_by_test_id("show-code").click()
    page.get_by_test_id("proof-value").fill(page.get_by_test_id("code").inner_text(timeout=SOON))
    page.get_by_role("button", name="Received and signed").click()
    expect(arrival).to_be_hidden(timeout=SOON)
    expect(page.get_by_test_id("coming")).to_contain_text("Nothing is on its way here.", timeout=SOON)
    assert hospital.get(f"/tasks/{task}")["status"] == "completed"

    page.reload()
    first = page.get_by_role("button").filter(has_text="Medicine").first
    expect(first).to_be_visible(timeout=SOON)


def test_a_stat_request_is_recommended_to_go_by_whoever_is_quicker(page: Page, hospital: HospitalProcesses) -> None:
    _open_ward(page, hospital.url, "Ward 1A")
    page.get_by_test_id("preset-fetch-pharmacy-medicine").click()
    page.get_by_test_id("quick-priority").get_by_text("Stat").click()
    forecast = page.get_by_test_id("forecast")
    expect(forecast).to_contain_text("Person on foot:", timeout=SOON)
    body = {"kind": "delivery", "pickup": "pharmacy", "dropoff": "ward_1a", "items": [{"name": "a", "quantity": 1}]}
    said = hospital.post("/forecast", body).json()
    expect(forecast).to_have_attribute("data-recommended", said["recommended"])
    page.get_by_test_id("quick-porter").click()
    task = _sent(page)
    hospital.until(lambda: str(hospital.get(f"/tasks/{task}")["robot"]).startswith("porter-"))


def test_what_was_asked_without_a_network_is_sent_once_when_it_is_back(page: Page, hospital: HospitalProcesses) -> None:
    _open_ward(page, hospital.url, "Ward 1A")
    page.get_by_test_id("ways").get_by_text("Send").click()
    page.get_by_test_id("preset-send-laboratory-specimens").click()
    before = len(hospital.get("/tasks?limit=100"))
    page.context.set_offline(True)
    page.get_by_test_id("quick-send").click()
    expect(page.get_by_test_id("kept")).to_contain_text("sent once when it is back", timeout=SOON)
    expect(page.get_by_test_id("outbox")).to_contain_text("1 request waits")
    expect(page.get_by_test_id("connection")).not_to_have_attribute("data-phase", "live", timeout=SOON)
    page.context.set_offline(False)
    expect(page.get_by_test_id("outbox")).to_be_hidden(timeout=SOON)
    expect(page.get_by_test_id("sent")).to_contain_text("Ward 1A → Laboratory", timeout=SOON)
    assert len(hospital.get("/tasks?limit=100")) == before + 1


def test_the_next_shift_reads_what_is_open_and_takes_over(page: Page, hospital: HospitalProcesses) -> None:
    _open_ward(page, hospital.url, "Ward 2B")
    page.get_by_test_id("preset-fetch-pharmacy-medicine").click()
    page.get_by_test_id("quick-send").click()
    task = _sent(page)
    shift = page.get_by_test_id("shift")
    expect(shift).to_contain_text(task, timeout=SOON)
    expect(shift).to_contain_text("open")
    page.get_by_test_id("shift-acknowledge").click()
    page.get_by_test_id("person-name").fill("王芳")
    page.get_by_test_id("person-save").click()
    page.get_by_test_id("shift-acknowledge").click()
    expect(page.get_by_test_id("shift-acknowledged")).to_contain_text("Read by 王芳", timeout=SOON)
    assert hospital.get("/wards/ward_2b/shift")["up_to_date"] is True
