"""Masked names, quiet hours and what robots say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_manager.domain.voices import Called, greeting, masked, meal_call, quiet_until
from maps.model import QuietHours, VoiceRules


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("张三", "张*"),
        ("欧阳娜娜", "欧*"),
        ("John Smith", "J*"),
        ("  john", "j*"),
        ("Élodie", "É*"),
        ("E\u0301lodie", "E\u0301*"),
        ("(Bob)", "B*"),
        ("张*", "张*"),
        ("J", "J*"),
        ("", ""),
        (" - ", ""),
    ],
)
def test_of_a_name_only_its_first_letter_is_left(name: str, short: str) -> None:
    assert masked(name) == short
    assert Called(name=name).name == short


@given(st.text(max_size=30))
def test_masking_again_changes_nothing_and_tells_one_letter_at_most(name: str) -> None:
    short = masked(name)
    assert masked(short) == short
    assert sum(c.isalnum() for c in short) <= 1


def _until(clock: str, rules: VoiceRules | None = None, zone: str = "Asia/Shanghai") -> str | None:
    now = datetime.fromisoformat(f"2025-01-06T{clock}").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    end = quiet_until(rules or VoiceRules(), zone, now)
    return f"{end:%d %H:%M}" if end is not None else None


def test_by_default_it_is_quiet_at_noon_and_at_night() -> None:
    assert _until("11:59") is None
    assert _until("12:00") == "06 14:00"
    assert _until("13:59") == "06 14:00"
    assert _until("14:00") is None
    assert _until("21:59") is None
    assert _until("22:00") == "07 06:00"
    assert _until("00:30") == "06 06:00"
    assert _until("06:00") is None


def test_quiet_hours_that_touch_are_one() -> None:
    rules = VoiceRules(quiet_hours=(QuietHours(begin="12:00", until="14:00"), QuietHours(begin="14:00", until="15:00")))
    assert _until("12:30", rules) == "06 15:00"


def test_a_site_without_quiet_hours_is_never_quiet() -> None:
    assert _until("23:00", VoiceRules(quiet_hours=())) is None


@given(st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2026, 12, 31)))  # noqa: DTZ001
def test_when_quiet_hours_are_over_it_is_not_quiet_whatever_the_clocks_do(moment: datetime) -> None:
    now = moment.replace(tzinfo=UTC)
    end = quiet_until(VoiceRules(), "Europe/Berlin", now)
    if end is not None:
        assert timedelta() < end - now <= timedelta(hours=9)
        assert quiet_until(VoiceRules(), "Europe/Berlin", end) is None


def test_what_is_said_is_in_the_site_s_languages_and_their_order() -> None:
    called = Called(bed="12", name="张三")
    assert meal_call(VoiceRules(), called).texts == (
        ("zh", "12床张，您的餐到了，请取餐。"),
        ("en", "Bed 12, 张: your meal is here. Please take it."),
    )
    [(language, text)] = greeting(VoiceRules(languages=("en",)), Called(name=""), "ward 3").texts
    assert (language, text) == ("en", "Hello. Please follow me, I will show you the way to ward 3.")
