"""Operators find out why a robot waits, help a stuck one, and let all stand still."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.console import DRIVE, SOON, expect_status, hand_over, open_console, request_delivery
from tests.processes import HospitalProcesses


def _operate(page: Page) -> None:
    page.get_by_test_id("pages").click()
    page.get_by_test_id("page-operator").click()
    expect(page.get_by_test_id("robot-table")).to_be_visible(timeout=SOON)


def _help(page: Page, robot: str) -> Locator:
    page.get_by_test_id(f"choose-{robot}").click()
    panel = page.get_by_test_id("help")
    expect(panel).to_be_visible()
    return panel


def _carrier(task: Locator) -> str:
    return task.get_by_test_id("task-carrier").inner_text().removeprefix("Carrier: ")


def test_an_operator_finds_out_why_a_robot_waits_and_helps_the_one_that_is_stuck(
    page: Page, hospital: HospitalProcesses
) -> None:
    open_console(page, hospital.url)
    first = request_delivery(page, "Pharmacy", "Ward 2B")
    expect(first.get_by_test_id("handover")).to_be_visible(timeout=DRIVE)
    stuck = _carrier(first)
    second = request_delivery(page, "Pharmacy", "Ward 1A")
    expect(second.get_by_test_id("task-waiting")).to_contain_text(f"Waiting for {stuck}", timeout=DRIVE)
    waits = _carrier(second)
    task = (first.get_attribute("data-testid") or "").removeprefix("task-")

    _operate(page)
    page.get_by_test_id("robot-choice").click()
    page.get_by_role("option", name="Waiting").click()
    row = page.get_by_test_id(f"row-{waits}")
    expect(row).to_contain_text(f"Waiting for {stuck} to clear the way ahead")
    panel = _help(page, waits)
    expect(panel.get_by_test_id("robot-waiting")).to_contain_text(f"Waiting for {stuck}")
    expect(panel.get_by_test_id("help-no-return")).to_contain_text("nothing of a task on board")
    panel.get_by_test_id("waiting-because").click()
    expect(panel.get_by_test_id("robot-waiting")).to_contain_text("Waiting at Pharmacy for somebody to load it")

    panel.get_by_test_id("help-skip").click()
    panel.get_by_test_id("help-reason").fill("the pharmacy has nothing ready")
    panel.get_by_test_id("help-confirm").click()
    expect(panel.get_by_test_id("help-given")).to_have_text("Done: Skip this stop", timeout=SOON)
    hospital.until(lambda: bool(hospital.get(f"/tasks/{task}")["outcome"]))
    done = hospital.get(f"/tasks/{task}")
    assert (done["status"], done["outcome"]) == ("failed", "nothing was handed over at pharmacy")
    assert done["stops"][0]["skipped"].endswith("the pharmacy has nothing ready")

    page.keyboard.press("Escape")
    page.get_by_test_id("pages").click()
    page.get_by_test_id("page-fleet").click()
    expect(second.get_by_test_id("handover")).to_be_visible(timeout=DRIVE)


def test_a_person_takes_the_goods_from_a_robot_where_it_stands(page: Page, hospital: HospitalProcesses) -> None:
    open_console(page, hospital.url)
    task = request_delivery(page, "Pharmacy", "Ward 2B")
    hand_over(page, task, "Loaded, send it off")
    expect(task.get_by_test_id("handover")).to_be_hidden()
    robot = _carrier(task)
    _operate(page)
    panel = _help(page, robot)
    panel.get_by_test_id("help-pause").click()
    expect(panel.get_by_test_id("help-pause")).to_have_text("Resume", timeout=SOON)
    panel.get_by_test_id("help-take_over").click(timeout=SOON)
    expect(panel.get_by_test_id("help-confirm")).to_be_disabled()
    panel.get_by_test_id("help-person").fill("nurse-lin")
    panel.get_by_test_id("help-reason").fill("a bed is in the way")
    panel.get_by_test_id("help-confirm").click()
    panel.get_by_test_id("help-handover").click(timeout=SOON)

    dialog = page.get_by_role("dialog")
    dialog.get_by_test_id("who").fill("nurse-lin")
    dialog.get_by_test_id("proof").get_by_text("PIN").click()
    dialog.get_by_test_id("show-code").click()
    dialog.get_by_test_id("proof-value").fill(dialog.get_by_test_id("code").inner_text(timeout=SOON))
    dialog.get_by_test_id("handover-confirm").click()
    expect(dialog).to_be_hidden(timeout=SOON)
    page.get_by_test_id("pages").click()
    page.get_by_test_id("page-fleet").click()
    expect_status(task, "failed", within=DRIVE)
    hospital.post(f"/robots/{robot}/resume")


def test_on_a_phone_each_robot_is_a_card_and_the_helps_fill_the_screen(
    phone: Page, hospital: HospitalProcesses
) -> None:
    open_console(phone, f"{hospital.url}/operator")
    card = phone.get_by_test_id("choose-robot-1")
    expect(card).to_contain_text("最近通信", timeout=SOON)
    card.click()
    panel = phone.get_by_test_id("help")
    expect(panel).to_contain_text("现在不可用", timeout=SOON)
    expect(panel.get_by_test_id("help-no-take_over")).to_contain_text("车上没有任务物品")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_map_leads_to_what_helps_a_robot(page: Page, hospital: HospitalProcesses) -> None:
    open_console(page, hospital.url)
    page.get_by_test_id("tab-robots").click()
    page.get_by_test_id("robot-robot-1").click()
    page.get_by_test_id("robot-help").click()
    expect(page.get_by_test_id("help").get_by_test_id("help-no-take_over")).to_be_visible(timeout=SOON)


def test_all_robots_stand_still_until_they_may_go_on(page: Page, hospital: HospitalProcesses) -> None:
    open_console(page, hospital.url)
    _operate(page)
    page.get_by_test_id("pause-many").click()
    page.get_by_test_id("pause-confirm").click()
    paused = page.get_by_text("Standing still: All robots")
    expect(paused).to_be_visible(timeout=SOON)
    assert all(robot["paused"] for robot in hospital.get("/robots") if robot["kind"] != "person")
    page.get_by_test_id("end-pause").click()
    expect(paused).to_be_hidden(timeout=SOON)
    assert not any(robot["paused"] for robot in hospital.get("/robots"))


def test_the_robots_are_searched_and_sorted(page: Page, hospital: HospitalProcesses) -> None:
    open_console(page, f"{hospital.url}/operator")
    table = page.get_by_test_id("robot-table")
    expect(table).to_be_visible(timeout=SOON)
    page.get_by_test_id("sort-robot").click()
    names = [str(robot["id"]) for robot in hospital.get("/robots")]
    shown = table.get_by_role("row").get_by_role("button").filter(has_text="-")
    expect(shown.last).to_have_text(sorted(names)[-1])
    page.get_by_test_id("sort-robot").click()
    expect(shown.first).to_have_text(sorted(names)[-1])
    page.get_by_test_id("robot-search").fill(names[0])
    expect(table.locator("tbody tr")).to_have_count(1)
    page.get_by_test_id("robot-search").fill("no such robot")
    expect(page.get_by_text("No robot is like that")).to_be_visible()
