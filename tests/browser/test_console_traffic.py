"""Robots that stand in each other's way, as an operator sees it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.console import DRIVE, SOON, hand_over, open_console, request_delivery
from tests.processes import HospitalProcesses


def test_an_operator_sees_why_a_robot_waits_and_what_would_help(page: Page, hospital: HospitalProcesses) -> None:
    open_console(page, hospital.url)
    first = request_delivery(page, "Pharmacy", "Ward 2B")
    expect(first.get_by_test_id("handover")).to_be_visible(timeout=DRIVE)
    holder = first.get_by_test_id("task-carrier").inner_text().removeprefix("Carrier: ")
    second = request_delivery(page, "Pharmacy", "Ward 1A")
    expect(second.get_by_test_id("task-waiting")).to_contain_text(f"Waiting for {holder}", timeout=DRIVE)
    because = f"{holder}: Waiting at Pharmacy for somebody to load it"
    expect(second.get_by_test_id("waiting-because")).to_have_text(because)

    second.get_by_test_id("task-carrier").click()
    waiting = page.get_by_test_id("robot-details").get_by_test_id("robot-waiting")
    expect(waiting).to_contain_text(f"Waiting for {holder} to clear the way ahead")
    expect(waiting).to_contain_text("so far · until about")
    (wait,) = [w for w in hospital.get("/traffic")["waits"] if w["held_by"]]
    assert wait["held_by"] == holder

    waiting.get_by_test_id("waiting-because").click()
    expect(page.get_by_test_id("robot-details")).to_contain_text(holder)
    expect(waiting).to_contain_text("Waiting at Pharmacy for somebody to load it")
    hand_over(page, first, "Loaded, send it off")
    expect(second.get_by_test_id("waiting-because")).to_be_hidden(timeout=SOON)
    expect(second.get_by_test_id("handover")).to_be_visible(timeout=DRIVE)


def test_the_traffic_of_all_robots_stays_on_the_map_until_it_is_switched_off(
    page: Page, hospital: HospitalProcesses
) -> None:
    open_console(page, hospital.url)
    for shown in (True, False):
        page.get_by_role("button", name="Legend").click()
        traffic = page.get_by_test_id("traffic")
        if traffic.is_checked() is not shown:
            traffic.press("Space")
        expect(traffic).to_be_checked(checked=shown)
        page.reload()
        page.get_by_role("button", name="Legend").click()
        expect(traffic).to_be_checked(checked=shown)
        page.keyboard.press("Escape")
        expect(traffic).to_be_hidden()
