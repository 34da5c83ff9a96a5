"""What every store of recordings promises, on real ones: in memory and SQLite in a file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest

from fleet_manager.orchestration.replay import (
    RecordedPart,
    Recordings,
    Replay,
    ReplayFrame,
    answered,
    compressed,
    encoded,
)
from fleet_manager.persistence.recordings import MemoryRecordings
from fleet_manager.persistence.sql import SqlStore
from tests.builders import corridor_site

MORNING = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

Open: TypeAlias = Callable[[Path], Awaitable[tuple[Recordings, Callable[[], Awaitable[None]]]]]


async def open_memory(folder: Path) -> tuple[Recordings, Callable[[], Awaitable[None]]]:
    async def close() -> None:
        pass

    return MemoryRecordings(), close


async def open_sqlite(folder: Path) -> tuple[Recordings, Callable[[], Awaitable[None]]]:
    store = await SqlStore.open(f"sqlite+aiosqlite:///{folder}/fleet.sqlite3", corridor_site())
    return store.recordings(), store.close


STORES = pytest.mark.parametrize("open_store", [open_memory, open_sqlite], ids=["memory", "sqlite"])


def at(seconds: float) -> datetime:
    return MORNING + timedelta(seconds=seconds)


def part(number: int, *, whole: bool = False) -> RecordedPart:
    """Ten seconds, in two frames."""
    begin = at(10 * number)
    frames = [ReplayFrame(time=begin, whole=whole), ReplayFrame(time=begin + timedelta(seconds=9))]
    data = compressed([encoded(frame) for frame in frames])
    return RecordedPart(begin=begin, end=frames[-1].time, whole=whole, seq=number, data=data)


async def _stored(open_store: Open, folder: Path) -> tuple[Recordings, Callable[[], Awaitable[None]]]:
    """Nine parts; the third, the sixth and the ninth tell everything."""
    store, close = await open_store(folder)
    for number in range(9):
        assert await store.keep(part(number, whole=number % 3 == 2))
    return store, close


def _numbers(parts: list[RecordedPart]) -> list[int]:
    return [found.seq for found in parts]


@STORES
def test_a_span_begins_with_a_part_that_tells_everything(open_store: Open, tmp_path: Path) -> None:
    async def story() -> None:
        store, close = await _stored(open_store, tmp_path)
        assert _numbers(await store.parts(at(65), at(75), 10)) == [5, 6, 7]
        assert _numbers(await store.parts(at(50), at(51), 10)) == [5]
        assert _numbers(await store.parts(at(0), at(45), 10)) == [2, 3, 4], "what comes first can't be shown"
        assert _numbers(await store.parts(at(65), at(500), 2)) == [5, 6]
        assert _numbers(await store.parts(at(500), at(600), 10)) == [8]
        assert await store.parts(at(-500), at(10), 10) == []
        newest = await store.newest()
        assert newest == part(8, whole=True)
        assert await store.oldest() == at(0)
        await close()

    asyncio.run(story())


@STORES
def test_frames_come_back_as_one_document(open_store: Open, tmp_path: Path) -> None:
    async def story() -> None:
        store, close = await _stored(open_store, tmp_path)
        parts = await store.parts(at(50), at(70), 10)
        await close()
        head = Replay(begin=at(50), end=at(70), recorded_since=None, next=None, frames=())
        answer = json.loads(answered(head, parts))
        assert [frame["time"] for frame in answer["frames"]] == [
            f"2026-03-01T08:00:{second}Z" if second < 60 else f"2026-03-01T08:01:{second - 60:02d}Z"
            for second in (50, 59, 60, 69)
        ]
        assert answer["frames"][0]["whole"] is True

    asyncio.run(story())


@STORES
def test_the_oldest_goes_first_by_age_and_by_size(open_store: Open, tmp_path: Path) -> None:
    async def story() -> None:
        store, close = await _stored(open_store, tmp_path)
        await store.forget(at(30), 10**9)
        assert await store.oldest() == at(30)
        size = max(len(part(number, whole=number % 3 == 2).data) for number in range(9))
        await store.forget(at(0), 4 * size)
        oldest = await store.oldest()
        assert oldest is not None
        assert at(40) <= oldest <= at(50)
        await store.forget(at(1000), 10**9)
        assert await store.oldest() is None
        assert await store.newest() is None
        await close()

    asyncio.run(story())


def test_a_recording_survives_a_restart_and_a_part_that_cannot_be_stored_is_said(tmp_path: Path) -> None:
    async def story() -> None:
        _, close = await _stored(open_sqlite, tmp_path)
        await close()
        store, close = await open_sqlite(tmp_path)
        assert _numbers(await store.parts(at(65), at(75), 10)) == [5, 6, 7]
        assert not await store.keep(part(5)), "it is there already"
        await close()

    asyncio.run(story())
