"""Lifts that robots share with people: who has the car, for how long, and who gives way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeGuard

import pytest

from fleet_manager.domain.errors import Conflict, InvalidRequest, NotFound
from fleet_manager.domain.events import SessionEnded, SessionRefused, SessionRenewed, SessionStarted
from fleet_manager.domain.tasks import Actor, TaskId, TaskStatus
from fleet_manager.orchestration.commands import (
    CancelTask,
    ChangeLift,
    ChangeRobot,
    EndClosure,
    LiftAction,
    LiftPurpose,
    RobotAction,
)
from fleet_manager.orchestration.views import LiftView
from maps.model import LiftId, Site, WaypointId
from sim import faults
from sim.harness import Hospital
from sim.port import BodyMode
from tests.builders import L1, L2, LIFT, ROBOT_1, corridor_site, lanes_both_ways, waypoint
from tests.hospitals import HEARTBEATS, PROMPT, tell

OPERATOR = Actor(id="operator-1", role="operator")
NURSE = Actor(id="nurse-lin", role="nurse", ward="3b")
OTHER_LIFT = LiftId("lift-2")
LOBBIES = {"lobby-1": LIFT, "porch-1": OTHER_LIFT}


def two_lifts() -> Site:
    """The corridor site with a second lift beside the first: porch and box are its lobby and its car."""
    site = corridor_site()
    porches = [waypoint(f"porch-{n}", 20.0, 6.0, level) for n, level in ((1, L1), (2, L2))]
    boxes = [waypoint(f"box-{n}", 22.0, 6.0, level, lift=OTHER_LIFT) for n, level in ((1, L1), (2, L2))]
    b, c = site.waypoints[WaypointId("b")], site.waypoints[WaypointId("c")]
    lanes = [*lanes_both_ways([b, porches[0], boxes[0]]), *lanes_both_ways([boxes[1], porches[1], c])]
    cabins = {box.level: (box.id,) for box in boxes}
    lift = replace(site.lifts[LIFT], id=OTHER_LIFT, y=6.0, cabins=cabins)
    return replace(
        site,
        waypoints={**site.waypoints, **{w.id: w for w in (*porches, *boxes)}},
        lanes={**site.lanes, **{lane.id: lane for lane in lanes}},
        lifts={**site.lifts, lift.id: lift},
    )


async def _waits_before_the_lift(hospital: Hospital) -> None:
    """People keep the car upstairs; robot-1 comes to the lobby downstairs and waits."""
    hospital.world.call_lift(LIFT, "people", L2, lease=3600.0)
    async with asyncio.timeout(600):
        while hospital.manager.robot("robot-1").waypoint != "lobby-1":
            await asyncio.sleep(0.5)
    await asyncio.sleep(5)


async def _stands_in_the_car(hospital: Hospital) -> None:
    async with asyncio.timeout(600):
        while hospital.manager.robot("robot-1").waypoint != "cabin-1":
            await asyncio.sleep(0.1)


def _ended(hospital: Hospital) -> list[SessionEnded]:
    return [r.event for r in hospital.store.log if isinstance(r.event, SessionEnded) and ":lift:" in r.event.session]


def test_a_robot_that_waits_long_keeps_its_turn() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _waits_before_the_lift(hospital)
        await asyncio.sleep(300)
        assert any(isinstance(recorded.event, SessionRenewed) for recorded in hospital.store.log)
        assert _ended(hospital) == []
        hospital.world.release_lift(LIFT, "people")
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story)


def test_a_robot_that_dies_before_the_lift_never_enters_and_its_session_frees_itself() -> None:
    async def story(hospital: Hospital) -> None:
        await hospital.request("b", "ward")
        await _waits_before_the_lift(hospital)
        hospital.world.set_mode(ROBOT_1, BodyMode.DEAD, "battery cable")
        await asyncio.sleep(PROMPT.lease + PROMPT.unreachable_after + 5)
        assert [e.because for e in _ended(hospital)] == ["its robot can't use it, and its time is over"]
        hospital.world.release_lift(LIFT, "people")
        await asyncio.sleep(60)
        assert hospital.world.lifts[LIFT].state.session is None
        assert hospital.world.state(ROBOT_1).place.waypoint == "lobby-1"
        assert {alert.kind for alert in hospital.manager.alerts()}.isdisjoint({"stuck_in_lift"})

    tell(story, agents=HEARTBEATS, patience=PROMPT)


def test_a_cancelled_robot_never_enters() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("ward", "b")
        await _waits_before_the_lift(hospital)
        await hospital.manager.do(CancelTask(actor=OPERATOR, task=TaskId(asked.id)))
        hospital.world.release_lift(LIFT, "people")
        await asyncio.sleep(300)
        assert [e.because for e in _ended(hospital)] == ["its robot goes elsewhere"]
        assert hospital.manager.robot("robot-1").waypoint == "home-1"
        assert hospital.world.lifts[LIFT].state.session is None

    tell(story)


def test_a_paused_robot_lets_others_ride_and_asks_anew() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _waits_before_the_lift(hospital)
        await hospital.manager.do(ChangeRobot(actor=OPERATOR, robot=ROBOT_1, action=RobotAction.PAUSE))
        await asyncio.sleep(120)
        assert len(_ended(hospital)) == 1
        hospital.world.release_lift(LIFT, "people")
        await hospital.manager.do(ChangeRobot(actor=OPERATOR, robot=ROBOT_1, action=RobotAction.RESUME))
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
        devices = hospital.manager.state.devices
        assert devices["lift"].fencing >= 2

    tell(story)


def test_a_robot_paused_on_its_way_into_the_car_finds_it_there_when_it_goes_on() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        async with asyncio.timeout(600):
            while not hospital.manager.state.sessions or not _is_cleared_into_the_car(hospital):
                await asyncio.sleep(0.1)
        await hospital.manager.do(ChangeRobot(actor=OPERATOR, robot=ROBOT_1, action=RobotAction.PAUSE))
        await asyncio.sleep(180)
        assert {(a.kind, a.subject) for a in hospital.manager.alerts()} >= {("stuck_in_lift", "robot-1")}
        await hospital.manager.do(ChangeRobot(actor=OPERATOR, robot=ROBOT_1, action=RobotAction.RESUME))
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
        assert not [r for r in hospital.store.log if isinstance(r.event, SessionRefused)]
        assert hospital.manager.alerts() == []

    tell(story)


def test_a_manager_that_was_away_while_a_robot_was_on_its_way_into_the_car_calls_it_again() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        async with asyncio.timeout(600):
            while not hospital.manager.state.sessions or not _is_cleared_into_the_car(hospital):
                await asyncio.sleep(0.1)
        hospital.world.set_mode(ROBOT_1, BodyMode.ESTOP, "a visitor")
        await hospital.kill_manager()
        await asyncio.sleep(2 * PROMPT.lease)
        await hospital.start_manager()
        hospital.world.set_mode(ROBOT_1, BodyMode.AUTOMATIC, "released")
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
        assert [r for r in hospital.store.log if isinstance(r.event, SessionRefused)]

    tell(story)


@pytest.mark.parametrize("rescued", [True, False])
def test_the_car_stays_for_a_robot_that_dies_in_it_and_a_person_is_called(rescued: bool) -> None:
    patience = PROMPT

    async def story(hospital: Hospital) -> None:
        await hospital.request("b", "ward")
        await _stands_in_the_car(hospital)
        hospital.world.set_mode(ROBOT_1, BodyMode.DEAD, "battery cable")
        hospital.world.call_lift(LIFT, "people", L1, lease=3600.0)
        await asyncio.sleep(600)
        stuck = next(alert for alert in hospital.manager.alerts() if alert.kind == "stuck_in_lift")
        assert (stuck.severity, stuck.subject) == ("critical", "robot-1")
        assert "lift lift" in stuck.text
        session = hospital.world.lifts[LIFT].state.session
        assert session is not None
        assert session.startswith("robot-1:lift:")
        if rescued:
            hospital.world.set_mode(ROBOT_1, BodyMode.AUTOMATIC, "repaired")
            await asyncio.sleep(60)
            assert "stuck_in_lift" not in {alert.kind for alert in hospital.manager.alerts()}

    tell(story, agents=HEARTBEATS, patience=patience)


@pytest.mark.parametrize("known_since", [1, 1000])
def test_what_the_lift_ended_while_the_manager_was_away_is_asked_for_anew(known_since: int) -> None:
    """Also when the lift knows greater numbers than the manager, whose database came back from a backup."""

    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _waits_before_the_lift(hospital)
        await hospital.kill_manager()
        await asyncio.sleep(2 * PROMPT.lease)
        hospital.world.call_lift(LIFT, "others", L1, lease=30.0, fencing=known_since)
        await hospital.start_manager()
        hospital.world.release_lift(LIFT, "people")
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
        refused = [r.event for r in hospital.store.log if isinstance(r.event, SessionRefused)]
        assert [event.newest for event in refused] == [known_since]
        assert hospital.manager.state.devices[LIFT].fencing > known_since

    tell(story)


# --- full cars -------------------------------------------------------------------------------------------------


def test_a_full_car_is_let_go_asked_for_again_and_counted() -> None:
    async def story(hospital: Hospital) -> None:
        faults.people_fill_lift(hospital.world, LIFT, at=L1, to=L2, times=3)
        asked = await hospital.request("b", "ward")
        said: dict[str, None] = {}
        async with asyncio.timeout(900):
            while hospital.manager.robot("robot-1").waypoint != "cabin-1":
                await asyncio.sleep(0.5)
                wait = hospital.manager.robot("robot-1").waiting_for
                if wait is not None and "full" in wait.because:
                    said[wait.because] = None
                    assert wait.until is not None
        assert list(said) == ["lift lift was full once", "lift lift was full 2 times", "lift lift was full 3 times"]
        assert not _car(hospital).full
        assert _car(hospital).times_full == 3
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
        assert hospital.manager.alerts() == []
        assert hospital.manager.state.devices[LIFT].turned_away == ()

    tell(story)


def test_a_lift_that_is_full_again_and_again_is_told_of() -> None:
    async def story(hospital: Hospital) -> None:
        faults.people_fill_lift(hospital.world, LIFT, at=L1, to=L2, times=6)
        asked = await hospital.request("b", "ward")
        async with asyncio.timeout(1200):
            while not hospital.manager.alerts():
                await asyncio.sleep(1)
        (alert,) = hospital.manager.alerts()
        assert (alert.kind, alert.severity, alert.subject) == ("lift_full", "info", LIFT)
        assert alert.text == "lift lift was full 5 times for robot-1"
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
        assert hospital.manager.alerts() == []

    tell(story)


# --- giving way ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("killed", [False, True])
def test_a_robot_gives_way_and_asks_again(killed: bool) -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _waits_before_the_lift(hospital)
        await hospital.manager.do(ChangeLift(actor=OPERATOR, lift=LIFT, action=LiftAction.GIVE_WAY))
        await asyncio.sleep(1)
        wait = hospital.manager.robot("robot-1").waiting_for
        assert wait is not None
        assert wait.because == "gives way to people at lift lift"
        if killed:
            await hospital.kill_manager()
            await hospital.start_manager()
        hospital.world.release_lift(LIFT, "people")
        hospital.world.call_lift(LIFT, "visitors", L1, lease=3600.0)
        await asyncio.sleep(PROMPT.give_way - 10)
        assert _car(hospital).session == "visitors"
        assert not [s for s in hospital.manager.state.sessions.values() if s.device == LIFT]
        hospital.world.release_lift(LIFT, "visitors")
        await asyncio.sleep(15)
        assert _car(hospital).session == f"robot-1:lift:{hospital.manager.state.devices[LIFT].fencing}"
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story)


# --- beds and emergencies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("freed", [True, False])
def test_a_bed_takes_the_lift_and_the_robot_waits_for_it(freed: bool) -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _waits_before_the_lift(hospital)
        car = await hospital.manager.do(ChangeLift(actor=NURSE, lift=LIFT, action=LiftAction.RESERVE))
        assert isinstance(car, LiftView)
        assert car.reserved_for == "reserved for a bed"
        hospital.world.release_lift(LIFT, "people")
        hospital.world.call_lift(LIFT, "bed", L1, lease=3600.0)
        await asyncio.sleep(120)
        robot = hospital.manager.robot("robot-1")
        assert robot.waypoint == "lobby-1"
        assert robot.waiting_for is not None
        assert robot.waiting_for.until == car.reserved_until
        assert "reserved for a bed" in robot.waiting_for.because
        assert _car(hospital).session == "bed"
        hospital.world.release_lift(LIFT, "bed")
        if freed:
            await hospital.manager.do(ChangeLift(actor=NURSE, lift=LIFT, action=LiftAction.FREE))
        done = await hospital.ended(asked.id)
        assert done.status is TaskStatus.COMPLETED
        assert car.reserved_until is not None
        assert done.ended_at is not None
        assert (done.ended_at < car.reserved_until) == freed
        assert _car(hospital).reserved_for is None

    tell(story)


def test_who_is_aboard_already_rides_on_when_a_bed_needs_the_lift() -> None:
    async def story(hospital: Hospital) -> None:
        await hospital.request("b", "ward")
        await _stands_in_the_car(hospital)
        emergency = ChangeLift(
            actor=NURSE, lift=LIFT, action=LiftAction.RESERVE, purpose=LiftPurpose.EMERGENCY, until=_in(hospital, 30)
        )
        await hospital.manager.do(emergency)
        async with asyncio.timeout(60):
            while hospital.manager.robot("robot-1").waypoint != "lobby-2":
                await asyncio.sleep(0.5)
        assert _car(hospital).reserved_for == "reserved for an emergency"

    tell(story)


def test_other_robots_take_the_other_lift_while_a_bed_has_one() -> None:
    async def story(hospital: Hospital) -> None:
        bed = ChangeLift(actor=NURSE, lift=LIFT, action=LiftAction.RESERVE, until=_in(hospital, 30))
        await hospital.manager.do(bed)
        asked = await hospital.request("b", "ward")
        done = await hospital.ended(asked.id, 1200)
        assert done.status is TaskStatus.COMPLETED
        assert {r.event.session.device for r in hospital.store.log if _is_ride(r.event)} == {OTHER_LIFT}

    tell(story, two_lifts())


def test_what_a_lift_can_not_do_is_refused() -> None:
    async def story(hospital: Hospital) -> None:
        with pytest.raises(NotFound, match="no lift dumbwaiter"):
            await hospital.manager.do(ChangeLift(actor=NURSE, lift="dumbwaiter", action=LiftAction.RESERVE))
        late = ChangeLift(actor=NURSE, lift=LIFT, action=LiftAction.RESERVE, until=_in(hospital, -1))
        with pytest.raises(InvalidRequest, match="in the past"):
            await hospital.manager.do(late)
        assert hospital.manager.closures() == []

    tell(story)


# --- lifts that fail -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.0, 5.0, 9.0], ids=["closing", "moving", "arrived"])
def test_a_lift_dies_with_a_robot_inside_and_others_take_the_other_one(seconds: float) -> None:
    async def story(hospital: Hospital) -> None:
        first = await hospital.request("b", "ward")
        await _stands_in_the_car(hospital)
        await asyncio.sleep(seconds)
        faults.lift_silent(hospital.world, LIFT, seconds=900.0)
        second = await hospital.request("a", "ward")
        await asyncio.sleep(PROMPT.lift_silence + 30)
        alerts = {(a.kind, a.subject): a for a in hospital.manager.alerts()}
        assert set(alerts) == {("lift_out", LIFT), ("stuck_in_lift", "robot-1")}
        stuck = alerts["stuck_in_lift", "robot-1"]
        assert stuck.severity == "critical"
        assert "robot-1 is in lift lift" in stuck.text
        robot = hospital.manager.robot("robot-1")
        assert robot.waypoint == "cabin-1"
        assert robot.waiting_for is not None
        assert robot.waiting_for.because == "is in lift lift; lift lift does not answer"
        assert [(c.kind, c.lift) for c in hospital.manager.closures()] == [("lift", LIFT)]
        done = await hospital.ended(second.id)
        assert (done.status, done.robot) == (TaskStatus.COMPLETED, "robot-2")
        assert hospital.manager.robot("robot-1").waypoint == "cabin-1"
        assert (await hospital.ended(first.id)).status is TaskStatus.COMPLETED
        assert hospital.manager.alerts() == []
        assert hospital.manager.closures() == []

    tell(story, two_lifts())


def test_a_robot_that_is_taken_out_of_a_dead_lift_goes_on_from_there() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _stands_in_the_car(hospital)
        faults.lift_silent(hospital.world, LIFT, seconds=7200.0)
        await asyncio.sleep(PROMPT.lift_silence + 30)
        faults.put_back(hospital.world, ROBOT_1, WaypointId("lobby-1"))
        assert (await hospital.ended(asked.id, 600)).status is TaskStatus.COMPLETED
        assert [(a.kind, a.subject) for a in hospital.manager.alerts()] == [("lift_out", LIFT)]

    tell(story, two_lifts())


def test_a_robot_that_waits_before_a_lift_that_breaks_takes_the_other() -> None:
    async def story(hospital: Hospital) -> None:
        hospital.world.call_lift(LIFT, "people", L2, lease=3600.0)
        hospital.world.call_lift(OTHER_LIFT, "people", L2, lease=3600.0)
        asked = await hospital.request("b", "ward")
        async with asyncio.timeout(600):
            while hospital.manager.robot("robot-1").waypoint not in LOBBIES:
                await asyncio.sleep(0.5)
        broken = LOBBIES[str(hospital.manager.robot("robot-1").waypoint)]
        faults.lift_stuck(hospital.world, broken, seconds=3600.0)
        hospital.world.release_lift(LIFT, "people")
        hospital.world.release_lift(OTHER_LIFT, "people")
        assert (await hospital.ended(asked.id, 1200)).status is TaskStatus.COMPLETED
        assert [(a.kind, a.subject) for a in hospital.manager.alerts()] == [("lift_out", broken)]
        reopened = EndClosure(actor=OPERATOR, closure=hospital.manager.closures()[0].id)
        with pytest.raises(Conflict, match="reports again"):
            await hospital.manager.do(reopened)

    tell(story, two_lifts())


def test_where_there_is_no_other_lift_robots_wait_until_it_is_back() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _waits_before_the_lift(hospital)
        faults.lift_silent(hospital.world, LIFT, seconds=600.0)
        hospital.world.release_lift(LIFT, "people")
        await asyncio.sleep(PROMPT.lift_silence + PROMPT.lease)
        assert [(a.kind, a.subject) for a in hospital.manager.alerts()] == [("lift_out", LIFT)]
        later = await hospital.request("b", "ward")
        await asyncio.sleep(60)
        waiting = await hospital.manager.task(later.id)
        assert "closed: lift lift does not answer" in {reason.text for reason in waiting.reasons}
        await hospital.kill_manager()
        await hospital.start_manager()
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
        assert (await hospital.ended(later.id)).status is TaskStatus.COMPLETED
        assert hospital.manager.alerts() == []

    tell(story)


def _is_cleared_into_the_car(hospital: Hospital) -> bool:
    """Robot-1 is told that it may board, and has not done so."""
    drive = hospital.manager.state.robots[ROBOT_1].drive
    nodes = [] if drive is None else drive.nodes[1 : drive.index(drive.cleared_to) + 1]
    return "cabin-1" in [node.waypoint for node in nodes]


def _is_ride(event: object) -> TypeGuard[SessionStarted]:
    return isinstance(event, SessionStarted) and event.session.kind == "lift"


def _car(hospital: Hospital) -> LiftView:
    return next(lift for lift in hospital.manager.lifts() if lift.id == LIFT)


def _in(hospital: Hospital, minutes: float) -> datetime:
    return hospital.clock.now() + timedelta(minutes=minutes)
