from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from math import cos, hypot, pi, remainder, sin, tau

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maps.model import Fleet, Point
from sim.bodies import HARD_BRAKING
from sim.clock import run_virtual
from sim.port import BodyEvent, BodyMode, ChargeReached, ModeChanged, Node, Passed, Place, Segment, Stopped
from sim.profile import brake_profile, lane_profile
from sim.world import World
from tests.builders import FLEET, L1, ROBOT_1, nodes_at, site_of, waypoint

STEP = 0.05
KIND = Fleet(id=FLEET)


class Ride:
    """One body on a site without lanes, watched at every step of `STEP` seconds."""

    def __init__(self, start: Point = (0.0, 0.0)) -> None:
        self.events: list[BodyEvent] = []
        self.segments: list[Segment] = []
        self.samples: list[tuple[float, float, float, float, float]] = []
        self.world = World(
            site_of([waypoint("start", *start)], [], fleets=[KIND]), rng=random.Random(1), draw=self.segments.append
        )
        self.world.spawn(ROBOT_1, FLEET, waypoint("start", *start).id)
        self.world.subscribe(ROBOT_1, self.events.append)
        self.body = self.world.body(ROBOT_1)

    def drive(self, nodes: Sequence[Node], cleared_to: int) -> None:
        self.world.drive(ROBOT_1, nodes, cleared_to)

    async def watch(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP)):
            await asyncio.sleep(STEP)
            now = self.world.loop.time()
            self.samples.append((now, *self.body.pose(now)))

    def passed(self) -> list[int]:
        return [event.sequence for event in self.events if isinstance(event, Passed)]

    def stops(self) -> list[Stopped]:
        return [event for event in self.events if isinstance(event, Stopped)]


def ride(story: Callable[[Ride], Awaitable[None]]) -> Ride:
    async def main() -> Ride:
        riding = Ride()
        await story(riding)
        riding.world.flush()
        return riding

    return run_virtual(main())


def check_motion(riding: Ride, *, hardest: float = 1.0) -> None:
    """Speed and acceleration stay in their bounds, position never jumps, turns keep to the turn speed."""
    for (t0, x0, y0, yaw0, v0), (t1, x1, y1, yaw1, v1) in pairwise(riding.samples):
        assert -1e-9 <= v1 <= KIND.speed + 1e-9
        assert abs(v1 - v0) <= KIND.acceleration * hardest * (t1 - t0) * (1.0 + 1e-6) + 1e-6
        moved = hypot(x1 - x0, y1 - y0)
        assert moved <= max(v0, v1) * (t1 - t0) + KIND.acceleration * hardest * STEP**2 + 1e-6
        if v0 == v1 == 0.0 and moved == 0.0:
            assert abs(remainder(yaw1 - yaw0, tau)) <= KIND.turn_speed * (t1 - t0) + 1e-6


def check_drawing(riding: Ride) -> None:
    """The segments, one after the other without overlap, give the same positions as the body gave itself."""
    for one, other in pairwise(riding.segments):
        assert other.time >= one.time + one.duration - 1e-6
    index = 0
    for t, x, y, _, _ in riding.samples:
        while index + 1 < len(riding.segments) and riding.segments[index + 1].time <= t:
            index += 1
        if riding.segments and riding.segments[index].time <= t:
            drawn = position(riding.segments[index], t)
            assert hypot(drawn[0] - x, drawn[1] - y) < 1e-5


def position(segment: Segment, t: float) -> Point:
    since = min(t - segment.time, segment.duration)
    way = 0.0 if segment.turn_rate else (segment.speed + 0.5 * segment.acceleration * since) * since
    return segment.x + way * cos(segment.yaw), segment.y + way * sin(segment.yaw)


# --- speed profiles --------------------------------------------------------------------------------------------

speeds = st.floats(0.0, 2.0)


@given(st.floats(1e-5, 50.0), speeds, speeds, st.floats(0.05, 2.0), st.floats(0.1, 2.0))
@example(distance=1.0, entry=1.0, exit_speed=0.0, limit=1.0, acceleration=0.5)
def test_a_lane_profile_covers_the_distance_within_its_bounds(
    distance: float, entry: float, exit_speed: float, limit: float, acceleration: float
) -> None:
    profile = lane_profile(distance, entry, exit_speed, limit, acceleration)
    end, speed = profile.at(profile.duration)
    assert end == pytest.approx(distance, abs=1e-6)
    assert speed == pytest.approx(profile.exit, abs=1e-6)
    stoppable = entry**2 <= 2 * acceleration * distance
    if stoppable or exit_speed > 0.0:
        assert abs(profile.rise) <= acceleration * (1 + 1e-9)
        assert -profile.fall <= acceleration * (1 + 1e-6)
    if exit_speed == 0.0:
        assert profile.exit == 0.0
    if entry <= limit and entry**2 - exit_speed**2 <= 2 * acceleration * distance:
        assert profile.peak <= limit * (1 + 1e-9)
        assert profile.exit <= exit_speed + 1e-9


