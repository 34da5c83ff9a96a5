"""Sessions with an expiry: who holds a door or waits for a lift, and until when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator


class Leases:
    """Sessions in the order in which they came. `expired` is called when leases ran out; they are gone by then.

    A session for which `keep` is true outlives its lease; `check` looks again whether it still has to. Sessions may
    carry a fencing number (Kleppmann 2016, *How to do distributed locking*): one that has ended is never taken up
    again, because a new session needs a greater number than all before. 0 means no number, as people's calls have.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        expired: Callable[[], None],
        keep: Callable[[str], bool] = lambda _session: False,
    ) -> None:
        self._loop = loop
        self._expired = expired
        self._keep = keep
        self._until: dict[str, float] = {}
        self.newest = 0
        self._timer: asyncio.TimerHandle | None = None

    def __contains__(self, session: str) -> bool:
        return session in self._until

    def __iter__(self) -> Iterator[str]:
        return iter(self._until)

    @property
    def first(self) -> str | None:
        return next(iter(self._until), None)

    def hold(self, session: str, lease: float, fencing: int) -> bool:
        """Begin or renew; a renewed session keeps its turn. False for a session whose number comes too late."""
        if session not in self._until and 0 < fencing <= self.newest:
            return False
        self.newest = max(self.newest, fencing)
        self._until[session] = self._loop.time() + lease
        if self._timer is None or self._timer.when() > self._until[session]:
            self._look_again()
        return True

    def drop(self, session: str) -> bool:
        """End the session; False when there is none."""
        return self._until.pop(session, None) is not None

    def check(self) -> None:
        """End the sessions whose time is over, unless they have to be kept."""
        now = self._loop.time()
        over = [session for session, until in self._until.items() if until <= now and not self._keep(session)]
        for session in over:
            del self._until[session]
        self._look_again()
        if over:
            self._expired()

    def _look_again(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        ahead = [until for until in self._until.values() if until > self._loop.time()]
        self._timer = self._loop.call_at(min(ahead), self.check) if ahead else None
