"""Meals from room to room: each bed is called, opens its own compartment, and nobody's whole name is known anywhere."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest

from fleet_manager.domain.custody import gap
from fleet_manager.domain.errors import InvalidRequest, NotServable
from fleet_manager.domain.tasks import Actor, TaskId, TaskKind, TaskStatus
from fleet_manager.orchestration.commands import (
    CancelTask,
    CloseFollowUp,
    HandOver,
    MealRequest,
    SendPorter,
    SetSchedule,
    SubmitMeals,
)
from fleet_manager.orchestration.views import ItemTraceView, TaskView
from maps.model import (
    CarrierKind,
    Compartment,
    Fleet,
    FleetId,
    ItemClass,
    ItemClassId,
    Robot,
    RobotId,
    Site,
    WaypointId,
    ZoneClass,
)
from robot_agents.protocol import FromManager, Say
from sim import faults
from sim.clock import run_virtual
from sim.crashes import Crashes, Moment
from sim.harness import Hospital
from sim.people import MEDIAN
from tests.builders import FLEET, corridor_site

_COOK = Actor(id="cook-li", role="kitchen")
_NURSE = Actor(id="nurse-wu", role="nurse")
_MORNING = datetime(2025, 1, 6, 9, 0, tzinfo=UTC)
_NINE = datetime(2025, 1, 6, 9, 0)  # noqa: DTZ001
_NOON = datetime(2025, 1, 6, 12, 5, tzinfo=UTC)
_NAMES = ("张三", "John Smith", "欧阳娜娜", "Élodie Durand")
_BEDS = tuple(
    MealRequest(place=place, bed=str(bed), name=name)
    for place, bed, name in zip(("c", "c", "ward", "lobby-2"), (11, 12, 21, 31), _NAMES, strict=True)
)


def meal_site(trays: int = 4) -> Site:
    site = corridor_site()
    fleet: Fleet = replace(
        site.fleets[FLEET],
        capabilities=frozenset({"meals"}),
        compartments=tuple(Compartment(id=f"tray-{number}", volume=15.0) for number in range(1, trays + 1)),
    )
    meal = ItemClass(id=ItemClassId("meal"), name="Meal", volume=15.0)
    return replace(site, fleets={fleet.id: fleet}, item_classes={meal.id: meal})


def _meals(*beds: MealRequest) -> SubmitMeals:
    return SubmitMeals(actor=_COOK, pickup="b", meals=beds or _BEDS)


async def _traces(hospital: Hospital, task: TaskView) -> list[ItemTraceView]:
    return [await hospital.manager.trace(item.item_id) for item in task.items]


async def _whole(hospital: Hospital, task: TaskView) -> None:
    """Nothing that happened to the meals is unknown."""
    for item in task.items:
        for chain in await hospital.store.custody(item.item_id):
            assert gap(chain, ended=True) is None


def _opened(hospital: Hospital) -> list[str]:
    """The compartments that were opened, in their order."""
    told = [msgspec.to_builtins(recorded.event) for recorded in hospital.store.log]
    commands = [event["command"] for event in told if isinstance(event.get("command"), dict)]
    return [command["compartment"] for command in commands if command["kind"] == "open_compartment"]


def test_every_bed_is_called_and_takes_its_own_meal_without_touching_anything_else() -> None:
    async def story() -> None:
        async with Hospital(meal_site(), start=_MORNING) as hospital:
            task = await hospital.submit(_meals())
            assert task.kind == TaskKind.MEALS
            assert [(stop.bed, stop.called) for stop in task.stops[1:]] == [
                ("11", "张*"),
                ("12", "J*"),
                ("21", "欧*"),
                ("31", "É*"),
            ]
            ended = await hospital.ended(task.id)
            assert (ended.status, ended.outcome) == (TaskStatus.COMPLETED, "4 of 4 meals taken")
            assert ended.robot is not None
            said = hospital.said[hospital.robot(ended.robot)]
            assert said[:2] == ["11床张，您的餐到了，请取餐。", "Bed 11, 张: your meal is here. Please take it."]
            assert len(said) == 8
            *loaded, first, second, third, fourth = _opened(hospital)
            assert sorted(loaded) == sorted({first, second, third, fourth}), "one compartment for each bed"
            for trace, bed in zip(await _traces(hospital, ended), ("11", "12", "21", "31"), strict=True):
                entry = trace.chains[0].entries[-1]
                assert (entry.kind, entry.actor.id, entry.actor.role) == ("received", f"bed {bed}", "patient")
                assert entry.proof == "sensor"
                assert trace.chains[0].entries[1].actor.role == "nurse", "the kitchen signed for what it loaded"
            await _whole(hospital, ended)
            assert not hospital.violations()

    run_virtual(story())


def test_no_whole_name_is_stored_sent_or_spoken() -> None:
    async def story() -> None:
        async with Hospital(meal_site(), start=_MORNING) as hospital:
            daily = SetSchedule(
                actor=_COOK, name="lunch", task=_meals(), rule="FREQ=DAILY;BYHOUR=9;BYMINUTE=1", begins=_NINE
            )
            await hospital.insist(daily)
            await asyncio.sleep(90.0)
            [task] = await hospital.manager.tasks(status=None, limit=10, before=None)
            sent: list[FromManager] = []
            send = hospital.link.send

            def overheard(robot: RobotId, message: FromManager) -> None:
                sent.append(message)
                send(robot, message)

            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(hospital.link, "send", overheard)
                await hospital.ended(task.id)
            assert any(isinstance(message, Say) for message in sent)
            log = b"".join(msgspec.json.encode(recorded.event) for recorded in hospital.store.log).decode()
            stored = repr(await hospital.store.load()) + repr(await hospital.store.task(task.id))
            spoken = " ".join(text for texts in (*hospital.said.values(), *hospital.shown.values()) for text in texts)
            views = repr(await hospital.manager.task(task.id))
            for whole in ("张三", "Smith", "娜娜", "阳", "Durand", "lodie"):
                for where in (log, stored, spoken, views, repr(sent)):
                    assert whole not in where

    run_virtual(story())


def test_who_does_not_come_is_passed_and_the_meal_goes_back_and_is_listed_for_the_ward() -> None:
    async def story() -> None:
        async with Hospital(meal_site(), start=_MORNING) as hospital:
            hospital.patients.asleep = {"12", "21"}
            task = await hospital.submit(_meals())
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED
            assert ended.outcome == "2 of 4 meals taken; left: bed 12 (J*), bed 21 (欧*)"
            states = [item.state for item in ended.items]
            assert states == ["delivered", "returned", "returned", "delivered"]
            assert ended.mission is not None
            last = ended.mission.steps[-1]
            assert (last.kind, last.place, len(last.detail["items"])) == ("drop_off", "b", 2), "one way back for all"
            follow_ups = await hospital.manager.follow_ups(state="open", limit=10)
            assert {(f.what, f.detail) for f in follow_ups} == {
                ("not_taken", "bed 12 (J*) did not take it"),
                ("not_taken", "bed 21 (欧*) did not take it"),
            }
            assert [alert.kind for alert in hospital.manager.alerts()] == ["meals_left"]
            await _whole(hospital, ended)
            for follow_up in follow_ups:
                await hospital.manager.do(CloseFollowUp(actor=_NURSE, follow_up=follow_up.id, note="was asleep"))
            assert hospital.manager.alerts() == []

    run_virtual(story())


def test_a_nurse_may_take_the_meal_for_a_patient() -> None:
    async def story() -> None:
        async with Hospital(meal_site(), start=_MORNING, patients=None, nurses=None) as hospital:
            task = await hospital.submit(_meals(_BEDS[2]))
            for _ in range(2):
                while (await hospital.manager.task(task.id)).handover_step is None:
                    await asyncio.sleep(1.0)
                await hospital.manager.do(HandOver(actor=_NURSE, task=TaskId(task.id)))
            ended = await hospital.ended(task.id)
            assert ended.outcome == "1 of 1 meals taken"
            [trace] = await _traces(hospital, ended)
            assert trace.chains[0].entries[-1].actor.id == "nurse-wu"

    run_virtual(story())


def test_a_porter_takes_over_a_round_that_no_robot_can_do() -> None:
    async def story() -> None:
        site = meal_site()
        porters = Fleet(
            id=FleetId("porters"),
            carrier=CarrierKind.PERSON,
            robots=(Robot(id=RobotId("porter-1"), home=WaypointId("a")),),
            zones=frozenset(ZoneClass),
        )
        site = replace(site, fleets={**site.fleets, porters.id: porters})
        async with Hospital(site, start=_MORNING) as hospital:
            task = await hospital.submit(_meals())
            await hospital.manager.do(SendPorter(actor=_COOK, task=TaskId(task.id)))
            ended = await hospital.ended(task.id)
            assert (ended.robot, ended.outcome) == ("porter-1", "4 of 4 meals taken")
            assert [said for said in hospital.said.values() if said] == []
            await _whole(hospital, ended)

    run_virtual(story())


def test_in_quiet_hours_the_call_is_on_the_screen_only() -> None:
    async def story() -> None:
        async with Hospital(meal_site(), start=_NOON) as hospital:
            task = await hospital.submit(_meals())
            ended = await hospital.ended(task.id)
            assert ended.outcome == "4 of 4 meals taken"
            assert [said for said in hospital.said.values() if said] == []
            assert sum(len(shown) for shown in hospital.shown.values()) == 8
            quiet = [reason.text for reason in ended.reasons if reason.code == "quiet_hours"]
            assert quiet == ["it is quiet until 14:00: people are spoken to on the screen only"]

    run_virtual(story())


def test_more_meals_than_a_robot_holds_become_several_tasks() -> None:
    async def story() -> None:
        async with Hospital(meal_site(trays=3), start=_MORNING) as hospital:
            first = await hospital.submit(_meals())
            tasks = await hospital.manager.tasks(status=None, limit=10, before=None)
            assert sorted(len(task.items) for task in tasks) == [2, 2]
            for task in tasks:
                assert (await hospital.ended(task.id)).outcome == "2 of 2 meals taken"
            assert first.id == min(task.id for task in tasks)

    run_virtual(story())


def test_a_crash_while_a_patient_takes_the_meal_loses_nothing() -> None:
    async def story() -> None:
        async with Hospital(meal_site(), start=_MORNING, crashes=Crashes()) as hospital:
            task = await hospital.submit(_meals())
            while not any(said for said in hospital.said.values()):
                await asyncio.sleep(0.5)
            hospital.crash(Moment.STORED, 20.0)
            ended = await hospital.ended(task.id)
            assert ended.outcome == "4 of 4 meals taken"
            await _whole(hospital, ended)

    run_virtual(story())


def test_a_round_that_is_cancelled_brings_what_is_left_back() -> None:
    async def story() -> None:
        async with Hospital(meal_site(), start=_MORNING) as hospital:
            task = await hospital.submit(_meals())
            while "delivered" not in {item.state for item in (await hospital.manager.task(task.id)).items}:
                await asyncio.sleep(1.0)
            await hospital.manager.do(CancelTask(actor=_COOK, task=TaskId(task.id), reason="the ward is evacuated"))
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.CANCELLED
            assert {item.state for item in ended.items} == {"delivered", "returned"}
            await _whole(hospital, ended)

    run_virtual(story())


def test_an_estop_between_two_beds_only_takes_time() -> None:
    async def story() -> None:
        async with Hospital(meal_site(), start=_MORNING) as hospital:
            task = await hospital.submit(_meals())
            while "delivered" not in {item.state for item in (await hospital.manager.task(task.id)).items}:
                await asyncio.sleep(1.0)
            robot = (await hospital.manager.task(task.id)).robot
            assert robot is not None
            faults.estop_pressed(hospital.world, hospital.robot(robot), seconds=MEDIAN)
            assert (await hospital.ended(task.id)).outcome == "4 of 4 meals taken"

    run_virtual(story())


@pytest.mark.parametrize(
    ("site", "wanted", "error", "text"),
    [
        (meal_site(), _meals(_BEDS[0], _BEDS[0]), InvalidRequest, "bed 11 at c is there twice"),
        (meal_site(), replace(_meals(), pickup="c"), InvalidRequest, "is both"),
        (corridor_site(), _meals(), NotServable, "no robot of this site serves meals"),
    ],
)
def test_what_cannot_be_served_is_refused(site: Site, wanted: SubmitMeals, error: type[Exception], text: str) -> None:
    async def story() -> None:
        async with Hospital(site) as hospital:
            with pytest.raises(error, match=text):
                await hospital.submit(wanted)

    run_virtual(story())
