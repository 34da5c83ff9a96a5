"""How long planning takes on the wall. It is measured beside the decisions; none of them reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class PlanTimes:
    """Seconds that planning took, one figure for each handled event that planned.

    An event is a message, a timer that is due, or a cycle of dispatch. `wall` is a clock that only goes on, such as
    `time.perf_counter`; without it nothing is measured.
    """

    def __init__(self, wall: Callable[[], float] | None = None) -> None:
        self.seconds: list[float] = []
        self._wall = wall
        self._spent: float | None = None
        self._inside = False

    @contextmanager
    def planning(self) -> Iterator[None]:
        """Measure what is done within; planning within planning counts once."""
        if self._wall is None or self._inside:
            yield
            return
        self._inside = True
        began = self._wall()
        try:
            yield
        finally:
            self._spent = (self._spent or 0.0) + self._wall() - began
            self._inside = False

    def event_over(self) -> None:
        """Whatever is planned from now on belongs to the next event."""
        if self._spent is not None:
            self.seconds.append(self._spent)
            self._spent = None
