from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from robot_agents.agent import Reporter
from robot_agents.logbook import COMMANDS_REMEMBERED, Logbook, LogbookError
from robot_agents.memory_link import ManagerEnd, MemoryNetwork, memory_pair
from robot_agents.protocol import (
    ChargeReached,
    Command,
    CommandDone,
    FromAgent,
    FromManager,
    Hello,
    Observation,
    Pause,
    Pose,
    Report,
    ReportsAcknowledged,
    Telemetry,
    Welcome,
)
from robot_agents.runtime import AgentRuntime, AgentSettings
from sim.clock import LoopClock, run_virtual

START = datetime(2025, 1, 6, tzinfo=UTC)


class Recorder:
    """An agent that notes its commands and does nothing else."""

    robot = "robot-1"

    def __init__(self) -> None:
        self.executed: list[Command] = []
        self.speed = 0.0
        self.reporter: Reporter

    async def start(self, reporter: Reporter) -> None:
        self.reporter = reporter

    def execute(self, command: Command) -> None:
        self.executed.append(command)

    def telemetry(self) -> Telemetry:
        pose = Pose(level="L1", x=0.0, y=0.0, yaw=0.0)
        return Telemetry(robot=self.robot, time=START, pose=pose, speed=self.speed, state_of_charge=0.5)

    async def stop(self) -> None:
        return


class Bench:
    """A recorder, its runtime, and the manager's end of the line."""

    def __init__(self, settings: AgentSettings, state_path: Path | None, stored: int) -> None:
        self.agent = Recorder()
        self.heard: list[tuple[float, FromAgent]] = []
        self.stored = stored
        self.end: ManagerEnd
        self.network = MemoryNetwork(self.accept)
        self.runtime = AgentRuntime(
            self.agent,
            partial(self.network.connect, Recorder.robot),
            LoopClock(),
            settings,
            rng=random.Random(1),
            state_path=state_path,
        )

    def accept(self, end: ManagerEnd) -> None:
        self.end = end
        end.on_message = self.hear

    def hear(self, message: FromAgent) -> None:
        self.heard.append((asyncio.get_running_loop().time(), message))
        if isinstance(message, Hello):
            self.end.send(Welcome(protocol_version=1, acknowledged=self.stored))

    @property
    def reports(self) -> list[Report]:
        return [message for _, message in self.heard if not isinstance(message, Hello | Telemetry | Observation)]

    def times(self, kind: type[FromAgent]) -> list[float]:
        return [time for time, message in self.heard if isinstance(message, kind)]


def on_bench(
    story: Callable[[Bench], Awaitable[None]],
    *,
    settings: AgentSettings | None = None,
    state_path: Path | None = None,
    stored: int = 0,
) -> Bench:
    async def main() -> Bench:
        bench = Bench(settings or AgentSettings(moving_period=None, idle_period=None), state_path, stored)
        running = asyncio.create_task(bench.runtime.run())
        await asyncio.sleep(0.01)
        await story(bench)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        return bench

    return run_virtual(main())


# --- runtime ---------------------------------------------------------------------------------------------------


def test_telemetry_comes_faster_while_the_robot_moves() -> None:
    async def story(bench: Bench) -> None:
        await asyncio.sleep(10.0)
        bench.agent.speed = 1.0
        await asyncio.sleep(10.0)

    bench = on_bench(story, settings=AgentSettings())
    assert len([time for time in bench.times(Telemetry) if time <= 10.0]) == 11
    assert len([time for time in bench.times(Telemetry) if time > 11.05]) == pytest.approx(90, abs=2)


def test_a_long_virtual_run_needs_no_telemetry_at_all() -> None:
    async def story(bench: Bench) -> None:
        await asyncio.sleep(1e6)

    assert len(on_bench(story).heard) == 2


