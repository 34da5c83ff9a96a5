"""Whatever is sent, the answer is a problem document that names what is wrong, and the fleet goes on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from fleet_manager.api.app import create_app
from fleet_manager.api.guard import BODY_LIMIT
from fleet_manager.orchestration.commands import UserCommand
from fleet_manager.orchestration.ports import View
from tests.api_house import DELIVERY, call, calling, hospital
from tests.fake_fleet_manager import FakeFleetManager
from tests.small_hospital import small_hospital

ITEM = DELIVERY["items"][0]
HOUSE = hospital()
STOPS = [{"place": "pharmacy", "kind": "pick_up"}, {"place": "ward_2a", "kind": "drop_off"}]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"kind": "dance"}, "kind", "'delivery'"),
        ({"pickup": "farmacy"}, "pickup", "'farmacy'"),
        ({"pickup": ""}, "pickup", "empty"),
        ({"pickup": "x" * 101}, "pickup", "100 characters"),
        ({"pickup": None}, "pickup", "either pickup and dropoff, or stops"),
        ({"dropoff": None}, "dropoff", "either pickup and dropoff, or stops"),
        ({"dropoff": "pharmacy"}, "dropoff", "same place"),
        ({"stops": STOPS}, "stops", "either pickup and dropoff, or stops"),
        ({"stops": []}, "stops", "at least 1"),
        ({"stops": STOPS * 26}, "stops", "more than 50"),
        ({"stops": [{"place": "pharmacy", "kind": "steal"}]}, "stops.0.kind", "'pick_up'"),
        ({"items": []}, "items", "at least 1"),
        ({"items": [ITEM] * 101}, "items", "more than 100"),
        ({"items": ["cefazolin"]}, "items.0", "object"),
        ({"items": [ITEM | {"name": "  "}]}, "items.0.name", "empty"),
        ({"items": [ITEM | {"name": "x" * 201}]}, "items.0.name", "200 characters"),
        ({"items": [ITEM | {"quantity": 0}]}, "items.0.quantity", "greater than or equal to 1"),
        ({"items": [ITEM | {"quantity": 10**6}]}, "items.0.quantity", "less than or equal to 10000"),
        ({"items": [ITEM | {"quantity": 1.5}]}, "items.0.quantity", "integer"),
        ({"items": [ITEM | {"quantity": "3"}]}, "items.0.quantity", "integer"),
        ({"items": [ITEM | {"quantity": True}]}, "items.0.quantity", "integer"),
        ({"items": [ITEM | {"item_class": "gold"}]}, "items.item_class", "'gold'"),
        ({"items": [ITEM | {"weight": 3}]}, "items.0.weight", "not a field"),
        ({"priority": "now"}, "priority", "'stat'"),
        ({"due": "tomorrow"}, "due", "valid datetime"),
        ({"due": "2026-03-01T10:00:00"}, "due", "offset"),
        ({"due": 1772356500}, "due", "text such as"),
        ({"due": "2020-03-01T10:00:00Z"}, "due", "has passed"),
        ({"due": "0001-01-01T00:00:00+12:00"}, "due", "calendar"),
        ({"earliest_start": "9999-12-31T23:59:59-12:00"}, "earliest_start", "calendar"),
        ({"note": "x" * 1001}, "note", "1000 characters"),
        ({"note": "a\0b"}, "note", "control characters"),
        ({"colour": "red"}, "colour", "not a field"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], field: str, words: str) -> None:
    answer = call(HOUSE, "POST", "/tasks", json=DELIVERY | change)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["field"] == field
    assert words in problem["detail"]
    assert (problem["status"], problem["instance"]) == (422, "/api/v1/tasks")


def test_every_wrong_field_is_listed_and_nothing_sent_is_repeated() -> None:
    problem = call(HOUSE, "POST", "/tasks", json={"kind": "delivery", "note": ["secret"]}).json()
    assert [error["field"] for error in problem["errors"]] == ["items", "note"]
    assert "secret" not in str(problem)


def test_a_near_miss_of_a_place_is_answered_with_a_way_out() -> None:
    problem = call(HOUSE, "POST", "/tasks", json=DELIVERY | {"dropoff": "ward2a"}).json()
    assert "ward_2a" in problem["way_out"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"kind": "delivery"', 400),
        (b"\xff\xfe", 400),
        (b'{"kind":' * 20_000, 400),
        (b'{"quantity":' + b"9" * 5000 + b"}", 400),
        (b"", 422),
        (b"null", 422),
        (b"[]", 422),
        (b'{"kind": "delivery", "note": "\\ud800", "items": [{"name": "a", "quantity": 1}]}', 422),
        (b'{"kind": "delivery", "note": NaN}', 422),
        (b'{"note": "' + b"x" * BODY_LIMIT + b'"}', 413),
    ],
)
def test_a_broken_body_is_refused(body: bytes, status: int) -> None:
    answer = call(HOUSE, "POST", "/tasks", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_a_body_that_hides_its_length_is_measured() -> None:
    async def endless() -> Any:
        for _ in range(BODY_LIMIT // 1000 + 1):
            yield b" " * 1000

    async def send() -> int:
        async with calling(create_app(HOUSE)) as client:
            headers = {"Content-Type": "application/json"}
            return (await client.post("/tasks", content=endless(), headers=headers)).status_code

    assert asyncio.run(send()) == 413


def test_a_body_that_is_not_sent_as_json_is_refused() -> None:
    answer = call(HOUSE, "POST", "/tasks", content=b'{"kind":"delivery"}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 422
    assert "application/json" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("header", "value"), [("X-Actor", ""), ("X-Actor", "x" * 101), ("X-Ward", ""), ("Idempotency-Key", "x" * 201)]
)
def test_headers_have_lengths_too(header: str, value: str) -> None:
    answer = call(HOUSE, "POST", "/tasks", json=DELIVERY, headers={header: value})
    assert answer.status_code == 422
    assert answer.json()["field"] == header.lower()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nonsense", 404),
        ("GET", "/tasks/", 404),
        ("POST", "/robots", 405),
        ("GET", "/tasks/task-1/cancel", 405),
        ("GET", "/tasks?limit=0", 422),
        ("GET", "/tasks?limit=many", 422),
        ("GET", "/tasks?state=queued", 422),
        ("GET", "/tasks?status=lost", 422),
        ("GET", "/events?after=-1", 422),
        ("GET", "/events?limit=1001", 422),
        ("GET", "/events?after=99999999999999999999", 422),
        ("GET", "/route?from=pharmacy", 422),
        ("POST", "/robots/amber/explode", 422),
    ],
)
def test_unknown_paths_methods_and_queries_are_problems(method: str, path: str, status: int) -> None:
    answer = call(HOUSE, method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_a_refused_method_names_those_allowed() -> None:
    assert call(HOUSE, "DELETE", "/robots").headers["allow"] == "GET"


class Broken(FakeFleetManager):
    async def do(self, command: UserCommand) -> View:
        raise RuntimeError("the database password is hunter2")


def test_an_unforeseen_error_is_logged_once_and_tells_nothing_of_the_inside() -> None:
    with capture_logs() as logs:
        answer = call(Broken(small_hospital()), "POST", "/tasks", json=DELIVERY)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    assert [(log["event"], log["path"], log["exc_info"]) for log in logs] == [("request failed", "/api/v1/tasks", True)]
