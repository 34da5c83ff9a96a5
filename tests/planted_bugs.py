"""Bugs on purpose: each breaks one production function while it is entered. The explorer has to find all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace as changed

from fleet_manager.domain import infection_control
from fleet_manager.domain.events import EtaChanged, Event, MissionStarted, ZoneEntered
from fleet_manager.domain.robots import Robot
from fleet_manager.domain.tasks import DeliveryTask
from fleet_manager.orchestration import custody, dispatch
from fleet_manager.orchestration.advance import Signal
from fleet_manager.orchestration.allocation import Allocation
from fleet_manager.orchestration.cordons import Cordons
from fleet_manager.orchestration.devices import Devices
from fleet_manager.orchestration.dispatch import Dispatch
from fleet_manager.orchestration.intake import Intake
from fleet_manager.orchestration.ledger import Ledger
from fleet_manager.orchestration.missions import Missions
from fleet_manager.orchestration.signals import Signals
from fleet_manager.orchestration.supervision import Supervision
from fleet_manager.planning.traffic import Traffic
from maps.model import RobotId
from robot_agents.logbook import Logbook
from robot_agents.protocol import Report
from robot_agents.treatment import TreatmentRun

Bug = Callable[[], AbstractContextManager[None]]


@contextmanager
def _instead(owner: Any, name: str, function: Callable[..., Any]) -> Iterator[None]:
    """`function` gets the real one first, and then what that would get."""
    real = getattr(owner, name)

    def replaced(*arguments: Any, **named: Any) -> Any:
        return function(real, *arguments, **named)

    with patch.object(owner, name, replaced):
        yield


def skipped_release() -> AbstractContextManager[None]:
    """Now and then the traffic isn't told that a robot passed a node: what lies behind stays held."""

    def passed(real: Any, traffic: Traffic, robot: RobotId, sequence: int, now: float) -> None:
        if sequence % 5:
            real(traffic, robot, sequence, now)

    return _instead(Traffic, "passed", passed)


@contextmanager
def double_allocation() -> Iterator[None]:
    """The floor takes every part for free, and every turn for come."""
    with _instead(Traffic, "_open", lambda *_: None), _instead(Traffic, "_holder", lambda *_: None):
        yield


def lost_report() -> AbstractContextManager[None]:
    """An agent takes what it has sent for stored, and doesn't keep it for a new connection."""

    def add(real: Any, logbook: Logbook, report: Report, outcome_of: str | None = None) -> None:
        real(logbook, report, outcome_of)
        logbook.acknowledge(report.number)

    return _instead(Logbook, "add", add)


def command_not_sent_again() -> AbstractContextManager[None]:
    """After a reconnect only the drive is sent again, the open commands are not."""

    def send_all(real: Any, supervision: Supervision, robot: RobotId) -> None:
        state = supervision._ledger.state
        known = state.robots[robot]
        state.robots[robot] = changed(known, pending=())
        real(supervision, robot)
        state.robots[robot] = known

    return _instead(Supervision, "_send_all", send_all)


def task_assigned_twice() -> AbstractContextManager[None]:
    """A task goes to a second carrier, if there is one with nothing to do."""

    def start(real: Any, dispatch: Dispatch, task: DeliveryTask, robot: Robot, *rest: Any) -> None:
        real(dispatch, task, robot, *rest)
        mission = next(m for m in dispatch._ledger.state.missions.values() if m.task == task.id)
        idle = [other for other in dispatch._resting() if other.id != robot.id]
        if idle:
            again = replace(mission, id=dispatch._next_mission(), robot=idle[0].id)
            dispatch._ledger.record(MissionStarted(mission=again))

    return _instead(Dispatch, "_start", start)


def event_not_stored() -> AbstractContextManager[None]:
    """An event changes the state and is not written down."""

    def record(real: Any, ledger: Ledger, event: Event) -> None:
        real(ledger, event)
        if isinstance(event, EtaChanged):
            ledger.events.pop()
            ledger.state.seq -= 1

    return _instead(Ledger, "record", record)


def session_not_released() -> AbstractContextManager[None]:
    """Doors and lifts are never given back by those who are through."""
    return _instead(Devices, "passed", lambda _real, *_arguments: None)


def reserve_ignored() -> AbstractContextManager[None]:
    """Every battery is taken to be enough for every task."""

    def estimated(real: Any, *arguments: Any, **named: Any) -> Any:
        found = real(*arguments, **named)
        return None if found is None else replace(found, enough=True)

    return _instead(dispatch, "estimate", estimated)


