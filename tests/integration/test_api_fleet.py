"""Robots, alerts, the site, events, porters and what operations people watch."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fleet_manager.api.app import create_app
from tests.api_house import DELIVERY, call, calling, hospital
from tests.fake_fleet_manager import FakePorterDesk


def test_robots_are_listed_with_where_they_are() -> None:
    robots = call(hospital(), "GET", "/robots").json()
    assert [robot["id"] for robot in robots] == ["amber", "birch", "cedar", "porter-1"]
    assert robots[0]["pose"]["level"] == "L1"
    assert call(hospital(), "GET", "/robots/amber").json()["waypoint"] == "charger_1"
    assert call(hospital(), "GET", "/robots/zeppelin").status_code == 404


def test_a_robot_is_paused_and_taken_out_of_service_and_back() -> None:
    manager = hospital()
    assert call(manager, "POST", "/robots/amber/pause").json()["paused"] is True
    assert call(manager, "POST", "/robots/amber/resume").json()["paused"] is False
    away = call(manager, "POST", "/robots/amber/out-of-service", json={"reason": "wheel squeaks"}).json()
    assert (away["status"], away["note"]) == ("out_of_service", "wheel squeaks")
    assert call(manager, "POST", "/robots/amber/return-to-service").json()["status"] == "idle"
    assert call(manager, "POST", "/robots/amber/return-to-service").status_code == 409
    assert call(manager, "POST", "/robots/zeppelin/pause").status_code == 404


def test_an_alert_is_taken_and_closed_by_name() -> None:
    manager = hospital()
    manager.raise_alert("alert-1", "amber", "amber does not answer")
    (alert,) = call(manager, "GET", "/alerts").json()
    assert (alert["state"], alert["next_step"]) == ("open", "look for amber at its last place")
    taken = call(manager, "POST", "/alerts/alert-1/take", headers={"X-Actor": "engineer-wu"}).json()
    assert (taken["state"], taken["taken_by"]) == ("taken", "engineer-wu")
    assert call(manager, "POST", "/alerts/alert-1/close").json()["state"] == "closed"
    assert call(manager, "POST", "/alerts/alert-1/close").status_code == 409
    assert call(manager, "POST", "/alerts/alert-2/take").status_code == 404
    assert call(manager, "GET", "/alerts").json() == []


def test_the_site_is_drawn_in_metres_level_by_level() -> None:
    site = call(hospital(), "GET", "/site").json()
    assert [level["id"] for level in site["levels"]] == ["L1", "L2"]
    assert site["levels"][0]["bounds"] == [0, 0, 40, 20]
    kinds = {feature["properties"]["feature"] for feature in site["levels"][0]["features"]["features"]}
    assert kinds == {"wall", "zone", "lane", "door", "lift", "waypoint", "charger"}
    pharmacy = next(place for place in site["places"] if place["id"] == "pharmacy")
    assert (pharmacy["name"], pharmacy["level"], pharmacy["x"], pharmacy["y"]) == ("Pharmacy", "L1", 12, 16)
    assert [fleet["id"] for fleet in site["fleets"]] == ["carriers", "porters"]
    assert [goods["id"] for goods in site["item_classes"]] == ["medicine", "specimen", "sterile"]
    zone = next(f for f in site["levels"][0]["features"]["features"] if f["properties"].get("id") == "zone_pharmacy")
    assert zone["properties"]["zone_class"] == "clean"
    assert zone["geometry"]["coordinates"][0][0] == zone["geometry"]["coordinates"][0][-1]


def test_an_unchanged_site_is_not_sent_twice() -> None:
    first = call(hospital(), "GET", "/site", headers={"Accept-Encoding": "identity"})
    again = call(hospital(), "GET", "/site", headers={"If-None-Match": first.headers["etag"]})
    compressed = call(hospital(), "GET", "/site", headers={"Accept-Encoding": "gzip"})
    assert (again.status_code, again.content) == (304, b"")
    assert compressed.headers["content-encoding"] == "gzip"
    assert compressed.json() == first.json()


def test_a_site_without_anything_can_be_drawn() -> None:
    manager = hospital()
    manager.site = replace(manager.site, levels={}, waypoints={}, lanes={}, doors={}, lifts={}, zones={}, chargers={})
    assert call(manager, "GET", "/site").json()["levels"] == []


def test_a_route_is_told_or_it_is_said_that_there_is_none() -> None:
    manager = hospital()
    route = call(manager, "GET", "/route?from=pharmacy&to=ward_2a").json()
    assert route["lifts"] == ["lift_a"]
    assert route["levels"] == ["L1", "L2"]
    lanes = manager.site.lanes
    manager.site = replace(manager.site, lanes={k: v for k, v in lanes.items() if v.end != "ward_2a"})
    alone = type(manager)(manager.site)
    none = call(alone, "GET", "/route?from=pharmacy&to=ward_2a&fleet=carriers")
    assert none.status_code == 404
    assert none.json()["detail"] == "there is no route for robots of carriers from pharmacy to ward_2a"
    unknown = call(manager, "GET", "/route?from=moon&to=ward_2a")
    assert (unknown.status_code, unknown.json()["field"]) == (422, "from")


def test_the_traffic_tells_claims_waits_and_circles() -> None:
    manager = hospital()
    assert call(manager, "GET", "/traffic").json()["claims"] == []
    call(manager, "POST", "/tasks", json=DELIVERY)
    manager.advance(2)
    traffic = call(manager, "GET", "/traffic").json()
    (claim,) = traffic["claims"]
    assert (claim["robot"], claim["goal"], claim["waypoints"][-1]) == ("amber", "pharmacy", "pharmacy")
    assert 0 < claim["cleared"] <= claim["allocated"] <= len(claim["waypoints"])
    manager.advance(60)
    traffic = call(manager, "GET", "/traffic").json()
    (wait,) = traffic["waits"]
    assert (wait["robot"], wait["resource"], wait["held_by"]) == ("amber", "pharmacy", None)
    assert (traffic["cycles"], traffic["seq"]) == ([], len(call(manager, "GET", "/events").json()))


def test_the_event_log_is_read_from_any_place() -> None:
    manager = hospital()
    call(manager, "POST", "/tasks", json=DELIVERY)
    manager.advance(30)
    events = call(manager, "GET", "/events?after=1&limit=2").json()
    assert [event["seq"] for event in events] == [2, 3]
    assert events[0]["kind"] == "task_assigned"


def test_health_is_told_at_the_root_and_below_the_api() -> None:
    manager = hospital()
    manager.ready = False

    async def look() -> None:
        async with calling(create_app(manager)) as client:
            for prefix in ("http://fleet", "http://fleet/api/v1"):
                assert (await client.get(f"{prefix}/healthz")).json() == {"status": "ok"}
                waiting = await client.get(f"{prefix}/readyz")
                assert (waiting.status_code, waiting.json()["status"]) == (503, 503)
            manager.ready = True
            assert (await client.get("/readyz")).json() == {"status": "ready"}

    asyncio.run(look())


def test_the_figures_for_prometheus_follow_the_fleet() -> None:
    manager = hospital()
    manager.raise_alert("alert-1", "amber", "amber does not answer")

    async def look() -> str:
        async with calling(create_app(manager)) as client:
            await client.post("/tasks", json=DELIVERY)
            await client.get("/tasks/task-0001")
            return (await client.get("http://fleet/metrics")).text

    lines = asyncio.run(look()).splitlines()
    assert 'wardfleet_tasks{status="queued"} 1.0' in lines
    assert 'wardfleet_tasks{status="underway"} 0.0' in lines
    assert 'wardfleet_robots{status="idle"} 4.0' in lines
    assert "wardfleet_alerts_open 1.0" in lines
    assert "wardfleet_stream_clients 0.0" in lines
    assert "wardfleet_events_total 2.0" in lines
    assert any('route="/tasks/{task_id}",status="200"' in line for line in lines)


def test_a_porter_sees_the_steps_and_answers_each_once() -> None:
    manager = hospital()

    async def shift() -> None:
        async with calling(create_app(manager, porters=FakePorterDesk(manager))) as client:
            await client.post("/tasks", json=DELIVERY)
            await client.post("/tasks/task-0001/send-porter")
            (porter,) = (await client.get("/porters")).json()
            assert (porter["id"], porter["task"]) == ("porter-1", "task-0001")
            (step,) = porter["steps"]
            assert (step["kind"], step["place"]) == ("go_to", "pharmacy")
            path = f"/porters/porter-1/steps/{step['command_id']}"
            assert (await client.post(f"{path}/done")).json()["steps"][0]["kind"] == "load"
            assert (await client.post(f"{path}/done")).status_code == 409
            assert (await client.get("/porters/amber")).status_code == 404
            step = (await client.get("/porters/porter-1")).json()["steps"][0]
            path = f"/porters/porter-1/steps/{step['command_id']}/refuse"
            assert (await client.post(path, json={"reason": "too heavy"})).json()["steps"] == []
            assert (await client.get("/tasks/task-0001")).json()["reasons"][0]["text"] == "too heavy"

    asyncio.run(shift())


def test_a_site_without_porters_has_an_empty_desk() -> None:
    assert call(hospital(), "GET", "/porters").json() == []
    assert call(hospital(), "GET", "/porters/porter-1").status_code == 404
    assert call(hospital(), "POST", "/porters/porter-1/steps/c1/done").status_code == 404
    assert call(hospital(), "POST", "/porters/porter-1/steps/c1/refuse").status_code == 404
