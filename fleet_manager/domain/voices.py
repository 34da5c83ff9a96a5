"""What robots say aloud, in which languages, when they keep silent, and how they call people without naming them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import takewhile
from typing import Final
from zoneinfo import ZoneInfo

from maps.model import QuietHours, VoiceRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """A text by language (code, text), said `times` over, all languages in their order each time."""

    texts: tuple[tuple[str, str], ...]
    times: int = 1

    def seconds(self) -> float:
        """How long it takes to say all of it, about."""
        return self.times * sum(_PAUSE + _PER_LETTER * len(text.encode()) for _, text in self.texts)


_PAUSE: Final = 1.0
_PER_LETTER: Final = 0.07
"""Seconds for each byte of a text: Latin letters are said at some 14 a second, Chinese characters at some 5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """Whom a robot calls: by the number of a bed, or not, and by a masked name."""

    name: str
    bed: str | None = None

    def __post_init__(self) -> None:
        """A name is masked here, so that there is no value of ours that holds a whole one."""
        object.__setattr__(self, "name", masked(self.name))


def masked(name: str) -> str:
    """A name as it may be called out: 张三 is 张*, John Smith is J*; one that is masked already stays as it is."""
    letters = name.strip().lstrip("".join(c for c in name if not c.isalnum()))
    if not letters:
        return ""
    marks = takewhile(unicodedata.combining, letters[1:])
    return f"{letters[0]}{''.join(marks)}*"


# --- quiet hours -------------------------------------------------------------------------------------------


def quiet_until(rules: VoiceRules, timezone: str, now: datetime) -> datetime | None:
    """When the quiet hours end that last now, in the site's time; None when none do. Hours that touch count as one."""
    at = now.astimezone(ZoneInfo(timezone))
    end: datetime | None = None
    for _ in rules.quiet_hours:
        ends = [over for hours in rules.quiet_hours if (over := _over(hours, at)) is not None]
        if not ends:
            break
        at = end = max(ends)
    return end


def _over(hours: QuietHours, at: datetime) -> datetime | None:
    """When these hours are over, if they last at a local time."""
    begin, until = time.fromisoformat(hours.begin), time.fromisoformat(hours.until)
    clock = at.time().replace(tzinfo=None)
    by_day = begin <= clock < until
    if not (by_day if begin < until else clock >= begin or clock < until):
        return None
    day = at.date() if clock < until else at.date() + timedelta(days=1)
    return datetime.combine(day, until, tzinfo=at.tzinfo)


# --- texts of our own --------------------------------------------------------------------------------------

_CALL: Final = {
    "en": "Bed {bed}, {name}: your meal is here. Please take it.",
    "zh": "{bed}床{name}，您的餐到了，请取餐。",
}
_GREETING: Final = {
    "en": "Hello {name}. Please follow me, I will show you the way to {place}.",
    "zh": "您好{name}，请跟我来，我带您去{place}。",
}
_REMINDER: Final = {"en": "Please follow me. I am waiting for you.", "zh": "请跟我来，我在等您。"}
_FAREWELL: Final = {"en": "Here we are: {place}. Goodbye.", "zh": "{place}到了，再见。"}


def meal_call(rules: VoiceRules, called: Called) -> Saying:
    return _in_all(rules, _CALL, bed=called.bed or "", name=_spoken(called.name))


def greeting(rules: VoiceRules, called: Called, place: str) -> Saying:
    return _in_all(rules, _GREETING, name=_spoken(called.name), place=place)


def reminder(rules: VoiceRules) -> Saying:
    return _in_all(rules, _REMINDER)


def farewell(rules: VoiceRules, place: str) -> Saying:
    return _in_all(rules, _FAREWELL, place=place)


def _spoken(name: str) -> str:
    """Voices don't say an asterisk."""
    return name.removesuffix("*")


def _in_all(rules: VoiceRules, texts: Mapping[str, str], **words: str) -> Saying:
    said = ((language, " ".join(texts[language].format(**words).split())) for language in rules.languages)
    return Saying(texts=tuple((language, text.replace(" .", ".").replace(" :", ":")) for language, text in said))
