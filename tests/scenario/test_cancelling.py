"""A nurse changes her mind, at good and at bad moments; or nobody comes."""

from __future__ import annotations

import asyncio

import pytest

from fleet_manager.domain.errors import Conflict
from fleet_manager.domain.tasks import Actor, ItemState, TaskId, TaskStatus
from fleet_manager.orchestration.commands import CancelTask, HandOver
from sim.harness import Hospital
from tests.hospitals import handover_due, tell

NURSE = Actor(id="nurse-lin", role="nurse", ward="3b")


async def _load(hospital: Hospital, item_class: str | None) -> str:
    """Ask for a delivery, and hand the goods to the robot."""
    asked = await hospital.request("b", "ward", item_class=item_class)
    await handover_due(hospital, asked.id)
    await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(asked.id)))
    await asyncio.sleep(30)
    return asked.id


async def _cancel(hospital: Hospital, task: str) -> None:
    await hospital.manager.do(CancelTask(actor=NURSE, task=TaskId(task), reason="patient moved"))


def test_without_goods_on_board_it_ends_at_once_and_the_robot_goes_home() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("ward", "b")
        await asyncio.sleep(20)
        await _cancel(hospital, asked.id)
        done = await hospital.manager.task(asked.id)
        assert done.status is TaskStatus.CANCELLED
        await asyncio.sleep(300)
        assert {r.waypoint for r in hospital.manager.robots() if r.kind == "ground"} == {"home-1", "home-2"}
        with pytest.raises(Conflict, match="cancelled already"):
            await _cancel(hospital, asked.id)

    tell(story)


@pytest.mark.parametrize(
    ("item_class", "destination"),
    [("medicine", "b"), ("specimen", "ward"), ("blood", "lobby-1"), (None, "b")],
    ids=["medicine goes back", "specimens go on", "blood goes to quarantine", "plain goods go back"],
)
def test_goods_on_board_go_where_their_class_says(item_class: str | None, destination: str) -> None:
    async def story(hospital: Hospital) -> None:
        task = await _load(hospital, item_class)
        await _cancel(hospital, task)
        cancelling = await hospital.manager.task(task)
        assert (cancelling.status, cancelling.destination) == (TaskStatus.CANCELLING, destination)
        due = await handover_due(hospital, task)
        robot = hospital.manager.robot(due.robot or "")
        assert robot.waypoint == destination
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(task)))
        done = await hospital.ended(task)
        assert done.status is TaskStatus.CANCELLED
        assert done.items[0].state is ItemState.RETURNED

    tell(story, nurses=None)


def test_an_unknown_class_is_held_and_a_person_is_called() -> None:
    async def story(hospital: Hospital) -> None:
        task = await _load(hospital, "plutonium")
        await _cancel(hospital, task)
        due = await handover_due(hospital, task)
        assert "held where it is" in due.reasons[0].text
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(task)))
        assert (await hospital.ended(task)).status is TaskStatus.CANCELLED

    tell(story, nurses=None)


@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.5, 3.0, 10.0])
def test_cancelling_while_the_compartment_moves_locks_it_first(seconds: float) -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        while hospital.manager.robot("robot-1").waypoint != "b":
            await asyncio.sleep(0.1)
        await asyncio.sleep(seconds)
        await _cancel(hospital, asked.id)
        done = await hospital.ended(asked.id)
        assert done.status is TaskStatus.CANCELLED
        await asyncio.sleep(600)
        state = hospital.manager.state.robots[hospital.robot("robot-1")]
        assert (state.opened, state.loads, state.waypoint) == ((), (), "home-1")

    tell(story, nurses=None)


def test_nobody_loads_so_the_task_fails_and_says_why() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await handover_due(hospital, asked.id)
        await asyncio.sleep(400)
        assert [alert.kind for alert in hospital.manager.alerts()] == ["handover_waiting"]
        done = await hospital.ended(asked.id)
        assert (done.status, done.outcome) == (TaskStatus.FAILED, "nothing was handed over at b")
        assert hospital.manager.alerts() == []

    tell(story, nurses=None)


def test_nobody_collects_so_medicine_goes_back() -> None:
    async def story(hospital: Hospital) -> None:
        task = await _load(hospital, "medicine")
        await handover_due(hospital, task)
        await asyncio.sleep(1801)
        back = await handover_due(hospital, task)
        assert hospital.manager.robot(back.robot or "").waypoint == "b"
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(task)))
        done = await hospital.ended(task)
        assert (done.status, done.items[0].state) == (TaskStatus.FAILED, ItemState.RETURNED)

    tell(story, nurses=None)


def test_nobody_collects_specimens_so_they_stay_and_the_alert_is_critical() -> None:
    async def story(hospital: Hospital) -> None:
        task = await _load(hospital, "specimen")
        await handover_due(hospital, task)
        await asyncio.sleep(2000)
        assert {(a.kind, a.severity) for a in hospital.manager.alerts()} >= {("goods_held", "critical")}
        due = await handover_due(hospital, task)
        assert hospital.manager.robot(due.robot or "").waypoint == "ward"

    tell(story, nurses=None)
