"""Events and entities as JSON: the event log's lines and the tables' `data` columns."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec

from fleet_manager.domain.alarms import Alarm
from fleet_manager.domain.alerts import Alert
from fleet_manager.domain.closures import Closure
from fleet_manager.domain.collections import CollectedBag
from fleet_manager.domain.custody import Chain
from fleet_manager.domain.devices import Device
from fleet_manager.domain.disinfection import LampRecord, Room, TreatmentRecord
from fleet_manager.domain.events import Recorded
from fleet_manager.domain.follow_ups import FollowUp
from fleet_manager.domain.handovers import Handover
from fleet_manager.domain.inspections import Checkpoint
from fleet_manager.domain.missions import Mission
from fleet_manager.domain.robots import DeviceSession, Robot
from fleet_manager.domain.schedules import Schedule
from fleet_manager.domain.screening import Cue
from fleet_manager.domain.shifts import ShiftHandover
from fleet_manager.domain.state import UsedKey
from fleet_manager.domain.tasks import DeliveryTask
from fleet_manager.orchestration.projection import event_kind

T = TypeVar(
    "T",
    DeliveryTask,
    Mission,
    Robot,
    Alert,
    DeviceSession,
    Device,
    Closure,
    Alarm,
    UsedKey,
    Chain,
    Handover,
    FollowUp,
    Room,
    LampRecord,
    TreatmentRecord,
    Schedule,
    ShiftHandover,
    Checkpoint,
    Cue,
    CollectedBag,
)

_encoder: Final = msgspec.json.Encoder(order="deterministic")


def event_line(recorded: Recorded) -> bytes:
    """One line of the log: seq, time, kind and the event's fields. The same events give the same bytes."""
    return _encoder.encode([recorded.seq, recorded.time, event_kind(recorded.event), recorded.event])


def encode(value: object) -> str:
    """An event's fields or an entity as JSON text."""
    return _encoder.encode(value).decode()


def decode(kind: type[T], text: str) -> T:
    """Raises msgspec.ValidationError when the text is of another version."""
    return msgspec.json.decode(text, type=kind)


def fields(text: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(text)
    return found
