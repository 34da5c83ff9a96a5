"""Staff request deliveries and see them through."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fleet_manager.api.app import create_app
from fleet_manager.domain.tasks import ItemOutcome, Priority, StopKind, TaskStatus
from fleet_manager.orchestration.views import StopView
from tests.api_house import DELIVERY, call, calling, hospital


def test_a_requested_delivery_is_queued_and_has_an_address() -> None:
    answer = call(hospital(), "POST", "/tasks", json=DELIVERY)
    assert answer.status_code == 201
    task = answer.json()
    assert answer.headers["location"] == f"/api/v1/tasks/{task['id']}"
    assert (task["status"], task["priority"], task["pickup"], task["dropoff"]) == (
        "queued",
        "routine",
        "pharmacy",
        "ward_2a",
    )
    assert task["items"][0]["name"] == "cefazolin 1 g"
    assert task["requested_by"] == {"id": "console", "role": "staff", "ward": None}


def test_the_headers_say_who_asks() -> None:
    headers = {"X-Actor": "nurse-li", "X-Actor-Role": "nurse", "X-Ward": "2A"}
    task = call(hospital(), "POST", "/tasks", json=DELIVERY, headers=headers).json()
    assert task["requested_by"] == {"id": "nurse-li", "role": "nurse", "ward": "2A"}


def test_several_stops_keep_their_order_and_items() -> None:
    manager = hospital()
    body = {
        "kind": "delivery",
        "stops": [
            {"place": "pharmacy", "kind": "pick_up"},
            {"place": "ward_2a", "kind": "drop_off", "items": ["a"]},
            {"place": "ward_2b", "kind": "drop_off", "items": ["b"]},
        ],
        "items": [{"name": "saline", "quantity": 2, "item_id": "a"}, {"name": "gauze", "quantity": 1, "item_id": "b"}],
        "priority": "stat",
        "due": "2026-03-01T17:15:00+08:00",
    }
    assert call(manager, "POST", "/tasks", json=body).status_code == 201
    task = asyncio.run(manager.task("task-0001"))
    assert task.stops[1] == StopView(place="ward_2a", kind=StopKind.DROP_OFF, items=("a",))
    assert task.priority is Priority.STAT
    assert task.due is not None
    assert task.due.isoformat() == "2026-03-01T09:15:00+00:00"


def test_the_same_key_answers_with_the_first_task_and_another_body_is_refused() -> None:
    manager = hospital()
    key = {"Idempotency-Key": "form-1"}
    first = call(manager, "POST", "/tasks", json=DELIVERY, headers=key)
    again = call(manager, "POST", "/tasks", json=DELIVERY, headers=key)
    other = call(manager, "POST", "/tasks", json=DELIVERY | {"dropoff": "ward_2b"}, headers=key)
    assert (again.status_code, again.json(), again.headers["location"]) == (
        201,
        first.json(),
        first.headers["location"],
    )
    assert other.status_code == 409
    assert other.json()["type"] == "urn:wardfleet:problem:key-reused"
    assert len(asyncio.run(manager.tasks(status=None, limit=10, before=None))) == 1


def test_tasks_are_listed_newest_first_by_status_and_page() -> None:
    manager = hospital()

    async def day() -> None:
        async with calling(create_app(manager)) as client:
            for _ in range(3):
                await client.post("/tasks", json=DELIVERY)
            await client.post("/tasks/task-0002/cancel")

            async def ids(query: str) -> list[str]:
                return [task["id"] for task in (await client.get(f"/tasks{query}")).json()]

            assert await ids("") == ["task-0003", "task-0002", "task-0001"]
            assert await ids("?status=cancelled") == ["task-0002"]
            assert await ids("?limit=1&before=task-0003") == ["task-0002"]

    asyncio.run(day())


def test_priority_and_due_can_be_changed_and_nothing_else() -> None:
    manager = hospital()
    call(manager, "POST", "/tasks", json=DELIVERY)
    changed = call(manager, "PATCH", "/tasks/task-0001", json={"priority": "stat", "due": "2026-03-01T10:00:00Z"})
    assert (changed.json()["priority"], changed.json()["due"]) == ("stat", "2026-03-01T10:00:00Z")
    assert call(manager, "PATCH", "/tasks/task-0001", json={}).status_code == 422
    assert call(manager, "PATCH", "/tasks/task-0001", json={"pickup": "stores"}).status_code == 422


@pytest.mark.parametrize("body", [None, {}, {"reason": "the patient went home"}])
def test_cancelling_needs_no_reason(body: dict[str, Any] | None) -> None:
    manager = hospital()
    call(manager, "POST", "/tasks", json=DELIVERY)
    cancelled = call(manager, "POST", "/tasks/task-0001/cancel", json=body)
    assert cancelled.json()["status"] == "cancelled"
    again = call(manager, "POST", "/tasks/task-0001/cancel", json=body)
    assert (again.status_code, again.json()["type"]) == (409, "urn:wardfleet:problem:conflict")


def test_a_calendar_spans_some_weeks_at_most() -> None:
    manager = hospital()
    week = "since=2026-03-01T00:00:00Z&until=2026-03-08T00:00:00Z"
    assert call(manager, "GET", f"/schedules/calendar?{week}").json() == []
    for query in ("since=2026-03-01T00:00:00Z", week.replace("2026-03-08", "2027-03-08"), week.replace("08T", "01T")):
        assert call(manager, "GET", f"/schedules/calendar?{query}").status_code == 422


def test_a_person_can_be_sent_instead() -> None:
    manager = hospital()
    call(manager, "POST", "/tasks", json=DELIVERY)
    sent = call(manager, "POST", "/tasks/task-0001/send-porter")
    assert sent.json()["robot"] == "porter-1"
    assert call(manager, "POST", "/tasks/task-0001/send-porter").status_code == 409


def test_goods_are_handed_over_twice_and_the_delivery_is_complete() -> None:
    manager = hospital()
    call(manager, "POST", "/tasks", json=DELIVERY)
    manager.advance(120)
    loading = call(manager, "GET", "/tasks/task-0001").json()
    assert loading["handover_step"] == "mission-task-0001-pick_up"
    loaded = call(manager, "POST", "/tasks/task-0001/handover")
    assert loaded.json()["items"][0]["state"] == "on_board"
    manager.advance(120)
    receipt = {
        "step_id": "mission-task-0001-drop_off",
        "actor": {"id": "nurse-li", "role": "nurse", "ward": "2A"},
        "proof": {"kind": "pin", "value": "4711"},
        "items": [{"item_id": "item-1-1", "outcome": "short"}],
    }
    received = call(manager, "POST", "/tasks/task-0001/handover", json=receipt)
    assert received.json()["status"] == "completed"
    task = asyncio.run(manager.task("task-0001"))
    assert task.status is TaskStatus.COMPLETED
    assert task.items[0].outcome is ItemOutcome.SHORT


def test_a_hand_over_out_of_time_or_of_other_items_is_refused() -> None:
    manager = hospital()
    call(manager, "POST", "/tasks", json=DELIVERY)
    early = call(manager, "POST", "/tasks/task-0001/handover")
    assert (early.status_code, early.json()["way_out"]) == (409, "wait until the carrier stands at the place")
    manager.advance(120)
    wrong_step = call(manager, "POST", "/tasks/task-0001/handover", json={"step_id": "nonsense"})
    assert (wrong_step.status_code, wrong_step.json()["field"]) == (409, "step_id")
    other_item = call(manager, "POST", "/tasks/task-0001/handover", json={"items": [{"item_id": "gold"}]})
    assert (other_item.status_code, other_item.json()["field"]) == (422, "items.item_id")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/tasks/task-9", None),
        ("PATCH", "/tasks/task-9", {"priority": "stat"}),
        ("POST", "/tasks/task-9/cancel", None),
        ("POST", "/tasks/task-9/send-porter", None),
        ("POST", "/tasks/task-9/handover", None),
    ],
)
def test_an_unknown_task_is_a_404(method: str, path: str, body: dict[str, Any] | None) -> None:
    answer = call(hospital(), method, path, json=body)
    assert answer.status_code == 404
    assert answer.json()["detail"] == "there is no task task-9"