def test_attempts_to_connect_grow_rarer_up_to_a_bound() -> None:
    attempts: list[float] = []

    async def story(bench: Bench) -> None:
        async def refuse(*_: object) -> object:
            attempts.append(asyncio.get_running_loop().time())
            raise ConnectionRefusedError("nobody there")

        runtime = AgentRuntime(bench.agent, refuse, LoopClock(), rng=random.Random(2))  # type: ignore[arg-type]
        running = asyncio.create_task(runtime.run())
        await asyncio.sleep(60.0)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    on_bench(story)
    pauses = [later - sooner for sooner, later in pairwise(attempts)]
    assert 0.1 <= pauses[0] <= 0.2
    assert all(2.5 <= pause <= 5.0 for pause in pauses[6:])
    assert len(set(pauses)) == len(pauses)


def test_a_manager_that_never_welcomes_is_left() -> None:
    async def story(bench: Bench) -> None:
        def ignore(end: ManagerEnd) -> None:
            end.on_message = lambda message: bench.heard.append((asyncio.get_running_loop().time(), message))

        bench.network.accept = ignore
        bench.network.cut("robot-1")
        bench.heard.clear()
        await asyncio.sleep(35.0)

    assert len(on_bench(story).times(Hello)) == 4


def test_a_robot_without_power_neither_hears_nor_speaks_until_it_is_back() -> None:
    async def story(bench: Bench) -> None:
        bench.agent.reporter.power(False)
        bench.agent.reporter.charge_reached()
        bench.end.send(Pause(command_id="lost"))
        await asyncio.sleep(60.0)
        assert bench.agent.executed == []
        assert bench.reports == []
        bench.agent.reporter.power(True)
        await asyncio.sleep(5.0)

    bench = on_bench(story)
    assert len(bench.times(Hello)) == 2
    assert [report.number for report in bench.reports] == [1]


def test_lost_messages_are_made_up_for_when_the_network_heals() -> None:
    async def story(bench: Bench) -> None:
        bench.network.part("robot-1")
        bench.agent.reporter.charge_reached()
        await asyncio.sleep(300.0)
        assert bench.reports == []
        bench.network.heal("robot-1")
        await asyncio.sleep(10.0)

    assert [report.number for report in on_bench(story).reports] == [1]


# --- what survives the process ---------------------------------------------------------------------------------


def test_a_killed_agent_goes_on_with_its_numbers_and_keeps_its_reports(tmp_path: Path) -> None:
    path = tmp_path / "robot-1.json"

    async def first_life(bench: Bench) -> None:
        bench.agent.reporter.charge_reached()
        bench.agent.reporter.charge_reached()
        await asyncio.sleep(1.0)
        bench.end.send(ReportsAcknowledged(through=1))
        await asyncio.sleep(1.0)
        bench.network.cut("robot-1")
        bench.agent.reporter.done("c1")

    async def second_life(bench: Bench) -> None:
        bench.agent.reporter.charge_reached()
        await asyncio.sleep(1.0)
        bench.end.send(Pause(command_id="c1"))
        await asyncio.sleep(1.0)

    on_bench(first_life, state_path=path)
    bench = on_bench(second_life, state_path=path, stored=1)
    assert [report.number for report in bench.reports] == [2, 3, 4, 3]
    assert isinstance(bench.reports[1], CommandDone)
    assert bench.agent.executed == []


def test_a_command_without_an_outcome_is_executed_again_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "robot-1.json"

    async def life(bench: Bench) -> None:
        bench.end.send(Pause(command_id="c1"))
        bench.end.send(Pause(command_id="c1"))
        await asyncio.sleep(1.0)

    assert len(on_bench(life, state_path=path).agent.executed) == 1
    assert len(on_bench(life, state_path=path).agent.executed) == 1


