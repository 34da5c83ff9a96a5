from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from sim.clock import (
    LoopClock,
    ScaledClock,
    ScaledLoop,
    StuckError,
    VirtualTimeError,
    VirtualTimeLoop,
    run_scaled,
    run_virtual,
)


def test_a_day_passes_at_once() -> None:
    async def day() -> float:
        await asyncio.sleep(24 * 3600)
        return asyncio.get_running_loop().time()

    started = time.monotonic()
    assert run_virtual(day()) == 24 * 3600
    assert time.monotonic() - started < 1.0


def test_timers_of_one_moment_keep_the_order_in_which_they_were_set() -> None:
    async def order() -> list[int]:
        loop = asyncio.get_running_loop()
        seen: list[int] = []
        for number in range(100):
            loop.call_at(5.0, seen.append, number)
        loop.call_at(5.0, loop.call_soon, seen.append, 100)
        loop.call_at(5.0, seen.append, 101)
        await asyncio.sleep(6.0)
        return seen

    assert run_virtual(order()) == list(range(102))


def test_a_timer_finds_the_very_time_it_was_set_for() -> None:
    async def times() -> list[float]:
        loop = asyncio.get_running_loop()
        seen: list[float] = []
        for when in (0.1, 0.1 + 0.2, 1e6 + 1e-6):
            loop.call_at(when, lambda: seen.append(loop.time()))
        await asyncio.sleep(2e6)
        return seen

    assert run_virtual(times()) == [0.1, 0.1 + 0.2, 1e6 + 1e-6]


def test_a_clock_in_virtual_time_is_start_plus_loop_time() -> None:
    async def later() -> datetime:
        clock = LoopClock(datetime(2025, 3, 1, 8, tzinfo=UTC))
        await asyncio.sleep(90.0)
        return clock.now()

    assert run_virtual(later()) == datetime(2025, 3, 1, 8, 1, 30, tzinfo=UTC)


def test_cancelled_timers_do_not_fire_and_do_not_pile_up() -> None:
    async def cancel_many() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        for number in range(20_000):
            loop.call_at(1e6 + number, pytest.fail).cancel()
        waiting = len(loop._timers)
        await asyncio.sleep(2e6)
        return waiting

    assert run_virtual(cancel_many()) < 2_000


def test_a_time_limit_works_in_virtual_time() -> None:
    async def limited() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30.0):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run_virtual(limited()) == 30.0


def test_stuck_tasks_are_named() -> None:
    async def wait_for_nothing() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        await asyncio.sleep(7.0)
        await asyncio.create_task(wait_for_nothing(), name="the forgotten one")

    with pytest.raises(StuckError, match=r"stuck at 7\.000 s: nothing .* 2 task.*the forgotten one in .*wait"):
        run_virtual(main())


def test_callbacks_without_end_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.clock._CALLBACKS_WITHOUT_TIME", 1_000)

    async def poll() -> None:
        while True:
            await asyncio.sleep(0)

    with pytest.raises(StuckError, match="no time passes"):
        run_virtual(poll())


def test_a_task_that_polls_sees_a_timer_that_is_due() -> None:
    async def poll() -> None:
        done = False

        def finish() -> None:
            nonlocal done
            done = True

        asyncio.get_running_loop().call_later(0.0, finish)
        while not done:
            await asyncio.sleep(0)

    run_virtual(poll())


def test_threads_and_sockets_are_refused() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(VirtualTimeError, match="run_in_executor"):
            await asyncio.to_thread(print)
        with pytest.raises(VirtualTimeError, match="create_connection"):
            await asyncio.open_connection("127.0.0.1", 9)
        with pytest.raises(VirtualTimeError, match="create_server"):
            await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
        loop.call_soon_threadsafe(lambda: None)

    run_virtual(main())


def test_a_call_from_another_thread_is_refused() -> None:
    errors: list[Exception] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def intrude() -> None:
            try:
                loop.call_soon_threadsafe(lambda: None)
            except VirtualTimeError as error:
                errors.append(error)

        thread = threading.Thread(target=intrude)
        thread.start()
        thread.join()

    run_virtual(main())
    assert len(errors) == 1


def test_an_error_in_a_callback_ends_the_run() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_later(3.0, lambda: 1 / 0)
        await asyncio.sleep(10.0)

    with pytest.raises(ZeroDivisionError):
        run_virtual(main())


def test_an_error_in_the_main_task_rises_and_the_others_are_cancelled() -> None:
    cancelled = []

    async def other() -> None:
        try:
            await asyncio.sleep(1e9)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def main() -> None:
        task = asyncio.create_task(other())
        await asyncio.sleep(1.0)
        raise ZeroDivisionError(task.get_name())

    with pytest.raises(ZeroDivisionError):
        run_virtual(main())
    assert cancelled == [True]


def test_a_scaled_loop_runs_so_many_times_faster() -> None:
    async def main() -> float:
        started = asyncio.get_running_loop().time()
        await asyncio.sleep(10.0)
        return asyncio.get_running_loop().time() - started

    before = time.monotonic()
    assert 10.0 <= run_scaled(main(), 50.0) < 15.0
    assert 0.2 <= time.monotonic() - before < 1.0


def test_a_scaled_loop_needs_a_positive_speed() -> None:
    with pytest.raises(ValueError, match="positive"):
        ScaledLoop(0.0)


def test_processes_with_the_same_speed_and_epoch_agree_on_the_time() -> None:
    epoch = datetime.now(UTC) - timedelta(seconds=100)
    one, other = ScaledClock(20.0, epoch), ScaledClock(20.0, epoch)
    assert abs(one.now() - other.now()) < timedelta(seconds=1)
    assert timedelta(seconds=1999) < one.now() - epoch < timedelta(seconds=2040)
