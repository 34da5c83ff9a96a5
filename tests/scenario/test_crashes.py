"""Managers that die at their commits: whatever the moment, no task is lost and none is done twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from fleet_manager.domain.events import ItemsHandedOver, TaskEnded, TaskSubmitted
from fleet_manager.domain.tasks import TaskStatus
from maps.model import Site
from sim.crashes import Crashes, Moment, at_commit, at_every_commit
from sim.harness import Hospital
from tests.hospitals import tell, ward_site
from tests.random_sites import two_levels


def _site() -> Site:
    return two_levels(random.Random(5), 3, 2)


def _deliver(crashes: Crashes | None, tasks: int, site: Site, seed: int = 1) -> Counter[str]:
    """Ask for so many deliveries; answers how many of each request were completed."""
    rng = random.Random(seed)
    bays = [place for place in site.waypoints if "bay" in place]

    async def story(hospital: Hospital) -> Counter[str]:
        asked = []
        for number in range(tasks):
            pickup, dropoff = rng.sample(bays, 2)
            asked.append((await hospital.request(pickup, dropoff, f"goods {number}", key=f"request {number}")).id)
            await asyncio.sleep(rng.uniform(0.0, 60.0))
        for task in asked:
            assert (await hospital.ended(task, within=20_000.0)).status is TaskStatus.COMPLETED
        await asyncio.sleep(60.0)
        log = [recorded.event for recorded in hospital.store.log]
        assert [recorded.seq for recorded in hospital.store.log] == list(range(1, len(log) + 1))
        assert len({e.step for e in log if isinstance(e, ItemsHandedOver)}) == 2 * tasks
        keys = {e.task.id: e.key for e in log if isinstance(e, TaskSubmitted)}
        return Counter(str(keys[e.task]) for e in log if isinstance(e, TaskEnded) and e.status is TaskStatus.COMPLETED)

    return tell(story, site, crashes=crashes, nurses=15.0)


def _all(tasks: int) -> Counter[str]:
    return Counter({f"request {number}": 1 for number in range(tasks)})


def test_a_manager_that_dies_at_every_commit_still_gets_the_work_done(crash_tasks: int) -> None:
    crashes = at_every_commit()
    assert _deliver(crashes, crash_tasks, _site()) == _all(crash_tasks)
    assert crashes.happened > 10 * crash_tasks


def test_a_manager_that_dies_once_somewhere_loses_and_doubles_nothing(crash_seeds: range) -> None:
    for seed in crash_seeds:
        rng = random.Random(f"crash {seed}")
        crashes = at_commit(rng.randint(1, 70), rng.choice(list(Moment)))
        try:
            assert _deliver(crashes, 4, _site(), seed) == _all(4)
            assert crashes.happened == 1
        except Exception as problem:
            pytest.fail(f"with seed {seed} ({crashes.commits} commits): {problem!r}")


@pytest.mark.parametrize("moment", list(Moment))
def test_a_request_is_known_by_its_key_whether_or_not_the_manager_died_over_it(moment: Moment) -> None:
    died: list[int] = []

    def once(commit: int) -> Moment | None:
        if died or commit < 3:
            return None
        died.append(commit)
        return moment

    async def story(hospital: Hospital) -> None:
        await asyncio.sleep(5.0)
        first = await hospital.request("b", "ward", key="round 7")
        assert died
        again = await hospital.request("b", "ward", key="round 7")
        assert first.id == again.id
        assert (await hospital.ended(first.id)).status is TaskStatus.COMPLETED
        assert sum(isinstance(r.event, TaskSubmitted) for r in hospital.store.log) == 1

    tell(story, ward_site(), crashes=Crashes(once))
