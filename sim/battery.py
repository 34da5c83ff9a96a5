"""The state of charge of one battery over time, computed when asked."""

from __future__ import annotations

from math import inf

from maps.model import Battery

_SECONDS_PER_HOUR = 3600.0


class Charge:
    """State of charge, 0–1, changing at a constant power since the last call of `draw`.

    `empty_at` is when it will be used up at the present power, infinite when it never will.
    """

    __slots__ = ("_capacity", "_level", "_rate", "_since", "empty_at")

    def __init__(self, battery: Battery, level: float, time: float) -> None:
        self._capacity = battery.capacity * _SECONDS_PER_HOUR
        self._level = level
        self._since = time
        self._rate = 0.0
        self.empty_at = inf

    def at(self, time: float) -> float:
        return min(1.0, max(0.0, self._level + self._rate * (time - self._since)))

    def draw(self, watts: float, time: float) -> None:
        """From `time` on the battery gives `watts`; a charger makes it negative."""
        self._level = self.at(time)
        self._since = time
        self._rate = -watts / self._capacity
        self.empty_at = time - self._level / self._rate if watts > 0.0 else inf

    def lose(self, share: float, time: float) -> None:
        """Fault: `share` of the capacity is gone at once."""
        watts = -self._rate * self._capacity
        self._level = max(0.0, self.at(time) - share)
        self._since = time
        self.draw(watts, time)

    def reaches(self, level: float) -> float | None:
        """When the level will be reached at the present power; None when it lies behind or is never reached."""
        if self._rate == 0.0 or (level - self._level) * self._rate <= 0.0:
            return None
        return self._since + (level - self._level) / self._rate
