"""`wardfleet bench day`: one simulated day on the general hospital, 10 robots, 500 deliveries, seeded.

- `tasks`, `completed`: deliveries asked for, and delivered.
- `violations`: overlaps of true footprints (`sim.violations`), found after the clock was stopped.
- `realtime_factor`: simulated ÷ wall seconds on one core, event log included; building the hospital is not counted.
- `log_sha256`: over all lines of the event log. The same in every process for the same seed.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from fleet_manager.domain.errors import WardFleetError
from fleet_manager.domain.events import Recorded, TaskEnded
from fleet_manager.domain.tasks import Priority, TaskStatus
from maps.fleets import with_robots
from maps.model import FleetId, Flow, Site
from maps.places import public_places
from maps.site_files import load_site
from sim.clock import run_virtual
from sim.harness import Hospital

SITE: Final = Path(__file__).parents[1] / "maps" / "sites" / "general_hospital"
DAY: Final = 86_400.0

HOURLY: Final = (1, 1, 1, 1, 1, 2, 5, 9, 10, 10, 9, 8, 7, 7, 8, 8, 8, 7, 5, 4, 3, 2, 1, 1)
"""How the demand spreads over the hours of the day: rounds in the morning, quiet nights."""

_KINDS: Final = (
    ("medicine", "medicine", Priority.ROUTINE, 40),
    ("specimen tubes", "specimen", Priority.URGENT, 20),
    ("blood unit", "blood", Priority.STAT, 4),
    ("sterile set", "sterile", Priority.ROUTINE, 12),
    ("meal box", "meal", Priority.ROUTINE, 14),
    ("documents", "document", Priority.BACKGROUND, 10),
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery of the day; `at` in seconds from midnight."""

    at: float
    pickup: str
    dropoff: str
    item: str
    item_class: str | None
    priority: Priority


@dataclass(frozen=True, slots=True)
class DayResult:
    tasks: int
    completed: int
    violations: int
    realtime_factor: float
    log_sha256: str
    robots: int
    seed: int
    wall_seconds: float
    events: int
    median_wait_s: float
    longest_wait_s: float
    unfinished: list[str]


def demand(site: Site, count: int, seed: int) -> list[Delivery]:
    """`count` deliveries between named places of the site, spread over the day as hospitals' demand is."""
    rng = random.Random(f"{seed}/demand")
    places = public_places(site)
    classes = {name for name, c in site.item_classes.items() if c.flow is Flow.CLEAN}
    day: list[Delivery] = []
    weights = [kind[3] for kind in _KINDS]
    while len(day) < count:
        hour = rng.choices(range(24), HOURLY)[0]
        item, item_class, priority, _ = rng.choices(_KINDS, weights)[0]
        pickup, dropoff = rng.sample(places, 2)
        known = item_class if item_class in classes else None
        day.append(Delivery((hour + rng.random()) * 3600.0, pickup, dropoff, item, known, priority))
    return sorted(day, key=lambda delivery: delivery.at)


def run_day(
    *,
    site: Site | None = None,
    robots: int = 10,
    deliveries: int = 500,
    seed: int = 1,
    progress: Callable[[float], None] = lambda _: None,
) -> DayResult:
    """Simulate the day; `progress` gets the share of it that is over."""
    base = site or load_site(SITE)
    first = FleetId(next(iter(base.fleets)))
    return run_virtual(_day(with_robots(base, first, robots), robots, deliveries, seed, progress))


async def _day(site: Site, robots: int, deliveries: int, seed: int, progress: Callable[[float], None]) -> DayResult:
    loop = asyncio.get_running_loop()
    async with Hospital(site, seed=seed, keep_events=False) as hospital:
        ended: dict[str, TaskEnded] = {}

        def saw(recorded: Recorded) -> None:
            if isinstance(recorded.event, TaskEnded):
                ended[recorded.event.task] = recorded.event

        hospital.manager.watch(saw)
        asked: list[str] = []
        planned = iter(demand(site, 4 * deliveries, seed))
        wanted = _thin(list(planned), deliveries, hospital)
        began = time.perf_counter()
        for delivery in wanted:
            await asyncio.sleep(max(0.0, delivery.at - loop.time()))
            progress(loop.time() / DAY)
            view = await hospital.request(
                delivery.pickup,
                delivery.dropoff,
                delivery.item,
                item_class=delivery.item_class,
                priority=delivery.priority,
            )
            asked.append(view.id)
        await asyncio.sleep(max(0.0, DAY - loop.time()))
        for task in asked:
            with suppress(TimeoutError):
                await hospital.ended(task, max(0.0, DAY + 7200.0 - loop.time()))
        simulated = loop.time()
        wall = time.perf_counter() - began
        progress(1.0)
        found = hospital.violations()
        waits: list[float] = []
        for task in asked:
            done = await hospital.manager.task(task)
            if done.picked_up_at is not None:
                waits.append((done.picked_up_at - done.requested_at).total_seconds())
        return DayResult(
            tasks=len(asked),
            completed=sum(event.status is TaskStatus.COMPLETED for event in ended.values()),
            violations=len(found),
            realtime_factor=simulated / wall,
            log_sha256=hospital.store.digest(),
            robots=robots,
            seed=seed,
            wall_seconds=wall,
            events=hospital.store.seq,
            median_wait_s=median(waits) if waits else 0.0,
            longest_wait_s=max(waits, default=0.0),
            unfinished=[task for task in asked if task not in ended],
        )


def _thin(planned: list[Delivery], count: int, hospital: Hospital) -> list[Delivery]:
    """The first `count` deliveries, in a seeded order, that some robot of the site can do at all."""
    order = random.Random(len(planned)).sample(planned, len(planned))
    possible: list[Delivery] = []
    for delivery in order:
        try:
            way = hospital.manager.route(delivery.pickup, delivery.dropoff, next(iter(hospital.site.fleets)))
        except WardFleetError:
            continue
        if way is not None and len(possible) < count:
            possible.append(delivery)
    return sorted(possible, key=lambda delivery: delivery.at)
