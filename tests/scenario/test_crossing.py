"""Robots cross a street: they stop at the kerb, ask for green, and go only when it lasts until they are across."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from fleet_manager.domain.errors import NotServable
from fleet_manager.domain.events import NodePassed, SessionStarted, WaitStarted
from fleet_manager.domain.robots import DeviceKind
from fleet_manager.domain.tasks import TaskStatus
from fleet_manager.orchestration.settings import Patience
from maps.errors import BrokenReferenceError
from maps.exporters.nav2_route_graph import write
from maps.importers import read_any
from maps.model import CrossingId, FleetId, LaneId, RobotId, Site
from maps.site_files import load_site, save_site
from sim import faults
from sim.harness import Hospital
from sim.port import BodyMode
from sim.scenario_site import SITES
from sim.street_invariants import in_streets
from tests.hospitals import HEARTBEATS, tell

STREET = CrossingId("hospital_street")
ROBOT = RobotId("street-1")


def street_site(**crossing: float | bool) -> Site:
    """The street between the station and the hospital's gate; only the first robot drives."""
    site = load_site(SITES / "street_to_gate")
    fleet = site.fleets[FleetId("street")]
    signal = replace(site.crossings[STREET], **crossing)  # type: ignore[arg-type]
    return replace(site, crossings={STREET: signal}, fleets={fleet.id: replace(fleet, robots=fleet.robots[:1])})


def passed(hospital: Hospital, place: str) -> list[float]:
    """When the robot was at a place (s)."""
    start = hospital.store.log[0].time
    found = (r for r in hospital.store.log if isinstance(r.event, NodePassed) and r.event.waypoint == place)
    return [(r.time - start).total_seconds() for r in found]


async def at_the_kerb(hospital: Hospital) -> None:
    async with asyncio.timeout(1200):
        while not passed(hospital, "kerb_south"):
            await asyncio.sleep(0.5)


def test_a_robot_stops_at_the_kerb_asks_for_green_and_crosses_on_it() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("station", "hospital_gate")
        await at_the_kerb(hospital)
        view = await hospital.manager.task(asked.id)
        assert not hospital.world.crossings[STREET].green or list(in_streets(hospital.site, hospital.world)) == []
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
        assert view.id == asked.id
        waits = [r.event.wait for r in hospital.store.log if isinstance(r.event, WaitStarted)]
        assert any(wait.resource == STREET and "green" in wait.because for wait in waits)
        sessions = [r.event.session for r in hospital.store.log if isinstance(r.event, SessionStarted)]
        assert DeviceKind.CROSSING in [session.kind for session in sessions]
        (south,), (north,) = passed(hospital, "kerb_south"), passed(hospital, "kerb_north")
        assert 10.0 < north - south < 60.0
        assert hospital.manager.state.sessions == {}

    tell(story, street_site())


def test_a_robot_that_comes_late_in_the_green_waits_for_the_next_one() -> None:
    """The signal goes by itself; just before the robot is at the kerb it has turned green long ago."""

    async def story(hospital: Hospital) -> None:
        for _ in range(3):
            asked = await hospital.request("station", "hospital_gate")
            assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
            back = await hospital.request("hospital_gate", "station")
            assert (await hospital.ended(back.id)).status is TaskStatus.COMPLETED
        waits = [r.event.wait for r in hospital.store.log if isinstance(r.event, WaitStarted)]
        assert any("too short now" in wait.because for wait in waits)

    tell(story, street_site(request=False, red=23.0), seed=3)


def test_a_silent_signal_closes_the_crossing_and_calls_somebody_until_it_reports() -> None:
    async def story(hospital: Hospital) -> None:
        faults.crossing_silent(hospital.world, STREET, seconds=600.0)
        asked = await hospital.request("station", "hospital_gate")
        await at_the_kerb(hospital)
        await asyncio.sleep(180.0)
        (alert,) = hospital.manager.alerts()
        assert (alert.kind, alert.subject) == ("crossing_out", STREET)
        assert "hospital_street" in alert.next_step
        (closure,) = hospital.manager.closures()
        assert "does not answer" in closure.reason
        assert passed(hospital, "kerb_north") == []
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
        assert hospital.manager.alerts() == []
        assert hospital.manager.closures() == []
        (north,) = passed(hospital, "kerb_north")
        assert north > 600.0

    tell(story, street_site())


def test_a_robot_that_is_stopped_in_the_street_calls_somebody_at_once() -> None:
    async def story(hospital: Hospital) -> None:
        await hospital.request("station", "hospital_gate")
        async with asyncio.timeout(1200):
            while not list(in_streets(hospital.site, hospital.world)):
                await asyncio.sleep(0.5)
        hospital.world.set_mode(ROBOT, BodyMode.ESTOP, "somebody pressed it")
        await asyncio.sleep(60.0)
        assert "stuck_in_street" in [alert.kind for alert in hospital.manager.alerts()]
        hospital.world.set_mode(ROBOT, BodyMode.AUTOMATIC, "released")
        await asyncio.sleep(120.0)
        assert "stuck_in_street" not in [alert.kind for alert in hospital.manager.alerts()]
        assert passed(hospital, "kerb_north")

    tell(story, street_site(), agents=HEARTBEATS, patience=Patience())


def test_a_robot_that_was_paused_at_the_kerb_does_not_set_out_late() -> None:
    async def story(hospital: Hospital) -> None:
        await hospital.request("station", "hospital_gate")
        await at_the_kerb(hospital)
        hospital.world.pause(ROBOT)
        await asyncio.sleep(25.0)
        hospital.world.resume(ROBOT)
        for _ in range(1200):
            for _body, crossing in in_streets(hospital.site, hospital.world):
                assert hospital.world.crossings[crossing.id].green
            await asyncio.sleep(0.1)
        assert passed(hospital, "kerb_north")

    tell(story, street_site())


def test_a_robot_that_is_too_slow_for_the_green_is_not_sent_at_all() -> None:
    async def story(hospital: Hospital) -> None:
        with pytest.raises(NotServable, match="no way from station to hospital_gate"):
            await hospital.request("station", "hospital_gate")

    tell(story, street_site(green=16.0))


def test_a_crossing_is_kept_in_the_sites_files_and_checked(tmp_path: Path) -> None:
    site = street_site()
    save_site(site, tmp_path / "site")
    write(site, tmp_path / "graph.geojson")
    for again in (load_site(tmp_path / "site"), read_any(tmp_path / "graph.geojson")):
        assert again.crossings == site.crossings
        assert again.lanes[LaneId("kerb_south>kerb_north")].crossing == STREET
    broken = replace(site, crossings={STREET: replace(site.crossings[STREET], clearance=40.0)})
    save_site(broken, tmp_path / "site")
    with pytest.raises(BrokenReferenceError, match="clearance"):
        load_site(tmp_path / "site")
