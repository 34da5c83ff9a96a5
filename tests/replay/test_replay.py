"""The log is the truth: replaying it gives the state that the manager had, through trouble and all."""

from __future__ import annotations

import asyncio

from fleet_manager.domain.state import apply, new_state
from maps.generator import generate
from maps.model import RobotId
from sim.harness import Hospital
from sim.port import BodyMode
from tests.hospitals import HEARTBEATS, PROMPT, tell


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
        replayed = new_state(site)
        for recorded in hospital.store.log:
            apply(replayed, recorded)
        ended = {task.id for task in replayed.tasks.values() if task.status.ended}
        replayed.forget_ended(ended, {a.id for a in replayed.alerts.values() if a.state == "closed"})
        lived = hospital.manager.state
        for name in ("seq", "tasks", "missions", "robots", "alerts", "sessions", "closed_lanes", "task_count"):
            assert getattr(replayed, name) == getattr(lived, name), name

    tell(story, site, agents=HEARTBEATS, patience=PROMPT)
