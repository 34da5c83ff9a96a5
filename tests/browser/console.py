"""What people do in the console, for the stories to tell."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

SOON = 20_000
DRIVE = 60_000


def open_console(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.get_by_test_id("connection")).to_have_attribute("data-phase", "live", timeout=SOON)


def choose(page: Page, field: str, option: str) -> None:
    page.get_by_test_id(field).fill(option)
    page.get_by_role("option", name=option, exact=True).click()


def request_delivery(page: Page, pickup: str, dropoff: str, item: str = "cefazolin 1 g") -> Locator:
    """Ask for ten of an item; answers with the task's card."""
    page.get_by_test_id("tab-request").click()
    choose(page, "pickup", pickup)
    choose(page, "dropoff", dropoff)
    page.get_by_test_id("item-name-0").fill(item)
    page.get_by_test_id("item-quantity-0").fill("10")
    page.get_by_test_id("submit-request").click()
    done = page.get_by_test_id("request-done")
    expect(done).to_be_visible(timeout=SOON)
    found = re.search(r": (\S+)", done.inner_text())
    assert found is not None
    page.get_by_test_id("show-request").click()
    return page.get_by_test_id(f"task-{found[1]}")


def hand_over(page: Page, task: Locator, confirmed: str, *, pin: bool = False) -> None:
    """Wait for the carrier, then say that all is complete; with `pin`, prove it with the one-time PIN."""
    handover = task.get_by_test_id("handover")
    expect(handover).to_be_visible(timeout=DRIVE)
    expect(task.get_by_test_id("task-waiting")).to_contain_text("Waiting at")
    handover.click()
    confirm = page.get_by_role("button", name=confirmed)
    if pin:
        page.get_by_test_id("proof").get_by_text("PIN").click()
        expect(confirm).to_be_disabled()
        page.get_by_test_id("show-code").click()
        page.get_by_test_id("proof-value").fill(page.get_by_test_id("code").inner_text(timeout=SOON))
    confirm.click()
    expect(handover).to_be_hidden(timeout=SOON)


def cancel(page: Page, task: Locator, consequence: str) -> None:
    """Cancel after reading what it means."""
    task.get_by_test_id("cancel").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(consequence)
    dialog.get_by_test_id("cancel-confirm").click()


def expect_status(task: Locator, status: str, within: float = SOON) -> None:
    expect(task).to_have_attribute("data-status", status, timeout=within)
