"""The live stream over real sockets: nothing is missed, nothing comes twice, and nobody slow holds up the fleet."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from fleet_manager.api import stream
from fleet_manager.api.app import create_app
from fleet_manager.domain.tasks import Actor, StopKind
from fleet_manager.orchestration.commands import ItemRequest, StopRequest, SubmitTask
from fleet_manager.orchestration.views import EventView, FleetSnapshot, LiveScreeningView, SightingView
from tests.api_house import hospital, serving, until
from tests.fake_fleet_manager import FakeFleetManager
from tests.small_hospital import small_hospital

DELIVERY = SubmitTask(
    actor=Actor(id="nurse-li"),
    stops=(
        StopRequest(place="pharmacy", kind=StopKind.PICK_UP),
        StopRequest(place="ward_2a", kind=StopKind.DROP_OFF),
    ),
    items=(ItemRequest(name="saline", quantity=1),),
)


@asynccontextmanager
async def console(house: str, query: str = "") -> AsyncIterator[ClientConnection]:
    async with connect(f"ws://{house}/api/v1/stream{query}", max_size=None) as socket:
        yield socket


async def heard(socket: ClientConnection, *kinds: str) -> dict[str, Any]:
    """The next message of one of `kinds`, the others passed over."""
    async with asyncio.timeout(10):
        while True:
            message: dict[str, Any] = json.loads(await socket.recv())
            if message["type"] in kinds:
                return message


async def changes_until(socket: ClientConnection, seq: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while not found or found[-1]["seq"] < seq:
        found.append(await heard(socket, "change"))
    return found


def with_house(
    story: Callable[[FakeFleetManager, str], Awaitable[None]], manager: FakeFleetManager | None = None
) -> None:
    async def day() -> None:
        fleet = manager or hospital()
        async with serving(create_app(fleet)) as house:
            await story(fleet, house)

    asyncio.run(day())


def note(manager: FakeFleetManager, count: int) -> None:
    for number in range(count):
        manager.tell("report_noted", {"number": number})


def test_a_console_gets_a_snapshot_and_then_every_change_in_order() -> None:
    async def story(manager: FakeFleetManager, house: str) -> None:
        note(manager, 3)
        async with console(house) as socket:
            snapshot = await heard(socket, "snapshot", "change")
            assert (snapshot["type"], snapshot["seq"]) == ("snapshot", 3)
            assert [robot["id"] for robot in snapshot["robots"]] == ["amber", "birch", "cedar", "porter-1"]
            manager.raise_alert("alert-1", "amber", "amber does not answer")
            note(manager, 2)
            changes = await changes_until(socket, 6)
            assert [change["seq"] for change in changes] == [4, 5, 6]
            assert changes[0]["event"] == {"kind": "alert_raised", "data": {"alert": "alert-1"}}
            assert changes[0]["alerts"][0]["subject"] == "amber"
            assert changes[0]["time"] == "2026-03-01T08:00:00Z"

    with_house(story)


def test_poses_flow_while_robots_move_and_stop_when_they_stand() -> None:
    async def story(manager: FakeFleetManager, house: str) -> None:
        async with console(house) as socket:
            everyone = await heard(socket, "poses")
            assert {pose["robot"] for pose in everyone["poses"]} == {"amber", "birch", "cedar", "porter-1"}
            await manager.do(DELIVERY)
            manager.advance(3)
            first = await heard(socket, "poses")
            manager.advance(0.5)
            second = await heard(socket, "poses")
            assert "seq" not in first
            (before,), (after,) = first["poses"], second["poses"]
            assert (before["x"], before["y"]) != (after["x"], after["y"])
            quiet = await heard(socket, "poses", "alive")
            assert quiet["type"] == "alive"

    with_house(story)


def test_whom_robots_see_flows_while_there_is_anybody() -> None:
    async def story(manager: FakeFleetManager, house: str) -> None:
        async with console(house) as socket:
            await heard(socket, "poses")
            for second in range(2):
                time = datetime(2026, 3, 1, 8, 0, second, tzinfo=UTC)
                person = SightingView(person="p1", distance=4.0, bearing=0.1, temperature=36.6, mask=True)
                manager.seen["amber"] = LiveScreeningView(robot="amber", time=time, people=(person,))
                seen = await heard(socket, "screening")
                assert "seq" not in seen
                [robot] = seen["robots"]
                assert robot["time"] == f"2026-03-01T08:00:0{second}Z"
                assert robot["people"][0]["temperature"] == 36.6
            assert (await heard(socket, "screening", "alive"))["type"] == "alive"

    with_house(story)


def test_a_resumed_stream_has_no_gap_and_ends_up_complete() -> None:
    async def story(manager: FakeFleetManager, house: str) -> None:
        note(manager, 5)
        manager.raise_alert("alert-1", "amber", "amber does not answer")
        async with console(house, "?after=2") as socket:
            missed = await changes_until(socket, 6)
            assert [change["seq"] for change in missed] == [3, 4, 5, 6]
            assert [change["complete"] for change in missed] == [False, False, False, True]
            assert len(missed[-1]["robots"]) == 4
            assert missed[-1]["alerts"][0]["id"] == "alert-1"
            note(manager, 1)
            assert (await heard(socket, "change"))["seq"] == 7

    with_house(story)


def test_a_resumed_stream_that_missed_nothing_says_so_at_once() -> None:
    async def story(manager: FakeFleetManager, house: str) -> None:
        note(manager, 5)
        async with console(house, "?after=5") as socket:
            assert await heard(socket, "snapshot", "change", "alive") == {"type": "alive", "seq": 5}

    with_house(story)


class SlowLog(FakeFleetManager):
    """Its log takes a moment to read, while the fleet goes on."""

    async def events(self, after: int, limit: int) -> list[EventView]:
        found = await super().events(after, limit)
        for number in range(3):
            self.tell("report_noted", {"meanwhile": number})
            await asyncio.sleep(0.01)
        return found


def test_what_happens_while_the_log_is_read_is_neither_lost_nor_told_twice() -> None:
    async def story(manager: FakeFleetManager, house: str) -> None:
        note(manager, 5)
        async with console(house, "?after=1") as socket:
            assert [change["seq"] for change in await changes_until(socket, 8)] == [2, 3, 4, 5, 6, 7, 8]

    with_house(story, SlowLog(small_hospital()))


class Committing(FakeFleetManager):
    """In the middle of a commit: its state is two events ahead of its log."""

    def snapshot(self) -> FleetSnapshot:
        return replace(super().snapshot(), seq=super().snapshot().seq + 2)


def test_events_that_are_being_stored_are_told_once_they_are() -> None:
    async def story(manager: FakeFleetManager, house: str) -> None:
        note(manager, 3)
        async with console(house, "?after=1") as socket:
            assert [change["seq"] for change in await changes_until(socket, 3)] == [2, 3]
            note(manager, 2)
            assert [change["seq"] for change in await changes_until(socket, 5)] == [4, 5]

    with_house(story, Committing(small_hospital()))


class Forgetful(FakeFleetManager):
    """Its log can't be read to the end."""

    async def events(self, after: int, limit: int) -> list[EventView]:
        return (await super().events(after, limit))[:1]


