"""Time for simulated runs: a loop that jumps from timer to timer, a loop that runs faster than the wall, clocks.

Code awaits `asyncio.sleep` and reads an injected `Clock`; which of the loops below (or asyncio's own) runs it decides
how fast time passes.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn, Protocol, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

SIMULATED_START: Final = datetime(2025, 1, 6, tzinfo=UTC)
"""A Monday, 00:00 UTC: where virtual runs begin unless told otherwise."""

_JUMP: Final = timedelta(seconds=1)
_HURRY: Final = 1.1

_CALLBACKS_WITHOUT_TIME: Final = 5_000_000
_CANCELLED_TIMERS_KEPT: Final = 1_000


class StuckError(RuntimeError):
    """Virtual time can't go on: every task waits for something that nothing left in the loop will bring."""


class VirtualTimeError(RuntimeError):
    """Something that follows wall time (a thread, a socket, a process) was asked of a loop in virtual time."""


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, aware and in UTC."""
        ...


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class LoopClock:
    """`start` plus the time of `loop` (default: the running one)."""

    def __init__(self, start: datetime = SIMULATED_START, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._start = start
        self._loop = loop or asyncio.get_running_loop()
        self._last = (0.0, start)

    def now(self) -> datetime:
        time, moment = self._last
        if time != self._loop.time():
            time = self._loop.time()
            moment = self._start + timedelta(seconds=time)
            self._last = time, moment
        return moment


class ScaledClock:
    """Runs `speed` times faster than the wall clock; both agree at `epoch`.

    Processes that are given the same speed and epoch agree on the time.
    """

    def __init__(self, speed: float, epoch: datetime) -> None:
        self._speed = speed
        self._epoch = epoch

    def now(self) -> datetime:
        return self._epoch + (datetime.now(UTC) - self._epoch) * self._speed


class ShiftedClock:
    """Another clock that somebody sets: `jump` moves it, forward or back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shift = timedelta()

    def now(self) -> datetime:
        return self._clock.now() + self._shift

    def jump(self, seconds: float) -> None:
        self._shift += timedelta(seconds=seconds)


