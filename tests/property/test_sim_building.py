"""Whatever robots and sessions do, no door and no lift ever closes on a robot or leaves without it."""

from __future__ import annotations

import asyncio
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from maps.model import LevelId, RobotId, WaypointId
from sim.clock import run_virtual
from sim.port import BodyEvent, Passed, Segment
from sim.world import World
from tests.builders import DOOR, FLEET, L1, L2, LIFT, ROBOT_1, ROBOT_2, corridor_site, nodes_through

UP = ("a", "b", "lobby-1", "cabin-1", "cabin-2", "lobby-2", "c")

moments = st.lists(
    st.tuples(
        st.floats(0.2, 12.0),
        st.sampled_from([ROBOT_1, ROBOT_2]),
        st.sampled_from(
            [
                "drive",
                "clear",
                "clear",
                "clear",
                "open",
                "release",
                "lift up",
                "lift down",
                "free lift",
                "pause",
                "resume",
            ]
        ),
    ),
    min_size=20,
    max_size=120,
)


class Day:
    """Both robots go to and fro between the levels, as far as they are cleared; each is a session of its own."""

    def __init__(self) -> None:
        self.site = corridor_site()
        self.drawn: list[Segment] = []
        self.world = World(self.site, rng=random.Random(1), draw=self.drawn.append)
        self.last: dict[RobotId, int] = {}
        self.ways: dict[RobotId, tuple[str, ...]] = {ROBOT_1: ("home-1", *UP), ROBOT_2: ("home-2", *UP)}
        self.passed: dict[RobotId, list[int]] = {ROBOT_1: [], ROBOT_2: []}
        self.cleared: dict[RobotId, int] = {ROBOT_1: -1, ROBOT_2: -1}
        for robot, way in self.ways.items():
            self.world.spawn(robot, FLEET, WaypointId(way[0]))
            self.world.subscribe(robot, lambda event, robot=robot: self.hear(robot, event))  # type: ignore[misc]
            self.last[robot] = -1

    def hear(self, robot: RobotId, event: BodyEvent) -> None:
        if isinstance(event, Passed):
            self.passed[robot].append(event.sequence)

    def do(self, robot: RobotId, action: str) -> None:
        world = self.world
        match action:
            case "drive" if world.body(robot).sequence == self.last[robot]:
                nodes = nodes_through(self.site, *self.ways[robot], first=self.last[robot] + 1)
                self.cleared[robot], self.last[robot] = nodes[0].sequence, nodes[-1].sequence
                self.ways[robot] = tuple(reversed(self.ways[robot]))
                world.drive(robot, nodes, self.cleared[robot])
            case "clear":
                self.cleared[robot] = min(self.cleared[robot] + 2, self.last[robot])
                world.proceed(robot, self.cleared[robot])
            case "open":
                world.open_door(DOOR, robot, lease=15.0)
            case "release":
                world.release_door(DOOR, robot)
            case "lift up":
                world.call_lift(LIFT, robot, L2, lease=40.0)
            case "lift down":
                world.call_lift(LIFT, robot, L1, lease=40.0)
            case "free lift":
                world.release_lift(LIFT, robot)
            case "pause":
                world.pause(robot)
            case "resume":
                world.resume(robot)

    def check(self) -> None:
        lift = self.world.lifts[LIFT].state
        for body in self.world.bodies.values():
            x, y, _, speed = body.pose(self.world.loop.time())
            if body.level == L1 and y == 0.0 and 5.0 < x < 10.0:
                assert self.world.doors[DOOR].state.open
            if 20.0 < x < 22.0:
                assert (lift.level, lift.doors_open) == (body.level, True)
            if lift.level is None:
                assert speed == 0.0 or x <= 20.0
            assert 0.0 <= x <= 22.0


@settings(max_examples=40, deadline=None)
@given(moments)
def test_doors_and_lifts_spare_the_robots(history: list[tuple[float, RobotId, str]]) -> None:
    async def main() -> Day:
        day = Day()
        for pause, robot, action in history:
            for _ in range(round(pause / 0.2)):
                await asyncio.sleep(0.2)
                day.check()
            day.do(robot, action)
            day.check()
        return day

    day = run_virtual(main())
    for robot, numbers in day.passed.items():
        assert numbers == list(range(len(numbers)))
        assert not numbers or numbers[-1] <= day.cleared[robot]
    levels: dict[LevelId, set[float]] = {L1: {0.0, 5.0}, L2: {0.0}}
    assert all(segment.y in levels[segment.level] or segment.x == 5.0 for segment in day.drawn)
