"""The downtime sheet: where everything is, on paper, also when the network is gone."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.console import SOON
from tests.processes import HospitalProcesses

_MEDICINE = {"kind": "delivery", "pickup": "pharmacy", "dropoff": "ward_1a", "note": "bed 12"}
_ITEMS = [{"name": "cefazolin 1 g", "quantity": 10}]


def test_one_tap_prints_where_every_item_is_when_the_network_is_gone(page: Page, hospital: HospitalProcesses) -> None:
    task = hospital.post("/tasks", {**_MEDICINE, "items": _ITEMS}).json()["id"]
    hospital.until(lambda: hospital.get(f"/tasks/{task}")["handover_step"] is not None)
    hospital.post(f"/tasks/{task}/handover")
    robot = hospital.get(f"/tasks/{task}")["robot"]
    page.add_init_script("window.printed = 0; window.print = () => { window.printed += 1; };")
    page.goto(f"{hospital.url}/downtime")
    carrier = page.get_by_test_id(f"downtime-{robot}")
    expect(carrier).to_contain_text("10 × cefazolin 1 g · compartment", timeout=SOON)
    page.goto(hospital.url)
    expect(page.get_by_test_id("connection")).to_have_attribute("data-phase", "live", timeout=SOON)
    expect(page.get_by_test_id("map")).to_be_visible(timeout=SOON)

    page.context.set_offline(True)
    page.get_by_test_id("print-sheet").click(timeout=SOON)
    expect(page.get_by_test_id("downtime-as-of")).to_contain_text("As of")
    expect(carrier).to_contain_text("Open by hand: key no. 3 from the porters' lodge")
    expect(carrier).to_contain_text(task)
    expect(carrier).to_contain_text("bed 12")
    expect(carrier).to_contain_text("Ward 1A")
    expect(page.locator("main")).to_contain_text("look for each robot where it was seen")
    page.wait_for_function("window.printed === 1", timeout=SOON)
    page.emulate_media(media="print")
    expect(page.get_by_test_id("pages")).to_be_hidden()
    expect(carrier).to_be_visible()


def test_a_quiet_house_has_a_sheet_that_says_so(page: Page, hospital: HospitalProcesses) -> None:
    page.goto(f"{hospital.url}/downtime")
    expect(page.locator("main")).to_contain_text("No robot or porter has goods on board.", timeout=SOON)
    expect(page.get_by_test_id("downtime-waiting")).to_contain_text("Nothing waits to be fetched.")