class SteadyClock:
    """Shows what `clock` shows as long as that goes evenly with the time of `loop` (default: the running one).

    When somebody sets it, by more than `_JUMP`, this one never leaps after it: it goes a tenth faster or slower until
    both agree again. It never goes back, and begins at `begin` where `clock` is behind that. Whoever measures waits and
    leases by it is not confused by a wrong clock.
    """

    def __init__(
        self, clock: Clock, begin: datetime | None = None, loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        self._clock = clock
        self._loop = loop or asyncio.get_running_loop()
        self._time = self._loop.time()
        self._shown = clock.now() if begin is None else max(begin, clock.now())

    def now(self) -> datetime:
        time = self._loop.time()
        if time == self._time:
            return self._shown
        wanted = self._clock.now()
        passed = time - self._time
        expected = self._shown + timedelta(seconds=passed)
        if abs(wanted - expected) > _JUMP:
            pace = _HURRY if wanted > expected else 1.0 / _HURRY
            wanted = self._shown + timedelta(seconds=passed * pace)
        self._time, self._shown = time, max(self._shown, wanted)
        return self._shown


class VirtualTimeLoop(asyncio.BaseEventLoop):
    """An asyncio loop whose time stands still while callbacks run and then jumps to the next timer.

    Time starts at 0. Timers of the same moment run in the order in which they were set, each followed by all that
    it made ready, so a run depends on nothing but its inputs. Out of `run_until_complete` rises what a callback
    raises, and `StuckError` when no timer and no callback is left or callbacks go on and on without time passing.
    """

    _ready: deque[asyncio.Handle]

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._timers_set = 0
        self._timers_cancelled = 0
        self._callbacks_at_now = 0
        self._failure: BaseException | None = None

    def time(self) -> float:
        return self._now

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        if self.is_closed():
            raise RuntimeError("the loop is closed")
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._timers_set += 1
        heapq.heappush(self._timers, (when, self._timers_set, handle))
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        if threading.get_ident() != getattr(self, "_thread_id", None):
            raise VirtualTimeError("another thread called into a loop in virtual time; threads follow wall time")
        return self.call_soon(callback, *args, context=context)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """A callback that fails ends the run: nothing waits for it that could tell."""
        if "handle" in context and self._failure is None:
            self._failure = context.get("exception")
        else:
            super().call_exception_handler(context)

    def close(self) -> None:
        self._timers.clear()
        super().close()

    def _run_once(self) -> None:
        """Run the next timer, if nothing else is ready or it is due anyway, then all that is ready by then."""
        ready, timers = self._ready, self._timers
        if timers and (not ready or timers[0][0] <= self._now):
            when, _, timer = heapq.heappop(timers)
            if timer.cancelled():
                self._timers_cancelled -= 1
                return
            if when > self._now:
                self._now = when
                self._callbacks_at_now = 0
            else:
                self._count_callbacks(1)
            timer._run()
        elif not ready:
            raise StuckError(self._stuck_because("nothing is left that could wake"))
        if ready:
            self._count_callbacks(len(ready))
            for _ in range(len(ready)):
                handle = ready.popleft()
                if not handle.cancelled():
                    handle._run()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def _count_callbacks(self, number: int) -> None:
        self._callbacks_at_now += number
        if self._callbacks_at_now > _CALLBACKS_WITHOUT_TIME:
            self._callbacks_at_now = 0
            raise StuckError(self._stuck_because("callbacks run without end and no time passes for"))

    def _timer_handle_cancelled(self, _handle: asyncio.TimerHandle) -> None:
        self._timers_cancelled += 1
        if self._timers_cancelled > _CANCELLED_TIMERS_KEPT and self._timers_cancelled * 2 > len(self._timers):
            # `_run_once` holds on to the list, and the handle being cancelled is marked so only after this call.
            self._timers[:] = [entry for entry in self._timers if not entry[2].cancelled()]
            heapq.heapify(self._timers)
            self._timers_cancelled = sum(entry[2] is _handle for entry in self._timers)

    def _stuck_because(self, reason: str) -> str:
        tasks = sorted(_waiting_place(task) for task in asyncio.all_tasks(self))
        return f"stuck at {self._now:.3f} s: {reason} {len(tasks)} task(s): " + "; ".join(tasks)


def _waiting_place(task: asyncio.Task[Any]) -> str:
    frames = task.get_stack()
    places = [
        f"{frame.f_code.co_name} ({os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno})" for frame in frames
    ]
    return f"{task.get_name()} in {places[-1] if places else 'an unknown place'}"


def _refusing(name: str) -> Callable[..., NoReturn]:
    def refuse(*_args: object, **_options: object) -> NoReturn:
        raise VirtualTimeError(f"{name} follows wall time and can't be used in virtual time")

    return refuse


for _name in (
    "run_in_executor",
    "create_connection",
    "create_server",
    "create_unix_connection",
    "create_unix_server",
    "create_datagram_endpoint",
    "connect_accepted_socket",
    "connect_read_pipe",
    "connect_write_pipe",
    "subprocess_exec",
    "subprocess_shell",
    "add_reader",
    "add_writer",
    "add_signal_handler",
    "sock_accept",
    "sock_connect",
    "sock_recv",
    "sock_recv_into",
    "sock_recvfrom",
    "sock_sendall",
    "sock_sendfile",
    "sock_sendto",
    "getaddrinfo",
    "getnameinfo",
):
    setattr(VirtualTimeLoop, _name, _refusing(_name))


class _ScaledSelector(selectors.DefaultSelector):
    """Waits `speed` times shorter than the loop, which counts in simulated seconds, asks for."""

    speed = 1.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return list(super().select(None if timeout is None else timeout / self.speed))


class ScaledLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose seconds pass `speed` times faster than the wall's; sockets and threads work as ever.

    Time limits that are about the machine and not about the simulated world (WebSocket pings, connection time-outs)
    have to be multiplied by `speed`.
    """

    def __init__(self, speed: float = 1.0) -> None:
        selector = _ScaledSelector()
        selector.speed = self.speed = speed
        self._origin = time.monotonic()
        super().__init__(selector)
        if speed <= 0:
            self.close()
            raise ValueError(f"the speed of a loop must be positive, not {speed}")
        self._clock_resolution = time.get_clock_info("monotonic").resolution * speed

    def time(self) -> float:
        return (time.monotonic() - self._origin) * self.speed


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end in virtual time, then cancel what it left behind. Raises `StuckError` when stuck."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


def run_scaled(main: Coroutine[Any, Any, T], speed: float) -> T:
    """Run `main` on a `ScaledLoop`: `asyncio.sleep(1)` takes 1/`speed` wall seconds."""
    with asyncio.Runner(loop_factory=lambda: ScaledLoop(speed)) as runner:
        return runner.run(main)