def test_a_log_with_a_gap_is_answered_with_a_snapshot() -> None:
    async def story(manager: FakeFleetManager, house: str) -> None:
        note(manager, 3)
        async with console(house, "?after=1") as socket:
            assert (await heard(socket, "change"))["seq"] == 2
            note(manager, 1)
            assert (await heard(socket, "change", "snapshot"))["type"] == "snapshot"

    with_house(story, Forgetful(small_hospital()))


@pytest.mark.parametrize("after", [0, 6000])
def test_who_is_too_far_behind_or_ahead_gets_a_snapshot(after: int) -> None:
    async def story(manager: FakeFleetManager, house: str) -> None:
        note(manager, stream.REPLAY_LIMIT + 1)
        async with console(house, f"?after={after}") as socket:
            first = await heard(socket, "snapshot", "change")
            assert (first["type"], first["seq"]) == ("snapshot", 5001)

    with_house(story)


@pytest.mark.parametrize("after", ["", "-1", "two", "1.5", "²", "9" * 5000])
def test_a_nonsense_place_in_the_log_is_refused(after: str) -> None:
    async def story(manager: FakeFleetManager, house: str) -> None:
        async with console(house, f"?after={after}") as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1008
            assert "after" in closed.value.rcvd.reason

    with_house(story)


def test_a_console_that_does_not_read_costs_the_fleet_nothing_and_gets_a_fresh_snapshot() -> None:
    async def story(manager: FakeFleetManager, house: str) -> None:
        async with (
            connect(f"ws://{house}/api/v1/stream", max_size=None, max_queue=1, compression=None) as slow,
            console(house) as quick,
        ):
            await heard(slow, "snapshot")
            await heard(quick, "snapshot")
            longest, told = 0.0, 0
            for _ in range(stream.BACKLOG_LIMIT + 200):
                started = perf_counter()
                manager.tell("report_noted", {"text": "x" * 60_000})
                longest, told = max(longest, perf_counter() - started), told + 1
                assert (await heard(quick, "change"))["seq"] == told
            assert longest < 0.1
            messages: list[dict[str, Any]] = []
            while not messages or messages[-1]["seq"] < told:
                messages.append(await heard(slow, "snapshot", "change"))
            assert [message["type"] for message in messages].count("snapshot") == 1
            assert len(messages) < told
            manager.tell("report_noted", {})
            assert (await heard(slow, "change"))["seq"] == told + 1

    with_house(story)


def test_without_consoles_nobody_listens() -> None:
    async def story(manager: FakeFleetManager, house: str) -> None:
        assert manager.listeners == 0
        async with console(house) as socket, console(house) as other:
            await heard(socket, "snapshot")
            await heard(other, "snapshot")
            assert manager.listeners == 1
        await until(lambda: manager.listeners == 0)
        async with console(house) as socket:
            await heard(socket, "snapshot")
            await heard(socket, "poses")

    with_house(story)
