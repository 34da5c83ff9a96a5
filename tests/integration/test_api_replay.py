"""Replay over HTTP, by a manager that records in SQLite."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from fleet_manager.api.app import create_app
from fleet_manager.orchestration.recorder import Recorder
from fleet_manager.persistence.sql import SqlStore
from sim.clock import WallClock
from tests.api_house import call, calling, hospital
from tests.small_hospital import small_hospital


def test_the_last_ten_minutes_are_what_is_answered_when_nothing_is_asked(tmp_path: Path) -> None:
    async def story() -> None:
        manager = hospital()
        store = await SqlStore.open(f"sqlite+aiosqlite:///{tmp_path}/fleet.sqlite3", small_hospital())
        recorder = Recorder(manager, store.recordings(), WallClock(), days=7, limit=10**9, think=asyncio.to_thread)
        running = asyncio.create_task(recorder.run())
        await asyncio.sleep(1.2)
        running.cancel()
        await asyncio.wait([running])
        async with calling(create_app(manager, replays=recorder)) as client:
            answer = (await client.get("/replay")).json()
        await store.close()
        span = datetime.fromisoformat(answer["end"]) - datetime.fromisoformat(answer["begin"])
        assert span == timedelta(minutes=10)
        first, second = answer["frames"]
        assert first["whole"]
        assert {robot["id"] for robot in first["robots"]} == {robot.id for robot in manager.robots()}
        assert {pose[0] for pose in first["poses"]} == {robot.id for robot in manager.robots()}
        assert "robots" not in second, "nothing has changed"

    asyncio.run(story())


def test_a_manager_that_does_not_record_has_no_past() -> None:
    answer = call(hospital(), "GET", "/replay").json()
    assert (answer["frames"], answer["recorded_since"], answer["next"]) == ([], None, None)


def test_a_span_that_is_none_is_refused() -> None:
    span = {"from": "2026-03-01T09:00:00Z", "to": "2026-03-01T08:00:00Z"}
    problem = call(hospital(), "GET", "/replay", params=span)
    assert problem.status_code == 422
    assert "later than `from`" in problem.text
