"""Schedules: tasks that are asked for again and again, by a recurrence rule in the ward's own time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NewType

from fleet_manager.domain.tasks import Actor, TaskKind

ScheduleId = NewType("ScheduleId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """`rule` is an RRULE (RFC 5545), counted from `begins`, both in the local time of `timezone` (IANA).

    At each occurrence, but not on the days of `exceptions`, the task of `kind` that `request` describes is asked for in
    the name of `actor`. `next_at` is the next occurrence (UTC), None when there is none left; `last_task` what the last
    one made, and `last_refusal` why it could not.
    """

    id: ScheduleId
    name: str
    kind: TaskKind
    request: str
    rule: str
    begins: datetime
    timezone: str
    actor: Actor
    exceptions: tuple[date, ...] = ()
    paused: bool = False
    next_at: datetime | None = None
    last_at: datetime | None = None
    last_task: str | None = None
    last_refusal: str = ""
    deleted_at: datetime | None = None
