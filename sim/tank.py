"""The tank of a body's sprayer, which gives so many litres per metre that the body drives."""

from __future__ import annotations

from math import hypot

from sim.bodies import Body


class Tank:
    """Full at first. Between two calls of `give` and `mark` the body goes straight, so its place tells how far."""

    def __init__(self, body: Body) -> None:
        assert body.fleet.sprayer is not None
        self._body = body
        self._capacity = self._litres = body.fleet.sprayer.tank
        self._rate = 0.0
        self._from = (0.0, 0.0)

    @property
    def litres(self) -> float:
        """What is in it now."""
        if self._rate == 0.0:
            return self._litres
        place = self._body.place
        driven = hypot(place.x - self._from[0], place.y - self._from[1])
        return max(0.0, self._litres - self._rate * driven)

    def give(self, rate: float) -> None:
        """From now on it gives `rate` litres per metre."""
        self.mark()
        self._rate = rate

    def mark(self) -> None:
        """The body goes another way from here."""
        self._litres = self.litres
        place = self._body.place
        self._from = (place.x, place.y)

    def fill(self) -> None:
        self._litres = self._capacity

    def leak(self, litres: float) -> None:
        """Fault: so much is left in it."""
        self._litres = min(self._capacity, max(0.0, litres))
