"""`wardfleet bench sim`: a whole day on the general hospital, 100 robots, 5,000 deliveries, with people about.

The demand is a hospital's: from pharmacy, laboratory, kitchen and stores to the wards and back, by a fixed curve over
the hours; a tenth of it goes between any two places, dealt so that each place has its turn. People ride in the lifts,
fill a car now and then, hand goods over after a seeded while, and leave beds in the corridors.

- `tasks`, `completed`: asked for, and delivered at the end, when what was open had two hours more.
- `realtime_factor`: simulated ÷ wall seconds on one core, planning and event log included; building the hospital,
  loading compiled kernels and judging are not counted.
- `peak_rss_mb`: the most memory the process ever had by the end of the day, in MB (10⁶ bytes), before judging.
- `violations`, `jams`: found by the judges (`sim.violations`, `sim.jams`). The latter watches the log as it is written:
  `judge_seconds` is the wall time of that, and not in `wall_seconds`.
- `log_sha256`: over all lines of the event log. The same in every process for the same seed.

Then the movement layer alone (`benchmarks.movement`), as many bodies, without manager and agents:

- `robot_seconds_per_second`: robots × simulated ÷ wall seconds, when nobody listens to single nodes;
  `told_robot_seconds_per_second`: when each node is told at once, as the manager needs it.
- `movement_realtime_factor`: the former by robot.
- `simpy_ratio`: wall seconds of a plain simpy model of the same rules (`benchmarks.simpy_movement`) ÷ the former's.
"""

from __future__ import annotations

import asyncio
import random
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from benchmarks.day import HOURLY, SITE, Delivery
from benchmarks.traffic import only, warm_up
from fleet_manager.domain.events import Recorded, TaskEnded
from fleet_manager.domain.tasks import Priority, TaskStatus
from maps.model import Flow, LaneId, Site, WaypointId
from maps.places import public_places
from maps.site_files import load_site
from sim import faults
from sim.clock import SIMULATED_START, run_virtual
from sim.harness import Hospital
from sim.passengers import Passengers

DRAIN: Final = 7200.0
"""Seconds that open tasks may take after the hours are over."""

TRIPS_PER_HOUR: Final = 6.0
"""How often per hour somebody calls each lift and rides."""

CROWDS_PER_HOUR: Final = 4.0
"""How often per hour, in the whole house, a car is filled by people."""

BEDS_PER_HOUR: Final = 6.0
"""How often per hour a bed is left on some lane, for one to five minutes."""

MOVEMENT_SECONDS: Final = 7 * 3600.0
"""Simulated seconds of the movement alone: a battery lasts longer."""

_ANYWHERE: Final = 0.1
"""The share of the demand that goes between any two places."""


@dataclass(frozen=True, slots=True)
class _Trade:
    """Goods that go from a base to the wards, or to it; both are patterns of place names. `weight` is its share."""

    item: str
    item_class: str
    priority: Priority
    weight: int
    base: str
    wards: str = r"ward_.*|icu.*|recovery.*"
    collects: bool = False


_TRADES: Final = (
    _Trade("medicine", "medicine", Priority.ROUTINE, 30, r"pharmacy.*"),
    _Trade("specimen tubes", "specimen", Priority.URGENT, 22, r"laboratory.*", collects=True),
    _Trade("meal box", "meal", Priority.ROUTINE, 14, r"kitchen.*"),
    _Trade("consumables", "equipment", Priority.BACKGROUND, 10, r"store_.*|equipment_store.*"),
    _Trade("sterile set", "sterile", Priority.ROUTINE, 8, r"cssd.*|sterile_store.*", r"theatre_.*|icu.*|endoscopy.*"),
    _Trade("linen", "linen", Priority.BACKGROUND, 6, r"laundry.*"),
    _Trade("documents", "document", Priority.BACKGROUND, 6, r"office_.*"),
    _Trade("blood unit", "blood", Priority.STAT, 4, r"blood_bank.*", r"theatre_.*|icu.*|ward_.*"),
)


@dataclass(frozen=True, slots=True)
class DayFigures:
    """The day's figures, as the module's text explains them."""

    tasks: int
    completed: int
    violations: int
    jams: int
    realtime_factor: float
    peak_rss_mb: float
    log_sha256: str
    wall_seconds: float
    judge_seconds: float
    events: int
    unfinished: list[str]


