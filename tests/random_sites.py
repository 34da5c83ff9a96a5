"""Random small sites for properties: scattered places, grids with bays, corridors with sidings, lifts."""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise

from maps.model import (
    Fleet,
    FleetId,
    Lane,
    LaneId,
    Level,
    LevelId,
    Lift,
    LiftId,
    Ring,
    Robot,
    RobotId,
    Site,
    Waypoint,
    WaypointId,
    Zone,
    ZoneId,
    ZoneKind,
)
from tests.builders import FLEET, L1, L2, site_of, waypoint

TUGS = FleetId("tugs")
WIDE: Ring = ((0.6, 0.35), (-0.6, 0.35), (-0.6, -0.35), (0.6, -0.35))
SPACING = 4.0


def both_ways(a: Waypoint, b: Waypoint, mutex: str | None = None) -> list[Lane]:
    """A lane there and a lane back."""
    length = math.dist(a.xy, b.xy)
    return [
        Lane(id=LaneId(f"{s.id}>{e.id}"), start=s.id, end=e.id, length=length, mutex=mutex) for s, e in ((a, b), (b, a))
    ]


def scattered(rng: random.Random, robots: int = 3) -> Site:
    """Up to nine places anywhere in a hall, joined at random; some are doorways where nobody may wait, some lanes lead
    one way only or share a mutex. Two fleets of different width.
    """
    count = rng.randint(4, 9)
    side = 3.0 * math.sqrt(count)
    points: list[Waypoint] = []
    while len(points) < count:
        point = waypoint(f"p{len(points)}", rng.uniform(0, side), rng.uniform(0, side))
        if all(math.dist(point.xy, other.xy) > 1.5 for other in points):
            points.append(point)
    points = [replace(p, stop=False) if i > 2 and rng.random() < 0.25 else p for i, p in enumerate(points)]
    lanes: list[Lane] = []
    joined: set[tuple[int, int]] = set()
    for i in range(1, count):
        nearest = sorted(range(i), key=lambda j: math.dist(points[i].xy, points[j].xy))
        joined.update((j, i) for j in nearest[: rng.randint(1, 2)])
    for j, i in sorted(joined):
        there, back = both_ways(points[j], points[i], mutex=rng.choice([None, None, None, "m"]))
        lanes += [there] if rng.random() < 0.1 and len(lanes) > count else [there, back]
    names = [RobotId(f"robot-{i}") for i in range(robots)]
    fleets = [
        Fleet(id=FLEET, robots=tuple(Robot(id=n, home=points[i].id) for i, n in enumerate(names) if i % 2 == 0)),
        Fleet(
            id=TUGS,
            footprint=WIDE,
            speed=0.8,
            robots=tuple(Robot(id=n, home=points[i].id) for i, n in enumerate(names) if i % 2),
        ),
    ]
    return site_of(points, lanes, fleets=fleets)


def _robots(homes: Sequence[WaypointId], robots: int, tugs: int) -> list[Fleet]:
    """Robots whose homes are the first of `homes`; the last `tugs` of them belong to the wide fleet."""
    names = [Robot(id=RobotId(f"robot-{i}"), home=homes[i]) for i in range(robots)]
    split = robots - tugs
    fleets = [Fleet(id=FLEET, robots=tuple(names[:split]))]
    if tugs:
        fleets.append(Fleet(id=TUGS, footprint=WIDE, speed=0.8, robots=tuple(names[split:])))
    return fleets


def grid_with_bays(width: int, height: int, removed: Collection[int], robots: int, tugs: int = 0) -> Site:
    """A grid of narrow two-way lanes; each crossing has a bay off them for a robot's home or for hand-overs.

    `removed` are lanes (by number) that are left out, as long as the grid stays connected.
    """
    crossings = [waypoint(f"x{i}{j}", i * SPACING, j * SPACING) for i in range(width) for j in range(height)]
    by_id: dict[str, Waypoint] = {w.id: w for w in crossings}
    bays = [waypoint(f"bay{w.id[1:]}", w.x + 1.4, w.y + 1.4) for w in crossings]
    pairs = [(f"x{i}{j}", f"x{i + 1}{j}") for i in range(width - 1) for j in range(height)]
    pairs += [(f"x{i}{j}", f"x{i}{j + 1}") for i in range(width) for j in range(height - 1)]
    kept = list(pairs)
    for number in sorted(removed):
        if number < len(pairs) and _connected(set(by_id), [p for p in kept if p != pairs[number]]):
            kept.remove(pairs[number])
    lanes = [lane for a, b in kept for lane in both_ways(by_id[a], by_id[b])]
    lanes += [lane for crossing, bay in zip(crossings, bays, strict=True) for lane in both_ways(crossing, bay)]
    fleets = _robots([bay.id for bay in bays], robots, tugs)
    return site_of([*crossings, *bays], lanes, fleets=fleets)


