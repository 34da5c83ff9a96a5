"""A disinfection asked for, followed and proven over HTTP."""

from __future__ import annotations

import httpx

from fleet_manager.api.app import create_app
from fleet_manager.domain.tasks import TaskStatus
from sim.clock import run_virtual
from sim.harness import Hospital
from tests.scenario.test_disinfection import LAMP, ROOM, lamp_hospital

_FACILITY = {"X-Actor": "facility-li", "X-Actor-Role": "facility"}
_NURSE = {"X-Actor": "nurse-chen", "X-Actor-Role": "nurse"}


def test_room_is_disinfected_and_certified_over_http() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=None) as hospital:
            transport = httpx.ASGITransport(app=create_app(hospital.manager))
            async with httpx.AsyncClient(transport=transport, base_url="http://fleet/api/v1") as client:
                await client.post(f"/robots/{LAMP}/lamp-check", headers=_FACILITY)
                body = {"kind": "disinfection", "zone": "isolation_room_03", "dose": 1000.0}
                asked = await client.post("/tasks", json=body, headers=_FACILITY)
                assert asked.status_code == 201, asked.text
                task = asked.json()["id"]
                assert asked.json()["kind"] == "disinfection"

                early = await client.get(f"/tasks/{task}/certificate")
                assert early.status_code == 409, early.text

                zone = (await client.get("/zones/isolation_room_03")).json()
                assert zone["not_ready"] == f"{ROOM} is not confirmed as cleaned"
                for news in ("cleaned", "vacated"):
                    told = await client.post(f"/zones/{ROOM}/status", json={"news": news}, headers=_NURSE)
                    assert told.status_code == 200, told.text
                assert told.json()["not_ready"] is None
                assert told.json()["vacated_by"] == "nurse-chen"

                assert (await hospital.ended(task)).status is TaskStatus.COMPLETED
                proof = (await client.get(f"/tasks/{task}/certificate")).json()
                assert proof["complete"]
                assert proof["minimum"] >= 1000.0
                assert proof["ordered_by"] == "facility-li"
                assert proof["statement"] == "Calculated physical dose, not microbiological proof."

                page = await client.get(f"/tasks/{task}/certificate", params={"format": "pdf"})
                assert page.headers["content-type"] == "application/pdf"
                assert page.content.startswith(b"%PDF-")

                zones = (await client.get("/zones")).json()
                treated = [z["id"] for z in zones if z["treated_at"] is not None]
                assert treated == [ROOM]

    run_virtual(story())
