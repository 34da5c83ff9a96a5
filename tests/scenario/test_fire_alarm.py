"""A fire alarm in one building, while the other goes on."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fleet_manager.domain.errors import Conflict, InvalidRequest, NotFound
from fleet_manager.domain.events import NodePassed
from fleet_manager.domain.tasks import Actor, TaskStatus
from fleet_manager.orchestration.commands import ChangeRobot, EndAlarm, EndClosure, RaiseAlarm, RobotAction
from fleet_manager.orchestration.views import AlarmView
from fleet_manager.planning.fire_scope import ways_of_people
from maps.generator import generate
from maps.model import (
    Building,
    BuildingId,
    Charger,
    Door,
    DoorId,
    Fleet,
    Robot,
    RobotId,
    Site,
    WaypointId,
    Zone,
    ZoneId,
    ZoneKind,
)
from sim import faults
from sim.harness import Hospital
from tests.builders import FLEET, L1, L2, LIFT, ROBOT_1, ROBOT_2, corridor_site, lanes_both_ways, waypoint
from tests.hospitals import tell

GUARD = Actor(id="guard-ma", role="security")
A, B = BuildingId("A"), BuildingId("B")
ROBOT_3 = RobotId("robot-3")


def two_buildings() -> Site:
    """Building A is the corridor site, whose ground floor corridor is an escape route; building B lies east of it.

    ```
    L2  ward(0,0) ── c(10,0) ── lobby-2(20,0) ── cabin-2(22,0)
                       │
                     pantry(10,6)
    L1  home-1(0,0) ── a(5,0) ─door─ b(10,0) ── lobby-1(20,0) ── cabin-1(22,0)
                         │             │ ╲
                     home-2(5,5)  store(10,6) ╲─ link(34,-6) ═fire door═ p(50,0) ── pharmacy(50,6)
                                                                           │
        ─────────── building A ───────────                             home-3(60,0) ─── building B
    ```
    """
    site = corridor_site()
    b, c = site.waypoints[WaypointId("b")], site.waypoints[WaypointId("c")]
    store, pantry = waypoint("store", 10.0, 6.0), waypoint("pantry", 10.0, 6.0, L2)
    link, p = waypoint("link", 34.0, -6.0), waypoint("p", 50.0, 0.0)
    pharmacy, home_3 = waypoint("pharmacy", 50.0, 6.0), waypoint("home-3", 60.0, 0.0)
    fire_door = DoorId("fire_door")
    lanes = [
        *lanes_both_ways([b, store]),
        *lanes_both_ways([c, pantry]),
        *lanes_both_ways([b, link, p], doors={("link", "p"): fire_door}),
        *lanes_both_ways([p, pharmacy]),
        *lanes_both_ways([p, home_3]),
    ]
    fleet = site.fleets[FLEET]
    escape = Zone(
        id=ZoneId("escape"),
        level=L1,
        polygon=((2.0, -1.0), (21.0, -1.0), (21.0, 1.0), (2.0, 1.0)),
        kind=ZoneKind.ESCAPE_ROUTE,
    )
    return replace(
        site,
        waypoints={**site.waypoints, **{w.id: w for w in (store, pantry, link, p, pharmacy, home_3)}},
        lanes={**site.lanes, **{lane.id: lane for lane in lanes}},
        doors={
            **site.doors,
            fire_door: Door(
                id=fire_door, level=L1, start=(42.0, -3.5), end=(42.0, -2.5), automatic=False, fire_door=True
            ),
        },
        zones={escape.id: escape},
        buildings={
            A: Building(id=A, name="Building A", polygon=((-5.0, -20.0), (38.0, -20.0), (38.0, 20.0), (-5.0, 20.0))),
            B: Building(id=B, name="Building B", levels=(L1,), polygon=((38.0, -20.0), (70.0, -20.0), (70.0, 20.0))),
        },
        chargers={**site.chargers, home_3.id: Charger(waypoint=home_3.id)},
        fleets={FLEET: Fleet(id=FLEET, robots=(*fleet.robots, Robot(id=ROBOT_3, home=home_3.id)))},
    )


IN_THE_WAY = {"a", "b", "lobby-1", "lobby-2", "cabin-1", "cabin-2"}
"""Escape route, lobbies and cars of building A."""


async def _alarm(hospital: Hospital, **scope: str) -> AlarmView:
    view = await hospital.manager.do(RaiseAlarm(actor=GUARD, **scope))  # type: ignore[arg-type]
    assert isinstance(view, AlarmView)
    return view


async def _over(hospital: Hospital, alarm: AlarmView) -> None:
    await hospital.manager.do(EndAlarm(actor=GUARD, alarm=alarm.id))


async def _passes(hospital: Hospital, robot: str, place: str) -> None:
    async with asyncio.timeout(1200):
        while hospital.manager.robot(robot).waypoint != place:
            await asyncio.sleep(0.1)


def _visited(hospital: Hospital, robot: RobotId, since: int) -> list[str]:
    """The places that a robot passed after event number `since`."""
    events = [r.event for r in hospital.store.log if r.seq > since]
    return [e.waypoint for e in events if isinstance(e, NodePassed) and e.robot == robot]


def test_a_fire_alarm_in_one_building_while_the_other_goes_on() -> None:
    async def story(hospital: Hospital) -> None:
        upstairs = await hospital.request("b", "ward")
        beside = await hospital.request("a", "b")
        await _passes(hospital, "robot-1", "cabin-1")
        raised = await _alarm(hospital, building=A)
        since = hospital.manager.state.seq
        across = await hospital.request("pharmacy", "home-3")
        into = await hospital.request("pharmacy", "store")
        await asyncio.sleep(240)

        places = {r.id: r.waypoint for r in hospital.manager.robots() if r.kind == "ground"}
        assert {places["robot-1"], places["robot-2"]}.isdisjoint(IN_THE_WAY)
        assert hospital.world.state(ROBOT_1).place.level == L1
        assert "lobby-2" not in _visited(hospital, ROBOT_1, since)
        (alarm,) = hospital.manager.alarms()
        assert set(alarm.robots) == {"robot-1", "robot-2"}
        assert {a.kind for a in hospital.manager.alerts()} == {"fire_alarm"}
        waiting = hospital.manager.robot("robot-1").waiting_for
        assert waiting is not None
        assert waiting.because == "fire alarm in building A"

        done = await hospital.ended(across.id)
        assert (done.status, done.robot) == (TaskStatus.COMPLETED, "robot-3")
        held_up = await hospital.manager.task(into.id)
        assert held_up.status is TaskStatus.QUEUED
        assert "closed: fire alarm in building A" in {reason.text for reason in held_up.reasons}
        assert hospital.manager.robot("robot-3").waypoint in ("home-3", "p", "pharmacy")

        await _over(hospital, raised)
        for task in (upstairs, beside, into):
            assert (await hospital.ended(task.id)).status is TaskStatus.COMPLETED
        assert hospital.manager.alerts() == []
        assert hospital.manager.alarms() == []
        assert hospital.manager.closures() == []

    tell(story, two_buildings())


@pytest.mark.parametrize("seconds", [1.0, 4.0, 8.0])
def test_who_rides_upwards_is_brought_back_to_the_recall_level(seconds: float) -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _passes(hospital, "robot-1", "cabin-1")
        await asyncio.sleep(seconds)
        since = hospital.manager.state.seq
        alarm = await _alarm(hospital, building=A)
        await asyncio.sleep(120)
        visited = _visited(hospital, ROBOT_1, since)
        assert "lobby-2" not in visited
        assert hospital.manager.robot("robot-1").waypoint == "store"
        await _over(hospital, alarm)
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story, two_buildings())


def test_who_is_on_its_way_out_of_the_car_clears_the_lobby_there() -> None:
    async def story(hospital: Hospital) -> None:
        await hospital.request("b", "ward")
        await _passes(hospital, "robot-1", "cabin-2")
        await _alarm(hospital, building=A)
        await asyncio.sleep(120)
        assert hospital.manager.robot("robot-1").waypoint == "c"
        assert {a.kind for a in hospital.manager.alerts()} == {"fire_alarm"}

    tell(story, two_buildings())


def test_a_recall_level_may_be_named() -> None:
    async def story(hospital: Hospital) -> None:
        await hospital.request("b", "ward")
        await _passes(hospital, "robot-1", "cabin-1")
        await _alarm(hospital, building=A, recall_level=L2)
        await asyncio.sleep(120)
        assert hospital.manager.robot("robot-1").waypoint == "c"

    tell(story, two_buildings())


def test_who_waits_for_a_lift_clears_the_lobby_and_does_not_board() -> None:
    async def story(hospital: Hospital) -> None:
        hospital.world.call_lift(LIFT, "people", L2, lease=3600.0)
        asked = await hospital.request("b", "ward")
        await _passes(hospital, "robot-1", "lobby-1")
        alarm = await _alarm(hospital, building=A)
        hospital.world.release_lift(LIFT, "people")
        await asyncio.sleep(120)
        assert hospital.manager.robot("robot-1").waypoint == "store"
        assert [s for s in hospital.manager.state.sessions.values() if s.device == LIFT] == []
        await _over(hospital, alarm)
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story, two_buildings())


def test_a_robot_that_can_not_clear_the_way_is_told_of() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _passes(hospital, "robot-1", "b")
        await hospital.manager.do(ChangeRobot(actor=GUARD, robot=ROBOT_1, action=RobotAction.PAUSE))
        alarm = await _alarm(hospital, building=A)
        await asyncio.sleep(60)
        alerts = {(a.kind, a.subject, a.severity) for a in hospital.manager.alerts()}
        assert ("in_peoples_way", "robot-1", "critical") in alerts
        await hospital.manager.do(ChangeRobot(actor=GUARD, robot=ROBOT_1, action=RobotAction.RESUME))
        await asyncio.sleep(60)
        assert {a.kind for a in hospital.manager.alerts()} == {"fire_alarm"}
        assert hospital.manager.robot("robot-1").waypoint == "store"
        await _over(hospital, alarm)
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story, two_buildings(), nurses=60.0)


@pytest.mark.parametrize("seconds", [0.0, 20.0, 200.0])
def test_an_alarm_survives_a_restart_of_the_manager(seconds: float) -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _passes(hospital, "robot-1", "cabin-1")
        alarm = await _alarm(hospital, building=A)
        await asyncio.sleep(seconds)
        await hospital.kill_manager()
        await asyncio.sleep(10)
        await hospital.start_manager()
        await asyncio.sleep(120)
        assert [a.id for a in hospital.manager.alarms()] == [alarm.id]
        assert hospital.manager.robot("robot-1").waypoint == "store"
        await _over(hospital, alarm)
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story, two_buildings())


@pytest.mark.parametrize("place", ["A", "escape", "L1", "the cellar of the neighbours"])
def test_the_panel_raises_and_ends_the_alarm_by_itself(place: str) -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _passes(hospital, "robot-1", "lobby-1")
        faults.fire(hospital.world, place, seconds=300.0)
        await asyncio.sleep(100)
        (alarm,) = hospital.manager.alarms()
        assert alarm.actor.id == "fire-alarm-panel"
        named = {"A": alarm.building, "escape": alarm.zone, "L1": "".join(alarm.levels)}
        assert named.get(place, place) == place
        assert hospital.manager.robot("robot-1").waypoint not in ("lobby-1", "cabin-1", "b")
        await hospital.kill_manager()
        await hospital.start_manager()
        await asyncio.sleep(1)
        assert [a.id for a in hospital.manager.alarms()] == [alarm.id]
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
        assert hospital.manager.alarms() == []

    tell(story, two_buildings())


def test_the_same_alarm_is_raised_once_and_what_is_unknown_is_refused() -> None:
    async def story(hospital: Hospital) -> None:
        first, again = await _alarm(hospital, building=A), await _alarm(hospital, building=A)
        assert first == again
        for scope in ({"building": "C"}, {"zone": "attic"}, {"levels": ("L9",)}, {"recall_level": "L9"}):
            with pytest.raises(InvalidRequest, match="there is no"):
                await _alarm(hospital, **scope)
        with pytest.raises(NotFound, match="no alarm F000000"):
            await hospital.manager.do(EndAlarm(actor=GUARD, alarm="F000000"))
        reopened = EndClosure(actor=GUARD, closure=hospital.manager.closures()[0].id)
        with pytest.raises(Conflict, match="ends with its alarm"):
            await hospital.manager.do(reopened)

    tell(story, two_buildings())


@pytest.mark.parametrize("levels", [(), ("L1",), ("L2",)], ids=["everywhere", "downstairs", "upstairs"])
def test_a_whole_hospital_stands_still_in_nobodys_way_and_goes_on(levels: tuple[str, ...]) -> None:
    site = generate(floors=2, seed=4, robots=6)

    async def story(hospital: Hospital) -> None:
        tasks = []
        for place in ("ward_1a", "ward_1b", "ward_2b", "icu", "laboratory"):
            tasks.append(await hospital.request("pharmacy", place))
            await asyncio.sleep(15)
        await asyncio.sleep(40)
        view = await hospital.manager.do(RaiseAlarm(actor=GUARD, levels=levels))
        assert isinstance(view, AlarmView)
        await asyncio.sleep(240)
        (alarm,) = hospital.manager.alarms()
        held = [hospital.manager.robot(robot) for robot in alarm.robots]
        assert held
        assert [robot.id for robot in held if robot.waypoint in ways_of_people(site)] == []
        stands = {robot.id: hospital.world.state(RobotId(robot.id)).place for robot in held}
        await asyncio.sleep(60)
        assert {robot: hospital.world.state(RobotId(robot)).place for robot in stands} == stands
        await _over(hospital, alarm)
        for task in tasks:
            assert (await hospital.ended(task.id)).status is TaskStatus.COMPLETED

    tell(story, site)


def test_robots_at_home_and_in_rooms_stay_where_they_are() -> None:
    async def story(hospital: Hospital) -> None:
        await asyncio.sleep(60)
        since = hospital.manager.state.seq
        await _alarm(hospital)
        await asyncio.sleep(60)
        assert [_visited(hospital, robot, since) for robot in (ROBOT_1, ROBOT_2, ROBOT_3)] == [[], [], []]
        assert set(hospital.manager.alarms()[0].robots) == {"robot-1", "robot-2", "robot-3"}

    tell(story, two_buildings())
