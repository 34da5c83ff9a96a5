"""Twenty robots in agent processes, twenty running tasks, kill -9 of the manager: all complete, none twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from maps.fleets import with_robots
from maps.model import FleetId, Site
from maps.site_files import load_site
from tests.processes import HospitalProcesses, hospital_processes

SITE = Path(__file__).parents[2] / "maps" / "sites" / "general_hospital"


def _site_with(robots: int) -> Site:
    site = load_site(SITE)
    first, *others = site.fleets
    for fleet in others:
        site = with_robots(site, fleet, 0)
    return with_robots(site, FleetId(first), robots)


def _deliveries() -> list[tuple[str, str]]:
    """Two in each ward, and some of them from the pharmacy by lift, so that all twenty run side by side."""
    wards = [f"ward_{level}{side}" for level in (1, 3, 4, 5, 6) for side in "ab"]
    within = [(ward, f"{ward}_room_05") for ward in wards] + [
        (f"{ward}_clean_store", f"{ward}_room_12") for ward in wards
    ]
    return [*within[:17], ("pharmacy", "ward_3a_2"), ("laboratory", "ward_1b_2"), ("kitchen", "ward_4a_2")]


def _request(hospital: HospitalProcesses, pickup: str, dropoff: str, key: str) -> str:
    body = {"kind": "delivery", "pickup": pickup, "dropoff": dropoff, "items": [{"name": "goods", "quantity": 1}]}
    answer = hospital.post("/tasks", body, **{"Idempotency-Key": key})
    assert answer.status_code == 201, answer.text
    task: str = answer.json()["id"]
    return task


def _serve_hand_overs(hospital: HospitalProcesses, tasks: list[str]) -> list[dict[str, Any]]:
    """Hand over wherever a robot waits, and answer how all tasks stand."""
    views = [view for view in hospital.get("/tasks?limit=100") if view["id"] in tasks]
    for view in views:
        if view["handover_step"]:
            hospital.post(f"/tasks/{view['id']}/handover", {"step_id": view["handover_step"]})
    return views


def _statuses(hospital: HospitalProcesses, tasks: list[str]) -> set[str]:
    return {view["status"] for view in _serve_hand_overs(hospital, tasks)}


def test_all_twenty_tasks_survive_the_manager(tmp_path: Path) -> None:
    with hospital_processes(tmp_path, _site_with(20), speed=8.0, agent_processes=4) as hospital:
        pairs = _deliveries()
        tasks = [_request(hospital, a, b, f"key-{i}") for i, (a, b) in enumerate(pairs)]

        def underway() -> bool:
            return _statuses(hospital, tasks) == {"underway"}

        hospital.until(underway)
        assert len({view["robot"] for view in _serve_hand_overs(hospital, tasks)}) == 20

        hospital.kill("manager")
        hospital.start_manager()
        again = [_request(hospital, a, b, f"key-{i}") for i, (a, b) in enumerate(pairs)]
        assert again == tasks

        def some_have_ended() -> bool:
            return [v["status"] for v in _serve_hand_overs(hospital, tasks)].count("completed") >= 5

        hospital.until(some_have_ended, within=180)
        hospital.kill("manager")
        hospital.start_manager()

        def all_have_ended() -> bool:
            return _statuses(hospital, tasks) == {"completed"}

        hospital.until(all_have_ended, within=240)

        events, after = [], 0
        while page := hospital.get(f"/events?after={after}&limit=1000"):
            events += page
            after = page[-1]["seq"]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        ended = Counter(event["data"]["task"] for event in events if event["kind"] == "task_ended")
        handed = Counter(event["data"]["task"] for event in events if event["kind"] == "items_handed_over")
        assert ended == dict.fromkeys(tasks, 1)
        assert handed == dict.fromkeys(tasks, 2)
