"""Alerts: what a person has to see to, with the next step to take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

AlertId = NewType("AlertId", str)


class AlertState(StrEnum):
    OPEN = "open"
    TAKEN = "taken"
    CLOSED = "closed"


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """`subject` is the robot, task, lift or door it is about. One alert per kind and subject is open at a time."""

    id: AlertId
    kind: str
    severity: Severity
    subject: str
    text: str
    since: datetime
    next_step: str
    state: AlertState = AlertState.OPEN
    taken_by: str | None = None
    closed_at: datetime | None = None
