"""The figures of a span of the past, told from the event log."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from fleet_manager.domain.events import (
    EtaChanged,
    NodePassed,
    Recorded,
    TaskAssigned,
    TaskEnded,
    WaitEnded,
    WaitStarted,
)
from fleet_manager.domain.tasks import Actor, Priority, TaskId
from fleet_manager.orchestration.analytics import Analytics, analytics
from fleet_manager.orchestration.commands import CancelTask, SubmitTask
from sim.harness import Hospital
from sim.people import delivery
from tests.hospitals import tell

_LI = Actor(id="nurse-li", role="nurse", ward="ward")
_HOUR = timedelta(hours=1)


def _due(hospital: Hospital, seconds: float) -> SubmitTask:
    asked = delivery("b", "ward", "medicine")
    due = hospital.clock.now() + timedelta(seconds=seconds)
    return SubmitTask(actor=_LI, stops=asked.stops, items=asked.items, due=due, priority=Priority.STAT)


def test_what_became_of_deliveries_and_of_the_fleets_time() -> None:
    async def story(hospital: Hospital) -> None:
        begin = hospital.clock.now()
        seen: list[Recorded] = []
        hospital.manager.watch(seen.append)
        in_time = await hospital.submit(_due(hospital, 3600.0))
        late = await hospital.submit(_due(hospital, 1.0))
        for task in (in_time, late):
            await hospital.ended(task.id)
        given_up = await hospital.request("b", "ward")
        await hospital.do(CancelTask(actor=_LI, task=TaskId(given_up.id)))
        await hospital.ended(given_up.id)
        await asyncio.sleep(60.0)

        found = await analytics(hospital.manager, begin, begin + 2 * _HOUR)
        assert (found.delivered, found.cancelled, found.failed, found.stat) == (2, 1, 0, 2)
        assert (found.due, found.on_time) == (2, 1)
        assert [(hour.delivered, hour.cancelled) for hour in found.hours] == [(2, 1), (0, 0)]
        (ward,) = found.wards
        assert (ward.place, ward.delivered, ward.due, ward.on_time, ward.eta_told) == ("ward", 2, 2, 1, 2)
        first_etas: dict[str, datetime] = {}
        for recorded in seen:
            if isinstance(recorded.event, TaskAssigned | EtaChanged) and recorded.event.eta is not None:
                first_etas.setdefault(recorded.event.task, recorded.event.eta)
        ended = {recorded.event.task: recorded.time for recorded in seen if isinstance(recorded.event, TaskEnded)}
        delivered = (in_time.id, late.id)
        assert ward.eta_hits == sum(abs(ended[TaskId(t)] - first_etas[t]) <= timedelta(minutes=3) for t in delivered)
        assert ward.median_minutes is not None
        assert found.pickup_p50 is not None
        assert 0.0 < found.pickup_p50 < ward.median_minutes
        assert sum(robot.delivered for robot in found.robots) == 2
        assert next(wait for wait in found.waits if wait.cause == "person").times >= 4

        for robot in found.robots:
            driven = _driven(hospital, seen, robot.robot)
            assert robot.distance == pytest.approx(driven)
            assert 0.0 <= robot.loaded <= robot.distance
        assert sum(robot.loaded for robot in found.robots) > 0.0
        assert sum(robot.busy for robot in found.robots) > 60.0
        waits = sum(wait.times for wait in found.waits if wait.cause != "person")
        assert waits == sum(isinstance(recorded.event, WaitStarted) for recorded in seen)
        assert waits >= sum(isinstance(recorded.event, WaitEnded) for recorded in seen)

    tell(story)


def _driven(hospital: Hospital, seen: list[Recorded], robot: str) -> float:
    """Metres along lanes from node to node, the first node of the log apart."""
    lengths = {(lane.start, lane.end): lane.length for lane in hospital.site.lanes.values()}
    passed = [r.event.waypoint for r in seen if isinstance(r.event, NodePassed) and r.event.robot == robot]
    return sum(lengths.get(pair, 0.0) for pair in pairwise(passed))


def test_a_span_tells_only_of_itself() -> None:
    async def story(hospital: Hospital) -> None:
        begin = hospital.clock.now()
        first = await hospital.ended((await hospital.submit(_due(hospital, 3600.0))).id)
        between = hospital.clock.now() + timedelta(seconds=1)
        await asyncio.sleep(2.0)
        await hospital.ended((await hospital.submit(_due(hospital, 3600.0))).id)
        end = hospital.clock.now() + timedelta(seconds=1)

        earlier, later, whole = [
            await analytics(hospital.manager, *span) for span in ((begin, between), (between, end), (begin, end))
        ]
        assert (earlier.delivered, later.delivered, whole.delivered) == (1, 1, 2)
        assert first.ended_at is not None
        # Where a robot came from at the beginning of a span is not known: one lane for each may be missing.
        longest = max(lane.length for lane in hospital.site.lanes.values())
        missing = _metres(whole) - _metres(earlier) - _metres(later)
        assert 0.0 <= missing <= longest * len(whole.robots)
        assert _metres(earlier) > 2 * longest
        nothing = await analytics(hospital.manager, begin - 2 * _HOUR, begin - _HOUR)
        assert (nothing.delivered, nothing.wards, nothing.waits, nothing.pickup_p50) == (0, (), (), None)
        after = await analytics(hospital.manager, end + _HOUR, end + 2 * _HOUR)
        assert (after.delivered, _metres(after), after.interventions) == (0, 0.0, ())

    tell(story)


def _metres(figures: Analytics) -> float:
    return sum(robot.distance for robot in figures.robots)
