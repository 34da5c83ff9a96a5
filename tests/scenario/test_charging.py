"""Robots with small batteries: they charge in time, and nobody is left standing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fleet_manager.domain.events import CommandEnded, NodePassed, RobotStatusChanged
from fleet_manager.domain.tasks import TaskStatus
from maps.generator import generate
from maps.model import Battery, FleetId, Site
from sim.harness import Hospital
from tests.hospitals import tell

DELIVERY = FleetId("delivery")


def _small_batteries() -> Site:
    site = generate(floors=2, seed=2, robots=3)
    fleet = replace(site.fleets[DELIVERY], battery=Battery(capacity=30.0))
    return replace(site, fleets={**site.fleets, DELIVERY: fleet})


def test_a_long_shift_on_small_batteries_never_goes_below_the_reserve() -> None:
    site = _small_batteries()
    reserve = site.fleets[DELIVERY].battery.reserve

    async def story(hospital: Hospital) -> None:
        tasks = []
        for i in range(36):
            dropoff = ("ward_1a", "ward_2b", "icu", "recovery")[i % 4]
            tasks.append((await hospital.request("pharmacy", dropoff)).id)
            await asyncio.sleep(240)
        for task in tasks:
            assert (await hospital.ended(task, within=14_400)).status is TaskStatus.COMPLETED
        events = [recorded.event for recorded in hospital.store.log]
        charges = [
            e.state_of_charge
            for e in events
            if isinstance(e, NodePassed | CommandEnded) and e.state_of_charge is not None
        ]
        assert min(charges) >= reserve
        assert min(charges) < 0.6
        assert [e for e in events if isinstance(e, RobotStatusChanged) and e.status == "charging"]

    tell(story, site)
