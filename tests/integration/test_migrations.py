"""A database of an earlier version opens with this one."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import fleet_manager.persistence
from fleet_manager.domain.custody import gap
from fleet_manager.domain.events import Recorded
from fleet_manager.domain.state import FleetState
from fleet_manager.domain.tasks import Actor, TaskId
from fleet_manager.orchestration.commands import HandOver
from fleet_manager.orchestration.projection import event_kind
from fleet_manager.persistence.encoding import encode
from fleet_manager.persistence.sql import SqlStore
from sim.clock import run_virtual
from sim.harness import Hospital
from tests.builders import LIFT, corridor_site
from tests.hospitals import handover_due

MIGRATIONS = Path(fleet_manager.persistence.__file__).parent / "migrations"


def _database_of(revision: str, file: Path) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{file}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return engine


def test_goods_that_are_on_their_way_keep_their_history(tmp_path: Path) -> None:
    """A nurse has loaded one robot, and another one waits for her, when the fleet manager is brought up to date."""

    async def morning() -> tuple[list[Recorded], FleetState]:
        async with Hospital(corridor_site(), nurses=None) as hospital:
            first = await hospital.request("b", "ward", "cefazolin")
            await handover_due(hospital, first.id)
            nurse = Actor(id="nurse-li", role="nurse")
            for _ in range(2):
                await hospital.manager.do(HandOver(actor=nurse, task=TaskId(first.id)))
                await asyncio.sleep(5)
                if (await hospital.manager.task(first.id)).status != "completed":
                    await handover_due(hospital, first.id)
                    break
            return list(hospital.store.log), hospital.manager.state

    log, lived = run_virtual(morning())
    engine = _database_of("0004", tmp_path / "fleet.sqlite3")
    with engine.begin() as connection:
        insert = sa.text("INSERT INTO events VALUES (:seq, :time, :kind, :data)")
        for recorded in log:
            data = {
                k: v
                for k, v in json.loads(encode(recorded.event)).items()
                if k not in ("second", "second_proof", "back")
            }
            row = {"seq": recorded.seq, "kind": event_kind(recorded.event), "data": json.dumps(data)}
            connection.execute(insert, row | {"time": recorded.time.strftime("%Y-%m-%d %H:%M:%S.%f")})
        for table, rows in (("missions", lived.missions), ("robots", lived.robots)):
            for known in rows.values():
                row = {"id": known.id, "status": known.status, "data": encode(known)}
                connection.execute(sa.text(f"INSERT INTO {table} VALUES (:id, :status, :data)"), row)
        for task in lived.tasks.values():
            row = {"id": task.id, "status": task.status, "mission": None, "data": encode(task)}
            connection.execute(sa.text("INSERT INTO tasks VALUES (:id, :status, :mission, :data)"), row)
    engine.dispose()
    state = asyncio.run(_loaded(tmp_path))
    assert state.chains == lived.chains
    assert [gap(chain) for chain in state.chains.values()] == [None]
    (due,) = state.handovers.values()
    assert (due.task, due.place, due.compartments) == ("T00001", "ward", ("main",))
    assert due.step in lived.handovers


async def _loaded(folder: Path) -> FleetState:
    store = await SqlStore.open(f"sqlite+aiosqlite:///{folder}/fleet.sqlite3", corridor_site())
    state = await store.load()
    await store.close()
    return state


def test_sessions_of_the_first_version_get_a_number_and_have_run_out(tmp_path: Path) -> None:
    engine = _database_of("0001", tmp_path / "fleet.sqlite3")
    with engine.begin() as connection:
        for robot in ("robot-1", "robot-2"):
            session = {"id": f"{robot}:lift:7", "kind": "lift", "device": "lift", "robot": robot, "ends_after": 7}
            row = {"id": session["id"], "data": json.dumps(session | {"level": "L1"})}
            connection.execute(sa.text("INSERT INTO device_sessions VALUES (:id, :data)"), row)
        connection.execute(sa.text("INSERT INTO closed_lanes VALUES ('a-b', '2026-03-01 08:00:00')"))
    engine.dispose()

    state = asyncio.run(_loaded(tmp_path))
    assert [(s.robot, s.fencing, s.expires.year) for s in state.sessions.values()] == [
        ("robot-1", 1, 2000),
        ("robot-2", 2, 2000),
    ]
    assert state.devices[LIFT].fencing == 2
    assert state.closures == {}
