"""Zones that the site wants disinfected: by the clock, after a discharge, and after soiled goods in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fleet_manager.domain.disinfection import RoomNews
from fleet_manager.domain.tasks import Actor, TaskStatus
from fleet_manager.orchestration.commands import CheckLamp, ReportRoom
from fleet_manager.orchestration.views import ZoneView
from maps.model import ItemClassId, Site, ZoneCare, ZoneId
from sim.clock import run_virtual
from sim.harness import Hospital
from tests.scenario.test_disinfection import LAMP, lamp_hospital

ROOM = ZoneId("L2_isolation_room_02")
_NURSE = Actor(id="nurse-chen", role="nurse", ward="isolation_ward")


def _cared_for(care: ZoneCare) -> Site:
    return replace(lamp_hospital(), zone_care={care.id: care})


async def _treated(hospital: Hospital) -> ZoneView:
    """Wait for the disinfection that nobody has asked for."""
    task = hospital.manager.zone(ROOM).task
    assert task is not None
    assert (await hospital.manager.task(task)).requested_by.id == "site-rules"
    ended = await hospital.ended(task)
    assert ended.status is TaskStatus.COMPLETED, ended.outcome
    return hospital.manager.zone(ROOM)


async def _check_lamp(hospital: Hospital) -> None:
    await hospital.do(CheckLamp(actor=Actor(id="technician-wu", role="technician"), robot=LAMP))


def test_room_of_a_discharged_patient_is_disinfected_by_itself() -> None:
    async def story() -> None:
        async with Hospital(_cared_for(ZoneCare(id=ROOM, dose=100.0, on_discharge=True)), nurses=30.0) as hospital:
            await _check_lamp(hospital)
            assert hospital.manager.zone(ROOM).due_because is None
            await hospital.do(ReportRoom(actor=_NURSE, zone=ROOM, news=RoomNews.DISCHARGED))
            due = hospital.manager.zone(ROOM)
            assert (due.due_at, due.due_because) == (hospital.clock.now(), "a patient was discharged")
            await hospital.do(ReportRoom(actor=_NURSE, zone=ROOM, news=RoomNews.DISCHARGED))
            assert len(hospital.manager.state.tasks) == 1, "told twice, it is asked for once"
            treated = await _treated(hospital)
            assert treated.due_because is None
            assert treated.dose is not None
            assert treated.dose >= 100.0

    run_virtual(story())


def test_room_in_which_waste_changed_hands_is_disinfected_by_itself() -> None:
    care = ZoneCare(id=ROOM, dose=100.0, after_goods=frozenset({ItemClassId("waste")}))

    async def story() -> None:
        async with Hospital(_cared_for(care), nurses=30.0) as hospital:
            await _check_lamp(hospital)
            linen = await hospital.request("isolation_store", "isolation_room_02", item_class="linen")
            await hospital.ended(linen.id)
            assert hospital.manager.zone(ROOM).task is None
            waste = await hospital.request("isolation_room_02", "isolation_waste_room", item_class="waste")
            await hospital.ended(waste.id)
            assert hospital.manager.zone(ROOM).due_because == "waste changed hands in it"
            assert (await _treated(hospital)).due_because is None

    run_virtual(story())


def test_zone_that_is_disinfected_every_day_says_when_it_is_due() -> None:
    async def story() -> None:
        async with Hospital(_cared_for(ZoneCare(id=ROOM, every=86_400.0)), nurses=30.0) as hospital:
            await _check_lamp(hospital)
            never = hospital.manager.zone(ROOM)
            assert (never.due_at, never.due_because) == (None, "it was never disinfected")
            assert hospital.manager.zone("L2_isolation_room_03").due_because is None
            await hospital.ended((await hospital.disinfect(ROOM, dose=100.0)).id)
            zone = hospital.manager.zone(ROOM)
            assert zone.treated_at is not None
            assert zone.due_at == zone.treated_at + timedelta(days=1)
            assert zone.due_because == "it is disinfected every 24 h"

    run_virtual(story())


def test_somebody_is_called_when_no_robot_can_do_what_the_site_wants() -> None:
    care = ZoneCare(id=ROOM, on_discharge=True)
    site = _cared_for(care)
    site = replace(site, fleets={f: replace(x, lamp=None) for f, x in site.fleets.items()})

    async def story() -> None:
        async with Hospital(site, nurses=None) as hospital:
            await hospital.do(ReportRoom(actor=_NURSE, zone=ROOM, news=RoomNews.DISCHARGED))
            (alert,) = hospital.manager.alerts()
            assert (alert.kind, alert.subject) == ("zone_not_treated", ROOM)
            assert "as a patient was discharged, and no robot can: " in alert.text

    run_virtual(story())
