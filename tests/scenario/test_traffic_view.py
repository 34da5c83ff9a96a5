"""What the traffic view tells while two robots want the same corridor and lift."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import combinations

from fleet_manager.domain.events import ClosureStarted, Event, Recorded, WaitStarted
from fleet_manager.domain.robots import Wait
from fleet_manager.domain.state import apply, new_state
from fleet_manager.orchestration.traffic_view import circles, traffic_view
from fleet_manager.orchestration.views import TrafficView
from maps.model import LaneId
from sim.clock import SIMULATED_START
from sim.harness import Hospital
from tests.builders import ROBOT_1, closure, corridor_site
from tests.hospitals import tell


def test_claims_allocations_and_waits_fit_together_all_the_time() -> None:
    async def story(hospital: Hospital) -> list[TrafficView]:
        tasks = [await hospital.request("b", "ward"), await hospital.request("ward", "b")]
        seen: list[TrafficView] = []
        while not all([(await hospital.manager.task(task.id)).status.ended for task in tasks]):
            await asyncio.sleep(1)
            seen.append(hospital.manager.traffic())
            for robot in hospital.manager.robots():
                waits = [w for w in seen[-1].waits if w.robot == robot.id]
                assert [w.resource for w in waits] == ([robot.waiting_for.resource] if robot.waiting_for else [])
                if robot.kind != "person" and robot.route:
                    (claim,) = [c for c in seen[-1].claims if c.robot == robot.id]
                    assert claim.waypoints == tuple(node.waypoint for node in robot.route)
                    assert claim.allocated == sum(node.allocated for node in robot.route)
        return seen

    seen = tell(story)
    for traffic in seen:
        assert {a.robot for a in traffic.allocations} == {"robot-1", "robot-2"}
        for one, other in combinations(traffic.allocations, 2):
            assert not set(one.waypoints) & set(other.waypoints)
            assert not set(one.lifts) & set(other.lifts)
        for claim in traffic.claims:
            (own,) = [a for a in traffic.allocations if a.robot == claim.robot]
            assert own.waypoints == claim.waypoints[: claim.allocated]
            assert 1 <= claim.cleared <= claim.allocated <= len(claim.waypoints)
        assert traffic.cycles == ()
    waits = [wait for traffic in seen for wait in traffic.waits]
    assert {"robot-1", "robot-2"} & {wait.held_by for wait in waits}
    assert {("lift", "lift"), ("door", "door")} <= {(wait.kind, wait.resource) for wait in waits}
    assert any(wait.kind == "person" and wait.because.startswith("somebody to load") for wait in waits)
    assert {wait.kind for wait in waits if wait.held_by is not None} <= {"way", "lift"}
    assert all(wait.since is not None for wait in waits)
    assert any(a.lifts == ("lift",) for traffic in seen for a in traffic.allocations)
    assert [traffic.seq for traffic in seen] == sorted(traffic.seq for traffic in seen)


def test_who_waits_for_a_closed_lane_knows_until_when() -> None:
    site, until = corridor_site(), SIMULATED_START + timedelta(minutes=2)
    state = new_state(site)
    wait = Wait(resource="l:a>b", held_by=None, because="closed", since=SIMULATED_START)
    events: tuple[Event, ...] = (
        ClosureStarted(closure=closure(LaneId("b-a"), until=until)),
        WaitStarted(robot=ROBOT_1, wait=wait),
    )
    for seq, event in enumerate(events, 1):
        apply(state, Recorded(seq=seq, time=SIMULATED_START, event=event))
    (told,) = traffic_view(state, site, SIMULATED_START).waits
    assert (told.kind, told.until) == ("closure", until)


def test_a_circle_is_found_once_however_many_wait_for_it() -> None:
    assert circles({"c": "a", "a": "b", "b": "c", "d": "a", "e": "d", "f": "g"}) == (("a", "b", "c"),)
    assert circles({"b": "a", "a": "b", "d": "c", "c": "d"}) == (("a", "b"), ("c", "d"))
    assert circles({"a": "b", "b": "c"}) == ()