@given(speeds, st.floats(0.1, 3.0), st.floats(1e-5, 50.0))
def test_braking_ends_standing_or_at_the_end_of_the_way(entry: float, deceleration: float, distance: float) -> None:
    profile = brake_profile(entry, deceleration, distance)
    way, speed = profile.at(profile.duration)
    assert way <= distance + 1e-6
    assert speed == pytest.approx(profile.exit, abs=1e-9)
    assert profile.exit == 0.0 or way == pytest.approx(distance, abs=1e-6)


# --- driving ---------------------------------------------------------------------------------------------------


def test_a_body_drives_to_its_route_s_end_and_takes_up_the_heading() -> None:
    async def story(riding: Ride) -> None:
        nodes = nodes_at([(0.0, 0.0), (5.0, 0.0), (5.0, 5.0)])
        end = Node(2, nodes[2].waypoint, L1, 5.0, 5.0, heading=pi)
        riding.drive([*nodes[:2], end], 2)
        await riding.watch(40.0)

    riding = ride(story)
    check_motion(riding)
    check_drawing(riding)
    assert riding.passed() == [0, 1, 2]
    assert riding.stops()[-1].route_end
    assert riding.samples[-1][1:3] == (5.0, 5.0)
    assert abs(remainder(riding.samples[-1][3] - pi, tau)) < 1e-3


def test_clearance_extended_in_time_is_driven_through_without_a_stop() -> None:
    async def story(riding: Ride) -> None:
        riding.drive(nodes_at([(0.0, 0.0), (10.0, 0.0), (20.0, 0.0), (30.0, 1.0)]), 1)
        await riding.watch(8.0)
        riding.world.proceed(ROBOT_1, 2)
        await riding.watch(10.0)
        riding.world.proceed(ROBOT_1, 3)
        await riding.watch(4.0)

    riding = ride(story)
    check_motion(riding)
    assert riding.passed() == [0, 1, 2]
    assert all(speed == pytest.approx(1.0) for t, _, _, _, speed in riding.samples if t > 2.5)


def test_clearance_extended_while_braking_speeds_up_again() -> None:
    async def story(riding: Ride) -> None:
        riding.drive(nodes_at([(0.0, 0.0), (10.0, 0.0), (20.0, 0.0)]), 1)
        await riding.watch(10.0)
        assert 0.0 < riding.samples[-1][4] < 1.0
        riding.world.proceed(ROBOT_1, 2)
        await riding.watch(20.0)

    riding = ride(story)
    check_motion(riding)
    assert min(speed for t, _, _, _, speed in riding.samples if 1.0 < t < 15.0) > 0.4
    assert riding.samples[-1][1] == 20.0


def test_a_body_without_further_clearance_stands_at_the_cleared_end_for_ever() -> None:
    async def story(riding: Ride) -> None:
        riding.drive(nodes_at([(0.0, 0.0), (5.0, 0.0), (20.0, 0.0)]), 1)
        await riding.watch(20.0)
        await asyncio.sleep(3600.0)

    riding = ride(story)
    assert riding.body.pose(3700.0)[:2] == (5.0, 0.0)
    assert [stop.route_end for stop in riding.stops()] == [False]


def test_speed_limits_are_kept_on_their_lanes() -> None:
    async def story(riding: Ride) -> None:
        nodes = nodes_at([(0.0, 0.0), (5.0, 0.0), (10.0, 0.0), (20.0, 0.0)], speed_limits=[None, None, 0.4, None])
        riding.drive(nodes, 3)
        await riding.watch(40.0)

    riding = ride(story)
    check_motion(riding)
    assert max(speed for _, x, _, _, speed in riding.samples if 5.0 <= x <= 10.0) <= 0.4 + 1e-9
    assert max(speed for _, x, _, _, speed in riding.samples if x > 11.0) == pytest.approx(1.0)


def test_a_new_drive_beyond_the_cleared_part_does_not_stop_the_body() -> None:
    async def story(riding: Ride) -> None:
        riding.drive(nodes_at([(0.0, 0.0), (10.0, 0.0), (20.0, 0.0)]), 1)
        await riding.watch(7.0)
        riding.drive(nodes_at([(0.0, 0.0), (10.0, 0.0), (20.0, 1.0), (30.0, 1.0)]), 3)
        await riding.watch(20.0)

    riding = ride(story)
    check_motion(riding)
    assert all(speed == pytest.approx(1.0) for t, _, _, _, speed in riding.samples if 2.5 < t < 25.0)


