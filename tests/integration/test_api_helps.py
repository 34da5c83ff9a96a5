"""Operators help a robot that is stuck over HTTP, and let a zone or a fleet stand still."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_house import DELIVERY, call, hospital
from tests.fake_fleet_manager import FakeFleetManager

OPERATOR = {"X-Actor": "operator-1", "X-Actor-Role": "operator"}


def _working(manager: FakeFleetManager) -> str:
    task = call(manager, "POST", "/tasks", json=DELIVERY).json()
    manager.advance(2.0)
    robot: str = call(manager, "GET", f"/tasks/{task['id']}").json()["robot"]
    return robot


def test_the_helps_of_a_robot_say_what_follows_and_what_helps_instead() -> None:
    manager = hospital()
    robot = _working(manager)
    helps = {offer["kind"]: offer for offer in call(manager, "GET", f"/robots/{robot}/helps").json()}
    assert list(helps) == ["go_round", "skip", "return", "take_over", "send_porter", "charge"]
    assert helps["skip"] | {"place": None} == {
        "kind": "skip",
        "possible": True,
        "text": "it does",
        "way_out": None,
        "code": None,
        "place": None,
        "step": None,
        "moves_goods": True,
    }
    assert (helps["charge"]["possible"], helps["charge"]["code"]) == (False, "no_task")
    assert helps["charge"]["way_out"] == "leave it alone"
    assert call(manager, "GET", "/robots/nobody/helps").status_code == 404


def test_a_help_is_given_with_who_gave_it_and_why() -> None:
    manager = hospital()
    robot = _working(manager)
    body = {"person": "nurse-lin", "reason": "a bed"}
    answer = call(manager, "POST", f"/robots/{robot}/helps/take_over", json=body, headers=OPERATOR)
    assert (answer.status_code, answer.json()["id"]) == (200, robot)
    told = call(manager, "GET", "/events?limit=100").json()[-1]
    assert told["kind"] == "robot_helped"
    assert told["data"] == {
        "robot": robot,
        "help": "take_over",
        "actor": "operator-1",
        "person": "nurse-lin",
        "reason": "a bed",
    }


def test_a_help_that_makes_no_sense_is_refused_with_the_way_out() -> None:
    manager = hospital()
    robot = _working(manager)
    answer = call(manager, "POST", f"/robots/{robot}/helps/charge")
    problem = answer.json()
    assert (answer.status_code, problem["detail"], problem["way_out"]) == (409, "it does nothing", "leave it alone")


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("take_over", {}, "person"),
        ("skip", {"persons": "nurse-lin"}, "persons"),
        ("skip", {"reason": 7}, "reason"),
        ("fly", {}, "kind"),
    ],
)
def test_a_wrong_field_is_named(kind: str, body: dict[str, Any], field: str) -> None:
    manager = hospital()
    answer = call(manager, "POST", f"/robots/{_working(manager)}/helps/{kind}", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_everything_is_paused_listed_and_let_go_on() -> None:
    manager = hospital()
    answer = call(manager, "POST", "/pauses", json={"reason": "a patient fell"}, headers=OPERATOR)
    pause = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/pauses/{pause['id']}"
    assert (pause["kind"], pause["zone"], pause["fleet"], pause["until"]) == ("paused", None, None, None)
    robots = call(manager, "GET", "/robots").json()
    assert pause["robots"] == [robot["id"] for robot in robots]
    assert all(robot["paused"] for robot in robots)
    assert call(manager, "POST", "/pauses").json() == pause
    assert call(manager, "GET", "/pauses").json() == [pause]
    assert call(manager, "DELETE", f"/pauses/{pause['id']}").json() == pause
    assert call(manager, "DELETE", f"/pauses/{pause['id']}").status_code == 404
    assert not any(robot["paused"] for robot in call(manager, "GET", "/robots").json())


def test_a_zone_that_is_not_there_is_named() -> None:
    answer = call(hospital(), "POST", "/pauses", json={"zone": "moon"})
    assert (answer.status_code, answer.json()["field"]) == (422, "zone")
