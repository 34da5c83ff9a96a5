"""The simulated world behind its link: clients come, vanish and come back, and the world goes on."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from maps.model import Crossing, CrossingId, RobotId, Site, WaypointId
from sim.clock import run_scaled
from sim.link import RemoteWorld, WorldRejectedError
from sim.port import (
    BodyEvent,
    BodyMode,
    BuildingEvent,
    CrossingState,
    DoorState,
    LiftState,
    ModeChanged,
    Passed,
    Place,
    Stopped,
)
from sim.world import World
from sim.world_server import WorldServer
from tests.builders import DOOR, FLEET, L1, L2, LIFT, ROBOT_1, ROBOT_2, corridor_site, nodes_through
from tests.contract.agent_rigs import until


class House:
    """A served world whose server can be stopped and started, while the world itself lives on."""

    def __init__(self, token: str, speed: float, site: Site | None = None) -> None:
        self.speed = speed
        self.site = site or corridor_site()
        self.world = World(self.site, rng=random.Random(1))
        self.world.spawn(ROBOT_1, FLEET, WaypointId("home-1"))
        self.server = WorldServer(self.world, token=token, speed=speed)
        self.port = 0
        self._serving = AsyncExitStack()

    async def open(self) -> None:
        self.port = await self._serving.enter_async_context(self.server.listening("127.0.0.1", self.port))

    async def shut(self) -> None:
        await self._serving.aclose()

    @asynccontextmanager
    async def client(self, token: str = "") -> AsyncIterator[RemoteWorld]:
        remote = RemoteWorld(f"ws://127.0.0.1:{self.port}", token=token, speed=self.speed, rng=random.Random(1))
        async with remote.connected():
            yield remote


def in_house(
    story: Callable[[House], Awaitable[None]], *, token: str = "", speed: float = 40.0, site: Site | None = None
) -> None:
    async def main() -> None:
        house = House(token, speed, site)
        await house.open()
        try:
            await story(house)
        finally:
            await house.shut()

    run_scaled(main(), speed)


def test_a_remote_world_is_used_like_a_local_one() -> None:
    async def story(house: House) -> None:
        async with house.client() as world:
            events: list[BodyEvent] = []
            building: list[BuildingEvent] = []
            world.subscribe(ROBOT_1, events.append)
            world.watch_building(building.append)
            assert (await world.seen(ROBOT_1)).place.waypoint == "home-1"
            world.open_door(DOOR, "s")
            world.call_lift(LIFT, "s", L2)
            nodes = nodes_through(house.site, "home-1", "a", "b", "lobby-1")
            world.drive(ROBOT_1, nodes, 1)
            world.proceed(ROBOT_1, 3)
            await until(lambda: any(isinstance(event, Stopped) and event.route_end for event in events))
            assert [event.sequence for event in events if isinstance(event, Passed)] == [0, 1, 2, 3]
            assert world.state(ROBOT_1).place.waypoint == "lobby-1"
            assert DoorState(DOOR, open=True, closed=False) in building
            assert LiftState(LIFT, L2, True, "s") in building
            world.release_lift(LIFT, "s")
            world.release_door(DOOR, "s")
            await until(lambda: building[-1] == DoorState(DOOR, open=False, closed=True))

    in_house(story)


def test_green_is_asked_for_at_a_crossing_from_afar() -> None:
    street = CrossingId("street")

    async def story(house: House) -> None:
        async with house.client() as world:
            told: list[BuildingEvent] = []
            world.watch_building(told.append)

            def greens() -> list[CrossingState]:
                return [event for event in told if isinstance(event, CrossingState) and event.green]

            await until(lambda: any(isinstance(event, CrossingState) for event in told))
            assert greens() == []
            world.ask_crossing(street, "s", lease=1e6)
            await until(lambda: bool(greens()))
            assert 0.0 < greens()[0].remaining <= 5.0
            world.release_crossing(street, "s")
            await until(lambda: told[-1] == CrossingState(street, green=False, remaining=0.0))

    crossing = Crossing(id=street, green=5.0, red=3.0, clearance=1.0)
    in_house(story, site=replace(corridor_site(), crossings={street: crossing}))


def test_the_state_of_a_moving_robot_is_told_ten_times_a_second() -> None:
    async def story(house: House) -> None:
        async with house.client() as world:
            world.subscribe(ROBOT_1, lambda _: None)
            await world.seen(ROBOT_1)
            world.drive(ROBOT_1, nodes_through(house.site, "home-1", "a"), 1)
            await until(lambda: world.state(ROBOT_1).moving)
            places = {world.state(ROBOT_1).place.x}
            for _ in range(20):
                await asyncio.sleep(0.3)
                places.add(world.state(ROBOT_1).place.x)
            assert len(places) >= 3

    in_house(story, speed=8.0)


def test_events_missed_while_away_are_told_on_return() -> None:
    async def story(house: House) -> None:
        async with house.client() as world:
            events: list[BodyEvent] = []
            world.subscribe(ROBOT_1, events.append)
            await world.seen(ROBOT_1)
            world.drive(ROBOT_1, nodes_through(house.site, "home-1", "a", "home-2"), 2)
            await until(lambda: bool(events))
            await house.shut()
            await asyncio.sleep(30.0)
            assert [event.sequence for event in events if isinstance(event, Passed)] == [0]
            await house.open()
            await until(lambda: any(isinstance(event, Stopped) for event in events))
            assert [event.sequence for event in events if isinstance(event, Passed)] == [0, 1, 2]

    in_house(story)


def test_what_was_asked_while_away_is_asked_on_return() -> None:
    async def story(house: House) -> None:
        async with house.client() as world:
            world.subscribe(ROBOT_1, lambda _: None)
            world.open_door(DOOR, "old", lease=1e6)
            await world.seen(ROBOT_1)
            await house.shut()
            await asyncio.sleep(2.0)
            world.drive(ROBOT_1, nodes_through(house.site, "home-1", "a"), 1)
            world.call_lift(LIFT, "new", L1, lease=1e6)
            world.release_door(DOOR, "old")
            await asyncio.sleep(10.0)
            await house.open()
            await until(lambda: house.world.state(ROBOT_1).place.waypoint == "a")
            assert house.world.lifts[LIFT].state.session == "new"
            assert house.world.doors[DOOR].state.closed

    in_house(story)


def test_a_vanished_client_s_robot_finishes_its_cleared_part_and_its_sessions_run_out() -> None:
    async def story(house: House) -> None:
        async with house.client() as world:
            world.subscribe(ROBOT_1, lambda _: None)
            await world.seen(ROBOT_1)
            world.drive(ROBOT_1, nodes_through(house.site, "home-1", "a", "home-2"), 1)
            world.call_lift(LIFT, "s", L1, lease=60.0)
            await until(lambda: house.world.state(ROBOT_1).moving)
        await asyncio.sleep(30.0)
        assert house.world.state(ROBOT_1).place.waypoint == "a"
        assert house.world.lifts[LIFT].state.session == "s"
        await asyncio.sleep(60.0)
        assert house.world.lifts[LIFT].state.session is None

    in_house(story)


def test_a_robot_pushed_away_meanwhile_is_not_sent_on_its_old_route() -> None:
    async def story(house: House) -> None:
        async with house.client() as world:
            events: list[BodyEvent] = []
            world.subscribe(ROBOT_1, events.append)
            await world.seen(ROBOT_1)
            world.drive(ROBOT_1, nodes_through(house.site, "home-1", "a"), 1)
            await until(lambda: house.world.state(ROBOT_1).moving)
            await house.shut()
            house.world.push(ROBOT_1, Place(L1, 1.0, 2.0, 0.0), "in the way")
            house.world.set_mode(ROBOT_1, BodyMode.AUTOMATIC, "given back")
            await house.open()
            await until(lambda: any(isinstance(event, ModeChanged) for event in events))
            await asyncio.sleep(20.0)
            assert house.world.state(ROBOT_1).place == Place(L1, 1.0, 2.0, 0.0)

    in_house(story)


def test_a_robot_can_be_spawned_from_afar_once() -> None:
    async def story(house: House) -> None:
        async with house.client() as world:
            world.spawn(ROBOT_2, FLEET, WaypointId("home-2"), 0.5)
            world.spawn(ROBOT_2, FLEET, WaypointId("a"), 0.9)
            world.subscribe(ROBOT_2, lambda _: None)
            state = await world.seen(ROBOT_2)
            assert state.place.waypoint == "home-2"
            assert state.state_of_charge == pytest.approx(0.5, abs=0.01)

    in_house(story)


def test_an_unknown_robot_is_said() -> None:
    async def story(house: House) -> None:
        async with house.client() as world:
            world.subscribe(RobotId("ghost"), lambda _: None)
            with pytest.raises(LookupError, match="no robot ghost"):
                await world.seen(RobotId("ghost"))

    in_house(story)


def test_a_wrong_token_is_rejected() -> None:
    async def story(house: House) -> None:
        with pytest.raises(ExceptionGroup) as refused:
            async with house.client("wrong"):
                await asyncio.sleep(100.0)
        assert refused.group_contains(WorldRejectedError, match="wrong token")
        async with house.client("right") as world:
            world.subscribe(ROBOT_1, lambda _: None)
            await world.seen(ROBOT_1)

    in_house(story, token="right")


def test_a_client_that_talks_nonsense_is_put_out_and_the_others_stay() -> None:
    async def story(house: House) -> None:
        async with house.client() as world:
            world.subscribe(ROBOT_1, lambda _: None)
            await world.seen(ROBOT_1)
            for first in ('{"type": "Hello", "token": ""}', "nonsense"):
                async with connect(f"ws://127.0.0.1:{house.port}", proxy=None) as socket:
                    await socket.send(first)
                    await socket.send(json.dumps({"type": "Explode"}))
                    with pytest.raises(ConnectionClosed):
                        await _read_for_ever(socket)
            world.drive(ROBOT_1, nodes_through(house.site, "home-1", "a"), 1)
            await until(lambda: house.world.state(ROBOT_1).place.waypoint == "a")

    in_house(story)


async def _read_for_ever(socket: ClientConnection) -> None:
    while True:
        await socket.recv()
