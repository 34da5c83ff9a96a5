"""Gates: places where a body may only drive on while something is open (a door, a lift's landing, a free lane)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from maps.model import LevelId, WaypointId


class Traveller(Protocol):
    """A body as a gate sees it."""

    def reconsider(self) -> None:
        """A gate that the body watches opened or closed."""
        ...

    def committed_to(self, gate: Gate) -> bool:
        """Whether the body is in the gate or can no longer stop before it."""
        ...

    def carried_to(self, level: LevelId) -> None:
        """A lift's car brought the body to this level."""
        ...


class Gate:
    """One gate and the bodies that drive towards it or through it.

    `reason` says what bodies wait for here. `crossed` is called with a body and the waypoint behind the gate when it
    has arrived there; `freed` whenever a body has left or turned away. It is `awaited` while it can't close because of
    a body that is in it.
    """

    __slots__ = ("_crossed", "_freed", "_near", "awaited", "open", "reason")

    def __init__(
        self,
        reason: str,
        *,
        opened: bool,
        crossed: Callable[[Traveller, WaypointId], None] | None = None,
        freed: Callable[[], None] | None = None,
    ) -> None:
        self.reason = reason
        self.open = opened
        self.awaited = False
        self._crossed = crossed
        self._freed = freed
        self._near: dict[Traveller, None] = {}

    @property
    def watches(self) -> bool:
        """Whether somebody has to be told at once when a body has crossed."""
        return self._crossed is not None

    @property
    def busy(self) -> bool:
        """Whether closing now would hit a body: the light barrier of a real door."""
        self.awaited = any(body.committed_to(self) for body in self._near)
        return self.awaited

    def set(self, opened: bool) -> None:
        if opened != self.open:
            self.open = opened
            self.awaited = False
            for body in tuple(self._near):
                body.reconsider()

    def approach(self, body: Traveller) -> None:
        self._near[body] = None

    def leave(self, body: Traveller) -> None:
        """The body is through, or no longer on its way here."""
        if body in self._near:
            del self._near[body]
            if self._freed is not None:
                self._freed()

    def cross(self, body: Traveller, waypoint: WaypointId) -> None:
        if self._crossed is not None:
            self._crossed(body, waypoint)
