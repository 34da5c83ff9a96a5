"""A robot is stuck, and a person helps it: round what is in its way, past a stop, back, or by taking its goods."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from fleet_manager.domain.custody import Chain, Custody, gap
from fleet_manager.domain.errors import Conflict, InvalidRequest, NotAllowed
from fleet_manager.domain.events import NodePassed, RobotHelped, StopSkipped
from fleet_manager.domain.helps import HelpKind
from fleet_manager.domain.robots import DeviceKind
from fleet_manager.domain.tasks import Actor, ItemState, StopKind, TaskId, TaskStatus
from fleet_manager.orchestration.commands import (
    ChangeRobot,
    CheckLamp,
    CheckpointRequest,
    HandOver,
    HelpRobot,
    ItemRequest,
    Proof,
    ProofKind,
    RobotAction,
    StopRequest,
    SubmitAnnouncement,
    SubmitPatrol,
    SubmitTask,
)
from fleet_manager.orchestration.views import HelpView, TaskView, WaitKind
from maps.generator import generate
from maps.model import LaneId, LevelId, LiftId, RobotId, WaypointId
from sim import faults
from sim.harness import Hospital
from sim.port import BodyMode
from tests.builders import FLEET, ROBOT_1
from tests.hospitals import HEARTBEATS, PROMPT, handover_due, tell
from tests.scenario.test_closures import two_ways
from tests.scenario.test_disinfection import LAMP, ROOM, lamp_hospital
from tests.scenario.test_patrol import inspects, patrol_site

OPERATOR = Actor(id="operator-1", role="operator")
NURSE = Actor(id="nurse-lin", role="nurse")


async def _help(
    hospital: Hospital,
    robot: str,
    kind: HelpKind,
    *,
    reason: str = "",
    person: str = "",
    step: str | None = None,
) -> None:
    request = HelpRobot(actor=OPERATOR, robot=RobotId(robot), help=kind, reason=reason, person=person, step=step)
    await hospital.manager.do(request)


def _offer(hospital: Hospital, robot: str, kind: HelpKind) -> HelpView:
    return next(offer for offer in hospital.manager.helps(robot) if offer.kind is kind)


def _visited(hospital: Hospital, robot: str) -> list[str]:
    return [r.event.waypoint for r in hospital.store.log if isinstance(r.event, NodePassed) and r.event.robot == robot]


async def _until(condition: Callable[[], bool], within: float = 1800.0) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.5)


async def _restart(hospital: Hospital) -> None:
    await hospital.kill_manager()
    await asyncio.sleep(1)
    await hospital.start_manager()


async def _loaded(hospital: Hospital, start: str, goal: str, item_class: str | None = None) -> TaskView:
    asked = await hospital.request(start, goal, item_class=item_class)
    await handover_due(hospital, asked.id)
    await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(asked.id)))
    return await hospital.manager.task(asked.id)


# --- go round ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
def test_a_robot_before_a_bed_is_paused_and_goes_round_it(restarted: bool) -> None:
    async def story(hospital: Hospital) -> None:
        faults.lane_obstructed(hospital.world, LaneId("corridor-b"), "a bed", seconds=3600.0)
        asked = await _loaded(hospital, "pharmacy", "ward")
        robot = asked.robot or ""
        await _until(lambda: any(alert.kind == "blocked" for alert in hospital.manager.alerts()))
        refused = _offer(hospital, robot, HelpKind.GO_ROUND)
        assert (refused.possible, refused.code) == (False, "may_set_out")
        with pytest.raises(Conflict, match="may drive on to b at any moment"):
            await _help(hospital, robot, HelpKind.GO_ROUND)
        await hospital.manager.do(ChangeRobot(actor=OPERATOR, robot=RobotId(robot), action=RobotAction.PAUSE))
        await asyncio.sleep(3)
        if restarted:
            await _restart(hospital)
            await asyncio.sleep(5)
        offer = _offer(hospital, robot, HelpKind.GO_ROUND)
        assert (offer.possible, offer.place) == (True, "ward"), offer
        await _help(hospital, robot, HelpKind.GO_ROUND, reason="a bed")
        (detour,) = [c for c in hospital.manager.closures() if c.kind == "detour"]
        assert (detour.robot, detour.lanes, detour.actor.id) == (robot, ("corridor-b",), "operator-1")
        assert detour.until is not None
        assert (detour.until - detour.since) == timedelta(seconds=PROMPT.detour)
        assert not hospital.manager.robot(robot).paused
        await handover_due(hospital, asked.id)
        assert _visited(hospital, robot)[-3:] == ["east", "b", "ward"]
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(asked.id)))
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED
        helped = [r.event for r in hospital.store.log if isinstance(r.event, RobotHelped)]
        assert [(h.robot, h.help, h.task, h.reason) for h in helped] == [(robot, "go_round", asked.id, "a bed")]
        await asyncio.sleep(PROMPT.detour)
        assert hospital.manager.closures() == []

    tell(story, two_ways(), nurses=None, agents=HEARTBEATS)


def test_a_robot_behind_one_that_stands_goes_round_it_and_the_others_keep_their_way() -> None:
    async def story(hospital: Hospital) -> None:
        first = await _loaded(hospital, "pharmacy", "corridor")
        stands = (await handover_due(hospital, first.id)).robot or ""
        second = await _loaded(hospital, "pharmacy", "ward")
        robot = second.robot or ""
        await _until(lambda: _waits_for(hospital, robot) == stands)
        offer = _offer(hospital, robot, HelpKind.GO_ROUND)
        assert (offer.possible, offer.place) == (True, "ward"), offer
        await _help(hospital, robot, HelpKind.GO_ROUND)
        assert [c.robot for c in hospital.manager.closures()] == [robot]
        assert hospital.manager.state.closed_lanes() == frozenset(), "a detour is closed for one robot alone"
        await handover_due(hospital, second.id)
        assert "east" in _visited(hospital, robot)
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(second.id)))
        await hospital.ended(second.id)
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(first.id)))
        assert (await hospital.ended(first.id)).status is TaskStatus.COMPLETED

    tell(story, two_ways(), nurses=None, agents=HEARTBEATS)


def _waits_for(hospital: Hospital, robot: str) -> str | None:
    wait = hospital.manager.robot(robot).waiting_for
    return wait.held_by if wait is not None else None


def test_where_there_is_no_way_round_it_says_so_and_what_helps() -> None:
    async def story(hospital: Hospital) -> None:
        faults.lane_obstructed(hospital.world, LaneId("lobby-1-b"), "a bed", seconds=100.0)
        asked = await hospital.request("b", "ward")
        robot = (await hospital.manager.task(asked.id)).robot or "robot-1"
        await _until(lambda: hospital.manager.robot(robot).task is not None)
        await asyncio.sleep(60)
        await hospital.manager.do(ChangeRobot(actor=OPERATOR, robot=RobotId(robot), action=RobotAction.PAUSE))
        await asyncio.sleep(3)
        offer = _offer(hospital, robot, HelpKind.GO_ROUND)
        assert not offer.possible
        assert offer.code in ("no_other_way", "not_on_its_way")
        await hospital.manager.do(ChangeRobot(actor=OPERATOR, robot=RobotId(robot), action=RobotAction.RESUME))
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story, agents=HEARTBEATS)


def test_a_robot_whose_lift_is_always_full_takes_another_one() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("pharmacy", "ward_2b")
        await _until(lambda: _called_lifts(hospital) != [])
        robot, lift = _called_lifts(hospital)[0]
        faults.people_fill_lift(hospital.world, lift, at=LevelId("L1"), to=LevelId("L2"), times=50)
        await _until(lambda: _waits_for_lift(hospital, robot) == lift)
        offer = _offer(hospital, robot, HelpKind.GO_ROUND)
        assert offer.possible, offer
        await _help(hospital, robot, HelpKind.GO_ROUND, reason="a crowd")
        (detour,) = [c for c in hospital.manager.closures() if c.kind == "detour"]
        assert detour.lanes
        assert {hospital.site.waypoints[hospital.site.lanes[LaneId(lane)].end].lift for lane in detour.lanes} == {lift}
        done = await hospital.ended(asked.id)
        assert (done.status, done.robot) == (TaskStatus.COMPLETED, robot)
        rode = {hospital.site.waypoints[WaypointId(place)].lift for place in _visited(hospital, robot)} - {None}
        assert rode
        assert lift not in rode

    tell(story, generate(floors=2, seed=1, robots=3), agents=HEARTBEATS)


def _called_lifts(hospital: Hospital) -> list[tuple[RobotId, LiftId]]:
    sessions = hospital.manager.state.sessions.values()
    return [(s.robot, LiftId(s.device)) for s in sessions if s.kind is DeviceKind.LIFT]


def _waits_for_lift(hospital: Hospital, robot: str) -> str | None:
    wait = hospital.manager.robot(robot).waiting_for
    return wait.resource if wait is not None and wait.kind is WaitKind.LIFT else None


# --- skip --------------------------------------------------------------------------------------------------


async def _patrol(hospital: Hospital, *places: str) -> TaskView:
    request = SubmitPatrol(actor=OPERATOR, checkpoints=tuple(CheckpointRequest(place=place) for place in places))
    view = await hospital.manager.do(request)
    assert isinstance(view, TaskView)
    return view


@pytest.mark.parametrize("there", [False, True], ids=["on its way", "while it looks round"])
def test_a_patrol_leaves_a_checkpoint_out_with_the_reason(there: bool) -> None:
    async def story(hospital: Hospital) -> None:
        asked = await _patrol(hospital, "b", "ward", "a")
        await _until(lambda: hospital.manager.robot("robot-1").task == asked.id)
        await _until(lambda: inspects(hospital) if there else hospital.manager.robot("robot-1").route != ())
        offer = _offer(hospital, "robot-1", HelpKind.SKIP)
        assert (offer.possible, offer.moves_goods) == (True, False)
        left = offer.place
        await _help(hospital, "robot-1", HelpKind.SKIP, reason="bed cleaning", step=offer.step)
        await _help(hospital, "robot-1", HelpKind.SKIP, reason="bed cleaning", step=offer.step)
        done = await hospital.ended(asked.id)
        assert (done.status, done.outcome) == (
            TaskStatus.COMPLETED,
            f"2 of 3 checkpoints visited; left out: {left} (operator-1: bed cleaning)",
        )
        assert [stop.place for stop in done.stops if stop.skipped] == [left]
        skipped = [r.event for r in hospital.store.log if isinstance(r.event, StopSkipped)]
        assert [(s.place, s.actor.id, s.reason) for s in skipped] == [(left, "operator-1", "bed cleaning")]
        assert hospital.manager.alerts() == []

    tell(story, patrol_site())


def test_what_was_left_out_stays_left_out_when_another_robot_goes_on() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await _patrol(hospital, "ward", "b")
        await _until(lambda: hospital.manager.robot("robot-1").task == asked.id)
        await _help(hospital, "robot-1", HelpKind.SKIP, reason="locked")
        await _restart(hospital)
        await asyncio.sleep(5)
        for action in (RobotAction.OUT_OF_SERVICE, RobotAction.RETURN_TO_SERVICE):
            await hospital.manager.do(ChangeRobot(actor=OPERATOR, robot=ROBOT_1, action=action))
            await asyncio.sleep(5)
        done = await hospital.ended(asked.id)
        assert done.robot == "robot-2"
        assert done.outcome == "1 of 2 checkpoints visited; left out: ward (operator-1: locked)"

    tell(story, patrol_site())


def test_an_announcement_leaves_a_place_out() -> None:
    async def story(hospital: Hospital) -> None:
        request = SubmitAnnouncement(actor=OPERATOR, places=("b", "ward"), texts=(("en", "Visiting hours end"),))
        asked = await hospital.manager.do(request)
        assert isinstance(asked, TaskView)
        await _until(lambda: hospital.manager.robot("robot-1").task == asked.id)
        await _help(hospital, "robot-1", HelpKind.SKIP)
        done = await hospital.ended(asked.id)
        assert (done.status, done.outcome) == (
            TaskStatus.COMPLETED,
            "said at 1 of 2 places; left out: b (operator-1)",
        )

    tell(story, patrol_site("announce"), start=datetime(2025, 1, 6, 9, 0, tzinfo=UTC))


def _round(*drops: str) -> SubmitTask:
    items = tuple(
        ItemRequest(item_id=place, name=f"box for {place}", quantity=1, item_class="medicine") for place in drops
    )
    stops = (
        StopRequest(place="b", kind=StopKind.PICK_UP, items=drops),
        *(StopRequest(place=place, kind=StopKind.DROP_OFF, items=(place,)) for place in drops),
    )
    return SubmitTask(actor=NURSE, stops=stops, items=items)


@pytest.mark.parametrize("there", [False, True], ids=["on its way", "at the place"])
def test_a_delivery_leaves_a_stop_out_and_brings_its_goods_back_at_the_end(there: bool) -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.manager.do(_round("ward", "lobby-2"))
        assert isinstance(asked, TaskView)
        await handover_due(hospital, asked.id)
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(asked.id)))
        if there:
            await handover_due(hospital, asked.id)
        else:
            await asyncio.sleep(25)
        robot = (await hospital.manager.task(asked.id)).robot or ""
        offer = _offer(hospital, robot, HelpKind.SKIP)
        assert (offer.possible, offer.place, offer.moves_goods) == (True, "ward", True), offer
        await _help(hospital, robot, HelpKind.SKIP, reason="the ward is locked", step=offer.step)
        due = await handover_due(hospital, asked.id)
        assert hospital.manager.robot(robot).waypoint == "lobby-2"
        await _help(hospital, robot, HelpKind.SKIP, reason="the ward is locked", step=offer.step)
        with pytest.raises(Conflict, match="M9-9 is not the stop before robot-1"):
            await _help(hospital, robot, HelpKind.SKIP, step="M9-9")
        last = _offer(hospital, robot, HelpKind.SKIP)
        assert last.possible, "its goods still go back to b afterwards"
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(due.id)))
        await handover_due(hospital, asked.id)
        assert hospital.manager.robot(robot).waypoint == "b"
        refused = _offer(hospital, robot, HelpKind.SKIP)
        assert (refused.possible, refused.code) == (False, "last_stop")
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(asked.id)))
        done = await hospital.ended(asked.id)
        assert (done.status, done.outcome) == (TaskStatus.COMPLETED, "delivered without box for ward")
        assert {item.name: item.state for item in done.items} == {
            "box for ward": ItemState.RETURNED,
            "box for lobby-2": ItemState.DELIVERED,
        }
        assert await _gaps(hospital, asked.id) == []

    tell(story, nurses=None)


def test_a_pick_up_that_is_left_out_ends_a_delivery_of_nothing() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _until(lambda: hospital.manager.robot("robot-1").task == asked.id)
        await asyncio.sleep(5)
        offer = _offer(hospital, "robot-1", HelpKind.SKIP)
        assert (offer.place, offer.moves_goods) == ("b", False)
        await _help(hospital, "robot-1", HelpKind.SKIP, reason="the store is shut")
        done = await hospital.ended(asked.id)
        assert (done.status, done.outcome) == (TaskStatus.FAILED, "nothing was handed over at b")
        assert await _gaps(hospital, asked.id) == []

    tell(story, nurses=None)


def test_the_only_stop_with_goods_is_not_left_out() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await _loaded(hospital, "b", "ward")
        await asyncio.sleep(25)
        with pytest.raises(Conflict, match="ward is the last stop") as refused:
            await _help(hospital, asked.robot or "", HelpKind.SKIP)
        assert "take_over" in (refused.value.way_out or "")
        await handover_due(hospital, asked.id)
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(asked.id)))
        await hospital.ended(asked.id)

    tell(story, nurses=None)


def test_a_room_that_is_left_out_is_not_disinfected_and_the_robot_is_free() -> None:
    async def story(hospital: Hospital) -> None:
        await hospital.do(CheckLamp(actor=OPERATOR, robot=LAMP))
        asked = await hospital.disinfect(ROOM)
        await _until(lambda: any(alert.kind == "room_not_ready" for alert in hospital.manager.alerts()))
        offer = _offer(hospital, LAMP, HelpKind.SKIP)
        assert (offer.possible, offer.moves_goods) == (True, False)
        await _help(hospital, LAMP, HelpKind.SKIP, reason="the patient stays", step=offer.step)
        done = await hospital.ended(asked.id)
        assert (done.status, done.outcome) == (TaskStatus.CANCELLED, "left out by operator-1: the patient stays")
        assert hospital.manager.robot(LAMP).task is None
        assert all(alert.kind != "room_not_ready" for alert in hospital.manager.alerts())

    tell(story, lamp_hospital(), seed=1)


# --- return ------------------------------------------------------------------------------------------------


async def _chains(hospital: Hospital, task: str) -> list[Chain]:
    items = [item.item_id for item in (await hospital.manager.task(task)).items]
    return [chain for item in items for chain in await hospital.store.custody(item) if chain.task == task]


async def _gaps(hospital: Hospital, task: str) -> list[str]:
    chains = await _chains(hospital, task)
    assert chains
    return [problem for chain in chains if (problem := gap(chain, ended=True)) is not None]


@pytest.mark.parametrize("there", [False, True], ids=["on its way", "where nobody takes them"])
def test_goods_go_back_to_where_they_came_from_and_the_task_has_failed(there: bool) -> None:
    async def story(hospital: Hospital) -> None:
        asked = await _loaded(hospital, "b", "ward", "medicine")
        robot = asked.robot or ""
        await asyncio.sleep(25)
        if there:
            await handover_due(hospital, asked.id)
            assert _offer(hospital, robot, HelpKind.TAKE_OVER).code == "handover_due"
        offer = _offer(hospital, robot, HelpKind.RETURN)
        assert (offer.possible, offer.place, offer.moves_goods) == (True, "b", True)
        await _help(hospital, robot, HelpKind.RETURN, reason="the ward is locked")
        await _help(hospital, robot, HelpKind.RETURN, reason="the ward is locked")
        await asyncio.sleep(10)
        await handover_due(hospital, asked.id)
        assert hospital.manager.robot(robot).waypoint == "b"
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(asked.id)))
        done = await hospital.ended(asked.id)
        assert done.status is TaskStatus.FAILED
        assert done.outcome is not None
        assert done.outcome.startswith("sent back by operator-1: the ward is locked; ")
        assert done.items[0].state is ItemState.RETURNED
        assert await _gaps(hospital, asked.id) == []

    tell(story, nurses=None)


@pytest.mark.parametrize(
    ("item_class", "place"), [("specimen", None), ("blood", "lobby-1")], ids=["go on, not back", "quarantine"]
)
def test_the_class_of_the_goods_decides_where_they_go(item_class: str, place: str | None) -> None:
    async def story(hospital: Hospital) -> None:
        asked = await _loaded(hospital, "b", "ward", item_class)
        await asyncio.sleep(25)
        offer = _offer(hospital, asked.robot or "", HelpKind.RETURN)
        assert (offer.possible, offer.place) == (place is not None, place)
        await handover_due(hospital, asked.id)
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(asked.id)))
        await hospital.ended(asked.id)

    tell(story, nurses=None)


# --- hand over to a person ---------------------------------------------------------------------------------


@pytest.mark.parametrize("restarted", [False, True], ids=["at once", "after a restart"])
def test_a_named_person_takes_the_goods_where_the_robot_stands(restarted: bool) -> None:
    async def story(hospital: Hospital) -> None:
        faults.lane_obstructed(hospital.world, LaneId("corridor-b"), "a bed", seconds=600.0)
        asked = await _loaded(hospital, "pharmacy", "ward")
        robot = asked.robot or ""
        await _until(lambda: any(alert.kind == "blocked" for alert in hospital.manager.alerts()))
        with pytest.raises(InvalidRequest, match="nobody is named"):
            await _help(hospital, robot, HelpKind.TAKE_OVER)
        offer = _offer(hospital, robot, HelpKind.TAKE_OVER)
        assert (offer.possible, offer.place, offer.moves_goods) == (True, "corridor", True)
        await _help(hospital, robot, HelpKind.TAKE_OVER, person="nurse-lin", reason="a bed")
        await _help(hospital, robot, HelpKind.TAKE_OVER, person="nurse-lin", reason="a bed")
        if restarted:
            await _restart(hospital)
            await asyncio.sleep(5)
        due = await handover_due(hospital, asked.id)
        assert hospital.manager.robot(robot).paused
        assert hospital.manager.state.robots[RobotId(robot)].opened == (), "it opens for this person's code only"
        task = TaskId(due.id)
        stranger = Actor(id="visitor-1", role="nurse")
        with pytest.raises(NotAllowed, match="nurse-lin takes these goods"):
            hospital.manager.handover_code(task, stranger)
        with pytest.raises(NotAllowed, match="needs a proof"):
            await hospital.manager.do(HandOver(actor=NURSE, task=task))
        code = hospital.manager.handover_code(task, NURSE)
        pin = Proof(kind=ProofKind.PIN, value=code.pin)
        with pytest.raises(NotAllowed, match="nurse-lin takes these goods"):
            await hospital.manager.do(HandOver(actor=stranger, task=task, proof=pin))
        await hospital.manager.do(HandOver(actor=NURSE, task=task, proof=pin))
        done = await hospital.ended(asked.id)
        assert (done.status, done.outcome) == (
            TaskStatus.FAILED,
            f"nurse-lin takes the goods over from {robot} near corridor: a bed",
        )
        (chain,) = await _chains(hospital, asked.id)
        entry = chain.entries[-1]
        assert (entry.kind, entry.place, entry.actor.id, entry.proof) == (
            Custody.TAKEN_OUT,
            "corridor",
            "nurse-lin",
            "pin",
        )
        assert await _gaps(hospital, asked.id) == []
        await hospital.manager.do(ChangeRobot(actor=OPERATOR, robot=RobotId(robot), action=RobotAction.RESUME))
        await asyncio.sleep(900)
        assert hospital.manager.robot(robot).status == "charging"

    tell(story, two_ways(), nurses=None, agents=HEARTBEATS)


@pytest.mark.parametrize(
    ("trouble", "code"), [(BodyMode.ESTOP, "not_automatic"), (BodyMode.DEAD, "offline")], ids=["e-stop", "dead"]
)
def test_a_robot_that_does_not_follow_says_what_to_do_instead(trouble: BodyMode, code: str) -> None:
    async def story(hospital: Hospital) -> None:
        asked = await _loaded(hospital, "b", "ward")
        robot = RobotId(asked.robot or "")
        await asyncio.sleep(25)
        hospital.world.set_mode(robot, trouble, "a visitor")
        await asyncio.sleep(80)
        offers = {offer.kind: offer for offer in hospital.manager.helps(robot)}
        for kind in (HelpKind.GO_ROUND, HelpKind.RETURN, HelpKind.TAKE_OVER, HelpKind.CHARGE):
            assert (offers[kind].possible, offers[kind].code) == (False, code), kind
        assert offers[HelpKind.SEND_PORTER].possible
        await _help(hospital, robot, HelpKind.SEND_PORTER)
        await _help(hospital, robot, HelpKind.SEND_PORTER)
        due = await handover_due(hospital, asked.id)
        assert due.robot == "porter-1"
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(asked.id)))
        await handover_due(hospital, asked.id)
        await hospital.manager.do(HandOver(actor=NURSE, task=TaskId(asked.id)))
        assert (await hospital.ended(asked.id)).status is TaskStatus.COMPLETED

    tell(story, nurses=None, agents=HEARTBEATS, patience=PROMPT)


# --- charge ------------------------------------------------------------------------------------------------


def test_a_robot_is_sent_to_charge_and_no_task_takes_it_off() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("b", "ward")
        await _until(lambda: hospital.manager.robot("robot-1").task == asked.id)
        await asyncio.sleep(5)
        offer = _offer(hospital, "robot-1", HelpKind.CHARGE)
        assert (offer.possible, offer.place) == (True, "home-1"), offer
        await _help(hospital, "robot-1", HelpKind.CHARGE)
        await _help(hospital, "robot-1", HelpKind.CHARGE)
        assert hospital.manager.robot("robot-1").task is None
        done = await hospital.ended(asked.id)
        assert (done.status, done.robot) == (TaskStatus.COMPLETED, "robot-2")
        assert hospital.manager.robot("robot-1").status == "charging"

    tell(story, charges={FLEET: 0.6})


def test_a_charged_robot_is_not_sent_to_charge() -> None:
    async def story(hospital: Hospital) -> None:
        await asyncio.sleep(10)
        offer = _offer(hospital, "robot-1", HelpKind.CHARGE)
        assert not offer.possible
        assert offer.code in ("charges", "is_charged")
        with pytest.raises(Conflict):
            await _help(hospital, "robot-1", HelpKind.CHARGE)

    tell(story)
