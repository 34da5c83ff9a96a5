"""Recordings of the past, in the database or, for simulated runs, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from fleet_manager.orchestration.replay import RecordedPart
from fleet_manager.persistence.mapping import as_utc
from fleet_manager.persistence.tables import RecordingRow

_FORGOTTEN_AT_ONCE: Final = 200
"""Rows of one transaction: longer ones would keep the fleet manager's own commits waiting."""

log = structlog.get_logger()


class SqlRecordings:
    """Satisfies `replay.Recordings`. A part that can't be stored is lost, and nothing else."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def keep(self, part: RecordedPart) -> bool:
        row = {
            "begin": part.begin,
            "end": part.end,
            "whole": part.whole,
            "seq": part.seq,
            "size": len(part.data),
            "data": part.data,
        }
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(RecordingRow), [row])
        except SQLAlchemyError as error:
            log.warning("a part of the recording is lost", begin=part.begin.isoformat(), error=str(error))
            return False
        return True

    async def parts(self, begin: datetime, end: datetime, limit: int) -> list[RecordedPart]:
        whole = select(RecordingRow.begin).where(RecordingRow.whole)
        before = whole.where(RecordingRow.begin <= begin).order_by(RecordingRow.begin.desc()).limit(1)
        after = whole.where(RecordingRow.begin > begin).order_by(RecordingRow.begin).limit(1)
        async with AsyncSession(self._engine) as session:
            first = await session.scalar(before) or await session.scalar(after)
            if first is None:
                return []
            within = (RecordingRow.begin >= first) & (RecordingRow.begin < end)
            wanted = select(RecordingRow).where(within).order_by(RecordingRow.begin).limit(limit)
            return [_part(row) for row in await session.scalars(wanted)]

    async def oldest(self) -> datetime | None:
        async with AsyncSession(self._engine) as session:
            found = await session.scalar(select(func.min(RecordingRow.begin)))
            return as_utc(found) if found is not None else None

    async def newest(self) -> RecordedPart | None:
        async with AsyncSession(self._engine) as session:
            row = await session.scalar(select(RecordingRow).order_by(RecordingRow.begin.desc()).limit(1))
            return _part(row) if row is not None else None

    async def forget(self, before: datetime, limit: int) -> None:
        newer = func.sum(RecordingRow.size).over(order_by=RecordingRow.begin.desc())
        sizes = select(RecordingRow.begin, newer.label("total")).subquery()
        too_much = select(func.max(sizes.c.begin)).where(sizes.c.total > limit)
        try:
            async with self._engine.connect() as connection:
                last = await connection.scalar(too_much)
            await self._delete(select(RecordingRow.begin).where(RecordingRow.end < before))
            if last is not None:
                await self._delete(select(RecordingRow.begin).where(RecordingRow.begin <= last))
        except SQLAlchemyError as error:
            log.warning("old recordings are still there", error=str(error))

    async def _delete(self, rows: Select[datetime]) -> None:
        oldest = rows.order_by(RecordingRow.begin).limit(_FORGOTTEN_AT_ONCE)
        while True:
            async with self._engine.begin() as connection:
                gone = await connection.execute(delete(RecordingRow).where(RecordingRow.begin.in_(oldest)))
            if gone.rowcount < _FORGOTTEN_AT_ONCE:
                return


def _part(row: RecordingRow) -> RecordedPart:
    return RecordedPart(begin=as_utc(row.begin), end=as_utc(row.end), whole=row.whole, seq=row.seq, data=row.data)


@dataclass(slots=True)
class MemoryRecordings:
    """The same in this process."""

    kept: list[RecordedPart] = field(default_factory=list)

    async def keep(self, part: RecordedPart) -> bool:
        self.kept.append(part)
        return True

    async def parts(self, begin: datetime, end: datetime, limit: int) -> list[RecordedPart]:
        whole = [part.begin for part in self.kept if part.whole]
        first = max((b for b in whole if b <= begin), default=min((b for b in whole if b > begin), default=end))
        return [part for part in self.kept if first <= part.begin < end][:limit]

    async def oldest(self) -> datetime | None:
        return self.kept[0].begin if self.kept else None

    async def newest(self) -> RecordedPart | None:
        return self.kept[-1] if self.kept else None

    async def forget(self, before: datetime, limit: int) -> None:
        young = [part for part in self.kept if part.end >= before]
        total, self.kept = 0, []
        for part in reversed(young):
            total += len(part.data)
            if total > limit:
                break
            self.kept.insert(0, part)
