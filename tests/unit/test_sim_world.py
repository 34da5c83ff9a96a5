from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import groupby

import pytest

from maps.model import LaneId, RobotId, WaypointId
from sim import faults
from sim.clock import run_virtual
from sim.port import (
    Blocked,
    BodyEvent,
    BodyMode,
    BuildingEvent,
    ChargeReached,
    CompartmentMoved,
    Docked,
    DoorState,
    LiftState,
    ModeChanged,
    Passed,
    Place,
    Refusal,
    SessionRefused,
    Stopped,
)
from sim.world import World
from tests.builders import DOOR, FLEET, L1, L2, LIFT, ROBOT_1, ROBOT_2, corridor_site, nodes_through

HOME_1, HOME_2 = WaypointId("home-1"), WaypointId("home-2")


class Watched:
    """The corridor site's world with both robots at home, and all that it told."""

    def __init__(self) -> None:
        self.site = corridor_site()
        self.world = World(self.site, rng=random.Random(1))
        self.told: list[tuple[float, BodyEvent | BuildingEvent]] = []
        self.world.spawn(ROBOT_1, FLEET, HOME_1)
        self.world.spawn(ROBOT_2, FLEET, HOME_2)
        self.world.subscribe(ROBOT_1, self._hear)
        self.world.watch_building(self._hear)

    def _hear(self, event: BodyEvent | BuildingEvent) -> None:
        self.told.append((self.world.loop.time(), event))

    def drive(self, robot: RobotId, *names: str, first: int = 0, cleared: int | None = None) -> None:
        nodes = nodes_through(self.site, *names, first=first)
        self.world.drive(robot, nodes, nodes[-1].sequence if cleared is None else cleared)

    def times(self, kind: type[BodyEvent] | type[BuildingEvent]) -> list[float]:
        return [time for time, event in self.told if isinstance(event, kind)]

    def passed(self) -> list[int]:
        return [event.sequence for _, event in self.told if isinstance(event, Passed)]

    def door_states(self) -> list[DoorState]:
        return [event for _, event in self.told if isinstance(event, DoorState)]

    def lift_states(self) -> list[LiftState]:
        return [event for _, event in self.told if isinstance(event, LiftState)]

    def blocked(self) -> list[tuple[str, bool]]:
        return [(event.reason, event.over) for _, event in self.told if isinstance(event, Blocked)]


def in_world(story: Callable[[Watched], Awaitable[None]]) -> Watched:
    async def main() -> Watched:
        watched = Watched()
        await story(watched)
        return watched

    return run_virtual(main())


# --- doors -----------------------------------------------------------------------------------------------------


def test_a_door_opens_for_a_session_and_closes_after_the_last_one() -> None:
    async def story(watched: Watched) -> None:
        watched.world.open_door(DOOR, "one")
        await asyncio.sleep(5.0)
        watched.world.open_door(DOOR, "two")
        watched.world.release_door(DOOR, "one")
        await asyncio.sleep(5.0)
        watched.world.release_door(DOOR, "two")
        await asyncio.sleep(5.0)

    watched = in_world(story)
    states = [(state.open, state.closed) for state in watched.door_states()]
    assert states == [(False, True), (False, False), (True, False), (False, False), (False, True)]
    assert watched.times(DoorState) == [0.0, 0.0, 3.0, 10.0, 13.0]


def test_a_door_turns_back_half_way() -> None:
    async def story(watched: Watched) -> None:
        watched.world.open_door(DOOR, "one")
        await asyncio.sleep(2.0)
        watched.world.release_door(DOOR, "one")
        await asyncio.sleep(1.0)
        watched.world.open_door(DOOR, "one")
        await asyncio.sleep(10.0)

    watched = in_world(story)
    assert watched.door_states()[-1].open
    assert watched.times(DoorState)[-1] == 3.0 + 2.0


def test_a_door_session_ends_with_its_lease_unless_renewed() -> None:
    async def story(watched: Watched) -> None:
        watched.world.open_door(DOOR, "lost", lease=20.0)
        await asyncio.sleep(15.0)
        watched.world.open_door(DOOR, "lost", lease=20.0)
        await asyncio.sleep(60.0)

    watched = in_world(story)
    assert watched.times(DoorState) == [0.0, 0.0, 3.0, 35.0, 38.0]


def test_a_body_halts_before_a_closed_door_and_goes_on_when_it_opens() -> None:
    async def story(watched: Watched) -> None:
        watched.drive(ROBOT_1, "home-1", "a", "b")
        await asyncio.sleep(30.0)
        assert watched.world.state(ROBOT_1).place.waypoint == "a"
        watched.world.open_door(DOOR, "s")
        await asyncio.sleep(30.0)

    watched = in_world(story)
    assert watched.passed() == [0, 1, 2]
    assert watched.blocked() == [("door door is not open", False), ("door door is not open", True)]


