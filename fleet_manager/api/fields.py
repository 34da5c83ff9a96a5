"""What requests are made of: identifiers, texts and times, checked for shape and length."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias
from unicodedata import category

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, StringConstraints


def printable(text: str) -> str:
    if any(category(character) in {"Cc", "Cs"} and character not in "\n\t" for character in text):
        raise ValueError("must not hold control characters")
    return text


def _text_only(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("must be a text such as 2026-03-01T09:15:00+08:00")
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside of the calendar") from None


def text_of(shortest: int, longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=shortest, max_length=longest)


Id: TypeAlias = Annotated[str, text_of(1, 100), AfterValidator(printable)]
Name: TypeAlias = Annotated[str, text_of(1, 200), AfterValidator(printable)]
Words: TypeAlias = Annotated[str, text_of(0, 1000), AfterValidator(printable)]
Moment: TypeAlias = Annotated[AwareDatetime, BeforeValidator(_text_only), AfterValidator(_in_utc)]
