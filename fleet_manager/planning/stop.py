"""When an iterative search has to stop: after so many iterations (in simulation), or at a moment (live)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

_LOOK: Final = 0.002
"""Seconds after which a search with a deadline looks at the clock again."""


class Stop(Protocol):
    """A stop criterion, for one search."""

    def more(self, done: int) -> int:
        """How many iterations may follow on the `done` ones before asking again; 0 ends the search."""
        ...


@dataclass(frozen=True, slots=True)
class Iterations:
    """Stop after `limit` iterations: the same result in every run."""

    limit: int

    def more(self, done: int) -> int:
        return max(0, self.limit - done)


class Deadline:
    """Stop when `clock` (s) shows `at`."""

    def __init__(self, at: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self._at = at
        self._clock = clock
        self._looked = clock()
        self._done = 0
        self._more = 1

    def more(self, done: int) -> int:
        now = self._clock()
        if now >= self._at:
            return 0
        if done > self._done:
            took = max(now - self._looked, 1e-6) / (done - self._done)
            self._more = max(1, min(4 * self._more, int(min(_LOOK, self._at - now) / took)))
        self._looked, self._done = now, done
        return self._more
