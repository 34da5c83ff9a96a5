"""The database's rows. Columns exist for what is searched or shown in lists; `data` holds the whole entity as JSON.

`events` is the truth; the other tables are projected from it, in the same transaction.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Index, LargeBinary, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={"ix": "ix_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s"},
    )


class EventRow(Base):
    """One line of the append-only log."""

    __tablename__ = "events"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    kind: Mapped[str] = mapped_column(String(40))
    data: Mapped[str] = mapped_column(Text)


class TaskRow(Base):
    __tablename__ = "tasks"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    status: Mapped[str] = mapped_column(String(12), index=True)
    mission: Mapped[str | None] = mapped_column(String(20))
    data: Mapped[str] = mapped_column(Text)


class MissionRow(Base):
    __tablename__ = "missions"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    status: Mapped[str] = mapped_column(String(12), index=True)
    data: Mapped[str] = mapped_column(Text)


class RobotRow(Base):
    __tablename__ = "robots"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    status: Mapped[str] = mapped_column(String(20))
    data: Mapped[str] = mapped_column(Text)


class AlertRow(Base):
    __tablename__ = "alerts"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    state: Mapped[str] = mapped_column(String(8), index=True)
    data: Mapped[str] = mapped_column(Text)


class SessionRow(Base):
    """A door or lift session that a robot holds."""

    __tablename__ = "device_sessions"

    id: Mapped[str] = mapped_column(String(240), primary_key=True)
    data: Mapped[str] = mapped_column(Text)


class DeviceRow(Base):
    """What is remembered of a door or lift between its sessions."""

    __tablename__ = "devices"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    data: Mapped[str] = mapped_column(Text)


class ClosureRow(Base):
    """Lanes that are closed now."""

    __tablename__ = "closures"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    data: Mapped[str] = mapped_column(Text)


class AlarmRow(Base):
    """A fire alarm that lasts."""

    __tablename__ = "alarms"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    data: Mapped[str] = mapped_column(Text)


class KeyRow(Base):
    """An idempotency key that was used."""

    __tablename__ = "idempotency_keys"

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    data: Mapped[str] = mapped_column(Text)


class CustodyRow(Base):
    """The chain of custody of one item of one task."""

    __tablename__ = "custody"

    id: Mapped[str] = mapped_column(String(140), primary_key=True)
    task: Mapped[str] = mapped_column(String(20), index=True)
    item: Mapped[str] = mapped_column(String(100), index=True)
    data: Mapped[str] = mapped_column(Text)


class HandoverRow(Base):
    """A hand-over that is on offer, or was in a mission that runs."""

    __tablename__ = "handovers"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    data: Mapped[str] = mapped_column(Text)


class FollowUpRow(Base):
    __tablename__ = "follow_ups"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    state: Mapped[str] = mapped_column(String(8), index=True)
    item: Mapped[str] = mapped_column(String(100), index=True)
    data: Mapped[str] = mapped_column(Text)


class CollectedBagRow(Base):
    """One line of the register of what was collected."""

    __tablename__ = "collections"

    id: Mapped[str] = mapped_column(String(140), primary_key=True)
    task: Mapped[str] = mapped_column(String(20), index=True)
    collected_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    data: Mapped[str] = mapped_column(Text)


class RoomRow(Base):
    """What is known of a zone that is disinfected."""

    __tablename__ = "rooms"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    data: Mapped[str] = mapped_column(Text)


class LampRow(Base):
    """The hours and checks of a robot's lamp."""

    __tablename__ = "lamps"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    data: Mapped[str] = mapped_column(Text)


class TreatmentRow(Base):
    """What a task that disinfects really did."""

    __tablename__ = "treatments"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    data: Mapped[str] = mapped_column(Text)


class ScheduleRow(Base):
    """A schedule; one that was deleted stays, so that no other gets its id."""

    __tablename__ = "schedules"

    id: Mapped[str] = mapped_column(String(20), primary_key=True)
    data: Mapped[str] = mapped_column(Text)


class ShiftRow(Base):
    """Who of a ward's next shift has read last what was open."""

    __tablename__ = "shifts"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    data: Mapped[str] = mapped_column(Text)


class CheckpointRow(Base):
    """A place that is patrolled, with its last visit."""

    __tablename__ = "checkpoints"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    data: Mapped[str] = mapped_column(Text)


class CueRow(Base):
    """What a person has to look at again, or did; deleted when the site keeps it no longer."""

    __tablename__ = "cues"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    data: Mapped[str] = mapped_column(Text)


class RecordingRow(Base):
    """Some seconds of what consoles showed: see `orchestration.replay.RecordedPart`."""

    __tablename__ = "recordings"

    begin: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    end: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    whole: Mapped[bool] = mapped_column()
    seq: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column()
    data: Mapped[bytes] = mapped_column(LargeBinary)


class SecretRow(Base):
    """What only the fleet manager knows, and must know after a restart too. No event tells it."""

    __tablename__ = "secrets"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)


Index("ix_events_kind", EventRow.kind)
