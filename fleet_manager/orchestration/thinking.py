"""Long work, such as planning a disinfection: how it is run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Think(Protocol):
    """Runs long work: beside the loop when time is real, at once when it is simulated."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


async def think_at_once(work: Callable[[], T], /) -> T:
    return work()
