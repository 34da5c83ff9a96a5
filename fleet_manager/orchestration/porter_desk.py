"""What the console's porter page needs of the porters' agents; `bootstrap` adapts the agents to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fleet_manager.domain.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class PorterStepView:
    """One thing a porter shall do now.

    `kind` is go_to (walk to `place`), load, unload, or close; `items` are item ids. Load and unload are the moment of
    a hand-over: the task's `handover_step` is done first, then the step.
    """

    command_id: str
    kind: str
    place: str | None
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PorterView:
    """A person as a carrier. `steps` are the present ones, oldest first; empty when there is nothing to do."""

    id: str
    connected: bool
    task: str | None
    steps: tuple[PorterStepView, ...]


class PorterDesk(Protocol):
    """All porters of the site. An unknown porter or step raises NotFound, a step that is over raises Conflict."""

    def porters(self) -> list[PorterView]: ...

    def porter(self, porter: str) -> PorterView: ...

    def done(self, porter: str, command_id: str) -> PorterView: ...

    def refuse(self, porter: str, command_id: str, reason: str) -> PorterView: ...


class NoPorters:
    """The desk of a site without porters."""

    def porters(self) -> list[PorterView]:
        return []

    def porter(self, porter: str) -> PorterView:
        raise NotFound(f"there is no porter {porter} at this site")

    def done(self, porter: str, command_id: str) -> PorterView:
        return self.porter(porter)

    def refuse(self, porter: str, command_id: str, reason: str) -> PorterView:
        return self.porter(porter)
