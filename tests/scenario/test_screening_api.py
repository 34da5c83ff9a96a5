"""A patrol and a screening asked for over HTTP, and a cue that reaches the stream and is closed there."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import httpx

from fleet_manager.api.app import create_app
from fleet_manager.domain.tasks import TaskStatus
from maps.model import RobotId
from sim.clock import run_virtual
from sim.harness import Hospital
from tests.scenario.test_patrol import inspects, patrol_site
from tests.scenario.test_screening import Console

_GUARD = {"X-Actor": "guard-ma", "X-Actor-Role": "security"}
_NURSE = {"X-Actor": "nurse-chen", "X-Actor-Role": "nurse"}


def test_screening_is_asked_for_and_its_cue_rechecked_over_http() -> None:
    async def story() -> None:
        async with Hospital(patrol_site("screening"), latency=0.05) as hospital:
            transport = httpx.ASGITransport(app=create_app(hospital.manager))
            async with httpx.AsyncClient(transport=transport, base_url="http://fleet/api/v1") as client:
                body = {"kind": "screening", "checkpoints": [{"place": "b"}], "seconds": 300.0}
                asked = await client.post("/tasks", json=body, headers=_GUARD)
                assert asked.status_code == 201, asked.text
                assert asked.json()["kind"] == "screening"
                while not inspects(hospital):
                    await asyncio.sleep(1.0)
                task = (await client.get(f"/tasks/{asked.json()['id']}")).json()
                console = Console(hospital)
                hospital.world.passers.pass_by(RobotId(task["robot"]), temperature=38.2)
                await asyncio.sleep(10.0)
                [live] = (await client.get("/screening/live")).json()
                assert live["people"][0]["temperature"] == 38.2
                [cue] = (await client.get("/screening/cues")).json()
                [(told, subject)] = console.cues()
                assert subject == cue["id"]
                assert told - datetime.fromisoformat(cue["seen_from"]["at"]) < timedelta(seconds=1)

                found = {"result": "not_confirmed", "note": "36.8 °C"}
                url = f"/screening/cues/{cue['id']}/recheck"
                done = await client.post(url, json=found, headers=_NURSE)
                assert done.status_code == 200, done.text
                assert done.json()["rechecked_by"] == "nurse-chen"
                again = await client.post(url, json=found, headers=_NURSE)
                assert again.status_code == 409, again.text

    run_virtual(story())


def test_patrol_is_asked_for_and_shows_its_visits_over_http() -> None:
    async def story() -> None:
        async with Hospital(patrol_site()) as hospital:
            transport = httpx.ASGITransport(app=create_app(hospital.manager))
            async with httpx.AsyncClient(transport=transport, base_url="http://fleet/api/v1") as client:
                window = (hospital.clock.now() + timedelta(minutes=10)).isoformat()
                points = [{"place": "b", "not_after": window}, {"place": "lobby-1", "within": 3600.0}]
                body = {"kind": "patrol", "checkpoints": points, "seconds": 5.0}
                asked = await client.post("/tasks", json=body, headers=_GUARD)
                assert asked.status_code == 201, asked.text
                assert (await hospital.ended(asked.json()["id"])).status is TaskStatus.COMPLETED
                task = (await client.get(f"/tasks/{asked.json()['id']}")).json()
                assert [stop["missed"] for stop in task["stops"]] == [False, False]
                assert [stop["visit"]["robot"] for stop in task["stops"]] == [task["robot"]] * 2

                wrong = await client.post("/tasks", json=body | {"robots": 3}, headers=_GUARD)
                assert wrong.status_code == 422, wrong.text
                assert "3 robots for 2 checkpoints" in wrong.json()["detail"]

                lapsed = {**body, "checkpoints": [{"place": "b", "not_after": "2020-01-01T00:00:00Z"}]}
                refused = await client.post("/tasks", json=lapsed, headers=_GUARD)
                assert refused.json()["field"] == "checkpoints.0.not_after"

    run_virtual(story())
