"""People close parts of the house over HTTP, see what is closed, and reopen early."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_house import call, hospital

AREA = {"level": "L1", "polygon": [[10, 8], [14, 8], [14, 12], [10, 12]]}
CLOSURE: dict[str, Any] = {"area": AREA, "until": "2026-03-01T09:00:00Z", "reason": "the floor is wet"}


def test_an_area_is_closed_listed_and_reopened() -> None:
    manager = hospital()
    answer = call(manager, "POST", "/closures", json=CLOSURE, headers={"X-Actor": "cleaner-wu"})
    closure = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/closures/{closure['id']}"
    assert (closure["kind"], closure["area"], closure["reason"]) == ("person", AREA, "the floor is wet")
    assert (closure["until"], closure["actor"]["id"]) == ("2026-03-01T09:00:00Z", "cleaner-wu")
    assert call(manager, "GET", "/closures").json() == [closure]
    assert call(manager, "DELETE", f"/closures/{closure['id']}").json() == closure
    assert call(manager, "DELETE", f"/closures/{closure['id']}").status_code == 404
    assert call(manager, "GET", "/closures").json() == []


def test_lanes_are_closed_by_name() -> None:
    lanes = ["L1_corridor_4-L1_corridor_12", "L1_corridor_12-L1_corridor_4"]
    body = {"lanes": lanes, "until": "2026-03-01T10:00:00+01:00", "reason": "scaffold"}
    closure = call(hospital(), "POST", "/closures", json=body).json()
    assert (closure["lanes"], closure["area"], closure["until"]) == (lanes, None, "2026-03-01T09:00:00Z")


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"area": None}, "area", "either lanes or an area"),
        ({"lanes": ["L1_corridor_4-L1_corridor_12"]}, "area", "either lanes or an area"),
        ({"area": None, "lanes": []}, "lanes", "at least 1"),
        ({"area": AREA | {"polygon": [[0, 0], [1, 1]]}}, "area.polygon", "at least 3"),
        ({"area": AREA | {"polygon": [[0, 0], [1, 1], [1]]}}, "area.polygon.2.1", "missing"),
        ({"area": AREA | {"polygon": [[0, 0], [1, 1], [1, "x"]]}}, "area.polygon.2.1", "valid number"),
        ({"area": AREA | {"polygon": [[0, 0], [1, 1], [1, 1e9]]}}, "area.polygon.2.1", "less than"),
        ({"area": {"polygon": AREA["polygon"]}}, "area.level", "missing"),
        ({"until": None}, "until", "text"),
        ({"until": "2026-03-01T09:00:00"}, "until", "offset"),
        ({"until": "2026-03-01T07:00:00Z"}, "until", "in the past"),
        ({"reason": " "}, "reason", "empty"),
        ({"colour": "red"}, "colour", "not a field"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], field: str, words: str) -> None:
    answer = call(hospital(), "POST", "/closures", json=CLOSURE | change)
    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (422, field)
    assert words in problem["detail"]
