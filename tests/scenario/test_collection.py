"""Waste and linen are collected from the wards: sealed bags, two signatures, weights at both ends, and a register."""

from __future__ import annotations

import asyncio
import csv
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Final

import pytest
from httpx import ASGITransport, AsyncClient

from fleet_manager.api.app import create_app
from fleet_manager.domain.errors import Conflict, InvalidRequest, NotAllowed, NotServable
from fleet_manager.domain.follow_ups import Difference
from fleet_manager.domain.tasks import Actor, ItemId, ItemOutcome, TaskId, TaskKind, TaskStatus
from fleet_manager.orchestration.commands import (
    CollectionPlace,
    HandOver,
    ItemReceipt,
    Proof,
    ProofKind,
    SubmitCollection,
)
from fleet_manager.orchestration.views import CollectedBagView, TaskView
from maps.generator import generate
from maps.model import Flow, Site
from sim.harness import Hospital
from tests.builders import FLEET
from tests.hospitals import handover_due, tell, ward_site

LI: Final = Actor(id="nurse-li", role="nurse")
MA: Final = Actor(id="collector-ma", role="collector")
WU: Final = Actor(id="facility-wu", role="facility")


def soiled_site() -> Site:
    """The ward site, whose robots carry soiled goods only."""
    site = ward_site()
    fleet = replace(site.fleets[FLEET], flow=Flow.SOILED)
    return replace(site, fleets=dict(site.fleets) | {FLEET: fleet})


ROUND: Final = SubmitCollection(
    actor=WU,
    places=(CollectionPlace(place="ward", bags=("W-1", "W-2")), CollectionPlace(place="c", bags=("W-3",))),
    dropoff="b",
    item_class="waste",
)


async def sign(hospital: Hospital, task: str, person: Actor, *, proof: bool = True, **weights: float) -> TaskView:
    items = tuple(ItemReceipt(item=ItemId(bag.replace("_", "-")), weight=weight) for bag, weight in weights.items())
    shown = Proof()
    if proof:
        shown = Proof(kind=ProofKind.PIN, value=hospital.manager.handover_code(task, person).pin)
    view = await hospital.manager.do(HandOver(actor=person, task=TaskId(task), proof=shown, items=items))
    assert isinstance(view, TaskView)
    return view


async def register(hospital: Hospital) -> list[CollectedBagView]:
    now = hospital.clock.now()
    return await hospital.manager.collections(begin=now - timedelta(days=1), end=now + timedelta(days=1), limit=99)


async def collected(hospital: Hospital) -> str:
    """All three bags are on board, and the robot stands open at the waste room."""
    asked = await hospital.submit(ROUND)
    assert asked.kind is TaskKind.COLLECTION
    await handover_due(hospital, asked.id)
    await sign(hospital, asked.id, LI, W_1=4.2, W_2=3.0)
    await sign(hospital, asked.id, MA)
    await waits_at(hospital, asked.id, "c")
    await sign(hospital, asked.id, MA, W_3=1.5)
    await sign(hospital, asked.id, LI)
    await waits_at(hospital, asked.id, "b")
    return asked.id


async def waits_at(hospital: Hospital, task: str, place: str) -> None:
    async with asyncio.timeout(900.0):
        view = await hospital.manager.task(task)
        while view.handover is None or view.handover.place != place:
            await asyncio.sleep(1.0)
            view = await hospital.manager.task(task)


def test_a_round_collects_bags_with_two_signatures_and_writes_the_register() -> None:
    async def story(hospital: Hospital) -> None:
        task = await collected(hospital)
        on_the_way = await register(hospital)
        assert [(bag.bag, bag.ward, bag.weight) for bag in on_the_way] == [
            ("W-1", "ward", 4.2),
            ("W-2", "ward", 3.0),
            ("W-3", "c", 1.5),
        ]
        assert {bag.received_at for bag in on_the_way} == {None}
        await sign(hospital, task, WU, proof=False, W_1=4.2, W_2=3.1, W_3=1.5)
        assert (await hospital.ended(task)).status is TaskStatus.COMPLETED
        done = await register(hospital)
        assert [(bag.place, bag.received_weight) for bag in done] == [("b", 4.2), ("b", 3.1), ("b", 1.5)]
        assert done[0].second is not None
        assert (done[0].signed_by.id, done[0].second.id) == ("nurse-li", "collector-ma")
        assert done[0].received_by is not None
        assert done[0].received_by.id == "facility-wu"
        assert await hospital.manager.follow_ups(state=None, limit=9) == []
        trace = await hospital.manager.trace("W-1")
        assert [entry.weight for entry in trace.chains[0].entries] == [None, 4.2, 4.2]
        assert trace.chains[0].gap is None

    tell(story, soiled_site(), nurses=None)


def test_a_bag_that_lost_weight_on_the_way_opens_a_follow_up() -> None:
    async def story(hospital: Hospital) -> None:
        task = await collected(hospital)
        await sign(hospital, task, WU, proof=False, W_1=2.9, W_2=3.0, W_3=1.5)
        await hospital.ended(task)
        (opened,) = await hospital.manager.follow_ups(state="open", limit=9)
        assert (opened.item_id, opened.what) == ("W-1", Difference.WEIGHT)
        assert opened.detail == "4.2 kg at ward, 2.9 kg here"
        assert [alert.kind for alert in hospital.manager.alerts()] == ["handover_difference"]

    tell(story, soiled_site(), nurses=None)


