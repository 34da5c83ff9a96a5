from __future__ import annotations

import asyncio
import random

import pytest

from robot_agents.porter.agent import PorterAgent, StepKind, StepOverError, UnknownStepError
from robot_agents.porter.walking import WALKING_SPEED, WalkingPorter, home_pose
from robot_agents.protocol import (
    CloseCompartment,
    Dock,
    Drive,
    HandoverDirection,
    OpenCompartment,
    Pause,
    Resume,
    RouteNode,
)
from sim.clock import LoopClock, run_virtual
from tests.builders import corridor_site


class Notes:
    """A reporter that writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[object, ...]] = []

    def done(self, command_id: str) -> None:
        self.lines.append(("done", command_id))

    def failed(self, command_id: str, reason: str, *, retry: bool = False) -> None:
        self.lines.append(("failed", command_id, reason, retry))

    def passed(self, drive_id: str, sequence: int, speed: float) -> None:
        self.lines.append(("passed", drive_id, sequence))

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"a porter does not report {name}")


WALK = Drive(
    command_id="walk",
    nodes=(
        RouteNode(sequence=0, waypoint="home-1", level="L1", x=0.0, y=0.0),
        RouteNode(sequence=1, waypoint="a", level="L1", x=5.0, y=0.0),
        RouteNode(sequence=2, waypoint="home-2", level="L1", x=5.0, y=5.0),
    ),
    cleared_to=2,
)
TAKE = OpenCompartment(
    command_id="take", step_id="s1", compartment="main", direction=HandoverDirection.LOAD, items=("blood",)
)
LOCK = CloseCompartment(command_id="lock", step_id="s1", compartment="main")


async def porter() -> tuple[PorterAgent, Notes]:
    agent = PorterAgent("porter-1", LoopClock(), home_pose(corridor_site(), "robot-1"))
    notes = Notes()
    await agent.start(notes)  # type: ignore[arg-type]
    return agent, notes


def test_commands_become_steps_and_buttons_become_reports() -> None:
    async def main() -> None:
        agent, notes = await porter()
        for command in (WALK, TAKE, LOCK):
            agent.execute(command)
        walk, take, lock = agent.tasks()
        assert (walk.kind, walk.waypoint) == (StepKind.GO_TO, "home-2")
        assert (take.kind, take.step_id, take.items) == (StepKind.LOAD, "s1", ("blood",))
        assert lock.kind is StepKind.CLOSE

        agent.arrived("walk")
        agent.confirm("take")
        agent.refuse("lock", "the box is broken")
        assert agent.tasks() == ()
        assert notes.lines == [
            ("passed", "walk", 2),
            ("done", "walk"),
            ("done", "take"),
            ("failed", "lock", "the box is broken", False),
        ]
        assert agent.telemetry().pose.y == 5.0

    run_virtual(main())


def test_a_porter_who_leaves_gives_all_steps_back() -> None:
    async def main() -> None:
        agent, notes = await porter()
        agent.execute(WALK)
        agent.execute(TAKE)
        agent.release()
        assert agent.tasks() == ()
        assert [line[1] for line in notes.lines if line[-1] is True] == ["walk", "take"]

    run_virtual(main())


def test_a_step_is_done_only_once_and_an_unknown_one_never() -> None:
    async def main() -> None:
        agent, _ = await porter()
        agent.execute(WALK)
        agent.arrived("walk")
        with pytest.raises(StepOverError, match="walk of porter-1"):
            agent.arrived("walk")
        with pytest.raises(UnknownStepError, match="no step fly"):
            agent.confirm("fly")

    run_virtual(main())


def test_a_newer_walk_takes_the_place_of_the_one_before() -> None:
    async def main() -> None:
        agent, notes = await porter()
        agent.execute(WALK)
        agent.execute(WALK.model_copy(update={"command_id": "other"}))
        assert [task.command_id for task in agent.tasks()] == ["other"]
        assert notes.lines == []

    run_virtual(main())


def test_what_a_person_can_not_do_fails_and_a_pause_is_noted() -> None:
    async def main() -> None:
        agent, notes = await porter()
        agent.execute(Dock(command_id="dock", charger="home-1"))
        agent.execute(Pause(command_id="pause"))
        assert agent.telemetry().paused
        agent.execute(Resume(command_id="resume"))
        assert not agent.telemetry().paused
        assert [line[:2] for line in notes.lines] == [("failed", "dock"), ("done", "pause"), ("done", "resume")]

    run_virtual(main())


def test_a_walking_porter_takes_a_walk_s_time() -> None:
    async def main() -> tuple[float, float]:
        agent, notes = await porter()
        WalkingPorter(agent, rng=random.Random(1))
        loop = asyncio.get_running_loop()
        agent.execute(WALK)
        agent.execute(TAKE)
        times = []
        agent.watch(lambda: times.append(loop.time()))
        await asyncio.sleep(60.0)
        assert notes.lines == [("passed", "walk", 2), ("done", "walk"), ("done", "take")]
        return times[0], times[1]

    walked, took = run_virtual(main())
    assert 0.9 <= walked / (10.0 / WALKING_SPEED) <= 1.3
    assert 9.0 <= took - walked <= 13.0


def test_a_porter_needs_a_home_on_the_site() -> None:
    with pytest.raises(LookupError, match="nobody has no home"):
        home_pose(corridor_site(), "nobody")
