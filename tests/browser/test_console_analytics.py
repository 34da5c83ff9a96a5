"""The figures page: how the fleet did, and each table to take along."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.console import SOON
from tests.processes import HospitalProcesses


def test_an_operator_reads_how_the_fleet_did_and_takes_a_table_along(page: Page, hospital: HospitalProcesses) -> None:
    body = {"kind": "delivery", "pickup": "pharmacy", "dropoff": "ward_1a", "items": [{"name": "a", "quantity": 1}]}
    task = hospital.post("/tasks", body).json()["id"]
    for _ in range(2):
        hospital.until(lambda: hospital.get(f"/tasks/{task}")["handover_step"] is not None)
        hospital.post(f"/tasks/{task}/handover")
    hospital.until(lambda: hospital.get(f"/tasks/{task}")["status"] == "completed")

    done = [task for task in hospital.get("/tasks?status=completed&limit=100") if task["items"]]
    delivered = len(done)
    page.goto(f"{hospital.url}/analytics")
    expect(page.get_by_test_id("analytics-delivered")).to_have_text(str(delivered), timeout=SOON)
    expect(page.get_by_test_id("analytics-wards")).to_contain_text("Ward 1A")
    expect(page.get_by_role("img", name=re.compile(rf"^{delivered} deliver(y|ies) in this span$"))).to_be_visible()
    expect(page.get_by_test_id("analytics-waits")).to_have_attribute(
        "aria-label", re.compile("Minutes of all robots: .*people")
    )
    page.get_by_test_id("analytics-span").get_by_text("7 days").click()
    expect(page.get_by_test_id("analytics-delivered")).to_have_text(str(delivered), timeout=SOON)
    with page.expect_download() as download:
        page.get_by_test_id("csv-wards").click()
    rows = [row.split(",") for row in Path(download.value.path()).read_text().splitlines()]
    assert rows[0][:3] == ["place", "delivered", "due"]
    assert sum(int(row[1]) for row in rows[1:]) == delivered
    assert "ward_1a" in {row[0] for row in rows}
