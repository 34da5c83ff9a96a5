"""Crashes of the fleet manager: it dies at a commit, and a new one takes up what is stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fleet_manager.domain.collections import CollectedBag
from fleet_manager.domain.custody import Chain
from fleet_manager.domain.disinfection import TreatmentRecord
from fleet_manager.domain.events import Recorded
from fleet_manager.domain.follow_ups import FollowUp
from fleet_manager.domain.state import Changed, FleetState
from fleet_manager.orchestration.ports import EventStore, TaskRecord
from fleet_manager.orchestration.views import EventView


class ManagerCrashed(Exception):
    """The manager's process is gone. Whoever asked it for something does not know what came of it."""


class Moment(StrEnum):
    """When a manager dies: before its commit is durable, after that but before anybody was told, or after that."""

    BEFORE = "before"
    STORED = "stored"
    TOLD = "told"


@dataclass(slots=True)
class Crashes:
    """`when` gets the number of each commit since the run began, from 1, and says at which moment of it the manager
    dies, if it does. A manager that is only taking up what is stored is left alone with `spare_taking_up`: it could
    never get beyond that when each of its commits killed it.
    """

    when: Callable[[int], Moment | None] = lambda _commit: None
    spare_taking_up: bool = False
    commits: int = 0
    happened: int = 0
    _next: Moment | None = None
    _dies_when_told: bool = False

    def order(self, moment: Moment) -> None:
        """The manager dies at its next commit."""
        self._next = moment

    def next(self, *, taking_up: bool) -> Moment | None:
        """What happens to the commit that begins now."""
        if taking_up and self.spare_taking_up:
            return None
        self.commits += 1
        ordered, self._next = self._next, None
        return ordered or self.when(self.commits)

    def die(self, moment: Moment) -> None:
        self.happened += 1
        raise ManagerCrashed(f"the manager died at commit {self.commits}, {moment}")

    def when_told(self) -> None:
        """The next commit is durable; the manager dies once everybody was told."""
        self._dies_when_told = True

    def told(self, _recorded: Recorded) -> None:
        """The last watcher of a manager: all others, and everybody outside, know of the commit."""
        if self._dies_when_told:
            self._dies_when_told = False
            self.die(Moment.TOLD)


def at_commit(number: int, moment: Moment) -> Crashes:
    """The manager dies once."""
    return Crashes(lambda commit: moment if commit == number else None)


def at_every_commit() -> Crashes:
    """The manager dies at each commit by which it answers to something, in turn before and after others know of it."""
    return Crashes(lambda commit: Moment.STORED if commit % 2 else Moment.TOLD, spare_taking_up=True)


class WatchedStore:
    """An event store whose commits are shown to `saw`, whatever becomes of the manager, and where it may die."""

    def __init__(
        self,
        inner: EventStore,
        saw: Callable[[Sequence[Recorded], Changed], None],
        crashes: Crashes | None = None,
        taking_up: Callable[[], bool] = lambda: False,
    ) -> None:
        self._inner = inner
        self._saw = saw
        self._crashes = crashes
        self._taking_up = taking_up

    async def commit(self, events: Sequence[Recorded], changed: Changed) -> None:
        crashes = self._crashes
        moment = crashes.next(taking_up=self._taking_up()) if crashes is not None else None
        if crashes is not None and moment is Moment.BEFORE:
            crashes.die(moment)
        await self._inner.commit(events, changed)
        self._saw(events, changed)
        if crashes is not None and moment is Moment.STORED:
            crashes.die(moment)
        elif crashes is not None and moment is Moment.TOLD:
            crashes.when_told()

    async def load(self) -> FleetState:
        return await self._inner.load()

    async def events_after(self, seq: int, limit: int) -> list[EventView]:
        return await self._inner.events_after(seq, limit)

    async def tasks(self, *, status: str | None, limit: int, before: str | None) -> list[TaskRecord]:
        return await self._inner.tasks(status=status, limit=limit, before=before)

    async def task(self, task: str) -> TaskRecord | None:
        return await self._inner.task(task)

    async def treatment(self, task: str) -> TreatmentRecord | None:
        return await self._inner.treatment(task)

    async def custody(self, item: str) -> list[Chain]:
        return await self._inner.custody(item)

    async def follow_ups(self, *, state: str | None, item: str | None, limit: int) -> list[FollowUp]:
        return await self._inner.follow_ups(state=state, item=item, limit=limit)

    async def collections(self, *, begin: datetime, end: datetime, limit: int) -> list[CollectedBag]:
        return await self._inner.collections(begin=begin, end=end, limit=limit)

    async def close(self) -> None:
        await self._inner.close()
