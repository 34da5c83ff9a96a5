"""A fire alarm is raised and ended over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_house import call, hospital


def test_an_alarm_is_raised_listed_and_ended() -> None:
    manager = hospital()
    body = {"kind": "fire", "levels": ["L2"], "recall_level": "L1"}
    answer = call(manager, "POST", "/alarms", json=body, headers={"X-Actor": "guard-ma"})
    alarm = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/alarms/{alarm['id']}"
    assert (alarm["levels"], alarm["recall_level"], alarm["actor"]["id"]) == (["L2"], "L1", "guard-ma")
    assert call(manager, "GET", "/alarms").json() == [alarm]
    assert call(manager, "DELETE", f"/alarms/{alarm['id']}").json() == alarm
    assert call(manager, "DELETE", f"/alarms/{alarm['id']}").status_code == 404
    assert call(manager, "GET", "/alarms").json() == []


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "kind", "missing"),
        ({"kind": "flood"}, "kind", "'fire'"),
        ({"kind": "fire", "zone": "attic"}, "zone", "no zone 'attic'"),
        ({"kind": "fire", "zone": "zone_pharmacy", "levels": ["L1"]}, "levels", "a zone, a building, or on levels"),
        ({"kind": "fire", "levels": []}, "levels", "at least 1"),
        ({"kind": "fire", "colour": "red"}, "colour", "not a field"),
    ],
)
def test_a_wrong_field_is_named(body: dict[str, Any], field: str, words: str) -> None:
    answer = call(hospital(), "POST", "/alarms", json=body)
    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (422, field)
    assert words in problem["detail"]
