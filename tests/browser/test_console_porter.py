"""A person carries a delivery: asked for in the console, done on a phone."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.console import SOON, expect_status, open_console, request_delivery
from tests.processes import HospitalProcesses


def _take_step(phone: Page, place: str) -> None:
    step = phone.get_by_test_id("porter-step")
    expect(step).to_contain_text(f"步行前往{place}", timeout=SOON)
    step.get_by_role("button", name="我已到达").click()


def _hand_over(phone: Page, place: str, confirm: str) -> None:
    due = phone.get_by_test_id("porter-handover-due")
    expect(due).to_contain_text(f"在{place}交接", timeout=SOON)
    due.get_by_test_id("porter-handover").click()
    phone.get_by_role("button", name=confirm).click()
    expect(due).to_be_hidden(timeout=SOON)


def test_a_person_is_sent_instead_and_does_it_step_by_step(
    page: Page, phone: Page, hospital: HospitalProcesses
) -> None:
    open_console(page, hospital.url)
    task = request_delivery(page, "CSSD", "Laboratory", "instruments")
    task.get_by_test_id("send-porter").click()
    page.get_by_test_id("send-porter-confirm").click()
    carrier = task.get_by_test_id("task-carrier")
    expect(carrier).to_contain_text("porter-", timeout=SOON)
    expect(task.get_by_test_id("send-porter")).to_be_hidden()

    open_console(phone, f"{hospital.url}/porter")
    phone.get_by_test_id("porter").click()
    phone.get_by_role("option", name=carrier.inner_text().removeprefix("Carrier: ")).click()
    expect(phone.get_by_test_id("porter-task")).to_contain_text("消毒供应中心 → 检验科")
    expect(phone.get_by_test_id("porter-task")).to_contain_text("待取件")
    _take_step(phone, "消毒供应中心")
    _hand_over(phone, "消毒供应中心", "已装载，出发")
    expect(phone.get_by_test_id("porter-task")).to_contain_text("运送中")
    _take_step(phone, "检验科")
    _hand_over(phone, "检验科", "确认签收")
    expect(phone.get_by_text("暂无运送任务")).to_be_visible(timeout=SOON)
    expect_status(task, "completed")


def test_a_porter_gives_a_delivery_back(page: Page, phone: Page, hospital: HospitalProcesses) -> None:
    open_console(page, hospital.url)
    task = request_delivery(page, "Kitchen", "Laboratory", "soup")
    task.get_by_test_id("send-porter").click()
    page.get_by_test_id("send-porter-confirm").click()
    carrier = task.get_by_test_id("task-carrier")
    expect(carrier).to_contain_text("porter-", timeout=SOON)
    first = carrier.inner_text()

    open_console(phone, f"{hospital.url}/porter")
    phone.get_by_test_id("porter").click()
    phone.get_by_role("option", name=first.removeprefix("Carrier: ")).click()
    phone.get_by_test_id("porter-refuse").click()
    phone.get_by_role("button", name="退回任务").click()
    expect(phone.get_by_text("暂无运送任务")).to_be_visible(timeout=SOON)
    expect(carrier).not_to_have_text(first, timeout=SOON)
