"""People see the lifts over HTTP, and take them for beds and emergencies."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_house import call, hospital


def test_lifts_are_listed_with_who_uses_them() -> None:
    (lift,) = call(hospital(), "GET", "/lifts").json()
    assert (lift["id"], lift["level"], lift["full"], lift["times_full"]) == ("lift_a", "L1", False, 0)
    assert call(hospital(), "GET", "/lifts/lift_a").json() == lift
    assert call(hospital(), "GET", "/lifts/dumbwaiter").status_code == 404


def test_a_bed_reserves_a_lift_and_frees_it() -> None:
    manager = hospital()
    body = {"purpose": "emergency", "until": "2026-03-01T08:30:00Z"}
    lift = call(manager, "POST", "/lifts/lift_a/reserve", json=body).json()
    assert (lift["reserved_for"], lift["reserved_until"]) == ("reserved for a emergency", "2026-03-01T08:30:00Z")
    assert call(manager, "POST", "/lifts/lift_a/free").json()["reserved_for"] is None
    assert call(manager, "POST", "/lifts/lift_a/give-way").status_code == 200
    assert call(manager, "POST", "/lifts/dumbwaiter/reserve").status_code == 404


@pytest.mark.parametrize(
    ("action", "body", "field", "words"),
    [
        ("dance", {}, "action", "'give-way'"),
        ("reserve", {"purpose": "lunch"}, "purpose", "'emergency'"),
        ("reserve", {"until": "2026-03-01T08:30:00"}, "until", "offset"),
        ("free", {"until": "2026-03-01T08:30:00Z"}, "until", "only a reservation"),
        ("give-way", {"purpose": "bed"}, "purpose", "only a reservation"),
        ("reserve", {"colour": "red"}, "colour", "not a field"),
    ],
)
def test_a_wrong_field_is_named(action: str, body: dict[str, Any], field: str, words: str) -> None:
    answer = call(hospital(), "POST", f"/lifts/lift_a/{action}", json=body)
    problem = answer.json()
    assert (answer.status_code, problem["field"]) == (422, field)
    assert words in problem["detail"]
