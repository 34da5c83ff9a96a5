"""Where is sprayed no other robot is, from the moment the sprayer stands ready until it may be entered again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from fleet_manager.domain.disinfection import RoomNews
from fleet_manager.domain.errors import Conflict
from fleet_manager.domain.tasks import Actor, TaskId, TaskStatus
from fleet_manager.orchestration.commands import CancelTask, EndClosure, HandOver, ReportRoom
from maps.model import (
    Charger,
    Fleet,
    FleetId,
    RefillPoint,
    Robot,
    RobotId,
    Site,
    Zone,
    ZoneId,
    ZoneKind,
)
from maps.spraying import CHLORINE, WOXIAOBAI
from sim.clock import run_virtual
from sim.harness import Hospital
from tests.builders import L1, lanes_both_ways, site_of, waypoint

LOBBY, SPRAYER, CART = ZoneId("lobby"), RobotId("sprayer-1"), RobotId("cart-1")
_NURSE = Actor(id="nurse-chen", role="nurse")
_CLEANER = Actor(id="cleaner-wu", role="cleaner")
_MINUTES = 60.0


def lobby_site() -> Site:
    """A lobby between two halves of a corridor, with a niche in it.

    ```
    sprayer-dock(0,-4)                       ward(20,4)
           └── west(0,0) ── middle(9,0) ── east(20,0) ── cart-dock(20,-4)
        stores(0,4) ┘   niche(12,-1.5) ─────────┘
                    the lobby is (6,-3)-(14,3)
    ```
    """
    west, middle, east = waypoint("west", 0.0, 0.0), waypoint("middle", 9.0, 0.0), waypoint("east", 20.0, 0.0)
    dock, home = waypoint("sprayer-dock", 0.0, -4.0), waypoint("cart-dock", 20.0, -4.0)
    stores, ward, niche = waypoint("stores", 0.0, 4.0), waypoint("ward", 20.0, 4.0), waypoint("niche", 12.0, -1.5)
    carts = Fleet(id=FleetId("carts"), robots=(Robot(id=CART, home=home.id),))
    site = site_of(
        [west, middle, east, dock, home, stores, ward, niche],
        [
            *lanes_both_ways([west, middle, east]),
            *lanes_both_ways([dock, west, stores]),
            *lanes_both_ways([home, east, ward]),
            *lanes_both_ways([niche, east]),
        ],
        fleets=[carts, replace(WOXIAOBAI, robots=(Robot(id=SPRAYER, home=dock.id),))],
        chargers=[Charger(waypoint=dock.id, power=1200.0), Charger(waypoint=home.id)],
    )
    corners = ((6.0, -3.0), (14.0, -3.0), (14.0, 3.0), (6.0, 3.0))
    agent = replace(CHLORINE, contact_time=60.0, reentry_time=5.0 * _MINUTES)
    return replace(
        site,
        zones={LOBBY: Zone(id=LOBBY, level=L1, polygon=corners, kind=ZoneKind.ROOM)},
        refill_points={dock.id: RefillPoint(waypoint=dock.id)},
        spray_agents={agent.id: agent},
    )


def _cart_in_lobby(hospital: Hospital) -> bool:
    place = hospital.world.state(CART).place
    return 6.0 < place.x < 14.0 and -3.0 < place.y < 3.0


async def _until(condition: Callable[[], bool], within: float = 60.0 * _MINUTES) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(1.0)


async def _ready(hospital: Hospital) -> None:
    await hospital.do(ReportRoom(actor=_CLEANER, zone=LOBBY, news=RoomNews.CLEANED))
    await hospital.do(ReportRoom(actor=_NURSE, zone=LOBBY, news=RoomNews.VACATED))


def test_cart_waits_until_the_lobby_that_is_sprayed_may_be_entered_again() -> None:
    async def story() -> None:
        async with Hospital(lobby_site(), nurses=30.0) as hospital:
            sprays = await hospital.spray(LOBBY)
            await _until(lambda: hospital.world.is_on(SPRAYER))
            asked = await hospital.request("ward", "stores")
            while (await hospital.manager.task(sprays.id)).status is not TaskStatus.COMPLETED:
                assert not _cart_in_lobby(hospital)
                await asyncio.sleep(1.0)
            over = hospital.manager.zone(LOBBY).re_entry_at
            assert over is not None
            while hospital.clock.now() < over:
                assert not _cart_in_lobby(hospital)
                await asyncio.sleep(1.0)
            assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
            assert not hospital.violations()

    run_virtual(story())


def test_sprayer_begins_only_when_the_cart_in_the_lobby_is_out_of_it() -> None:
    async def story() -> None:
        async with Hospital(lobby_site(), nurses=None) as hospital:
            asked = await hospital.request("niche", "ward")
            await _until(lambda: hospital.manager.state.robots[CART].waypoint == "niche")
            await hospital.spray(LOBBY)
            await _until(lambda: hospital.manager.state.robots[SPRAYER].waypoint == "middle")
            await _ready(hospital)
            await asyncio.sleep(1.0 * _MINUTES)
            assert not hospital.world.is_on(SPRAYER)
            alert = next(a for a in hospital.manager.alerts() if a.kind == "room_not_ready")
            assert f"{CART} is still in there" in alert.text
            await hospital.do(HandOver(actor=_NURSE, task=TaskId(asked.id)))
            await _until(lambda: hospital.world.is_on(SPRAYER))
            assert not _cart_in_lobby(hospital)

    run_virtual(story())


def test_sprayer_goes_in_again_after_its_refill_while_others_wait() -> None:
    async def story() -> None:
        site = lobby_site()
        fleet = site.fleets[WOXIAOBAI.id]
        assert fleet.sprayer is not None
        small = replace(fleet, sprayer=replace(fleet.sprayer, tank=3.0, refill_time=30.0))
        async with Hospital(replace(site, fleets={**site.fleets, fleet.id: small}), nurses=30.0) as hospital:
            sprays = await hospital.spray(LOBBY)
            await _until(lambda: hospital.world.is_on(SPRAYER))
            await hospital.request("ward", "stores")
            while (await hospital.manager.task(sprays.id)).status is not TaskStatus.COMPLETED:
                assert not _cart_in_lobby(hospital)
                await asyncio.sleep(1.0)
            proof = await hospital.manager.certificate(sprays.id)
            assert proof.spray is not None
            assert proof.spray.refills >= 1

    run_virtual(story())


def test_lobby_opens_at_once_when_the_spraying_is_cancelled_before_it_began() -> None:
    async def story() -> None:
        async with Hospital(lobby_site(), nurses=None) as hospital:
            sprays = await hospital.spray(LOBBY)
            await _until(lambda: bool(hospital.manager.closures()))
            (closure,) = hospital.manager.closures()
            with pytest.raises(Conflict, match="ends with task"):
                await hospital.do(EndClosure(actor=_NURSE, closure=closure.id))
            await hospital.do(CancelTask(actor=_NURSE, task=TaskId(sprays.id), reason="visitors come"))
            await asyncio.sleep(10.0)
            assert hospital.manager.closures() == []

    run_virtual(story())


def test_cordon_outlives_a_restart_of_the_manager() -> None:
    async def story() -> None:
        async with Hospital(lobby_site(), nurses=None) as hospital:
            await hospital.spray(LOBBY)
            await _until(lambda: bool(hospital.manager.closures()))
            await hospital.kill_manager()
            await hospital.start_manager()
            asked = await hospital.request("ward", "stores")
            await _ready(hospital)
            await _until(lambda: hospital.world.is_on(SPRAYER))
            for _ in range(60):
                assert not _cart_in_lobby(hospital)
                await asyncio.sleep(1.0)
            assert hospital.manager.state.tasks[TaskId(asked.id)].status is not TaskStatus.COMPLETED

    run_virtual(story())


def test_agent_that_restarts_while_it_sprays_switches_off_comes_back_and_goes_on() -> None:
    async def story() -> None:
        async with Hospital(lobby_site(), nurses=30.0) as hospital:
            sprays = await hospital.spray(LOBBY)
            await _until(lambda: hospital.world.is_on(SPRAYER))
            await asyncio.sleep(15.0)
            await hospital.restart_agent(SPRAYER)
            await asyncio.sleep(0.5)
            assert not hospital.world.is_on(SPRAYER), "nobody watches over it"
            await _until(lambda: hospital.world.body(SPRAYER).place.x == 9.0 and not hospital.world.is_on(SPRAYER))
            ended = await hospital.ended(sprays.id)
            assert ended.status is TaskStatus.COMPLETED, ended.outcome
            proof = await hospital.manager.certificate(sprays.id)
            assert proof.covered_share >= 0.995
            assert proof.spray is not None
            assert proof.spray.sorties == 2

    run_virtual(story())
