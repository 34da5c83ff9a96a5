"""When a recurrence rule falls due, in the local time of a place, through summer time and leap days.

RRULEs (RFC 5545) are read by python-dateutil, the field's usual reader of them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rruleset, rrulestr

from fleet_manager.domain.errors import InvalidRequest

_FAR: Final = timedelta(days=366 * 12)
"""An occurrence farther away than this is none: no hospital plans so far ahead."""

_MOST_LEFT_OUT: Final = 10_000
_MOST_SHOWN: Final = 1000
_SHORTEST: Final = timedelta(minutes=1)


def parsed(rule: str, begins: datetime) -> rrule:
    """Raises InvalidRequest for what is no recurrence rule, with what is wrong."""
    try:
        found = rrulestr(rule.removeprefix("RRULE:"), dtstart=begins.replace(tzinfo=None))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidRequest(
            f"rule: {rule!r} is no recurrence rule: {error}",
            field="rule",
            way_out="write one as in RFC 5545, such as FREQ=DAILY;BYHOUR=6;BYMINUTE=30",
        ) from None
    if isinstance(found, rruleset):
        raise InvalidRequest(
            "rule: give one rule only", field="rule", way_out="make a schedule of its own for the rest"
        )
    first = found.after(begins.replace(tzinfo=None), inc=True)
    second = found.after(first) if first is not None else None
    if first is not None and second is not None and second - first < _SHORTEST:
        raise InvalidRequest(
            f"rule: {rule!r} falls due every {(second - first).total_seconds():.0f} s",
            field="rule",
            way_out="leave at least a minute between two occurrences",
        )
    return found


def occurrences(
    rule: str, begins: datetime, timezone: str, exceptions: Collection[date], since: datetime, until: datetime
) -> list[datetime]:
    """All moments (UTC) from `since` on and before `until` at which a rule falls due, exceptions left out."""
    found: list[datetime] = []
    at = next_after(rule, begins, timezone, exceptions, since - timedelta(seconds=1))
    while at is not None and at < until and len(found) < _MOST_SHOWN:
        found.append(at)
        at = next_after(rule, begins, timezone, exceptions, at)
    return found


def next_after(
    rule: str, begins: datetime, timezone: str, exceptions: Collection[date], now: datetime
) -> datetime | None:
    """The first occurrence after `now` (UTC) that is no exception, None when there is none.

    A local time that the change to summer time leaves out falls due an hour later; one that comes twice, once.
    """
    zone = ZoneInfo(timezone)
    local = now.astimezone(zone).replace(tzinfo=None)
    rules = parsed(rule, begins)
    before = local - timedelta(hours=2)
    for _ in range(_MOST_LEFT_OUT):
        at = rules.after(before)
        if at is None or at - local > _FAR:
            return None
        before = at
        if at.date() in exceptions:
            continue
        due = at.replace(tzinfo=zone).astimezone(UTC)
        if due > now:
            return due
    return None
