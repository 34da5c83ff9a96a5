"""Hand-overs on offer, and the one-time PIN and QR code that open them to whoever was shown one.

A code is a keyed digest of the hand-over itself (robot, compartments, step, time) and never stored: neither the event
log nor the tables tell it. After RFC 6238 a code belongs to a period of time; here it is good to the end of the next
period, so that nobody gets one that runs out at once.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b32encode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from fleet_manager.domain.missions import MissionId, StepId
from fleet_manager.domain.tasks import Actor, ItemId, ItemOutcome, TaskId
from maps.model import RobotId, WaypointId

_OLDEST: Final = 288
"""Periods back in which a code is still recognised as one that has run out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What one person at a hand-over said of each item; `proof` is the kind only, `weights` are in kg."""

    actor: Actor
    proof: str
    outcomes: tuple[tuple[ItemId, ItemOutcome], ...]
    time: datetime
    weights: tuple[tuple[ItemId, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A hand-over that is on offer, or was in a mission that still runs.

    `signed` is the first of two signatures; `failures` count wrong proofs in a row, `lockouts` how often they were too
    many, which voids all codes that were shown before. `done_at` and `done_by` are set once the goods changed hands.
    """

    step: StepId
    mission: MissionId
    task: TaskId
    robot: RobotId
    place: WaypointId
    compartments: tuple[str, ...]
    offered_at: datetime
    signed: Signature | None = None
    failures: int = 0
    lockouts: int = 0
    locked_until: datetime | None = None
    done_at: datetime | None = None
    done_by: str | None = None

    def locked(self, now: datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverCode:
    """What the receiver is shown. The PIN is typed in, the token is what the QR code holds; either is used once."""

    pin: str
    token: str
    valid_until: datetime


class Verdict(StrEnum):
    VALID = "valid"
    EXPIRED = "expired"
    USED = "used"
    WRONG = "wrong"


class HandoverCodes:
    """Makes and checks codes. `secret` is known to the fleet manager alone and stays the same over restarts."""

    def __init__(self, secret: bytes, *, life: float) -> None:
        self._secret = secret
        self._life = life

    def code(self, handover: Handover, now: datetime) -> HandoverCode:
        """The present code of a hand-over for its next signature."""
        period = self._period(handover, now)
        ends = handover.offered_at + timedelta(seconds=(period + 2) * self._life)
        return HandoverCode(pin=self._pin(handover, period), token=self._token(handover, period), valid_until=ends)

    def check(self, handover: Handover, value: str, now: datetime, *, qr: bool) -> Verdict:
        """What a PIN, or the token of a QR code, is worth at a hand-over now."""
        period = self._period(handover, now)
        valid = (period, period - 1)
        if self._is_one(handover, value, valid, qr=qr):
            used = handover.done_at is not None
            return Verdict.USED if used else Verdict.VALID
        if handover.signed is not None and self._is_one(replace(handover, signed=None), value, valid, qr=qr):
            return Verdict.USED
        past = range(max(0, period - _OLDEST), period - 1)
        return Verdict.EXPIRED if self._is_one(handover, value, past, qr=qr) else Verdict.WRONG

    def _is_one(self, handover: Handover, value: str, periods: range | tuple[int, ...], *, qr: bool) -> bool:
        """Compares with all of them in the same time, whichever fits."""
        make = self._token if qr else self._pin
        given = value.strip().upper().encode()
        fits = [hmac.compare_digest(make(handover, period).encode(), given) for period in periods if period >= 0]
        return any(fits)

    def _period(self, handover: Handover, now: datetime) -> int:
        return max(0, int((now - handover.offered_at).total_seconds() // self._life))

    def _pin(self, handover: Handover, period: int) -> str:
        return f"{int.from_bytes(self._digest('pin', handover, period)[:8]) % 1_000_000:06d}"

    def _token(self, handover: Handover, period: int) -> str:
        return f"WF1-{b32encode(self._digest('qr', handover, period)[:15]).decode()}"

    def _digest(self, kind: str, handover: Handover, period: int) -> bytes:
        meant = (
            kind,
            handover.task,
            handover.step,
            handover.robot,
            handover.compartments,
            handover.offered_at,
            handover.signed is not None,
            handover.lockouts,
            period,
        )
        return hmac.digest(self._secret, msgspec.json.encode(meant), hashlib.sha256)
