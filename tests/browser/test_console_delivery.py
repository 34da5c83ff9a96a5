"""A delivery as staff see it, in a real browser: requested, followed, handed over twice, completed."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Request, Route, expect

from tests.fake_demo import demo

PICKUP = "Pharmacy"
DROPOFF = "Ward 2A"
SOON = 10_000
DRIVE = 120_000


def open_console(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.get_by_test_id("connection")).to_have_attribute("data-phase", "live", timeout=SOON)


def choose(page: Page, field: str, place: str) -> None:
    page.get_by_test_id(field).fill(place)
    page.get_by_role("option", name=place, exact=True).click()


def request_delivery(page: Page, pickup: str, dropoff: str) -> str:
    """Ask for cefazolin; answers with the task's id."""
    page.get_by_test_id("tab-request").click()
    choose(page, "pickup", pickup)
    choose(page, "dropoff", dropoff)
    page.get_by_test_id("item-name-0").fill("cefazolin 1 g")
    page.get_by_test_id("item-quantity-0").fill("10")
    page.get_by_test_id("submit-request").click()
    done = page.get_by_test_id("request-done")
    expect(done).to_be_visible(timeout=SOON)
    found = re.search(r": (\S+)", done.inner_text())
    assert found is not None
    page.get_by_test_id("show-request").click()
    return found[1]


def test_a_nurse_requests_a_delivery_watches_it_come_and_signs_for_it(page: Page, demo_url: str) -> None:
    open_console(page, demo_url)
    task = page.get_by_test_id(f"task-{request_delivery(page, PICKUP, DROPOFF)}")
    expect(task).to_contain_text(f"{PICKUP} → {DROPOFF}")
    expect(task).to_contain_text("10 × cefazolin 1 g")
    expect(task.get_by_test_id("task-eta")).to_contain_text("ETA", timeout=SOON)

    task.get_by_test_id("task-carrier").click()
    position = page.get_by_test_id("robot-position")
    expect(page.get_by_test_id("robot-battery")).to_contain_text("%")
    before = position.inner_text()
    expect(position).not_to_have_text(before, timeout=SOON)

    for confirmed in ("Loaded, send it off", "Received and signed"):
        handover = task.get_by_test_id("handover")
        expect(handover).to_be_visible(timeout=DRIVE)
        expect(task.get_by_test_id("task-waiting")).to_contain_text("Waiting at")
        handover.click()
        page.get_by_role("button", name=confirmed).click()
        expect(handover).to_be_hidden(timeout=SOON)

    expect(task).to_have_attribute("data-status", "completed", timeout=SOON)


def test_a_delivery_is_cancelled_only_after_its_consequences_were_read(page: Page, demo_url: str) -> None:
    open_console(page, demo_url)
    task = page.get_by_test_id(f"task-{request_delivery(page, DROPOFF, PICKUP)}")
    task.get_by_test_id("cancel").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Nothing is on board yet")
    dialog.get_by_test_id("cancel-confirm").click()
    expect(task).to_have_attribute("data-status", "cancelled", timeout=SOON)


def test_a_form_with_gaps_says_what_is_missing(page: Page, demo_url: str) -> None:
    open_console(page, demo_url)
    page.get_by_test_id("tab-request").click()
    page.get_by_test_id("submit-request").click()
    for words in ("Choose where to pick up", "Choose where to bring it", "Say what is to be carried"):
        expect(page.get_by_text(words)).to_be_visible()
    expect(page.get_by_test_id("pickup")).to_be_focused()


def test_a_request_without_an_answer_is_sent_again_and_made_once(page: Page, demo_url: str) -> None:
    open_console(page, demo_url)
    keys: list[str | None] = []

    def lose_the_first_answer(route: Route, request: Request) -> None:
        if request.method != "POST":
            route.continue_()
            return
        keys.append(request.headers.get("idempotency-key"))
        response = route.fetch()
        if len(keys) == 1:
            route.abort()
        else:
            route.fulfill(response=response)

    page.route("**/api/v1/tasks", lose_the_first_answer)
    page.get_by_test_id("tab-request").click()
    choose(page, "pickup", PICKUP)
    choose(page, "dropoff", DROPOFF)
    page.get_by_test_id("item-name-0").fill("saline")
    page.get_by_test_id("submit-request").click()
    expect(page.get_by_test_id("request-error")).to_contain_text("will not be made twice", timeout=SOON)
    page.get_by_test_id("submit-request").click()
    expect(page.get_by_test_id("request-done")).to_be_visible(timeout=SOON)
    assert keys[0] is not None
    assert keys[0] == keys[1]
    page.get_by_test_id("show-request").click()
    expect(page.get_by_test_id("tasks").get_by_text("1 × saline")).to_have_count(1)


def test_a_lost_connection_is_never_shown_as_live(page: Page) -> None:
    with demo() as url:
        open_console(page, url)
    expect(page.get_by_test_id("connection")).not_to_have_attribute("data-phase", "live", timeout=SOON)
    expect(page.get_by_test_id("stale")).to_contain_text("Not live")
    expect(page.get_by_test_id("map")).to_have_attribute("data-stale", "true")


def test_the_console_speaks_chinese_and_fits_a_phone(phone: Page, demo_url: str) -> None:
    open_console(phone, demo_url)
    expect(phone.get_by_test_id("tab-tasks")).to_contain_text("运送任务")
    expect(phone.locator("html")).to_have_attribute("lang", "zh-CN")
    phone.get_by_test_id("tab-request").click()
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    low = """[...document.querySelectorAll('button, [role=tab], input')]
        .filter((e) => e.getClientRects().length > 0 && e.type !== 'radio')
        .filter((e) => e.getBoundingClientRect().height < 44)
        .map((e) => e.outerHTML.slice(0, 120))"""
    assert phone.evaluate(low) == []
    phone.get_by_test_id("language").click()
    expect(phone.get_by_test_id("tab-tasks")).to_contain_text("Deliveries")
    phone.reload()
    expect(phone.get_by_test_id("tab-tasks")).to_contain_text("Deliveries")
