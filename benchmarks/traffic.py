"""`wardfleet bench traffic`: as much work as the robots can do, on one site, with nobody else on the floor.

A closed loop: there are always as many open tasks as robots; whenever one ends the next is asked for, between two
random public places of any level, until the hours are over. Then what is open may take an hour more.

- `tasks`, `completed`: asked for, and delivered by the end. `per_hour`: delivered within the hours, per hour.
- `wait_*_s`: from the request until the pickup is done; of a task that never was picked up, until the end.
- `plan_ms_*`: wall time of planning, of those handled events that planned (`plan_events` of them).
- `jams`, `violations`: found by the judges (`sim.jams`, `sim.violations`); `jam_list` names the first jams.
- `limit`: which resource limits the work. `robot_time` is what the robots' time went to within the hours, by root cause
  as shares of it; `waits_for` is the largest of them that is a wait. `by` names what there would have to be more of:
  `robots` while they wait for each other and for the building less than a fifth of their time; else `lift` when one is
  in use for more than 85 % of the time; else the largest of those waits. `busiest_lift_share` and `mean_lift_share` are
  the shares of the hours in which a lift was some robot's.
- `realtime_factor`: simulated ÷ wall seconds on one core, planning included; building the hospital and loading
  compiled kernels are not counted.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import repeat
from pathlib import Path
from typing import Any, Final

import numpy as np

from fleet_manager.domain.errors import NotServable
from fleet_manager.domain.events import ItemsHandedOver, Recorded, SessionEnded, SessionStarted, TaskEnded
from fleet_manager.domain.robots import DeviceKind
from fleet_manager.domain.tasks import TaskStatus
from fleet_manager.orchestration.plan_times import PlanTimes
from maps.errors import MapReadError
from maps.fleets import with_robots
from maps.generator import generate
from maps.importers import read_any
from maps.model import LiftId, Site, WaypointId
from maps.places import public_places
from sim.causes import Cause
from sim.clock import run_virtual
from sim.harness import Hospital

_HELD_UP: Final = 0.2
"""Share of their time that robots wait for others or the building, from which on more robots would do little more."""

_IN_USE: Final = 0.85
"""Share of the time that a lift is in use, from which on there is a line for it."""

DRAIN: Final = 3600.0
"""Seconds that open tasks may take after the hours are over."""

_JAMS_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class TrafficResult:
    """The figures, as the module's text explains them."""

    tasks: int
    completed: int
    per_hour: float
    wait_p50_s: float
    wait_p90_s: float
    wait_max_s: float
    plan_ms_p50: float
    plan_ms_p99: float
    plan_events: int
    jams: int
    violations: int
    limit: dict[str, Any]
    realtime_factor: float
    robots: int
    hours: float
    seed: int
    wall_seconds: float
    log_sha256: str
    jam_list: list[str]


def named_site(name: str) -> Site:
    """The site at a path, or `generated:FLOORS`. Raises MapError."""
    kind, _, floors = name.partition(":")
    if kind != "generated":
        return read_any(Path(name))
    if not floors.isdecimal():
        raise MapReadError(f"{name}: not a number of floors", remedy="Write for example generated:6")
    return generate(floors=int(floors), robots=0)


def only(site: Site, robots: int) -> Site:
    """The site with so many robots of its first fleet, and with no others. Raises NoRoomError."""
    first = next(iter(site.fleets))
    alone = replace(site, fleets={f.id: f if f.id == first else replace(f, robots=()) for f in site.fleets.values()})
    return with_robots(alone, first, robots)


@dataclass(slots=True)
class _Lifts:
    """Which lifts are some robot's, and how long each was."""

    sessions: dict[str, LiftId] = field(default_factory=dict)
    since: dict[LiftId, datetime] = field(default_factory=dict)
    busy: dict[LiftId, timedelta] = field(default_factory=dict)

    def saw(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, SessionStarted) and event.session.kind is DeviceKind.LIFT:
            lift = LiftId(event.session.device)
            self.sessions[event.session.id] = lift
            self.since.setdefault(lift, recorded.time)
        elif isinstance(event, SessionEnded) and event.session in self.sessions:
            lift = self.sessions.pop(event.session)
            if lift not in self.sessions.values():
                self._add(lift, recorded.time - self.since.pop(lift))

    def _add(self, lift: LiftId, span: timedelta) -> None:
        self.busy[lift] = self.busy.get(lift, timedelta()) + span

    def shares(self, begin: datetime, now: datetime) -> dict[LiftId, float]:
        for lift, since in self.since.items():
            self._add(lift, now - since)
            self.since[lift] = now
        return {lift: busy / (now - begin) for lift, busy in self.busy.items()}


@dataclass(slots=True)
class _Tasks:
    """What became of each task: the seconds at which it was asked for and loaded, and how it ended."""

    loop: asyncio.AbstractEventLoop
    asked: dict[str, float] = field(default_factory=dict)
    loaded: dict[str, float] = field(default_factory=dict)
    ended: dict[str, TaskStatus] = field(default_factory=dict)
    some_ended: asyncio.Event = field(default_factory=asyncio.Event)

    def saw(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, ItemsHandedOver):
            self.loaded.setdefault(event.task, self.loop.time())
        elif isinstance(event, TaskEnded):
            self.ended[event.task] = event.status
            self.some_ended.set()

    @property
    def completed(self) -> int:
        return sum(status is TaskStatus.COMPLETED for status in self.ended.values())

    def waits(self) -> list[float]:
        now = self.loop.time()
        return [self.loaded.get(task, now) - at for task, at in self.asked.items()]


