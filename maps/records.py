"""Plain data (as YAML and JSON give it) to the model's dataclasses and back, checked field by field.

The checks follow from the dataclasses themselves, so a field added to the model is in the file format too.
Fields that hold their default are left out when writing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from maps import model
from maps.errors import MapContentError

T = TypeVar("T")

strict = with_config(ConfigDict(extra="forbid", allow_inf_nan=False))
"""Decorates a dataclass that `parse` shall fill: unknown keys, NaN and infinity are refused."""

# The model itself stays free of pydantic.
for _record in vars(model).values():
    if isinstance(_record, type) and is_dataclass(_record):
        strict(_record)


@cache
def _checker(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def parse(kind: Callable[..., T], data: object, *, file: Path | str, feature: str) -> T:
    """`data` as an instance of `kind`; raises MapContentError that names file, feature and field."""
    try:
        value: T = _checker(kind).validate_python(data)
    except ValidationError as problems:
        # A misspelt field is both unknown and missing; the name as written is the better hint.
        first = min(problems.errors(), key=lambda problem: problem["type"] != "unexpected_keyword_argument")
        field = ".".join(str(part) for part in first["loc"]) or None
        more = problems.error_count() - 1
        raise MapContentError(
            _explain(first["type"], first["msg"], first["input"]),
            file=file,
            feature=feature,
            field=field,
            remedy=_REMEDIES.get(first["type"]) or (f"{more} more fields of it are wrong too" if more else None),
        ) from problems
    return value


_REMEDIES = {
    "unexpected_keyword_argument": "Remove it or correct its spelling",
    "missing": "Add it",
    "string_type": "Put the value in quotes",
    "finite_number": "Write a finite number",
}


def _explain(kind: str, message: str, value: object) -> str:
    match kind:
        case "unexpected_keyword_argument":
            return "no such field"
        case "missing" | "missing_keyword_only_argument":
            return "missing"
        case _:
            shown = repr(value)
            return f"{message[0].lower()}{message[1:]}, not {shown if len(shown) <= 60 else shown[:57] + '…'}"


def plain(value: Any) -> Any:
    """`value` as dicts, lists and scalars; sets are sorted so that the same site gives the same bytes."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(item) for f in fields(value) if not _is_default(f, item := getattr(value, f.name))}
    match value:
        case StrEnum():
            return value.value
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case frozenset() | set():
            return sorted(plain(item) for item in value)
        case tuple() | list():
            return [plain(item) for item in value]
        case _:
            return value


def _is_default(field: Any, value: object) -> bool:
    if field.default is not MISSING:
        return bool(value == field.default)
    return field.default_factory is not MISSING and bool(value == field.default_factory())
