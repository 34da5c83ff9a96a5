"""The page on a robot's own screen, which its QR code leads a phone to."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.console import DRIVE, SOON, open_console
from tests.processes import HospitalProcesses


def test_the_code_on_a_robot_leads_to_its_hand_over_and_a_problem_is_reported_there(
    phone: Page, hospital: HospitalProcesses
) -> None:
    body = {"pickup": "laboratory", "dropoff": "ward_1a", "items": [{"name": "agar", "quantity": 2}]}
    task = hospital.post("/tasks", {"kind": "delivery", **body}).json()["id"]
    hospital.until(lambda: hospital.get(f"/tasks/{task}")["handover_step"] is not None)
    robot = hospital.get(f"/tasks/{task}")["robot"]
    open_console(phone, f"{hospital.url}/r/{robot}")
    phone.get_by_test_id("robot-page-handover").click()
    phone.get_by_role("button", name="已装载，出发").click()
    expect(phone.get_by_test_id("robot-page-handover")).to_be_hidden(timeout=SOON)
    expect(phone.get_by_test_id("robot-page-handover")).to_be_visible(timeout=DRIVE)
    phone.get_by_test_id("robot-page-handover").click()
    phone.get_by_role("button", name="确认签收").click()
    hospital.until(lambda: hospital.get(f"/tasks/{task}")["status"] == "completed")

    phone.get_by_test_id("problem").click()
    phone.get_by_test_id("problem-words").fill("轮子异响")
    phone.get_by_test_id("problem-send").click()
    expect(phone.get_by_test_id("problem-reported")).to_be_visible(timeout=SOON)
    assert "轮子异响" in hospital.get(f"/robots/{robot}")["note"]
    hospital.post(f"/robots/{robot}/return-to-service")


def test_a_code_of_no_robot_says_so(phone: Page, hospital: HospitalProcesses) -> None:
    open_console(phone, f"{hospital.url}/r/robot-99")
    expect(phone.get_by_text("没有该机器人")).to_be_visible(timeout=SOON)