def test_an_open_door_is_driven_through_at_speed() -> None:
    async def story(watched: Watched) -> None:
        watched.world.open_door(DOOR, "s")
        await asyncio.sleep(3.0)
        watched.drive(ROBOT_1, "home-1", "a", "b", "lobby-1")
        await asyncio.sleep(30.0)

    watched = in_world(story)
    speeds = [event.speed for _, event in watched.told if isinstance(event, Passed)]
    assert speeds == [0.0, 1.0, 1.0, 0.0]


def test_a_door_does_not_close_on_a_body() -> None:
    async def story(watched: Watched) -> None:
        watched.world.open_door(DOOR, "s")
        await asyncio.sleep(3.0)
        watched.drive(ROBOT_1, "home-1", "a", "b", "lobby-1")
        await asyncio.sleep(5.5)
        watched.world.release_door(DOOR, "s")
        await asyncio.sleep(60.0)

    watched = in_world(story)
    through = next(time for time, event in watched.told if isinstance(event, Passed) and event.sequence == 2)
    assert watched.passed() == [0, 1, 2, 3]
    assert watched.times(DoorState)[-2:] == [through, through + 3.0]


def test_a_door_that_closes_early_enough_stops_the_body_before_it() -> None:
    async def story(watched: Watched) -> None:
        watched.world.open_door(DOOR, "s")
        await asyncio.sleep(3.0)
        watched.drive(ROBOT_1, "home-1", "a", "b")
        await asyncio.sleep(4.9)
        watched.world.release_door(DOOR, "s")
        await asyncio.sleep(30.0)

    watched = in_world(story)
    assert watched.passed() == [0, 1]
    assert watched.door_states()[-1].closed
    assert watched.world.body(ROBOT_1).waypoint == "a"


def test_doors_that_are_not_automatic_stand_open() -> None:
    async def main() -> DoorState:
        site = corridor_site()
        door = replace(site.doors[DOOR], automatic=False)
        world = World(replace(site, doors={DOOR: door}), rng=random.Random(1))
        world.open_door(DOOR, "s")
        world.release_door(DOOR, "s")
        return world.doors[DOOR].state

    assert run_virtual(main()) == DoorState(DOOR, open=True, closed=False)


# --- lifts -----------------------------------------------------------------------------------------------------


async def board(watched: Watched, lease: float = 600.0) -> None:
    """Robot 1 stands in the car on level L1, whose session is "s"."""
    watched.world.open_door(DOOR, "s", lease)
    watched.world.call_lift(LIFT, "s", L1, lease)
    watched.drive(ROBOT_1, "home-1", "a", "b", "lobby-1", "cabin-1", "cabin-2", "lobby-2", "c", cleared=4)
    await asyncio.sleep(60.0)
    assert watched.world.state(ROBOT_1).place.waypoint == "cabin-1"


def test_a_lift_carries_a_body_to_another_level() -> None:
    async def story(watched: Watched) -> None:
        await board(watched)
        watched.world.call_lift(LIFT, "s", L2, 600.0)
        watched.world.proceed(ROBOT_1, 7)
        await asyncio.sleep(60.0)
        watched.world.release_lift(LIFT, "s")
        await asyncio.sleep(10.0)

    watched = in_world(story)
    assert watched.passed() == [0, 1, 2, 3, 4, 5, 6, 7]
    place = watched.world.state(ROBOT_1).place
    assert (place.level, place.x, place.y, place.waypoint) == (L2, 10.0, 0.0, "c")
    states = [(state.level, state.doors_open, state.session) for state in watched.lift_states()]
    assert [state for state, _ in groupby(states)] == [
        (L1, False, None),
        (L1, False, "s"),
        (L1, True, "s"),
        (L1, False, "s"),
        (None, False, "s"),
        (L2, False, "s"),
        (L2, True, "s"),
        (L2, False, None),
    ]
    assert [reason for reason, _ in watched.blocked() if reason.startswith("lift")] == []


def test_the_node_behind_the_ride_is_passed_when_the_doors_are_open_there() -> None:
    async def story(watched: Watched) -> None:
        await board(watched)
        watched.world.call_lift(LIFT, "s", L2, 600.0)
        watched.world.proceed(ROBOT_1, 5)
        await asyncio.sleep(60.0)

    watched = in_world(story)
    opened = [time for time, event in watched.told if isinstance(event, LiftState) and event.doors_open][-1]
    arrived = next(time for time, event in watched.told if isinstance(event, Passed) and event.sequence == 5)
    assert arrived == opened
    assert watched.world.state(ROBOT_1).place.level == L2