def test_a_new_drive_elsewhere_brakes_first_and_keeps_the_same_route_numbers_apart() -> None:
    async def story(riding: Ride) -> None:
        riding.drive(nodes_at([(0.0, 0.0), (10.0, 0.0)]), 1)
        await riding.watch(5.0)
        riding.drive(nodes_at([(0.0, 0.0), (0.0, 8.0)], first=10), 11)
        await riding.watch(60.0)

    riding = ride(story)
    check_motion(riding)
    check_drawing(riding)
    assert riding.passed() == [0, 10, 11]
    assert riding.samples[-1][1:3] == (0.0, 8.0)


def test_a_drive_that_was_done_already_is_told_done_again() -> None:
    async def story(riding: Ride) -> None:
        nodes = nodes_at([(0.0, 0.0), (3.0, 0.0)])
        riding.drive(nodes, 1)
        await riding.watch(10.0)
        riding.drive(nodes, 1)

    riding = ride(story)
    assert riding.passed() == [0, 1]
    assert [stop.route_end for stop in riding.stops()] == [True, True]


def test_a_pause_brakes_and_a_resume_goes_on() -> None:
    async def story(riding: Ride) -> None:
        riding.drive(nodes_at([(0.0, 0.0), (5.0, 0.0), (10.0, 0.0)]), 2)
        await riding.watch(4.8)
        riding.world.pause(ROBOT_1)
        await riding.watch(10.0)
        assert riding.body.state().paused
        assert not riding.body.moving
        riding.world.resume(ROBOT_1)
        await riding.watch(20.0)

    riding = ride(story)
    check_motion(riding)
    check_drawing(riding)
    standing = [x for t, x, _, _, speed in riding.samples if 8.0 < t < 14.0]
    assert max(standing) == min(standing)
    assert standing[0] == pytest.approx(3.8 + 1.0)
    assert riding.passed() == [0, 1, 2]


def test_a_pause_at_speed_just_before_a_node_brakes_beyond_it() -> None:
    async def story(riding: Ride) -> None:
        riding.drive(nodes_at([(0.0, 0.0), (5.0, 0.0), (10.0, 0.0)]), 2)
        await riding.watch(5.75)
        riding.world.pause(ROBOT_1)
        await riding.watch(5.0)

    riding = ride(story)
    check_motion(riding)
    assert riding.passed() == [0, 1]
    assert riding.samples[-1][1] == pytest.approx(4.75 + 1.0)
    assert riding.body.waypoint is None


def test_an_e_stop_brakes_hard_and_the_route_goes_on_afterwards() -> None:
    async def story(riding: Ride) -> None:
        riding.drive(nodes_at([(0.0, 0.0), (10.0, 0.0)]), 1)
        await riding.watch(5.0)
        riding.world.set_mode(ROBOT_1, BodyMode.ESTOP, "button")
        await riding.watch(5.0)
        assert riding.samples[-1][1] == pytest.approx(4.0 + 1.0 / 3.0)
        riding.world.set_mode(ROBOT_1, BodyMode.AUTOMATIC, "released")
        await riding.watch(15.0)

    riding = ride(story)
    check_motion(riding, hardest=HARD_BRAKING)
    assert riding.passed() == [0, 1]


def test_a_body_taken_by_hand_forgets_its_route_and_waits_where_it_was_put() -> None:
    async def story(riding: Ride) -> None:
        riding.drive(nodes_at([(0.0, 0.0), (10.0, 0.0)]), 1)
        await riding.watch(5.0)
        riding.world.push(ROBOT_1, Place(L1, 2.0, 1.0, 0.0), "in the way")
        riding.world.set_mode(ROBOT_1, BodyMode.AUTOMATIC, "given back")
        await asyncio.sleep(10.0)
        assert riding.body.place == Place(L1, 2.0, 1.0, 0.0)
        riding.drive(nodes_at([(0.0, 0.0), (0.0, 4.0)], first=5), 6)
        await asyncio.sleep(30.0)

    riding = ride(story)
    assert riding.passed() == [0, 5, 6]


def test_a_dead_body_says_nothing_until_it_is_revived() -> None:
    async def story(riding: Ride) -> None:
        riding.drive(nodes_at([(0.0, 0.0), (5.0, 0.0), (10.0, 0.0)]), 2)
        await riding.watch(5.95)
        riding.world.set_mode(ROBOT_1, BodyMode.DEAD, "flat")
        told = len(riding.events)
        assert isinstance(riding.events[-1], ModeChanged)
        await riding.watch(60.0)
        assert len(riding.events) == told
        riding.world.set_mode(ROBOT_1, BodyMode.AUTOMATIC, "battery changed")
        await riding.watch(20.0)

    riding = ride(story)
    assert riding.passed() == [0, 1, 2]