@dataclass(frozen=True, slots=True)
class SimResult(DayFigures):
    """With those of the movement layer, and what was asked for."""

    robot_seconds_per_second: float
    told_robot_seconds_per_second: float
    movement_realtime_factor: float
    simpy_ratio: float
    robots: int
    seed: int
    begin: float
    hours: float


def demand(site: Site, places: Sequence[WaypointId], count: int, seed: int) -> list[Delivery]:
    """`count` deliveries of a day between `places`; a trade whose places are missing here goes between any two."""
    rng = random.Random(f"{seed}/sim")
    clean = {name for name, c in site.item_classes.items() if c.flow is Flow.CLEAN}
    deck = _dealt(places, rng)
    bases = [[p for p in places if re.fullmatch(trade.base, p)] for trade in _TRADES]
    wards = [[p for p in places if re.fullmatch(trade.wards, p)] for trade in _TRADES]
    weights = [trade.weight for trade in _TRADES]
    day: list[Delivery] = []
    for _ in range(count):
        at = (rng.choices(range(24), HOURLY)[0] + rng.random()) * 3600.0
        number = rng.choices(range(len(_TRADES)), weights)[0]
        trade = _TRADES[number]
        if rng.random() < _ANYWHERE or not bases[number] or not wards[number]:
            pickup, dropoff = next(deck), next(deck)
        else:
            pickup, dropoff = rng.choice(bases[number]), rng.choice(wards[number])
            if trade.collects:
                pickup, dropoff = dropoff, pickup
        item_class = trade.item_class if trade.item_class in clean else None
        if pickup != dropoff:
            day.append(Delivery(at, pickup, dropoff, trade.item, item_class, trade.priority))
    return sorted(day, key=lambda delivery: delivery.at)


def _dealt(places: Sequence[WaypointId], rng: random.Random) -> Iterator[WaypointId]:
    """The places in a seeded order, all of them before any comes again."""
    while True:
        yield from rng.sample(places, len(places))


def run_sim(
    *,
    site: Site | None = None,
    robots: int = 100,
    tasks: int = 5000,
    seed: int = 1,
    begin: float = 0.0,
    hours: float = 24.0,
    movement_seconds: float = MOVEMENT_SECONDS,
    progress: Callable[[float], None] = lambda _: None,
) -> SimResult:
    """Simulate the hours from `begin` on, then the movement alone. Raises NoRoomError."""
    # simpy comes with the packages for development: only this benchmark needs it.
    from benchmarks.simpy_movement import compare

    base = site or load_site(SITE)
    day = run_day(base, robots=robots, tasks=tasks, seed=seed, begin=begin, hours=hours, progress=progress)
    moved = compare(base, robots=robots, seconds=movement_seconds, seed=seed)
    return SimResult(
        **asdict(day),
        robot_seconds_per_second=moved.robot_seconds_per_second,
        told_robot_seconds_per_second=moved.told_robot_seconds_per_second,
        movement_realtime_factor=moved.robot_seconds_per_second / robots,
        simpy_ratio=moved.simpy_ratio,
        robots=robots,
        seed=seed,
        begin=begin,
        hours=hours,
    )


def run_day(
    site: Site,
    *,
    robots: int,
    tasks: int,
    seed: int,
    begin: float = 0.0,
    hours: float = 24.0,
    progress: Callable[[float], None] = lambda _: None,
) -> DayFigures:
    """Simulate the hours from `begin` on; `tasks` are those of a whole day. Raises NoRoomError."""
    run_virtual(warm_up(only(site, 1)))
    return run_virtual(_day(only(site, robots), tasks, seed, begin, hours, progress))