def test_a_body_waits_before_a_lift_that_is_not_there() -> None:
    async def story(watched: Watched) -> None:
        watched.world.call_lift(LIFT, "other", L2)
        watched.world.open_door(DOOR, "s")
        watched.drive(ROBOT_1, "home-1", "a", "b", "lobby-1", "cabin-1")
        await asyncio.sleep(50.0)

    watched = in_world(story)
    assert watched.passed() == [0, 1, 2, 3]
    assert watched.blocked()[-1] == ("lift lift is not at L1", False)


def test_lift_doors_do_not_close_on_a_body_in_the_doorway() -> None:
    async def story(watched: Watched) -> None:
        watched.world.open_door(DOOR, "s", 600.0)
        watched.world.call_lift(LIFT, "s", L1, 600.0)
        watched.drive(ROBOT_1, "home-1", "a", "b", "lobby-1", "cabin-1", cleared=3)
        await asyncio.sleep(40.0)
        watched.world.proceed(ROBOT_1, 4)
        await asyncio.sleep(1.0)
        watched.world.call_lift(LIFT, "s", L2, 600.0)
        watched.world.pause(ROBOT_1)
        await asyncio.sleep(60.0)
        assert watched.world.lifts[LIFT].state == LiftState(LIFT, L1, True, "s")
        watched.world.resume(ROBOT_1)
        await asyncio.sleep(60.0)

    watched = in_world(story)
    assert watched.lift_states()[-1] == LiftState(LIFT, L2, True, "s")
    assert watched.world.state(ROBOT_1).place.level == L2


def test_a_route_may_begin_anew_in_a_car_that_has_moved() -> None:
    async def story(watched: Watched) -> None:
        await board(watched)
        watched.world.call_lift(LIFT, "s", L2, 600.0)
        watched.drive(ROBOT_1, "cabin-1", first=8)
        await asyncio.sleep(60.0)
        assert watched.world.state(ROBOT_1).place.level == L2
        watched.drive(ROBOT_1, "cabin-1", "cabin-2", "lobby-2", first=20)
        await asyncio.sleep(30.0)
        assert watched.world.state(ROBOT_1).place.waypoint == "lobby-2"

    in_world(story)


def test_sessions_wait_in_line_for_the_car() -> None:
    async def story(watched: Watched) -> None:
        watched.world.call_lift(LIFT, "one", L1)
        watched.world.call_lift(LIFT, "two", L2)
        await asyncio.sleep(20.0)
        assert watched.world.lifts[LIFT].state == LiftState(LIFT, L1, True, "one")
        watched.world.release_lift(LIFT, "one")
        await asyncio.sleep(20.0)
        assert watched.world.lifts[LIFT].state == LiftState(LIFT, L2, True, "two")

    in_world(story)


def test_a_lost_lift_session_frees_itself() -> None:
    async def story(watched: Watched) -> None:
        watched.world.call_lift(LIFT, "lost", L1, lease=30.0)
        watched.world.call_lift(LIFT, "next", L2, lease=300.0)
        await asyncio.sleep(29.0)
        assert watched.world.lifts[LIFT].state.session == "lost"
        await asyncio.sleep(20.0)
        assert watched.world.lifts[LIFT].state == LiftState(LIFT, L2, True, "next")

    in_world(story)


def test_a_lost_session_keeps_the_car_while_a_body_is_inside_and_can_be_taken_up() -> None:
    async def story(watched: Watched) -> None:
        await board(watched, lease=70.0)
        watched.world.call_lift(LIFT, "next", L2, lease=3600.0)
        await asyncio.sleep(600.0)
        assert watched.world.lifts[LIFT].state == LiftState(LIFT, L1, True, "s")
        watched.world.call_lift(LIFT, "s", L2, lease=5.0)
        watched.world.proceed(ROBOT_1, 7)
        await asyncio.sleep(120.0)
        assert watched.world.lifts[LIFT].state == LiftState(LIFT, L2, True, "next")

    assert in_world(story).passed()[-1] == 7


