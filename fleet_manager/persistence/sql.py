"""The event store on SQL: SQLite in a file by default, PostgreSQL by its URL.

A commit writes the log and the projected rows in one transaction. SQLite runs in WAL mode with full synchronisation, so
that what was answered survives a power cut.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, delete, event, func, insert, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from fleet_manager.domain.alarms import Alarm
from fleet_manager.domain.alerts import Alert, AlertState
from fleet_manager.domain.closures import Closure
from fleet_manager.domain.collections import CollectedBag
from fleet_manager.domain.custody import Chain
from fleet_manager.domain.devices import Device
from fleet_manager.domain.disinfection import LampRecord, Room, TreatmentRecord
from fleet_manager.domain.events import Recorded
from fleet_manager.domain.follow_ups import FollowUp, FollowUpState
from fleet_manager.domain.handovers import Handover
from fleet_manager.domain.inspections import Checkpoint
from fleet_manager.domain.missions import Mission, MissionStatus
from fleet_manager.domain.robots import DeviceSession, Robot
from fleet_manager.domain.schedules import Schedule
from fleet_manager.domain.screening import Cue
from fleet_manager.domain.shifts import ShiftHandover
from fleet_manager.domain.state import Changed, FleetState, UsedKey, new_state
from fleet_manager.domain.tasks import DeliveryTask, TaskStatus
from fleet_manager.orchestration.ports import TaskRecord
from fleet_manager.orchestration.views import EventView
from fleet_manager.persistence.encoding import decode
from fleet_manager.persistence.mapping import Values, changed_rows, event_values, event_view
from fleet_manager.persistence.recordings import SqlRecordings
from fleet_manager.persistence.tables import (
    AlarmRow,
    AlertRow,
    Base,
    CheckpointRow,
    ClosureRow,
    CollectedBagRow,
    CueRow,
    CustodyRow,
    DeviceRow,
    EventRow,
    FollowUpRow,
    HandoverRow,
    KeyRow,
    LampRow,
    MissionRow,
    RobotRow,
    RoomRow,
    ScheduleRow,
    SecretRow,
    SessionRow,
    ShiftRow,
    TaskRow,
    TreatmentRow,
)
from maps.model import Site

_SECRET_LENGTH = 32
"""Bytes."""

_ENDED = [status for status in TaskStatus if status.ended]


class SqlStore:
    """Satisfies `ports.EventStore`. Open it with `SqlStore.open`, which brings the schema up to date."""

    def __init__(self, engine: AsyncEngine, site: Site) -> None:
        self._engine = engine
        self._site = site

    @classmethod
    async def open(cls, url: str, site: Site) -> Self:
        """Connect and migrate. Raises sqlalchemy's OperationalError when the database can't be reached."""
        engine = create_async_engine(url)
        if engine.dialect.name == "sqlite":
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        async with engine.begin() as connection:
            await connection.run_sync(_migrate)
        return cls(engine, site)

    async def commit(self, events: Sequence[Recorded], changed: Changed) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(insert(EventRow), [event_values(recorded) for recorded in events])
            for table, key, rows in changed_rows(changed):
                await self._store(connection, table, key, [row for row in rows.values() if row is not None])
                gone = [name for name, row in rows.items() if row is None]
                if gone:
                    await connection.execute(delete(table).where(table.__table__.c[key].in_(gone)))

    async def _store(self, connection: AsyncConnection, table: type[Base], key: str, rows: list[Values]) -> None:
        """Insert or replace, once per set of columns: a task's mission is left alone when it did not change."""
        by_columns: dict[tuple[str, ...], list[Values]] = {}
        for row in rows:
            by_columns.setdefault(tuple(row), []).append(row)
        upsert = postgresql_insert if self._engine.dialect.name == "postgresql" else sqlite_insert
        for columns, values in by_columns.items():
            statement = upsert(table)
            changes = {name: statement.excluded[name] for name in columns if name != key}
            await connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=changes), values)

    async def load(self) -> FleetState:
        state = new_state(self._site)
        async with AsyncSession(self._engine) as session:
            state.seq = await session.scalar(select(func.max(EventRow.seq))) or 0
            last = await session.scalar(select(EventRow.time).where(EventRow.seq == state.seq))
            state.time = last.replace(tzinfo=UTC) if last is not None and last.tzinfo is None else last
            for robot in await session.scalars(select(RobotRow.data)):
                known = decode(Robot, robot)
                if known.id in state.robots:
                    state.robots[known.id] = known
            for text in await session.scalars(
                select(TaskRow.data).where(TaskRow.status.not_in(_ENDED)).order_by(TaskRow.id)
            ):
                task = decode(DeliveryTask, text)
                state.tasks[task.id] = task
            running = select(MissionRow.data).where(MissionRow.status == MissionStatus.RUNNING).order_by(MissionRow.id)
            for text in await session.scalars(running):
                mission = decode(Mission, text)
                state.missions[mission.id] = mission
            open_alerts = select(AlertRow.data).where(AlertRow.state != AlertState.CLOSED).order_by(AlertRow.id)
            for text in await session.scalars(open_alerts):
                alert = decode(Alert, text)
                state.alerts[alert.id] = alert
            for text in await session.scalars(select(SessionRow.data).order_by(SessionRow.id)):
                device_session = decode(DeviceSession, text)
                state.sessions[device_session.id] = device_session
            for text in await session.scalars(select(DeviceRow.data).order_by(DeviceRow.id)):
                device = decode(Device, text)
                state.devices[device.id] = device
            for text in await session.scalars(select(ClosureRow.data).order_by(ClosureRow.id)):
                closure = decode(Closure, text)
                state.closures[closure.id] = closure
            for text in await session.scalars(select(AlarmRow.data).order_by(AlarmRow.id)):
                alarm = decode(Alarm, text)
                state.alarms[alarm.id] = alarm
            for text in await session.scalars(select(KeyRow.data)):
                used = decode(UsedKey, text)
                state.keys[used.key] = used
            open_tasks = select(TaskRow.id).where(TaskRow.status.not_in(_ENDED))
            chains = select(CustodyRow.data).where(CustodyRow.task.in_(open_tasks)).order_by(CustodyRow.id)
            for text in await session.scalars(chains):
                chain = decode(Chain, text)
                state.chains[chain.id] = chain
            for text in await session.scalars(select(HandoverRow.data).order_by(HandoverRow.id)):
                handover = decode(Handover, text)
                state.handovers[handover.step] = handover
            still_open = FollowUpRow.state == FollowUpState.OPEN
            for text in await session.scalars(select(FollowUpRow.data).where(still_open).order_by(FollowUpRow.id)):
                follow_up = decode(FollowUp, text)
                state.follow_ups[follow_up.id] = follow_up
            bags = select(CollectedBagRow.data).where(CollectedBagRow.task.in_(open_tasks)).order_by(CollectedBagRow.id)
            for text in await session.scalars(bags):
                bag = decode(CollectedBag, text)
                state.bags[bag.id] = bag
            for text in await session.scalars(select(RoomRow.data).order_by(RoomRow.id)):
                room = decode(Room, text)
                state.rooms[room.zone] = room
            for text in await session.scalars(select(LampRow.data).order_by(LampRow.id)):
                lamp = decode(LampRecord, text)
                state.lamps[lamp.robot] = lamp
            of_open_tasks = select(TreatmentRow.data).where(TreatmentRow.id.in_(open_tasks)).order_by(TreatmentRow.id)
            for text in await session.scalars(of_open_tasks):
                treatment = decode(TreatmentRecord, text)
                state.treatments[treatment.task] = treatment
            for text in await session.scalars(select(ScheduleRow.data).order_by(ScheduleRow.id)):
                schedule = decode(Schedule, text)
                state.schedule_count += 1
                if schedule.deleted_at is None:
                    state.schedules[schedule.id] = schedule
            for text in await session.scalars(select(ShiftRow.data).order_by(ShiftRow.id)):
                shift = decode(ShiftHandover, text)
                state.shifts[shift.ward] = shift
            for text in await session.scalars(select(CheckpointRow.data).order_by(CheckpointRow.id)):
                checkpoint = decode(Checkpoint, text)
                state.checkpoints[checkpoint.place] = checkpoint
            for text in await session.scalars(select(CueRow.data).order_by(CueRow.id)):
                cue = decode(Cue, text)
                state.cues[cue.id] = cue
            state.follow_up_count = await session.scalar(select(func.count()).select_from(FollowUpRow)) or 0
            state.task_count = await session.scalar(select(func.count()).select_from(TaskRow)) or 0
            state.mission_count = await session.scalar(select(func.count()).select_from(MissionRow)) or 0
            state.alert_count = await session.scalar(select(func.count()).select_from(AlertRow)) or 0
        return state

    async def events_after(self, seq: int, limit: int) -> list[EventView]:
        wanted = select(EventRow).where(EventRow.seq > seq).order_by(EventRow.seq).limit(limit)
        async with AsyncSession(self._engine) as session:
            return [event_view(row) for row in await session.scalars(wanted)]

    async def tasks(self, *, status: str | None, limit: int, before: str | None) -> list[TaskRecord]:
        wanted = select(TaskRow.data, MissionRow.data).outerjoin(MissionRow, TaskRow.mission == MissionRow.id)
        if status is not None:
            wanted = wanted.where(TaskRow.status == status)
        if before is not None:
            wanted = wanted.where(TaskRow.id < before)
        async with AsyncSession(self._engine) as session:
            rows = await session.execute(wanted.order_by(TaskRow.id.desc()).limit(limit))
            return [_record(row[0], row[1]) for row in rows]

    async def task(self, task: str) -> TaskRecord | None:
        wanted = select(TaskRow.data, MissionRow.data).outerjoin(MissionRow, TaskRow.mission == MissionRow.id)
        async with AsyncSession(self._engine) as session:
            row = (await session.execute(wanted.where(TaskRow.id == task))).first()
            return _record(row[0], row[1]) if row is not None else None

    async def custody(self, item: str) -> list[Chain]:
        wanted = select(CustodyRow.data).where(CustodyRow.item == item).order_by(CustodyRow.task)
        async with AsyncSession(self._engine) as session:
            return [decode(Chain, text) for text in await session.scalars(wanted)]

    async def treatment(self, task: str) -> TreatmentRecord | None:
        async with AsyncSession(self._engine) as session:
            text = await session.scalar(select(TreatmentRow.data).where(TreatmentRow.id == task))
            return decode(TreatmentRecord, text) if text is not None else None

    async def follow_ups(self, *, state: str | None, item: str | None, limit: int) -> list[FollowUp]:
        wanted = select(FollowUpRow.data)
        if state is not None:
            wanted = wanted.where(FollowUpRow.state == state)
        if item is not None:
            wanted = wanted.where(FollowUpRow.item == item)
        async with AsyncSession(self._engine) as session:
            found = await session.scalars(wanted.order_by(FollowUpRow.id.desc()).limit(limit))
            return [decode(FollowUp, text) for text in found]

    async def collections(self, *, begin: datetime, end: datetime, limit: int) -> list[CollectedBag]:
        within = (CollectedBagRow.collected_at >= begin) & (CollectedBagRow.collected_at < end)
        wanted = select(CollectedBagRow.data).where(within).order_by(CollectedBagRow.collected_at, CollectedBagRow.id)
        async with AsyncSession(self._engine) as session:
            return [decode(CollectedBag, text) for text in await session.scalars(wanted.limit(limit))]

    async def secret(self, name: str) -> bytes:
        """What this database's manager alone knows under a name; made up when it is asked for the first time."""
        async with AsyncSession(self._engine) as session, session.begin():
            known = await session.get(SecretRow, name)
            if known is None:
                known = SecretRow(name=name, value=secrets.token_bytes(_SECRET_LENGTH))
                session.add(known)
            return known.value

    def recordings(self) -> SqlRecordings:
        """The recordings in the same database."""
        return SqlRecordings(self._engine)

    async def close(self) -> None:
        await self._engine.dispose()


def _record(task: str, mission: str | None) -> TaskRecord:
    return TaskRecord(task=decode(DeliveryTask, task), mission=decode(Mission, mission) if mission else None)


def _prepare_sqlite(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.close()


def _migrate(connection: Connection) -> None:
    """Bring the schema to the newest version."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
