"""When a recurrence rule falls due in local time."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from fleet_manager.domain.errors import InvalidRequest
from fleet_manager.planning.recurrence import next_after, occurrences, parsed

_BEGINS = datetime.fromisoformat("2026-01-01T06:30")


def _next(rule: str, now: datetime, timezone: str = "UTC", left_out: tuple[date, ...] = ()) -> datetime | None:
    return next_after(rule, _BEGINS, timezone, left_out, now)


def test_each_morning_in_the_hospital_s_own_time() -> None:
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert _next("FREQ=DAILY", now, "Asia/Shanghai") == datetime(2026, 3, 1, 22, 30, tzinfo=UTC)


def test_exceptions_are_left_out() -> None:
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    left_out = (date(2026, 3, 2), date(2026, 3, 3))
    assert _next("FREQ=DAILY", now, left_out=left_out) == datetime(2026, 3, 4, 6, 30, tzinfo=UTC)


def test_all_occurrences_of_a_week_without_the_exceptions() -> None:
    since, until = datetime(2026, 3, 2, 6, 30, tzinfo=UTC), datetime(2026, 3, 5, 6, 30, tzinfo=UTC)
    found = occurrences("FREQ=DAILY", _BEGINS, "UTC", (date(2026, 3, 3),), since, until)
    assert found == [datetime(2026, 3, day, 6, 30, tzinfo=UTC) for day in (2, 4)]


def test_rule_that_has_ended_falls_due_no_more() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert _next("FREQ=DAILY;COUNT=3", now) is None
    assert _next("FREQ=DAILY;UNTIL=20260131T000000", now) is None
    assert _next("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", now) is None


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Shanghai"])
def test_every_day_of_a_year_has_one_occurrence_through_summer_time(zone: str) -> None:
    begins = datetime.fromisoformat("2026-01-01T02:30")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    found: list[datetime] = []
    for _ in range(365):
        due = next_after("FREQ=DAILY", begins, zone, (), now)
        assert due is not None
        found.append(due)
        now = due
    assert len(set(found)) == 365
    assert max((b - a).total_seconds() for a, b in pairwise(found)) <= 25 * 3600


@pytest.mark.parametrize(
    ("rule", "says"),
    [("every morning", "no recurrence rule"), ("FREQ=SOMETIMES", "no recurrence rule"), ("FREQ=SECONDLY", "every 1 s")],
)
def test_what_is_no_rule_is_refused_with_the_way_out(rule: str, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says) as refused:
        parsed(rule, _BEGINS)
    assert refused.value.way_out
