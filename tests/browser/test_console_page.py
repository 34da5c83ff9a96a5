"""The page itself: its form, its connection, its languages, its sizes."""

from __future__ import annotations

from playwright.sync_api import Page, Request, Route, expect

from tests.browser.console import SOON, choose, open_console
from tests.processes import HospitalProcesses


def test_a_form_with_gaps_says_what_is_missing(page: Page, hospital: HospitalProcesses) -> None:
    open_console(page, hospital.url)
    page.get_by_test_id("tab-request").click()
    page.get_by_test_id("submit-request").click()
    for words in ("Choose where to pick up", "Choose where to bring it", "Say what is to be carried"):
        expect(page.get_by_text(words)).to_be_visible()
    expect(page.get_by_test_id("pickup")).to_be_focused()


def test_a_request_without_an_answer_is_sent_again_and_made_once(page: Page, hospital: HospitalProcesses) -> None:
    open_console(page, hospital.url)
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
    choose(page, "pickup", "Pharmacy")
    choose(page, "dropoff", "Ward 2B")
    page.get_by_test_id("item-name-0").fill("saline")
    page.get_by_test_id("submit-request").click()
    expect(page.get_by_test_id("request-error")).to_contain_text("will not be made twice", timeout=SOON)
    page.get_by_test_id("submit-request").click()
    expect(page.get_by_test_id("request-done")).to_be_visible(timeout=SOON)
    assert keys[0] is not None
    assert keys[0] == keys[1]
    page.get_by_test_id("show-request").click()
    expect(page.get_by_test_id("tasks").get_by_text("1 × saline")).to_have_count(1)


def test_a_lost_manager_is_never_shown_as_live_and_comes_back(page: Page, hospital: HospitalProcesses) -> None:
    open_console(page, hospital.url)
    connection, stale = page.get_by_test_id("connection"), page.get_by_test_id("stale")
    expect(page.get_by_test_id("map")).to_have_attribute("data-stale", "false")
    hospital.kill("manager")
    try:
        expect(connection).not_to_have_attribute("data-phase", "live", timeout=SOON)
        expect(stale).to_contain_text("Not live")
        expect(page.get_by_test_id("map")).to_have_attribute("data-stale", "true")
    finally:
        hospital.start_manager()
    expect(connection).to_have_attribute("data-phase", "live", timeout=SOON)
    expect(stale).to_be_hidden()


def test_the_language_can_be_changed_and_is_remembered(page: Page, hospital: HospitalProcesses) -> None:
    open_console(page, hospital.url)
    expect(page.get_by_test_id("tab-tasks")).to_contain_text("Deliveries")
    page.get_by_role("button", name="简体中文").click()
    for _ in range(2):
        expect(page.get_by_test_id("tab-tasks")).to_contain_text("运送任务")
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        page.get_by_test_id("tab-request").click()
        choose(page, "pickup", "2B 病区 · 01 室")
        page.reload()


def test_the_console_speaks_chinese_and_fits_a_phone(phone: Page, hospital: HospitalProcesses) -> None:
    open_console(phone, hospital.url)
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
