"""What every event store promises, on real ones: in memory and SQLite in a file."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import create_async_engine

from fleet_manager.domain.closures import Area
from fleet_manager.domain.collections import bag_id
from fleet_manager.domain.custody import gap
from fleet_manager.domain.events import (
    Event,
    FollowUpClosed,
    FollowUpOpened,
    ItemsHandedOver,
    Recorded,
    ShiftAcknowledged,
)
from fleet_manager.domain.follow_ups import Difference, FollowUp, FollowUpId
from fleet_manager.domain.screening import RecheckResult
from fleet_manager.domain.shifts import ShiftHandover
from fleet_manager.domain.state import FleetState, apply, new_state
from fleet_manager.domain.tasks import Actor, ItemId, TaskId
from fleet_manager.domain.voices import Called
from fleet_manager.orchestration.commands import (
    ChangeLift,
    CheckpointRequest,
    CollectionPlace,
    LiftAction,
    MealRequest,
    RaiseAlarm,
    RecheckCue,
    StartClosure,
    SubmitAnnouncement,
    SubmitCollection,
    SubmitGuidance,
    SubmitMeals,
    SubmitPatrol,
)
from fleet_manager.orchestration.ports import EventStore
from fleet_manager.persistence.memory import MemoryStore
from fleet_manager.persistence.sql import SqlStore
from fleet_manager.persistence.tables import Base
from maps.model import Flow, ItemClass, ItemClassId, ScreeningRules, Site, WaypointId
from sim.clock import run_virtual
from sim.followers import Dawdle
from sim.harness import Hospital
from tests.builders import FLEET, L2, LIFT, ROBOT_1, corridor_site
from tests.scenario.test_meals import meal_site
from tests.scenario.test_patrol import inspects, patrol_site

GUARD = Actor(id="guard-ma", role="security")
CLEANER = Actor(id="cleaner-wu", role="facility")
MORNING = datetime(2025, 1, 6, 9, 0, tzinfo=UTC)

Open: TypeAlias = Callable[[Path, Site], Awaitable[EventStore]]


async def open_memory(folder: Path, site: Site) -> EventStore:
    return MemoryStore(site)


async def open_sqlite(folder: Path, site: Site) -> EventStore:
    return await SqlStore.open(f"sqlite+aiosqlite:///{folder}/fleet.sqlite3", site)


STORES = pytest.mark.parametrize("open_store", [open_memory, open_sqlite], ids=["memory", "sqlite"])


async def _a_day_of_events() -> list[Recorded]:
    """Two deliveries, one finished and one under way, with lift, door and charging in between.

    Then a floor is wet, a bed takes the lift, and the fire alarm goes off.
    """
    async with Hospital(corridor_site()) as hospital:
        first = await hospital.request("b", "ward", "cefazolin", key="key-1")
        await hospital.ended(first.id)
        await hospital.request("ward", "b", "specimen")
        await asyncio.sleep(60.0)
        area = Area(level=L2, polygon=((9.0, -1.0), (11.0, -1.0), (11.0, 1.0)))
        until = hospital.clock.now() + timedelta(hours=1)
        await hospital.manager.do(StartClosure(actor=CLEANER, area=area, until=until, reason="the floor is wet"))
        await hospital.manager.do(ChangeLift(actor=CLEANER, lift=LIFT, action=LiftAction.RESERVE))
        await hospital.manager.do(RaiseAlarm(actor=CLEANER, levels=(L2,)))
        return list(hospital.store.log)


@pytest.fixture(scope="module")
def history() -> list[Recorded]:
    return run_virtual(_a_day_of_events())


def _replay(site: Site, history: list[Recorded]) -> FleetState:
    state = new_state(site)
    for recorded in history:
        apply(state, recorded)
        state.forget_ended({t.id for t in state.tasks.values() if t.status.ended}, set())
    return state


async def _store_all(store: EventStore, site: Site, history: list[Recorded]) -> FleetState:
    """Commit the history in groups of three, as a manager would."""
    state = new_state(site)
    for i in range(0, len(history), 3):
        group = history[i : i + 3]
        for recorded in group:
            apply(state, recorded)
        await store.commit(group, state.take_changed())
        state.forget_ended({t.id for t in state.tasks.values() if t.status.ended}, set())
    return state


@STORES
def test_a_restarted_manager_finds_the_state_it_had(open_store: Open, tmp_path: Path, history: list[Recorded]) -> None:
    async def story() -> None:
        site = corridor_site()
        store = await open_store(tmp_path, site)
        before = await _store_all(store, site, history)
        found = await store.load()
        await store.close()
        for name in (
            "seq",
            "tasks",
            "missions",
            "robots",
            "alerts",
            "sessions",
            "devices",
            "closures",
            "alarms",
            "keys",
            "chains",
            "handovers",
            "follow_ups",
        ):
            assert getattr(found, name) == getattr(before, name), name
        assert (found.task_count, found.mission_count) == (before.task_count, before.mission_count)

    asyncio.run(story())


@STORES
def test_the_log_comes_back_in_order_and_in_pages(open_store: Open, tmp_path: Path, history: list[Recorded]) -> None:
    async def story() -> None:
        site = corridor_site()
        store = await open_store(tmp_path, site)
        await _store_all(store, site, history)
        page = await store.events_after(10, 5)
        last = await store.events_after(len(history), 5)
        await store.close()
        assert [event.seq for event in page] == [11, 12, 13, 14, 15]
        assert page[0].time == history[10].time
        assert last == []

    asyncio.run(story())


@STORES
def test_ended_tasks_are_listed_newest_first(open_store: Open, tmp_path: Path, history: list[Recorded]) -> None:
    async def story() -> None:
        site = corridor_site()
        store = await open_store(tmp_path, site)
        await _store_all(store, site, history)
        everything = await store.tasks(status=None, limit=10, before=None)
        completed = await store.tasks(status="completed", limit=10, before=None)
        older = await store.tasks(status=None, limit=10, before="T00002")
        one = await store.task("T00001")
        none = await store.task("T99999")
        await store.close()
        assert [record.task.id for record in everything] == ["T00002", "T00001"]
        assert [record.task.id for record in completed] == ["T00001"]
        assert older == completed
        assert one is not None
        assert one.mission is not None
        assert one.mission.task == "T00001"
        assert none is None

    asyncio.run(story())


@STORES
def test_an_item_is_traced_and_what_differed_is_found(
    open_store: Open, tmp_path: Path, history: list[Recorded]
) -> None:
    """Long after its task has ended; of two follow-ups one is closed."""

    def follow_up(number: int, item: str) -> FollowUpOpened:
        return FollowUpOpened(
            follow_up=FollowUp(
                id=FollowUpId(f"U{number:05d}"),
                task=TaskId("T00001"),
                item=ItemId(item),
                name="cefazolin",
                what=Difference.SHORT,
                place=WaypointId("ward"),
                robot=ROBOT_1,
                actor=CLEANER,
                opened_at=history[-1].time,
            )
        )

    async def story() -> None:
        site = corridor_site()
        store = await open_store(tmp_path, site)
        await _store_all(store, site, history)
        later: list[Event] = [
            follow_up(1, "T00001-i1"),
            follow_up(2, "T00002-i1"),
            FollowUpClosed(follow_up=FollowUpId("U00001"), actor=CLEANER, note="found"),
        ]
        state = await store.load()
        for event in later:
            recorded = Recorded(seq=state.seq + 1, time=history[-1].time, event=event)
            apply(state, recorded)
            await store.commit([recorded], state.take_changed())
        again = await store.load()
        (chain,) = await store.custody("T00001-i1")
        closed = await store.follow_ups(state="closed", item=None, limit=5)
        of_item = await store.follow_ups(state=None, item="T00001-i1", limit=5)
        newest = await store.follow_ups(state=None, item=None, limit=1)
        nothing = await store.custody("nothing")
        await store.close()
        assert (chain.task, gap(chain, ended=True), nothing) == ("T00001", None, [])
        assert [f.note for f in closed] == [f.note for f in of_item] == ["found"]
        assert [f.id for f in newest] == ["U00002"]
        assert (list(again.follow_ups), again.follow_up_count) == (["U00002"], 2)

    asyncio.run(story())


@STORES
def test_the_register_of_collections_is_kept_after_its_tasks(open_store: Open, tmp_path: Path) -> None:
    """Of two bags one is received; a restart in between knows both, and the register tells them long after."""

    async def day() -> list[Recorded]:
        site = corridor_site()
        waste = ItemClass(id=ItemClassId("waste"), name="waste", flow=Flow.SOILED)
        fleets = {name: replace(fleet, flow=Flow.SOILED) for name, fleet in site.fleets.items()}
        async with Hospital(replace(site, fleets=fleets, item_classes={waste.id: waste})) as hospital:
            places = (CollectionPlace(place="ward", bags=("W-1", "W-2")),)
            wanted = SubmitCollection(actor=CLEANER, places=places, dropoff="b", item_class="waste")
            asked = await hospital.submit(wanted)
            await hospital.ended(asked.id)
            return list(hospital.store.log)

    history = run_virtual(day())
    given_out = next(i for i, r in enumerate(history) if isinstance(r.event, ItemsHandedOver) and r.event.place == "b")

    async def story() -> None:
        site = corridor_site()
        store = await open_store(tmp_path, site)
        state = await _store_all(store, site, history[:given_out])
        again = await store.load()
        assert [(bag.bag, bag.received_at) for bag in again.bags.values()] == [("W-1", None), ("W-2", None)]
        for recorded in history[given_out:]:
            apply(state, recorded)
            await store.commit([recorded], state.take_changed())
        moment = again.bags[bag_id(TaskId("T00001"), ItemId("W-1"))].collected_at
        hour = timedelta(hours=1)
        found = await store.collections(begin=moment, end=moment + hour, limit=9)
        assert [(bag.bag, bag.ward, bag.place) for bag in found] == [("W-1", "ward", "b"), ("W-2", "ward", "b")]
        assert all(bag.received_weight == bag.weight for bag in found)
        assert await store.collections(begin=moment, end=moment + hour, limit=1) == found[:1]
        assert await store.collections(begin=moment - hour, end=moment, limit=9) == []
        assert (await store.load()).bags == {}
        await store.close()

    asyncio.run(story())


def test_a_database_keeps_its_secret_and_no_other_has_the_same(tmp_path: Path) -> None:
    async def secret(folder: Path) -> bytes:
        store = await SqlStore.open(f"sqlite+aiosqlite:///{folder}.sqlite3", corridor_site())
        found = await store.secret("one-time codes")
        await store.close()
        return found

    mine, again = asyncio.run(secret(tmp_path / "a")), asyncio.run(secret(tmp_path / "a"))
    assert len(mine) == 32
    assert mine == again != asyncio.run(secret(tmp_path / "b"))


def test_replaying_the_log_gives_the_same_state(history: list[Recorded]) -> None:
    site = corridor_site()
    once, again = _replay(site, history), _replay(site, history)
    assert once == again
    assert once.seq == len(history)


def test_migrations_give_the_tables_that_the_code_expects(tmp_path: Path) -> None:
    async def story() -> dict[str, set[str]]:
        url = f"sqlite+aiosqlite:///{tmp_path}/fleet.sqlite3"
        await (await SqlStore.open(url, corridor_site())).close()
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            found = await connection.run_sync(
                lambda sync: {
                    table: {column["name"] for column in inspect(sync).get_columns(table)}
                    for table in inspect(sync).get_table_names()
                }
            )
        await engine.dispose()
        return found

    tables = asyncio.run(story())
    del tables["alembic_version"]
    assert tables == {name: {c.name for c in table.columns} for name, table in Base.metadata.tables.items()}


def test_times_come_back_in_utc(tmp_path: Path, history: list[Recorded]) -> None:
    async def story() -> datetime:
        site = corridor_site()
        store = await open_sqlite(tmp_path, site)
        await _store_all(store, site, history)
        events = await store.events_after(0, 1)
        await store.close()
        return events[0].time

    assert asyncio.run(story()).tzinfo is UTC


async def _a_screening() -> list[Recorded]:
    """Two people are cues, of which one is rechecked and forgotten, at one of two checkpoints."""
    rules = ScreeningRules(retention_days=1 / 24)
    async with Hospital(replace(patrol_site("screening"), screening=rules)) as hospital:
        points = (CheckpointRequest(place="lobby-1", within=600.0), CheckpointRequest(place="b"))
        await hospital.manager.do(SubmitPatrol(actor=GUARD, checkpoints=points, screens=True, seconds=900.0))
        while not inspects(hospital):
            await asyncio.sleep(1.0)
        robot = next(mission.robot for mission in hospital.manager.state.missions.values() if mission.task)
        for temperature in (38.2, 38.4):
            hospital.world.passers.pass_by(robot, temperature=temperature)
        await asyncio.sleep(30.0)
        cue = hospital.manager.cues()[0]
        await hospital.manager.do(RecheckCue(actor=GUARD, cue=cue.id, result=RecheckResult.CONFIRMED))
        await asyncio.sleep(2.5 * 3600.0)
        assert len(hospital.manager.cues()) == 1
        return list(hospital.store.log)


@STORES
def test_checkpoints_and_cues_outlive_a_restart(open_store: Open, tmp_path: Path) -> None:
    screening = run_virtual(_a_screening())

    async def story() -> None:
        site = patrol_site("screening")
        store = await open_store(tmp_path, site)
        before = await _store_all(store, site, screening)
        found = await store.load()
        await store.close()
        assert len(before.cues) == 1
        assert before.checkpoints[WaypointId("lobby-1")].visit is not None
        assert (found.cues, found.checkpoints) == (before.cues, before.checkpoints)
        assert found.tasks == before.tasks

    asyncio.run(story())


@STORES
def test_who_took_a_shift_over_outlives_a_restart(open_store: Open, tmp_path: Path) -> None:
    at = datetime(2026, 3, 1, 14, 0, tzinfo=UTC)
    shift = ShiftHandover(
        ward=WaypointId("lobby-1"), tasks=(TaskId("T00001"),), acknowledged_by=Actor(id="nurse-li"), acknowledged_at=at
    )

    async def story() -> None:
        site = corridor_site()
        store = await open_store(tmp_path, site)
        read = [Recorded(seq=1, time=at, event=ShiftAcknowledged(shift=shift))]
        later = replace(shift, tasks=(), acknowledged_by=Actor(id="nurse-wu"))
        read.append(Recorded(seq=2, time=at, event=ShiftAcknowledged(shift=later)))
        await _store_all(store, site, read)
        found = await store.load()
        await store.close()
        assert found.shifts == {shift.ward: later}

    asyncio.run(story())


async def _voices() -> list[Recorded]:
    """A meal was taken and another one not, while a visitor is being waited for and an announcement was said."""
    site = meal_site()
    fleet = replace(site.fleets[FLEET], capabilities=frozenset({"meals", "guide", "announce"}))
    async with Hospital(replace(site, fleets={fleet.id: fleet}), start=MORNING) as hospital:
        hospital.patients.asleep = {"2"}
        hospital.visitors.dawdles = [(Dawdle(after=5.0, seconds=3000.0),)]
        beds = tuple(MealRequest(place="c", bed=bed, name="张三") for bed in ("1", "2"))
        await hospital.submit(SubmitMeals(actor=CLEANER, pickup="b", meals=beds))
        await hospital.submit(SubmitAnnouncement(actor=CLEANER, places=("a",), texts=(("zh", "您好。"),)))
        await hospital.submit(SubmitGuidance(actor=CLEANER, meet_at="a", to="lobby-1", visitor="张三"))
        while not any(robot.paused for robot in hospital.manager.state.robots.values()):
            await asyncio.sleep(1.0)
        return list(hospital.store.log)


@STORES
def test_masked_names_what_was_said_and_who_is_waited_for_outlive_a_restart(open_store: Open, tmp_path: Path) -> None:
    voices = run_virtual(_voices())

    async def story() -> None:
        site = meal_site()
        store = await open_store(tmp_path, site)
        before = await _store_all(store, site, voices)
        found = await store.load()
        await store.close()
        [guided] = [task for task in found.tasks.values() if task.guidance is not None]
        assert guided.guidance is not None
        assert guided.guidance.waits
        assert guided.stops[0].called == Called(name="张*")
        assert (found.tasks, found.missions, found.robots) == (before.tasks, before.missions, before.robots)
        assert "张三" not in repr(found)

    asyncio.run(story())