def test_a_request_of_a_session_that_has_ended_comes_too_late() -> None:
    async def story(watched: Watched) -> None:
        refused: list[BuildingEvent] = []
        watched.world.watch_building(lambda event: refused.append(event) if isinstance(event, SessionRefused) else None)
        watched.world.call_lift(LIFT, "old", L1, fencing=1)
        watched.world.call_lift(LIFT, "new", L1, lease=300.0, fencing=2)
        watched.world.open_door(DOOR, "old", fencing=1)
        await asyncio.sleep(20.0)
        assert watched.world.lifts[LIFT].state == LiftState(LIFT, L1, True, "old", fencing=1)
        watched.world.call_lift(LIFT, "old", L2, fencing=1)
        watched.world.release_lift(LIFT, "old")
        watched.world.release_door(DOOR, "old")
        await asyncio.sleep(20.0)
        watched.world.call_lift(LIFT, "old", L2, fencing=1)
        watched.world.open_door(DOOR, "old", fencing=1)
        await asyncio.sleep(20.0)
        assert refused == [SessionRefused(LIFT, "old", newest=2), SessionRefused(DOOR, "old", newest=1)]
        assert watched.world.lifts[LIFT].state == LiftState(LIFT, L1, True, "new", fencing=2)
        assert watched.world.doors[DOOR].state.closed

    in_world(story)


def test_a_call_is_answered_though_nothing_changes() -> None:
    async def story(watched: Watched) -> None:
        watched.world.call_lift(LIFT, "s", L1, 600.0)
        await asyncio.sleep(20.0)
        told = len(watched.lift_states())
        watched.world.call_lift(LIFT, "s", L1, 600.0)
        assert watched.lift_states()[told:] == [LiftState(LIFT, L1, True, "s")]

    in_world(story)


def test_people_step_in_first_and_get_out_where_they_want() -> None:
    async def story(watched: Watched) -> None:
        faults.people_fill_lift(watched.world, LIFT, at=L1, to=L2)
        watched.world.call_lift(LIFT, "s", L1, 600.0)
        await asyncio.sleep(20.0)
        assert watched.world.lifts[LIFT].state == LiftState(LIFT, L1, True, "s", load=1.0, full=True)
        watched.world.release_lift(LIFT, "s")
        await asyncio.sleep(60.0)
        assert watched.world.lifts[LIFT].state == LiftState(LIFT, L2, False)
        watched.world.call_lift(LIFT, "s", L1, 600.0)
        await asyncio.sleep(30.0)
        assert watched.world.lifts[LIFT].state == LiftState(LIFT, L1, True, "s")

    in_world(story)


def test_a_silent_lift_tells_nothing_until_it_is_mended() -> None:
    async def story(watched: Watched) -> None:
        faults.lift_silent(watched.world, LIFT, seconds=100.0)
        told = len(watched.lift_states())
        watched.world.call_lift(LIFT, "s", L1, 600.0)
        await asyncio.sleep(90.0)
        assert watched.lift_states()[told:] == []
        await asyncio.sleep(30.0)
        assert watched.lift_states()[-1] == LiftState(LIFT, L1, True, "s")

    in_world(story)


def test_unknown_things_are_named() -> None:
    async def story(watched: Watched) -> None:
        with pytest.raises(LookupError, match="no robot ghost"):
            watched.world.pause(RobotId("ghost"))
        with pytest.raises(LookupError, match="no door"):
            watched.world.open_door(type(DOOR)("x"), "s")
        with pytest.raises(LookupError, match="does not serve"):
            watched.world.call_lift(LIFT, "s", type(L1)("L9"))

    in_world(story)


# --- fittings --------------------------------------------------------------------------------------------------


def test_a_compartment_opens_and_the_body_stays_until_it_is_closed() -> None:
    async def story(watched: Watched) -> None:
        watched.world.open_compartment(ROBOT_1, "main")
        await asyncio.sleep(5.0)
        watched.drive(ROBOT_1, "home-1", "a")
        await asyncio.sleep(20.0)
        assert watched.world.state(ROBOT_1).place.waypoint == "home-1"
        watched.world.close_compartment(ROBOT_1, "main")
        await asyncio.sleep(20.0)
        assert watched.world.state(ROBOT_1).place.waypoint == "a"

    watched = in_world(story)
    moved = [(event.compartment, event.opened) for _, event in watched.told if isinstance(event, CompartmentMoved)]
    assert moved == [("main", True), ("main", False)]
    assert watched.times(CompartmentMoved)[0] == pytest.approx(2.0, rel=0.2)


def test_a_moving_body_refuses_to_open_and_any_body_what_it_has_not() -> None:
    async def story(watched: Watched) -> None:
        watched.drive(ROBOT_1, "home-1", "a")
        await asyncio.sleep(2.0)
        watched.world.open_compartment(ROBOT_1, "main")
        watched.world.open_compartment(ROBOT_1, "drawer")
        watched.world.dock(ROBOT_1, HOME_2)

    watched = in_world(story)
    refused = [event.subject for _, event in watched.told if isinstance(event, Refusal)]
    assert refused == ["main", "drawer", "home-2"]


