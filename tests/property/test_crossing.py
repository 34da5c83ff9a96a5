"""Whatever the signal's times and whoever comes when: no robot is ever in the street on red."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest

from fleet_manager.domain.tasks import TaskStatus
from maps.model import FleetId
from maps.site_files import load_site
from sim import faults
from sim.harness import Hospital
from sim.scenario_site import SITES
from sim.street_invariants import in_streets
from tests.hospitals import tell
from tests.scenario.test_crossing import STREET

_LOOKS = 0.25
"""Seconds between two looks at the street."""


@pytest.mark.parametrize("seed", range(8))
def test_nobody_is_in_the_street_on_red(seed: int) -> None:
    rng = random.Random(f"{seed}/street")
    site = load_site(SITES / "street_to_gate")
    green = rng.uniform(20.0, 45.0)
    signal = replace(
        site.crossings[STREET],
        green=green,
        red=rng.uniform(5.0, 90.0),
        reaction=rng.uniform(0.5, 20.0),
        clearance=min(18.0, green - 1.0),
        request=rng.random() < 0.5,
    )
    fleet = replace(site.fleets[FleetId("street")], speed=rng.uniform(1.2, 4.1), acceleration=rng.uniform(0.5, 1.2))
    site = replace(site, crossings={STREET: signal}, fleets={fleet.id: fleet})

    async def story(hospital: Hospital) -> None:
        places = ("station", "hospital_gate", "inpatients", "canteen")
        asked = []
        for _ in range(5):
            start, goal = rng.sample(places, 2)
            asked.append(await hospital.request(start, goal))
            if rng.random() < 0.3:
                faults.crossing_silent(hospital.world, STREET, seconds=rng.uniform(1.0, 300.0))
            for _ in range(int(rng.uniform(0.0, 240.0) / _LOOKS)):
                await asyncio.sleep(_LOOKS)
                for body, crossing in in_streets(hospital.site, hospital.world):
                    assert hospital.world.crossings[crossing.id].green, f"{body.robot} is in the street on red"
        for task in asked:
            while not (await hospital.manager.task(task.id)).status.ended:
                await asyncio.sleep(_LOOKS)
                for body, crossing in in_streets(hospital.site, hospital.world):
                    assert hospital.world.crossings[crossing.id].green, f"{body.robot} is in the street on red"
            assert (await hospital.manager.task(task.id)).status is TaskStatus.COMPLETED

    tell(story, site, seed=seed, latency=rng.choice((0.0, 0.2, 0.8)))
