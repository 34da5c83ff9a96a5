"""Records what consoles show, once a second, and answers with any span of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import structlog

from fleet_manager.domain.tasks import TaskStatus
from fleet_manager.orchestration.ports import Clock, FleetManager
from fleet_manager.orchestration.replay import (
    Happening,
    RecordedPart,
    Recordings,
    Replay,
    ReplayFrame,
    TrackPoint,
    answered,
    compressed,
    encoded,
)
from fleet_manager.orchestration.thinking import Think, think_at_once
from fleet_manager.orchestration.views import (
    AlertView,
    Change,
    ClosureView,
    DoorView,
    EventView,
    LiftView,
    PoseView,
    RobotView,
    RoutePointView,
    TaskView,
)

PERIOD: Final = 1.0
"""Seconds between two frames."""

PART: Final = timedelta(seconds=10)
"""The most that a power cut takes away."""

WHOLE: Final = timedelta(minutes=5)
"""How often everything is told anew."""

TIDY: Final = timedelta(minutes=10)

DEFAULT_SPAN: Final = timedelta(minutes=10)

_PARTS: Final = 90
"""The most in one answer: some megabytes with hundreds of robots."""

_CATCH_UP: Final = 1000
"""Events that are read at a time after a restart, and at most so often:"""
_PAGES: Final = 50

TOLD: Final = frozenset(
    {
        "task_submitted",
        "task_assigned",
        "task_requeued",
        "cancellation_started",
        "task_ended",
        "items_handed_over",
        "treatment_begun",
        "treatment_ended",
        "checkpoint_missed",
        "cue_raised",
        "robot_connected",
        "robot_unreachable",
        "robot_status_changed",
        "robot_mode_changed",
        "robot_helped",
        "robot_paused",
        "robot_resumed",
        "closure_started",
        "closure_ended",
        "alarm_raised",
        "alarm_ended",
        "alert_raised",
        "alert_taken",
        "alert_closed",
    }
)
"""The events that people understand; the others steer robots, lifts and doors, which are seen."""

_APART: Final = frozenset({"pose", "last_seen"})
"""Fields that differ all the time: poses are told by themselves."""

Seen = TypeVar("Seen", TaskView, RobotView, AlertView, DoorView, LiftView)

log = structlog.get_logger()


@dataclass(slots=True)
class _Views:
    """The newest view of each thing, by its id."""

    tasks: dict[str, TaskView] = field(default_factory=dict)
    robots: dict[str, RobotView] = field(default_factory=dict)
    alerts: dict[str, AlertView] = field(default_factory=dict)
    doors: dict[str, DoorView] = field(default_factory=dict)
    lifts: dict[str, LiftView] = field(default_factory=dict)
    closures: tuple[ClosureView, ...] = ()
    poses: dict[str, TrackPoint] = field(default_factory=dict)


class Recorder:
    """Satisfies `replay.Replays`; `run` records until it is cancelled.

    Parts older than `days`, and the oldest ones beyond `limit` bytes, are forgotten.
    """

    def __init__(
        self,
        manager: FleetManager,
        recordings: Recordings,
        clock: Clock,
        *,
        days: float,
        limit: int,
        think: Think = think_at_once,
    ) -> None:
        self._manager = manager
        self._recordings = recordings
        self._clock = clock
        self._days = timedelta(days=days)
        self._limit = limit
        self._think = think
        self._known = _Views()
        self._changed = _Views()
        self._happened: list[Happening] = []
        self._seq = 0
        self._frames: list[bytes] = []
        self._begin: datetime | None = None
        self._end: datetime | None = None
        self._told_all: datetime | None = None
        self._starts_whole = False
        self._tidied: datetime | None = None

    async def run(self) -> None:
        unsubscribe = self._manager.subscribe(self._note)
        try:
            await self._take_up()
            while True:
                self._look()
                if self._begin is not None and self._clock.now() - self._begin >= PART:
                    await self._keep()
                    await self._tidy()
                await asyncio.sleep(PERIOD)
        finally:
            unsubscribe()
            await self._keep()

    async def _take_up(self) -> None:
        """What happened after the last part that is kept, as far as the log has it: the picture of it is lost."""
        newest = await self._recordings.newest()
        if newest is None:
            return
        self._end = newest.end
        after, missed = newest.seq, list[EventView]()
        for _ in range(_PAGES):
            events = await self._manager.events(after, _CATCH_UP)
            missed += [event for event in events if event.kind in TOLD]
            after = events[-1].seq if events else after
            if len(events) < _CATCH_UP:
                break
        heard = {happening.seq for happening in self._happened}
        self._happened[:0] = [_happening(event) for event in missed if event.seq not in heard]
        self._seq = max(self._seq, after)

    def _note(self, change: Change) -> None:
        if change.event.seq <= self._seq:
            return
        self._seq = change.event.seq
        if change.event.kind in TOLD:
            self._happened.append(_happening(change.event))
        changed = self._changed
        changed.tasks.update({view.id: view for view in change.tasks})
        changed.robots.update({view.id: view for view in change.robots})
        changed.alerts.update({view.id: view for view in change.alerts})

    # --- frames ----------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Add a frame of the present, unless the clock stands still."""
        now = self._clock.now()
        if self._end is not None and now <= self._end:
            return
        whole = self._told_all is None or (not self._frames and now - self._told_all >= WHOLE)
        if whole:
            snapshot = self._manager.snapshot()
            self._known = _Views()
            self._changed.tasks |= {view.id: view for view in snapshot.tasks}
            self._changed.robots = {view.id: view for view in snapshot.robots}
            self._changed.alerts |= {view.id: view for view in snapshot.alerts}
            self._told_all = now
        frame = self._frame(now, whole=whole)
        if not self._frames:
            self._begin, self._starts_whole = now, whole
        self._end = now
        self._frames.append(encoded(frame))

    def _frame(self, now: datetime, *, whole: bool) -> ReplayFrame:
        changed, self._changed = self._changed, _Views()
        known = self._known
        happened, self._happened = self._happened, []
        closures = tuple(self._manager.closures())
        same_closures = closures == known.closures and not whole
        known.closures = closures
        frame = ReplayFrame(
            time=now,
            whole=whole,
            tasks=_differences(known.tasks, changed.tasks.values()),
            robots=_differences(known.robots, changed.robots.values()),
            alerts=_differences(known.alerts, changed.alerts.values()),
            doors=_differences(known.doors, self._manager.doors()),
            lifts=_differences(known.lifts, self._manager.lifts()),
            closures=None if same_closures else closures,
            poses=self._moved(self._manager.poses()),
            events=tuple(happened),
        )
        for task in [t.id for t in known.tasks.values() if TaskStatus(t.status).ended]:
            del known.tasks[task]
        for alert in [a.id for a in known.alerts.values() if a.state == "closed"]:
            del known.alerts[alert]
        return frame

    def _moved(self, poses: Mapping[Any, PoseView]) -> tuple[TrackPoint, ...]:
        moved: list[TrackPoint] = []
        for robot, pose in poses.items():
            point = TrackPoint(robot, pose.level, round(pose.x, 2), round(pose.y, 2), round(pose.yaw, 2))
            if self._known.poses.get(robot) != point:
                self._known.poses[robot] = point
                moved.append(point)
        return tuple(moved)

    # --- parts -----------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        if self._begin is None or self._end is None or not self._frames:
            return
        frames, self._frames = self._frames, []
        part = RecordedPart(
            begin=self._begin, end=self._end, whole=self._starts_whole, seq=self._seq, data=compressed(frames)
        )
        self._begin = None
        if not await self._recordings.keep(part):
            self._told_all = None

    async def _tidy(self) -> None:
        now = self._clock.now()
        if self._tidied is None or now - self._tidied >= TIDY:
            self._tidied = now
            await self._recordings.forget(now - self._days, self._limit)

    # --- replay ----------------------------------------------------------------------------------------

    async def replay(self, begin: datetime | None, end: datetime | None) -> bytes:
        end = end or self._clock.now()
        begin = begin or end - DEFAULT_SPAN
        parts = await self._recordings.parts(begin, end, _PARTS + 1)
        following: datetime | None = None
        if len(parts) > _PARTS:
            cut = next((i for i in range(_PARTS, 0, -1) if parts[i].whole), _PARTS)
            following = parts[cut].begin
            parts = parts[:cut]
        head = Replay(begin=begin, end=end, recorded_since=await self._recordings.oldest(), next=following, frames=())
        return await self._think(lambda: answered(head, parts))