def wait_not_named() -> AbstractContextManager[None]:
    """A robot that has to wait for another one doesn't say so."""

    def wait(real: Any, allocation: Allocation, robot: RobotId, resource: str, held_by: Any, *rest: Any) -> None:
        if held_by is None:
            real(allocation, robot, resource, held_by, *rest)

    return _instead(Allocation, "_wait", wait)


def closure_ignored() -> AbstractContextManager[None]:
    """Doors, lifts and closures hold nobody up."""
    return _instead(Devices, "_closed_gate", lambda _real, *_arguments: None)


def request_forgotten_in_a_crash() -> AbstractContextManager[None]:
    """Keys of requests are not looked up: who asks again after a crash gets a second task."""

    def submit(real: Any, intake: Intake, request: Any) -> Any:
        keys, intake._ledger.state.keys = intake._ledger.state.keys, {}
        try:
            return real(intake, request)
        finally:
            intake._ledger.state.keys = keys | intake._ledger.state.keys

    return _instead(Intake, "submit", submit)


def goods_left_behind() -> AbstractContextManager[None]:
    """A cancelled task ends at once, even with its goods on board."""

    def plan(real: Any, missions: Missions, task: Any, mission: Any) -> Any:
        altered, target = real(missions, task, mission)
        return replace(altered, steps=altered.steps[: altered.current + 1]), target

    return _instead(Missions, "return_plan", plan)


def second_signature_not_asked_for() -> AbstractContextManager[None]:
    """One person is enough, whatever the goods' class says."""
    return _instead(custody, "signatures_needed", lambda _real, *_arguments, **_options: 1)


def goods_not_fetched() -> AbstractContextManager[None]:
    """The porter goes to the receiver at once, though the goods stand on a robot that can't go on."""
    return _instead(Dispatch, "_retrieve_at", lambda _real, *_arguments: None)


@contextmanager
def compartment_left_open() -> Iterator[None]:
    """A robot that was handed something over leaves without closing its compartment, and nothing stops it."""

    def lock(real: Any, missions: Missions, robot: RobotId, step: Any, *rest: Any) -> None:
        if missions._ledger.state.mission_of(missions._ledger.state.robots[robot]) is None:
            real(missions, robot, step, *rest)
        else:
            missions.signal(robot, Signal.CLOSED)

    with _instead(Missions, "_lock", lock), patch.object(Robot, "unlocked", False):
        yield


def exposure_forgotten() -> AbstractContextManager[None]:
    """Nobody takes down which zones a robot enters."""

    def record(real: Any, ledger: Ledger, event: Event) -> None:
        if not isinstance(event, ZoneEntered):
            real(ledger, event)

    return _instead(Ledger, "record", record)


def waste_beside_drugs() -> AbstractContextManager[None]:
    """Whatever a robot has carried, it may carry anything next."""
    return _instead(infection_control, "may_carry", lambda _real, *_arguments: True)


@contextmanager
def sprayed_area_left_open() -> Iterator[None]:
    """Where is sprayed the other robots drive on."""
    with _instead(Cordons, "draw", lambda *_: None), _instead(Cordons, "stranger", lambda *_: None):
        yield


def wet_area_opened_at_once() -> AbstractContextManager[None]:
    """What was sprayed is taken to be dry."""
    return _instead(Cordons, "stays_wet", lambda _real, *_arguments: None)


def people_not_seen() -> AbstractContextManager[None]:
    """Neither people nor doors stop a lamp or sprayer."""
    return _instead(TreatmentRun, "_danger", lambda _real, *_arguments: None)


def red_light_ignored() -> AbstractContextManager[None]:
    """Streets are crossed as if there were no signals."""
    return _instead(Signals, "forbids", lambda _real, *_arguments: None)


BUGS: tuple[Bug, ...] = (
    skipped_release,
    double_allocation,
    lost_report,
    command_not_sent_again,
    task_assigned_twice,
    event_not_stored,
    session_not_released,
    reserve_ignored,
    wait_not_named,
    closure_ignored,
    request_forgotten_in_a_crash,
    goods_left_behind,
    second_signature_not_asked_for,
    goods_not_fetched,
    compartment_left_open,
    exposure_forgotten,
    waste_beside_drugs,
    sprayed_area_left_open,
    wet_area_opened_at_once,
    people_not_seen,
    red_light_ignored,
)