def test_a_slowed_body_is_slower() -> None:
    async def story(riding: Ride) -> None:
        riding.drive(nodes_at([(0.0, 0.0), (20.0, 0.0)]), 1)
        await riding.watch(5.0)
        riding.body.slow_down(0.3)
        await riding.watch(10.0)
        assert riding.samples[-1][4] == pytest.approx(0.3)
        riding.body.slow_down(1.0)
        await riding.watch(20.0)

    riding = ride(story)
    check_motion(riding)
    assert riding.samples[-1][1] == 20.0


def test_the_battery_drains_driving_and_idle_and_dies_when_empty() -> None:
    async def story(riding: Ride) -> None:
        riding.drive(nodes_at([(0.0, 0.0), (100.0, 0.0)]), 1)
        await asyncio.sleep(200.0)

    riding = ride(story)
    driven = riding.segments[-1].time + riding.segments[-1].duration
    used = (driven * KIND.battery.drive_drain + (200.0 - driven) * KIND.battery.idle_drain) / 3600.0
    assert riding.body.charge.at(200.0) == pytest.approx(1.0 - used / KIND.battery.capacity)

    async def exhausted(riding: Ride) -> None:
        riding.drive(nodes_at([(x * 10.0, 0.0) for x in range(8000)]), 8000)
        await asyncio.sleep(60_000.0)

    riding = ride(exhausted)
    assert riding.body.mode is BodyMode.DEAD
    assert not riding.body.moving
    assert not any(isinstance(event, ChargeReached) for event in riding.events)


# --- every history ---------------------------------------------------------------------------------------------

turns = st.sampled_from([0.0, 0.0, 0.05, -0.1, 0.5, pi / 2, -pi / 2, pi])
ways = st.lists(
    st.tuples(turns, st.sampled_from([0.0, 0.3, 1.0, 2.5, 6.0]), st.sampled_from([None, None, 0.3, 0.7])),
    min_size=1,
    max_size=8,
)
actions = st.lists(
    st.tuples(
        st.floats(0.1, 6.0),
        st.sampled_from(["proceed", "proceed", "proceed", "drive", "pause", "resume", "slow", "fast", "estop", "go"]),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(ways, actions, st.integers(0, 3))
def test_no_history_breaks_the_kinematics_or_passes_the_cleared_end(
    shape: list[tuple[float, float, float | None]], history: list[tuple[float, str]], cleared: int
) -> None:
    points: list[Point] = [(0.0, 0.0)]
    heading = 0.0
    for turn, length, _ in shape:
        heading += turn
        points.append((points[-1][0] + length * cos(heading), points[-1][1] + length * sin(heading)))
    nodes = nodes_at(points, speed_limits=[None, *(limit for _, _, limit in shape)])

    async def story(riding: Ride) -> None:
        clearance = cleared
        known = len(nodes) // 2 + 1
        riding.drive(nodes[:known], clearance)
        for pause, action in history:
            await riding.watch(pause)
            match action:
                case "proceed":
                    clearance += 1
                    riding.world.proceed(ROBOT_1, clearance)
                case "drive":
                    known = len(nodes)
                    riding.drive(nodes, clearance)
                case "pause":
                    riding.world.pause(ROBOT_1)
                case "resume":
                    riding.world.resume(ROBOT_1)
                case "slow":
                    riding.body.slow_down(0.4)
                case "fast":
                    riding.body.slow_down(1.0)
                case "estop":
                    riding.world.set_mode(ROBOT_1, BodyMode.ESTOP, "")
                case _:
                    riding.world.set_mode(ROBOT_1, BodyMode.AUTOMATIC, "")
            limit = min(clearance, known - 1)
            assert riding.body.sequence <= limit
            if riding.body.sequence == limit:
                last = nodes[limit]
                x, y, _, speed = riding.body.pose(riding.world.loop.time())
                assert (x, y, speed) == (last.x, last.y, 0.0)
        riding.world.resume(ROBOT_1)
        riding.body.slow_down(1.0)
        riding.world.set_mode(ROBOT_1, BodyMode.AUTOMATIC, "")
        riding.drive(nodes, len(nodes))
        await riding.watch(30.0)
        await asyncio.sleep(1000.0)
        assert riding.body.pose(riding.world.loop.time())[:2] == (nodes[-1].x, nodes[-1].y)

    riding = ride(story)
    check_motion(riding, hardest=HARD_BRAKING)
    check_drawing(riding)
    assert riding.passed() == list(range(len(nodes)))
    assert riding.stops()[-1].route_end