def _connected(nodes: Collection[str], pairs: Sequence[tuple[str, str]]) -> bool:
    seen, queue = set[str](), [min(nodes)]
    while queue:
        here = queue.pop()
        if here not in seen:
            seen.add(here)
            queue += [b for a, b in pairs if a == here] + [a for a, b in pairs if b == here]
    return seen == set(nodes)


def corridor_with_sidings(rng: random.Random, length: int, robots: int, tugs: int = 0) -> Site:
    """A narrow corridor, wide enough for one, with a siding at most of its places; no waiting at some others."""
    line = [waypoint(f"c{i}", i * SPACING, 0.0) for i in range(length)]
    lanes = [lane for a, b in pairwise(line) for lane in both_ways(a, b)]
    sides = [(i, side) for i in range(length) for side in (1.8, -1.8)]
    rng.shuffle(sides)
    bays: list[Waypoint] = []
    for i, side in sides[: max(robots + 1, length)]:
        bays.append(waypoint(f"bay{i}{'n' if side > 0 else 's'}", line[i].x + rng.uniform(-0.4, 0.4), side))
        lanes += both_ways(line[i], bays[-1])
    line = [replace(w, stop=rng.random() > 0.3) for w in line]
    return site_of([*line, *bays], lanes, fleets=_robots([bay.id for bay in bays], robots, tugs))


def with_buffer_room(site: Site, after: int) -> Site:
    """The corridor's places `after` and the next one become an airlock: one robot at a time, and none stops in it."""
    inside = [site.waypoints[WaypointId(f"c{i}")] for i in (after, after + 1)]
    (x0, _), (x1, _) = (place.xy for place in inside)
    room = Zone(
        id=ZoneId("airlock"),
        name="Airlock",
        level=L1,
        kind=ZoneKind.BUFFER_ROOM,
        polygon=((x0 - 0.9, -0.9), (x1 + 0.9, -0.9), (x1 + 0.9, 0.9), (x0 - 0.9, 0.9)),
    )
    barred = {place.id: replace(place, stop=False) for place in inside}
    return replace(site, waypoints={**site.waypoints, **barred}, zones={room.id: room})


def two_levels(rng: random.Random, length: int, robots: int, tugs: int = 0, lifts: int = 1) -> Site:
    """Two corridors with sidings above each other, joined by lifts at their ends; the lobbies are narrow."""
    waypoints: list[Waypoint] = []
    lanes: list[Lane] = []
    bays: list[Waypoint] = []
    cabins: dict[tuple[int, LevelId], Waypoint] = {}
    for level in (L1, L2):
        line = [waypoint(f"{level}c{i}", i * SPACING, 0.0, level) for i in range(length)]
        ends = (line[0], line[-1])
        for number in range(lifts):
            end = ends[number]
            shift = -2.5 if number == 0 else 2.5
            cabin = waypoint(f"{level}cabin{number}", end.x + shift, 0.0, level, lift=LiftId(f"lift{number}"))
            cabins[number, level] = cabin
            lanes += both_ways(end, cabin)
            waypoints.append(cabin)
        lanes += [lane for a, b in pairwise(line) for lane in both_ways(a, b)]
        for i in range(length):
            side = rng.choice([1.8, -1.8])
            bays.append(waypoint(f"{level}bay{i}", line[i].x, side, level))
            lanes += both_ways(line[i], bays[-1])
        waypoints += line
    rng.shuffle(bays)
    cars = [
        Lift(
            id=LiftId(f"lift{number}"),
            x=cabins[number, L1].x,
            y=0.0,
            yaw=0.0,
            width=2.0,
            depth=2.0,
            levels=(L1, L2),
            cabins={level: (cabins[number, level].id,) for level in (L1, L2)},
            initial_level=L1,
        )
        for number in range(lifts)
    ]
    return site_of(
        [*waypoints, *bays],
        lanes,
        levels=(Level(id=L1, elevation=0.0), Level(id=L2, elevation=4.0)),
        lifts=cars,
        fleets=_robots([bay.id for bay in bays], robots, tugs),
    )