def test_a_new_agent_numbers_its_first_reports_after_what_is_stored() -> None:
    async def main() -> list[int]:
        bench = Bench(AgentSettings(), None, stored=57)
        bench.network.accept = None
        running = asyncio.create_task(bench.runtime.run())
        await asyncio.sleep(0.01)
        bench.agent.reporter.charge_reached()
        bench.agent.reporter.done("c1")
        bench.network.accept = bench.accept
        await asyncio.sleep(10.0)
        bench.agent.reporter.charge_reached()
        bench.end.send(Pause(command_id="c1"))
        await asyncio.sleep(1.0)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        return [report.number for report in bench.reports]

    assert run_virtual(main()) == [58, 59, 60, 59]


def test_a_manager_that_was_set_back_gets_all_that_is_still_kept() -> None:
    async def story(bench: Bench) -> None:
        for _ in range(5):
            bench.agent.reporter.charge_reached()
        bench.end.send(ReportsAcknowledged(through=3))
        await asyncio.sleep(1.0)
        bench.heard.clear()
        bench.stored = 1
        bench.network.cut("robot-1")
        await asyncio.sleep(5.0)

    assert [report.number for report in on_bench(story).reports] == [4, 5]


def test_a_broken_logbook_is_said_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "robot-1.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(LogbookError, match=r"robot-1\.json"):
        Logbook(path)
    assert path.read_text(encoding="utf-8") == "{"


def test_only_the_last_commands_are_remembered() -> None:
    logbook = Logbook()
    for number in range(COMMANDS_REMEMBERED + 1):
        assert logbook.is_new(f"c{number}")
    assert not logbook.is_new("c1")
    assert logbook.is_new("c0")


# --- lines in memory -------------------------------------------------------------------------------------------


def _report(number: int) -> ChargeReached:
    return ChargeReached(robot="robot-1", number=number, time=START)


def test_messages_arrive_in_order_after_the_latency() -> None:
    async def main() -> list[tuple[float, int]]:
        loop = asyncio.get_running_loop()
        seen: list[tuple[float, int]] = []
        agent_end, manager_end = memory_pair(loop, latency=0.25)
        manager_end.on_message = lambda report: seen.append((loop.time(), getattr(report, "number", 0)))
        for number in range(4):
            agent_end.send(_report(number))
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.0)
        return seen

    seen = run_virtual(main())
    assert [number for _, number in seen] == [0, 1, 2, 3]
    assert [time for time, _ in seen] == pytest.approx([0.25, 0.35, 0.45, 0.55])


def test_an_answer_within_a_callback_comes_later_and_in_order() -> None:
    async def main() -> list[str]:
        seen: list[str] = []
        agent_end, manager_end = memory_pair(asyncio.get_running_loop())

        def answer(message: FromAgent) -> None:
            seen.append("report")
            manager_end.send(ReportsAcknowledged(through=1))
            seen.append("answered")

        def heard(_message: FromManager) -> None:
            seen.append("acknowledged")

        manager_end.on_message, agent_end.on_message = answer, heard
        agent_end.send(_report(1))
        seen.append("sent")
        await asyncio.sleep(1.0)
        return seen

    assert run_virtual(main()) == ["sent", "report", "answered", "acknowledged"]


def test_closing_lets_the_other_end_hear_what_was_said_before_and_cutting_does_not() -> None:
    async def main(cut: bool) -> list[str]:
        seen: list[str] = []
        agent_end, manager_end = memory_pair(asyncio.get_running_loop(), latency=0.5)
        manager_end.on_message = lambda _: seen.append("report")
        manager_end.on_closed = lambda reason: seen.append(reason)
        agent_end.on_closed = lambda reason: seen.append(f"agent: {reason}")
        agent_end.send(_report(1))
        if cut:
            agent_end.cut("broken")
        else:
            agent_end.close("bye")
        agent_end.send(_report(2))
        await asyncio.sleep(2.0)
        return seen

    assert run_virtual(main(cut=False)) == ["report", "bye"]
    assert run_virtual(main(cut=True)) == ["agent: broken", "broken"]
