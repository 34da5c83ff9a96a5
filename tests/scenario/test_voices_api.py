"""Announcements, meals and guidance asked for over HTTP; no whole name is told or kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from fleet_manager.api.app import create_app
from maps.model import Site
from sim.clock import run_virtual
from sim.harness import Hospital
from tests.scenario.test_announcements import voice_site
from tests.scenario.test_guidance import guide_site
from tests.scenario.test_meals import meal_site

_MORNING = datetime(2025, 1, 6, 9, 0, tzinfo=UTC)
_COOK = {"X-Actor": "cook-li", "X-Actor-Role": "kitchen"}
_MEALS = {
    "kind": "meals",
    "pickup": "b",
    "stops": [
        {"place": "c", "bed": "11", "name": "张三", "item": "soft diet"},
        {"place": "ward", "bed": "21", "name": "John Smith"},
    ],
}


def _client(hospital: Hospital) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=create_app(hospital.manager))
    return httpx.AsyncClient(transport=transport, base_url="http://fleet/api/v1", headers=_COOK)


@pytest.mark.parametrize(
    ("site", "body", "outcome"),
    [
        (
            voice_site(),
            {"kind": "announcement", "places": ["b"], "texts": {"zh": "您好。", "en": "Hello."}, "times": 2},
            "said at 1 of 1 places",
        ),
        (meal_site(), _MEALS, "2 of 2 meals taken"),
        (guide_site(), {"kind": "guidance", "meet_at": "a", "to": "b", "visitor": "John Smith"}, "led to b"),
    ],
)
def test_each_kind_is_asked_for_and_done(site: Site, body: dict[str, Any], outcome: str) -> None:
    async def story() -> None:
        async with Hospital(site, start=_MORNING) as hospital, _client(hospital) as client:
            asked = await client.post("/tasks", json=body)
            assert asked.status_code == 201, asked.text
            task = asked.json()
            assert task["kind"] == body["kind"]
            assert "Smith" not in asked.text
            assert (await hospital.ended(task["id"])).outcome == outcome
            told = await client.get(f"/tasks/{task['id']}")
            assert all(stop["done_at"] for stop in told.json()["stops"] if stop["texts"])

    run_virtual(story())


def test_the_custody_of_a_meal_can_be_traced_without_its_patient_s_name() -> None:
    async def story() -> None:
        async with Hospital(meal_site(), start=_MORNING) as hospital, _client(hospital) as client:
            task = (await client.post("/tasks", json=_MEALS)).json()
            assert [(stop["bed"], stop["called"]) for stop in task["stops"][1:]] == [("11", "张*"), ("21", "J*")]
            await hospital.ended(task["id"])
            trace = await client.get(f"/items/{task['items'][0]['item_id']}/trace")
            [chain] = trace.json()["chains"]
            assert chain["gap"] is None
            assert [entry["kind"] for entry in chain["entries"]] == ["registered", "released", "received"]
            assert chain["entries"][-1]["actor"] == {"id": "bed 11", "role": "patient", "ward": None}
            events = (await client.get("/events?limit=1000")).text
            for whole in ("张三", "Smith"):
                assert whole not in events + trace.text

    run_virtual(story())


def test_a_schedule_keeps_masked_names_only() -> None:
    async def story() -> None:
        async with Hospital(meal_site(), start=_MORNING) as hospital, _client(hospital) as client:
            body = {"name": "lunch", "rule": "FREQ=DAILY", "begins": "2025-01-06T11:30:00", "task": _MEALS}
            made = await client.post("/schedules", json=body)
            assert made.status_code == 201, made.text
            kept = made.text + repr(hospital.store.log) + msgspec.json.encode(hospital.store.log[-1].event).decode()
            assert "张三" not in kept
            assert "Smith" not in kept
            assert made.json()["kind"] == "meals"

    run_virtual(story())


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**_MEALS, "stops": []}, "stops"),
        ({**_MEALS, "stops": [{"place": "c", "bed": "1", "name": "?!"}]}, "name"),
        ({"kind": "announcement", "places": ["b"], "texts": {}}, "texts"),
        ({"kind": "announcement", "places": ["b"], "texts": {"english!": "hello"}}, "texts"),
        ({"kind": "announcement", "places": ["b"], "texts": {"en": ""}}, "texts"),
        ({"kind": "guidance", "meet_at": "a"}, "to"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field(body: dict[str, Any], field: str) -> None:
    async def story() -> None:
        async with Hospital(meal_site()) as hospital, _client(hospital) as client:
            refused = await client.post("/tasks", json=body)
            assert refused.status_code == 422, refused.text
            assert field in refused.text

    run_virtual(story())


def test_a_name_that_can_not_be_masked_is_not_repeated_in_the_refusal() -> None:
    async def story() -> None:
        async with Hospital(meal_site()) as hospital, _client(hospital) as client:
            stops = [{"place": "c", "bed": "1", "name": "Jane Roe" * 50}]
            refused = await client.post("/tasks", json={**_MEALS, "stops": stops})
            assert refused.status_code == 422
            assert "Jane" not in refused.text

    run_virtual(story())
