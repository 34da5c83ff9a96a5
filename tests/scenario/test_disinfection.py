"""Disinfecting a room with UV-C light: never with people in it, never on an old word, and with proof of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from fleet_manager.domain.closures import Area
from fleet_manager.domain.disinfection import RoomNews
from fleet_manager.domain.errors import Conflict, InvalidRequest, NotFound
from fleet_manager.domain.missions import StepStatus
from fleet_manager.domain.tasks import Actor, Priority, TaskId, TaskStatus
from fleet_manager.orchestration.commands import (
    CancelTask,
    CheckLamp,
    ReportRoom,
    StartClosure,
    SubmitDisinfection,
)
from fleet_manager.orchestration.views import TaskView
from maps.importers import read_any
from maps.model import FleetId, LevelId, Robot, RobotId, Site, WaypointId, ZoneId
from robot_agents.protocol import Drive, RouteNode
from sim.attendant import Attendant
from sim.clock import run_virtual
from sim.harness import Hospital
from sim.port import BodyMode, Place
from sim.scenario import Delivery, FleetPart, Scenario
from sim.scenario_rooms import LampCheck
from sim.scenario_run import run_scenario
from sim.scenario_tasks import Disinfection

_GENERAL_HOSPITAL = Path(__file__).parents[2] / "maps" / "sites" / "general_hospital"
LAMP = RobotId("lamp-1")
ROOM = ZoneId("L2_isolation_room_03")
_NURSE = Actor(id="nurse-chen", role="nurse", ward="isolation_ward")
_TECHNICIAN = Actor(id="technician-wu", role="technician")


@cache
def lamp_hospital() -> Site:
    """The general hospital with a lamp robot in its isolation ward."""
    site = read_any(_GENERAL_HOSPITAL)
    isolation = site.fleets[FleetId("isolation")]
    lamps = replace(site.fleets[FleetId("disinfection")], robots=(Robot(id=LAMP, home=WaypointId("isolation_dock_2")),))
    fleets = {**site.fleets, isolation.id: replace(isolation, robots=isolation.robots[:1]), lamps.id: lamps}
    others = {FleetId("delivery"), FleetId("soiled_goods")}
    return replace(site, fleets={f: replace(x, robots=()) if f in others else x for f, x in fleets.items()})


async def _tell(hospital: Hospital, news: RoomNews, actor: Actor = _NURSE) -> None:
    await hospital.do(ReportRoom(actor=actor, zone=ROOM, news=news))


async def _until(condition: Callable[[], bool], within: float = 3600.0) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(1.0)


async def _check_lamp(hospital: Hospital) -> None:
    await hospital.do(CheckLamp(actor=_TECHNICIAN, robot=LAMP))


def _on(hospital: Hospital) -> bool:
    return hospital.world.is_on(LAMP)


def _waits(hospital: Hospital) -> bool:
    missions = hospital.manager.state.missions.values()
    return any(m.step is not None and m.step.status is StepStatus.WAITING_FOR_PERSON for m in missions)


async def _begun(hospital: Hospital) -> TaskView:
    """A room that is being disinfected, its lamp on."""
    await _check_lamp(hospital)
    task = await hospital.disinfect(ROOM)
    await _until(lambda: _waits(hospital))
    await _tell(hospital, RoomNews.CLEANED)
    await _tell(hospital, RoomNews.VACATED)
    await _until(lambda: _on(hospital))
    return task


def test_room_is_disinfected_once_it_is_cleaned_and_vacated_and_the_certificate_says_so() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=30.0) as hospital:
            await _check_lamp(hospital)
            task = await hospital.disinfect(ROOM, dose=1000.0)
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome

            proof = await hospital.manager.certificate(task.id)
            assert proof.complete
            assert proof.minimum >= 1000.0
            assert proof.covered_share == 1.0
            assert proof.confirmed_by == "simulated-nurse"
            assert proof.cleaned_by == "simulated-cleaner"
            assert proof.interruptions == ()
            assert proof.untreated
            assert hospital.manager.zone(ROOM).treated_by == task.id
            assert (await hospital.manager.task(task.id)).zone == ROOM
            assert not _on(hospital)
            assert not hospital.violations()

    run_virtual(story())


def test_agent_that_restarts_while_its_lamp_shines_switches_it_off_comes_back_and_does_it_again() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=None) as hospital:
            task = await _begun(hospital)
            await hospital.restart_agent(LAMP)
            await asyncio.sleep(0.5)
            assert not _on(hospital), "nobody watches over it"
            await _until(lambda: _on(hospital) or _waits(hospital))
            await _tell(hospital, RoomNews.VACATED)
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome
            assert hospital.manager.robot(LAMP).waypoint is not None
            assert not hospital.violations()

    run_virtual(story())


def test_lamp_stays_off_until_somebody_confirms_the_room() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=None) as hospital:
            await _check_lamp(hospital)
            await hospital.disinfect(ROOM)
            await _until(lambda: _waits(hospital))
            await asyncio.sleep(3600.0)
            assert not _on(hospital)
            alerts = [a for a in hospital.manager.alerts() if a.kind == "room_not_ready"]
            assert len(alerts) == 1
            assert "not confirmed as cleaned" in alerts[0].text

            await _tell(hospital, RoomNews.VACATED)
            await asyncio.sleep(60.0)
            assert not _on(hospital), "nobody has cleaned the room"

            await _tell(hospital, RoomNews.CLEANED)
            await asyncio.sleep(30.0)
            assert _on(hospital)

    run_virtual(story())


def test_person_who_comes_in_stops_the_lamp_at_once_and_it_goes_on_after_a_new_confirmation() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=None) as hospital:
            task = await _begun(hospital)
            await asyncio.sleep(20.0)

            hospital.world.rooms.enter(ROOM)
            assert not _on(hospital), "the lamp goes off before anything else happens"
            await _until(lambda: _waits(hospital))

            hospital.world.rooms.empty(ROOM)
            await asyncio.sleep(600.0)
            assert not _on(hospital), "an empty room is not enough: a person has to say so"

            await _tell(hospital, RoomNews.VACATED)
            await _until(lambda: _on(hospital))
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome

            proof = await hospital.manager.certificate(task.id)
            assert [i.because for i in proof.interruptions] == ["a person was seen"]
            assert proof.interruptions[0].confirmed_by == "nurse-chen"
            assert proof.minimum >= 1000.0

    run_virtual(story())


def test_opened_door_stops_the_lamp_even_when_the_manager_is_dead() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=None) as hospital:
            await _begun(hospital)
            await hospital.kill_manager()
            hospital.world.rooms.move_door(ROOM, opened=True)
            assert not _on(hospital)
            await asyncio.sleep(120.0)
            assert not _on(hospital)

    run_virtual(story())


def test_word_of_a_person_in_the_room_stops_the_lamp() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=None) as hospital:
            await _begun(hospital)
            await _tell(hospital, RoomNews.PERSON)
            await asyncio.sleep(1.0)
            assert not _on(hospital)

    run_virtual(story())


def test_emergency_stop_switches_the_lamp_off() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=None) as hospital:
            await _begun(hospital)
            hospital.world.set_mode(LAMP, BodyMode.ESTOP, "button pressed")
            assert not _on(hospital)

    run_virtual(story())


def test_robot_that_makes_way_while_it_waits_for_its_room_begins_when_it_is_back() -> None:
    """It was told to shine as soon as the room was confirmed, and was on its way out of it: another robot came in."""
    demand = (
        Delivery(
            at="07:01:07", pickup="L1bay20", dropoff="L1bay-isolation", item_class="specimen", priority=Priority.URGENT
        ),
        Delivery(at="07:01:09", pickup="L1bay20", dropoff="L1bay21", priority=Priority.URGENT),
        Delivery(at="07:02:44", pickup="L1bay01", dropoff="L1bay-isolation", item_class="waste"),
        Delivery(at="07:03:33", pickup="L1bay10", dropoff="L1bay11", priority=Priority.STAT),
        Disinfection(at="07:04:05", zone="isolation", dose=20.0),
    )
    scenario = Scenario(
        site="random:879",
        hours=0.2,
        overtime=90.0,
        seed=172,
        fleets={"carts": FleetPart(charge=0.25), "lamps": FleetPart(charge=0.25)},
        demand=demand,
        people=(LampCheck(at="07:00"), Attendant(at="07:12")),
        expect=("no invariant is broken", "all tasks end", "refusals are allowed", "jams are allowed"),
    )
    result = run_scenario(scenario)
    assert result.holds, result.told()


def test_robot_that_waits_in_a_room_which_is_closed_leaves_it_and_its_task_waits_in_the_queue() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=None) as hospital:
            await _check_lamp(hospital)
            task = await hospital.disinfect(ROOM)
            await _until(lambda: _waits(hospital))
            place = hospital.manager.robot(LAMP).waypoint
            area = Area(level=LevelId("L2"), polygon=hospital.site.zones[ROOM].polygon)
            until = hospital.clock.now() + timedelta(minutes=10)
            await hospital.do(StartClosure(actor=_TECHNICIAN, area=area, until=until, reason="a wet floor"))
            await _until(lambda: hospital.manager.robot(LAMP).waypoint != place)
            assert (await hospital.manager.task(task.id)).status is TaskStatus.QUEUED
            await _until(lambda: _waits(hospital))
            assert hospital.clock.now() >= until
            await _tell(hospital, RoomNews.CLEANED)
            await _tell(hospital, RoomNews.VACATED)
            assert (await hospital.ended(task.id)).status is TaskStatus.COMPLETED

    run_virtual(story())


def test_robot_told_to_drive_while_it_disinfects_ends_that_first() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=None) as hospital:
            task = await _begun(hospital)
            await asyncio.sleep(30.0)
            stands = hospital.site.waypoints[WaypointId(hospital.world.body(LAMP).waypoint or "isolation_room_03")]
            here = RouteNode(sequence=10_000, waypoint=stands.id, level=stands.level, x=stands.x, y=stands.y)
            hospital.link.send(LAMP, Drive(command_id="drive-on", nodes=(here,), cleared_to=here.sequence))
            await asyncio.sleep(30.0)
            assert _on(hospital)
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome
            assert (await hospital.manager.certificate(task.id)).complete

    run_virtual(story())


def test_robot_pushed_on_its_way_back_from_a_treatment_comes_back_all_the_same() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=None) as hospital:
            task = await _begun(hospital)
            await _until(lambda: not _on(hospital))
            here = hospital.world.state(LAMP).place
            hospital.world.push(LAMP, Place(here.level, here.x + 0.3, here.y, here.yaw), "somebody pushes it")
            await asyncio.sleep(20.0)
            hospital.world.set_mode(LAMP, BodyMode.AUTOMATIC, "given back")
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome

    run_virtual(story())


def test_cancelled_disinfection_switches_the_lamp_off_and_the_robot_comes_back() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=None) as hospital:
            task = await _begun(hospital)
            await asyncio.sleep(30.0)
            await hospital.do(CancelTask(actor=_NURSE, task=TaskId(task.id), reason="the patient comes back"))
            await asyncio.sleep(1.0)
            assert not _on(hospital)
            await _until(lambda: hospital.world.body(LAMP).waypoint == "isolation_dock_2")
            assert not hospital.violations()

    run_virtual(story())


def test_confirmation_that_is_too_old_does_not_count() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=None) as hospital:
            await _check_lamp(hospital)
            await _tell(hospital, RoomNews.CLEANED)
            await _tell(hospital, RoomNews.VACATED)
            await asyncio.sleep(600.0)
            await hospital.disinfect(ROOM)
            await _until(lambda: _waits(hospital))
            await asyncio.sleep(60.0)
            assert not _on(hospital)
            assert any("too long ago" in a.text for a in hospital.manager.alerts())

    run_virtual(story())


def test_robot_whose_lamp_was_not_measured_gets_no_task() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=30.0) as hospital:
            task = await hospital.disinfect(ROOM)
            await asyncio.sleep(60.0)
            view = await hospital.manager.task(task.id)
            assert view.status == "queued"
            assert any("never measured" in reason.text for reason in view.reasons)
            await _check_lamp(hospital)
            assert (await hospital.ended(task.id)).status is TaskStatus.COMPLETED

    run_virtual(story())


@pytest.mark.parametrize(
    ("zone", "dose", "error", "says"),
    [
        ("no_such_room", 1000.0, NotFound, "no zone"),
        (ROOM, 0.0, InvalidRequest, "disinfects nothing"),
        ("L5_icu", 1000.0, NotFound, "no zone"),
    ],
)
def test_impossible_disinfection_is_refused_with_the_reason(
    zone: str, dose: float, error: type[Exception], says: str
) -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=None) as hospital:
            with pytest.raises(error, match=says):
                await hospital.do(SubmitDisinfection(actor=_NURSE, zone=zone, dose=dose))

    run_virtual(story())


def test_room_is_disinfected_by_one_task_at_a_time_and_programs_do_not_vacate_it() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=None) as hospital:
            await hospital.disinfect(ROOM)
            with pytest.raises(Conflict, match="already"):
                await hospital.disinfect(ROOM)
            with pytest.raises(InvalidRequest, match="only a person"):
                await _tell(hospital, RoomNews.VACATED, Actor(id="door-sensor", role="system"))

    run_virtual(story())


def test_robot_that_waits_for_its_room_waits_on_after_a_restart() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital(), nurses=None) as hospital:
            await _check_lamp(hospital)
            task = await hospital.disinfect(ROOM)
            await _until(lambda: _waits(hospital))
            await hospital.kill_manager()
            await hospital.start_manager()
            await asyncio.sleep(2 * 3600.0)
            assert (await hospital.manager.task(task.id)).status == "underway"
            await _tell(hospital, RoomNews.CLEANED)
            await _tell(hospital, RoomNews.VACATED)
            assert (await hospital.ended(task.id)).status is TaskStatus.COMPLETED

    run_virtual(story())
