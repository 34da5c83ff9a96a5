"""Random corridors and grids, random robots, random delays: footprints never overlap, everybody arrives."""

from __future__ import annotations

import asyncio
import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet_manager.domain.tasks import TaskStatus
from maps.model import Fleet, Lane, LaneId, Robot, RobotId, Site, Waypoint, WaypointId
from sim.harness import Hospital
from tests.builders import FLEET, site_of, waypoint
from tests.hospitals import tell

SPACING = 4.0


def grid_with_bays(width: int, height: int, removed: set[int], robots: int) -> Site:
    """A grid of narrow two-way lanes; each crossing has a bay off them for a robot's home or for hand-overs.

    `removed` are lanes (by number) that are left out, as long as the grid stays connected.
    """
    crossings = [waypoint(f"x{i}{j}", i * SPACING, j * SPACING) for i in range(width) for j in range(height)]
    by_id = {w.id: w for w in crossings}
    bays = [waypoint(f"bay{w.id[1:]}", w.x + 1.4, w.y + 1.4) for w in crossings]
    pairs = [(f"x{i}{j}", f"x{i + 1}{j}") for i in range(width - 1) for j in range(height)]
    pairs += [(f"x{i}{j}", f"x{i}{j + 1}") for i in range(width) for j in range(height - 1)]
    kept = list(pairs)
    for number in sorted(removed):
        if number < len(pairs) and _connected({w.id for w in crossings}, [p for p in kept if p != pairs[number]]):
            kept.remove(pairs[number])
    lanes: list[Lane] = []
    for a, b in kept:
        lanes += _both_ways(by_id[WaypointId(a)], by_id[WaypointId(b)])
    for crossing, bay in zip(crossings, bays, strict=True):
        lanes += _both_ways(crossing, bay)
    fleet = Fleet(
        id=FLEET,
        robots=tuple(Robot(id=RobotId(f"robot-{i}"), home=bays[i].id) for i in range(robots)),
    )
    return site_of([*crossings, *bays], lanes, fleets=[fleet])


def _both_ways(a: Waypoint, b: Waypoint) -> list[Lane]:
    length = ((a.x - b.x) ** 2 + (a.y - b.y) ** 2) ** 0.5
    return [Lane(id=LaneId(f"{s.id}>{e.id}"), start=s.id, end=e.id, length=length) for s, e in ((a, b), (b, a))]


def _connected(nodes: set[WaypointId], pairs: list[tuple[str, str]]) -> bool:
    seen, queue = set(), [next(iter(sorted(nodes)))]
    while queue:
        here = queue.pop()
        if here not in seen:
            seen.add(here)
            queue += [WaypointId(b) for a, b in pairs if a == here] + [WaypointId(a) for a, b in pairs if b == here]
    return seen == nodes


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    width=st.integers(2, 4),
    height=st.integers(1, 3),
    removed=st.sets(st.integers(0, 20), max_size=6),
    seed=st.integers(0, 10_000),
    latency=st.sampled_from([0.0, 0.3]),
)
def test_everybody_arrives_and_nobody_touches(
    width: int, height: int, removed: set[int], seed: int, latency: float
) -> None:
    robots = max(1, width * height // 2)  # without spare bays two robots could not exchange places
    site = grid_with_bays(width, height, removed, robots)
    bays = [w for w in site.waypoints if w.startswith("bay")]
    rng = random.Random(seed)

    async def story(hospital: Hospital) -> None:
        tasks = []
        for _ in range(3 * robots):
            pickup, dropoff = rng.sample(bays, 2)
            tasks.append((await hospital.request(pickup, dropoff)).id)
            await asyncio.sleep(rng.uniform(0, 40))
        for task in tasks:
            assert (await hospital.ended(task, within=7200)).status is TaskStatus.COMPLETED

    tell(story, site, seed=seed, latency=latency, nurses=15.0)
