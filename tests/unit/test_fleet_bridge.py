"""What the fleet bridge does without ROS: the stream folded into a state, requests as bodies, levels as maps."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from fleet_bridge_ros2.fleet import Fleet
from fleet_bridge_ros2.levels import level_grid, topic_of
from fleet_bridge_ros2.requests import delivery, handover

from fleet_manager.api.schemas import DeliveryRequest, HandoverRequest
from fleet_manager.api.site_document import site_view
from maps.generator import generate
from maps.level_grids import drawing_of, grid_of
from maps.model import LevelId


def _task(name: str, status: str, mission: str | None = None) -> dict[str, Any]:
    return {"id": name, "status": status, "mission": mission and {"mission_id": mission}}


def _alert(name: str, state: str = "open") -> dict[str, Any]:
    return {"id": name, "state": state}


def _message(kind: str, seq: int, **parts: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"tasks": (), "robots": (), "alerts": (), "complete": False}
    return {"type": kind, "seq": seq} | empty | parts


def test_changes_are_told_and_what_is_over_is_forgotten() -> None:
    fleet = Fleet()
    fleet.hear(_message("snapshot", 5, tasks=[_task("T1", "queued")], robots=[{"id": "r1", "pose": None}]))
    assert (fleet.seq, fleet.queued, fleet.underway, list(fleet.robots)) == (5, 1, 0, ["r1"])
    news = fleet.hear(_message("change", 6, tasks=[_task("T1", "underway", "M1")], alerts=[_alert("A1")]))
    assert [alert["id"] for alert in news.alerts] == ["A1"]
    assert [task["mission"]["mission_id"] for task in news.missions] == ["M1"]
    assert (fleet.queued, fleet.underway, len(fleet.alerts)) == (0, 1, 1)
    news = fleet.hear(_message("change", 7, tasks=[_task("T1", "completed", "M1")], alerts=[_alert("A1", "closed")]))
    assert [alert["state"] for alert in news.alerts] == ["closed"]
    assert (fleet.underway, len(fleet.alerts)) == (0, 0)


def test_poses_are_newer_than_the_robots_until_these_are_told_anew() -> None:
    fleet = Fleet()
    fleet.hear(_message("snapshot", 1, robots=[{"id": "r1", "pose": None}]))
    fleet.hear({"type": "poses", "poses": [{"robot": "r1", "x": 2.0}]})
    assert fleet.poses["r1"]["x"] == 2.0
    fleet.hear(_message("change", 2, robots=[{"id": "r1", "pose": {"x": 3.0}}]))
    assert "r1" not in fleet.poses


@pytest.mark.parametrize("message", [_message("snapshot", 9), _message("change", 9, complete=True)])
def test_after_a_loss_alerts_that_are_gone_count_as_closed(message: dict[str, Any]) -> None:
    fleet = Fleet()
    fleet.hear(_message("snapshot", 1, alerts=[_alert("A1"), _alert("A2")], tasks=[_task("T1", "underway", "M1")]))
    news = fleet.hear(message | {"alerts": [_alert("A2"), _alert("A3")], "tasks": [_task("T1", "underway", "M1")]})
    assert [(alert["id"], alert["state"]) for alert in news.alerts] == [("A1", "closed"), ("A3", "open")]
    assert news.missions == (), "nothing changed"
    assert (fleet.seq, sorted(fleet.alerts)) == (9, ["A2", "A3"])


def _time(sec: int = 0) -> SimpleNamespace:
    return SimpleNamespace(sec=sec, nanosec=0)


def _item(**values: Any) -> SimpleNamespace:
    return SimpleNamespace(**({"item": "", "name": "saline", "quantity": 2, "item_class": ""} | values))


def test_a_request_for_a_delivery_is_one_that_the_api_takes() -> None:
    request = SimpleNamespace(
        pickup="pharmacy",
        dropoff="ward_1a",
        items=[_item(), _item(item="box-1", item_class="medicine")],
        priority="stat",
        earliest_start=_time(),
        due=_time(4_000_000_000),
        note="",
        request_id="",
    )
    body = delivery(request)
    assert "earliest_start" not in body
    parsed = DeliveryRequest.model_validate(body)
    assert parsed.due is not None
    assert parsed.due.timestamp() == 4_000_000_000
    assert [item.item_id for item in parsed.items] == [None, "box-1"]
    request.priority, request.due = "", _time()
    assert DeliveryRequest.model_validate(delivery(request)).priority == "routine"


def test_a_hand_over_is_one_that_the_api_takes() -> None:
    empty = SimpleNamespace(task="T1", step="", actor="", role="", proof_kind="", proof="", items=[])
    assert handover(empty) == {}
    items = [SimpleNamespace(item="box-1", outcome="damaged"), SimpleNamespace(item="box-2", outcome="")]
    full = SimpleNamespace(
        task="T1", step="S1", actor="nurse-li", role="nurse", proof_kind="pin", proof="4711", items=items
    )
    parsed = HandoverRequest.model_validate(handover(full))
    assert (parsed.step_id, parsed.actor and parsed.actor.role, parsed.proof.kind) == ("S1", "nurse", "pin")
    assert [item.outcome for item in parsed.items] == ["damaged", "accepted"]


def test_levels_drawn_by_the_api_give_the_site_s_own_grids() -> None:
    hospital = generate(floors=2, seed=2)
    drawn = msgspec.json.decode(msgspec.json.encode(site_view(hospital)))
    for level in drawn["levels"]:
        grid, own = level_grid(level, 0.1), grid_of(drawing_of(hospital, LevelId(level["id"])), 0.1)
        assert (grid.x, grid.y) == (own.x, own.y)
        assert np.array_equal(grid.cells, own.cells)


def test_levels_have_topics_that_ros_takes() -> None:
    assert [topic_of(level) for level in ("L1", "2", "ground floor", "负一层")] == [
        "maps/L1",
        "maps/level_2",
        "maps/ground_floor",
        "maps/level____",
    ]
