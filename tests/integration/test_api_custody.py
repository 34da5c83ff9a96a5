"""Staff and programs follow goods over the API: one-time codes, traces and follow-ups."""

from __future__ import annotations

from tests.api_house import DELIVERY, call, hospital
from tests.fake_fleet_manager import FakeFleetManager

NURSE = {"X-Actor": "nurse-li", "X-Actor-Role": "nurse"}


def _due() -> tuple[FakeFleetManager, str]:
    """A task whose robot waits at its pick-up."""
    manager = hospital()
    task = call(manager, "POST", "/tasks", json=DELIVERY).json()["id"]
    manager.advance(120)
    assert call(manager, "GET", f"/tasks/{task}").json()["handover"]["signatures"] == 1
    return manager, task


def test_a_code_is_for_those_who_may_sign_and_is_kept_by_nobody() -> None:
    manager, task = _due()
    answer = call(manager, "GET", f"/tasks/{task}/handover-code", headers=NURSE)
    assert (answer.status_code, answer.json()["pin"]) == (200, "271828")
    assert answer.headers["cache-control"] == "no-store"
    refused = call(manager, "GET", f"/tasks/{task}/handover-code", headers={"X-Actor-Role": "visitor"})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:wardfleet:problem:not-allowed")


def test_there_is_no_code_before_the_robot_waits() -> None:
    manager = hospital()
    task = call(manager, "POST", "/tasks", json=DELIVERY).json()["id"]
    assert call(manager, "GET", f"/tasks/{task}/handover-code").status_code == 409
    assert call(manager, "GET", "/tasks/T99/handover-code").status_code == 404


def test_an_item_is_found_by_its_id() -> None:
    manager, task = _due()
    (item,) = call(manager, "GET", f"/tasks/{task}/items").json()
    trace = call(manager, "GET", f"/items/{item['item_id']}/trace").json()
    assert trace["holder"] == {"place": "pharmacy", "carrier": None, "compartment": None}
    assert [entry["kind"] for entry in trace["chains"][0]["entries"]] == ["registered"]
    unknown = call(manager, "GET", "/items/nothing/trace")
    assert (unknown.status_code, unknown.json()["detail"]) == (404, "there is no item nothing")


def test_a_difference_is_followed_up_and_closed_with_a_note() -> None:
    manager, task = _due()
    (item,) = call(manager, "GET", f"/tasks/{task}/items").json()
    found = {"items": [{"item_id": item["item_id"], "outcome": "short"}]}
    assert call(manager, "POST", f"/tasks/{task}/handover", json=found).status_code == 200
    (follow_up,) = call(manager, "GET", "/follow-ups?state=open").json()
    assert (follow_up["what"], follow_up["item_id"]) == ("short", item["item_id"])
    path = f"/follow-ups/{follow_up['id']}/close"
    empty = call(manager, "POST", path, json={"note": " "})
    assert (empty.status_code, empty.json()["field"]) == (422, "note")
    closed = call(manager, "POST", path, json={"note": "one box came later"}, headers=NURSE).json()
    assert (closed["state"], closed["closed_by"], closed["note"]) == ("closed", "nurse-li", "one box came later")
    assert call(manager, "GET", "/follow-ups?state=open").json() == []
    assert call(manager, "POST", "/follow-ups/U9/close", json={"note": "?"}).status_code == 404
