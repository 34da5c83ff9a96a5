"""A delivery as staff see it, in a real browser before real robots' agents."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.console import SOON, cancel, expect_status, hand_over, open_console, request_delivery
from tests.processes import HospitalProcesses


def test_a_nurse_requests_a_delivery_watches_it_come_and_signs_for_it(page: Page, hospital: HospitalProcesses) -> None:
    open_console(page, hospital.url)
    task = request_delivery(page, "Pharmacy", "Ward 2B")
    expect(task).to_contain_text("Pharmacy → Ward 2B")
    expect(task).to_contain_text("10 × cefazolin 1 g")
    expect(task.get_by_test_id("task-eta")).to_contain_text("ETA", timeout=SOON)

    task.get_by_test_id("task-carrier").click()
    position = page.get_by_test_id("robot-position")
    expect(page.get_by_test_id("robot-battery")).to_contain_text("%")
    before, picture = position.inner_text(), page.get_by_test_id("map").screenshot()
    expect(position).not_to_have_text(before, timeout=SOON)
    assert page.get_by_test_id("map").screenshot() != picture

    hand_over(page, task, "Loaded, send it off")
    task.get_by_test_id("task-why").click()
    steps = task.get_by_test_id("task-steps")
    expect(steps.get_by_role("listitem").nth(2)).to_contain_text("go to Ward 2B", timeout=SOON)
    expect(steps.get_by_role("listitem").nth(2)).to_contain_text("to L2", timeout=SOON)
    hand_over(page, task, "Received and signed", pin=True)
    expect_status(task, "completed")
    name = str(task.get_attribute("data-testid")).removeprefix("task-")
    handed = [e["data"] for e in hospital.get("/events?limit=1000") if e["kind"] == "items_handed_over"]
    proofs = [data["proof"] for data in handed if data["task"] == name]
    assert proofs == ["none", "pin"]


def test_a_waiting_delivery_becomes_more_urgent_and_is_cancelled(page: Page, hospital: HospitalProcesses) -> None:
    open_console(page, hospital.url)
    task = request_delivery(page, "Ward 2B", "Pharmacy")
    expect(task).to_contain_text("Routine")
    task.get_by_test_id("task-why").click()
    task.get_by_test_id("change-priority").get_by_text("Stat").click()
    expect(task.get_by_test_id("task-priority")).to_have_text("Stat", timeout=SOON)

    cancel(page, task, "Nothing is on board yet")
    expect_status(task, "cancelled")


def test_cancelled_goods_on_board_come_back_before_it_ends(page: Page, hospital: HospitalProcesses) -> None:
    open_console(page, hospital.url)
    task = request_delivery(page, "Laboratory", "Ward 1A", "culture medium")
    hand_over(page, task, "Loaded, send it off")

    cancel(page, task, "They are brought back to Laboratory")
    expect_status(task, "cancelling")
    expect(task).to_contain_text("Goods are brought to Laboratory")
    hand_over(page, task, "Received and signed")
    expect_status(task, "cancelled")
