"""The past is shown again as consoles showed it, robots between two events included."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from fleet_manager.domain.tasks import Actor
from fleet_manager.orchestration.commands import ChangeRobot, RobotAction, StartClosure
from fleet_manager.orchestration.recorder import Recorder
from fleet_manager.orchestration.views import FleetSnapshot
from fleet_manager.persistence.recordings import MemoryRecordings
from sim.harness import Hospital
from tests.builders import ROBOT_2
from tests.hospitals import HEARTBEATS, PROMPT, tell

_BETWEEN = ("pose", "last_seen", "state_of_charge", "tank")
"""Fields of a robot that differ between two events."""

OPERATOR = Actor(id="operator-zhao", role="operator")
CLEANER = Actor(id="cleaner-wu", role="facility")


class Screen:
    """What a console shows at a moment of a replay: it goes from frame to frame."""

    def __init__(self) -> None:
        self.views: dict[str, dict[str, dict[str, Any]]] = {}
        self.closures: list[dict[str, Any]] = []
        self.poses: dict[str, list[Any]] = {}

    def shown(self, kind: str) -> dict[str, dict[str, Any]]:
        """What is open, without what is told by telemetry between two events."""
        views = self.views.get(kind, {})
        return {
            id_: {k: v for k, v in view.items() if k not in _BETWEEN}
            for id_, view in views.items()
            if view.get("ended_at") is None and view.get("state") != "closed"
        }

    def show(self, frames: list[dict[str, Any]], until: datetime) -> Screen:
        for frame in frames:
            if datetime.fromisoformat(frame["time"]) > until:
                break
            if frame.get("whole"):
                self.views = {}
            for kind in ("tasks", "robots", "alerts", "doors", "lifts"):
                known = self.views.setdefault(kind, {})
                for changed in frame.get(kind, ()):
                    view = known.setdefault(changed["id"], {})
                    passed = changed.pop("passed", None)
                    if passed is not None:
                        rest = view["route"][passed:]
                        allocated = changed.pop("allocated")
                        view["route"] = [node | {"allocated": i < allocated} for i, node in enumerate(rest)]
                    view.update(changed)
            self.closures = frame.get("closures", self.closures)
            self.poses |= {pose[0]: pose[1:] for pose in frame.get("poses", ())}
        return self


async def _frames(recorder: Recorder, begin: datetime, end: datetime) -> list[dict[str, Any]]:
    """All of a span, answer after answer."""
    found: list[dict[str, Any]] = []
    following: datetime | None = begin
    while following is not None:
        answer = json.loads(await recorder.replay(following, end))
        found += answer["frames"]
        following = datetime.fromisoformat(answer["next"]) if answer["next"] else None
    return found


def _plain(snapshot: FleetSnapshot, kind: str) -> dict[str, dict[str, Any]]:
    views = json.loads(msgspec.json.encode(getattr(snapshot, kind)))
    return {view["id"]: {k: v for k, v in view.items() if k not in _BETWEEN} for view in views}


def _recorder(hospital: Hospital, kept: MemoryRecordings) -> Recorder:
    return Recorder(hospital.manager, kept, hospital.clock, days=7, limit=10**9)


def _with_recorder(story: Callable[[Hospital, Recorder, MemoryRecordings], Awaitable[None]]) -> None:
    """Frames are taken between the whole seconds at which robots report."""

    async def day(hospital: Hospital) -> None:
        await asyncio.sleep(0.37)
        kept = MemoryRecordings()
        recorder = _recorder(hospital, kept)
        async with recording(recorder):
            await story(hospital, recorder, kept)

    tell(day, agents=HEARTBEATS, patience=PROMPT)


@asynccontextmanager
async def recording(recorder: Recorder) -> AsyncIterator[None]:
    running = asyncio.create_task(recorder.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])


def test_any_moment_is_shown_as_it_was() -> None:
    """A delivery through door and lift, a wet floor, a paused robot; snapshots are taken meanwhile, to compare."""

    async def story(hospital: Hospital, recorder: Recorder, kept: MemoryRecordings) -> None:
        taken: list[tuple[FleetSnapshot, int]] = []
        begin = hospital.clock.now()

        async def look() -> None:
            """Right after a frame."""
            await asyncio.sleep(0.01)
            while True:
                await asyncio.sleep(7.0)
                taken.append((hospital.manager.snapshot(), len(hospital.manager.closures())))

        looking = asyncio.create_task(look())
        task = await hospital.request("b", "ward", "cefazolin")
        await asyncio.sleep(30.0)
        lane = "c-ward"
        until = hospital.clock.now() + timedelta(seconds=20)
        await hospital.do(StartClosure(actor=CLEANER, lanes=(lane,), until=until, reason="the floor is wet"))
        await hospital.do(ChangeRobot(actor=OPERATOR, robot=ROBOT_2, action=RobotAction.PAUSE))
        await hospital.ended(task.id)
        await asyncio.sleep(12.0)
        looking.cancel()
        end = hospital.clock.now()

        frames = await _frames(recorder, begin, end)
        assert len(taken) > 10
        for snapshot, closures in taken:
            screen = Screen().show(json.loads(json.dumps(frames)), snapshot.time)
            for kind in ("robots", "doors", "lifts", "alerts"):
                assert screen.shown(kind) == _plain(snapshot, kind), (kind, snapshot.time)
            assert screen.shown("tasks") == _plain(snapshot, "tasks"), snapshot.time
            assert len(screen.closures) == closures
            for robot in snapshot.robots:
                if robot.pose is not None:
                    level, x, y, yaw = screen.poses[robot.id]
                    assert (level, x, y, yaw) == (
                        robot.pose.level,
                        pytest.approx(robot.pose.x, abs=0.006),
                        pytest.approx(robot.pose.y, abs=0.006),
                        pytest.approx(robot.pose.yaw, abs=0.006),
                    )
        levels = {screen_pose[1] for frame in frames for screen_pose in frame.get("poses", ()) if screen_pose[0]}
        assert levels == {"L1", "L2"}
        assert any(closures for _, closures in taken)

        told = [event for frame in frames for event in frame.get("events", ())]
        kinds = [event["kind"] for event in told]
        assert kinds.count("items_handed_over") == 2
        ended = next(event for event in told if event["kind"] == "task_ended")
        assert (ended["task"], ended["status"]) == (task.id, "completed")
        paused = next(event for event in told if event["kind"] == "robot_paused")
        assert (paused["robot"], paused["actor"]) == ("robot-2", OPERATOR.id)
        closed = next(event for event in told if event["kind"] == "closure_started")
        assert closed["actor"] == CLEANER.id

    _with_recorder(story)


def test_an_hour_comes_in_several_answers_and_says_how_far_back_it_goes() -> None:
    async def story(hospital: Hospital, recorder: Recorder, kept: MemoryRecordings) -> None:
        begin = hospital.clock.now()
        await asyncio.sleep(3600.0)
        end = hospital.clock.now()
        first = json.loads(await recorder.replay(begin, end))
        assert datetime.fromisoformat(first["recorded_since"]) == begin
        assert first["frames"][0]["whole"]
        following = datetime.fromisoformat(first["next"])
        second = json.loads(await recorder.replay(following, end))
        assert second["frames"][0]["whole"]
        assert datetime.fromisoformat(second["frames"][0]["time"]) == following
        frames = await _frames(recorder, begin, end)
        times = [datetime.fromisoformat(frame["time"]) for frame in frames]
        assert times == sorted(set(times))
        assert len(times) == pytest.approx(3600, abs=15)
        late = json.loads(await recorder.replay(end - timedelta(minutes=2), end))
        assert late["next"] is None
        assert (
            end - timedelta(minutes=8) < datetime.fromisoformat(late["frames"][0]["time"]) < end - timedelta(minutes=2)
        )
        usual = json.loads(await recorder.replay(None, None))
        assert datetime.fromisoformat(usual["begin"]) == end - timedelta(minutes=10)
        before = json.loads(await recorder.replay(begin - timedelta(hours=2), begin - timedelta(hours=1)))
        assert before["frames"] == []

    _with_recorder(story)


def test_what_happened_while_the_picture_was_lost_is_told_from_the_log() -> None:
    """The manager dies; the next one goes on recording, and tells what the log has of the seconds in between."""

    async def story(hospital: Hospital, recorder: Recorder, kept: MemoryRecordings) -> None:
        begin = hospital.clock.now()
        await asyncio.sleep(25.0)
        kept = MemoryRecordings(list(kept.kept))
        assert kept.kept
        await hospital.do(ChangeRobot(actor=OPERATOR, robot=ROBOT_2, action=RobotAction.PAUSE))
        await hospital.kill_manager()
        await asyncio.sleep(30.0)
        await hospital.start_manager()
        await hospital.do(ChangeRobot(actor=OPERATOR, robot=ROBOT_2, action=RobotAction.RESUME))
        again = _recorder(hospital, kept)
        async with recording(again):
            await asyncio.sleep(15.0)
        frames = await _frames(again, begin, hospital.clock.now())
        times = [datetime.fromisoformat(frame["time"]) for frame in frames]
        gaps = [(b - a).total_seconds() for a, b in pairwise(times) if (b - a).total_seconds() > 2]
        assert len(gaps) == 1
        assert gaps[0] == pytest.approx(35, abs=6)
        told = [event["kind"] for frame in frames for event in frame.get("events", ())]
        assert told.count("robot_paused") == told.count("robot_resumed") == 1
        assert Screen().show(frames, hospital.clock.now()).views["robots"]["robot-2"]["paused"] is False

    _with_recorder(story)


def test_old_parts_are_forgotten() -> None:
    async def day(hospital: Hospital) -> None:
        kept = MemoryRecordings()
        async with recording(Recorder(hospital.manager, kept, hospital.clock, days=0.5 / 24, limit=10**9)):
            await asyncio.sleep(2 * 3600.0)
        oldest = await kept.oldest()
        assert oldest is not None
        assert hospital.clock.now() - oldest < timedelta(minutes=45)

    tell(day, agents=HEARTBEATS, patience=PROMPT)
