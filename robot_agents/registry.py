"""Robot vendors by name, found as entry points of the group `wardfleet.agents`, in this package or any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from importlib.metadata import entry_points
from typing import Final, Protocol

from robot_agents.agent import Agent, Clock

GROUP: Final = "wardfleet.agents"


class UnknownVendorError(LookupError):
    """No installed package offers agents of that kind."""


class AgentOptionsError(ValueError):
    """An option that agents of this kind need is missing or wrong."""


class AgentFactory(Protocol):
    """What an entry point names: opens what several robots' agents share, yields one agent per robot, in their order.

    `options` are the vendor's own, such as `world` (address), all of them texts. Raises `AgentOptionsError`.
    """

    def __call__(
        self, robots: Sequence[str], clock: Clock, options: Mapping[str, str]
    ) -> AbstractAsyncContextManager[Sequence[Agent]]: ...


def vendors() -> tuple[str, ...]:
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


def agent_factory(vendor: str) -> AgentFactory:
    """Raises `UnknownVendorError`, which names the known ones."""
    for entry in entry_points(group=GROUP, name=vendor):
        factory: AgentFactory = entry.load()
        return factory
    raise UnknownVendorError(f"there are no agents of kind {vendor}; known are: {', '.join(vendors()) or 'none'}")
