"""A zone, a fleet or the whole house stands still until somebody lets it go on."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fleet_manager.domain.errors import Conflict, InvalidRequest, NotFound
from fleet_manager.domain.helps import HelpKind
from fleet_manager.domain.tasks import Actor, TaskId, TaskStatus
from fleet_manager.orchestration.commands import (
    ChangeRobot,
    EndClosure,
    EndPause,
    HandOver,
    RobotAction,
    StartPause,
)
from fleet_manager.orchestration.views import ClosureView
from maps.model import RobotId, Site, Zone, ZoneClass, ZoneId, ZoneKind
from sim.harness import Hospital
from tests.builders import FLEET, L1, ROBOT_1, ROBOT_2
from tests.hospitals import HEARTBEATS, handover_due, tell
from tests.scenario.test_closures import two_ways

OPERATOR = Actor(id="operator-1", role="operator")
WARD = ZoneId("ward")


def site() -> Site:
    """The pharmacy and the ward, the ward's end of the corridor being a zone."""
    ward = Zone(
        id=WARD,
        name="Ward",
        kind=ZoneKind.AREA,
        level=L1,
        polygon=((23.0, -2.0), (28.0, -2.0), (28.0, 2.0), (23.0, 2.0)),
        zone_class=ZoneClass.CLEAN,
    )
    return replace(two_ways(), zones={ward.id: ward})


async def _pause(hospital: Hospital, *, zone: str | None = None, fleet: str | None = None) -> ClosureView:
    request = StartPause(actor=OPERATOR, zone=zone, fleet=fleet, reason="a bed falls")
    view = await hospital.manager.do(request)
    assert isinstance(view, ClosureView)
    return view


def _paused(hospital: Hospital) -> list[str]:
    return [robot.id for robot in hospital.manager.robots() if robot.paused]


@pytest.mark.parametrize("fleet", [None, FLEET], ids=["the whole site", "a fleet"])
def test_all_robots_stand_still_and_go_on_but_for_those_that_were_paused_before(fleet: str | None) -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("pharmacy", "ward")
        await handover_due(hospital, asked.id)
        robot = (await hospital.manager.task(asked.id)).robot or ""
        await hospital.manager.do(HandOver(actor=OPERATOR, task=TaskId(asked.id)))
        other = ROBOT_1 if robot == ROBOT_2 else ROBOT_2
        await hospital.manager.do(ChangeRobot(actor=OPERATOR, robot=other, action=RobotAction.PAUSE))
        await asyncio.sleep(15)
        pause = await _pause(hospital, fleet=fleet)
        assert (pause.kind, pause.fleet, pause.robots, pause.until) == ("paused", fleet, (robot,), None)
        assert await _pause(hospital, fleet=fleet) == pause
        helps = {offer.kind: offer for offer in hospital.manager.helps(robot)}
        assert helps[HelpKind.GO_ROUND].code == "stands_with_others"
        assert _paused(hospital) == [ROBOT_1, ROBOT_2]
        await asyncio.sleep(5)
        await hospital.kill_manager()
        await hospital.start_manager()
        await asyncio.sleep(5)
        stood = hospital.manager.robot(robot).pose
        await asyncio.sleep(200)
        now = hospital.manager.robot(robot).pose
        assert stood is not None
        assert now is not None
        assert (stood.x, stood.y, now.speed) == (now.x, now.y, 0.0)
        assert hospital.manager.pauses() == [pause]
        with pytest.raises(Conflict, match="ends with its pause"):
            await hospital.manager.do(EndClosure(actor=OPERATOR, closure=pause.id))
        await hospital.manager.do(EndPause(actor=OPERATOR, pause=pause.id))
        assert _paused(hospital) == [other]
        with pytest.raises(NotFound, match="no pause"):
            await hospital.manager.do(EndPause(actor=OPERATOR, pause=pause.id))
        await handover_due(hospital, asked.id)
        await hospital.manager.do(HandOver(actor=OPERATOR, task=TaskId(asked.id)))
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story, site(), nurses=None, agents=HEARTBEATS)


def test_nobody_comes_into_a_paused_zone_and_who_is_inside_stays() -> None:
    async def story(hospital: Hospital) -> None:
        first = await hospital.request("pharmacy", "ward")
        await handover_due(hospital, first.id)
        await hospital.manager.do(HandOver(actor=OPERATOR, task=TaskId(first.id)))
        inside = (await handover_due(hospital, first.id)).robot or ""
        second = await hospital.request("pharmacy", "ward")
        await handover_due(hospital, second.id)
        outside = (await hospital.manager.task(second.id)).robot or ""
        pause = await _pause(hospital, zone=WARD)
        assert (pause.zone, pause.robots) == (WARD, (inside,))
        assert set(pause.lanes) == {"b-ward", "ward-b"}
        await hospital.manager.do(HandOver(actor=OPERATOR, task=TaskId(first.id)))
        await hospital.manager.do(HandOver(actor=OPERATOR, task=TaskId(second.id)))
        await asyncio.sleep(300)
        assert hospital.manager.robot(inside).waypoint == "ward"
        assert hospital.manager.robot(outside).waypoint != "ward"
        assert not hospital.manager.robot(outside).paused
        await hospital.manager.do(EndPause(actor=OPERATOR, pause=pause.id))
        await handover_due(hospital, second.id)
        await hospital.manager.do(HandOver(actor=OPERATOR, task=TaskId(second.id)))
        for task in (first, second):
            assert (await hospital.ended(task.id)).status is TaskStatus.COMPLETED

    tell(story, site(), nurses=None, agents=HEARTBEATS)


def test_a_task_to_a_paused_zone_waits_in_the_queue_and_says_why() -> None:
    async def story(hospital: Hospital) -> None:
        pause = await _pause(hospital, zone=WARD)
        asked = await hospital.request("pharmacy", "ward")
        await asyncio.sleep(60)
        waiting = await hospital.manager.task(asked.id)
        assert waiting.status is TaskStatus.QUEUED
        assert "Ward is paused by operator-1: a bed falls" in waiting.reasons[0].text
        await hospital.manager.do(EndPause(actor=OPERATOR, pause=pause.id))
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story, site())


def test_what_is_in_two_pauses_goes_on_with_the_last_one() -> None:
    async def story(hospital: Hospital) -> None:
        whole = await _pause(hospital)
        await hospital.manager.do(ChangeRobot(actor=OPERATOR, robot=RobotId("robot-1"), action=RobotAction.RESUME))
        fleet = await _pause(hospital, fleet=FLEET)
        assert fleet.robots == ("robot-1",)
        await hospital.manager.do(EndPause(actor=OPERATOR, pause=whole.id))
        assert _paused(hospital) == ["robot-1"]
        await hospital.manager.do(EndPause(actor=OPERATOR, pause=fleet.id))
        assert _paused(hospital) == []

    tell(story, site())


def test_what_is_not_there_is_not_paused() -> None:
    async def story(hospital: Hospital) -> None:
        for zone, fleet, says in (("kitchen", None, "no zone"), (None, "drones", "no fleet"), (WARD, FLEET, "one of")):
            with pytest.raises(InvalidRequest, match=says):
                await _pause(hospital, zone=zone, fleet=fleet)

    tell(story, site())