def test_a_docked_body_charges_tells_the_levels_and_undocks_to_drive() -> None:
    async def main() -> tuple[list[BodyEvent], float, float]:
        told: list[BodyEvent] = []
        world = World(corridor_site(), rng=random.Random(1))
        world.spawn(ROBOT_1, FLEET, HOME_1, state_of_charge=0.3)
        world.subscribe(ROBOT_1, told.append)
        world.dock(ROBOT_1, HOME_1)
        await asyncio.sleep(3 * 3600.0)
        charged = world.state(ROBOT_1).state_of_charge
        nodes = nodes_through(world.site, "home-1", "a")
        world.drive(ROBOT_1, nodes, 1)
        await asyncio.sleep(3600.0)
        return told, charged, world.state(ROBOT_1).state_of_charge

    told, charged, after = run_virtual(main())
    assert isinstance(told[0], Docked)
    assert [event.level for event in told if isinstance(event, ChargeReached)] == [0.35, 0.8, 1.0]
    assert charged == 1.0
    assert after == pytest.approx(1.0 - 25.0 / 1000.0, abs=0.001)


# --- faults ----------------------------------------------------------------------------------------------------


def test_a_stuck_door_stays_shut_until_it_is_mended() -> None:
    async def story(watched: Watched) -> None:
        faults.door_stuck(watched.world, DOOR, seconds=100.0)
        watched.world.open_door(DOOR, "s", 600.0)
        await asyncio.sleep(90.0)
        assert watched.world.doors[DOOR].state == DoorState(DOOR, open=False, closed=True, available=False)
        await asyncio.sleep(20.0)
        assert watched.world.doors[DOOR].state.open

    in_world(story)


def test_a_stuck_lift_holds_its_passenger_until_it_is_mended() -> None:
    async def story(watched: Watched) -> None:
        await board(watched)
        watched.world.call_lift(LIFT, "s", L2, 3600.0)
        await asyncio.sleep(4.0)
        faults.lift_stuck(watched.world, LIFT, seconds=300.0)
        watched.world.proceed(ROBOT_1, 7)
        await asyncio.sleep(290.0)
        assert watched.passed()[-1] == 4
        assert not watched.world.lifts[LIFT].state.available
        await asyncio.sleep(60.0)
        assert watched.passed()[-1] == 7

    in_world(story)


def test_a_bed_in_the_corridor_blocks_until_it_is_pushed_away() -> None:
    async def story(watched: Watched) -> None:
        watched.world.open_door(DOOR, "s", 600.0)
        faults.lane_obstructed(watched.world, LaneId("b-lobby-1"), "a bed", seconds=60.0)
        watched.drive(ROBOT_1, "home-1", "a", "b", "lobby-1")
        await asyncio.sleep(50.0)
        assert watched.world.state(ROBOT_1).place.waypoint == "b"
        await asyncio.sleep(50.0)

    watched = in_world(story)
    assert watched.passed() == [0, 1, 2, 3]
    assert ("a bed", False) in watched.blocked()
    assert ("a bed", True) in watched.blocked()


def test_a_robot_pushed_aside_is_off_its_lane_and_returns_by_hand() -> None:
    async def story(watched: Watched) -> None:
        watched.drive(ROBOT_1, "home-1", "a")
        await asyncio.sleep(4.0)
        faults.pushed_aside(watched.world, ROBOT_1, Place(L1, 2.0, 1.5, 0.3))
        await asyncio.sleep(10.0)
        faults.put_back(watched.world, ROBOT_1, WaypointId("a"))

    watched = in_world(story)
    changes = [event for _, event in watched.told if isinstance(event, ModeChanged)]
    assert [(change.mode, change.place.waypoint) for change in changes] == [
        (BodyMode.MANUAL, None),
        (BodyMode.MANUAL, "a"),
        (BodyMode.AUTOMATIC, "a"),
    ]
    assert changes[0].off_lane == pytest.approx(1.5)
    assert watched.times(Stopped) == []


def test_the_same_seed_gives_the_same_history() -> None:
    async def story(watched: Watched) -> None:
        await board(watched)
        watched.world.call_lift(LIFT, "s", L2, 600.0)
        watched.world.proceed(ROBOT_1, 7)
        await asyncio.sleep(60.0)
        watched.world.open_compartment(ROBOT_1, "main")
        await asyncio.sleep(60.0)

    assert in_world(story).told == in_world(story).told
