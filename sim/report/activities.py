"""What each robot did from moment to moment, as `sim.causes` finds it from the event log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from fleet_manager.domain.events import Recorded, RobotStatusChanged
from fleet_manager.domain.robots import RobotStatus
from maps.model import CarrierKind, RobotId, Site
from sim.causes import Cause, Causes, Spell


class Activity(StrEnum):
    """A cause of `sim.causes`, where `person` is told apart: a robot's own hand-over, or waiting behind another's.

    `charging` is idle at a charger.
    """

    DRIVING = "driving"
    HAND_OVER = "hand_over"
    LIFT = "lift"
    DOOR = "door"
    TRAFFIC = "traffic"
    BEHIND_HAND_OVER = "behind_hand_over"
    CLOSURE = "closure"
    FAULT = "fault"
    CHARGING = "charging"
    IDLE = "idle"


RESTS: Final = (Activity.CHARGING, Activity.IDLE)
"""The robot wants nowhere."""

WAITS: Final = tuple(activity for activity in Activity if activity not in (*RESTS, Activity.DRIVING))
"""The robot wants to get on, and something else has to happen first."""

_ACTIVITIES: Final = {
    Cause.IDLE: Activity.IDLE,
    Cause.DRIVING: Activity.DRIVING,
    Cause.TRAFFIC: Activity.TRAFFIC,
    Cause.LIFT: Activity.LIFT,
    Cause.DOOR: Activity.DOOR,
    Cause.PERSON: Activity.HAND_OVER,
    Cause.FAULT: Activity.FAULT,
    Cause.CLOSURE: Activity.CLOSURE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One activity, from `start` to `end` (s after the beginning); `behind` is the robot at the head of the queue."""

    activity: Activity
    start: float
    end: float
    behind: RobotId | None = None

    @property
    def seconds(self) -> float:
        return self.end - self.start


def robots_of(site: Site) -> list[RobotId]:
    """All robots, porters left out, in the site's order."""
    ground = (fleet for fleet in site.fleets.values() if fleet.carrier is not CarrierKind.PERSON)
    return [robot.id for fleet in ground for robot in fleet.robots]


def spans_of(site: Site, log: Iterable[Recorded], start: datetime, end: datetime) -> dict[RobotId, tuple[Span, ...]]:
    """The whole time of every robot, from `start` to `end` without gaps."""
    spells: dict[RobotId, list[Spell]] = {robot: [] for robot in robots_of(site)}
    charging: dict[RobotId, list[tuple[float, float]]] = {robot: [] for robot in spells}
    docked: dict[RobotId, float] = {}
    causes = Causes(site, lambda spell: spells[spell.robot].append(spell))
    for recorded in log:
        causes.saw(recorded)
        event = recorded.event
        if isinstance(event, RobotStatusChanged) and event.robot in spells:
            at = (recorded.time - start).total_seconds()
            if event.status is RobotStatus.CHARGING:
                docked.setdefault(event.robot, at)
            elif event.robot in docked:
                charging[event.robot].append((docked.pop(event.robot), at))
    causes.up_to(end)
    whole = (end - start).total_seconds()
    for robot, since in docked.items():
        charging[robot].append((since, whole))
    return {
        robot: tuple(_joined(_told_apart(_without_gaps(told, start, whole), charging[robot])))
        for robot, told in spells.items()
    }


def _without_gaps(spells: Iterable[Spell], start: datetime, whole: float) -> Iterator[Span]:
    """Before a robot is first heard of, it is idle."""
    at = 0.0
    for spell in spells:
        began, ended = (spell.start - start).total_seconds(), (spell.end - start).total_seconds()
        if began > at:
            yield Span(activity=Activity.IDLE, start=at, end=began)
        activity, behind = _ACTIVITIES[spell.cause], spell.chain[-1] if len(spell.chain) > 1 else None
        if activity is Activity.HAND_OVER and behind is not None:
            activity = Activity.BEHIND_HAND_OVER
        yield Span(activity=activity, start=began, end=ended, behind=behind)
        at = ended
    if at < whole:
        yield Span(activity=Activity.IDLE, start=at, end=whole)


def _told_apart(spans: Iterable[Span], charging: Iterable[tuple[float, float]]) -> Iterator[Span]:
    """Idle time at a charger is charging."""
    for span in spans:
        if span.activity is not Activity.IDLE:
            yield span
            continue
        at = span.start
        for began, ended in charging:
            low, high = max(began, at), min(ended, span.end)
            if low < high:
                if at < low:
                    yield replace(span, start=at, end=low)
                yield replace(span, activity=Activity.CHARGING, start=low, end=high)
                at = high
        if at < span.end:
            yield replace(span, start=at)


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans of one kind that follow each other are one."""
    last: Span | None = None
    for span in spans:
        if last is not None and (last.activity, last.behind) == (span.activity, span.behind):
            last = replace(last, end=span.end)
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last
