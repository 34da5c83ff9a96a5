"""How the report says times, shares and activities."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from sim.report.activities import Activity

NAMES: Final[Mapping[Activity, str]] = MappingProxyType(
    {
        Activity.DRIVING: "driving",
        Activity.HAND_OVER: "hand-over",
        Activity.LIFT: "lift, ride included",
        Activity.DOOR: "door",
        Activity.TRAFFIC: "other robots",
        Activity.BEHIND_HAND_OVER: "behind a hand-over",
        Activity.CLOSURE: "closed way or alarm",
        Activity.FAULT: "fault, e-stop or obstacle",
        Activity.CHARGING: "at a charger",
        Activity.IDLE: "idle",
    }
)


class Clock:
    """Times of day at the site, of moments so many seconds after a scenario's beginning."""

    def __init__(self, start: datetime, timezone: str) -> None:
        self._start = start
        self._zone = ZoneInfo(timezone)

    def at(self, seconds: float) -> str:
        return f"{self._moment(seconds):%H:%M:%S}"

    def minute(self, seconds: float) -> str:
        return f"{self._moment(seconds):%H:%M}"

    def time(self, time: datetime | None) -> str:
        return "–" if time is None else f"{time.astimezone(self._zone):%H:%M:%S}"

    def seconds_of_day(self) -> float:
        """The beginning's."""
        start = self._moment(0.0)
        return start.hour * 3600.0 + start.minute * 60.0 + start.second

    def _moment(self, seconds: float) -> datetime:
        return (self._start + timedelta(seconds=seconds)).astimezone(self._zone)


def long(seconds: float | None) -> str:
    """A duration."""
    if seconds is None:
        return "–"
    if seconds < 100.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.1f} min" if seconds < 6000.0 else f"{seconds / 3600.0:.1f} h"


def far(metres: float) -> str:
    return f"{metres:.0f} m" if metres < 10_000.0 else f"{metres / 1000.0:.1f} km"


def share(part: float | None) -> str:
    if part is None:
        return "–"
    return "< 1%" if 0.0 < part < 0.005 else f"{part:.0%}"


def count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