class NoRecorder:
    """The past of a fleet manager that records nothing."""

    def __init__(self, manager: FleetManager) -> None:
        self._manager = manager

    async def replay(self, begin: datetime | None, end: datetime | None) -> bytes:
        end = end or self._manager.snapshot().time
        return answered(
            Replay(begin=begin or end - DEFAULT_SPAN, end=end, recorded_since=None, next=None, frames=()), ()
        )


def _differences(known: dict[str, Seen], views: Iterable[Seen]) -> tuple[dict[str, Any], ...]:
    """What differs from the views that are known, which become `views`."""
    found: list[dict[str, Any]] = []
    for view in views:
        before = known.get(view.id)
        if before is view:
            continue
        known[view.id] = view
        names = (f.name for f in fields(view) if f.name not in _APART)
        if before is None:
            found.append({name: getattr(view, name) for name in names})
            continue
        changes = {name: value for name in names if (value := getattr(view, name)) != getattr(before, name)}
        if "route" in changes:
            changes |= _route_change(changes.pop("route"), getattr(before, "route", ()))
        if changes:
            found.append({"id": view.id, **changes})
    return tuple(found)


def _route_change(route: tuple[RoutePointView, ...], before: tuple[RoutePointView, ...]) -> dict[str, Any]:
    """A route that is the rest of the one before is told by two numbers."""
    passed = len(before) - len(route)
    rest = before[passed:] if passed >= 0 else ()
    if route and [node.waypoint for node in rest] == [node.waypoint for node in route]:
        return {"passed": passed, "allocated": sum(node.allocated for node in route)}
    return {"route": route}


def _happening(event: EventView) -> Happening:
    data = event.data
    mission = data.get("mission")
    return Happening(
        seq=event.seq,
        time=event.time,
        kind=event.kind,
        task=_id_of(data, "task") or _id_of(mission, "task") or _id_of(data.get("treatment"), "task"),
        robot=_id_of(data, "robot") or _id_of(mission, "robot") or _id_of(data.get("treatment"), "robot"),
        alert=_id_of(data, "alert"),
        closure=_id_of(data, "closure") or _id_of(data, "alarm"),
        place=_id_of(data, "place") or _id_of(data.get("cue"), "place"),
        actor=_id_of(data, "actor") or _id_of(data.get("task"), "requested_by") or _id_of(data.get("closure"), "actor"),
        status=_id_of(data, "status") or _id_of(data, "mode"),
    )


def _id_of(data: Any, name: str) -> str | None:
    """The id at `name`, which is there itself or in what stands there whole."""
    found = data.get(name) if isinstance(data, dict) else None
    if isinstance(found, dict):
        found = found.get("id")
    return str(found) if found is not None else None