def test_bags_need_weights_and_a_nurse_with_a_collector() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.submit(ROUND)
        view = await handover_due(hospital, asked.id)
        assert view.handover is not None
        assert view.handover.signatures == 2
        with pytest.raises(NotAllowed, match="needs a proof"):
            await sign(hospital, asked.id, LI, proof=False, W_1=4.2, W_2=3.0)
        with pytest.raises(InvalidRequest, match="W-2 is not weighed"):
            await sign(hospital, asked.id, LI, W_1=4.2)
        await sign(hospital, asked.id, LI, W_1=4.2, W_2=3.0)
        with pytest.raises(NotAllowed, match="one has to be a collector"):
            await sign(hospital, asked.id, Actor(id="nurse-sun", role="nurse"))
        with pytest.raises(Conflict, match="nurse-li noted 3 kg for W-2, collector-ma 5 kg"):
            await sign(hospital, asked.id, MA, W_2=5.0)
        with pytest.raises(Conflict, match="signed already"):
            await sign(hospital, asked.id, LI)
        await sign(hospital, asked.id, MA)
        assert [bag.bag for bag in await register(hospital)] == ["W-1", "W-2"]

    tell(story, soiled_site(), nurses=None)


def test_a_bag_that_is_not_there_is_left_out_of_the_register() -> None:
    async def story(hospital: Hospital) -> None:
        asked = await hospital.submit(replace(ROUND, places=(CollectionPlace(place="ward", bags=("W-1", "W-2")),)))
        await handover_due(hospital, asked.id)
        missing = ItemReceipt(item=ItemId("W-2"), outcome=ItemOutcome.REFUSED)
        there = ItemReceipt(item=ItemId("W-1"), weight=2.0)
        for person in (LI, MA):
            code = Proof(kind=ProofKind.PIN, value=hospital.manager.handover_code(asked.id, person).pin)
            await hospital.manager.do(HandOver(actor=person, task=TaskId(asked.id), proof=code, items=(there, missing)))
        assert [bag.bag for bag in await register(hospital)] == ["W-1"]

    tell(story, soiled_site(), nurses=None)


def test_simulated_staff_collect_by_themselves_with_soiled_robots_and_soiled_lifts_only() -> None:
    async def story(hospital: Hospital) -> None:
        places = (CollectionPlace(place="ward_2b"), CollectionPlace(place="ward_1a"))
        asked = await hospital.submit(
            SubmitCollection(actor=WU, places=places, dropoff="waste_room", item_class="waste")
        )
        ended = await hospital.ended(asked.id)
        assert ended.status is TaskStatus.COMPLETED
        assert ended.robot is not None
        assert ended.robot.startswith("soiled")
        assert all(bag.received_weight == bag.weight for bag in await register(hospital))
        lifts = {
            hospital.site.waypoints[node.waypoint].lift
            for recorded in hospital.store.log
            for node in getattr(getattr(recorded.event, "drive", None), "nodes", ())
            if getattr(recorded.event, "robot", None) == ended.robot
        } - {None}
        assert lifts
        assert {hospital.site.lifts[lift].flow for lift in lifts if lift is not None} == {Flow.SOILED}

    tell(story, generate(floors=2))


@pytest.mark.parametrize(
    ("request_", "error", "because"),
    [
        (replace(ROUND, item_class="medicine"), InvalidRequest, "medicine is clean"),
        (replace(ROUND, item_class="moon dust"), InvalidRequest, "not known here"),
        (replace(ROUND, dropoff="ward"), InvalidRequest, "ward is there twice"),
        (
            replace(ROUND, places=(CollectionPlace(place="ward", bags=("W-1", "W-1")),)),
            InvalidRequest,
            "'W-1' is there twice",
        ),
    ],
)
def test_what_is_no_collection_is_refused(request_: SubmitCollection, error: type[Exception], because: str) -> None:
    async def story(hospital: Hospital) -> None:
        with pytest.raises(error, match=because):
            await hospital.submit(request_)

    tell(story, soiled_site())


def test_a_fleet_for_clean_goods_never_collects() -> None:
    async def story(hospital: Hospital) -> None:
        with pytest.raises(NotServable, match="no fleet for soiled goods"):
            await hospital.submit(ROUND)

    tell(story)


def test_the_register_is_there_over_http_as_json_and_as_a_table() -> None:
    async def story(hospital: Hospital) -> None:
        app = create_app(hospital.manager)
        transport = ASGITransport(app=app)
        async with AsyncClient(transport=transport, base_url="http://hospital") as http:
            body = {
                "kind": "collection",
                "places": [{"place": "ward", "bags": ["=W-1"]}],
                "dropoff": "b",
                "item_class": "waste",
            }
            asked = (await http.post("/api/v1/tasks", json=body)).json()
            await hospital.ended(asked["id"])
            day = {"from": "2020-01-01T00:00:00Z", "to": "2090-01-01T00:00:00Z"}
            (bag,) = (await http.get("/api/v1/collections", params=day)).json()
            assert (bag["bag"], bag["ward"], bag["second"]["role"]) == ("=W-1", "ward", "collector")
            table = await http.get("/api/v1/collections", params=day | {"format": "csv"})
            assert table.headers["content-type"].startswith("text/csv")
            head, row = csv.reader(StringIO(table.text))
            assert dict(zip(head, row, strict=True))["bag"] == "'=W-1"
            assert float(dict(zip(head, row, strict=True))["weight_kg"]) == bag["weight"]
            nothing = await http.get("/api/v1/collections", params={"from": day["to"], "to": day["to"]})
            assert nothing.json() == []
            assert (await http.get("/api/v1/collections")).status_code == 422

    tell(story, soiled_site())
