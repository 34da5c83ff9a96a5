"""The log is the truth: replaying it gives the state that the manager had, through trouble and all."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from fleet_manager.domain.closures import Area
from fleet_manager.domain.state import apply, new_state
from fleet_manager.domain.tasks import Actor
from fleet_manager.orchestration.commands import ChangeLift, EndAlarm, LiftAction, RaiseAlarm, StartClosure
from maps.generator import generate
from maps.model import LevelId, LiftId, RobotId
from sim import faults
from sim.harness import Hospital
from sim.port import BodyMode
from tests.hospitals import HEARTBEATS, PROMPT, tell

GUARD = Actor(id="guard-ma", role="security")


def _assert_replayed(hospital: Hospital) -> None:
    """What the log says is what the manager knows."""
    replayed = new_state(hospital.site)
    for recorded in hospital.store.log:
        apply(replayed, recorded)
    ended = {task.id for task in replayed.tasks.values() if task.status.ended}
    replayed.forget_ended(ended, {a.id for a in replayed.alerts.values() if a.state == "closed"})
    lived = hospital.manager.state
    projected = (
        "tasks",
        "missions",
        "robots",
        "alerts",
        "sessions",
        "devices",
        "closures",
        "alarms",
        "chains",
        "handovers",
        "follow_ups",
    )
    for name in ("seq", *projected, "task_count", "follow_up_count"):
        assert getattr(replayed, name) == getattr(lived, name), name


def test_replaying_the_log_gives_the_managers_state() -> None:
    site = generate(floors=2, seed=3, robots=4)

    async def story(hospital: Hospital) -> None:
        for dropoff in ("ward_1a", "ward_1b", "ward_2b", "icu"):
            await hospital.request("pharmacy", dropoff)
            await asyncio.sleep(20)
        hospital.world.set_mode(RobotId("robot-2"), BodyMode.ESTOP, "visitor")
        hospital.network.part("robot-3")
        await asyncio.sleep(90)
        await hospital.kill_manager()
        await hospital.start_manager()
        await asyncio.sleep(30)
        _assert_replayed(hospital)

    tell(story, site, agents=HEARTBEATS, patience=PROMPT)


def test_so_it_does_through_closures_full_lifts_beds_and_a_fire_alarm() -> None:
    site = generate(floors=2, seed=3, robots=4)

    async def story(hospital: Hospital) -> None:
        for lift in site.lifts.values():
            faults.people_fill_lift(hospital.world, lift.id, at=LevelId("L1"), to=LevelId("L2"), times=2)
        for dropoff in ("ward_1a", "ward_2b", "icu"):
            await hospital.request("pharmacy", dropoff)
            await asyncio.sleep(20)
        until = hospital.clock.now() + timedelta(minutes=3)
        ward = Area(level=LevelId("L1"), polygon=((18.0, 30.0), (24.0, 30.0), (24.0, 36.0), (18.0, 36.0)))
        await hospital.manager.do(StartClosure(actor=GUARD, area=ward, until=until, reason="scaffold"))
        await hospital.manager.do(ChangeLift(actor=GUARD, lift="lift_1", action=LiftAction.RESERVE))
        faults.lift_silent(hospital.world, LiftId("lift_2"), seconds=400.0)
        await asyncio.sleep(60)
        _assert_replayed(hospital)
        await hospital.manager.do(RaiseAlarm(actor=GUARD, levels=("L1",)))
        await asyncio.sleep(60)
        await hospital.kill_manager()
        await hospital.start_manager()
        await asyncio.sleep(30)
        _assert_replayed(hospital)
        alarm = hospital.manager.alarms()[0]
        await hospital.manager.do(EndAlarm(actor=GUARD, alarm=alarm.id))
        await asyncio.sleep(120)
        _assert_replayed(hospital)

    tell(story, site, agents=HEARTBEATS, patience=PROMPT)
