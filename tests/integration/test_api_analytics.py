"""The figures of the past over HTTP, as JSON and as tables."""

from __future__ import annotations

import pytest

from tests.api_house import DELIVERY, call, hospital

_DAY = "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"


def test_a_span_without_deliveries_has_its_hours_and_robots() -> None:
    manager = hospital()
    call(manager, "POST", "/tasks", json=DELIVERY)
    found = call(manager, "GET", f"/analytics?{_DAY}").json()
    assert (found["delivered"], found["pickup_p50"], found["wards"]) == (0, None, [])
    assert len(found["hours"]) == 24
    assert {robot["robot"] for robot in found["robots"]} == {"amber", "birch", "cedar"}


def test_each_table_can_be_had_for_a_spreadsheet() -> None:
    answer = call(hospital(), "GET", f"/analytics?{_DAY}&format=csv&table=robots")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="robots.csv"'
    head, first, *_ = answer.text.splitlines()
    assert head == "robot,fleet,delivered,distance,loaded,busy,waited"
    assert first.startswith("amber,")
    hours = call(hospital(), "GET", f"/analytics?{_DAY}&format=csv").text.splitlines()
    assert hours[1] == "2026-01-01T00:00:00+00:00,0,0,0,0"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z", "at most seven days"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "must be later"),
        ("from=2026-01-02T00:00:00Z", "missing"),
        (f"{_DAY}&table=nurses", "'hours'"),
    ],
)
def test_a_wrong_span_is_refused(query: str, words: str) -> None:
    answer = call(hospital(), "GET", f"/analytics?{query}")
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
