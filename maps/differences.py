"""What differs between two versions of a site's map: which of its parts came, went or changed, and in what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final

from maps.model import Site

KINDS: Final = ("levels", "waypoints", "lanes", "doors", "lifts", "zones", "fleets")
"""The site's mappings that are compared: all that a route depends on."""


class Happened(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The part `id` of one of `KINDS`; `fields` are the names of those that changed."""

    kind: str
    id: str
    happened: Happened
    fields: tuple[str, ...] = ()


def differences(old: Site, new: Site) -> tuple[Difference, ...]:
    """By kind; removed ones first, then added, then changed ones, each in the order of their site."""
    return tuple(one for kind in KINDS for one in _of_kind(kind, getattr(old, kind), getattr(new, kind)))


def _of_kind(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for name in old:
        if name not in new:
            yield Difference(kind=kind, id=name, happened=Happened.REMOVED)
    for name in new:
        if name not in old:
            yield Difference(kind=kind, id=name, happened=Happened.ADDED)
    for name, before in old.items():
        if name in new and (changed := _changed(before, new[name])):
            yield Difference(kind=kind, id=name, happened=Happened.CHANGED, fields=changed)


def _changed(before: Any, after: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(before) if getattr(before, field.name) != getattr(after, field.name))
