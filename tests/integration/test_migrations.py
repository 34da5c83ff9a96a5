"""A database of an earlier version opens with this one."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import fleet_manager.persistence
from fleet_manager.domain.state import FleetState
from fleet_manager.persistence.sql import SqlStore
from tests.builders import LIFT, corridor_site

MIGRATIONS = Path(fleet_manager.persistence.__file__).parent / "migrations"


def _database_of(revision: str, file: Path) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{file}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return engine


def test_sessions_of_the_first_version_get_a_number_and_have_run_out(tmp_path: Path) -> None:
    engine = _database_of("0001", tmp_path / "fleet.sqlite3")
    with engine.begin() as connection:
        for robot in ("robot-1", "robot-2"):
            session = {"id": f"{robot}:lift:7", "kind": "lift", "device": "lift", "robot": robot, "ends_after": 7}
            row = {"id": session["id"], "data": json.dumps(session | {"level": "L1"})}
            connection.execute(sa.text("INSERT INTO device_sessions VALUES (:id, :data)"), row)
        connection.execute(sa.text("INSERT INTO closed_lanes VALUES ('a-b', '2026-03-01 08:00:00')"))
    engine.dispose()

    async def loaded() -> FleetState:
        store = await SqlStore.open(f"sqlite+aiosqlite:///{tmp_path}/fleet.sqlite3", corridor_site())
        state = await store.load()
        await store.close()
        return state

    state = asyncio.run(loaded())
    assert [(s.robot, s.fencing, s.expires.year) for s in state.sessions.values()] == [
        ("robot-1", 1, 2000),
        ("robot-2", 2, 2000),
    ]
    assert state.devices[LIFT].fencing == 2
    assert state.closures == {}
