"""The Open-RMF clinic: a delivery between its two levels, and a busy hour with robots of two fleets."""

from __future__ import annotations

import asyncio
import random

import pytest

from fleet_manager.domain.errors import NotServable
from fleet_manager.domain.events import SessionStarted
from fleet_manager.domain.tasks import TaskStatus
from maps.fleets import with_robots
from maps.importers import open_rmf
from maps.model import Site
from sim.harness import Hospital
from tests.data import public_data
from tests.hospitals import tell


@pytest.fixture(scope="module")
def clinic() -> Site:
    return open_rmf.read(public_data() / "rmf" / "clinic.building.yaml")


def test_a_delivery_between_the_levels_takes_a_connected_lift(clinic: Site) -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.request("L1_left_nurse_center", "L2_north_counter", "cefazolin")
        done = await hospital.ended(asked.id)
        assert done.status is TaskStatus.COMPLETED
        events = [recorded.event for recorded in hospital.store.log]
        used = {e.session.device for e in events if isinstance(e, SessionStarted) and e.session.kind == "lift"}
        assert used
        assert used <= {"lift_1", "lift_25"}

    tell(story, clinic)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_twelve_robots_on_single_lanes_both_ways_never_jam(clinic: Site, seed: int) -> None:
    site = clinic
    for fleet in clinic.fleets:
        site = with_robots(site, fleet, 6)
    places = [w.id for w in site.waypoints.values() if w.name is not None and w.lift is None]
    rng = random.Random(seed)

    async def story(hospital: Hospital) -> None:
        tasks: list[str] = []
        while len(tasks) < 40:
            pickup, dropoff = rng.sample(places, 2)
            try:
                tasks.append((await hospital.request(pickup, dropoff)).id)
            except NotServable:
                continue
            await asyncio.sleep(rng.expovariate(1 / 45))
        for task in tasks:
            assert (await hospital.ended(task, within=7200)).status is TaskStatus.COMPLETED

    tell(story, site, seed=seed)