async def _day(
    site: Site, tasks: int, seed: int, begin: float, hours: float, progress: Callable[[float], None]
) -> DayFigures:
    loop = asyncio.get_running_loop()
    end = hours * 3600.0
    start = SIMULATED_START + timedelta(hours=begin)
    async with Hospital(site, seed=seed, keep_events=False, judge_clock=time.perf_counter, start=start) as hospital:
        status: dict[str, TaskStatus] = {}
        some_ended = asyncio.Event()

        def saw(recorded: Recorded) -> None:
            if isinstance(recorded.event, TaskEnded):
                status[recorded.event.task] = recorded.event.status
                some_ended.set()

        hospital.manager.watch(saw)
        wanted = demand(site, _served(hospital), tasks, seed)
        asked: list[str] = []
        _people(hospital, seed, end)
        began = time.perf_counter()
        for delivery in wanted:
            at = delivery.at - begin * 3600.0
            if not 0.0 <= at < end:
                continue
            await asyncio.sleep(at - loop.time())
            progress(at / end)
            view = await hospital.request(
                delivery.pickup,
                delivery.dropoff,
                delivery.item,
                item_class=delivery.item_class,
                priority=delivery.priority,
            )
            asked.append(view.id)
        await asyncio.sleep(end - loop.time())
        with suppress(TimeoutError):
            async with asyncio.timeout_at(end + DRAIN):
                while len(status) < len(asked):
                    some_ended.clear()
                    await some_ended.wait()
        simulated = loop.time()
        wall = time.perf_counter() - began - hospital.judge_seconds
        memory = peak_rss_mb()
        progress(1.0)
        return DayFigures(
            tasks=len(asked),
            completed=sum(ended is TaskStatus.COMPLETED for ended in status.values()),
            violations=len(hospital.violations()),
            jams=len(hospital.jams()),
            realtime_factor=simulated / wall,
            peak_rss_mb=memory,
            log_sha256=hospital.store.digest(),
            wall_seconds=wall,
            judge_seconds=hospital.judge_seconds,
            events=hospital.store.seq,
            unfinished=[task for task in asked if task not in status],
        )


def _served(hospital: Hospital) -> list[WaypointId]:
    """The public places that the fleet gets to, and back from."""
    places = public_places(hospital.site)
    fleet = next(iter(hospital.site.fleets))
    home = next(robot.home for robot in hospital.site.fleets[fleet].robots if robot.home is not None)
    route = hospital.manager.route
    return [p for p in places if route(home, p, fleet) is not None and route(p, home, fleet) is not None]


def _people(hospital: Hospital, seed: int, end: float) -> None:
    """Set going what people do until `end`: trips in lifts, crowds in cars, beds on lanes."""
    world = hospital.world
    for lift in hospital.site.lifts.values():
        if lift.connected and len(lift.levels) > 1:
            rng = random.Random(f"{seed}/passengers/{lift.id}")
            Passengers(world, lift.id, rng).ride_until(end, TRIPS_PER_HOUR)
    lifts = [lift for lift in hospital.site.lifts.values() if len(lift.levels) > 1]
    rng = random.Random(f"{seed}/crowds")
    for at in _moments(CROWDS_PER_HOUR, end, rng) if lifts else ():
        lift = rng.choice(lifts)
        level, to = rng.sample(lift.levels, 2)
        world.loop.call_at(at, partial(faults.people_fill_lift, world, lift.id, at=level, to=to))
    rng = random.Random(f"{seed}/beds")
    lanes = _corridors(hospital.site)
    for at in _moments(BEDS_PER_HOUR, end, rng):
        lane, seconds = rng.choice(lanes), rng.uniform(60.0, 300.0)
        world.loop.call_at(at, partial(faults.lane_obstructed, world, lane, "a bed", seconds=seconds))


def _moments(per_hour: float, end: float, rng: random.Random) -> Iterator[float]:
    at = rng.expovariate(per_hour / 3600.0)
    while at < end:
        yield at
        at += rng.expovariate(per_hour / 3600.0)


def _corridors(site: Site) -> list[LaneId]:
    """Lanes without doors between places where nobody works, parks or boards a lift."""
    plain = {w.id for w in site.waypoints.values() if w.name is None and w.lift is None and w.id not in site.chargers}
    return [lane.id for lane in site.lanes.values() if lane.door is None and lane.start in plain and lane.end in plain]


def peak_rss_mb() -> float:
    """The most memory this process ever had, in MB (10⁶ bytes)."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1.0 if sys.platform == "darwin" else 1024.0) / 1e6
