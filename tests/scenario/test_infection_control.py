"""Infection control: from zone to zone, from waste to drugs and from round to round only after decontamination."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import httpx
import pytest

from fleet_manager.api.app import create_app
from fleet_manager.domain.errors import Conflict, InvalidRequest, NotAllowed, NotServable
from fleet_manager.domain.events import RobotWipedDown
from fleet_manager.domain.missions import MissionKind, StepStatus
from fleet_manager.domain.robots import RobotStatus
from fleet_manager.domain.tasks import Actor, StopKind, TaskStatus
from fleet_manager.orchestration.commands import CheckLamp, ConfirmWipeDown, ItemRequest, StopRequest, SubmitTask
from maps.importers import read_any
from maps.model import DecontaminationBay, FleetId, RobotId, Site, WaypointId, ZoneClass
from sim import faults
from sim.clock import run_virtual
from sim.harness import Hospital
from sim.port import BodyMode
from tests.scenario.test_disinfection import LAMP, ROOM, lamp_hospital

_GENERAL_HOSPITAL = Path(__file__).parents[2] / "maps" / "sites" / "general_hospital"
_SHARED = FleetId("delivery")
_BAY = WaypointId("decontamination")
WARD = "ward_1a"
_CLEANER = Actor(id="cleaner-li", role="cleaner")


@cache
def _hospital() -> Site:
    return read_any(_GENERAL_HOSPITAL)


def shared_hospital(robots: int = 1, **rules: object) -> Site:
    """The general hospital with a few delivery robots that may enter the isolation ward and carry goods of any flow."""
    site = _hospital()
    fleet = site.fleets[_SHARED]
    shared = replace(fleet, robots=fleet.robots[:robots], zones=frozenset(ZoneClass), flow=None)
    fleets = {f.id: replace(f, robots=()) for f in site.fleets.values()} | {_SHARED: shared}
    kept = replace(site.infection_rules, shared_fleets=frozenset({_SHARED}), **rules)  # type: ignore[arg-type]
    return replace(site, fleets=fleets, infection_rules=kept)


async def _until(condition: Callable[[], bool], within: float = 3600.0) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(1.0)


def _waits(hospital: Hospital, robot: RobotId) -> bool:
    """Whether a robot waits to be wiped down."""
    mission = hospital.manager.state.mission_of(hospital.manager.state.robots[robot])
    step = mission.step if mission is not None and mission.kind is MissionKind.DECONTAMINATE else None
    return step is not None and step.status is StepStatus.WAITING_FOR_PERSON


async def _wipe(hospital: Hospital, robot: RobotId, actor: Actor = _CLEANER, agent: str | None = None) -> None:
    await hospital.do(ConfirmWipeDown(actor=actor, robot=robot, agent=agent))


def _first(hospital: Hospital) -> RobotId:
    return hospital.site.fleets[_SHARED].robots[0].id


async def _back_from_isolation(hospital: Hospital) -> None:
    """Somebody has got their medicine in the isolation ward."""
    task = await hospital.request("isolation_window", "isolation_room_03", "cefazolin", item_class="medicine")
    ended = await hospital.ended(task.id)
    assert ended.status is TaskStatus.COMPLETED, ended.outcome


def test_robot_back_from_the_isolation_ward_is_decontaminated_before_its_next_clean_delivery() -> None:
    async def story() -> None:
        async with Hospital(shared_hospital()) as hospital:
            robot = _first(hospital)
            await _back_from_isolation(hospital)
            assert ZoneClass.ISOLATION in hospital.manager.state.robots[robot].exposure

            task = await hospital.request("pharmacy", WARD, "cefazolin", item_class="medicine")
            waiting = await hospital.manager.task(task.id)
            assert waiting.status == TaskStatus.QUEUED
            assert [r.code for r in waiting.reasons] == ["needs_decontamination"]
            assert "isolation" in waiting.reasons[0].text

            await _until(lambda: _waits(hospital, robot))
            assert hospital.manager.state.robots[robot].waypoint == _BAY
            assert hospital.manager.state.robots[robot].status is RobotStatus.DECONTAMINATING
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome
            assert not hospital.manager.state.robots[robot].exposure & {ZoneClass.ISOLATION, ZoneClass.CONTAMINATED}
            assert not hospital.violations()

    run_virtual(story())


async def _called_to_be_wiped(hospital: Hospital) -> RobotId:
    """The robot that has come from the isolation ward and waits at the bay."""
    await _back_from_isolation(hospital)
    robot = _first(hospital)
    await _until(lambda: _waits(hospital, robot))
    return robot


def _exposed(hospital: Hospital, robot: RobotId) -> bool:
    return bool(hospital.manager.state.robots[robot].exposure & hospital.site.infection_rules.leaving)


def test_robot_is_fit_again_once_the_agent_has_worked_for_its_contact_time() -> None:
    async def story() -> None:
        async with Hospital(shared_hospital(contact_time=90.0), wipers=None) as hospital:
            robot = await _called_to_be_wiped(hospital)
            assert hospital.manager.robot(robot).waiting_for is not None
            await _wipe(hospital, robot, agent="peracetic acid")
            await asyncio.sleep(85.0)
            assert _exposed(hospital, robot)
            task = await hospital.request("pharmacy", WARD, "cefazolin", item_class="medicine")
            reasons = (await hospital.manager.task(task.id)).reasons
            assert [(r.subject, r.code) for r in reasons] == [(robot, "decontaminating")]

            await asyncio.sleep(10.0)
            assert not _exposed(hospital, robot)
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome

    run_virtual(story())


def test_nobody_wipes_the_robot_down_so_somebody_is_called_and_the_task_waits() -> None:
    async def story() -> None:
        async with Hospital(shared_hospital(), wipers=None) as hospital:
            robot = await _called_to_be_wiped(hospital)
            task = await hospital.request("pharmacy", WARD, "cefazolin", item_class="medicine")
            await asyncio.sleep(290.0)
            assert not hospital.manager.alerts()
            await asyncio.sleep(20.0)
            (alert,) = hospital.manager.alerts()
            assert (alert.kind, alert.subject) == ("wipe_down_waiting", robot)
            await asyncio.sleep(1800.0)
            assert (await hospital.manager.task(task.id)).status == TaskStatus.QUEUED

            assert [a.kind for a in hospital.manager.alerts()] == ["wipe_down_waiting", "waits_long"]

            await _wipe(hospital, robot)
            assert [a.kind for a in hospital.manager.alerts()] == ["waits_long"]
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome
            assert not hospital.manager.alerts()

    run_virtual(story())


def test_task_goes_to_another_robot_while_nobody_wipes_the_first_one_down() -> None:
    async def story() -> None:
        async with Hospital(shared_hospital(robots=2), wipers=None) as hospital:
            await _back_from_isolation(hospital)
            exposed = next(r for r in hospital.manager.state.robots if _exposed(hospital, r))
            task = await hospital.request("pharmacy", WARD, "cefazolin", item_class="medicine")
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome
            assert ended.robot is not None
            assert ended.robot != exposed

    run_virtual(story())


def test_robot_that_waits_to_be_wiped_down_may_go_back_to_the_isolation_ward() -> None:
    async def story() -> None:
        async with Hospital(shared_hospital(), wipers=None) as hospital:
            await _called_to_be_wiped(hospital)
            await _back_from_isolation(hospital)

    run_virtual(story())


def test_only_a_person_of_the_right_role_confirms_a_wipe_down_that_is_due() -> None:
    async def story() -> None:
        async with Hospital(shared_hospital(confirmed_by=frozenset({"cleaner"})), wipers=None) as hospital:
            with pytest.raises(Conflict, match="does not wait to be wiped down"):
                await _wipe(hospital, _first(hospital))
            robot = await _called_to_be_wiped(hospital)
            with pytest.raises(InvalidRequest, match="only a person"):
                await _wipe(hospital, robot, Actor(id="door-sensor", role="system"))
            with pytest.raises(NotAllowed, match="may not confirm"):
                await _wipe(hospital, robot, Actor(id="nurse-chen", role="nurse"))
            await _wipe(hospital, robot)
            with pytest.raises(Conflict, match="does not wait"):
                await _wipe(hospital, robot)

    run_virtual(story())


def test_automatic_bay_needs_nobody() -> None:
    async def story() -> None:
        site = shared_hospital()
        bay = DecontaminationBay(waypoint=_BAY, automatic=True, duration=200.0)
        async with Hospital(replace(site, decontamination_bays={_BAY: bay}), wipers=None) as hospital:
            await _back_from_isolation(hospital)
            robot = _first(hospital)
            await _until(lambda: hospital.manager.state.robots[robot].contact_until is not None)
            await asyncio.sleep(190.0)
            assert _exposed(hospital, robot)
            await asyncio.sleep(15.0)
            assert not _exposed(hospital, robot)
            assert not hospital.manager.alerts()

    run_virtual(story())


def test_robot_that_carried_waste_carries_drugs_only_after_decontamination() -> None:
    async def story() -> None:
        async with Hospital(shared_hospital(), wipers=None) as hospital:
            robot = _first(hospital)
            waste = await hospital.request(WARD, "soiled_room_2", "sharps", item_class="waste")
            ended = await hospital.ended(waste.id)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome

            drugs = await hospital.request("pharmacy", WARD, "cefazolin", item_class="medicine")
            waiting = await hospital.manager.task(drugs.id)
            assert [(r.subject, r.code) for r in waiting.reasons] == [(robot, "needs_decontamination")]
            assert "waste" in waiting.reasons[0].text
            await _until(lambda: _waits(hospital, robot))
            await _wipe(hospital, robot)
            assert (await hospital.ended(drugs.id)).status is TaskStatus.COMPLETED

            again = await hospital.request(WARD, "soiled_room_2", "sharps", item_class="waste")
            waiting = await hospital.manager.task(again.id)
            assert [r.code for r in waiting.reasons] == ["needs_decontamination"], "and the other way round"

    run_virtual(story())


def test_waste_and_drugs_never_go_in_one_delivery() -> None:
    async def story() -> None:
        async with Hospital(shared_hospital()) as hospital:
            with pytest.raises(NotServable, match="soiled goods beside"):
                await hospital.insist(
                    SubmitTask(
                        actor=_CLEANER,
                        stops=(
                            StopRequest(place=WARD, kind=StopKind.PICK_UP),
                            StopRequest(place="pharmacy", kind=StopKind.DROP_OFF),
                        ),
                        items=(
                            ItemRequest(name="sharps", quantity=1, item_class="waste"),
                            ItemRequest(name="cefazolin", quantity=1, item_class="medicine"),
                        ),
                    )
                )
            with pytest.raises(NotServable, match="from an isolation zone without decontamination"):
                await hospital.request("isolation_room_03", WARD, "charts")

    run_virtual(story())


def test_robot_that_charges_is_not_sent_to_be_wiped_down() -> None:
    async def story() -> None:
        async with Hospital(shared_hospital(), wipers=None) as hospital:
            robot = _first(hospital)
            task = await hospital.request("isolation_window", "isolation_room_03", "cefazolin", item_class="medicine")
            await _until(lambda: _exposed(hospital, robot))
            faults.battery_sags(hospital.world, robot, 0.7)
            assert (await hospital.ended(task.id)).status is TaskStatus.COMPLETED
            await _until(lambda: hospital.manager.state.robots[robot].docked)
            with pytest.raises(Conflict, match="charges"):
                await _wipe(hospital, robot)
            await _until(lambda: _waits(hospital, robot), within=4 * 3600.0)
            assert not hospital.manager.state.robots[robot].docked
            assert hospital.manager.state.robots[robot].state_of_charge > 0.34

    run_virtual(story())


def test_ward_robot_is_wiped_down_after_each_round_and_goes_on_with_the_next_delivery() -> None:
    async def story() -> None:
        site = shared_hospital(wipe_after=1)
        async with Hospital(site) as hospital:
            robot = _first(hospital)
            wiped: list[str] = []
            hospital.manager.watch(
                lambda r: wiped.append(r.event.actor.id) if isinstance(r.event, RobotWipedDown) else None
            )
            for number in range(1, 3):
                task = await hospital.request("pharmacy", WARD, f"round {number}", item_class="medicine")
                ended = await hospital.ended(task.id)
                assert ended.status is TaskStatus.COMPLETED, ended.outcome
                assert len(wiped) == number - 1
            await _until(lambda: len(wiped) == 2)
            assert hospital.manager.state.robots[robot].waypoint == _BAY

    run_virtual(story())


def test_dedicated_robots_stay_in_their_zone_and_nobody_has_to_wipe_them_by_default() -> None:
    async def story() -> None:
        async with Hospital(_hospital(), wipers=None) as hospital:
            for _ in range(2):
                await _back_from_isolation(hospital)
            await asyncio.sleep(1200.0)
            assert not hospital.manager.alerts()
            with pytest.raises(NotServable, match="is kept for isolation"):
                await hospital.request("isolation_room_03", WARD, "charts")

    run_virtual(story())


def test_robot_that_is_moved_through_the_isolation_ward_gives_its_delivery_back() -> None:
    async def story() -> None:
        async with Hospital(shared_hospital(robots=2), wipers=None) as hospital:
            task = await hospital.request("pharmacy", WARD, "cefazolin", item_class="medicine")
            robot = (await hospital.manager.task(task.id)).robot
            assert robot is not None
            moved = RobotId(robot)
            await asyncio.sleep(5.0)
            hospital.world.set_mode(moved, BodyMode.MANUAL, "pushed out of the way")
            await asyncio.sleep(5.0)
            faults.put_back(hospital.world, moved, WaypointId("isolation_room_03"))
            await _until(lambda: _exposed(hospital, moved))
            ended = await hospital.ended(task.id)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome
            assert ended.robot != robot

    run_virtual(story())


def test_restarted_manager_still_waits_for_the_wipe_down_and_for_the_contact_time() -> None:
    async def story() -> None:
        async with Hospital(shared_hospital(contact_time=120.0), wipers=None) as hospital:
            robot = await _called_to_be_wiped(hospital)
            await hospital.kill_manager()
            await hospital.start_manager()
            await asyncio.sleep(310.0)
            assert [a.kind for a in hospital.manager.alerts()] == ["wipe_down_waiting"]
            await _wipe(hospital, robot)
            await asyncio.sleep(60.0)
            await hospital.kill_manager()
            await hospital.start_manager()
            await asyncio.sleep(55.0)
            assert _exposed(hospital, robot)
            await asyncio.sleep(10.0)
            assert not _exposed(hospital, robot)
            assert hospital.manager.state.robots[robot].mission is None or not _waits(hospital, robot)

    run_virtual(story())


def test_wipe_down_is_confirmed_over_http() -> None:
    async def story() -> None:
        async with Hospital(shared_hospital(), wipers=None) as hospital:
            transport = httpx.ASGITransport(app=create_app(hospital.manager))
            async with httpx.AsyncClient(transport=transport, base_url="http://fleet/api/v1") as client:
                cleaner = {"X-Actor": "cleaner-li", "X-Actor-Role": "cleaner"}
                robot = _first(hospital)
                early = await client.post(f"/robots/{robot}/wiped-down", headers=cleaner)
                assert early.status_code == 409, early.text
                assert "does not wait" in early.text
                assert (await client.post("/robots/ghost/wiped-down", headers=cleaner)).status_code == 404

                await _called_to_be_wiped(hospital)
                shown = (await client.get(f"/robots/{robot}")).json()
                assert shown["status"] == "decontaminating"
                assert shown["waiting_for"]["because"] == f"somebody to wipe it down at {_BAY}"
                wiped = await client.post(f"/robots/{robot}/wiped-down", json={"agent": "alcohol"}, headers=cleaner)
                assert wiped.status_code == 200, wiped.text
                assert wiped.json()["waiting_for"] is None
                await asyncio.sleep(61.0)
                assert (await client.get(f"/robots/{robot}")).json()["status"] != "decontaminating"

    run_virtual(story())


def test_lamp_robot_of_the_isolation_ward_is_wiped_down_before_it_disinfects_a_theatre() -> None:
    async def story() -> None:
        async with Hospital(lamp_hospital()) as hospital:
            await hospital.do(CheckLamp(actor=_CLEANER, robot=LAMP))
            first = await hospital.disinfect(ROOM, dose=100.0)
            ended = await hospital.ended(first.id)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome
            theatre = await hospital.disinfect("L2_theatre_1", dose=100.0)
            waiting = await hospital.manager.task(theatre.id)
            assert (LAMP, "needs_decontamination") in [(r.subject, r.code) for r in waiting.reasons]
            ended = await hospital.ended(theatre.id)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome

    run_virtual(story())
