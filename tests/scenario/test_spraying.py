"""Spraying a yard or a hall: sortie after sortie, never on people, and closed until it may be entered again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from fleet_manager.api.app import create_app
from fleet_manager.domain.disinfection import RoomNews
from fleet_manager.domain.errors import Conflict, InvalidRequest, NotServable
from fleet_manager.domain.events import MissionStarted, TaskAssigned
from fleet_manager.domain.missions import MissionKind
from fleet_manager.domain.tasks import Actor, SprayOrder, TaskId, TaskStatus, TreatmentMethod
from fleet_manager.orchestration.commands import CancelTask, EndClosure, ReportRoom
from fleet_manager.orchestration.spraying import GREETING
from fleet_manager.orchestration.views import TaskView
from maps.model import Battery, FleetId, RobotId, Site
from maps.site_files import save_site
from maps.spraying import WOXIAOBAI
from sim.clock import run_virtual
from sim.harness import Hospital
from sim.port import BodyMode
from sim.scenario import Scenario
from sim.scenario_run import run_scenario
from sim.scenario_tasks import Disinfection, Order
from tests.yards import HALL, REFILL, SPRAYER_1, SPRAYER_2, SPRAYERS, YARD, yard_site

_ORDER = SprayOrder(by="infection-control-li", reason="vomit of an infected visitor")
_NURSE = Actor(id="nurse-chen", role="nurse")
_HOURS = 3600.0


async def _until(condition: Callable[[], bool], within: float = _HOURS) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(1.0)


def _on(hospital: Hospital, robot: RobotId = SPRAYER_1) -> bool:
    return hospital.world.is_on(robot)


async def _vacated(hospital: Hospital) -> None:
    await hospital.do(ReportRoom(actor=_NURSE, zone=YARD, news=RoomNews.VACATED))


async def _begun(hospital: Hospital) -> TaskView:
    """A yard that is being sprayed."""
    task = await hospital.spray(YARD, order=_ORDER)
    await asyncio.sleep(60.0)
    await _vacated(hospital)
    await _until(lambda: _on(hospital))
    return task


def _missions(hospital: Hospital, kind: MissionKind) -> int:
    started = (r.event.mission for r in hospital.store.log if isinstance(r.event, MissionStarted | TaskAssigned))
    return sum(mission.kind is kind for mission in started)


def _tank(hospital: Hospital, robot: RobotId = SPRAYER_1) -> float:
    tank = hospital.world.tank(robot)
    assert tank is not None
    return tank.litres


def _with_battery(site: Site, battery: Battery) -> Site:
    fleet = site.fleets[SPRAYERS]
    assert fleet.sprayer is not None
    seconds = battery.capacity * 3600.0 / (battery.drive_drain + battery.idle_drain)
    weak = replace(fleet, battery=battery, sprayer=replace(fleet.sprayer, battery_time=seconds))
    return replace(site, fleets={SPRAYERS: weak})


def test_robot_with_an_empty_tank_refills_by_itself_and_goes_on_where_it_stopped() -> None:
    async def story() -> None:
        async with Hospital(yard_site(), nurses=30.0) as hospital:
            task = await hospital.spray(YARD, order=_ORDER)
            ended = await hospital.ended(task.id, 2 * _HOURS)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome
            assert _missions(hospital, MissionKind.REFILL) == 1
            proof = await hospital.manager.certificate(task.id)
            assert proof.spray is not None
            assert proof.complete
            assert proof.covered_share >= 0.995
            assert (proof.spray.sorties, proof.spray.refills) == (2, 1)
            assert 90.0 <= proof.spray.litres <= 1.15 * 90.0, "paths overlap by no more"
            assert proof.spray.area == pytest.approx(900.0, rel=0.005)
            assert proof.spray.order_reason == _ORDER.reason
            assert proof.interruptions == ()
            assert not hospital.violations()

    run_virtual(story())


def test_zone_stays_closed_until_it_may_be_entered_again() -> None:
    async def story() -> None:
        async with Hospital(yard_site(), nurses=30.0) as hospital:
            task = await hospital.spray(YARD, order=_ORDER)
            await hospital.ended(task.id, 2 * _HOURS)
            over = hospital.manager.zone(YARD).re_entry_at
            assert over is not None
            assert over - hospital.clock.now() == timedelta(seconds=1800)
            proof = await hospital.manager.certificate(task.id)
            assert proof.spray is not None
            assert proof.spray.re_entry_at == over
            closure = next(c for c in hospital.manager.closures() if c.kind == "wet")
            with pytest.raises(Conflict, match="still wet"):
                await hospital.do(EndClosure(actor=_NURSE, closure=closure.id))

            again = await hospital.spray(YARD, order=_ORDER)
            await asyncio.sleep(1200.0)
            assert hospital.manager.robot(SPRAYER_1).waypoint != "gate"
            assert (await hospital.manager.task(again.id)).status == "queued"
            await _until(lambda: _on(hospital), 1800.0)
            assert hospital.clock.now() > over

    run_virtual(story())


def test_person_who_steps_in_stops_the_sprayer_at_once_is_greeted_and_nothing_stays_dry() -> None:
    async def story() -> None:
        async with Hospital(yard_site(), nurses=None) as hospital:
            task = await _begun(hospital)
            await asyncio.sleep(100.0)
            hospital.world.rooms.enter(YARD)
            assert not _on(hospital), "the sprayer goes off before anything else happens"
            assert GREETING in hospital.said[SPRAYER_1]
            litres = _tank(hospital)
            await asyncio.sleep(30.0)
            assert _tank(hospital) == litres
            hospital.world.rooms.empty(YARD)
            await asyncio.sleep(600.0)
            assert not _on(hospital), "an empty yard is not enough: a person has to say so"
            await _vacated(hospital)
            await _until(lambda: _on(hospital))
            ended = await hospital.ended(task.id, 2 * _HOURS)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome
            proof = await hospital.manager.certificate(task.id)
            assert [i.because for i in proof.interruptions] == ["a person was seen"]
            assert proof.covered_share >= 0.995

    run_virtual(story())


def test_opened_door_stops_the_sprayer_of_a_hall_even_when_the_manager_is_dead() -> None:
    async def story() -> None:
        async with Hospital(yard_site(), nurses=30.0) as hospital:
            await hospital.spray(HALL)
            await _until(lambda: _on(hospital))
            await hospital.kill_manager()
            hospital.world.rooms.move_door(HALL, opened=True)
            assert not _on(hospital)
            await asyncio.sleep(120.0)
            assert not _on(hospital)

    run_virtual(story())


def test_emergency_stop_switches_the_sprayer_off() -> None:
    async def story() -> None:
        async with Hospital(yard_site(), nurses=None) as hospital:
            await _begun(hospital)
            hospital.world.set_mode(SPRAYER_1, BodyMode.ESTOP, "button pressed")
            assert not _on(hospital)

    run_virtual(story())


def test_spraying_cancelled_half_way_and_ordered_again_goes_on_where_it_ended() -> None:
    async def story() -> None:
        async with Hospital(yard_site(), nurses=None) as hospital:
            task = await _begun(hospital)
            await asyncio.sleep(300.0)
            await hospital.do(CancelTask(actor=_NURSE, task=TaskId(task.id), reason="an ambulance comes"))
            await asyncio.sleep(1.0)
            assert not _on(hospital)
            first = await hospital.manager.certificate(task.id)
            assert first.spray is not None
            assert not first.complete
            assert 0.1 < first.covered_share < 0.9
            assert first.spray.re_entry_at is not None
            assert hospital.manager.zone(YARD).re_entry_at == first.spray.re_entry_at

            again = await hospital.spray(YARD, order=_ORDER)
            over = first.spray.re_entry_at
            await _until(lambda: hospital.clock.now() > over)
            await asyncio.sleep(120.0)
            await _vacated(hospital)
            ended = await hospital.ended(again.id, 2 * _HOURS)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome
            proof = await hospital.manager.certificate(again.id)
            assert proof.spray is not None
            assert proof.spray.continues == task.id
            assert proof.covered_share >= 0.995
            assert proof.spray.litres < 1.1 * 0.1 * 900.0, "what was wet already is not sprayed again"

    run_virtual(story())


def test_another_volume_begins_anew() -> None:
    async def story() -> None:
        async with Hospital(yard_site(), nurses=None) as hospital:
            task = await _begun(hospital)
            await asyncio.sleep(120.0)
            await hospital.do(CancelTask(actor=_NURSE, task=TaskId(task.id), reason="the wrong volume"))
            again = await hospital.spray(YARD, volume=0.05, order=_ORDER)
            await asyncio.sleep(2400.0)
            await _vacated(hospital)
            await _until(lambda: _on(hospital))
            proof = await hospital.manager.certificate(again.id)
            assert proof.spray is not None
            assert proof.spray.continues is None

    run_virtual(story())


def test_manager_that_restarts_half_way_knows_what_is_wet_and_what_is_in_the_tank() -> None:
    async def story() -> None:
        async with Hospital(yard_site(), nurses=30.0) as hospital:
            task = await hospital.spray(YARD, order=_ORDER)
            await _until(lambda: _on(hospital))
            await asyncio.sleep(200.0)
            await hospital.kill_manager()
            await asyncio.sleep(30.0)
            assert _on(hospital), "a robot that sprays goes on"
            await hospital.start_manager()
            await _until(lambda: _missions(hospital, MissionKind.REFILL) == 1)
            tank = hospital.manager.state.robots[SPRAYER_1].tank
            await hospital.kill_manager()
            await hospital.start_manager()
            assert hospital.manager.state.robots[SPRAYER_1].tank == tank
            ended = await hospital.ended(task.id, 2 * _HOURS)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome
            proof = await hospital.manager.certificate(task.id)
            assert proof.spray is not None
            assert proof.covered_share >= 0.995
            assert proof.spray.litres < 1.1 * 0.1 * 900.0

    run_virtual(story())


def test_robot_that_breaks_down_is_followed_by_another_that_goes_on() -> None:
    async def story() -> None:
        async with Hospital(yard_site(robots=2), nurses=30.0) as hospital:
            task = await hospital.spray(YARD, order=_ORDER)
            await _until(lambda: _on(hospital) or _on(hospital, SPRAYER_2))
            first, second = (SPRAYER_1, SPRAYER_2) if _on(hospital) else (SPRAYER_2, SPRAYER_1)
            await _until(lambda: hospital.world.body(first).waypoint == REFILL)
            hospital.world.set_mode(first, BodyMode.ERROR, "a wheel is loose")
            await _until(lambda: _on(hospital, second))
            proof = await hospital.manager.certificate(task.id)
            assert proof.spray is not None
            assert proof.spray.robots == (first, second)
            assert proof.covered_share > 0.5

    run_virtual(story())


def test_battery_that_does_not_suffice_splits_the_work_and_the_robot_charges_by_itself() -> None:
    async def story() -> None:
        battery = Battery(capacity=160.0, idle_drain=100.0, drive_drain=700.0)
        async with Hospital(_with_battery(yard_site(), battery), nurses=30.0) as hospital:
            task = await hospital.spray(YARD, order=_ORDER)
            ended = await hospital.ended(task.id, 4 * _HOURS)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome
            assert _missions(hospital, MissionKind.CHARGE) >= 1
            proof = await hospital.manager.certificate(task.id)
            assert proof.spray is not None
            assert proof.spray.sorties >= 3
            assert proof.covered_share >= 0.995

    run_virtual(story())


def test_tank_that_leaks_ends_the_sortie_by_itself() -> None:
    async def story() -> None:
        async with Hospital(yard_site(), nurses=30.0) as hospital:
            task = await hospital.spray(YARD, order=_ORDER)
            await _until(lambda: _on(hospital))
            await asyncio.sleep(60.0)
            tank = hospital.world.tank(SPRAYER_1)
            assert tank is not None
            tank.leak(10.0)
            await _until(lambda: _missions(hospital, MissionKind.REFILL) == 1)
            ended = await hospital.ended(task.id, 2 * _HOURS)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome

    run_virtual(story())


@pytest.mark.parametrize(
    ("site", "asked", "error", "says"),
    [
        (yard_site(), {"zone": YARD}, InvalidRequest, "by order of infection control only"),
        (
            yard_site(),
            {"zone": YARD, "order": SprayOrder(by="li", reason=" ")},
            InvalidRequest,
            "by order of infection",
        ),
        (yard_site(outdoors=False), {"zone": YARD, "order": _ORDER}, NotServable, "does not spray outdoors"),
        (yard_site(), {"zone": HALL, "agent": "water"}, InvalidRequest, "no disinfectant 'water'"),
        (yard_site(), {"zone": HALL, "volume": 0.001}, InvalidRequest, "no film"),
        (replace(yard_site(), spray_agents={}), {"zone": HALL}, InvalidRequest, "no disinfectants"),
        (replace(yard_site(), refill_points={}), {"zone": HALL}, NotServable, "no refill point"),
        (
            replace(yard_site(), fleets={FleetId("dry"): replace(WOXIAOBAI, sprayer=None)}),
            {"zone": HALL},
            NotServable,
            "no robots",
        ),
    ],
)
def test_what_is_never_sprayed_is_refused_with_the_reason_and_the_way_out(
    site: Site, asked: dict[str, Any], error: type[InvalidRequest], says: str
) -> None:
    async def story() -> None:
        async with Hospital(site, nurses=None) as hospital:
            with pytest.raises(error, match=says) as refused:
                await hospital.spray(**asked)
            assert refused.value.way_out

    run_virtual(story())


def test_refill_point_is_where_the_site_says() -> None:
    async def story() -> None:
        async with Hospital(yard_site(), nurses=30.0) as hospital:
            tank = hospital.world.tank(SPRAYER_1)
            assert tank is not None
            tank.leak(1.0)
            await hospital.spray(HALL)
            await _until(lambda: hospital.manager.robot(SPRAYER_1).waypoint == REFILL)
            await _until(lambda: _tank(hospital) == 60.0)

    run_virtual(story())


_HOLD = (
    "sprayer-1 refills to 60 L at least 1 times, with under 6 L left",
    "robots spray at up to 3500 m/h",
    "a charge of sprayer-1 suffices for 15000 m²",
    "a charge of sprayer-1 lasts 6 to 8 h of spraying",
)
_FAIL = {
    "sprayer-1 refills to 60 L at least 9 times, with under 6 L left": "1 times",
    "sprayer-1 refills to 50 L at least 1 times, with under 6 L left": "to 60.0 L",
    "robots spray at up to 5000 m/h": "at 3500 m/h",
    "a charge of sprayer-1 suffices for 40000 m²": "m² a charge",
    "a charge of sprayer-1 lasts 1 to 2 h of spraying": "would last 7",
}


def test_expectations_about_sprayers_hold_and_fail(tmp_path: Path) -> None:
    save_site(yard_site(), tmp_path / "yard")
    order = Order(by=_ORDER.by, reason=_ORDER.reason)
    scenario = Scenario(
        site=str(tmp_path / "yard"),
        hours=1.0,
        demand=(Disinfection(name="yard", at="07:00", zone=YARD, method=TreatmentMethod.SPRAY, order=order),),
        expect=(*_HOLD, *_FAIL),
    )
    result = run_scenario(scenario)
    found = {outcome.sentence: outcome for outcome in result.failed}
    assert set(found) == set(_FAIL)
    for sentence, says in _FAIL.items():
        assert says in found[sentence].found, found[sentence]


def test_yard_is_sprayed_and_certified_over_http() -> None:
    async def story() -> None:
        async with Hospital(yard_site(), nurses=30.0) as hospital:
            transport = httpx.ASGITransport(app=create_app(hospital.manager))
            async with httpx.AsyncClient(transport=transport, base_url="http://fleet/api/v1") as client:
                headers = {"X-Actor": "facility-li", "X-Actor-Role": "facility"}
                body: dict[str, Any] = {"kind": "disinfection", "zone": "yard", "method": "spray", "volume": 80}
                refused = await client.post("/tasks", json=body, headers=headers)
                assert refused.status_code == 422, refused.text
                assert "by order of infection control" in refused.text
                body |= {"agent": "chlorine", "order": {"by": "infection-control-li", "reason": "an outbreak"}}
                asked = await client.post("/tasks", json=body, headers=headers)
                assert asked.status_code == 201, asked.text
                task = asked.json()["id"]
                await _until(lambda: _on(hospital))
                robot = (await client.get(f"/robots/{SPRAYER_1}")).json()
                assert 0.0 < robot["tank"] <= 60.0
                assert (await hospital.ended(task, 2 * _HOURS)).status is TaskStatus.COMPLETED

                proof = (await client.get(f"/tasks/{task}/certificate")).json()
                assert proof["complete"]
                assert proof["spray"]["volume"] == 0.08
                assert proof["spray"]["ordered_by"] == "infection-control-li"
                assert proof["spray"]["wet"]
                zone = (await client.get("/zones/yard")).json()
                assert zone["re_entry_at"] == proof["spray"]["re_entry_at"]
                assert "nobody enters before" in zone["not_ready"]
                page = await client.get(f"/tasks/{task}/certificate", params={"format": "pdf"})
                assert page.content.startswith(b"%PDF-")

    run_virtual(story())