def run_traffic(
    site: Site,
    robots: int,
    hours: float,
    seed: int,
    progress: Callable[[float], None] = lambda _: None,
) -> TrafficResult:
    """Simulate the hours on `site`; `progress` gets the share of them that is over. Raises NoRoomError."""
    floor = only(site, robots)
    run_virtual(warm_up(only(site, 1)))
    return run_virtual(_hours(floor, robots, hours, seed, progress))


async def warm_up(site: Site) -> None:
    """Let one robot plan once: compiled kernels are loaded before anything is measured."""
    async with Hospital(site, judge=False) as hospital:
        await _ask(hospital, _pairs(hospital, seed=0))
        await asyncio.sleep(60.0)


async def _hours(site: Site, robots: int, hours: float, seed: int, progress: Callable[[float], None]) -> TrafficResult:
    loop = asyncio.get_running_loop()
    end = hours * 3600.0
    plan_times = PlanTimes(time.perf_counter)
    async with Hospital(site, seed=seed, keep_events=False, plan_times=plan_times) as hospital:
        lifts, tasks = _Lifts(), _Tasks(loop)
        hospital.manager.watch(lifts.saw)
        hospital.manager.watch(tasks.saw)
        began, begin = time.perf_counter(), hospital.clock.now()
        pairs = _pairs(hospital, seed)
        while loop.time() < end:
            while len(tasks.asked) - len(tasks.ended) < robots:
                tasks.asked[await _ask(hospital, pairs)] = loop.time()
            await _some_end(tasks, min(end, loop.time() + 60.0))
            progress(loop.time() / end)
        per_hour = tasks.completed / hours
        limit = _limit(hospital.time_spent(), lifts.shares(begin, hospital.clock.now()), len(site.lifts))
        while len(tasks.ended) < len(tasks.asked) and loop.time() < end + DRAIN:
            await _some_end(tasks, end + DRAIN)
        wall = time.perf_counter() - began
        jams = hospital.jams()
        waits, plans = np.array(tasks.waits()), np.array(plan_times.seconds) * 1e3
        return TrafficResult(
            tasks=len(tasks.asked),
            completed=tasks.completed,
            per_hour=per_hour,
            wait_p50_s=float(np.percentile(waits, 50)),
            wait_p90_s=float(np.percentile(waits, 90)),
            wait_max_s=float(waits.max()),
            plan_ms_p50=float(np.percentile(plans, 50)),
            plan_ms_p99=float(np.percentile(plans, 99)),
            plan_events=len(plans),
            jams=len(jams),
            violations=len(hospital.violations()),
            limit=limit,
            realtime_factor=loop.time() / wall,
            robots=robots,
            hours=hours,
            seed=seed,
            wall_seconds=wall,
            log_sha256=hospital.store.digest(),
            jam_list=[str(jam) for jam in jams[:_JAMS_NAMED]],
        )


async def _some_end(tasks: _Tasks, until: float) -> None:
    """Wait until a task ends, at the latest until that time of the loop."""
    tasks.some_ended.clear()
    try:
        async with asyncio.timeout_at(until):
            await tasks.some_ended.wait()
    except TimeoutError:
        return


def _pairs(hospital: Hospital, seed: int) -> Iterator[tuple[WaypointId, WaypointId]]:
    """Where to pick up and where to drop off, without end; only what the fleet has a way for."""
    rng = random.Random(f"{seed}/traffic")
    places = public_places(hospital.site)
    fleet = next(iter(hospital.site.fleets))
    for _ in repeat(None):
        pickup, dropoff = rng.sample(places, 2)
        if hospital.manager.route(pickup, dropoff, fleet) is not None:
            yield pickup, dropoff


async def _ask(hospital: Hospital, pairs: Iterator[tuple[WaypointId, WaypointId]]) -> str:
    """Ask for the next delivery that robots may do at all."""
    for pickup, dropoff in pairs:
        try:
            return (await hospital.request(pickup, dropoff)).id
        except NotServable:
            continue
    raise AssertionError("pairs never end")


def _limit(spent: dict[Cause, float], lifts: dict[LiftId, float], lift_count: int) -> dict[str, Any]:
    total = sum(spent.values()) or 1.0
    shares = {cause.value: round(seconds / total, 4) for cause, seconds in spent.items()}
    waits = {cause: share for cause, share in shares.items() if cause not in (Cause.DRIVING, Cause.IDLE)}
    busiest = max(lifts, key=lambda lift: (lifts[lift], lift), default=None)
    return {
        "by": _lacking(shares, lifts[busiest] if busiest is not None else 0.0),
        "waits_for": max(waits, key=lambda cause: waits[cause]),
        "robot_time": shares,
        "busiest_lift": busiest,
        "busiest_lift_share": round(lifts[busiest], 4) if busiest is not None else 0.0,
        "mean_lift_share": round(sum(lifts.values()) / lift_count, 4) if lift_count else 0.0,
    }


def _lacking(shares: Mapping[str, float], busiest_lift: float) -> str:
    """What there would have to be more of."""
    waits = {cause: shares[cause.value] for cause in (Cause.TRAFFIC, Cause.LIFT, Cause.DOOR)}
    if sum(waits.values()) < _HELD_UP:
        return "robots"
    return Cause.LIFT.value if busiest_lift > _IN_USE else max(waits, key=lambda cause: waits[cause]).value
