"""The judge of traffic before histories that were written by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from fleet_manager.domain.alerts import Alert, AlertId, Severity
from fleet_manager.domain.events import (
    AlertClosed,
    AlertRaised,
    ClosureStarted,
    DriveEnded,
    Event,
    MissionStarted,
    NodePassed,
    Recorded,
    RobotConnected,
    RobotModeChanged,
    RobotPaused,
    RobotResumed,
    RobotUnreachable,
    RouteClaimed,
    StepChanged,
    WaitEnded,
    WaitStarted,
)
from fleet_manager.domain.missions import Mission, MissionId, MissionKind, Step, StepId, StepKind, StepStatus
from fleet_manager.domain.robots import Drive, RobotMode, RouteNode, Wait
from fleet_manager.domain.tasks import FLEET_MANAGER
from maps.model import Fleet, LaneId, Robot, RobotId, Site, WaypointId
from sim.clock import SIMULATED_START
from sim.jams import Jam, jams
from tests.builders import DOOR, FLEET, L1, LIFT, closure, corridor_site, lanes_both_ways, site_of, waypoint

AMBER, BLUE, CORAL = RobotId("amber"), RobotId("blue"), RobotId("coral")


def _site() -> Site:
    """A straight way of three places, with the door and the lift of the corridor site somewhere else."""
    places = [waypoint(name, 10.0 * number, 0.0) for number, name in enumerate("abc")]
    other = corridor_site()
    robots = tuple(Robot(id=robot) for robot in (AMBER, BLUE, CORAL))
    return site_of(
        [*places, other.waypoints[WaypointId("cabin-1")]],
        lanes_both_ways(places),
        levels=[other.levels[L1]],
        doors=[other.doors[DOOR]],
        lifts=[other.lifts[LIFT]],
        fleets=[Fleet(id=FLEET, robots=robots)],
    )


SITE = _site()


def at(seconds: float) -> datetime:
    return SIMULATED_START + timedelta(seconds=seconds)


class History:
    """A log under the pen; every robot is connected and drives from `a` over `b` to `c`, unless it is `at_rest`."""

    def __init__(self, *at_rest: RobotId) -> None:
        self.log: list[Recorded] = []
        self._passed = dict.fromkeys((AMBER, BLUE, CORAL), 1)
        for robot in (AMBER, BLUE, CORAL):
            self.write(0, RobotConnected(robot=robot, agent="test"))
            if robot not in at_rest:
                self.claims(0, robot)

    def write(self, seconds: float, event: Event) -> None:
        self.log.append(Recorded(seq=len(self.log) + 1, time=at(seconds), event=event))

    def claims(self, seconds: float, robot: RobotId) -> None:
        first = self._passed[robot]
        nodes = tuple(RouteNode(sequence=first + i, waypoint=WaypointId(name)) for i, name in enumerate("abc"))
        drive = Drive(id="d", goal=WaypointId("c"), nodes=nodes, reached=first, allocated_to=first, cleared_to=first)
        self.write(seconds, RouteClaimed(robot=robot, drive=drive))

    def waits(self, seconds: float, robot: RobotId, resource: str, held_by: RobotId | None) -> None:
        wait = Wait(resource=resource, held_by=held_by, because="", since=at(seconds))
        self.write(seconds, WaitStarted(robot=robot, wait=wait))

    def goes_on(self, seconds: float, robot: RobotId) -> None:
        self.write(seconds, WaitEnded(robot=robot))

    def passes(self, seconds: float, robot: RobotId) -> None:
        self._passed[robot] += 1
        number = self._passed[robot]
        place = WaypointId("abc"[number - 1])
        self.write(
            seconds, NodePassed(robot=robot, sequence=number, waypoint=place, at=at(seconds), speed=1.0, report=number)
        )

    def jams(self, until: float) -> list[Jam]:
        return jams(SITE, self.log, at(until))


# --- circles -------------------------------------------------------------------------------------------------


def test_two_robots_that_wait_for_each_other_are_a_jam_after_half_a_minute() -> None:
    history = History(CORAL)
    history.waits(10, AMBER, "w:b", BLUE)
    history.waits(20, BLUE, "w:a", AMBER)
    assert history.jams(50) == []
    (jam,) = history.jams(51)
    assert (jam.cycle, jam.start, jam.end) == ((AMBER, BLUE), at(20), at(51))
    assert str(jam) == "00:00:20–00:00:51 amber, blue in a circle amber → blue → amber"


def test_a_circle_that_opens_in_time_is_none() -> None:
    history = History(CORAL)
    history.waits(10, AMBER, "w:b", BLUE)
    history.waits(20, BLUE, "w:a", AMBER)
    history.goes_on(45, BLUE)
    history.waits(50, BLUE, "w:a", AMBER)
    assert history.jams(75) == []


def test_planning_again_in_the_middle_does_not_open_a_circle() -> None:
    history = History(CORAL)
    history.waits(10, AMBER, "w:b", BLUE)
    history.waits(10, BLUE, "w:a", AMBER)
    for second in range(15, 60, 5):
        history.goes_on(second, BLUE)
        history.waits(second + 0.5, BLUE, "w:a", AMBER)
    (jam,) = history.jams(60)
    assert jam.cycle == (AMBER, BLUE)


def test_who_waits_for_a_circle_belongs_to_its_jam() -> None:
    history = History()
    history.waits(10, CORAL, "w:c", BLUE)
    history.waits(10, BLUE, "w:a", AMBER)
    history.waits(10, AMBER, "w:b", BLUE)
    (jam,) = history.jams(400)
    assert (jam.cycle, set(jam.robots)) == ((AMBER, BLUE), {AMBER, BLUE, CORAL})


def test_each_circle_is_told_by_itself() -> None:
    history = History(CORAL)
    for start in (0, 100):
        history.waits(start, AMBER, "w:b", BLUE)
        history.waits(start, BLUE, "w:a", AMBER)
        history.goes_on(start + 40, AMBER)
        history.goes_on(start + 40, BLUE)
    assert [(jam.start, jam.end) for jam in history.jams(150)] == [(at(0), at(40)), (at(100), at(140))]


# --- standing still ------------------------------------------------------------------------------------------


def test_standing_behind_a_parked_robot_for_more_than_five_minutes_is_a_jam() -> None:
    history = History(BLUE, CORAL)
    history.waits(60, AMBER, "w:b", BLUE)
    assert history.jams(300) == []
    (jam,) = history.jams(301)
    assert (jam.robots, jam.root, jam.start, jam.cycle) == ((AMBER, BLUE), BLUE, at(0), ())
    assert str(jam) == "00:00:00–00:05:01 amber, blue behind blue"


def test_all_that_stand_behind_one_robot_are_one_jam() -> None:
    history = History(CORAL)
    history.waits(0, AMBER, "w:b", BLUE)
    history.waits(0, BLUE, "w:c", CORAL)
    (jam,) = history.jams(400)
    assert (jam.root, set(jam.robots)) == (CORAL, {AMBER, BLUE, CORAL})


def test_a_robot_that_may_drive_and_does_not_is_a_jam() -> None:
    assert [jam.robots for jam in History(BLUE, CORAL).jams(301)] == [(AMBER,)]


def test_a_new_route_is_no_progress() -> None:
    history = History(BLUE, CORAL)
    for second in range(60, 400, 60):
        history.claims(second, AMBER)
    assert [jam.robots for jam in history.jams(400)] == [(AMBER,)]


def test_every_node_passed_is_progress() -> None:
    history = History(BLUE, CORAL)
    history.passes(290, AMBER)
    history.passes(580, AMBER)
    history.write(600, DriveEnded(robot=AMBER))
    assert history.jams(10_000) == []


def test_a_jam_ends_when_its_robot_gets_on() -> None:
    history = History(BLUE, CORAL)
    history.waits(0, AMBER, "w:b", BLUE)
    history.goes_on(390, AMBER)
    history.passes(400, AMBER)
    history.passes(410, AMBER)
    history.write(411, DriveEnded(robot=AMBER))
    assert [(jam.start, jam.end) for jam in history.jams(1000)] == [(at(0), at(400))]


def test_a_mission_without_a_way_is_a_jam() -> None:
    history = History(AMBER, BLUE, CORAL)
    step = Step(id=StepId("M1-1"), kind=StepKind.GO_TO, place=WaypointId("c"), status=StepStatus.ACTIVE)
    mission = Mission(id=MissionId("M1"), kind=MissionKind.PARK, robot=AMBER, steps=(step,))
    history.write(5, MissionStarted(mission=mission))
    assert [jam.robots for jam in history.jams(306)] == [(AMBER,)]


# --- what excuses --------------------------------------------------------------------------------------------


def _hands_over(history: History) -> None:
    step = Step(id=StepId("M1-1"), kind=StepKind.PICK_UP, place=WaypointId("c"))
    mission = Mission(id=MissionId("M1"), kind=MissionKind.DELIVER, robot=BLUE, steps=(step,))
    history.write(0, MissionStarted(mission=mission))
    history.write(0, StepChanged(mission=mission.id, step=step.id, status=StepStatus.WAITING_FOR_PERSON))


def _presses_the_estop(history: History) -> None:
    history.write(0, RobotModeChanged(robot=BLUE, mode=RobotMode.ESTOP, reason="", waypoint=None, report=1))


def _is_obstructed(history: History) -> None:
    alert = Alert(
        id=AlertId("A1"), kind="blocked", severity=Severity.WARNING, subject=BLUE, text="", since=at(0), next_step=""
    )
    history.write(0, AlertRaised(alert=alert))


EXCUSES: dict[str, Callable[[History], None]] = {
    "it waits for a person": _hands_over,
    "it is in e-stop": _presses_the_estop,
    "it is paused": lambda history: history.write(0, RobotPaused(robot=BLUE, actor=FLEET_MANAGER)),
    "it does not answer": lambda history: history.write(0, RobotUnreachable(robot=BLUE)),
    "a bed stands in its way": _is_obstructed,
    "it waits for a lift": lambda history: history.waits(0, BLUE, LIFT, None),
    "it waits for a door": lambda history: history.waits(0, BLUE, DOOR, None),
    "others use the lift": lambda history: history.waits(0, BLUE, f"lift:{LIFT}", CORAL),
}


@pytest.mark.parametrize("excuse", EXCUSES)
def test_waiting_for_a_robot_is_no_jam_while(excuse: str) -> None:
    history = History(*([BLUE, CORAL] if excuse == "it waits for a person" else [CORAL]))
    history.waits(0, AMBER, "w:b", BLUE)
    EXCUSES[excuse](history)
    assert history.jams(3600) == []


def test_a_closed_lane_excuses_who_waits_for_it() -> None:
    history = History(BLUE, CORAL)
    history.write(0, ClosureStarted(closure=closure(LaneId("a-b"), until=at(9000))))
    history.waits(0, AMBER, "l:a>b", None)
    assert history.jams(3600) == []


def test_the_lift_is_no_excuse_for_who_blocks_its_exit() -> None:
    """Blue stands in the cabin and can't leave it: the jam is where coral stands, not in the lift."""
    history = History(CORAL)
    history.waits(0, AMBER, f"lift:{LIFT}", BLUE)
    history.waits(0, BLUE, "w:b", CORAL)
    (jam,) = history.jams(400)
    assert (jam.root, set(jam.robots)) == (CORAL, {AMBER, BLUE, CORAL})


def test_the_time_of_an_excuse_does_not_count_but_does_not_wipe_out_the_rest() -> None:
    history = History(BLUE, CORAL)
    history.waits(0, AMBER, "w:b", BLUE)
    history.write(200, RobotPaused(robot=BLUE, actor=FLEET_MANAGER))
    history.write(800, RobotResumed(robot=BLUE, actor=FLEET_MANAGER))
    assert history.jams(900) == []
    assert [jam.root for jam in history.jams(901)] == [BLUE]


def test_an_obstacle_excuses_only_until_it_is_gone() -> None:
    history = History(CORAL)
    history.waits(0, AMBER, "w:b", BLUE)
    _is_obstructed(history)
    history.write(500, AlertClosed(alert=AlertId("A1"), actor=FLEET_MANAGER))
    assert history.jams(800) == []
    assert {robot for jam in history.jams(801) for robot in jam.robots} == {AMBER, BLUE}


def test_a_stopped_robot_is_in_no_circle() -> None:
    """What it waited for when it was stopped says nothing of now."""
    history = History(CORAL)
    history.waits(0, AMBER, "w:b", BLUE)
    history.waits(0, BLUE, "w:a", AMBER)
    _presses_the_estop(history)
    assert history.jams(3600) == []
